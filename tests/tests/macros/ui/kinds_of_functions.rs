//! Functions that can't be cached, and what to write instead.

use joblib_macros::cached;

#[cached]
const fn constant(x: u8) -> u8 {
    x
}

#[cached]
unsafe fn dangerous(x: u8) -> u8 {
    x
}

#[cached]
extern "C" fn foreign(x: u8) -> u8 {
    x
}

#[cached]
#[track_caller]
fn tracks_its_caller(x: u8) -> u8 {
    x
}

#[cached]
#[unsafe(no_mangle)]
pub fn exported(x: u8) -> u8 {
    x
}

#[cached]
#[cached]
fn twice(x: u8) -> u8 {
    x
}

#[cached]
struct NotAFunction;

#[cached]
const CONSTANT: u8 = 1;

#[cached]
impl NotAFunction {
    fn method(x: u8) -> u8 {
        x
    }
}

trait Declared {
    #[cached]
    fn declared(x: u8) -> u8;
}

fn main() {}
