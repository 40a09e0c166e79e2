//! What a memory promises, through `Memory::cache`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use joblib_array::{Array, MmapMode};
use joblib_memory::{Explanation, Limits, MemorizedResult, Memory, Shelved, StoreOptions};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A memory whose results have files of their own, small as they are.
fn memory(folder: &TempDir) -> Memory {
    let options = StoreOptions::new(folder.path()).option("pack_below", "0");
    Memory::with_options("local", &options).unwrap()
}

/// The files below a folder, without the store's notes.
fn entries(folder: &TempDir) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if entry.path().extension().is_some_and(|extension| extension == "joblib") {
                found.push(entry.path());
            }
        }
    }
    found
}

#[test]
fn a_result_is_computed_once_and_again_for_other_arguments() {
    let folder = folder();
    let count = AtomicUsize::new(0);
    let memory = memory(&folder);
    let add = memory
        .cache("add", |x: i32, y: i32| {
            count.fetch_add(1, Ordering::Relaxed);
            x + y
        })
        .captures(());
    for (x, y, calls) in [(1, 2, 1), (1, 2, 1), (2, 1, 2), (1, 2, 2)] {
        assert_eq!(add.eval((x, y)), x + y);
        assert_eq!(count.load(Ordering::Relaxed), calls);
    }
    assert_eq!(add.call((1, 2)), 3);
    assert_eq!(count.load(Ordering::Relaxed), 3, "`call` computes whatever is stored");
    assert_eq!(add.clear().unwrap(), 2);
    assert!(!add.check_call_in_cache((1, 2)));
}

#[test]
fn a_mapped_result_whose_array_is_damaged_is_computed_again_when_checks_are_asked_for() {
    let folder = folder();
    let memory = memory(&folder).mmap_mode(MmapMode::Read).verify_mapped(true);
    let count = AtomicUsize::new(0);
    let ones = memory
        .cache("ones", |len: usize| {
            count.fetch_add(1, Ordering::Relaxed);
            Array::from_fn(&[len], |_| 1.0)
        })
        .captures(());
    let shelved = ones.call_and_shelve((10_000,));
    assert!(ones.eval((10_000,)).is_mapped());
    let Shelved::Memorized(reference) = shelved else { panic!("the result is stored") };
    let sent: MemorizedResult<Array<f64>> = reference.to_string().parse().unwrap();

    let path = &entries(&folder)[0];
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
    assert!(sent.get().is_err(), "a reference keeps the wish");
    assert_eq!(ones.eval((10_000,)), Array::from_fn(&[10_000], |_| 1.0));
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

#[test]
fn results_outlive_the_memory_and_a_new_version_does_not_see_them() {
    let folder = folder();
    let double = |memory: &Memory, version| memory.cache("double", |x: i32| 2 * x).version(version);
    double(&memory(&folder), 1).eval((4,));
    assert!(double(&memory(&folder), 1).check_call_in_cache((4,)));
    assert!(!double(&memory(&folder), 2).check_call_in_cache((4,)));
    double(&memory(&folder), 2).eval((4,));
    assert!(double(&memory(&folder), 1).check_call_in_cache((4,)), "switching back hits again");
}

#[test]
fn a_damaged_entry_is_computed_again() {
    for damage in [&[][..], b"garbage", b"joblib"] {
        let folder = folder();
        let memory = memory(&folder);
        let half = memory.cache("half", |x: i32| x / 2);
        assert_eq!(half.eval((3,)), 1);
        std::fs::write(&entries(&folder)[0], damage).unwrap();
        assert_eq!(half.explain((3,)), Explanation::Corrupt);
        assert_eq!(half.eval((3,)), 1);
        assert!(half.check_call_in_cache((3,)), "the damaged entry was replaced");
    }
}

#[test]
fn any_flipped_byte_is_a_miss_and_never_a_wrong_value() {
    let folder = folder();
    let memory = memory(&folder);
    let words = memory.cache("words", |n: usize| vec!["word".to_owned(); n]);
    words.eval((3,));
    let path = &entries(&folder)[0];
    let whole = std::fs::read(path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        std::fs::write(path, &bytes).unwrap();
        assert_eq!(words.eval((3,)), vec!["word".to_owned(); 3], "byte {at}");
        assert!(words.explain((3,)).is_hit(), "byte {at}");
    }
}

#[test]
fn a_cache_that_cannot_be_written_leaves_results_as_they_are() {
    let folder = folder();
    let file = folder.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    let memory = Memory::new(file.join("cache")).unwrap();
    let double = memory.cache("double", |x: i32| 2 * x);
    assert_eq!((double.eval((4,)), double.eval((4,))), (8, 8));
    assert!(matches!(double.call_and_shelve((4,)), Shelved::NotMemorized(_)));
    assert!(memory.clear().unwrap_err().to_string().contains("file"));
}

#[test]
fn no_location_means_no_cache() {
    let memory = Memory::none();
    let count = AtomicUsize::new(0);
    let next = memory
        .cache("next", |x: i32| {
            count.fetch_add(1, Ordering::Relaxed);
            x + 1
        })
        .captures(());
    next.eval((1,));
    assert_eq!(next.call_and_shelve((1,)).get().unwrap(), 2);
    assert_eq!(count.load(Ordering::Relaxed), 2);
    assert_eq!(next.explain((1,)), Explanation::NoCache);
    assert!(Memory::new("").is_err());
}

#[test]
fn threads_that_ask_at_once_share_one_computation() {
    let folder = folder();
    let memory = memory(&folder);
    let count = Arc::new(AtomicUsize::new(0));
    let barrier = Arc::new(Barrier::new(8));
    let slow = memory
        .cache("slow", {
            let count = Arc::clone(&count);
            move |x: i32| {
                count.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(30));
                x
            }
        })
        .captures(());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                assert_eq!(slow.eval((1,)), 1);
            });
        }
    });
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[test]
fn a_panic_lets_the_next_one_compute() {
    let folder = folder();
    let memory = memory(&folder);
    let count = AtomicUsize::new(0);
    let once = memory
        .cache("once", |x: i32| {
            assert!(count.fetch_add(1, Ordering::Relaxed) > 0, "the first call panics");
            x
        })
        .captures(());
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| once.eval((1,)))).is_err());
    assert_eq!(once.eval((1,)), 1);
    assert_eq!(once.eval((1,)), 1);
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

