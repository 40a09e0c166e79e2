//! An ignored argument has to exist, and is ignored once.

use joblib_macros::cached;

#[cached(ignore = "verbos")]
fn misspelt(x: f64, verbose: bool) -> f64 {
    x
}

#[cached(ignore("z", "x", "x"))]
fn absent(x: f64, y: f64) -> f64 {
    x + y
}

#[cached(ignore = "a")]
fn pattern((a, b): (f64, f64)) -> f64 {
    a + b
}

#[cached(ignore = "x")]
fn both(#[cached(skip)] x: f64) -> f64 {
    x
}

#[cached]
fn on_argument(#[cached(ignore)] x: f64, #[cached(skip)] #[cached(skip)] y: f64) -> f64 {
    x + y
}

#[cached(ignore = "x")]
fn none() -> f64 {
    1.0
}

#[cached(key = x, ignore = "y")]
fn keyed(x: u8, y: u8, #[cached(skip)] z: u8) -> u8 {
    x + y + z
}

#[cached(key = |x: &u8| *x)]
fn keyed_by_closure(x: u8) -> u8 {
    x
}

fn main() {}
