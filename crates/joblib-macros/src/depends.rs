//! Mistakes in `depends(…)` that the sources tell: traits' methods, and circles. Each is reported and taken out, so that the rest
//! is expanded and the compiler has nothing to add.

use joblib_reach::Misplaced;
use proc_macro2::TokenStream;
use syn::{Ident, Path};

use crate::errors::Errors;
use crate::options::{OF_TRAIT, Options};
use crate::reached;

/// Takes the mistakes out of the options. They are reported by the tokens. `name` is that of the item with the attribute.
pub(crate) fn check(name: &Ident, options: &mut Options) -> Option<TokenStream> {
    if options.depends.is_empty() {
        return None;
    }
    let mut errors = Errors::default();
    let mut mistakes =
        reached::misplaced(&options.depends.iter().map(|of| text(&of.path)).collect::<Vec<_>>()).into_iter();
    options.depends.retain_mut(|of| match mistakes.next().flatten() {
        None if is_of_known_trait(&of.path) => {
            errors.at(&of.path, OF_TRAIT);
            false
        }
        None => true,
        Some(Misplaced::Conditional(conditions)) => {
            of.conditions = conditions.iter().filter_map(|condition| condition.parse().ok()).collect();
            true
        }
        Some(Misplaced::OfTrait) => {
            errors.at(&of.path, OF_TRAIT);
            false
        }
        Some(Misplaced::Circle(through)) => {
            errors.at(&of.path, circle(&name.to_string(), &through));
            false
        }
    });
    errors.into_tokens()
}

/// Whether a path that the sources don't tell names a method of a trait of the standard library.
fn is_of_known_trait(path: &Path) -> bool {
    const TRAITS: [&str; 34] = [
        "Add",
        "AsMut",
        "AsRef",
        "Borrow",
        "Clone",
        "Debug",
        "Default",
        "Deref",
        "DerefMut",
        "Display",
        "Div",
        "DoubleEndedIterator",
        "Drop",
        "Eq",
        "ExactSizeIterator",
        "Extend",
        "From",
        "FromIterator",
        "FromStr",
        "Hash",
        "Index",
        "Into",
        "IntoIterator",
        "Iterator",
        "Mul",
        "Neg",
        "Ord",
        "PartialEq",
        "PartialOrd",
        "Sub",
        "ToOwned",
        "ToString",
        "TryFrom",
        "TryInto",
    ];
    let mut before_last = path.segments.iter().rev().skip(1);
    before_last.next().is_some_and(|segment| TRAITS.iter().any(|name| segment.ident == name))
}

fn circle(name: &str, through: &[String]) -> String {
    let way: Vec<String> = through.iter().map(|name| format!("`{name}`")).collect();
    format!(
        "`{name}` depends on {}, which depends on `{name}` again; remove one of them from `depends(…)`",
        way.join(", which depends on ")
    )
}

/// The names of a path.
fn text(path: &Path) -> String {
    let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    format!("{}{}", path.leading_colon.map_or("", |_| "::"), names.join("::"))
}
