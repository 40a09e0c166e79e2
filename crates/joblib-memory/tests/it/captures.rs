//! Functions made at run time that capture values: what is not in the key is never shared.

use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use joblib_memory::{CacheFn, Explanation, Memory, Shelved};
use serde::ser::Error;
use serde::{Serialize, Serializer};

use crate::failures::{play, warnings};

type Step = fn(i64) -> i64;

fn memory(name: &str) -> Memory {
    Memory::with_backend("in_memory", format!("captures: {name}")).unwrap()
}

fn double(x: i64) -> i64 {
    2 * x
}

/// Whether the second of two calls is answered from the cache.
fn is_cached<F: CacheFn<(i64,), Output = i64>>(name: &str, function: F) -> bool {
    let memory = memory(name);
    let cached = memory.cache("function", function);
    let first = cached.eval((3,));
    assert_eq!(cached.check_call_in_cache((3,)), cached.explain((3,)).is_hit());
    assert_eq!(cached.eval((3,)), first);
    cached.stats().hits == 1
}

#[test]
fn a_closure_that_captures_is_computed_at_each_call_in_every_way() {
    let memory = memory("every way");
    for by in [2, 3] {
        let scale = memory.cache("scale", |x: i64| by * x);
        for _ in 0..2 {
            assert_eq!(memory.eval("scale", |x: i64| by * x, (5,)), 5 * by);
            assert_eq!((scale.eval((5,)), scale.call((5,))), (5 * by, 5 * by));
            let Shelved::NotMemorized(result) = scale.call_and_shelve((5,)) else {
                panic!("its result was stored")
            };
            assert_eq!(result.into_inner(), 5 * by);
            assert!(!scale.check_call_in_cache((5,)));
        }
        let Explanation::UnknownCaptures(reason) = scale.explain((5,)) else {
            panic!("{:?}", scale.explain((5,)))
        };
        assert!(reason.contains("`scale` (") && reason.contains("captures.rs:"), "{reason}");
        assert!(reason.contains(".captures(&values)"), "{reason}");
        assert_eq!(scale.clear().unwrap(), 0);
    }
    assert!(memory.items().unwrap().is_empty());
}

#[test]
fn a_version_says_nothing_of_what_is_captured() {
    let memory = memory("version");
    for by in [2, 3] {
        let scale = memory.cache("scale", |x: i64| by * x).version(1);
        assert_eq!([scale.eval((5,)), scale.eval((5,))], [5 * by; 2]);
    }
    let scale = |by: i64| memory.cache("scale", move |x: i64| by * x).captures(by).version(1);
    assert_eq!([scale(2).eval((5,)), scale(3).eval((5,)), scale(2).eval((5,))], [10, 15, 10]);
    assert!(scale(3).check_call_in_cache((5,)) && !scale(4).check_call_in_cache((5,)));
}

#[test]
fn functions_that_may_hold_values_are_not_cached_wherever_the_values_are() {
    let (by, step) = (2, double as Step);
    let plain = |x: i64| 2 * x;
    assert!(!is_cached("captured by reference", |x: i64| by * x));
    assert!(!is_cached("captured by value", move |x: i64| by * x));
    assert!(!is_cached("a captured pointer", move |x: i64| step(x)));
    let boxed: [Box<dyn Fn(i64) -> i64>; 2] = [Box::new(move |x| by * x), Box::new(step)];
    for function in boxed {
        assert!(!is_cached("behind a reference to a dyn", &*function));
        assert!(!is_cached("behind a dyn", function));
    }
    // What is behind it can't be known.
    let references = (&|x: i64| by * x, &plain);
    assert!(!is_cached("behind a reference", references.0));
    assert!(!is_cached("in a box", Box::new(move |x: i64| by * x)));
    assert!(!is_cached("nothing behind a reference", references.1));
}

#[test]
fn functions_that_hold_nothing_are_cached() {
    let plain = |x: i64| 2 * x;
    assert!(is_cached("a closure", plain) && is_cached("a function", double));
    assert!(is_cached("a closure around another", move |x: i64| plain(x)));
    let pointer = &(double as Step);
    assert!(is_cached("a pointer", *pointer) && is_cached("a reference to a pointer", pointer));
    if cfg!(target_os = "linux") {
        let boxed: Box<dyn Fn(i64) -> i64 + Send + Sync> = Box::new(plain);
        assert!(is_cached("behind a reference to a dyn", &*boxed));
        assert!(is_cached("behind a dyn", boxed));
    }
}

#[test]
fn references_to_pointers_to_functions_do_not_share_results() {
    let memory = memory("references to pointers");
    for _ in 0..2 {
        let results = [double as Step, i64::abs].map(|step| memory.eval("step", &step, (-3,)));
        assert_eq!(results, [-6, 3]);
    }
}

