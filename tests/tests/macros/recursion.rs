//! Deep recursion through `#[cached]`.

use std::hint::black_box;
use std::thread;

use joblib_macros::cached;
use joblib_memory::Memory;

const DEPTH: u32 = 50_000;

/// The plain function: returns how far the stack grew, in bytes.
#[inline(never)]
fn plain(n: u32, base: usize) -> usize {
    let here = black_box([n; 8]);
    let depth = base - here.as_ptr() as usize;
    if n == 0 { depth } else { black_box(plain(n - 1, base)).max(depth) }
}

fn memory() -> Memory {
    Memory::with_backend("in_memory", "deep recursion of cached functions").unwrap()
}

#[cached(crate = joblib_memory, memory = memory())]
fn deep(n: u32) -> u32 {
    let here = black_box([n; 8]);
    if n == 0 { 0 } else { black_box(deep(n - 1)) + here[0] + 1 - n }
}

#[test]
fn a_deep_recursion_fits_twice_the_stack_of_the_plain_function() {
    let _memory = memory();
    let measured = thread::Builder::new().stack_size(64 << 20).spawn(|| {
        let start = 0;
        plain(DEPTH, std::ptr::from_ref(black_box(&start)) as usize)
    });
    let stack = 2 * measured.unwrap().join().unwrap();
    let result = thread::Builder::new().stack_size(stack).spawn(|| deep(DEPTH));
    assert_eq!(result.unwrap().join().unwrap(), DEPTH);
    assert_eq!(deep::stats().misses, u64::from(DEPTH) + 1);
}
