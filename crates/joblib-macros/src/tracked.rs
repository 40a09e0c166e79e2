//! `#[tracked]`: the item stays as it is, and its code becomes known to `depends(…)`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Block, FnArg, Ident, Item, Signature, Visibility};

use crate::code;
use crate::depends;
use crate::errors::Errors;
use crate::expand::{code_const, new_code, whole_code};
use crate::function::{Function, names_self};
use crate::options::{Options, crate_path};
use crate::reached;
use joblib_reach::Within;

/// The companion that tells the item's code.
pub(crate) fn companion(options: &mut Options, item: &TokenStream, errors: &mut Errors) -> TokenStream {
    // A method reads as a function, but not as an item.
    let parsed = syn::parse2(item.clone()).map(Item::Fn).or_else(|_| syn::parse2::<Item>(item.clone()));
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            errors.syntax(error);
            return TokenStream::new();
        }
    };
    let krate = crate_path(options);
    let within = reached::within();
    if within == Within::Trait {
        // The name is where the compiler would find an item that the trait does not have.
        errors.at(
            name_of(&parsed),
            "an item of a trait can't be tracked; put its code into a function with `#[tracked]`, and name that",
        );
        return TokenStream::new();
    }
    let (name, vis, attributes, hash) = match &parsed {
        Item::Fn(function) => {
            let kept: Vec<Attribute> = function.attrs.iter().filter(|a| is_code(a)).cloned().collect();
            let hash = code::hash_of_function(&kept, &function.sig, &function.block);
            (&function.sig.ident, &function.vis, &function.attrs, hash)
        }
        Item::Const(item) => (&item.ident, &item.vis, &item.attrs, code::hash_of_item(&parsed)),
        Item::Static(item) => (&item.ident, &item.vis, &item.attrs, code::hash_of_item(&parsed)),
        other => {
            errors.at(
                other.to_token_stream(),
                "`#[tracked]` can only be applied to a function, a `const` or a `static`; when something else changes, write another \
                 `version = …` on the cached function that uses it",
            );
            return TokenStream::new();
        }
    };
    let misplaced = depends::check(name, options);
    let in_impl = match &parsed {
        Item::Fn(function) => is_member(within, options, &function.sig, &function.block),
        _ => within == Within::Type || options.associated.is_some(),
    };
    let code = whole_code(&krate, &new_code(&krate, hash), options);
    let cfgs: Vec<&Attribute> = attributes.iter().filter(|a| a.path().is_ident("cfg")).collect();
    let companion = if in_impl {
        let code = code_const(&krate, vis, name, &code);
        quote!(#(#cfgs)* #code)
    } else {
        beside(&krate, &cfgs, vis, name, &code)
    };
    quote!(#companion #misplaced)
}

/// What stands for the companions of a cached function that has errors: those who depend on it have none of their own.
pub(crate) fn stand_in(function: &Function, options: &Options) -> TokenStream {
    let within = reached::within();
    if within == Within::Trait {
        return TokenStream::new();
    }
    let krate = crate_path(options);
    let (name, vis, code) = (&function.sig.ident, &function.vis, new_code(&krate, 0));
    let cfgs: Vec<&Attribute> = function.attributes.cfgs.iter().collect();
    if is_member(within, options, &function.sig, &function.block) {
        let code = code_const(&krate, vis, name, &code);
        quote!(#(#cfgs)* #code)
    } else {
        beside(&krate, &cfgs, vis, name, &code)
    }
}

/// Whether a function is one of an `impl`.
fn is_member(within: Within, options: &Options, sig: &Signature, block: &Block) -> bool {
    within == Within::Type
        || options.associated.is_some()
        || matches!(sig.inputs.first(), Some(FnArg::Receiver(_)))
        || names_self(sig, block)
}

/// The item's name, or all of it where it has none.
fn name_of(item: &Item) -> TokenStream {
    match item {
        Item::Fn(item) => item.sig.ident.to_token_stream(),
        Item::Const(item) => item.ident.to_token_stream(),
        other => other.to_token_stream(),
    }
}

/// Whether an attribute has a say in what the function does.
fn is_code(attribute: &Attribute) -> bool {
    const OTHERS: [&str; 11] = [
        "doc",
        "allow",
        "warn",
        "deny",
        "forbid",
        "expect",
        "must_use",
        "inline",
        "cold",
        "deprecated",
        "cfg",
    ];
    !OTHERS.iter().any(|name| attribute.path().is_ident(name))
}

fn beside(
    krate: &TokenStream,
    cfgs: &[&Attribute],
    vis: &Visibility,
    name: &Ident,
    code: &TokenStream,
) -> TokenStream {
    quote! {
        #(#cfgs)*
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code)]
        #vis struct #name {}
        #(#cfgs)*
        impl #krate::internal::HasCode for #name {
            const CODE: #krate::internal::Code = #code;
        }
    }
}
