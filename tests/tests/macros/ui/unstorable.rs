//! Arguments and results of types that the macro knows, and what to write instead.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;

use joblib_macros::cached;

struct Model;

#[cached]
fn future(n: u8) -> impl Future<Output = u8> {
    async move { n }
}

#[cached]
fn boxed_future(n: u8) -> Pin<Box<dyn Future<Output = u8> + Send>> {
    Box::pin(async move { n })
}

#[cached]
fn borrowed_or_owned(text: &str) -> Vec<Cow<'_, str>> {
    vec![text.into()]
}

#[cached]
fn without_a_size(numbers: [f64]) -> usize {
    numbers.len()
}

#[cached]
#[test]
fn a_test() {}

impl Model {
    #[cached]
    fn by_value(self, x: u8) -> u8 {
        x
    }
}

#[cached("name")]
fn a_text(x: u8) -> u8 {
    x
}

#[cached(memory)]
fn memory_without_a_value(x: u8) -> u8 {
    x
}

fn main() {}
