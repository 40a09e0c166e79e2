//! A method says what its `self` is for.

use joblib_macros::cached;

struct Model;

impl Model {
    #[cached]
    fn undecided(&self, x: f64) -> f64 {
        x
    }

    #[cached(self = "hash")]
    fn changes(&mut self, x: f64) -> f64 {
        x
    }

    #[cached(self = "hash", associated)]
    fn both(&self, x: f64) -> f64 {
        x
    }

    #[cached(ignore = "self")]
    fn ignores(&self, x: f64) -> f64 {
        x
    }

    #[cached(self = "hash", associated)]
    fn without(x: f64) -> f64 {
        x
    }
}

fn main() {}
