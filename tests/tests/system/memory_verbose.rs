//! What a memory prints and traces: spans and events of `tracing`, lines by joblib's levels of verbosity, and each warning
//! once.

use std::thread;
use std::time::Duration;

use joblib_array::{Array, MmapMode};
use joblib_macros::cached;
use joblib_memory::{Memory, Shelved};
use joblib_tests::child;
use joblib_tests::events::{Events, events};

#[test]
fn every_call_is_a_span_with_an_event_that_says_whether_it_was_a_hit() {
    let notes = Events::of("joblib::memory");
    tracing::subscriber::with_default(notes.clone(), || {
        let memory = Memory::with_backend("in_memory", "spans").unwrap();
        let double = memory.cache("double", |x: i32| {
            tracing::info!(target: "joblib::memory", "the body");
            2 * x
        });
        double.eval((4,));
        let miss = notes.take();
        assert_eq!(miss[0], "span call function=\"double\"");
        assert_eq!(events(&miss), ["message=the body", "function=\"double\" hit=false"]);
        assert!(miss.contains(&"record hit=false".to_owned()), "{miss:?}");
        // The body and the event are inside of the span.
        for event in ["event message=the body", "event function=\"double\" hit=false"] {
            let at = miss.iter().position(|line| line == event).unwrap();
            let open = |word| miss[..at].iter().filter(|line| *line == word).count();
            assert_eq!(open("enter"), open("exit") + 1, "{event} in {miss:?}");
        }
        double.eval((4,));
        assert_eq!(
            notes.take(),
            [
                "span call function=\"double\"",
                "enter",
                "record hit=true",
                "event function=\"double\" hit=true",
                "exit",
            ]
        );
    });
}

#[test]
fn what_limits_drop_is_an_event() {
    let notes = Events::during("joblib::memory", || {
        let memory = Memory::with_backend("in_memory", "evicted").unwrap().items_limit(1);
        for x in 0..3 {
            memory.cache("double", |x: i32| 2 * x).eval((x,));
        }
    });
    assert!(events(&notes).iter().any(|event| event.starts_with("message=evicted items=1")), "{notes:?}");
}

/// What the child writes to its standard error.
fn told<F: Fn()>(role: F, argument: &str) -> String {
    String::from_utf8(child::run(role, argument).stderr).unwrap()
}

#[test]
#[ignore = "the role of a child process"]
fn call_at_a_level() {
    let role = child::argument();
    let (level, place) = role.split_once(' ').unwrap();
    let memory = Memory::new(place).unwrap().verbose(level.parse().unwrap());
    let double = memory.cache("double", |x: i32| 2 * x);
    double.eval((4,));
    double.eval((4,));
    double.clear().unwrap();
}

#[test]
fn levels_of_verbose_are_those_of_joblib() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display().to_string();
    let told = |level: u32| {
        told(call_at_a_level, &format!("{level} {place}")).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(told(0), [""; 0]);
    let lines = told(1);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[0], "[Memory] Calling double(0=4)");
    assert!(lines[1].starts_with("[Memory] double - "), "{lines:?}");
    assert_eq!(lines[2], "[Memory] Clearing the results of double");
    let lines = told(2);
    assert_eq!((lines.len(), lines[2].as_str()), (4, "[Memory] Loading double(0=4)"), "{lines:?}");
    let lines = told(5);
    assert!(lines[3].starts_with("[Memory] double cache loaded - "), "{lines:?}");
    let lines = told(10);
    assert!(lines[2].starts_with(&format!("[Memory] Loading double(0=4) from {place}")), "{lines:?}");
    let lines = told(11);
    assert!(lines[0].starts_with("[Memory] Computing double, argument hash "), "{lines:?}");
    assert!(lines[0].ends_with(&format!("in {place}: it was never computed")), "{lines:?}");
    assert!(
        lines.iter().any(|line| line.starts_with(&format!("[Memory] Persisting in {place}"))),
        "{lines:?}"
    );
    assert!(!lines.iter().any(|line| line.contains("Querying")), "{lines:?}");
    let lines = told(20);
    assert!(lines[0].starts_with("[Memory] Querying double with the hashes 0 "), "{lines:?}");
}

mod first {
    #[super::cached(crate = joblib_memory, memory = memory, ignore = "memory")]
    pub(super) fn same(memory: &super::Memory, x: i32) -> i32 {
        x
    }
}

mod second {
    #[super::cached(crate = joblib_memory, memory = memory, ignore = "memory")]
    pub(super) fn same(memory: &super::Memory, x: i32) -> i32 {
        -x
    }
}

fn in_the_same_place(memory: &Memory, sign: i32) -> i32 {
    if sign == 0 {
        #[cached(crate = joblib_memory, memory = memory, ignore = "memory")]
        fn inner(memory: &Memory, x: i32) -> i32 {
            x
        }
        return inner(memory, 1);
    }
    #[cached(crate = joblib_memory, memory = memory, ignore = "memory")]
    fn inner(memory: &Memory, x: i32) -> i32 {
        -x
    }
    inner(memory, 1)
}

