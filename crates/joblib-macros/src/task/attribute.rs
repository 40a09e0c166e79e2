//! `#[task]`: the function stays as it is, and a struct of its name has the companion `delayed`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemFn;

use super::companion;
use crate::attributes;
use crate::errors::Errors;
use crate::function::Function;
use crate::options::{Attribute, Options, crate_path};

/// The expansion.
pub(crate) fn attribute(arguments: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = Options::parse(Attribute::Task, arguments, &mut errors);
    let beside = beside(&options, item, &mut errors);
    let rest = errors.into_tokens().unwrap_or(beside);
    quote!(#item #rest)
}

fn beside(options: &Options, item: &TokenStream, errors: &mut Errors) -> TokenStream {
    let Ok(item) = syn::parse2::<ItemFn>(item.clone()) else {
        errors.at(item, "`#[task]` can only be applied to a function with a body");
        return TokenStream::new();
    };
    let has = |other: &str| item.attrs.iter().any(|attribute| attributes::name(attribute) == other);
    if has("cached") {
        errors.at(&item.sig.ident, "a cached function has the companion `delayed` already; remove `#[task]`");
        return TokenStream::new();
    }
    let (tracked, sig, vis) = (has("tracked"), item.sig.clone(), item.vis.clone());
    let cfgs: Vec<syn::Attribute> = item.attrs.iter().filter(|a| a.path().is_ident("cfg")).cloned().collect();
    let deprecated = item.attrs.iter().any(attributes::is_about_deprecation);
    let deprecated = deprecated.then(|| quote!(#[allow(deprecated)]));
    // What else stands on the function is its own affair.
    let mut ignored = Errors::default();
    let function = Function::parse(item, &mut ignored);
    let _ = ignored.into_tokens();
    if function.receiver.is_some() || function.names_self {
        errors.at(
            &sig.ident,
            "`#[task]` can only be applied to a free function; the task of a method is `delayed!(model.score(&x))`",
        );
        return TokenStream::new();
    }
    let Some(companion) = companion(&crate_path(options), &function, false) else {
        errors.at(
            &sig.ident,
            "no task can call this function: its arguments have to be owned values or references to them, and its result \
             an owned value; at most 12 arguments, no `&mut`, `dyn` or `impl`, no `async fn`",
        );
        return TokenStream::new();
    };
    let name = &sig.ident;
    let doc = format!("What else can be done with the function [`{name}`](fn@{name}).");
    // `#[tracked]` declares the same struct.
    let declared = (!tracked).then(|| {
        quote! {
            #(#cfgs)*
            #[doc = #doc]
            #[allow(non_camel_case_types, dead_code)]
            #vis struct #name {}
        }
    });
    quote! {
        #declared
        #(#cfgs)*
        #deprecated
        #[allow(dead_code)]
        impl #name { #companion }
    }
}
