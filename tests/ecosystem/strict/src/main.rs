//! A program that forbids or denies what a strict one does: what the macros of joblib make is neither reported nor refused.

#![forbid(
    unsafe_code,
    deprecated,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    let_underscore_drop,
    macro_use_extern_crate,
    meta_variable_misuse,
    missing_abi,
    missing_copy_implementations,
    missing_debug_implementations,
    non_ascii_idents,
    private_bounds,
    private_interfaces,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unnameable_types,
    unreachable_code,
    unreachable_pub,
    unused_crate_dependencies,
    unused_import_braces,
    unused_lifetimes,
    unused_macro_rules,
    unused_must_use,
    unused_results,
    variant_size_differences
)]
#![forbid(
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::clone_on_ref_ptr,
    clippy::dbg_macro,
    clippy::exit,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_docs_in_private_items,
    clippy::panic,
    clippy::panic_in_result_fn,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::shadow_unrelated,
    clippy::todo,
    clippy::undocumented_unsafe_blocks,
    clippy::unimplemented,
    clippy::unwrap_used,
    clippy::wildcard_imports
)]
// What serde's derive allows can't be forbidden, only denied.
#![deny(
    missing_docs,
    warnings,
    future_incompatible,
    nonstandard_style,
    rust_2018_idioms,
    rust_2021_compatibility,
    unused,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]

mod bare;
pub mod documented;

use std::process::ExitCode;

use joblib::memory::FunctionStats;
use joblib::{Memory, Parallel, cached, delayed, dump, load, task, tracked};
use serde::{Deserialize, Serialize};
use thiserror as _;

/// What a step gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Count {
    /// How many there are.
    number: u64,
}

/// A helper that is named in `depends`.
#[tracked]
const fn next(number: u64) -> u64 {
    number.wrapping_add(1)
}

/// A cached function with options.
#[cached(ignore = "_verbose", depends(next), version = 2)]
fn count(number: u64, _verbose: bool) -> Count {
    Count { number: next(number) }
}

/// A cached function that fails.
#[cached(keep = "ok", redact, replay)]
fn checked(number: u64) -> Result<u64, String> {
    number.checked_sub(1).ok_or_else(|| String::from("nothing is below zero"))
}

/// A cached async function.
#[cached]
async fn later(text: &str) -> Option<String> {
    std::future::ready(Some(text.to_owned())).await
}

/// A generic one.
#[cached]
fn longest<T: AsRef<str> + Serialize + Sync>(texts: &[T]) -> usize {
    texts.iter().map(|text| text.as_ref().len()).max().unwrap_or_default()
}

/// With methods.
#[derive(Debug, Clone, Copy, Serialize)]
struct Scale {
    /// The factor.
    by: u64,
}

impl Scale {
    /// A cached method.
    #[cached(self = "hash")]
    fn scaled(self, number: u64) -> u64 {
        number.wrapping_mul(self.by)
    }
}

/// A task.
#[task]
const fn double(number: u64) -> u64 {
    number.wrapping_mul(2)
}

/// Whether what was found is what is expected.
fn steps(again: bool) -> joblib::Result<bool> {
    Memory::new("cache")?.install()?;
    let counted = count(1, true) == Count { number: 2 };
    let scaled = Scale { by: 3 }.scaled(2) == 6 && longest(&["a", "bc"]) == 2;
    let failed = checked(0).is_err() && checked(1) == Ok(0);
    let hits = |stats: FunctionStats| stats.hits == u64::from(again);
    let hit = hits(count::stats()) && hits(longest::stats()) && hits(checked::stats());
    let future = core::pin::pin!(later("text"));
    let polled = future.poll(&mut core::task::Context::from_waker(core::task::Waker::noop()));
    let ready = polled == core::task::Poll::Ready(Some(String::from("text")));
    let parallel = Parallel::new().n_jobs(2).backend("loky");
    let doubled = parallel.run([1, 2].map(double::delayed))? == [2, 4];
    let tripled = parallel.run([1, 2].map(|number| delayed!(next(number))))? == [2, 3];
    dump(&Count { number: 1 }, "count.joblib")?;
    let loaded = load::<Count>("count.joblib")? == Count { number: 1 };
    Ok(counted && scaled && failed && hit && ready && doubled && tripled && loaded && bare::works()?)
}

fn main() -> ExitCode {
    let again = std::env::args().nth(1).as_deref() == Some("again");
    let works = steps(again);
    if works.is_ok_and(|works| works && documented::halved(4) == 2) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
