//! What joblib's own tests of `Memory` hold, where `joblib-memory`'s tests do not hold it already.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use joblib_array::{Array, MmapMode};
use joblib_memory::{Limits, MemorizedResult, Memory, Policy, Shelved};
use joblib_parallel::{Parallel, delayed};
use joblib_store::StoreOptions;
use joblib_tests::files;
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn get_1000_bytes(n: u64) -> Vec<u8> {
    vec![n as u8; 1000]
}

/// Results of a thousand bytes for ten arguments.
fn toy(memory: &Memory) {
    for n in 0..10 {
        memory.eval("get_1000_bytes", get_1000_bytes, (n,));
    }
}

#[test]
fn a_result_is_computed_once_with_each_way_of_storing_and_again_after_the_cache_was_cleared_or_lost() {
    let folder = folder();
    for compress in [false, true] {
        for mmap in [None, Some(MmapMode::Read)] {
            let mut memory = Memory::new(folder.path()).unwrap().compress(compress);
            if let Some(mode) = mmap {
                memory = memory.mmap_mode(mode);
            }
            let runs = Cell::new(0);
            let body = |n: usize| {
                runs.set(runs.get() + 1);
                Array::from_vec(vec![0.5; n], &[n]).unwrap()
            };
            let f = memory.cache("f", body).captures(());
            let first = f.eval((5000,));
            assert_eq!((f.eval((5000,)), runs.get()), (first.clone(), 1));
            let same = memory.cache("f", body).captures(()).eval((5000,));
            assert_eq!((same, runs.get()), (first.clone(), 1), "another handle makes the same call");
            f.clear().unwrap();
            assert_eq!((f.eval((5000,)), runs.get()), (first.clone(), 2));
            // Somebody deletes the folder under the running program.
            std::fs::remove_dir_all(folder.path()).unwrap();
            assert_eq!((f.eval((5000,)), runs.get()), (first, 3));
            memory.clear().unwrap();
        }
    }
}

#[test]
fn an_argument_that_was_changed_in_place_is_another_argument() {
    let folder = folder();
    let memory = Memory::new(folder.path()).unwrap();
    let length = memory.cache("length", |list: &RefCell<Vec<u8>>| {
        list.borrow_mut().push(0);
        list.borrow().len() - 1
    });
    let list = RefCell::new(Vec::new());
    assert_eq!(length.eval((&list,)), 0);
    assert_eq!(length.eval((&list,)), 1);
}

#[test]
fn arguments_are_known_by_the_content_of_their_arrays() {
    let folder = folder();
    for mode in [None, Some(MmapMode::Read)] {
        let mut memory = Memory::new(folder.path()).unwrap();
        if let Some(mode) = mode {
            memory = memory.mmap_mode(mode);
        }
        let runs = Cell::new(0);
        let same = memory
            .cache("same", |array: Array<f64>| {
                runs.set(runs.get() + 1);
                array
            })
            .captures(());
        for n in 0..3 {
            let array = || Array::from_fn(&[10, 10], |at| (at[0] * n + at[1]) as f64);
            for _ in 0..3 {
                assert_eq!(same.eval((array(),)), array());
            }
            assert_eq!(runs.get(), n + 1);
        }
        memory.clear().unwrap();
    }
}

#[test]
fn a_damaged_result_is_computed_again_mapped_as_asked_and_a_reference_to_it_says_so() {
    let folder = folder();
    let memory = Memory::new(folder.path()).unwrap().mmap_mode(MmapMode::Read);
    let runs = Cell::new(0_u64);
    let twice = memory
        .cache("twice", |n: usize| {
            runs.set(runs.get() + 1);
            Array::from_vec(vec![2.0; n], &[n]).unwrap()
        })
        .captures(());
    twice.eval((1000,));
    let spoil = || {
        let results = files::results(folder.path());
        assert_eq!(results.len(), 1);
        std::fs::write(&results[0], "garbage").unwrap();
    };
    spoil();
    assert_eq!((twice.eval((1000,)).len(), runs.get()), (1000, 2));
    assert!(twice.eval((1000,)).is_mapped());
    let Shelved::Memorized(reference) = twice.call_and_shelve((1000,)) else { panic!("it was stored") };
    spoil();
    let error = reference.get().unwrap_err();
    assert!(error.is_unreadable(), "{error}");
}

#[test]
fn a_reference_is_of_a_memory_or_of_none_and_is_gone_once_cleared() {
    let folder = folder();
    let square = |x: i32| x * x;
    for memory in [Memory::new(folder.path()).unwrap(), Memory::none()] {
        let stores = memory.location().is_some();
        let f = memory.cache("square", square);
        assert_eq!(f.eval((2,)), 4);
        assert_eq!(f.check_call_in_cache((2,)), stores);
        let reference = f.call_and_shelve((2,));
        assert_eq!(matches!(reference, Shelved::Memorized(_)), stores);
        assert_eq!(reference.get().unwrap(), 4);
        reference.clear().unwrap();
        if stores {
            assert!(reference.get().unwrap_err().is_gone());
        }
        reference.clear().unwrap();
    }
    Memory::none().clear().unwrap();
}

