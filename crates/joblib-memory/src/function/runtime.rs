//! The identity of a function that was cached under a name: two functions with the same name never share results.
//!
//! The code of such a function can't be seen. So it is one of this build of the program only: in another its type may have the
//! number of another function's, for which an edit before it is enough, and may do something else. Who says a version says
//! that the function is the same in all builds where its type has the same name and number.

use std::any::{TypeId, type_name};
use std::borrow::Cow;
use std::panic::Location;
use std::path::Path;

use super::image;
use super::pointee::{Pointee, in_this_process};
use super::types::number_of;

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
        let pointed = match Pointee::of(function) {
            Pointee::Nothing => None,
            Pointee::Unknown => Some(in_this_process(std::ptr::from_ref(function) as usize)),
            pointee => pointee.text().map(Cow::into_owned),
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

/// Whether a function may hold values, on which its results may depend: a closure what it captures. One that has no size, and a
/// pointer to a function, hold none; of a reference to a function it is not known.
pub(crate) fn may_hold_values<F>(function: &F) -> bool {
    size_of::<F>() > 0 && Pointee::of(function).may_hold_values()
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

    #[test]
    fn pointers_to_functions_are_told_apart_by_what_they_point_at() {
        let at = Location::caller();
        let declared = |pointer: fn(f64) -> f64| Declared::new(&pointer, at);
        assert_eq!(declared(named), declared(named));
        assert_ne!(declared(named).key(), declared(f64::sqrt).key());
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

    #[test]
    fn functions_that_hold_values_are_known() {
        let by = 2.0;
        let (plain, scaled) = (|x: f64| 2.0 * x, move |x: f64| by * x);
        assert!(!may_hold_values(&plain) && !may_hold_values(&named));
        assert!(!may_hold_values(&(named as fn(f64) -> f64)));
        assert!(may_hold_values(&scaled) && may_hold_values(&|x: f64| by * x));
        // What a reference leads to may have a size or not.
        assert!(may_hold_values(&&plain) && may_hold_values(&Box::new(plain)));
        assert!(may_hold_values(&Some(named as fn(f64) -> f64)));
    }
}
