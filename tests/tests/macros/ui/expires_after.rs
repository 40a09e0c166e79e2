//! A time is a number of seconds, parts, or a `Duration`; the error for a text says which parts.

use joblib_macros::cached;

#[cached(expires_after = "1 day")]
fn one_day(a: u8) -> u8 {
    a
}

#[cached(expires_after = "90 minutes")]
fn minutes(a: u8) -> u8 {
    a
}

#[cached(expires_after = "60")]
fn seconds(a: u8) -> u8 {
    a
}

#[cached(expires_after = "tomorrow")]
fn tomorrow(a: u8) -> u8 {
    a
}

fn main() {}
