//! Collects the errors of one attribute, so that all of them are reported at once, each at its own place.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The errors found so far. They have to be taken with [`into_tokens`](Self::into_tokens): dropping this without asking for
/// them panics, so that no error is lost.
#[must_use]
pub(crate) struct Errors {
    /// `None` once they were taken.
    found: Option<Vec<syn::Error>>,
}

impl Default for Errors {
    fn default() -> Self {
        Self { found: Some(Vec::new()) }
    }
}

impl Errors {
    /// Adds an error that points at `at`.
    pub(crate) fn at(&mut self, at: impl ToTokens, message: impl Display) {
        self.syntax(syn::Error::new_spanned(at, message));
    }

    /// Adds an error that knows its place, such as the parser's.
    pub(crate) fn syntax(&mut self, error: syn::Error) {
        self.found.get_or_insert_default().push(error);
    }

    /// The errors as code that makes the compiler report them; `None` if there are none.
    pub(crate) fn into_tokens(mut self) -> Option<TokenStream> {
        let found = self.found.take().unwrap_or_default();
        (!found.is_empty()).then(|| found.iter().map(syn::Error::to_compile_error).collect())
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        // A panic already says that something is wrong.
        assert!(self.found.is_none() || std::thread::panicking(), "errors were collected and not reported");
    }
}

/// The one of `known` that `name` probably stands for.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, candidate)| distance * 5 <= candidate.chars().count() * 2)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters to insert, drop or replace to get from one word to the other (Levenshtein's distance).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, letter) in from.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("verbos", ["verbose", "version"]), Some("verbose"));
        assert_eq!(nearest("alhpa", ["alpha", "beta"]), Some("alpha"));
        assert_eq!(nearest("x", ["verbose"]), None);
    }

    #[test]
    #[should_panic(expected = "errors were collected and not reported")]
    fn errors_that_nobody_asked_for_are_a_panic() {
        drop(Errors::default());
    }

    #[test]
    fn errors_that_were_asked_for_are_reported_in_their_order() {
        let mut errors = Errors::default();
        errors.at(quote::quote!(a), "first");
        errors.at(quote::quote!(b), "second");
        let text = errors.into_tokens().expect("there are two").to_string();
        assert!(text.find("first") < text.find("second"), "{text}");
        assert!(Errors::default().into_tokens().is_none());
    }
}
