//! What joblib's own tests of `Parallel` hold, where `joblib-parallel`'s tests do not hold it already.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use joblib_parallel::backend::Batch;
use joblib_parallel::backend::{Call, Capabilities, ParallelBackend, Returned, Session};
use joblib_parallel::{
    Generator, GeneratorUnordered, Parallel, Prefer, SharedMem, Waker, cpu_count, delayed, effective_n_jobs,
    parallel_config, register_parallel_backend,
};

/// The backends that are there without being registered, but for forks: a test's threads may hold locks at the moment of
/// a fork, which nobody in the child would ever release.
const BACKENDS: [&str; 3] = ["sequential", "threading", "loky"];

fn square(n: u64) -> u64 {
    n * n
}

fn squares(n: u64) -> Vec<u64> {
    (0..n).map(square).collect()
}

fn refuses_seven(n: u64) -> u64 {
    assert!(n != 7, "seven is not wanted");
    n
}

fn nap(milliseconds: u64) -> u64 {
    std::thread::sleep(Duration::from_millis(milliseconds));
    milliseconds
}

/// A backend of other people: it calls itself remote and runs batches where they are waited for.
struct Elsewhere {
    name: &'static str,
    workers: usize,
}

struct Waiting(Vec<Batch>);

impl ParallelBackend for Elsewhere {
    fn name(&self) -> &str {
        self.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::remote(Duration::from_millis(1))
    }

    fn effective_n_jobs(&self, n_jobs: i32) -> joblib_parallel::Result<usize> {
        Ok(if n_jobs < 0 { self.workers } else { self.workers.min(n_jobs as usize) })
    }

    fn open(&self, _: Call) -> joblib_parallel::Result<Box<dyn Session>> {
        Ok(Box::new(Waiting(Vec::new())))
    }
}

impl Session for Waiting {
    fn submit(&mut self, batch: Batch) -> joblib_parallel::Result<()> {
        self.0.push(batch);
        Ok(())
    }

    fn wait(&mut self, _: Option<Instant>, returned: &mut Vec<Returned>) -> joblib_parallel::Result<()> {
        for mut batch in self.0.drain(..) {
            batch.run();
            returned.push(Returned::Batch(batch));
        }
        Ok(())
    }

    fn cancel(&mut self) {}

    fn waker(&self) -> Waker {
        std::sync::Arc::new(|| {})
    }
}

#[test]
fn negative_numbers_of_workers_count_from_the_number_of_processors() {
    let cpus = cpu_count();
    assert_eq!(effective_n_jobs(Some(-1)).unwrap(), cpus);
    assert_eq!(effective_n_jobs(Some(-2)).unwrap(), (cpus - 1).max(1));
    assert_eq!(effective_n_jobs(Some(-1000)).unwrap(), 1);
}

#[test]
fn any_number_of_workers_and_any_verbosity_gives_the_same_results() {
    for backend in BACKENDS {
        for n_jobs in [1, 2, -1, -2] {
            for verbose in [0, 2, 11, 100] {
                let parallel = Parallel::new().backend(backend).n_jobs(n_jobs).verbose(verbose);
                assert_eq!(parallel.run((0..5).map(|n| delayed(square, (n,)))).unwrap(), squares(5));
            }
        }
    }
}

#[test]
fn a_call_works_from_any_thread() {
    for backend in BACKENDS {
        let call =
            move || Parallel::new().backend(backend).n_jobs(2).run((0..4).map(|n| delayed(square, (n,))));
        assert_eq!(std::thread::spawn(call).join().unwrap().unwrap(), squares(4));
    }
}

fn inner_loop(backend: String) -> Vec<u64> {
    Parallel::new().backend(backend).n_jobs(2).run((0..2).map(|n| delayed(square, (n,)))).unwrap()
}

