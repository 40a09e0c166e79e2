//! `hasher`: what the arguments of a function are hashed with, instead of the memory's.

use joblib_hash::Algorithm;
use joblib_macros::cached;
use joblib_memory::Memory;

const FAST: Algorithm = Algorithm::Xxh3;

fn memory() -> Memory {
    Memory::with_backend("in_memory", "hashed by option").unwrap()
}

#[cached(crate = joblib_memory, memory = memory(), hasher = "xxh3", name = "sum")]
fn by_name(numbers: &[f64]) -> f64 {
    numbers.iter().sum()
}

#[cached(crate = joblib_memory, memory = memory(), hasher = FAST)]
fn by_constant(numbers: &[f64]) -> f64 {
    numbers.iter().sum()
}

#[cached(crate = joblib_memory, memory = memory().hasher(FAST), hasher = "blake3")]
fn by_default_in_spite_of_its_memory(numbers: &[f64]) -> f64 {
    numbers.iter().sum()
}

#[test]
fn a_function_finds_its_results_by_the_hash_that_it_asks_for() {
    let _memory = memory();
    let (numbers, others) = (vec![0.5; 300_000], vec![0.25; 300_000]);
    for _ in 0..2 {
        assert_eq!([by_name(&numbers), by_name(&others)], [150_000.0, 75_000.0]);
        assert_eq!([by_constant(&numbers), by_constant(&others)], [150_000.0, 75_000.0]);
        assert_eq!(by_default_in_spite_of_its_memory(&numbers), 150_000.0);
    }
    assert_eq!((by_name::stats().hits, by_name::stats().misses), (2, 2));
    assert_eq!((by_constant::stats().hits, by_constant::stats().misses), (2, 2));
    assert!(by_default_in_spite_of_its_memory::check_call_in_cache(&numbers));
}
