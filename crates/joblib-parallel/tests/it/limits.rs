//! Programs under tight limits: no room for copies, few descriptors, forks forbidden; and how little they need.
//!
//! Each is a role that a child plays, for what it changes applies to a whole process.

use joblib_array::Array;
use joblib_parallel::{Backend, Generator, GeneratorUnordered, Parallel, delayed, parallel_config};
use nix::sys::resource::{Resource, setrlimit};

use crate::child;

fn parallel(backend: &str) -> Parallel {
    Parallel::new().n_jobs(2).backend(Backend::from(backend))
}

#[allow(clippy::needless_pass_by_value, reason = "tasks own their arguments")]
fn doubled(array: Array<f64>) -> Array<f64> {
    array.as_slice().iter().map(|x| 2.0 * x).collect()
}

#[test]
fn arrays_travel_in_their_messages_where_there_is_no_room_for_a_copy() {
    child::play(&mut child::role("limits::no_room"));
}

/// No file, and no shared memory, of more than a megabyte.
#[test]
#[ignore = "run by arrays_travel_in_their_messages_where_there_is_no_room_for_a_copy"]
fn no_room() {
    // SAFETY: ignoring a signal runs no code.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    setrlimit(Resource::RLIMIT_FSIZE, 1 << 20, 1 << 20).unwrap();
    let array: Array<f64> = (0..500_000).map(f64::from).collect();
    let folder = tempfile::tempdir().unwrap();
    for backend in ["loky", "multiprocessing"] {
        let missing = folder.path().join("missing");
        for parallel in [
            parallel(backend),
            parallel(backend).temp_folder(folder.path()),
            parallel(backend).temp_folder(missing),
        ] {
            let results = parallel.run((0..3).map(|_| delayed(doubled, (array.clone(),)))).unwrap();
            assert!(results.iter().all(|result| *result == doubled(array.clone())), "{backend}");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn too_few_descriptors_are_an_error_and_no_end() {
    child::play(&mut child::role("limits::few_descriptors"));
}

#[test]
#[ignore = "run by too_few_descriptors_are_an_error_and_no_end"]
fn few_descriptors() {
    let open = std::fs::read_dir("/proc/self/fd").unwrap().count() as u64;
    setrlimit(Resource::RLIMIT_NOFILE, open + 6, 4096).unwrap();
    let call = |n_jobs| {
        let parallel = Parallel::new().n_jobs(n_jobs).backend(Backend::Loky).batch_size(1);
        parallel.run((0..50).map(|n| delayed(u64::wrapping_neg, (n,))))
    };
    let error = call(20).unwrap_err();
    assert!(error.is_backend(), "{error}");
    setrlimit(Resource::RLIMIT_NOFILE, 4096, 4096).unwrap();
    assert_eq!(call(20).unwrap().len(), 50);
}

#[test]
fn where_the_environment_forbids_forks_threads_take_their_place() {
    child::play(child::role("limits::no_forks").env("JOBLIB_MULTIPROCESSING", "0"));
}

#[test]
#[ignore = "run by where_the_environment_forbids_forks_threads_take_their_place"]
fn no_forks() {
    let pids = parallel("multiprocessing").run((0..4).map(|_| delayed(std::process::id, ()))).unwrap();
    assert_eq!(pids, [std::process::id(); 4]);
    let error = Parallel::new().n_jobs(2).fork().run((0..2).map(|n| move || n)).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("JOBLIB_MULTIPROCESSING"), "{error}");
}

#[test]
fn copies_are_made_in_the_folder_that_call_scope_or_environment_name() {
    let folder = tempfile::Builder::new().prefix("by-environment").tempdir().unwrap();
    child::play(child::role("limits::temporary_folder").env("JOBLIB_TEMP_FOLDER", folder.path()));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
#[ignore = "run by copies_are_made_in_the_folder_that_call_scope_or_environment_name"]
fn temporary_folder() {
    /// Is a file whose path contains this mapped?
    #[allow(clippy::needless_pass_by_value, reason = "tasks own their arguments")]
    fn maps_file(_array: Array<f64>, name: String) -> bool {
        std::fs::read_to_string("/proc/self/maps").unwrap().contains(&name)
    }
    let array: Array<f64> = (0..200_000).map(f64::from).collect();
    // A copy is kept with its array: each look is at another one.
    let copy = || Array::from_slice(array.as_slice(), &[200_000]).unwrap();
    let is_in = |parallel: &Parallel, name: &str| {
        parallel.run([delayed(maps_file, (copy(), name.to_owned()))]).unwrap()[0]
    };
    assert!(is_in(&parallel("loky"), "by-environment"));
    let folder = tempfile::Builder::new().prefix("by-scope").tempdir().unwrap();
    parallel_config().temp_folder(folder.path()).scope(|| {
        assert!(is_in(&parallel("loky"), "by-scope"));
        let folder = tempfile::Builder::new().prefix("by-call").tempdir().unwrap();
        assert!(is_in(&parallel("loky").temp_folder(folder.path()), "by-call"));
        // A scope may forbid to share, and a call allow it again.
        for scope in [parallel_config().max_nbytes(None), parallel_config().mmap_mode(None)] {
            scope.scope(|| {
                assert!(!is_in(&parallel("loky"), "by-scope"));
                let allowed = parallel("loky").max_nbytes(1).mmap_mode(joblib_array::MmapMode::Read);
                assert!(is_in(&allowed, "by-scope"));
            });
        }
    });
}

#[test]
fn streaming_a_million_tasks_needs_no_more_memory_than_streaming_a_few() {
    for backend in ["sequential", "threading", "loky", "multiprocessing"] {
        child::play(child::role("limits::stream").env(BACKEND, backend));
    }
}

/// A number of kilobytes from the kernel's account of this process.
fn kilobytes(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

/// Names the backend of a role.
const BACKEND: &str = "JOBLIB_PARALLEL_TEST_BACKEND";

#[test]
#[ignore = "run by streaming_a_million_tasks_needs_no_more_memory_than_streaming_a_few"]
fn stream() {
    let backend = &std::env::var(BACKEND).unwrap();
    let tasks = |count: u64| (0..count).map(|n| delayed(u64::wrapping_neg, (n,)));
    let few = parallel(backend).return_as(Generator).run(tasks(10_000)).unwrap();
    assert_eq!(few.count(), 10_000);
    let before = kilobytes("VmRSS");
    let in_order = parallel(backend).return_as(Generator).run(tasks(1_000_000)).unwrap();
    assert!((0..).zip(in_order).all(|(n, result)| result.unwrap() == u64::wrapping_neg(n)));
    let unordered = parallel(backend).return_as(GeneratorUnordered).run(tasks(1_000_000)).unwrap();
    let sum = unordered.fold(0, |sum: u64, result| sum.wrapping_add(result.unwrap()));
    assert_eq!(sum, (0..1_000_000).map(u64::wrapping_neg).fold(0, u64::wrapping_add));
    let grown = kilobytes("VmHWM").saturating_sub(before);
    assert!(grown < 64 << 10, "{backend}: grew by {grown} kB");
}
