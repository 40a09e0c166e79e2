//! The list of options as tokens: parts between commas, each a name with what stands after it.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Ident, Token};

use super::given::Given;

/// The parts between commas, so that an error in one does not hide those in the others.
pub(super) fn split_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    let mut angles = 0usize;
    let mut previous = ' ';
    for token in tokens {
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                // Only generic arguments after `::` hold commas that don't separate options.
                '<' if previous == ':' || angles > 0 => angles += 1,
                '>' if angles > 0 && previous != '-' => angles -= 1,
                ',' if angles == 0 => {
                    parts.push(TokenStream::new());
                    previous = ',';
                    continue;
                }
                _ => {}
            }
            previous = punct.as_char();
        } else {
            previous = ' ';
        }
        // There is always a last part: the list starts with one and only grows.
        if let Some(part) = parts.last_mut() {
            part.extend([token]);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// One option: its name, and what stands after it.
pub(super) fn parse_item(input: ParseStream<'_>) -> syn::Result<(Ident, Given)> {
    let name = Ident::parse_any(input).map_err(|error| {
        syn::Error::new(error.span(), "expected an option, as in `ignore = \"argument\"`")
    })?;
    let given = if input.is_empty() {
        Given::Nothing
    } else if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        Given::Value(input.parse()?)
    } else {
        match input.parse()? {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Given::List(group),
            other => {
                return Err(syn::Error::new_spanned(other, format!("expected `=` or `(` after `{name}`")));
            }
        }
    };
    if input.is_empty() { Ok((name, given)) } else { Err(input.error("expected `,` before the next option")) }
}
