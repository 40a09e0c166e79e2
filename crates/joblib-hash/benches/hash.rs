//! The inner loops of hashing.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use joblib_array::Array;
use joblib_hash::hash;

fn main() {
    divan::main();
}

#[divan::bench(args = [1 << 10, 1 << 17, 32_000_000])]
fn array(bencher: Bencher<'_, '_>, len: usize) {
    let array = Array::from_fn(&[len], |index| index[0] as f64);
    bencher.counter(BytesCount::of_many::<f64>(len)).bench_local(|| hash(black_box(&array)));
}

#[divan::bench(args = [1 << 10, 1_000_000])]
fn numbers_in_a_vec(bencher: Bencher<'_, '_>, len: usize) {
    let numbers: Vec<f64> = (0..len).map(|i| i as f64).collect();
    bencher.counter(BytesCount::of_many::<f64>(len)).bench_local(|| hash(black_box(&numbers)));
}

#[divan::bench(args = [1 << 10, 20_000_000])]
fn numbers_in_a_slice(bencher: Bencher<'_, '_>, len: usize) {
    let numbers: Vec<f64> = (0..len).map(|i| i as f64).collect();
    bencher.counter(BytesCount::of_many::<f64>(len)).bench_local(|| hash(black_box(&numbers[..])));
}

#[divan::bench]
fn strings(bencher: Bencher<'_, '_>) {
    let strings: Vec<String> = (0..100_000).map(|i| format!("row-{i}")).collect();
    bencher.bench_local(|| hash(black_box(&strings)));
}

#[divan::bench]
fn small_tuple(bencher: Bencher<'_, '_>) {
    let map = std::collections::HashMap::from([("seven", 8)]);
    let value = (1, "two", 3.0, [4, 5, 6], map);
    bencher.bench_local(|| hash(black_box(&value)));
}

#[divan::bench]
fn map_of_numbers(bencher: Bencher<'_, '_>) {
    let map: std::collections::HashMap<u64, f64> = (0..100_000_u32).map(|i| (i.into(), i.into())).collect();
    bencher.bench_local(|| hash(black_box(&map)));
}

#[divan::bench]
fn map_of_strings(bencher: Bencher<'_, '_>) {
    let map: std::collections::HashMap<String, f64> =
        (0..100_000).map(|i| (format!("key-{i}"), f64::from(i))).collect();
    bencher.bench_local(|| hash(black_box(&map)));
}
