//! Tests of the library from outside, each with a cache of its own.

use ecosystem_tests::sum_of_squares;
use joblib::prelude::*;

#[test]
fn a_result_is_computed_once() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::new(folder.path()).unwrap();
    assert_eq!([sum_of_squares(&memory, 4), sum_of_squares(&memory, 4)], [14, 14]);
    assert_eq!((memory.stats().hits, memory.stats().misses), (1, 1));
    assert_eq!(sum_of_squares(&Memory::none(), 4), 14);
}

#[test]
fn each_test_can_have_a_memory_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::new(folder.path()).unwrap();
    assert!(!sum_of_squares::check_call_in_cache(&memory, 4));
}
