//! The doors: each takes a value and gives it back.

use joblib_parallel::{Parallel, Value, delayed};

type Back<T> = (&'static str, Result<T, String>);

/// Every door.
pub(super) fn all<T: Value + Clone + Sync>(value: &T) -> Vec<Back<T>> {
    let mut all = vec![
        ("backend sequential", backend("sequential", value)),
        ("backend threading", backend("threading", value)),
    ];
    all.extend(that_encode(value));
    all
}

/// The doors behind which the value is another one.
pub(super) fn that_encode<T: Value + Clone + Sync>(value: &T) -> Vec<Back<T>> {
    vec![
        ("backend loky", backend("loky", value)),
        ("backend multiprocessing", backend("multiprocessing", value)),
        ("fork", fork(value)),
        ("a file", file("value.joblib", value)),
        ("a compressed file", file("value.joblib.gz", value)),
    ]
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

fn file<T: Value>(name: &str, value: &T) -> Result<T, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = folder.path().join(name);
    joblib_persist::dump(value, &path).map_err(|error| error.to_string())?;
    joblib_persist::load(&path).map_err(|error| error.to_string())
}
