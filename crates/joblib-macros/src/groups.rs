//! Keeps together what a macro's variable stands for.
//!
//! Code that a `macro_rules!` macro makes holds each `$x:expr` in a group without delimiters. The compiler forgets such
//! groups in what an attribute returns, and `$x * 2` with `1 + 1` for `$x` would become `1 + 1 * 2`. So expressions that
//! another operator could tear apart get parentheses.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::Expr;

/// The tokens with parentheses where groups without delimiters need them.
pub(crate) fn with_parentheses(tokens: TokenStream) -> TokenStream {
    if !has_hidden_group(&tokens) {
        // Making groups anew would cost the places of their delimiters.
        return tokens;
    }
    tokens
        .into_iter()
        .map(|token| match token {
            TokenTree::Group(group) => {
                let content = with_parentheses(group.stream());
                let torn = group.delimiter() == Delimiter::None && can_be_torn(&content);
                let delimiter = if torn { Delimiter::Parenthesis } else { group.delimiter() };
                let mut new = Group::new(delimiter, content);
                new.set_span(group.span());
                TokenTree::Group(new)
            }
            other => other,
        })
        .collect()
}

/// Whether tokens are an expression that an operator beside it could take a part of.
fn can_be_torn(tokens: &TokenStream) -> bool {
    matches!(
        syn::parse2::<Expr>(tokens.clone()),
        Ok(Expr::Assign(_)
            | Expr::Binary(_)
            | Expr::Break(_)
            | Expr::Cast(_)
            | Expr::Closure(_)
            | Expr::Range(_)
            | Expr::Reference(_)
            | Expr::Return(_)
            | Expr::Unary(_))
    )
}

fn has_hidden_group(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| {
        matches!(token, TokenTree::Group(group)
            if group.delimiter() == Delimiter::None || has_hidden_group(&group.stream()))
    })
}