#[test]
fn every_backend_nests_in_every_other() {
    for outer in BACKENDS {
        for inner in BACKENDS {
            let tasks = (0..2).map(|_| delayed(inner_loop, (inner.to_owned(),)));
            let results = Parallel::new().backend(outer).n_jobs(2).run(tasks).unwrap();
            assert_eq!(results, [squares(2), squares(2)], "{inner} in {outer}");
        }
    }
}

fn nested_to(depth: u32) -> u32 {
    if depth == 0 {
        return 1;
    }
    Parallel::new().n_jobs(2).run((0..2).map(|_| delayed(nested_to, (depth - 1,)))).unwrap().iter().sum()
}

#[test]
fn calls_nest_four_deep() {
    for backend in BACKENDS {
        let _scope = parallel_config().backend(backend).n_jobs(2).enter();
        assert_eq!(nested_to(4), 16);
    }
}

fn fails_inside(n: u64) -> u64 {
    let inner = Parallel::new().n_jobs(2).run((0..n).map(|n| delayed(refuses_seven, (n,))));
    inner.unwrap_or_else(|error| panic!("{error}")).len() as u64
}

#[test]
fn the_failure_of_an_inner_call_reaches_the_outer_caller_with_both_functions_named() {
    for backend in BACKENDS {
        let tasks = [3, 30].map(|n| delayed(fails_inside, (n,)));
        let error = Parallel::new().backend(backend).n_jobs(2).run(tasks).unwrap_err();
        let text = error.to_string();
        for part in ["fails_inside", "refuses_seven", "seven is not wanted"] {
            assert!(text.contains(part), "{backend}: no {part:?} in {text}");
        }
    }
}

#[test]
fn a_parallel_can_be_used_again_after_a_failure() {
    for backend in BACKENDS {
        let parallel = Parallel::new().backend(backend).n_jobs(2);
        for _ in 0..3 {
            assert!(parallel.run((0..30).map(|n| delayed(refuses_seven, (n,)))).unwrap_err().is_panic());
            assert_eq!(parallel.run((0..10).map(|n| delayed(square, (n,)))).unwrap(), squares(10));
        }
    }
}

#[test]
fn with_one_job_each_task_runs_before_the_next_is_produced() {
    let events = Mutex::new(Vec::new());
    let record = |event: String| events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    let tasks = (0..6).map(|n| {
        record(format!("produced {n}"));
        let record = &record;
        move || record(format!("consumed {n}"))
    });
    Parallel::new().n_jobs(1).batch_size(1).require(SharedMem).run(tasks).unwrap();
    let expected: Vec<String> =
        (0..6).flat_map(|n| [format!("produced {n}"), format!("consumed {n}")]).collect();
    assert_eq!(*events.lock().unwrap(), expected);
}

#[test]
fn pre_dispatch_bounds_how_far_the_producer_runs_ahead() {
    let events = Mutex::new(Vec::new());
    let record = |event: &'static str| events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    let tasks = (0..6).map(|_| {
        record("produced");
        || record("consumed")
    });
    Parallel::new().n_jobs(2).batch_size(1).pre_dispatch(3).require(SharedMem).run(tasks).unwrap();
    let events = events.into_inner().unwrap();
    assert_eq!(events.len(), 12);
    let mut ahead = 0_i32;
    for event in events {
        ahead += if event == "produced" { 1 } else { -1 };
        assert!(ahead <= 3, "{ahead} tasks were produced and not consumed");
    }
}

#[test]
fn no_way_of_dispatching_loses_or_doubles_a_task() {
    let all = [
        (2, 2, "all", None),
        (2, 2, "n_jobs", None),
        (517, 2, "n_jobs", None),
        (10, 4, "n_jobs", None),
        (200, 12, "n_jobs", None),
        (25, 12, "2 * n_jobs", Some(1)),
        (250, 12, "all", Some(1)),
        (250, 12, "2 * n_jobs", Some(7)),
        (200, 12, "2 * n_jobs", None),
    ];
    for backend in BACKENDS {
        for (tasks, n_jobs, pre_dispatch, batch_size) in all {
            let mut parallel = Parallel::new().backend(backend).n_jobs(n_jobs).pre_dispatch(pre_dispatch);
            if let Some(size) = batch_size {
                parallel = parallel.batch_size(size);
            }
            assert_eq!(parallel.run((0..tasks).map(|n| delayed(square, (n,)))).unwrap(), squares(tasks));
        }
    }
}

