//! What counts as the code of a function, and as its identity.

use joblib_macros::{cached, tracked};
use joblib_memory::HasCode;
use serde::Serialize;

use crate::cached::{MEMORY, ran, runs_of};

/// One function five times: as it was, formatted and commented otherwise, edited, with another helper, with a version.
mod editions {
    pub mod before {
        use super::super::*;

        #[tracked(crate = joblib_memory)]
        fn helper(x: f64) -> f64 {
            x + 1.0
        }

        #[cached(crate = joblib_memory, memory = MEMORY, depends(helper))]
        pub fn sum(values: &[f64], scale: f64) -> f64 {
            let scaled = values.iter().map(|value| value * helper(scale));
            vec![scaled.sum::<f64>(), 1.0][0]
        }
    }

    #[rustfmt::skip]
    pub mod reformatted {
        use super::super::*;

        #[tracked(crate = joblib_memory)]
        fn helper(x: f64,) -> f64 { x+1.0 /* one more */ }

        /// Sums.
        #[cached(crate = joblib_memory, memory = MEMORY, depends(helper))]
        #[allow(clippy::useless_vec)]
        pub(crate) fn sum(
            values: &[f64],
            scale: f64,
        ) -> f64 {
            // Scaled first.
            let scaled=values.iter().map(|value| { value*helper(scale,) });
            vec![
                scaled.sum::<f64>(),
                1.0,
            ][0]
        }
    }

    pub mod edited {
        use super::super::*;

        #[tracked(crate = joblib_memory)]
        fn helper(x: f64) -> f64 {
            x + 1.0
        }

        #[cached(crate = joblib_memory, memory = MEMORY, depends(helper))]
        pub fn sum(values: &[f64], scale: f64) -> f64 {
            let scaled = values.iter().map(|value| value * helper(scale));
            vec![scaled.sum::<f64>(), 2.0][0]
        }
    }

    pub mod other_helper {
        use super::super::*;

        #[tracked(crate = joblib_memory)]
        fn helper(x: f64) -> f64 {
            x + 2.0
        }

        #[cached(crate = joblib_memory, memory = MEMORY, depends(helper))]
        pub fn sum(values: &[f64], scale: f64) -> f64 {
            let scaled = values.iter().map(|value| value * helper(scale));
            vec![scaled.sum::<f64>(), 1.0][0]
        }
    }

    pub mod other_version {
        use super::super::*;

        #[tracked(crate = joblib_memory)]
        fn helper(x: f64) -> f64 {
            x + 1.0
        }

        #[cached(crate = joblib_memory, memory = MEMORY, depends(helper), version = 2)]
        pub fn sum(values: &[f64], scale: f64) -> f64 {
            let scaled = values.iter().map(|value| value * helper(scale));
            vec![scaled.sum::<f64>(), 1.0][0]
        }
    }
}

#[test]
fn the_code_is_the_same_after_formatting_and_another_after_an_edit() {
    let before = editions::before::sum::CODE;
    assert_eq!(editions::reformatted::sum::CODE, before);
    assert_ne!(editions::edited::sum::CODE, before);
    assert_ne!(editions::other_helper::sum::CODE, before);
    assert_ne!(editions::other_version::sum::CODE, before);
    assert_eq!(editions::before::sum(&[1.0], 1.0), editions::reformatted::sum(&[1.0], 1.0));
}

fn below(x: f64) -> f64 {
    x + 1.0
}

#[cached(crate = joblib_memory, memory = MEMORY)]
fn above(x: f64) -> f64 {
    ran();
    below(x)
}

#[test]
fn what_counts_as_code_is_listed_with_its_place() {
    let items = above::code();
    let below = items.iter().find(|item| item.name() == "fn below").expect("it is reached");
    assert!(below.place().contains("tests/macros/code.rs:"), "{below}");
    assert_eq!(items[0].name(), "fn above");
}

trait Degrees {
    fn kelvin(&self) -> f64;
}

macro_rules! degrees {
    ($name:ident, $value:expr) => {
        #[derive(Serialize)]
        #[serde(transparent)]
        struct $name(f64);
        impl Degrees for $name {
            fn kelvin(&self) -> f64 {
                $value(self.0)
            }
        }
    };
}

degrees!(Celsius, |x| x + 273.15);
degrees!(Fahrenheit, |x: f64| (x - 32.0) / 1.8 + 273.15);

#[cached(crate = joblib_memory, memory = MEMORY)]
fn kelvin(degrees: impl Degrees + Serialize) -> f64 {
    ran();
    degrees.kelvin()
}

#[test]
fn the_type_that_a_call_chooses_is_part_of_the_key() {
    assert_eq!(runs_of(|| (kelvin(Celsius(50.0)), kelvin(Fahrenheit(50.0)))), ((323.15, 283.15), 2));
    assert_eq!(runs_of(|| (kelvin(Celsius(50.0)), kelvin(Fahrenheit(50.0)))).1, 0);
}

#[test]
fn functions_of_one_name_in_two_functions_are_two() {
    fn a() -> f64 {
        fn h(x: f64) -> f64 {
            x
        }
        #[cached(crate = joblib_memory, memory = MEMORY)]
        fn step(x: f64) -> f64 {
            h(x)
        }
        step(2.0)
    }
    fn b() -> f64 {
        fn h(x: f64) -> f64 {
            x * 10.0
        }
        #[cached(crate = joblib_memory, memory = MEMORY)]
        fn step(x: f64) -> f64 {
            h(x)
        }
        step(2.0)
    }
    assert_eq!((a(), b()), (2.0, 20.0));
}

struct Sized<T>(std::marker::PhantomData<T>);

impl<T> Sized<T> {
    #[cached(crate = joblib_memory, memory = MEMORY)]
    fn bytes() -> usize {
        ran();
        size_of::<T>()
    }
}

#[test]
fn the_parameters_of_an_impl_are_part_of_a_function_without_companions() {
    assert_eq!(
        runs_of(|| (Sized::<u8>::bytes(), Sized::<u32>::bytes(), Sized::<u8>::bytes())),
        ((1, 4, 1), 2)
    );
}

/// Conditions that no manifest declares: the compiler says so where they are written, and not at each function below them.
mod undeclared {
    use super::*;

    #[allow(unexpected_cfgs, reason = "what is tested")]
    pub fn doubled(x: i64) -> i64 {
        if cfg!(joblib_declares_this_nowhere) { 2 * x + 1 } else { 2 * x }
    }

    #[cached(crate = joblib_memory, memory = MEMORY)]
    pub fn plain(x: i64) -> i64 {
        doubled(x)
    }

    pub struct Model;

    impl Model {
        #[tracked(crate = joblib_memory)]
        const ONE: i64 = 1;

        #[cached(crate = joblib_memory, memory = MEMORY, depends(Self::ONE))]
        pub fn method(x: i64) -> i64 {
            doubled(x) + Self::ONE
        }
    }
}

#[test]
fn conditions_that_are_nowhere_declared_are_no_warnings_at_the_functions_that_they_concern() {
    assert_eq!((undeclared::plain(2), undeclared::Model::method(2)), (4, 5));
}
