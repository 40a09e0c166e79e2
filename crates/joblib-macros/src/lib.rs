#![doc = include_str!("../README.md")]

mod attributes;
mod check;
mod code;
mod depends;
mod errors;
mod expand;
mod function;
mod groups;
mod options;
mod reached;
mod task;
mod tracked;

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::visit_mut::VisitMut;
use syn::{Item, ItemFn};

use crate::errors::Errors;
use crate::function::{Function, RemoveSkips};
use crate::options::{Attribute, Options};

#[cfg_attr(not(doctest), doc = include_str!("../docs/cached.md"))]
#[proc_macro_attribute]
pub fn cached(arguments: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    cached_tokens(arguments.into(), &groups::with_parentheses(item.into())).into()
}

#[cfg_attr(not(doctest), doc = include_str!("../docs/tracked.md"))]
#[proc_macro_attribute]
pub fn tracked(arguments: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    tracked_tokens(arguments.into(), &groups::with_parentheses(item.into())).into()
}

#[cfg_attr(not(doctest), doc = include_str!("../docs/task.md"))]
#[proc_macro_attribute]
pub fn task(arguments: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    task::attribute(arguments.into(), &groups::with_parentheses(item.into())).into()
}

/// What `joblib::delayed!` expands to, given the path of the crate.
#[doc(hidden)]
#[proc_macro]
pub fn delayed_call(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    task::call(input.into()).into()
}

/// Parse, check, expand. With errors, the function is given back as it was beside them, with a code that means nothing, so that
/// its callers and those who depend on it have no errors of their own.
fn cached_tokens(arguments: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let mut options = Options::parse(Attribute::Cached, arguments, &mut errors);
    let mut item_fn = match syn::parse2::<ItemFn>(item.clone()) {
        Ok(item_fn) => item_fn,
        Err(error) => {
            match syn::parse2::<Item>(item.clone()) {
                Ok(Item::Verbatim(_)) if ends_without_body(item) => {
                    errors.at(item, "`#[cached]` needs a function with a body; put it on that of the `impl`");
                }
                Ok(other) => errors.at(item, not_a_function(&other)),
                Err(_) => errors.syntax(error),
            }
            let errors = errors.into_tokens();
            return quote!(#item #errors);
        }
    };
    let mut function = Function::parse(item_fn.clone(), &mut errors);
    check::check(&mut function, &options, &mut errors);
    if options.name.as_ref().is_some_and(|name| reached::name_is_taken(&name.value())) {
        errors.at(
            &options.name,
            "another function of this crate has this name; results of one would be taken for the other's",
        );
    }
    let misplaced = depends::check(&function.sig.ident, &mut options);
    let errors = errors.into_tokens();
    if errors.is_none() && !check::has_unsized_argument(&function) {
        let expanded = expand::expand(&function, &options, item);
        return quote!(#expanded #misplaced);
    }
    let stand_in = tracked::stand_in(&function, &options);
    RemoveSkips.visit_item_fn_mut(&mut item_fn);
    item_fn.attrs.retain(|attribute| attributes::name(attribute) != "cached");
    quote!(#item_fn #stand_in #errors #misplaced)
}

fn tracked_tokens(arguments: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let mut options = Options::parse(Attribute::Tracked, arguments, &mut errors);
    let companion = tracked::companion(&mut options, item, &mut errors);
    let errors = errors.into_tokens();
    quote!(#item #companion #errors)
}

/// What to write instead of `#[cached]` on an item that is not a function.
fn not_a_function(item: &Item) -> &'static str {
    match item {
        Item::Const(_) | Item::Static(_) => {
            "`#[cached]` can only be applied to a function; write `#[tracked]` on a constant"
        }
        Item::Impl(_) | Item::Trait(_) => {
            "`#[cached]` can only be applied to a function: apply it to the methods whose results are to be stored"
        }
        _ => {
            "`#[cached]` can only be applied to a function: apply it to the one that returns the value to store"
        }
    }
}

/// Whether the item is a function that is only declared.
fn ends_without_body(item: &TokenStream) -> bool {
    matches!(item.clone().into_iter().last(), Some(TokenTree::Punct(punct)) if punct.as_char() == ';')
}
