//! Which function it is that was cached under a name: two of one name never share results.

use std::any::{TypeId, type_name};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::Location;
use std::path::Path;

/// A function made at run time, as far as it can be told from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Declared {
    /// Each closure has a type of its own, and so has each function.
    id: TypeId,
    type_name: &'static str,
    /// Where it was cached. It counts only where the type does not tell the function.
    place: Option<&'static Location<'static>>,
    /// What a pointer to a function points at.
    address: Option<usize>,
}

impl Declared {
    pub(crate) fn new<F>(function: &F, place: &'static Location<'static>) -> Self {
        let type_name = type_name::<F>();
        // Pointers to functions and trait objects.
        let opaque = type_name.contains("fn(") || type_name.contains("dyn ");
        Self {
            id: typeid::of::<F>(),
            type_name,
            place: opaque.then_some(place),
            address: address_of(function, type_name),
        }
    }

    /// What a pointer to a function points at, which tells it from others in this process only;
    /// `None` of anything else.
    pub(crate) fn address(&self) -> Option<usize> {
        self.address
    }

    /// What tells the function from others of its name, also in other runs of the program.
    ///
    /// The name of its type does for a function. Closures in one function have one name, so the
    /// compiler's number of the type counts too: the same in each build with the same compiler and
    /// profile. A place does without its line's folder, so that a project can move.
    pub(crate) fn key(&self) -> String {
        let mut key = self.type_name.to_owned();
        if self.type_name.contains("{{closure}}") {
            key = format!("{key} {}", self.number());
        }
        if let Some(place) = self.place {
            let file = Path::new(place.file()).file_name().unwrap_or_default().display();
            key = format!("{key} {file}:{}:{}", place.line(), place.column());
        }
        key
    }

    /// The compiler's number of the type.
    pub(crate) fn number(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.id.hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }
}

/// What `function` points at, if it is a pointer to a function.
fn address_of<F>(function: &F, type_name: &str) -> Option<usize> {
    // `for<'a> extern "C" fn(&'a str)`, of which all but `fn` may be missing.
    let name = if type_name.starts_with("for<") { type_name.split_once("> ")?.1 } else { type_name };
    let name = if name.starts_with("extern ") { name.splitn(3, ' ').nth(2)? } else { name };
    let is_like_a_number = size_of::<F>() == size_of::<usize>() && align_of::<F>() == align_of::<usize>();
    if !name.starts_with("fn(") || !is_like_a_number {
        return None;
    }
    // SAFETY: by the compiler's present way to name types, only those of pointers to functions begin so: others begin with a
    // path, a reference, a tuple's parenthesis or `dyn`. Such a
    // pointer is as large as the number, and all of it is initialized.
    Some(unsafe { std::mem::transmute_copy::<F, usize>(function) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(x: f64) -> f64 {
        x
    }

    #[track_caller]
    fn declared<F>(function: &F) -> Declared {
        Declared::new(function, Location::caller())
    }

    #[test]
    fn functions_are_told_apart_and_known_again_wherever_they_are_cached() {
        let local = String::from("borrowed");
        let (first, second) = (|| local.len(), || local.len() + 1);
        assert_eq!(declared(&first), declared(&first));
        assert_ne!(declared(&first).key(), declared(&second).key());
        assert_eq!(declared(&named).key(), declared(&named).key());
        assert_eq!(declared(&named).key(), type_name_of(&named));
        // What a pointer points at its type does not say.
        let pointer: fn(f64) -> f64 = named;
        let boxed: Box<dyn Fn(f64) -> f64> = Box::new(named);
        assert_ne!(declared(&pointer).key(), declared(&pointer).key());
        assert_ne!(declared(&boxed).key(), declared(&boxed).key());
        assert!(declared(&pointer).key().contains(" runtime.rs:"));
    }

    fn length(text: &str) -> usize {
        text.len()
    }

    extern "C" fn half(x: f64) -> f64 {
        x / 2.0
    }

    #[test]
    fn pointers_to_functions_are_told_apart_by_what_they_point_at() {
        let declared = |pointer: fn(f64) -> f64| declared(&pointer);
        let (first, second) = (declared(named), declared(f64::sqrt));
        assert_eq!(first, declared(named));
        assert_ne!(first, second);
        assert_eq!(first.key(), second.key(), "addresses mean nothing in other runs");
        let address = |declared: Declared| declared.address();
        let at = Location::caller();
        let borrows: fn(&str) -> usize = length;
        assert_eq!(address(Declared::new(&borrows, at)), Some(borrows as usize));
        let foreign: extern "C" fn(f64) -> f64 = half;
        assert_eq!(address(Declared::new(&foreign, at)), Some(foreign as usize));
        let boxed: Box<dyn Fn(f64) -> f64> = Box::new(named);
        assert_eq!(address(Declared::new(&boxed, at)), None);
        assert_eq!(address(Declared::new(&named, at)), None);
    }

    fn type_name_of<F>(_: &F) -> String {
        type_name::<F>().to_owned()
    }
}
