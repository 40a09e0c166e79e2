//! Every wrong option of one attribute is reported at once, each at its place.

use joblib_macros::cached;

#[cached(ignored = "b", verbos = 1, ttl = 5, nonsense, ignore = b, verbose = -1, version = 1.5, redact = true)]
fn options(a: u8, b: u8) -> u8 {
    a + b
}

#[cached(expires_after = 0, mmap_mode = "r+", compress = 10, keep = "most", self = "maybe", depends, memory)]
fn values(a: u8) -> u8 {
    a
}

#[cached(expires_after(years = 1), compress = ("xz", 6, 7), companions = "no", key, depends(), crate)]
fn more_values(a: u8) -> u8 {
    a
}

#[cached(redact, redact, version = 1, version = 2)]
fn twice(a: u8) -> u8 {
    a
}

#[cached(verbose 1, key = a redact, "a")]
fn syntax(a: u8) -> u8 {
    a
}

fn main() {}
