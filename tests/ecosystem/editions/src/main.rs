//! A program of edition 2018 that calls joblib by another name, with a library of edition 2021 that does not.

use cached_steps::prelude::*;

#[cached(crate = cached_steps)]
fn sum(numbers: &[u64]) -> u64 {
    numbers.iter().sum()
}

#[tracked(crate = cached_steps)]
fn weight(x: f64) -> f64 {
    2.0 * x
}

#[cached(crate = cached_steps, depends(weight))]
fn weighted(x: f64) -> f64 {
    weight(x)
}

#[task(crate = cached_steps)]
fn dyn_len(text: &str) -> usize {
    // Words that are keywords in later editions.
    let r#gen = text.len();
    r#gen
}

fn main() -> cached_steps::Result<()> {
    let again = std::env::args().nth(1).map_or(false, |argument| argument == "again");
    Memory::new("cache")?.install()?;
    let squares = of_2021::squares(5);
    assert_eq!((sum(&squares), weighted(1.5)), (30, 3.0));
    let hits = [sum::stats().hits, weighted::stats().hits, of_2021::squares::stats().hits];
    assert_eq!(hits, [u64::from(again); 3]);
    assert_eq!(of_2021::all(3)?, [vec![], vec![0], vec![0, 1]]);
    let parallel = Parallel::new().n_jobs(2).backend("loky");
    assert_eq!(parallel.run(["a", "bc"].iter().map(|text| dyn_len::delayed(text)))?, [1, 2]);
    assert_eq!(parallel.run((1..3).map(|n| delayed!(weight(f64::from(n)))))?, [2.0, 4.0]);
    Ok(())
}