#[test]
fn numbers_and_names_without_meaning_are_errors_that_say_what_has_one() {
    let tasks = || (0..3).map(|n| delayed(square, (n,)));
    for backend in BACKENDS {
        let error = Parallel::new().backend(backend).n_jobs(0).run(tasks()).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("n_jobs = 0"), "{error}");
    }
    assert!(Parallel::new().batch_size(0).run(tasks()).unwrap_err().is_usage());
    assert!(Parallel::new().pre_dispatch("__import__('os')").run(tasks()).unwrap_err().is_usage());
    let error = Parallel::new().backend("unit-testing").run(tasks()).unwrap_err().to_string();
    assert!(error.contains("\"unit-testing\"") && error.contains("threading"), "{error}");
    let error = parallel_config().backend("unit-testing").scope(|| Parallel::new().run(tasks())).unwrap_err();
    assert!(error.is_usage(), "{error}");
}

#[test]
fn a_time_limit_that_is_not_reached_changes_nothing() {
    for backend in BACKENDS {
        for n_jobs in [1, 2] {
            let parallel = Parallel::new().backend(backend).n_jobs(n_jobs).timeout(Duration::from_mins(1));
            assert_eq!(parallel.run((0..10).map(|_| delayed(nap, (1,)))).unwrap(), [1; 10]);
            let results = parallel.return_as(Generator).run((0..10).map(|_| delayed(nap, (1,)))).unwrap();
            assert_eq!(results.count(), 10);
        }
    }
}

#[test]
fn a_time_limit_ends_a_generator_too() {
    let parallel = Parallel::new().backend("threading").n_jobs(2).timeout(Duration::from_millis(50));
    let tasks = || [3_000, 1, 1, 1].map(|milliseconds| delayed(nap, (milliseconds,)));
    let mut ordered = parallel.clone().return_as(Generator).run(tasks()).unwrap();
    assert!(ordered.next().unwrap().unwrap_err().is_timeout());
    let unordered = parallel.return_as(GeneratorUnordered).run(tasks()).unwrap();
    let last = unordered.last().unwrap();
    assert!(last.unwrap_err().is_timeout());
}

#[test]
fn an_unordered_generator_gives_what_is_finished_before_what_is_not() {
    static OTHERS_ARE_OUT: AtomicBool = AtomicBool::new(false);
    fn waits_if_first(n: u64) -> u64 {
        while n == 1 && !OTHERS_ARE_OUT.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
        n
    }
    let tasks = (0..10).map(|n| delayed(waits_if_first, (n,)));
    let mut results = Parallel::new()
        .backend("threading")
        .n_jobs(2)
        .batch_size(1)
        .pre_dispatch("all")
        .return_as(GeneratorUnordered)
        .run(tasks)
        .unwrap();
    let mut first: Vec<u64> = results.by_ref().take(9).map(Result::unwrap).collect();
    first.sort_unstable();
    assert_eq!(first, [0, 2, 3, 4, 5, 6, 7, 8, 9]);
    OTHERS_ARE_OUT.store(true, Ordering::Release);
    assert_eq!(results.next().unwrap().unwrap(), 1);
}

