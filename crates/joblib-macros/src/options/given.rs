//! What stands after an option's name, before anything is known about the option.

use proc_macro2::{Group, TokenStream};
use quote::ToTokens;

/// What stands after an option's name.
pub(super) enum Given {
    Nothing,
    Value(TokenStream),
    List(Group),
}

/// What is wrong with an option.
pub(super) enum Wrong {
    /// It does not look like what the table says; reported at the name.
    Form,
    /// An error with a place of its own.
    At(syn::Error),
}

impl Wrong {
    pub(super) fn at(at: impl ToTokens, message: &str) -> Self {
        Self::At(syn::Error::new_spanned(at, message))
    }
}
