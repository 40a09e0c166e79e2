//! `file` on arguments that are no paths.

use joblib_macros::cached;

#[cached(crate = joblib_memory)]
fn number(#[cached(file)] n: u32, #[cached(file)] list: &[f64]) -> u32 {
    n + list.len() as u32
}

#[cached(crate = joblib_memory, file(3))]
fn beside() -> u32 {
    1
}

fn main() {}
