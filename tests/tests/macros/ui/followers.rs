//! Who calls a function with a mistake, or depends on it, has no error of its own.

use joblib_macros::{cached, tracked};

#[cached(crate = joblib_memory, verbos = 1)]
fn mistaken(x: u8) -> u8 {
    x
}

#[tracked(crate = joblib_memory, versio = 1)]
fn mistaken_helper(x: u8) -> u8 {
    x
}

#[cached(crate = joblib_memory, depends(mistaken, mistaken_helper))]
fn depends_on_both(x: u8) -> u8 {
    mistaken(mistaken_helper(x))
}

struct Model;

impl Model {
    #[cached(crate = joblib_memory, associated, verbos = 1)]
    fn mistaken(x: u8) -> u8 {
        x
    }

    #[cached(crate = joblib_memory, associated, depends(Self::mistaken))]
    fn depends_on_it(x: u8) -> u8 {
        Self::mistaken(x)
    }
}

// No mistake: one of the two is there.
#[tracked(crate = joblib_memory)]
#[cfg(any())]
fn one_of_two(x: u8) -> u8 {
    x
}

#[tracked(crate = joblib_memory)]
#[cfg(not(any()))]
fn one_of_two(x: u8) -> u8 {
    x
}

#[cached(crate = joblib_memory, depends(one_of_two))]
fn depends_on_one_of_two(x: u8) -> u8 {
    one_of_two(x)
}

fn main() {}
