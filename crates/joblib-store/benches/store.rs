//! The inner loops of stores: reading, asking, storing, and choosing what goes.
//!
//! `cargo bench -p joblib-store --all-features`

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use divan::{Bencher, black_box};
use joblib_store::{Candidate, Claim, FunctionVersion, Key, Limits, Policy, Store, StoreOptions, Usage};

fn main() {
    divan::main();
}

const BACKENDS: &[&str] =
    if cfg!(feature = "sqlite") { &["in_memory", "local", "sqlite"] } else { &["in_memory", "local"] };

/// As many bytes as a tiny result has with its metadata.
const TINY: [u8; 400] = [7; 400];

fn open(backend: &str, folder: &Path) -> Arc<dyn Store> {
    joblib_store::open(backend, &StoreOptions::new(folder)).unwrap()
}

/// A key that no earlier call gave.
fn fresh(version: &Arc<FunctionVersion>) -> Key {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    // Spread as digests are.
    let number = u128::from(NEXT.fetch_add(1, Ordering::Relaxed));
    Key::new(version, number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes())
}

fn put(store: &dyn Store, key: &Key) -> u64 {
    store.put(key, &mut |out| out.write_all(&TINY)).unwrap()
}

#[divan::bench(args = BACKENDS)]
fn get(bencher: Bencher<'_, '_>, backend: &str) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(backend, folder.path());
    let key = fresh(&FunctionVersion::new("bench::get", 1, ""));
    put(&*store, &key);
    bencher.bench(|| store.get(&key).unwrap().unwrap().into_bytes().unwrap());
}

#[divan::bench(args = BACKENDS)]
fn get_what_is_missing(bencher: Bencher<'_, '_>, backend: &str) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(backend, folder.path());
    let version = FunctionVersion::new("bench::missing", 1, "");
    put(&*store, &fresh(&version));
    let missing = fresh(&version);
    bencher.bench(|| store.get(&missing).unwrap().is_none());
}

#[divan::bench(args = BACKENDS, sample_count = 100, sample_size = 5)]
fn claim_and_write(bencher: Bencher<'_, '_>, backend: &str) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(backend, folder.path());
    let version = FunctionVersion::new("bench::claim", 1, "");
    bencher.bench(|| match store.claim(&fresh(&version)).unwrap() {
        Claim::Mine(claimed) => claimed.write(&mut |out| out.write_all(&TINY)).unwrap(),
        Claim::Taken(holder) => panic!("a fresh key is claimed by {holder:?}"),
    });
}

#[divan::bench(args = BACKENDS, sample_count = 100, sample_size = 5)]
fn put_and_tidy_within_a_limit(bencher: Bencher<'_, '_>, backend: &str) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(backend, folder.path());
    let version = FunctionVersion::new("bench::tidy", 1, "");
    let limits = Limits::default().items_limit(500);
    let step = || {
        let key = fresh(&version);
        put(&*store, &key);
        store.tidy(&key, &limits, &|_| None).unwrap()
    };
    for _ in 0..600 {
        step();
    }
    bencher.bench(step);
}

#[divan::bench(args = [100, 10_000])]
fn choose_half(bencher: Bencher<'_, '_>, candidates: u64) {
    let all: Vec<Candidate> = (0..candidates)
        .map(|i| Candidate {
            bytes: 100 + i % 17,
            idle: Duration::from_secs(i * 7919 % candidates),
            cost: Some(Duration::from_millis(i % 100)),
            current: i % 10 != 0,
        })
        .collect();
    let usage = Usage { bytes: all.iter().map(|candidate| candidate.bytes).sum(), items: candidates };
    let limits = Limits::default().items_limit(candidates / 2).policy(Policy::CostAware);
    bencher.bench(|| joblib_store::choose(black_box(&all), usage, &limits));
}

#[divan::bench]
fn name_of_a_function_on_disk(bencher: Bencher<'_, '_>) {
    bencher.bench(|| FunctionVersion::new(black_box("flights::model::fit"), 1, ""));
}
