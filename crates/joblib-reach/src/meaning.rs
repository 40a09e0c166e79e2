//! What names and paths stand for.

use crate::map::Set;
use std::rc::Rc;

use crate::lexer::Name;
use crate::model::{ItemId, ScopeId};

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    Item(ItemId),
    Module(ScopeId),
    /// A path into what is not at hand.
    External(Rc<str>),
    /// What else is meant is brought by an import under this condition.
    Condition(Rc<str>),
}

/// What a whole path stands for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    pub(crate) targets: Vec<Target>,
    /// Members of these types and traits.
    pub(crate) members: Vec<(ItemId, Name)>,
    /// Members of this name of any trait: the type is not known.
    pub(crate) of_traits: Vec<Name>,
    /// Members of this name of any type or trait.
    pub(crate) of_any: Vec<Name>,
}

impl Found {
    /// Whether nothing of it is at hand.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.targets.iter().all(Target::is_elsewhere)
    }
}

impl Target {
    /// Whether it is not at hand.
    pub(crate) fn is_elsewhere(&self) -> bool {
        matches!(self, Self::External(_) | Self::Condition(_))
    }
}

/// Names that the standard library brings everywhere, in order.
const PRELUDE: [&str; 54] = [
    "AsMut",
    "AsRef",
    "Box",
    "Clone",
    "Copy",
    "Default",
    "Drop",
    "Eq",
    "Err",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "FromIterator",
    "Into",
    "IntoIterator",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Send",
    "Sized",
    "Some",
    "String",
    "Sync",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "Vec",
    "bool",
    "char",
    "drop",
    "f32",
    "f64",
    "i128",
    "i16",
    "i32",
    "i64",
    "i8",
    "isize",
    "std",
    "str",
    "u128",
    "u16",
    "u32",
    "u64",
    "u8",
    "usize",
];

pub(crate) fn is_in_prelude(name: &str) -> bool {
    PRELUDE.binary_search(&name).is_ok()
}

/// Whether a target can have a type in it that is at hand, as an associated one.
pub(crate) fn may_have_types(target: &Target) -> bool {
    match target {
        Target::Module(_) | Target::Condition(_) => false,
        Target::Item(_) => true,
        Target::External(path) => {
            let is_type = path
                .rsplit("::")
                .next()
                .is_some_and(|name| name.chars().next().is_some_and(char::is_uppercase));
            is_type && !["std::", "core::", "alloc::"].iter().any(|start| path.starts_with(start))
        }
    }
}

pub(crate) fn dedup(targets: &mut Vec<Target>) {
    let mut seen = Set::default();
    targets.retain(|target| seen.insert(target.clone()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_the_prelude_are_found() {
        assert!(PRELUDE.is_sorted());
        assert!(is_in_prelude("Vec") && is_in_prelude("u8") && !is_in_prelude("Model"));
    }
}
