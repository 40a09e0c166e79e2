//! Whole calls against rayon on the same work, and the inner loops of the process backends.
//!
//! `cargo bench -p joblib-parallel`

use std::hint::black_box;
use std::time::{Duration, Instant};

use divan::Bencher;
use divan::counter::ItemsCount;
use joblib_array::Array;
use joblib_parallel::{Backend, Generator, Parallel, delayed};
use rayon::prelude::*;

fn main() {
    divan::main();
}

const BACKENDS: [&str; 3] = ["threading", "loky", "multiprocessing"];

fn identity(n: u64) -> u64 {
    n
}

/// Keeps the processor busy for this many nanoseconds.
fn spin(ns: u64) -> u64 {
    let started = Instant::now();
    let limit = Duration::from_nanos(ns);
    let mut n = 0;
    while started.elapsed() < limit {
        n += 1;
    }
    black_box(n)
}

fn parallel(backend: &str) -> Parallel {
    let parallel = Parallel::new().backend(Backend::from(backend)).n_jobs(2);
    parallel.run((0..200).map(|n| delayed(identity, (n,)))).unwrap();
    parallel
}

#[divan::bench(args = ["sequential", "threading", "loky", "multiprocessing"], sample_count = 20)]
fn tiny(bencher: Bencher, backend: &str) {
    let parallel = parallel(backend);
    bencher
        .counter(ItemsCount::new(20_000_u32))
        .bench_local(|| parallel.run((0..20_000).map(|n| delayed(identity, (n,)))).unwrap());
}

#[divan::bench(args = ["sequential", "threading"], sample_count = 20)]
fn tiny_streamed(bencher: Bencher, backend: &str) {
    let parallel = parallel(backend).return_as(Generator);
    bencher.counter(ItemsCount::new(20_000_u32)).bench_local(|| {
        let results = parallel.run((0..20_000).map(|n| delayed(identity, (n,)))).unwrap();
        results.map(Result::unwrap).sum::<u64>()
    });
}

#[divan::bench(args = BACKENDS, sample_count = 50)]
fn one_task(bencher: Bencher, backend: &str) {
    let parallel = parallel(backend);
    bencher.bench_local(|| parallel.run((0..1).map(|n| delayed(identity, (n,)))).unwrap());
}

#[divan::bench(args = ["loky", "multiprocessing"], sample_count = 10)]
fn shared_80mb_x100(bencher: Bencher, backend: &str) {
    let parallel = parallel(backend);
    let array: Array<f64> = Array::from_vec(vec![1.0; 10_000_000], &[10_000_000]).unwrap();
    let sum = |array: Array<f64>, k: usize| array.as_slice()[k * 1000..(k + 1) * 1000].iter().sum::<f64>();
    bencher.bench_local(|| parallel.run((0..100).map(|k| delayed(sum, (array.clone(), k)))).unwrap());
}

/// Durations of single tasks, in nanoseconds, and how many of them.
const WORK: [(u64, u64); 3] = [(1_000, 100_000), (10_000, 20_000), (100_000, 2_000)];

#[divan::bench(args = WORK, sample_count = 10)]
fn threads(bencher: Bencher, (ns, tasks): (u64, u64)) {
    let parallel = parallel("threading");
    bencher.bench_local(|| parallel.run((0..tasks).map(|_| delayed(spin, (ns,)))).unwrap());
}

#[divan::bench(args = WORK, sample_count = 10)]
fn rayon(bencher: Bencher, (ns, tasks): (u64, u64)) {
    bencher.bench_local(|| (0..tasks).into_par_iter().map(|_| spin(ns)).collect::<Vec<_>>());
}

/// One task in a hundred takes a hundred times as long.
fn skewed(n: u64) -> u64 {
    spin(if n.is_multiple_of(100) { 200_000 } else { 2_000 })
}

#[divan::bench(sample_count = 10)]
fn threads_skewed(bencher: Bencher) {
    let parallel = parallel("threading");
    bencher.bench_local(|| parallel.run((0..20_000).map(|n| delayed(skewed, (n,)))).unwrap());
}

#[divan::bench(sample_count = 10)]
fn rayon_skewed(bencher: Bencher) {
    bencher.bench_local(|| (0..20_000).into_par_iter().map(skewed).collect::<Vec<_>>());
}
