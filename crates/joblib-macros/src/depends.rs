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
    let mut mistakes = reached::misplaced(&options.depends.iter().map(text).collect::<Vec<_>>()).into_iter();
    options.depends.retain(|path| match mistakes.next().flatten() {
        None => true,
        Some(Misplaced::OfTrait) => {
            errors.at(path, OF_TRAIT);
            false
        }
        Some(Misplaced::Circle(through)) => {
            errors.at(path, circle(&name.to_string(), &through));
            false
        }
    });
    errors.into_tokens()
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
