//! A hit and a miss, beside what the file system alone takes for the same bytes.

use std::fs;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use divan::Bencher;
use joblib_array::{Array, MmapMode};
use joblib_memory::Memory;

fn main() {
    divan::main();
}

static NEXT: AtomicU64 = AtomicU64::new(0);

fn next() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[divan::bench]
fn hit_tiny(bencher: Bencher) {
    let folder = tempfile::tempdir().unwrap();
    let identity = Memory::new(folder.path()).unwrap().cache("identity", |x: u64| x);
    identity.eval((1,));
    bencher.bench(|| identity.eval((1,)));
}

/// The stored bytes are kept, and decoded.
#[divan::bench]
fn hit_tiny_kept_in_memory(bencher: Bencher) {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::new(folder.path()).unwrap().keep_in_memory("1M");
    let identity = memory.cache("identity", |x: u64| x);
    (0..2).for_each(|_| _ = identity.eval((1,)));
    bencher.bench(|| identity.eval((1,)));
}

#[divan::bench(sample_count = 200, sample_size = 5)]
fn miss_tiny(bencher: Bencher) {
    let folder = tempfile::tempdir().unwrap();
    let identity = Memory::new(folder.path()).unwrap().cache("identity", |x: u64| x);
    bencher.bench(|| identity.eval((next(),)));
}

#[divan::bench(sample_count = 200, sample_size = 5)]
fn miss_tiny_within_a_limit(bencher: Bencher) {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::new(folder.path()).unwrap().items_limit(500);
    let identity = memory.cache("identity", |x: u64| x);
    for _ in 0..600 {
        identity.eval((next(),));
    }
    bencher.bench(|| identity.eval((next(),)));
}

#[divan::bench(sample_count = 200, sample_size = 5)]
fn create_write_and_rename(bencher: Bencher) {
    let folder = tempfile::tempdir().unwrap();
    let bytes = [7; 400];
    bencher.bench(|| {
        let name = next();
        let temporary = folder.path().join(format!("{name}.tmp"));
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&temporary).unwrap();
        file.write_all(&bytes).unwrap();
        drop(file);
        fs::rename(&temporary, folder.path().join(format!("{name}"))).unwrap();
    });
}

#[divan::bench]
fn hit_8_mb(bencher: Bencher) {
    let folder = tempfile::tempdir().unwrap();
    let ones = Memory::new(folder.path()).unwrap().cache("ones", |n: usize| Array::from(vec![1.0; n]));
    ones.eval((1_000_000,));
    bencher.bench(|| ones.eval((1_000_000,)));
}

#[divan::bench]
fn hit_8_mb_mapped(bencher: Bencher) {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::new(folder.path()).unwrap().mmap_mode(MmapMode::Read);
    let ones = memory.cache("ones", |n: usize| Array::from(vec![1.0; n]));
    ones.eval((1_000_000,));
    bencher.bench(|| ones.eval((1_000_000,)));
}

#[divan::bench]
fn hit_with_an_argument_of_80_mb(bencher: Bencher) {
    let folder = tempfile::tempdir().unwrap();
    let len = Memory::new(folder.path()).unwrap().cache("len", |x: &Array<f64>| x.len());
    let x = Array::from(vec![1.0; 10_000_000]);
    len.eval((&x,));
    bencher.bench(|| len.eval((&x,)));
}
