//! Results that can't be stored, and what to return instead.

use joblib_macros::cached;

#[cached]
fn borrowed(text: &str) -> &str {
    text
}

#[cached]
fn borrowed_inside(text: &str) -> Option<Vec<&str>> {
    Some(vec![text])
}

#[cached]
fn hidden(n: u8) -> impl Iterator<Item = u8> {
    0..n
}

#[cached]
fn boxed(n: u8) -> Box<dyn Iterator<Item = u8>> {
    Box::new(0..n)
}

#[cached]
fn never(n: u8) -> ! {
    panic!("{n}")
}

#[cached]
fn function(n: u8) -> fn(u8) -> u8 {
    |n| n
}

#[cached(keep = "all")]
fn error_is_kept_too(n: u8) -> Result<u8, &'static str> {
    Ok(n)
}

#[cached(keep = "ok")]
fn keeps_some(n: u8) -> Option<u8> {
    Some(n)
}

#[cached(keep = "some")]
fn keeps_nothing(n: u8) -> (u8, u8) {
    (n, n)
}

fn main() {}
