//! The doors: each takes a value and gives it back.

use std::cell::Cell;

use joblib_memory::Memory;
use joblib_parallel::{Parallel, Value, delayed};

type Back<T> = (&'static str, Result<T, String>);

/// The variable that names the one backend that is the door: those to other hosts, which take seconds to come to run.
pub(super) const BACKEND: &str = "JOBLIB_TEST_CORPUS_BACKEND";

/// That backend alone, if there is one.
fn to_other_hosts<T: Value + Clone>(value: &T) -> Option<Vec<Back<T>>> {
    let door = match std::env::var(BACKEND).ok()?.as_str() {
        "nodes" => "nodes",
        "dask" => "dask",
        other => panic!("{other} is no backend of other hosts"),
    };
    Some(vec![(door, backend(door, value))])
}

/// Every door.
pub(super) fn all<T: Value + Clone + Sync>(value: &T) -> Vec<Back<T>> {
    if let Some(door) = to_other_hosts(value) {
        return door;
    }
    let mut all = vec![
        ("backend sequential", backend("sequential", value)),
        ("backend threading", backend("threading", value)),
        ("a result in a folder", entry("local", value)),
        ("a result in memory", entry("in_memory", value)),
        ("a result in sqlite", entry("sqlite", value)),
        ("the hash in a worker", hash(value)),
    ];
    all.extend(that_encode(value));
    all
}

/// The doors behind which the value is another one.
pub(super) fn that_encode<T: Value + Clone + Sync>(value: &T) -> Vec<Back<T>> {
    if let Some(door) = to_other_hosts(value) {
        return door;
    }
    vec![
        ("the encoding", encoding(value)),
        ("backend loky", backend("loky", value)),
        ("backend multiprocessing", backend("multiprocessing", value)),
        ("fork", fork(value)),
        ("a file", file("value.joblib", value)),
        ("a compressed file", file("value.joblib.gz", value)),
    ]
}

/// Alone, and among other values, whose places it must not take.
fn encoding<T: Value>(value: &T) -> Result<T, String> {
    let among = joblib_encoding::to_vec(&("before", value, 7_u8)).map_err(|error| error.to_string())?;
    let (before, back, after): (String, T, u8) =
        joblib_encoding::from_slice(&among).map_err(|error| error.to_string())?;
    if (before.as_str(), after) != ("before", 7) {
        return Err(format!("the values around it became {before:?} and {after}"));
    }
    let alone = joblib_encoding::to_vec(&back).map_err(|error| error.to_string())?;
    joblib_encoding::from_slice(&alone).map_err(|error| error.to_string())
}

/// The argument of a task, and its result.
fn backend<T: Value + Clone>(name: &str, value: &T) -> Result<T, String> {
    // All large memory goes beside the messages.
    let parallel = Parallel::new().n_jobs(2).backend(name).max_nbytes(1000);
    let mut results =
        parallel.run([delayed(|value: T| value, (value.clone(),))]).map_err(|error| error.to_string())?;
    results.pop().ok_or_else(|| "no result".to_owned())
}

/// The result of a closure that has the value.
fn fork<T: Value + Clone>(value: &T) -> Result<T, String> {
    let mut results =
        Parallel::new().n_jobs(2).fork().run([|| value.clone()]).map_err(|error| error.to_string())?;
    results.pop().ok_or_else(|| "no result".to_owned())
}

/// A cached result, which the second call reads.
fn entry<T: Value + Clone>(store: &str, value: &T) -> Result<T, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let memory =
        Memory::with_backend(store, folder.path().join("cache")).map_err(|error| error.to_string())?;
    let runs = Cell::new(0);
    let function = memory.cache("value", |_: u8| {
        runs.set(runs.get() + 1);
        value.clone()
    });
    let function = function.captures(());
    function.eval((0,));
    let back = function.eval((0,));
    if runs.get() == 1 { Ok(back) } else { Err("the stored result was not used".to_owned()) }
}

/// The value itself, if a worker process finds the hash of it that this process finds.
fn hash<T: Value + Clone>(value: &T) -> Result<T, String> {
    let of = |value: &T| joblib_hash::hash(value).map(|digest| digest.to_string());
    let here = of(value).map_err(|error| error.to_string())?;
    let there = Parallel::new()
        .n_jobs(2)
        .backend("loky")
        .run([delayed(
            |value: T| joblib_hash::hash(&value).map_or_else(|error| error.to_string(), |d| d.to_string()),
            (value.clone(),),
        )])
        .map_err(|error| error.to_string())?;
    if there == [here.clone()] { Ok(value.clone()) } else { Err(format!("{there:?} is not {here}")) }
}

fn file<T: Value>(name: &str, value: &T) -> Result<T, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = folder.path().join(name);
    joblib_persist::dump(value, &path).map_err(|error| error.to_string())?;
    joblib_persist::load(&path).map_err(|error| error.to_string())
}
