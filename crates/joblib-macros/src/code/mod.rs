//! The identity of a function's own code: a digest of its tokens in a normal form, so that comments and formatting don't count
//! and any other edit does; and its source as its author laid it out.

mod source;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Block, Item, Signature};

use crate::options::is_code;

pub(crate) use joblib_reach::digest;
use joblib_reach::without_name;
pub(crate) use source::of_function as source_of_function;

/// The digest of a function's signature and body, and of the attributes that are code.
pub(crate) fn hash_of_function(attributes: &[Attribute], sig: &Signature, block: &Block) -> u128 {
    digest(&normal_text(&quote!(#(#attributes)* #sig #block)))
}

/// The same, whatever the function is called.
pub(crate) fn hash_of_nameless(attributes: &[Attribute], sig: &Signature, block: &Block) -> u128 {
    let text = normal_text(&quote!(#(#attributes)* #sig #block));
    digest(&without_name(&text, &sig.ident.to_string()))
}

/// The digest of an item that is not a function.
pub(crate) fn hash_of_item(item: &Item) -> u128 {
    digest(&normal_text(&item.to_token_stream()))
}

/// Tokens in normal form.
pub(crate) fn normal_text(tokens: &TokenStream) -> String {
    let text = tokens.to_string();
    // What the compiler prints can be divided into tokens again.
    joblib_reach::normal_form(&text, is_code).unwrap_or(text)
}

/// A digest as a literal.
pub(crate) fn literal(digest: u128) -> TokenStream {
    proc_macro2::Literal::u128_suffixed(digest).into_token_stream()
}
