//! What the macros see by themselves.

use joblib::prelude::*;

fn plain(n: u8) -> u8 {
    n
}

struct Model;

impl Model {
    #[task]
    fn score(&self, n: u8) -> u8 { //~ the task of a method is `delayed!(model.score(&x))`
        n
    }
}

#[task]
async fn later(n: u8) -> u8 { //~ no `async fn`
    n
}

#[task]
fn writes(n: &mut u8) { //~ no `&mut`
    *n += 1;
}

#[task]
fn borrowed(text: &str) -> &str { //~ its result an owned value
    text
}

#[task]
#[cached]
fn twice(n: u8) -> u8 { //~ has the companion `delayed` already
    n
}

#[task]
struct Item; //~ can only be applied to a function with a body

fn main() {
    let mut n = 1;
    let _ = delayed!(plain(&mut n)); //~ can't write to the caller's
    let _ = delayed!(plain); //~ takes a call as it is written
    let _ = delayed!(plain(1) + 1); //~ takes a call as it is written
    let _ = delayed!((|n| n)(1)); //~ by its name
    let _ = delayed!(plain(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)); //~ at most 12 arguments
    let _ = delayed!(); //~ takes a call as it is written
}