#[test]
fn a_panicking_call_is_not_remembered() {
    let folder = folder();
    let memory = Memory::new(folder.path()).unwrap();
    let runs = AtomicU64::new(0);
    let fails = memory
        .cache("fails", |x: i32| {
            runs.fetch_add(1, Ordering::Relaxed);
            assert!(x == 0, "not zero");
            x
        })
        .captures(());
    assert_eq!(fails.eval((0,)), 0);
    for _ in 0..3 {
        let call = std::panic::AssertUnwindSafe(|| fails.eval((1,)));
        assert!(std::panic::catch_unwind(call).is_err());
    }
    assert_eq!(runs.load(Ordering::Relaxed), 4);
}

#[test]
fn results_stored_in_one_place_are_read_after_it_was_moved() {
    let folder = folder();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    toy(&Memory::new(&first).unwrap());
    std::fs::rename(&first, &second).unwrap();
    let memory = Memory::new(&second).unwrap();
    assert!(memory.cache("get_1000_bytes", get_1000_bytes).check_call_in_cache((3_u64,)));
}

#[test]
fn a_function_stays_readable_beside_its_results_and_its_folder_after_one_was_deleted() {
    let folder = folder();
    // A file for each result, small as they are.
    let options = StoreOptions::new(folder.path()).option("pack_below", "0");
    let memory = Memory::with_options("local", &options).unwrap();
    toy(&memory);
    let results = files::results(folder.path());
    assert_eq!(results.len(), 10);
    std::fs::remove_file(&results[0]).unwrap();
    toy(&memory);
    assert_eq!(files::results(folder.path()).len(), 10);
}

#[test]
fn items_tell_their_size_and_their_metadata() {
    let folder = folder();
    let memory = Memory::new(folder.path()).unwrap();
    toy(&memory);
    let items = memory.items().unwrap();
    assert_eq!(items.len(), 10);
    for (item, metadata) in items {
        assert!((1000..4000).contains(&item.bytes), "{}", item.bytes);
        let metadata = metadata.unwrap();
        assert_eq!(metadata.function(), "get_1000_bytes");
        assert_eq!(metadata.arguments().len(), 1);
        assert!(metadata.duration() < Duration::from_mins(1));
    }
}

#[test]
fn reducing_keeps_what_fits_and_takes_the_rest() {
    let folder = folder();
    let memory = Memory::new(folder.path()).unwrap();
    let count = || memory.items().unwrap().len();
    let reduce = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        memory.reduce_size(&limits).unwrap();
    };
    toy(&memory);
    reduce(|_| ());
    assert_eq!(count(), 10);
    reduce(|limits| limits.bytes = Some(1 << 20));
    reduce(|limits| limits.items = Some(10));
    reduce(|limits| limits.age = Some(Duration::from_hours(24)));
    assert_eq!(count(), 10);
    reduce(|limits| limits.bytes = Some(5000));
    assert!((1..=4).contains(&count()), "{}", count());
    reduce(|limits| limits.bytes = Some(500));
    assert_eq!(count(), 0);
    toy(&memory);
    reduce(|limits| limits.items = Some(2));
    assert_eq!(count(), 2);
    reduce(|limits| limits.items = Some(0));
    assert_eq!(count(), 0);
    toy(&memory);
    reduce(|limits| limits.age = Some(Duration::ZERO));
    assert_eq!(count(), 0);
}

#[test]
fn a_callback_decides_by_the_duration_of_the_computation() {
    let folder = folder();
    let memory = Memory::new(folder.path()).unwrap();
    let runs = Cell::new(0);
    let f = memory
        .cache("f", |x: i32, milliseconds: u64| {
            runs.set(runs.get() + 1);
            std::thread::sleep(Duration::from_millis(milliseconds));
            2 * x
        })
        .captures(())
        .ignore([1])
        .cache_validation_callback(|metadata| metadata.duration() > Duration::from_millis(40));
    assert_eq!((f.eval((2, 50)), f.eval((2, 0))), (4, 4));
    assert_eq!(runs.get(), 1, "what took long is kept");
    for valid in [true, false] {
        let constant = memory.cache("constant", |x: i32| x).cache_validation_callback(move |_| valid);
        constant.eval((1,));
        assert_eq!(constant.check_call_in_cache((1,)), valid);
    }
}

#[test]
fn an_unknown_backend_is_an_error_that_lists_those_there_are() {
    let error = Memory::with_backend("unknown", "somewhere").unwrap_err().to_string();
    assert!(error.contains("unknown") && error.contains("known are local, in_memory"), "{error}");
    for (misspelled, meant) in [("locl", "local"), ("inmemory", "in_memory"), ("Local", "local")] {
        let error = Memory::with_backend(misspelled, "somewhere").unwrap_err().to_string();
        assert!(error.contains(&format!("did you mean {meant:?}?")), "{error}");
    }
}