#[test]
#[ignore = "the role of a child process"]
fn call_functions_of_one_name() {
    let role = child::argument();
    let memory = Memory::with_backend("in_memory", "collisions").unwrap();
    for _ in 0..3 {
        if role == "pointers" {
            for (sign, function) in [(1, i32::abs as fn(i32) -> i32), (-1, i32::wrapping_neg), (1, i32::abs)]
            {
                assert_eq!(memory.cache("f", function).eval((1,)), sign);
            }
        } else if role == "none" {
            // One pointer, time and again, is one function.
            for x in 0..3 {
                assert_eq!(memory.cache("pointer", i32::abs as fn(i32) -> i32).eval((x,)), x);
            }

            // Modules tell functions apart, and memories closures.
            assert_eq!((first::same(&memory, 1), second::same(&memory, 1)), (1, -1));
            let other = Memory::with_backend("in_memory", "another place").unwrap();
            assert_eq!(memory.cache("f", |x: i32| x).eval((1,)), 1);
            assert_eq!(other.cache("f", |x: i32| -x).eval((1,)), -1);
            // So do blocks of one function.
            assert_eq!((in_the_same_place(&memory, 0), in_the_same_place(&memory, 1)), (1, -1));
        } else {
            memory.cache("f", |x: i32| x).eval((1,));
            memory.cache("f", |x: i32| -x).eval((2,));
        }
    }
}

#[test]
fn two_functions_of_one_name_are_warned_about_once_with_both_places() {
    assert_eq!(told(call_functions_of_one_name, "none"), "");
    for role in ["closures", "pointers"] {
        let lines = told(call_functions_of_one_name, role);
        assert_eq!(lines.matches("two cached functions are called `").count(), 1, "{lines}");
        assert_eq!(lines.matches("memory_verbose.rs:").count(), 2, "{lines}");
        assert!(lines.contains("rename one"), "{lines}");
    }
}

#[test]
#[ignore = "the role of a child process"]
fn map_compressed_results() {
    let role = child::argument();
    let (how, place) = role.split_once(' ').unwrap();
    let memory = Memory::new(place).unwrap().mmap_mode(MmapMode::Read);
    let memory = if how == "memory" { memory.compress(3) } else { memory };
    let ones = memory.cache("ones", |n: usize| Array::<f64>::zeros(&[n]));
    let ones = match how {
        "function" => ones.compress("zlib"),
        "not" => ones.compress(false),
        _ => ones,
    };
    for n in [10, 20, 10] {
        let array = ones.eval((n,));
        assert_eq!((array.len(), array.is_mapped()), (n, how == "not"));
    }
}

#[test]
fn compressed_results_that_are_to_be_mapped_are_told_once_and_loaded() {
    for (how, count) in [("memory", 1), ("function", 1), ("not", 0)] {
        let folder = tempfile::tempdir().unwrap();
        let lines = told(map_compressed_results, &format!("{how} {}", folder.path().display()));
        let warning =
            "results of ones are compressed, and so can't be mapped: leave out `compress` or `mmap_mode`";
        assert_eq!((lines.matches(warning).count(), lines.lines().count()), (count, count), "{lines}");
    }
}

#[test]
#[ignore = "the role of a child process"]
fn call_where_a_file_is() {
    let role = child::argument();
    let (backend, place) = role.split_once(' ').unwrap();
    let memory = Memory::with_backend(backend, place).unwrap();
    let double = memory.cache("double", |x: i32| 2 * x);
    for x in [1, 2, 1] {
        assert_eq!(double.eval((x,)), 2 * x);
        assert!(!double.check_call_in_cache((x,)));
        assert!(matches!(double.call_and_shelve((x,)), Shelved::NotMemorized(_)));
    }
}

#[test]
fn a_location_that_is_a_file_is_told_once_and_costs_the_caching_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    std::fs::write(&file, "mine").unwrap();
    for backend in ["local", "sqlite"] {
        for place in [file.clone(), file.join("below")] {
            let lines = told(call_where_a_file_is, &format!("{backend} {}", place.display()));
            assert_eq!(lines.lines().count(), 1, "{lines}");
            assert!(lines.contains(&format!("{} is a file and not a folder", file.display())), "{lines}");
        }
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

/// Hashing a million numbers takes longer than this, however busy the machine is.
fn count(numbers: &[u64]) -> usize {
    numbers.len()
}

#[test]
#[ignore = "the role of a child process"]
fn call_what_does_not_pay() {
    let place = child::argument();
    let memory = Memory::new(place).unwrap();
    let nothing = memory.cache("nothing", count);
    let numbers = vec![7; 1_000_000];
    let slow = memory.cache("slow", |x: u64| {
        thread::sleep(Duration::from_millis(50));
        x
    });
    for _ in 0..100 {
        nothing.eval((&numbers[..],));
        slow.eval((1,));
    }
}

#[test]
fn caching_that_does_not_pay_is_told_once_with_both_times() {
    let folder = tempfile::tempdir().unwrap();
    let lines = told(call_what_does_not_pay, &folder.path().display().to_string());
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert!(lines.contains("caching nothing does not pay: a hit takes "), "{lines}");
}
