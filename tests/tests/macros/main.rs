//! The tests of the macros: what they make of functions, and what they say about misuse.

#![deny(warnings)]
// The functions are what they test, odd ones among them; the numbers are exact.
#![allow(
    unreachable_pub,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::non_minimal_cfg,
    clippy::trivially_copy_pass_by_ref
)]

mod cached;
mod code;
mod files;
mod hasher;
mod in_memory;
mod methods;
mod recursion;
mod ui;