#[test]
fn the_text_of_a_memory_and_of_a_reference_tells_where_and_what() {
    let folder = folder();
    let memory = Memory::new(folder.path()).unwrap();
    let location = folder.path().display().to_string();
    assert!(format!("{memory:?}").contains(&location));
    let reference = memory.cache("sum", |a: i32, b: i32| a + b).call_and_shelve((42, 42));
    let text = reference.memorized().unwrap().to_string();
    assert!(text.contains(&location) && text.contains("sum"), "{text}");
}

#[test]
fn an_existing_gitignore_is_left_alone() {
    let folder = folder();
    let path = folder.path().join(".gitignore");
    std::fs::write(&path, "# mine").unwrap();
    toy(&Memory::new(folder.path()).unwrap());
    assert_eq!(std::fs::read_to_string(path).unwrap(), "# mine");
}

#[test]
fn a_reference_made_here_is_read_by_worker_processes() {
    #[expect(clippy::needless_pass_by_value, reason = "a task owns its arguments")]
    fn length(reference: MemorizedResult<Vec<u8>>) -> usize {
        reference.get().unwrap().len()
    }
    let folder = folder();
    let memory = Memory::new(folder.path()).unwrap();
    let Shelved::Memorized(reference) =
        memory.cache("large", |n: usize| vec![0_u8; n]).call_and_shelve((100_000,))
    else {
        panic!("it was stored")
    };
    let tasks = (0..3).map(|_| delayed(length, (reference.clone(),)));
    assert_eq!(Parallel::new().backend("loky").n_jobs(2).run(tasks).unwrap(), [100_000; 3]);
}

#[test]
fn worker_processes_that_store_one_large_result_at_once_leave_it_whole() {
    fn strings(folder: PathBuf, count: usize) -> Vec<String> {
        let memory = Memory::new(folder).unwrap();
        memory.eval("strings", |n: usize| vec!["a".repeat(1000); n], (count,))
    }
    let folder = folder();
    let tasks = (0..6).map(|n| delayed(strings, (folder.path().to_owned(), 1000 - n % 2)));
    let parallel = Parallel::new().backend("loky").n_jobs(2).batch_size(1);
    let lengths: Vec<usize> = parallel.run(tasks).unwrap().iter().map(Vec::len).collect();
    assert_eq!(lengths, [1000, 999, 1000, 999, 1000, 999]);
    assert_eq!(files::results(folder.path()).len(), 2);
}

#[test]
fn a_reference_is_made_without_reading_the_result() {
    let folder = folder();
    let memory = Memory::new(folder.path()).unwrap();
    let ones = memory.cache("ones", |n: usize| Array::from_vec(vec![1.0; n], &[n]).unwrap());
    ones.eval((10_000,));
    // What was read would be found to be damaged.
    let file = &files::results(folder.path())[0];
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
    let Shelved::Memorized(reference) = ones.call_and_shelve((10_000,)) else { panic!("it is stored") };
    assert_eq!(memory.stats().misses, 1);
    assert!(reference.get().unwrap_err().is_unreadable());
}

#[test]
fn a_memory_travels_as_its_place_and_a_function_stays_where_it_is() {
    let folder = folder();
    let memory = Memory::new(folder.path()).unwrap();
    let double = |x: i32| 2 * x;
    memory.cache("double", double).eval((4,));
    let text = serde_json::to_string(&memory).unwrap();
    let there: Memory = serde_json::from_str(&text).unwrap();
    assert_eq!((there.location(), there.backend()), (memory.location(), memory.backend()));
    assert!(there.cache("double", double).check_call_in_cache((4,)));
    // As joblib's, it brings its settings along; the text of one without any is read as well.
    let settings = |memory: &Memory| format!("{memory:?}");
    let told = Memory::new(folder.path()).unwrap().mmap_mode(MmapMode::CopyOnWrite).verify_mapped(true);
    let told = told.compress(("xz", 6)).verbose(0).waiting_time(Duration::from_millis(1500)).items_limit(7);
    let told = told.bytes_limit("10G").age_limit(Duration::from_mins(1)).superseded_age_limit(None);
    let told = told.policy(Policy::CostAware).hasher(joblib_hash::Algorithm::Xxh3);
    for form in [true.into(), 3.into(), "lz4".into(), joblib_persist::Compress::from(("xz", 6))] {
        let told = told.clone().compress(form);
        let there: Memory = serde_json::from_str(&serde_json::to_string(&told).unwrap()).unwrap();
        assert_eq!(settings(&there), settings(&told));
        assert_ne!(settings(&there), settings(&memory));
    }
    let bare = serde_json::json!({ "backend": "local", "location": folder.path() }).to_string();
    assert_eq!(settings(&serde_json::from_str(&bare).unwrap()), settings(&memory));
    let none: Memory = serde_json::from_str(&serde_json::to_string(&Memory::none()).unwrap()).unwrap();
    assert_eq!(none.location(), None);
}
