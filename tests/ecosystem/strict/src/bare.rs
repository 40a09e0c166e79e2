//! A module without the prelude of the standard library, with names of its own in the place of the usual ones.

#![no_implicit_prelude]

use ::joblib::{Parallel, cached, delayed, task, tracked};

/// Not the `Option` that everybody means.
#[derive(::std::fmt::Debug, ::std::clone::Clone, ::std::marker::Copy)]
struct Option;

/// Not the `Result` that everybody means.
#[derive(::std::fmt::Debug, ::std::clone::Clone, ::std::marker::Copy)]
struct Result;

/// Not the function `Some`.
#[derive(::std::fmt::Debug, ::std::clone::Clone, ::std::marker::Copy)]
struct Some;

/// Not `Vec`.
#[derive(::std::fmt::Debug, ::std::clone::Clone, ::std::marker::Copy)]
struct Vec;

/// Names that are used once.
const fn names() -> (Option, Result, Some, Vec) {
    (Option, Result, Some, Vec)
}

/// Adds one.
#[tracked]
const fn next(number: u64) -> u64 {
    number.wrapping_add(1)
}

/// A cached function.
#[cached(depends(next), expires_after(days = 1))]
fn twice(number: u64) -> ::std::option::Option<u64> {
    next(number).checked_mul(2)
}

/// A task.
#[task]
fn text(number: u64) -> ::std::string::String {
    ::std::string::ToString::to_string(&number)
}

/// Whether they work.
#[expect(clippy::redundant_pub_crate, reason = "unreachable_pub asks for it")]
pub(super) fn works() -> ::joblib::Result<bool> {
    let (_, _, _, _) = names();
    let parallel = Parallel::new().n_jobs(1);
    let texts = parallel.run([text::delayed(1), text::delayed(2)])?;
    let more = parallel.run([delayed!(text(3))])?;
    let found = twice(1) == ::std::option::Option::Some(4) && twice::check_call_in_cache(1);
    ::std::result::Result::Ok(found && texts == ["1", "2"] && more == ["3"])
}