#[test]
fn a_generator_of_large_results_can_be_dropped_at_any_time() {
    fn large(n: u64) -> Vec<u8> {
        vec![n as u8; 500_000]
    }
    for backend in BACKENDS {
        for n_jobs in [1, 2, -1] {
            let parallel = Parallel::new().backend(backend).n_jobs(n_jobs);
            let mut ordered =
                parallel.clone().return_as(Generator).run((0..10).map(|n| delayed(large, (n,)))).unwrap();
            assert!(ordered.next().is_some() && ordered.next().is_some());
            drop(ordered);
            let mut unordered =
                parallel.return_as(GeneratorUnordered).run((0..10).map(|n| delayed(large, (n,)))).unwrap();
            assert!(unordered.next().is_some());
        }
    }
}

#[test]
fn one_parallel_serves_several_generators_at_once() {
    for backend in BACKENDS {
        let parallel = Parallel::new().backend(backend).n_jobs(2).return_as(Generator);
        let first = parallel.run((0..10).map(|n| delayed(square, (n,)))).unwrap();
        let second = parallel.run((10..20).map(|n| delayed(square, (n,)))).unwrap();
        let both: Vec<u64> = first.zip(second).flat_map(|(a, b)| [a.unwrap(), b.unwrap()]).collect();
        assert_eq!(both, (0..10).flat_map(|n| [square(n), square(n + 10)]).collect::<Vec<_>>());
    }
}

#[test]
fn closures_without_captured_state_are_tasks() {
    for backend in BACKENDS {
        let tasks = (0..10).map(|n| delayed(|n: u64| n * n, (n,)));
        assert_eq!(Parallel::new().backend(backend).n_jobs(2).run(tasks).unwrap(), squares(10));
    }
}

#[test]
fn a_preference_never_changes_the_results() {
    for prefer in [Prefer::Threads, Prefer::Processes] {
        for n_jobs in [1, 2] {
            let tasks = || (0..10).map(|n| delayed(square, (n,)));
            assert_eq!(Parallel::new().n_jobs(n_jobs).prefer(prefer).run(tasks()).unwrap(), squares(10));
            let _scope = parallel_config().prefer(prefer).n_jobs(n_jobs).enter();
            assert_eq!(Parallel::new().run(tasks()).unwrap(), squares(10));
        }
    }
}

#[test]
fn a_registered_backend_is_found_by_its_name_and_by_a_scope() {
    register_parallel_backend(Elsewhere { name: "elsewhere", workers: 3 }).unwrap();
    let tasks = || (0..100).map(|n| delayed(square, (n,)));
    assert_eq!(Parallel::new().backend("elsewhere").n_jobs(2).run(tasks()).unwrap(), squares(100));
    let _scope = parallel_config().backend("elsewhere").n_jobs(-1).enter();
    assert_eq!(effective_n_jobs(None).unwrap(), 3);
    assert_eq!(Parallel::new().run(tasks()).unwrap(), squares(100));
}

#[test]
fn tasks_that_borrow_run_on_threads_although_a_scope_suggests_otherwise_and_never_where_memory_is_not_shared()
{
    register_parallel_backend(Elsewhere { name: "far away", workers: 2 }).unwrap();
    let text = String::from("borrowed");
    let borrow = || (0..2).map(|_| || text.len());
    let _scope = parallel_config().backend("far away").n_jobs(2).enter();
    assert_eq!(Parallel::new().require(SharedMem).run(borrow()).unwrap(), [8, 8]);
    let error = Parallel::new().backend("far away").require(SharedMem).run(borrow()).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("shared memory"), "{error}");
}

#[test]
fn inner_scopes_keep_what_they_do_not_say() {
    let _outer = parallel_config().backend("threading").n_jobs(2).enter();
    parallel_config().verbose(0).scope(|| assert_eq!(effective_n_jobs(None).unwrap(), 2));
    parallel_config().n_jobs(3).scope(|| assert_eq!(effective_n_jobs(None).unwrap(), 3));
    assert_eq!(Parallel::new().n_jobs(None).run([delayed(square, (3,))]).unwrap(), [9]);
    assert_eq!(effective_n_jobs(None).unwrap(), 2);
}
