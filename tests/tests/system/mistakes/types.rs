//! What only the compiler knows: the types of arguments, results and errors.

use joblib::parallel::{Generator, SharedMem};
use joblib::prelude::*;

struct Unknown;

#[derive(serde::Serialize, serde::Deserialize)]
struct NotClone;

struct OnlyText;

impl std::fmt::Display for OnlyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("text")
    }
}

fn takes(_: Unknown) -> u8 {
    0
}

fn takes_text(_: OnlyText) -> u8 {
    0
}

fn borrows(_: &Unknown, _: u8) -> u8 {
    0
}

fn returns(_: u8) -> Unknown {
    Unknown
}

fn fails(_: u8) -> Result<u8, std::io::Error> {
    Ok(0)
}

fn fails_with_text(_: u8) -> Result<u8, OnlyText> {
    Ok(0)
}

fn succeeds_with(_: u8) -> Result<Unknown, String> {
    Ok(Unknown)
}

fn plain(n: u8) -> u8 {
    n
}

#[task]
fn with_companion(_: &NotClone, n: u8) -> u8 {
    n
}

#[task]
fn moved(_: OnlyText) -> u8 {
    0
}

#[cached]
fn remembered(_: &[u8], n: u8) -> u8 {
    n
}

fn main() {
    let parallel = Parallel::new();
    // Arguments.
    let _ = delayed!(takes(Unknown)); //~ `Unknown` can't be an argument of a task
    let _ = parallel.run([delayed!(takes_text(OnlyText))]); //~ `OnlyText` can't be an argument of a task
    let _ = parallel.run([delayed!(borrows(&Unknown, 1))]); //~ `Unknown` can't be lent to a task
    let _ = delayed!(plain(1, 2)); //~ this function takes 1 argument
    let _ = delayed!(plain("text")); //~ mismatched types
    let _ = delayed!(missing(1)); //~ cannot find function `missing`
    let _ = delayed(takes, (Unknown,)); //~ `(Unknown,)` can't be sent to a worker
    let _ = delayed(plain, 1); //~ use a trailing comma to create a tuple with one element
    let _ = delayed(plain, (1_u8, 2_u8)); //~ expected a tuple with 1 element, found one with 2 elements
    let _ = with_companion::delayed(&NotClone, 1); //~ `NotClone` can't be lent to a task
    let _ = moved::delayed(OnlyText); //~ `OnlyText` can't be an argument of a task
    let _ = remembered::delayed(&[1]); //~ this function takes 2 arguments
    // Results and errors.
    let _ = parallel.run([delayed!(returns(1))]); //~ `Unknown` can't be sent to a worker
    let _ = parallel.run([delayed(returns, (1,))]); //~ `Unknown` can't be sent to a worker
    let _ = parallel.run([delayed(fails, (1,))]); //~ try_run
    let _ = parallel.try_run([delayed(plain, (1,))]); //~ expected `plain` to return `Result<_, _>`
    let _ = parallel.try_run([delayed(fails_with_text, (1,))]); //~ `OnlyText` is not an error that a task can return
    let _ = parallel.try_run([delayed(succeeds_with, (1,))]); //~ `Unknown` can't be sent to a worker
    let _ = parallel.clone().outcomes().try_run([delayed(fails_with_text, (1,))]); //~ .map_err(
    let _ = parallel.clone().return_as(Generator).try_run([delayed(fails_with_text, (1,))]); //~ .map_err(
    let _ = parallel.clone().require(SharedMem).try_run([|| fails_with_text(1)]); //~ .map_err(
    let _ = parallel.clone().fork().try_run([|| fails_with_text(1)]); //~ .map_err(
    let _ = parallel.clone().fork().run([|| Unknown]); //~ `Unknown` can't be sent to a worker
    // What is not a task.
    let _ = parallel.run([|| plain(1)]); //~ .require(SharedMem)
    let factor = 2;
    let scale = move |n: i32| n * factor;
    let _ = delayed!(scale(1)); //~ mismatched types
}
