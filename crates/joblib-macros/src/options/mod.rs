//! The arguments of `#[cached(…)]`, `#[tracked(…)]` and `#[task(…)]`. Whether they fit the function is decided by `check`.

mod given;
mod known;
mod model;
mod syntax;
mod value;

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::Ident;
use syn::parse::Parser;

use crate::errors::{Errors, nearest};
use given::Wrong;
use known::{ELSEWHERE, KNOWN, Known};

pub(crate) use known::is_code;
pub(crate) use model::{Attribute, Dependency, Expires, Extent, Keep, OnSelf, Options};
pub(crate) use value::{HASHERS, OF_TRAIT};

impl Options {
    /// Reads an attribute's arguments. What can't be read is reported and left out.
    pub(crate) fn parse(attribute: Attribute, tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let mut seen: Vec<Ident> = Vec::new();
        for item in syntax::split_at_commas(tokens) {
            let (name, given) = match Parser::parse2(syntax::parse_item, item) {
                Ok(item) => item,
                Err(error) => {
                    errors.syntax(error);
                    continue;
                }
            };
            let text = name.to_string();
            match KNOWN.iter().find(|known| known.name == text && known.is_of(attribute)) {
                Some(known) if seen.contains(&name) && !known.repeats => {
                    errors.at(&name, format_args!("`{text}` is written twice; keep one of them"));
                }
                Some(known) => match (known.set)(&mut options, given, name.span()) {
                    Ok(()) => {}
                    Err(Wrong::Form) => errors.at(&name, format_args!("expected {}", known.form)),
                    Err(Wrong::At(error)) => errors.syntax(error),
                },
                None => errors.at(&name, unknown(attribute, &text)),
            }
            seen.push(name);
        }
        options
    }
}

fn unknown(attribute: Attribute, name: &str) -> String {
    let allowed = || KNOWN.iter().filter(|known| known.is_of(attribute));
    let names = || allowed().map(|known| known.name);
    let meant = ELSEWHERE.iter().find(|(other, _)| *other == name).map(|(_, meant)| *meant);
    let meant = meant.filter(|meant| names().any(|name| name == *meant)).or_else(|| nearest(name, names()));
    if let Some(Known { form, .. }) = meant.and_then(|meant| allowed().find(|known| known.name == meant)) {
        return format!("there is no option `{name}`; write {form}");
    }
    let all: Vec<&str> = names().collect();
    format!("there is no option `{name}`; the options are {}", all.join(", "))
}

/// The path of the crate that the expansion calls.
pub(crate) fn crate_path(options: &Options) -> TokenStream {
    let path = options.krate.as_ref().map(|path| quote::quote!(#path));
    path.unwrap_or_else(|| quote_spanned!(Span::call_site()=> ::joblib))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An option as its form shows it: what stands in the first pair of backticks.
    fn shown(known: &Known) -> TokenStream {
        known.form.split('`').nth(1).expect(known.form).parse().expect(known.form)
    }

    #[test]
    fn every_option_is_read_as_its_form_shows_it() {
        for known in &KNOWN {
            for attribute in [Attribute::Cached, Attribute::Tracked, Attribute::Task] {
                let mut errors = Errors::default();
                Options::parse(attribute, shown(known), &mut errors);
                let tokens = errors.into_tokens();
                let refused = tokens.is_some_and(|tokens| tokens.to_string().contains("there is no option"));
                assert_eq!(refused, !known.is_of(attribute), "{}", known.name);
            }
        }
    }

    #[test]
    fn names_of_options_are_unique_and_foreign_names_stand_for_one_of_them() {
        for (index, known) in KNOWN.iter().enumerate() {
            assert!(KNOWN[..index].iter().all(|other| other.name != known.name), "{}", known.name);
        }
        for (foreign, meant) in ELSEWHERE {
            assert!(KNOWN.iter().any(|known| known.name == meant), "{foreign} stands for {meant}");
        }
    }
}
