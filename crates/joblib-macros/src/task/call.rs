//! `delayed!(fit(&x, alpha))`: the task of a call as it is written.
//!
//! The arguments are evaluated where they stand. What the task has of them is given to a closure that captures nothing, and
//! that makes the call.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{Expr, Ident};

use super::{MOST_ARGUMENTS, argument};
use crate::code::normal_text;
use crate::errors::Errors;

/// The expansion. The input is the path of the crate, in parentheses, and the call.
pub(crate) fn call(input: TokenStream) -> TokenStream {
    let mut tokens = input.into_iter();
    let krate = match tokens.next() {
        Some(TokenTree::Group(group)) => group.stream(),
        other => other.into_token_stream(),
    };
    let mut errors = Errors::default();
    let expanded = expand(&krate, tokens.collect(), &mut errors);
    match errors.into_tokens() {
        Some(errors) => quote!({ #errors ::core::unreachable!() }),
        None => expanded,
    }
}

/// Puts what a call is given into its place.
type MakeCall = dyn Fn(&[TokenStream]) -> TokenStream;

/// A call, taken apart.
struct Parts {
    /// The receiver of a method, as what is lent; and the arguments.
    written: Vec<Expr>,
    /// What is called with the arguments behind it, given what each of them is.
    call: Box<MakeCall>,
    name: String,
}

fn expand(krate: &TokenStream, call: TokenStream, errors: &mut Errors) -> TokenStream {
    let whole = call.clone();
    let Some(Parts { written, call, name }) = take_apart(call, errors) else { return TokenStream::new() };
    for argument in &written {
        if let Expr::Reference(reference) = argument
            && reference.mutability.is_some()
        {
            errors.at(
                argument,
                "a task has values of its own, and can't write to the caller's: return the new value, or run a closure \
                 that borrows on threads, after `.require(SharedMem)`",
            );
        }
    }
    if written.len() > MOST_ARGUMENTS {
        errors.at(
            whole,
            format_args!("a task has at most {MOST_ARGUMENTS} arguments; put some into a tuple or a struct"),
        );
        return TokenStream::new();
    }
    let path = quote!(#krate::internal::task);
    let idents: Vec<Ident> =
        (0..written.len()).map(|i| Ident::new(&format!("argument_{i}"), Span::mixed_site())).collect();
    let owned = written.iter().zip(&idents).map(|(written, ident)| argument::owned(&path, written, ident));
    let blanks = idents.iter().map(|_| quote!(_));
    let typed = format_ident!("call_{}", written.len());
    let lent: Vec<TokenStream> = idents.iter().map(|ident| quote!(#path::Lend::lend(&mut #ident))).collect();
    let call = call(&lent);
    let [owned_all, closure] = ["owned", "call"].map(|name| Ident::new(name, Span::mixed_site()));
    // A `match` keeps temporary values of the arguments until the task has its own.
    quote! {
        match (#(#written,)*) {
            (#(#idents,)*) => {
                #[allow(unused_imports)]
                use #path::{
                    TagLent as _, TagLentRefused as _, TagLentTwice as _, TagMoved as _, TagRefused as _, TagShared as _,
                };
                struct __JoblibCall;
                impl #path::CallName for __JoblibCall {
                    const NAME: &'static ::core::primitive::str = #name;
                }
                let #owned_all = (#(#owned,)*);
                let #closure = #path::#typed(&#owned_all, |#(mut #idents),*| #call);
                // `cargo check` refuses what captures.
                let _: fn(#(#blanks),*) -> _ = #closure;
                #path::task::<__JoblibCall, _, _>(#closure, #owned_all)
            }
        }
    }
}

fn take_apart(call: TokenStream, errors: &mut Errors) -> Option<Parts> {
    const FORM: &str = "`delayed!` takes a call as it is written: `delayed!(fit(&x, alpha))`";
    if call.is_empty() {
        errors.syntax(syn::Error::new(Span::call_site(), FORM));
        return None;
    }
    let parsed = match syn::parse2::<Expr>(call) {
        Ok(parsed) => parsed,
        Err(error) => {
            errors.syntax(error);
            return None;
        }
    };
    match parsed {
        Expr::Call(call) => {
            let func = *call.func;
            let Expr::Path(path) = &func else {
                errors.at(
                    func,
                    "`delayed!` takes the call of a function by its name; declare this one with `fn`",
                );
                return None;
            };
            let segments = path.path.segments.iter().map(|segment| segment.ident.to_string());
            let name = segments.collect::<Vec<_>>().join("::");
            let written = call.args.into_iter().collect();
            let call = move |lent: &[TokenStream]| quote!(#func(#(#lent),*));
            Some(Parts { written, call: Box::new(call), name })
        }
        Expr::MethodCall(call) => {
            let (receiver, method, turbofish) = (&call.receiver, call.method.clone(), call.turbofish.clone());
            let name = format!("{}.{method}", normal_text(&receiver.to_token_stream()));
            let receiver: Expr = match &**receiver {
                Expr::Reference(_) => (**receiver).clone(),
                receiver => syn::parse_quote!(&#receiver),
            };
            let written = std::iter::once(receiver).chain(call.args).collect();
            let call = move |lent: &[TokenStream]| match lent {
                [receiver, lent @ ..] => quote!(#receiver.#method #turbofish(#(#lent),*)),
                [] => TokenStream::new(),
            };
            Some(Parts { written, call: Box::new(call), name })
        }
        other => {
            errors.at(other, FORM);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    fn expansion(call: &str) -> String {
        super::call(format!("(joblib) {call}").parse().expect(call)).to_string()
    }

    #[test]
    fn what_is_no_call_is_refused_with_the_form_to_write() {
        for call in ["", "a + b", "fit", "&fit(x)", "fit(x)?", "fit(x).await", "format!(x)"] {
            assert!(expansion(call).contains("takes a call as it is written"), "{call}");
        }
        assert!(expansion("(|x| x)(1)").contains("by its name"));
        assert!(expansion("fit(x, &mut y)").contains("can't write to the caller's"));
        assert!(expansion("fit(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)").contains("at most 12 arguments"));
    }

    #[test]
    fn a_task_is_named_as_its_function_is_written() {
        for (call, name) in
            [("a::fit::<f64>(1)", "\"a::fit\""), ("model.fit(1)", "\"model.fit\""), ("T::f()", "\"T::f\"")]
        {
            assert!(expansion(call).contains(name), "{}", expansion(call));
        }
    }
}
