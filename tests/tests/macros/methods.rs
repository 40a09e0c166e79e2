//! What `#[cached]` makes of methods, and of functions in an `impl` or a trait.

use std::cell::Cell;

use joblib_macros::{cached, tracked};
use joblib_memory::Explanation;
use serde::Serialize;

use crate::cached::{MEMORY, ran, runs_of};

#[derive(Serialize)]
pub(crate) struct Model {
    pub(crate) weight: f64,
    #[serde(skip)]
    calls: Cell<usize>,
}

impl Model {
    #[cached(crate = joblib_memory, memory = MEMORY, self = "hash", depends(Self::helper, Self::number))]
    fn predict(&self, x: f64) -> f64 {
        ran();
        self.calls.set(self.calls.get() + 1);
        Self::helper(self.weight) * x + f64::from(Self::number()) - 7.0
    }

    // What names `Self` stands in an `impl`, said or not.
    #[tracked(crate = joblib_memory)]
    fn number() -> <Self as Size>::Number {
        7
    }

    #[tracked(crate = joblib_memory, associated)]
    fn helper(weight: f64) -> f64 {
        weight
    }

    #[cached(crate = joblib_memory, memory = MEMORY, self = "ignore")]
    fn count(&mut self, x: u8) -> u8 {
        ran();
        self.calls.set(0);
        x
    }

    /// Consumes it.
    #[cached(crate = joblib_memory, memory = MEMORY, self = "hash", ignore = "_note")]
    pub fn into_weight(self, _note: &str) -> f64 {
        ran();
        self.weight
    }

    #[cached(crate = joblib_memory, memory = MEMORY, associated)]
    fn parameters(n: usize) -> Vec<f64> {
        ran();
        vec![0.0; n]
    }

    #[cached(crate = joblib_memory, memory = MEMORY)]
    fn default_of(_: u8) -> <Self as Size>::Number {
        ran();
        7
    }
}

trait Size {
    type Number;
    fn size(&self, factor: usize) -> usize;
    fn name() -> String;
}

impl Size for Model {
    type Number = u8;

    #[cached(crate = joblib_memory, memory = MEMORY, self = "hash", companions = false)]
    fn size(&self, mut factor: usize) -> usize {
        ran();
        factor += 1;
        if factor > 100 {
            return 0;
        }
        factor
    }

    #[cached(crate = joblib_memory, memory = MEMORY, companions = false)]
    fn name() -> String {
        ran();
        std::any::type_name::<Self>().to_owned()
    }
}

pub(crate) fn model(weight: f64) -> Model {
    Model { weight, calls: Cell::new(0) }
}

#[test]
fn methods_say_what_self_is_for_and_have_companions_in_the_impl() {
    assert_eq!(runs_of(|| (model(2.0).predict(3.0), model(2.0).predict(3.0))), ((6.0, 6.0), 1));
    assert_eq!(runs_of(|| model(3.0).predict(3.0)), (9.0, 1));
    assert!(model(3.0).predict_check_call_in_cache(3.0));
    assert_eq!(model(3.0).predict_call_and_shelve(3.0).get().unwrap(), 9.0);
    assert_eq!(model(3.0).predict_uncached(3.0), 9.0);
    let Explanation::Hit(metadata) = model(3.0).predict_explain(3.0) else { panic!("it is stored") };
    assert_eq!(metadata.function(), "joblib_tests::macros::methods::Model::predict");
    assert_eq!(runs_of(|| (model(1.0).count(1), model(2.0).count(1))), ((1, 1), 1));
    assert_eq!(runs_of(|| (model(1.0).into_weight("a"), model(1.0).into_weight("b"))), ((1.0, 1.0), 1));
    assert_eq!(runs_of(|| (Model::parameters(2), Model::parameters(2))), ((vec![0.0; 2], vec![0.0; 2]), 1));
    assert_eq!(runs_of(|| (Model::default_of(0), Model::default_of(0))), ((7, 7), 1));
    assert_eq!(Model::predict_clear().unwrap(), 2);
}

#[cached(crate = joblib_memory, memory = MEMORY, depends(with_an_impl))]
fn with_a_type(x: u8) -> u8 {
    struct Twice(u8);
    impl Twice {
        fn of(x: u8) -> Self {
            Self(2 * x)
        }
    }
    ran();
    with_an_impl(Twice::of(x).0)
}

#[tracked(crate = joblib_memory)]
fn with_an_impl(x: u8) -> u8 {
    struct More(u8);
    impl More {
        fn than(x: u8) -> Self {
            Self(x + 1)
        }
    }
    More::than(x).0
}

#[test]
fn the_self_of_a_type_in_a_function_is_not_the_functions() {
    assert_eq!((with_a_type(2), with_a_type::uncached(3)), (5, 7));
    assert!(with_a_type::check_call_in_cache(2));
}

#[test]
fn a_trait_s_functions_are_cached_without_companions() {
    assert_eq!(runs_of(|| (model(1.0).size(1), model(1.0).size(1), model(1.0).size(100))), ((2, 2, 0), 2));
    assert_eq!(runs_of(|| (Model::name(), Model::name())).1, 1);
}
