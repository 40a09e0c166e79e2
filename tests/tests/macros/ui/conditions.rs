//! What `depends` names is of another crate's trait, or is not there under the conditions of this build.

use std::fmt::Display;

use joblib_macros::cached;

struct Model;

#[cfg(any())]
#[joblib_macros::tracked(crate = joblib_memory)]
fn absent(x: u8) -> u8 {
    x
}

#[cfg(any())]
impl Model {
    #[joblib_macros::tracked(crate = joblib_memory)]
    fn absent(x: u8) -> u8 {
        x
    }
}

#[cfg(all())]
mod outer {
    #[cfg(any())]
    pub mod absent {
        #[joblib_macros::tracked(crate = joblib_memory)]
        pub fn helper() {}
    }

    #[joblib_macros::tracked(crate = joblib_memory)]
    pub fn present() {}
}

#[cached(crate = joblib_memory, depends(Iterator::next))]
fn a_method_of_a_trait_of_std(x: u8) -> u8 {
    x
}

#[cached(crate = joblib_memory, depends(Display::fmt, outer::present))]
fn a_method_of_an_imported_trait(x: impl Display + serde::Serialize) -> u8 {
    x.to_string().len() as u8
}

#[cached(crate = joblib_memory, depends(absent))]
fn an_absent_function(x: u8) -> u8 {
    x
}

#[cached(crate = joblib_memory, depends(Model::absent))]
fn an_absent_method(x: u8) -> u8 {
    x
}

#[cached(crate = joblib_memory, depends(outer::absent::helper))]
fn of_an_absent_module(x: u8) -> u8 {
    x
}

#[cached(crate = joblib_memory, depends(std::cmp::max))]
fn a_function_of_std(x: u8) -> u8 {
    x
}

// No mistakes.

#[cfg_attr(any(), cached(crate = joblib_memory, depends(absent)))]
#[cfg_attr(not(any()), cached(crate = joblib_memory))]
fn under_the_same_condition(x: u8) -> u8 {
    x
}

#[cached(crate = joblib_memory, depends(outer::present))]
fn under_a_condition_that_holds(x: u8) -> u8 {
    x
}

fn main() {}
