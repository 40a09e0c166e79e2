//! What a call says of itself and its workers, on other hosts of whatever kind.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use joblib_parallel::{Parallel, delayed};

/// All of it holds for calls of which each is made by `parallel`.
pub(crate) fn hold(parallel: &dyn Fn() -> Parallel) {
    workers_are_set_up(parallel);
    workers_are_limited(parallel);
    workers_are_replaced(parallel);
    a_task_that_crashes_once_succeeds_with_retries(parallel);
    a_call_ends_at_its_deadline(parallel);
    progress_is_said(parallel);
    stacks_have_the_size_that_is_asked_for(parallel);
}

fn prepare(value: String) {
    // SAFETY: nobody else in the worker looks at the environment.
    unsafe { std::env::set_var("OF_THE_INITIALIZER", value) };
}

fn workers_are_set_up(parallel: &dyn Fn() -> Parallel) {
    let state = || {
        // SAFETY: it takes and returns numbers only.
        let nice = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
        (std::env::var("OF_THE_CALL").ok(), std::env::var("OF_THE_INITIALIZER").ok(), nice)
    };
    let set_up =
        parallel().env("OF_THE_CALL", "one").nice(19).initializer(delayed(prepare, ("two".to_owned(),)));
    let expected = (Some("one".to_owned()), Some("two".to_owned()), 19);
    assert_eq!(set_up.run([delayed(state, ())]).unwrap(), [expected]);
    let failing = parallel().initializer(delayed(|| panic!("no"), ()));
    let error = failing.run([delayed(u8::count_ones, (1,))]).unwrap_err();
    assert!(error.is_backend() && error.to_string().contains("the initializer failed"), "{error}");
}

fn workers_are_limited(parallel: &dyn Fn() -> Parallel) {
    let hungry = || vec![1_u8; 1 << 30].len();
    let error = parallel().memory_limit(256 << 20).run([delayed(hungry, ())]).unwrap_err();
    assert!(error.is_crash() && error.to_string().contains("memory limit"), "{error}");
}

/// Keeps memory that its process does not get back.
fn leaky() -> u32 {
    std::mem::forget(vec![1_u8; 64 << 20]);
    std::process::id()
}

fn workers_are_replaced(parallel: &dyn Fn() -> Parallel) {
    let processes = |pids: Vec<u32>| pids.into_iter().collect::<HashSet<_>>().len();
    let after_one = parallel().recycle_after_tasks(1).batch_size(1);
    assert_eq!(processes(after_one.run((0..6).map(|_| delayed(std::process::id, ()))).unwrap()), 6);
    let above = parallel().recycle_above_bytes(48 << 20).batch_size(1);
    assert_eq!(processes(above.run((0..4).map(|_| delayed(leaky, ()))).unwrap()), 4);
}

fn a_task_that_crashes_once_succeeds_with_retries(parallel: &dyn Fn() -> Parallel) {
    let folder = tempfile::tempdir().unwrap();
    let task = |mark: PathBuf| {
        if fs::File::create_new(&mark).is_ok() {
            std::process::abort();
        }
        7
    };
    let marks = (0..4).map(|n| folder.path().join(n.to_string()));
    assert_eq!(parallel().retries(1).run(marks.map(|mark| delayed(task, (mark,)))).unwrap(), [7; 4]);
}

/// The call has what was completed, and the next one finds workers.
fn a_call_ends_at_its_deadline(parallel: &dyn Fn() -> Parallel) {
    let nap = |seconds: u64| std::thread::sleep(Duration::from_secs(seconds));
    let begun = Instant::now();
    let limited = parallel().deadline(Duration::from_millis(1500)).batch_size(1);
    let error = limited.run([0, 0, 100, 100].map(|seconds| delayed(nap, (seconds,)))).unwrap_err();
    assert!(error.is_deadline(), "{error}");
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    assert_eq!(error.into_completed::<()>().unwrap()[2..], [None, None]);
    assert_eq!(parallel().run([delayed(u8::count_ones, (7,))]).unwrap(), [3]);
}

fn progress_is_said(parallel: &dyn Fn() -> Parallel) {
    let (last, threads) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(HashSet::new())));
    let shown = parallel().on_progress({
        let (last, threads) = (Arc::clone(&last), Arc::clone(&threads));
        move |progress| {
            last.store(progress.completed, Ordering::Relaxed);
            threads.lock().unwrap().insert(std::thread::current().id());
        }
    });
    shown.run((0..50_u32).map(|n| delayed(u32::count_ones, (n,)))).unwrap();
    assert_eq!(last.load(Ordering::Relaxed), 50);
    assert_eq!(*threads.lock().unwrap(), HashSet::from([std::thread::current().id()]));
}

fn depth(n: u32) -> u32 {
    std::hint::black_box([0_u8; 1 << 10]);
    if n == 0 { 0 } else { 1 + depth(n - 1) }
}

fn stacks_have_the_size_that_is_asked_for(parallel: &dyn Fn() -> Parallel) {
    // More than any default.
    assert_eq!(parallel().stack_size(256 << 20).run([delayed(depth, (20_000,))]).unwrap(), [20_000]);
}
