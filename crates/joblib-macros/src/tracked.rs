//! `#[tracked]`: the item stays as it is, and its code becomes known to `depends(…)`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, FnArg, Ident, Item, Visibility};

use crate::code;
use crate::errors::Errors;
use crate::expand::{code_const, new_code, whole_code};
use crate::function::names_self;
use crate::options::{Options, crate_path};
use crate::reached;
use joblib_reach::Within;

/// The companion that tells the item's code.
pub(crate) fn companion(options: &Options, item: &TokenStream, errors: &mut Errors) -> TokenStream {
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
    let in_impl = within == Within::Type || options.associated.is_some();
    let whole = |hash| whole_code(&krate, &new_code(&krate, hash), options);
    match &parsed {
        Item::Fn(function) => {
            let kept: Vec<Attribute> = function.attrs.iter().filter(|a| is_code(a)).cloned().collect();
            let code = whole(code::hash_of_function(&kept, &function.sig, &function.block));
            let (name, vis) = (&function.sig.ident, &function.vis);
            let is_method = matches!(function.sig.inputs.first(), Some(FnArg::Receiver(_)));
            if in_impl || is_method || names_self(&function.sig, &function.block) {
                code_const(&krate, vis, name, &code)
            } else {
                beside(&krate, vis, name, &code)
            }
        }
        Item::Const(item) if in_impl => {
            code_const(&krate, &item.vis, &item.ident, &whole(code::hash_of_item(&parsed)))
        }
        Item::Const(item) => beside(&krate, &item.vis, &item.ident, &whole(code::hash_of_item(&parsed))),
        Item::Static(item) => beside(&krate, &item.vis, &item.ident, &whole(code::hash_of_item(&parsed))),
        other => {
            errors.at(
                other.to_token_stream(),
                "`#[tracked]` stands on a function, a `const` or a `static`; when something else changes, write another \
                 `version = …` on the cached function that uses it",
            );
            TokenStream::new()
        }
    }
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

fn beside(krate: &TokenStream, vis: &Visibility, name: &Ident, code: &TokenStream) -> TokenStream {
    quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code)]
        #vis struct #name {}
        impl #krate::internal::HasCode for #name {
            const CODE: #krate::internal::Code = #code;
        }
    }
}
