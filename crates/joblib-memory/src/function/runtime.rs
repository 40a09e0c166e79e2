//! Which function it is that was cached under a name: two of one name never share results.
//!
//! The code of such a function can't be seen. So it is one of this build of the program only: in another its type may have the
//! number of another function's, for which an edit before it is enough, and may do something else. Who says a version says
//! that the function is the same in all builds where its type has the same name and number.

use std::any::{TypeId, type_name};
use std::panic::Location;
use std::path::Path;

use joblib_store::Holder;

use super::image;
use super::types::{Behind, behind, number_of};

/// A function made at run time, as far as it can be told from others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Declared {
    /// Each closure has a type of its own, and so has each function.
    id: TypeId,
    type_name: &'static str,
    /// The compiler's number of the type: two functions in blocks of one may have one name.
    number: String,
    /// Where it was cached. It counts only where the type does not tell the function.
    place: Option<&'static Location<'static>>,
    /// What a pointer to a function, or a `dyn Fn`, points at.
    pointed: Option<String>,
}

impl Declared {
    pub(crate) fn new<F>(function: &F, place: &'static Location<'static>) -> Self {
        let type_name = type_name::<F>();
        // Pointers to functions and trait objects.
        let opaque = type_name.contains("fn(") || type_name.contains("dyn ");
        let pointed = match (address_of(function, type_name), behind(function)) {
            (Some(address), _) => {
                Some(image::lasting(address).map_or_else(|| in_this_process(address), ToOwned::to_owned))
            }
            (None, Behind::Known(table)) => Some(table.to_owned()),
            (None, Behind::Unknown) => Some(in_this_process(std::ptr::from_ref(function) as usize)),
            (None, Behind::Nothing) => None,
        };
        Self {
            id: typeid::of::<F>(),
            type_name,
            number: number_of::<F>(),
            place: opaque.then_some(place),
            pointed,
        }
    }

    /// What tells the function from others of its name, also in other runs of the same build: the name and the compiler's
    /// number of its type, and what a pointer points at. A place does without its file's folder, so that a project can move.
    pub(crate) fn key(&self) -> String {
        let mut key = format!("{} {}", self.type_name, self.number);
        if let Some(place) = self.place {
            let file = Path::new(place.file()).file_name().unwrap_or_default().display();
            key = format!("{key} {file}:{}:{}", place.line(), place.column());
        }
        if let Some(pointed) = &self.pointed {
            key = format!("{key} {pointed}");
        }
        key
    }
}

/// The build of the program that calls from a place.
pub(super) fn build(place: &'static Location<'static>) -> &'static str {
    image::build(std::ptr::from_ref(place) as usize)
}

/// An address that means nothing elsewhere: results are computed again in other processes.
fn in_this_process(address: usize) -> String {
    format!("{address:x} in {}", Holder::this_process())
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
        // What a pointer points at its type does not say.
        let pointer: fn(f64) -> f64 = named;
        let boxed: Box<dyn Fn(f64) -> f64> = Box::new(named);
        assert_ne!(declared(&pointer).key(), declared(&pointer).key());
        assert_ne!(declared(&boxed).key(), declared(&boxed).key());
        assert!(declared(&pointer).key().contains(" runtime.rs:"));
    }

    #[test]
    fn two_functions_of_one_name_in_blocks_of_one_are_two() {
        let first = {
            fn step() -> u8 {
                1
            }
            Declared::new(&step, Location::caller()).key()
        };
        let second = {
            fn step() -> u8 {
                2
            }
            Declared::new(&step, Location::caller()).key()
        };
        assert_ne!(first, second);
    }

    fn length(text: &str) -> usize {
        text.len()
    }

    extern "C" fn half(x: f64) -> f64 {
        x / 2.0
    }

    #[test]
    fn pointers_to_functions_are_told_apart_by_what_they_point_at() {
        let at = Location::caller();
        let declared = |pointer: fn(f64) -> f64| Declared::new(&pointer, at);
        assert_eq!(declared(named), declared(named));
        assert_ne!(declared(named).key(), declared(f64::sqrt).key());
        let borrows: fn(&str) -> usize = length;
        let foreign: extern "C" fn(f64) -> f64 = half;
        assert!(Declared::new(&borrows, at).pointed.is_some());
        assert!(Declared::new(&foreign, at).pointed.is_some());
        assert_eq!(Declared::new(&named, at).pointed, None);
    }

    #[test]
    fn boxed_functions_are_told_apart_by_their_types() {
        let at = Location::caller();
        let declared = |boxed: Box<dyn Fn(f64) -> f64>| Declared::new(&boxed, at).key();
        assert_ne!(declared(Box::new(named)), declared(Box::new(f64::sqrt)));
        if cfg!(target_os = "linux") {
            assert_eq!(declared(Box::new(named)), declared(Box::new(named)));
        }
    }
}
