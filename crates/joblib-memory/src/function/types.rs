//! Types as parts of a key: their names, and what tells them apart where names do not.

use std::any::{TypeId, type_name};
use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::image;

/// The name of a type; with the compiler's number of it, and the build that it is a number of, where others can have the same
/// name.
///
/// Closures of one function have one name, and so have the types in `ambiguous`, ends of paths that the macro found declared
/// twice.
pub(crate) fn name_of<T: ?Sized>(ambiguous: &[&str]) -> Cow<'static, str> {
    let name = type_name::<T>();
    named(name, names_closure(name) || is_ambiguous(name, ambiguous), number_of::<T>)
}

/// The same of a type that a call chooses: also where it has a part that is a function, for its name does not tell the code.
pub(crate) fn name_of_chosen<T: ?Sized>(ambiguous: &[&str]) -> Cow<'static, str> {
    let name = type_name::<T>();
    let is_unclear = names_closure(name) || is_ambiguous(name, ambiguous) || names_function(name);
    named(name, is_unclear, number_of::<T>)
}

/// The same without its type.
fn named(name: &'static str, is_unclear: bool, number: fn() -> String) -> Cow<'static, str> {
    if !is_unclear {
        return name.into();
    }
    format!("{name} {} {}", number(), image::build(number as usize)).into()
}

fn names_closure(name: &str) -> bool {
    name.contains("{{closure}}")
}

fn is_ambiguous(name: &str, ambiguous: &[&str]) -> bool {
    ambiguous.iter().any(|end| name.contains(end))
}

/// Whether a type is that of a function, or has such a part. Functions are known by their names, which begin with a small
/// letter; but for those of numbers, a type with such a name is taken for one.
fn names_function(name: &str) -> bool {
    /// Floating-point numbers of the crate `half`.
    const NUMBERS: [&str; 2] = ["half::binary16::f16", "half::bfloat::bf16"];

    let paths = name.split(|at: char| !(at.is_alphanumeric() || matches!(at, '_' | ':' | '#')));
    let lasts = paths.filter(|path| !NUMBERS.contains(path)).filter_map(|path| path.rsplit_once("::"));
    lasts
        .filter_map(|(_, last)| last.trim_start_matches('_').chars().next())
        .any(|first| !first.is_uppercase())
}

/// The compiler's number of a type. It means something in one build only: in another, what was put before the type has it.
pub(crate) fn number_of<T: ?Sized>() -> String {
    number(typeid::of::<T>())
}

fn number(id: TypeId) -> String {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_stand_for_several_types_get_a_number() {
        fn local() -> (Cow<'static, str>, Cow<'static, str>) {
            let first = {
                struct Local;
                name_of::<Local>(&["local::Local"])
            };
            let second = {
                struct Local;
                name_of::<Local>(&["local::Local"])
            };
            (first, second)
        }
        let (first, second) = local();
        assert_ne!(first, second);
        assert_eq!(name_of::<Vec<u8>>(&["local::Local"]), "alloc::vec::Vec<u8>");
    }

    #[test]
    fn functions_and_closures_as_types_are_of_one_build() {
        fn of<T>(_: &T) -> String {
            name_of_chosen::<T>(&[]).into_owned()
        }
        struct Empty;
        let build = image::build(number_of::<u8> as fn() -> String as usize);
        let (number, closure) = (5_u8, |x: f64| x);
        assert!(of(&f64::sqrt).ends_with(build) && of(&size_of::<u8>).ends_with(build));
        assert!(of(&closure).ends_with(build) && of(&|| number).ends_with(build));
        assert!(of(&&f64::sqrt).ends_with(build) && of(&Some(f64::sqrt)).ends_with(build));
        assert!(
            of(&[1.0_f64].into_iter().map(f64::abs)).ends_with(build)
                && of(&(f64::sqrt, Empty)).ends_with(build)
        );
        let plain = std::collections::HashMap::<String, Vec<std::time::Duration>>::new();
        assert!(!of(&plain).ends_with(build) && !of(&"text").ends_with(build));
        assert!(name_of::<Option<fn()>>(&[]).ends_with("Option<fn()>"));
        assert!(of(&Empty).ends_with("::Empty") && of(&Some(Empty)).ends_with("::Empty>"));
        assert_eq!([of(&()), of(&number), of(&[0_u8; 0])], ["()", "u8", "[u8; 0]"]);
    }
}
