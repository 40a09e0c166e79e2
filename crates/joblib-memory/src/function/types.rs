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

/// What tells the type behind a `dyn` from others, in this and other runs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    /// There is no `dyn`.
    Nothing,
    /// The type, as far as this build of the program goes.
    Known(&'static str),
    /// It can't be told.
    Unknown,
}

/// What is behind `&dyn Trait`, `Box<dyn Trait>`, `Rc<dyn Trait>` and `Arc<dyn Trait>`, and references to these.
pub(crate) fn behind<T: ?Sized>(value: &T) -> Behind {
    let name = type_name::<T>();
    if !name.contains("dyn ") {
        return Behind::Nothing;
    }
    let table = if name.starts_with("dyn ") && size_of::<&T>() == WIDE {
        // SAFETY: a reference to a `dyn` is two initialized words, of which the second is the table's address.
        let words = unsafe { std::mem::transmute_copy::<&T, [usize; 2]>(&value) };
        Some(words[1])
    } else {
        // SAFETY: the name, the place and the size are those of the value.
        unsafe { table_at(name, std::ptr::from_ref(value).cast(), size_of_val(value)) }
    };
    table.and_then(image::lasting).map_or(Behind::Unknown, Behind::Known)
}

/// The size of a pointer of two words.
const WIDE: usize = 2 * size_of::<usize>();

/// The address of the table of methods that a value points to, if it is such a pointer.
///
/// # Safety
///
/// At `place` is a value of the type that is called `name`, of `size` bytes.
unsafe fn table_at(mut name: &str, mut place: *const usize, mut size: usize) -> Option<usize> {
    /// Pointers that are two words: the data's, then the table's of methods.
    const POINTERS: [&str; 5] =
        ["&dyn ", "&mut dyn ", "alloc::boxed::Box<dyn ", "alloc::rc::Rc<dyn ", "alloc::sync::Arc<dyn "];

    while name.starts_with("&&")
        || POINTERS[2..].iter().any(|of| name.strip_prefix('&').is_some_and(|name| name.starts_with(of)))
    {
        if size != size_of::<usize>() {
            return None;
        }
        // SAFETY: by the compiler's present way to name types, this one is a reference to one that is sized, which is one
        // initialized word: the address of what the rest of the name is of. It lives as long as `value`.
        place = unsafe { *place as *const usize };
        name = &name[1..];
        size = if name.starts_with("&&") || (name.starts_with('&') && !name.starts_with("&dyn ")) {
            size_of::<usize>()
        } else {
            WIDE
        };
    }
    if size != WIDE || !POINTERS.iter().any(|of| name.starts_with(of)) {
        return None;
    }
    // SAFETY: as above; these pointers are two initialized words, of which the second is the table's address.
    Some(unsafe { *place.add(1) })
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;
    use std::sync::Arc;

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

    #[cfg(target_os = "linux")]
    #[test]
    fn types_behind_a_dyn_are_told_apart() {
        let (a, b): (&dyn Debug, &dyn Debug) = (&1_u8, &'a');
        assert!(matches!(behind(&a), Behind::Known(_)));
        assert_eq!(behind(&a), behind(&(&2_u8 as &dyn Debug)));
        assert_ne!(behind(&a), behind(&b));
        assert_eq!(behind(a), behind(&a));
        assert_eq!(behind(&&a), behind(&a));
        let boxed = |value: Box<dyn Debug>| (behind(&value), behind(&&value));
        assert_eq!(boxed(Box::new(1_u8)), boxed(Box::new(2_u8)));
        assert_ne!(boxed(Box::new(1_u8)), boxed(Box::new('a')));
        let shared: Arc<dyn Debug> = Arc::new(1_u8);
        assert_eq!(behind(&shared), behind(&a));
        assert_eq!(behind(&vec![shared]), Behind::Unknown);
        assert_eq!(behind(&1_u8), Behind::Nothing);
    }
}
