//! Arguments that can't be part of a key.

use joblib_macros::cached;

#[cached]
fn changes(x: &mut Vec<f64>, y: Option<&mut u8>) -> usize {
    x.push(1.0);
    x.len()
}

#[cached]
fn calls(f: impl Fn(f64) -> f64, g: fn(f64) -> f64, h: Box<dyn FnOnce(f64) -> f64>, i: &dyn Fn()) -> f64 {
    f(g(h(1.0)))
}

#[cached]
fn consumes(items: impl Iterator<Item = f64>, at: *const u8) -> f64 {
    items.sum()
}

fn main() {}