#[test]
fn what_is_said_to_be_captured_counts_as_an_argument_does() {
    let memory = memory("said");
    let scale = |by: i64, offset: &[i64]| {
        let offset = offset.to_vec();
        let said = (by, offset.clone());
        memory.cache("scale", move |x: i64| by * x + offset[0]).captures(said)
    };
    assert_eq!((scale(2, &[1]).eval((5,)), scale(3, &[1]).eval((5,))), (11, 16));
    assert!(scale(2, &[1]).check_call_in_cache((5,)) && scale(3, &[1]).explain((5,)).is_hit());
    assert!(!scale(2, &[2]).check_call_in_cache((5,)));
    let other = scale(7, &[1]).explain((5,)).to_string();
    assert!(other.contains("the nearest call differs in captures (there (3, [1]))"), "{other}");
    let texts = |redact: bool| {
        memory.clear().unwrap();
        scale(2, &[1]).redact(redact).eval((5,));
        let metadata = memory.items().unwrap().remove(0).1.unwrap();
        let texts = metadata.arguments().iter();
        texts.map(|argument| format!("{}={:?}", argument.name(), argument.text())).collect::<Vec<_>>()
    };
    assert_eq!(texts(false), ["0=Some(\"5\")", "captures=Some(\"(2, [1])\")"]);
    assert_eq!(texts(true), ["0=None", "captures=None"]);
}

#[test]
fn what_does_not_matter_is_left_out_of_the_key() {
    let memory = memory("counter");
    let (runs, other) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let counting = |runs| {
        let count = move |x: i64| {
            AtomicUsize::fetch_add(runs, 1, Ordering::Relaxed);
            x
        };
        memory.cache("count", count).captures(())
    };
    assert_eq!([counting(&runs).eval((1,)), counting(&other).eval((1,))], [1; 2]);
    assert_eq!((runs.into_inner(), other.into_inner()), (1, 0));
}

#[test]
fn what_is_behind_a_dyn_that_is_captured_counts() {
    trait Shift {
        fn shift(&self) -> i64;
    }
    #[derive(Serialize)]
    #[serde(transparent)]
    struct Up(i64);
    #[derive(Serialize)]
    #[serde(transparent)]
    struct Down(i64);
    impl Shift for Up {
        fn shift(&self) -> i64 {
            self.0
        }
    }
    impl Shift for Down {
        fn shift(&self) -> i64 {
            -self.0
        }
    }
    impl Serialize for dyn Shift {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_i64(self.shift().abs())
        }
    }
    let memory = memory("behind a dyn");
    let shifted = |by: Rc<dyn Shift>| {
        let said = Rc::clone(&by);
        memory.cache("shift", move |x: i64| x + by.shift()).captures(&*said).eval((5,))
    };
    for _ in 0..2 {
        assert_eq!((shifted(Rc::new(Up(1))), shifted(Rc::new(Down(1)))), (6, 4));
    }
}

/// A value that has no hash.
struct Unhashable;

impl Serialize for Unhashable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("it has no content"))
    }
}

#[test]
fn captured_values_that_can_not_be_hashed_are_told_and_computed() {
    let printed = play("captures::capture_what_can_not_be_hashed");
    let [warning] = &warnings(&printed)[..] else { panic!("{printed}") };
    assert!(warning.contains("could not hash what scale captures: "), "{warning}");
    assert!(warning.contains("it has no content"), "{warning}");
}

#[test]
#[ignore = "a role that captured_values_that_can_not_be_hashed_are_told_and_computed starts"]
fn capture_what_can_not_be_hashed() {
    let memory = memory("no hash");
    for by in [2, 3, 2] {
        let scale = memory.cache("scale", |x: i64| by * x).captures(Unhashable);
        assert_eq!(scale.eval((5,)), 5 * by);
        assert!(matches!(scale.explain((5,)), Explanation::Unhashable(_)));
        assert_eq!(scale.clear().unwrap(), 0, "its results are known by its name");
    }
    // Where nothing is stored nothing is hashed.
    assert_eq!(Memory::none().cache("scale", |x: i64| x).captures(Unhashable).eval((5,)), 5);
}

#[test]
fn one_warning_for_each_name_says_what_is_captured_where_and_what_to_write() {
    let printed = play("captures::capture_without_a_word");
    let [shift, scale] = &warnings(&printed)[..] else { panic!("{printed}") };
    assert!(scale.contains("`scale` (") && shift.contains("`shift` ("), "{printed}");
    for part in
        ["captures.rs:", "each call is computed", "as arguments", ".captures(&values)", "captures(())"]
    {
        assert!(scale.contains(part), "{part}: {scale}");
    }
}

#[test]
#[ignore = "a role that one_warning_for_each_name_says_what_is_captured_where_and_what_to_write starts"]
fn capture_without_a_word() {
    let memory = memory("warned");
    for by in [2, 3, 2] {
        assert_eq!(memory.eval("shift", |x: i64| by + x, (5,)), 5 + by);
        let scale = memory.cache("scale", |x: i64| by * x);
        assert_eq!(scale.eval((5,)), 5 * by);
        assert!(!scale.check_call_in_cache((5,)));
        // Where there is no cache there is nothing to warn of.
        assert_eq!(Memory::none().eval("none", |x: i64| by * x, (5,)), 5 * by);
    }
}
