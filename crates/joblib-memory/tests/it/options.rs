//! Options that are not valid: the first call that can fail says so, and no call of a function uses them.

use joblib_array::MmapMode;
use joblib_memory::{Explanation, Memory, Warnings};

use crate::stores::memories;

#[test]
fn an_invalid_option_is_an_error_of_the_first_call_that_can_fail() {
    for (memory, _folder) in memories("invalid options") {
        for memory in [
            memory.clone().bytes_limit("10 apples"),
            memory.clone().mmap_mode(MmapMode::ReadWrite),
            memory.clone().mmap_mode(MmapMode::ReadWrite).bytes_limit("1G").verbose(0),
        ] {
            let memory = memory.warnings(Warnings::Off);
            assert!(memory.install().unwrap_err().is_invalid_option());
            assert!(memory.clone().checked().unwrap_err().is_invalid_option());
            assert!(memory.clear().unwrap_err().is_invalid_option());
            assert!(memory.items().unwrap_err().is_invalid_option());
            assert!(memory.reduce_size(memory.limits()).unwrap_err().is_invalid_option());
            // A function is called all the same, and nothing is stored under options that nobody meant.
            let double = memory.cache("double", |x: u32| 2 * x);
            assert_eq!((double.eval((1,)), double.call_and_shelve((1,)).into_inner().unwrap()), (2, 2));
            assert!(!double.check_call_in_cache((1,)));
            assert!(matches!(double.explain((1,)), Explanation::InvalidOption(_)));
        }
        assert_eq!(memory.items().unwrap().len(), 0);
    }
}

#[test]
fn an_invalid_option_of_a_function_is_its_own() {
    for (memory, _folder) in memories("invalid options of a function") {
        let memory = memory.warnings(Warnings::Off);
        let double = memory.cache("double", |x: u32| 2 * x);
        let wrong = double.clone().mmap_mode(MmapMode::ReadWrite);
        assert!(wrong.clear().unwrap_err().is_invalid_option());
        assert_eq!(wrong.eval((1,)), 2);
        assert!(!double.check_call_in_cache((1,)), "nothing was stored");
        double.eval((1,));
        assert!(double.check_call_in_cache((1,)));
    }
}

#[test]
fn a_memory_takes_its_invalid_option_to_another_process() {
    let memory = Memory::none().bytes_limit("10 apples");
    let text = serde_json::to_string(&memory).unwrap();
    let sent: Memory = serde_json::from_str(&text).unwrap();
    let error = sent.checked().unwrap_err().to_string();
    assert!(error.contains("10 apples"), "{error}");
}
