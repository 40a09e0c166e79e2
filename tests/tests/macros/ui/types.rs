//! Types that serde does not know, alone and in others, and functions whose types are no mistake.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Instant;

use joblib_macros::cached;

struct Inner;

#[derive(serde::Serialize)]
struct OnlyWritten(u8);

#[cached(crate = joblib_memory)]
fn a_parameter<T>(_x: T) -> usize {
    1
}

#[cached(crate = joblib_memory)]
fn a_result_of_a_parameter<T: serde::Serialize + Clone>(x: &T) -> T {
    x.clone()
}

#[cached(crate = joblib_memory)]
fn a_hidden_type(x: impl Into<f64>) -> f64 {
    x.into()
}

#[cached(crate = joblib_memory)]
fn a_trait_object(x: &dyn std::fmt::Display) -> String {
    x.to_string()
}

#[cached(crate = joblib_memory)]
fn only_written(x: u8) -> OnlyWritten {
    OnlyWritten(x)
}

#[cached(crate = joblib_memory)]
fn a_long_array(x: [f64; 100]) -> f64 {
    x[0]
}

#[cached(crate = joblib_memory)]
fn a_type_of_std(_x: Instant) -> u8 {
    1
}

#[cached(crate = joblib_memory)]
fn in_a_map(_x: HashMap<u8, Inner>) -> u8 {
    1
}

#[cached(crate = joblib_memory)]
fn in_a_tuple(_x: u8) -> (u8, Inner) {
    (1, Inner)
}

struct Model;

impl Model {
    #[cached(crate = joblib_memory, self = "hash")]
    async fn a_counted_self(self: &Rc<Self>, x: u8) -> u8 {
        x
    }
}

// No mistakes.

#[cached(crate = joblib_memory)]
fn patterns((a, b): (f64, f64), [c, _]: [u8; 2], mut d: u8, _: u8) -> f64 {
    d += c;
    a + b + f64::from(d)
}

macro_rules! made {
    ($($name:ident: $ty:ty),*) => {$(
        /// Made by a macro.
        #[cached(crate = joblib_memory)]
        fn $name(x: $ty, #[cached(skip)] y: $ty) -> $ty {
            let _ = y;
            x
        }
    )*};
}

made!(of_bytes: u8, of_floats: f64);

#[cached(crate = joblib_memory)]
fn bounded<T, const N: usize>(x: [u8; N], y: &T) -> usize
where
    T: serde::Serialize + ?Sized,
    [u8; N]: serde::Serialize,
{
    let _ = y;
    x.len()
}

#[cached(crate = joblib_memory)]
fn lifetimes<'a, 'b: 'a>(x: &'a str, y: &'b [&'a str]) -> usize {
    x.len() + y.len()
}

#[cached(crate = joblib_memory)]
fn nothing(_x: u8) {}

fn main() {}