#[test]
fn recursion_computes_each_step_once() {
    fn fibonacci(memory: &Memory, n: u64, count: &AtomicUsize) -> u64 {
        let step = memory
            .cache("fibonacci", |n: u64| {
                count.fetch_add(1, Ordering::Relaxed);
                if n < 2 { n } else { fibonacci(memory, n - 1, count) + fibonacci(memory, n - 2, count) }
            })
            .captures(());
        step.eval((n,))
    }
    let folder = folder();
    let count = AtomicUsize::new(0);
    assert_eq!(fibonacci(&memory(&folder), 30, &count), 832_040);
    assert_eq!(count.load(Ordering::Relaxed), 31);
}

#[test]
fn a_pool_whose_tasks_ask_for_what_is_being_computed_in_it_does_not_starve() {
    let folder = folder();
    let memory = memory(&folder);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let outer = memory
        .cache("outer", |x: i32| {
            pool.install(|| {
                use rayon::prelude::{IntoParallelIterator, ParallelIterator};
                let inner = memory.cache("inner", |y: i32| {
                    thread::sleep(Duration::from_millis(1));
                    y
                });
                (0..40).into_par_iter().map(|y| inner.eval((y % 3,))).sum::<i32>() + x
            })
        })
        .captures(());
    let total = pool.install(|| {
        use rayon::prelude::{IntoParallelIterator, ParallelIterator};
        (0..8).into_par_iter().map(|x| outer.eval((x % 2,))).sum::<i32>()
    });
    assert_eq!(total, 8 * 39 + 4);
}

