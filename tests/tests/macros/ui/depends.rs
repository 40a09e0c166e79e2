//! What a function depends on: written once, and not itself.

use joblib_macros::{cached, tracked};

#[cached(depends(own, helper, helper, 3))]
fn own(x: u8) -> u8 {
    helper(x)
}

#[cached(depends(own, helper, helper))]
fn other(x: u8) -> u8 {
    helper(x)
}

fn helper(x: u8) -> u8 {
    x
}

#[tracked(ignore = "x")]
fn tracked_with_options(x: u8) -> u8 {
    x
}

#[tracked]
struct Item;

fn main() {}
