//! Functions of traits, and what `depends` can't name.

use joblib_macros::{cached, tracked};

trait Score {
    const SCALE: f64;

    fn score(&self, x: f64) -> f64;

    fn of(x: f64) -> f64;
}

struct Model;

impl Score for Model {
    const SCALE: f64 = 2.0;

    #[cached(crate = joblib_memory, self = "ignore")]
    fn score(&self, x: f64) -> f64 {
        x
    }

    #[cached(crate = joblib_memory)]
    fn of(x: f64) -> f64 {
        x * Self::SCALE
    }
}

impl Model {
    const LIMIT: f64 = 1.0;

    #[tracked(crate = joblib_memory)]
    const KNOWN: f64 = 1.0;
}

#[tracked(crate = joblib_memory)]
fn generic<T>(x: T) -> T {
    x
}

#[cached(crate = joblib_memory, depends(<Model as Score>::of))]
fn a_method_of_a_trait_by_the_type(x: f64) -> f64 {
    Model::of(x)
}

#[cached(crate = joblib_memory, depends(Score::of))]
fn a_method_of_a_trait(x: f64) -> f64 {
    Model::of(x)
}

#[cached(crate = joblib_memory, depends(Model::of))]
fn a_method_of_a_trait_by_the_path_of_the_type(x: f64) -> f64 {
    Model::of(x)
}

#[tracked(crate = joblib_memory, depends(Score::SCALE))]
fn a_constant_of_a_trait(x: f64) -> f64 {
    x * Model::SCALE
}

#[cached(crate = joblib_memory, depends(<Model>::known))]
fn a_function_of_a_type_in_angles(x: f64) -> f64 {
    x + Model::LIMIT
}

#[cached(crate = joblib_memory, depends(Model::LIMIT))]
fn a_constant_of_a_type(x: f64) -> f64 {
    x + Model::LIMIT
}

// No mistake: both are known.
#[cached(crate = joblib_memory, depends(Model::KNOWN, generic::<f64>))]
fn known(x: f64) -> f64 {
    generic::<f64>(x) + Model::KNOWN
}

fn main() {}
