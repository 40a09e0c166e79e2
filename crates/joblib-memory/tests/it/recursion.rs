//! Deep recursion through cached functions.

use std::hint::black_box;
use std::thread;

use joblib_memory::Memory;

use crate::stores::{KINDS, memory_of};

/// The plain function: returns how far the stack grew, in bytes.
#[inline(never)]
fn plain(n: u32, base: usize) -> usize {
    let here = black_box([n; 8]);
    let address = here.as_ptr() as usize;
    if n == 0 { base - address } else { black_box(plain(n - 1, base)).max(base - address) }
}

/// The stack that `depth` calls of the plain function need.
fn stack_of_plain(depth: u32) -> usize {
    let start = 0;
    let base = std::ptr::from_ref(black_box(&start)) as usize;
    plain(depth, base)
}

#[inline(never)]
fn cached(memory: &Memory, n: u32) -> u32 {
    let here = black_box([n; 8]);
    let body = |n: u32| if n == 0 { 0 } else { cached(memory, n - 1) + 1 };
    memory.cache("depth", body).captures(()).eval((n,)) + here[0] - n
}

#[test]
fn deep_recursion_needs_at_most_twice_the_stack_of_the_plain_function() {
    let folder = tempfile::tempdir().unwrap();
    for kind in KINDS {
        let memory = match *kind {
            // Looking at everything after each result is for other tests.
            "object" => Memory::open("memory://tests/deep").unwrap(),
            kind => memory_of(kind, "deep recursion", folder.path()),
        };
        // Each level stores a result; the stores on disk are given fewer.
        let depth = if memory.backend() == Some("in_memory") { 50_000 } else { 3000 };
        let measured = thread::Builder::new().stack_size(64 << 20).spawn(move || stack_of_plain(depth));
        let stack = 2 * measured.unwrap().join().unwrap();
        let deep = memory.clone();
        let result = thread::Builder::new().stack_size(stack).spawn(move || cached(&deep, depth));
        assert_eq!(result.unwrap().join().unwrap(), depth);
        assert_eq!(memory.stats().misses, u64::from(depth) + 1, "in {memory:?}");
        let again = memory.clone();
        assert_eq!(cached(&again, depth), depth, "and every level is stored");
        assert_eq!(memory.stats().hits, 1);
    }
}
