//! How a task owns one argument of a call.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::spanned::Spanned;
use syn::{Expr, ExprCall, Ident, Lit};

/// An expression for what the task has of the argument `ident`, which `written` gave its value.
pub(super) fn owned(path: &TokenStream, written: &Expr, ident: &Ident) -> TokenStream {
    // Errors about the argument point at it.
    let at = Span::mixed_site().located_at(written.span());
    let path = located_at(at, path);
    let ident = &Ident::new(&ident.to_string(), at);
    if is_path_to(written, "None") {
        return quote_spanned!(at=> { let _: ::core::option::Option<()> = #ident; #path::Absent::NEW });
    }
    if is_typed_by_use(written) {
        return quote_spanned!(at=> #path::OwnMoved.own_any(#ident));
    }
    if is_some_reference(written) {
        return quote_spanned!(at=> #path::OwnLent.own_some(#ident));
    }
    if is_plain_literal(written) {
        return quote_spanned!(at=> #path::OwnMoved.own(#ident));
    }
    quote_spanned!(at=> (&&&&&#path::Tag::of(&#ident)).owner().own(#ident))
}

/// A path that means what it meant, for errors that are to point at `at`.
fn located_at(at: Span, path: &TokenStream) -> TokenStream {
    let tokens = path.clone().into_iter().map(|mut token| {
        token.set_span(token.span().located_at(at));
        token
    });
    tokens.collect()
}

/// `Some(&x)`.
fn is_some_reference(written: &Expr) -> bool {
    match written {
        Expr::Call(ExprCall { func, args, .. }) => {
            is_path_to(func, "Some") && matches!(args.first(), Some(Expr::Reference(_))) && args.len() == 1
        }
        _ => false,
    }
}

/// Whether this is a literal that is not a reference.
fn is_plain_literal(written: &Expr) -> bool {
    match written {
        Expr::Lit(literal) => !matches!(literal.lit, Lit::Str(_) | Lit::ByteStr(_) | Lit::CStr(_)),
        Expr::Unary(unary) => is_plain_literal(&unary.expr),
        _ => false,
    }
}

/// Whether an expression has its type from the function's parameter, so that nothing can be asked about it before.
fn is_typed_by_use(written: &Expr) -> bool {
    const METHODS: [&str; 7] =
        ["into", "collect", "sum", "product", "parse", "try_into", "unwrap_or_default"];
    match written {
        Expr::Paren(inner) => is_typed_by_use(&inner.expr),
        Expr::Group(inner) => is_typed_by_use(&inner.expr),
        Expr::Try(inner) => is_typed_by_use(&inner.expr),
        Expr::Call(call) => is_path_to(&call.func, "default") && call.args.is_empty(),
        Expr::MethodCall(call) if ["unwrap", "expect"].iter().any(|name| call.method == name) => {
            is_typed_by_use(&call.receiver)
        }
        Expr::MethodCall(call) => call.turbofish.is_none() && METHODS.iter().any(|name| call.method == name),
        _ => false,
    }
}

fn is_path_to(written: &Expr, name: &str) -> bool {
    matches!(written, Expr::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == name))
}
