//! Circles of dependencies: one error each, and none where there is no circle.

use joblib_macros::{cached, tracked};

mod helpers {
    use joblib_macros::tracked;

    #[tracked(crate = joblib_memory, depends(super::of_two))]
    pub fn back(x: u8) -> u8 {
        x
    }
}

#[cached(crate = joblib_memory, depends(helpers::back))]
fn of_two(x: u8) -> u8 {
    x
}

#[tracked(crate = joblib_memory, depends(second))]
fn first(x: u8) -> u8 {
    x
}

#[tracked(crate = joblib_memory, depends(third))]
fn second(x: u8) -> u8 {
    x
}

#[tracked(crate = joblib_memory, depends(first))]
const third: u8 = 1;

struct Model;

impl Model {
    #[tracked(crate = joblib_memory, associated, depends(Self::other))]
    fn one(x: u8) -> u8 {
        x
    }

    #[cached(crate = joblib_memory, associated, depends(Model::one))]
    fn other(x: u8) -> u8 {
        x
    }
}

// No mistake: these depend on a circle, and are not in it; and what has two names is not its own helper.
#[cached(crate = joblib_memory, depends(first, Model::one))]
fn of_a_circle(x: u8) -> u8 {
    first(x)
}

mod other {
    use joblib_macros::tracked;

    #[tracked(crate = joblib_memory)]
    pub fn same(x: u8) -> u8 {
        x
    }
}

#[cached(crate = joblib_memory, depends(other::same))]
fn same(x: u8) -> u8 {
    other::same(x)
}

fn main() {}
