//! `Memory` and `Parallel` together: the installed memory reaches worker processes by itself, and references to stored
//! results travel instead of the results.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use joblib::parallel::Backend;
use joblib::prelude::*;
use joblib::{MemorizedResult, Shelved};

/// The tests of one process take turns with its installed memory.
static TURN: Mutex<()> = Mutex::new(());

const BACKENDS: [&str; 4] = ["sequential", "threading", "loky", "multiprocessing"];

#[cached]
fn computed_by(n: u64, _backend: &str) -> (u64, u32) {
    (n * n, std::process::id())
}

#[allow(clippy::needless_pass_by_value, reason = "tasks own their arguments")]
fn task(n: u64, backend: String) -> (u64, u32) {
    computed_by(n, &backend)
}

#[cached]
fn large(n: u64) -> Array<f64> {
    (0..n).map(|i| i as f64).collect()
}

/// The sum of a stored array, and where it was read.
#[allow(clippy::needless_pass_by_value, reason = "tasks own their arguments")]
fn total(array: MemorizedResult<Array<f64>>) -> (f64, bool, u32) {
    let array = array.get().unwrap();
    (array.as_slice().iter().sum(), array.is_mapped(), std::process::id())
}

/// What the worker's memory is told, and whether a result was mapped there.
fn told(n: u64) -> (String, bool, u32) {
    (format!("{:?}", Memory::installed()), large(n).is_mapped(), std::process::id())
}

/// Of any type, also one that borrows.
#[cached(memory = memory, ignore = "memory")]
fn longest<T: AsRef<str> + serde::Serialize>(texts: &[T], memory: &Memory) -> usize {
    texts.iter().map(|text| text.as_ref().len()).max().unwrap_or_default()
}

#[test]
fn a_generic_function_is_cached_also_for_types_that_borrow() {
    let memory = Memory::with_backend("in_memory", "generic").unwrap();
    let text = String::from("one two");
    let words: Vec<&str> = text.split(' ').collect();
    assert_eq!([longest(&words, &memory), longest(&words, &memory)], [3, 3]);
    assert_eq!(memory.stats().hits, 1);
}

#[test]
fn the_settings_of_the_installed_memory_reach_workers() {
    let folder = tempfile::tempdir().unwrap();
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let memory = Memory::new(folder.path()).unwrap();
    let mapped = memory.clone().mmap_mode(MmapMode::Read).bytes_limit("1G");
    let limited = memory.compress(("gzip", 1)).items_limit(1).waiting_time(Duration::from_secs(3));
    for backend in ["loky", "multiprocessing"] {
        let parallel = Parallel::new().n_jobs(2).backend(Backend::from(backend));
        // Each in turn, also for workers that have seen the other.
        for (memory, maps) in [(&mapped, true), (&limited, false)] {
            memory.install().unwrap();
            large::clear().unwrap();
            for (settings, is_mapped, pid) in parallel.run((1000..1004).map(|n| delayed(told, (n,)))).unwrap()
            {
                assert_eq!(settings, format!("{memory:?}"), "{backend}");
                assert_eq!(is_mapped, maps, "{backend}");
                assert_ne!(pid, std::process::id());
            }
        }
        // Each of the two workers may be in the middle of dropping what the other has just stored.
        assert!(limited.items().unwrap().len() <= 2, "workers keep the limits");
    }
}

#[test]
fn cached_functions_in_workers_fill_and_use_the_memory_that_the_caller_installed() {
    let folder = tempfile::tempdir().unwrap();
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    Memory::new(folder.path()).unwrap().install().unwrap();
    for backend in BACKENDS {
        let parallel = Parallel::new().n_jobs(2).backend(Backend::from(backend));
        let call =
            |from: u64| parallel.run((from..from + 10).map(|n| delayed(task, (n, backend.to_owned()))));
        let first = call(0).unwrap();
        assert!(first.iter().map(|(square, _)| *square).eq((0..10).map(|n| n * n)));
        let elsewhere = first.iter().all(|(_, pid)| *pid != std::process::id());
        assert_eq!(elsewhere, matches!(backend, "loky" | "multiprocessing"), "{backend}");
        // The caller finds what they stored, and a re-run computes only what is missing.
        assert!((0..10).all(|n| computed_by::check_call_in_cache(n, backend)), "{backend}");
        let again = call(5).unwrap();
        assert_eq!(again[..5], first[5..], "{backend}");
        // Another memory is another memory, also for workers that have seen the first.
        let other = tempfile::tempdir().unwrap();
        Memory::new(other.path()).unwrap().install().unwrap();
        call(0).unwrap();
        assert!((0..10).all(|n| computed_by::check_call_in_cache(n, backend)), "{backend}");
        Memory::new(folder.path()).unwrap().install().unwrap();
    }
    // A reference to a result travels as its address: the worker reads the store.
    let Shelved::Memorized(reference) = large::call_and_shelve(500_000) else { panic!("it was not stored") };
    for backend in BACKENDS {
        let parallel = Parallel::new().n_jobs(2).backend(Backend::from(backend));
        for (sum, _, _) in parallel.run((0..4).map(|_| delayed(total, (reference.clone(),)))).unwrap() {
            assert_eq!(sum.to_bits(), (499_999.0_f64 * 500_000.0 / 2.0).to_bits());
        }
        reference.get().unwrap();
    }
    // Not sent with the task: when the store has lost it, so has the worker.
    reference.clear().unwrap();
    let error = Parallel::new().n_jobs(2).backend("loky").run([delayed(total, (reference,))]).unwrap_err();
    assert!(error.is_panic(), "{error}");
}