#[test]
fn a_reference_to_a_result_travels_as_text_and_as_bytes() {
    let folder = folder();
    let memory = memory(&folder);
    let numbers = memory.cache("numbers", |n: usize| vec![0.5; n]);
    let Shelved::Memorized(result) = numbers.call_and_shelve((3,)) else { panic!("it was stored") };
    assert_eq!(result.metadata().unwrap().arguments()[0].text(), Some("3"));
    let parsed: MemorizedResult<Vec<f64>> = result.to_string().parse().unwrap();
    assert_eq!(parsed, result);
    assert_eq!(parsed.get().unwrap(), [0.5; 3]);
    let bytes = serde_json::to_string(&result).unwrap();
    let read: MemorizedResult<Vec<f64>> = serde_json::from_str(&bytes).unwrap();
    assert_eq!(read.get().unwrap(), [0.5; 3]);
    let shelved = numbers.call_and_shelve((3,));
    assert_eq!(shelved.memorized(), Some(&result), "the second time it is the same reference");
    result.clear().unwrap();
    assert!(read.get().unwrap_err().is_gone());
    assert!(r#"{"location":"nowhere"}"#.parse::<MemorizedResult<i32>>().is_err());
    let wrong_type: MemorizedResult<String> = {
        numbers.eval((3,));
        result.to_string().parse().unwrap()
    };
    assert!(wrong_type.get().unwrap_err().is_unreadable());
}

#[test]
fn arrays_of_results_are_mapped_on_request() {
    let folder = folder();
    let memory = memory(&folder);
    let ones = memory.cache("ones", |n: usize| Array::from_vec(vec![1.0; n], &[n]).unwrap());
    let ones = ones.mmap_mode(MmapMode::Read);
    ones.eval((10_000,));
    let mapped = ones.eval((10_000,));
    assert!(mapped.is_mapped());
    assert_eq!(mapped.as_slice(), vec![1.0; 10_000]);
    assert!(
        memory.clone().mmap_mode(MmapMode::ReadWrite).checked().is_err(),
        "stored results are never changed"
    );
}

#[test]
fn ignored_arguments_do_not_count() {
    let folder = folder();
    let memory = memory(&folder);
    let scale = memory.cache("scale", |x: f64, _verbose: bool| 2.0 * x).ignore([1]);
    scale.eval((1.0, false));
    assert!(scale.check_call_in_cache((1.0, true)));
    assert!(!scale.check_call_in_cache((2.0, true)));
}

#[test]
fn validation_decides_whether_a_stored_result_is_used() {
    let folder = folder();
    let memory = memory(&folder);
    let count = AtomicUsize::new(0);
    let body = |x: i32| {
        count.fetch_add(1, Ordering::Relaxed);
        x
    };
    let seconds = Duration::from_secs;
    memory.cache("valid", body).captures(()).eval((1,));
    assert!(memory.cache("valid", body).captures(()).expires_after(seconds(60)).check_call_in_cache((1,)));
    let expired = memory.cache("valid", body).captures(()).expires_after(seconds(0));
    assert!(!expired.check_call_in_cache((1,)));
    assert!(matches!(expired.explain((1,)), Explanation::Expired(_)));
    assert_eq!(expired.eval((1,)), 1);
    assert_eq!(count.load(Ordering::Relaxed), 2);
    let picky = memory.cache("valid", body).captures(()).cache_validation_callback(|metadata| {
        assert_eq!(metadata.function(), "valid");
        metadata.arguments()[0].text() != Some("1")
    });
    assert!(matches!(picky.explain((1,)), Explanation::Rejected(_)));
    picky.eval((1,));
    assert_eq!(count.load(Ordering::Relaxed), 3);
}

#[test]
fn the_explanation_of_a_miss_names_its_cause() {
    let folder = folder();
    let memory = memory(&folder);
    let add = |version| memory.cache("add", |x: i32, y: i32| x + y).version(version);
    assert_eq!(add(1).explain((1, 2)), Explanation::NeverComputed);
    add(1).eval((1, 2));
    assert!(add(1).explain((1, 2)).is_hit());
    let told = add(2).explain((1, 2));
    let Explanation::CodeChanged { before: Some(before), .. } = &told else { panic!("{told}") };
    assert_eq!(before.arguments()[1].text(), Some("2"));
    let (told, place) = (told.to_string(), folder.path().join("joblib-rs").display().to_string());
    assert!(told.starts_with("computed because `add` changed since "), "{told}");
    assert!(told.contains(" UTC; before that the result was from ") && told.contains(&place), "{told}");
    match add(1).explain((1, 3)) {
        Explanation::ArgumentsChanged { arguments, nearest } => {
            assert_eq!(arguments, ["1"]);
            assert_eq!(nearest.arguments()[1].text(), Some("2"));
        }
        other => panic!("{other}"),
    }
    let none = Limits::default().items_limit(0);
    assert_eq!(memory.reduce_size(&none).unwrap().items, 1);
    assert_eq!(add(1).explain((1, 2)), Explanation::Evicted);
}

#[test]
fn statistics_count_one_of_a_thing_as_one() {
    let mut stats = memory(&folder()).stats();
    let text = |stats: &joblib_memory::Stats| stats.to_string();
    (stats.hits, stats.misses, stats.bytes_written) = (1, 1, 1);
    assert_eq!(text(&stats), "1 hit, 1 miss, 0 µs saved, 1 byte written");
    (stats.hits, stats.misses, stats.bytes_written) = (2, 0, 10);
    assert_eq!(text(&stats), "2 hits, 0 misses, 0 µs saved, 10 bytes written");
}

#[test]
fn limits_hold_while_results_are_stored() {
    let folder = folder();
    let memory = memory(&folder).items_limit(20).bytes_limit("20K");
    let blob = memory.cache("blob", |x: u64| vec![x as u8; 2000]);
    for x in 0..100 {
        assert_eq!(blob.eval((x,)), vec![x as u8; 2000]);
        let stored = entries(&folder);
        let bytes: u64 = stored.iter().map(|path| path.metadata().unwrap().len()).sum();
        assert!(stored.len() <= 20 && bytes <= 20 * 1024, "{} items, {bytes} bytes", stored.len());
    }
    assert!(blob.check_call_in_cache((99,)), "the newest stays");
    assert!(Memory::none().bytes_limit("ten").checked().is_err());
    assert_eq!(Memory::none().bytes_limit(10).limits().bytes, Some(10));
}

#[test]
fn secrets_stay_out_of_the_cache() {
    let folder = folder();
    let memory = memory(&folder);
    memory.cache("login", |_: &str| 1).redact(true).eval(("hunter2",));
    let bytes = std::fs::read(&entries(&folder)[0]).unwrap();
    assert!(!bytes.windows(7).any(|window| window == b"hunter2"));
}

#[test]
fn a_link_in_the_cache_is_neither_followed_nor_written_through() {
    let folder = folder();
    let elsewhere = folder.path().join("elsewhere");
    let memory = memory(&folder);
    let double = memory.cache("double", |x: i32| 2 * x);
    double.eval((4,));
    let entry = entries(&folder).remove(0);
    std::fs::rename(&entry, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &entry).unwrap();
    assert!(!double.check_call_in_cache((4,)));
    let before = std::fs::read(&elsewhere).unwrap();
    assert_eq!(double.eval((4,)), 8);
    assert_eq!(std::fs::read(&elsewhere).unwrap(), before);
    assert!(std::fs::symlink_metadata(&entry).unwrap().is_file(), "the link was replaced");
}

#[test]
fn an_argument_that_cannot_be_hashed_only_costs_the_caching() {
    struct Stubborn;
    impl serde::Serialize for Stubborn {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    let folder = folder();
    let memory = memory(&folder);
    let count = memory.cache("count", |_: &Stubborn| 1);
    assert_eq!(count.eval((&Stubborn,)), 1);
    assert!(matches!(count.explain((&Stubborn,)), Explanation::Unhashable(_)));
}

#[test]
#[allow(clippy::float_cmp, reason = "these numbers are exact")]
fn two_functions_of_one_name_never_share_results() {
    fn add(x: f64) -> f64 {
        x + 1.0
    }
    let folder = folder();
    let m = memory(&folder);
    let one = m.cache("same", add);
    #[rustfmt::skip]
    let (p, q) = (m.cache("same", |x: f64| x + 2.0), m.cache("same", |x: f64| x * 5.0));
    let pointers = [m.cache("same", add as fn(f64) -> f64), m.cache("same", f64::sqrt as fn(f64) -> f64)];
    for _ in 0..2 {
        assert_eq!((one.eval((4.0,)), p.eval((4.0,)), q.eval((4.0,))), (5.0, 6.0, 20.0));
        assert_eq!(m.eval("same", |x: f64| x - 1.0, (4.0,)), 3.0);
        assert_eq!(pointers.each_ref().map(|pointer| pointer.eval((4.0,))), [5.0, 2.0]);
    }
    assert_eq!((one.stats().hits, p.stats().hits, q.stats().hits), (1, 1, 1));
    assert!(memory(&folder).cache("same", add).check_call_in_cache((4.0,)), "wherever it is cached");
}

#[test]
#[allow(clippy::float_cmp, reason = "these numbers are exact")]
fn pointers_to_functions_that_come_to_one_place_do_not_share_results() {
    let folder = folder();
    for _ in 0..2 {
        let memory = memory(&folder);
        for _ in 0..3 {
            let functions = [f64::sqrt, f64::floor, f64::abs as fn(f64) -> f64, f64::sqrt];
            let results = functions.map(|function| memory.cache("same", function).eval((6.25,)));
            assert_eq!(results, [2.5, 6.0, 6.25, 2.5]);
        }
    }
    assert_eq!(entries(&folder).len(), 3, "a later memory of this process finds them");
}

#[test]
fn functions_of_one_path_are_told_apart_within_the_process() {
    let memory = memory(&folder());
    let first = {
        fn same(x: i32) -> i32 {
            x
        }
        memory.cache("same", same).eval((1,))
    };
    let second = {
        fn same(x: i32) -> i32 {
            -x
        }
        memory.cache("same", same).eval((1,))
    };
    assert_eq!((first, second), (1, -1));
}

#[test]
fn the_folder_marks_itself_as_a_cache() {
    let folder = folder();
    memory(&folder).eval("one", || 1, ());
    let own = folder.path().join("joblib-rs");
    assert_eq!(std::fs::read_to_string(own.join(".gitignore")).unwrap(), "*\n");
    assert!(std::fs::read_to_string(own.join("CACHEDIR.TAG")).unwrap().starts_with("Signature: 8a477f59"));
    std::fs::write(own.join(".gitignore"), "mine").unwrap();
    memory(&folder).clear().unwrap();
    memory(&folder).eval("one", || 1, ());
    assert_eq!(std::fs::read_to_string(own.join(".gitignore")).unwrap(), "mine");
}
