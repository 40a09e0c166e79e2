//! Values that nest as deep as memory allows: each way into the library refuses them by name, and none exhausts the
//! stack.

use joblib::parallel::Backend;
use joblib::prelude::*;
use joblib_hash::HashError;
use joblib_persist::dump_python;
use joblib_tests::child;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What each level of a value is to serde.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Level {
    Some,
    Newtype,
    Variant,
    Sequence,
    Tuple,
    Map,
    MapKey,
    Set,
}

const LEVELS: [Level; 8] = [
    Level::Some,
    Level::Newtype,
    Level::Variant,
    Level::Sequence,
    Level::Tuple,
    Level::Map,
    Level::MapKey,
    Level::Set,
];

/// Levels that exhaust any stack when each of them takes a frame of it.
const TOO_DEEP: usize = 1_000_000;

struct Nested {
    level: Level,
    inner: Option<Box<Nested>>,
}

impl Nested {
    fn new(level: Level, depth: usize) -> Self {
        (0..depth).fold(Self { level, inner: None }, |inner, _| Self { level, inner: Some(Box::new(inner)) })
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        let mut next = self.inner.take();
        while let Some(mut nested) = next {
            next = nested.inner.take();
        }
    }
}

impl Serialize for Nested {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(inner) = &self.inner else { return serializer.serialize_i32(7) };
        match self.level {
            Level::Some => serializer.serialize_some(inner),
            Level::Newtype => serializer.serialize_newtype_struct("Nested", inner),
            Level::Variant => serializer.serialize_newtype_variant("Nested", 0, "Inner", inner),
            Level::Sequence => serializer.collect_seq([inner]),
            Level::Tuple => (inner,).serialize(serializer),
            Level::Map => serializer.collect_map([("inner", inner)]),
            Level::MapKey => serializer.collect_map([(vec![inner], 0)]),
            Level::Set => joblib_hash::unordered(&[inner], serializer),
        }
    }
}

/// Never called: no such value is ever encoded.
impl<'de> Deserialize<'de> for Nested {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("a value that could not be encoded"))
    }
}

#[test]
fn the_hash_of_a_value_that_nests_too_deep_is_an_error() {
    for level in LEVELS {
        let error = joblib_hash::hash(&Nested::new(level, TOO_DEEP)).unwrap_err();
        assert!(error.is_too_deep() && error.to_string().contains("deeper than 512 levels"), "{error}");
    }
}

#[test]
fn dumping_a_value_that_nests_too_deep_is_an_error_in_either_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nested");
    for level in LEVELS {
        let nested = Nested::new(level, TOO_DEEP);
        let native = dump(&nested, &path).unwrap_err().to_string();
        assert!(native.contains("deeper than 512 levels"), "{level:?}: {native}");
        let python = dump_python(&nested, &path).unwrap_err().to_string();
        // A dict of Python has no dict as its key, however deep.
        let is_no_key = level == Level::MapKey && python.contains("can't be a key");
        assert!(python.contains("deeper than 256 levels") || is_no_key, "{level:?}: {python}");
        assert!(!path.exists());
    }
}

#[test]
fn what_can_be_hashed_can_be_dumped() {
    let can_be_hashed = |nested: &Nested| joblib_hash::hash(nested).map(drop);
    for level in LEVELS {
        let deepest = (1..600).rev().find(|&depth| can_be_hashed(&Nested::new(level, depth)).is_ok());
        let deepest = deepest.expect("some depth can be hashed");
        let per_level = if level == Level::Set || level == Level::MapKey { 2 } else { 1 };
        assert_eq!(deepest, 512 / per_level, "{level:?}");
        joblib_encoding::to_vec(&Nested::new(level, deepest)).unwrap();
        let is_too_deep = |error: HashError| error.is_too_deep();
        assert_eq!(can_be_hashed(&Nested::new(level, deepest + 1)).map_err(is_too_deep), Err(true));
        // The order of a set counts only for its hash: to all else it is a list.
        let beyond = joblib_encoding::to_vec(&Nested::new(level, deepest + 1));
        assert!(beyond.is_err_and(|error| error.is_unsupported()), "{level:?}");
    }
}

#[test]
#[ignore = "the role of a child process"]
fn call_a_cached_function_with_deep_arguments() {
    let memory = Memory::new(child::argument()).unwrap();
    let is_nested = memory.cache("is_nested", |value: &Nested| value.inner.is_some());
    let nested = |level| Nested::new(level, TOO_DEEP);
    for level in LEVELS {
        let value = nested(level);
        assert!(is_nested.eval((&value,)));
        assert!(is_nested.eval((&value,)));
        assert!(!is_nested.check_call_in_cache((&value,)));
    }
    // Neither is a result that nests too deep stored.
    let nest = memory.cache("nest", |depth: usize| Nested::new(Level::Some, depth));
    assert!(nest.eval((TOO_DEEP,)).inner.is_some());
}

#[test]
fn a_cached_function_whose_argument_or_result_nests_too_deep_is_computed_with_one_warning() {
    let folder = tempfile::tempdir().unwrap();
    let output = child::run(call_a_cached_function_with_deep_arguments, folder.path().to_str().unwrap());
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(told.matches("warning: joblib").count(), 2, "{told}");
    assert_eq!(told.matches("could not hash the argument").count(), 1, "{told}");
    assert_eq!(told.matches("deeper than 512 levels").count(), 2, "{told}");
    assert_eq!(Memory::new(folder.path()).unwrap().items().unwrap().len(), 0);
}

#[expect(clippy::needless_pass_by_value, reason = "a task owns its arguments")]
fn is_nested(value: Nested) -> bool {
    value.inner.is_some()
}

fn nest(depth: usize) -> Nested {
    Nested::new(Level::Some, depth)
}

#[test]
fn worker_processes_are_not_sent_what_nests_too_deep() {
    let parallel = || Parallel::new().n_jobs(2).backend(Backend::from("loky"));
    for level in LEVELS {
        let tasks = [0, 1].map(|_| delayed(is_nested, (Nested::new(level, TOO_DEEP),)));
        let error = parallel().run(tasks).unwrap_err().to_string();
        assert!(error.contains("deeper than 512 levels"), "{error}");
    }
    let results = parallel().run([TOO_DEEP; 2].map(|depth| delayed(nest, (depth,))));
    let error = results.map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("deeper than 512 levels"), "{error}");
}
