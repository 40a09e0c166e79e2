//! `file` where there is no file.

use std::path::Path;

use joblib_macros::cached;

#[cached(key = n)]
fn beside_a_key(n: u32, #[cached(file)] path: &Path) -> u32 {
    n
}

#[cached(ignore = "path", file)]
fn ignored(#[cached(file)] path: &Path) -> u32 {
    1
}

#[cached]
fn twice(#[cached(file)] #[cached(file)] path: &Path) -> u32 {
    1
}

fn main() {}
