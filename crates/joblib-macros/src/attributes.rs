//! Which of the function's other attributes goes to which of the functions that stand in its place.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::{Attribute, Meta};

use crate::errors::Errors;

/// The other attributes, by where they go.
#[derive(Default)]
pub(crate) struct Attributes {
    /// Conditional compilation: on everything.
    pub(crate) cfgs: Vec<Attribute>,
    /// Documentation, deprecation, inlining: on the function that is called.
    pub(crate) outer: Vec<Attribute>,
    /// Lint levels: on the function that is called, and on the body.
    pub(crate) lints: Vec<Attribute>,
    /// `#[must_use]`: on everything that returns the value.
    pub(crate) must_use: Vec<Attribute>,
    /// All others, such as `#[tracing::instrument]`: on the body. They are code.
    pub(crate) body: Vec<Attribute>,
    /// Whether the function is left out of the documentation.
    pub(crate) hidden: bool,
    /// Whether the function is deprecated, or may use what is.
    pub(crate) deprecated: bool,
}

impl Attributes {
    /// What stands on companions, which use what the function does. Where nothing says so it is left out, so that a program may
    /// forbid the lint.
    pub(crate) fn allow_deprecated(&self) -> Option<TokenStream> {
        self.deprecated.then(|| quote!(#[allow(deprecated)]))
    }

    /// Sorts attributes, and reports those that can't work.
    pub(crate) fn sort(attributes: Vec<Attribute>, errors: &mut Errors) -> Self {
        let mut sorted = Self::default();
        for attribute in attributes {
            let name = name(&attribute);
            if let Some(reason) = refused(&name) {
                errors.at(&attribute, reason);
                continue;
            }
            sorted.deprecated |= is_about_deprecation(&attribute);
            let place = match name.as_str() {
                "cfg" => &mut sorted.cfgs,
                "doc" => {
                    sorted.hidden |= is_hidden(&attribute);
                    &mut sorted.outer
                }
                "deprecated" | "inline" | "cold" => &mut sorted.outer,
                "cfg_attr" if sets(&attribute, "doc") => &mut sorted.outer,
                "allow" | "warn" | "deny" | "forbid" => &mut sorted.lints,
                "must_use" => &mut sorted.must_use,
                _ => &mut sorted.body,
            };
            place.push(attribute);
        }
        sorted
    }
}

/// Whether an attribute makes its function deprecated, or sets the lint of that name.
pub(crate) fn is_about_deprecation(attribute: &Attribute) -> bool {
    name(attribute) == "deprecated" || sets(attribute, "deprecated")
}

/// Why an attribute can't stand on a cached function.
fn refused(name: &str) -> Option<&'static str> {
    Some(match name {
        "cached" => "`#[cached]` is written twice; write all options in one",
        "tracked" => "`#[cached]` tracks the function's code already; remove `#[tracked]`",
        "test" | "bench" => "a test has no result to keep; call a cached function in it instead",
        "track_caller" => "the caller's place is not part of a cached call; remove `#[track_caller]`",
        "target_feature" => {
            "a cached function can't require processor features; put them on a function that this one calls"
        }
        "no_mangle" | "export_name" | "link_section" | "naked" => {
            "a cached function can't be exported under a fixed symbol; export a function that calls this one"
        }
        _ => return None,
    })
}

/// The last part of the attribute's path; for `unsafe(…)`, of what is inside.
pub(crate) fn name(attribute: &Attribute) -> String {
    if let Meta::List(list) = &attribute.meta
        && list.path.is_ident("unsafe")
        && let Some(TokenTree::Ident(inner)) = list.tokens.clone().into_iter().next()
    {
        return inner.to_string();
    }
    attribute.path().segments.last().map_or_else(String::new, |segment| segment.ident.to_string())
}

fn is_hidden(attribute: &Attribute) -> bool {
    matches!(&attribute.meta, Meta::List(list) if list.tokens.to_string() == "hidden")
}

/// Whether `#[cfg_attr(…, name …)]` sets the attribute `name`.
fn sets(attribute: &Attribute, name: &str) -> bool {
    let Meta::List(list) = &attribute.meta else { return false };
    list.tokens.clone().into_iter().any(|token| matches!(token, TokenTree::Ident(word) if word == name))
}
