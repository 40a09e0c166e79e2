//! Calls on threads: borrowing, stopping, time limits; budgets and configuration.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use joblib_parallel::{
    Backend, CancellationToken, Cause, Parallel, SharedMem, TaskError, cancelled, delayed, effective_n_jobs,
    parallel_config,
};

use crate::child;

fn square(n: u64) -> u64 {
    n * n
}

#[test]
fn closures_borrow_after_require_shared_memory() {
    let words = ["a".to_owned(), "bc".to_owned()];
    let total = AtomicUsize::new(0);
    for n_jobs in [1, 2] {
        let lengths = Parallel::new()
            .n_jobs(n_jobs)
            .require(SharedMem)
            .run(words.iter().map(|word| {
                let total = &total;
                move || {
                    total.fetch_add(word.len(), Ordering::Relaxed);
                    word.as_str()
                }
            }))
            .unwrap();
        assert_eq!(lengths, ["a", "bc"]);
    }
    assert_eq!(total.load(Ordering::Relaxed), 6);
}

#[test]
fn a_token_ends_a_call_and_tasks_can_see_it() {
    let token = CancellationToken::new();
    let wait = || {
        while !cancelled() {
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(20));
            token.cancel();
        });
        let parallel = Parallel::new().n_jobs(2).backend(Backend::Threading).cancellation(&token);
        let error = parallel.run((0..10).map(|_| delayed(wait, ()))).unwrap_err();
        assert!(error.is_cancelled());
    });
}

#[test]
fn a_timeout_on_threads_returns_on_time_and_costs_no_other_task() {
    let nap = |n: u64| {
        // Long enough that waiting for it would show.
        std::thread::sleep(Duration::from_secs(if n % 10 == 3 { 300 } else { 0 }));
        n
    };
    // Long enough for what takes no time, on however busy a machine.
    let parallel = Parallel::new().n_jobs(2).timeout(Duration::from_secs(1));
    let error = parallel.run((0..20).map(|n| delayed(nap, (n,)))).unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("still runs"), "{error}");
    assert_eq!(error.task().unwrap().arguments(), "3");
    let outcomes = parallel.outcomes().run((0..20).map(|n| delayed(nap, (n,)))).unwrap();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 18);
    assert!(outcomes[3].is_err() && outcomes[13].is_err());
}

const BACKENDS: [Backend; 4] =
    [Backend::Sequential, Backend::Threading, Backend::Loky, Backend::Multiprocessing];

#[test]
fn a_timeout_of_nothing_is_refused_and_one_without_end_is_none() {
    for backend in BACKENDS {
        let parallel = || Parallel::new().n_jobs(2).backend(backend.clone());
        let tasks = || (0..3).map(|n| delayed(square, (n,)));
        let error = parallel().timeout(Duration::ZERO).run(tasks()).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("timeout"), "{backend:?}: {error}");
        assert_eq!(parallel().timeout(Duration::MAX).run(tasks()).unwrap(), [0, 1, 4], "{backend:?}");
    }
}

/// Panics again when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        std::panic::panic_any(Bomb);
    }
}

fn throws_a_bomb(n: u64) -> u64 {
    if n == 1 {
        std::panic::panic_any(Bomb);
    }
    n
}

#[test]
fn what_a_task_throws_may_panic_when_it_is_dropped() {
    for backend in BACKENDS {
        let parallel = Parallel::new().n_jobs(2).backend(backend.clone()).outcomes();
        let outcomes = parallel.run((0..3).map(|n| delayed(throws_a_bomb, (n,)))).unwrap();
        let error = outcomes[1].as_ref().unwrap_err();
        assert!(error.to_string().contains("a value that is not text"), "{backend:?}: {error}");
        assert!(outcomes[0].is_ok() && outcomes[2].is_ok(), "{backend:?}");
    }
}

#[test]
fn a_lone_task_is_noticed_when_it_is_out_of_time_however_late_its_thread_began() {
    static OVER: AtomicBool = AtomicBool::new(false);
    let wait = || {
        while !OVER.load(Ordering::Relaxed) {
            std::thread::park_timeout(Duration::from_millis(10));
        }
    };
    for _ in 0..30 {
        let parallel =
            Parallel::new().backend(Backend::Threading).n_jobs(1).timeout(Duration::from_millis(5));
        assert!(parallel.run([delayed(wait, ())]).unwrap_err().is_timeout());
    }
    OVER.store(true, Ordering::Relaxed);
}

#[test]
fn a_call_can_be_silent_in_a_scope_that_is_not() {
    let lines = child::play(&mut child::role("timeouts_and_panics::a_program_with_a_verbose_scope"));
    assert_eq!(lines.matches("[Parallel(n_jobs=2)]").count(), 2, "{lines}");
}

#[test]
#[ignore = "run by a_call_can_be_silent_in_a_scope_that_is_not"]
fn a_program_with_a_verbose_scope() {
    // From 50 on messages are printed to stdout.
    let _scope = parallel_config().verbose(50).n_jobs(2).enter();
    let roots = |parallel: Parallel| parallel.run([delayed(f64::sqrt, (4.0,))]).unwrap();
    assert_eq!(roots(Parallel::new().verbose(0)), [2.0]);
    assert_eq!(roots(Parallel::new()), [2.0]);
}

#[test]
fn a_deadline_ends_the_call_on_time() {
    let nap = |ms| std::thread::sleep(Duration::from_millis(ms));
    let limit = Duration::from_millis(50);
    let calls = BACKENDS.map(|backend| Parallel::new().n_jobs(2).backend(backend));
    for parallel in calls.into_iter().chain([Parallel::new()]) {
        let error = parallel.deadline(limit).run((0..4).map(|_| delayed(nap, (300_000,)))).unwrap_err();
        assert!(error.is_deadline(), "{error}");
    }
}

#[test]
fn a_timeout_is_kept_on_every_backend_and_by_a_single_worker() {
    let nap = |n: u64| std::thread::sleep(Duration::from_secs(if n == 1 { 300 } else { 0 }));
    let calls = BACKENDS.map(|backend| Parallel::new().backend(backend));
    for parallel in calls.into_iter().chain([Parallel::new()]) {
        let parallel = parallel.timeout(Duration::from_secs(1)).outcomes();
        let outcomes = parallel.run((0..3).map(|n| delayed(nap, (n,)))).unwrap();
        assert!(outcomes[1].as_ref().unwrap_err().is_timeout());
        assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
    }
}

#[test]
fn a_task_that_catches_its_own_panics_has_no_more_time_than_others() {
    let panics_and_goes_on = || {
        loop {
            let _ = std::panic::catch_unwind(|| panic!("one of many"));
            std::thread::sleep(Duration::from_millis(1));
            if cancelled() {
                return;
            }
        }
    };
    for backend in BACKENDS {
        let parallel = Parallel::new().n_jobs(2).backend(backend.clone()).timeout(Duration::from_millis(300));
        let error = parallel.run([delayed(panics_and_goes_on, ())]).unwrap_err();
        assert!(error.is_timeout(), "{backend}: {error}");
    }
}

#[test]
fn a_panic_that_a_task_caught_is_not_taken_for_a_later_one() {
    fn catches_or_resumes(n: u32) {
        match n {
            0 => drop(std::panic::catch_unwind(|| panic!("the panic that was caught"))),
            1 => std::panic::resume_unwind(Box::new("the panic that was resumed")),
            _ => {
                let _ = std::panic::catch_unwind(|| panic!("the panic that was caught"));
                std::panic::resume_unwind(Box::new(7))
            }
        }
    }
    for backend in BACKENDS {
        let parallel = Parallel::new().n_jobs(1).backend(backend.clone()).outcomes();
        let outcomes = parallel.run((0..3).map(|n| delayed(catches_or_resumes, (n,)))).unwrap();
        assert!(outcomes[0].is_ok(), "{backend}");
        for (n, message) in [(1, "the panic that was resumed"), (2, "a value that is not text")] {
            let error = outcomes[n].as_ref().unwrap_err();
            let Cause::Panic(panic) = error.cause() else { panic!("{backend}: {error}") };
            assert_eq!((panic.message.as_str(), &panic.location), (message, &None), "{backend}");
        }
    }
}

#[test]
fn inner_calls_share_the_budget_of_the_outer_one() {
    let inner = || effective_n_jobs(Some(-1)).unwrap();
    let budgets =
        Parallel::new().n_jobs(2).inner_max_num_threads(3).run((0..4).map(|_| delayed(inner, ()))).unwrap();
    assert_eq!(budgets, [3; 4]);
    let nested = |n: u64| {
        let inner =
            |n: u64| Parallel::new().n_jobs(-1).run((0..3).map(|k| delayed(square, (n + k,)))).unwrap();
        Parallel::new().n_jobs(-1).run((0..3).map(|k| delayed(inner, (n * k,)))).unwrap()
    };
    let outer = |inner_threads| {
        let parallel = Parallel::new().n_jobs(3).inner_max_num_threads(inner_threads);
        parallel.run((0..10).map(|n| delayed(nested, (n,)))).unwrap()
    };
    assert_eq!(outer(1), outer(3));
}

#[test]
fn the_configuration_of_a_scope_is_the_default_of_calls() {
    assert_eq!(effective_n_jobs(None).unwrap(), 1);
    parallel_config().backend("threading").n_jobs(4).scope(|| {
        assert_eq!(effective_n_jobs(None).unwrap(), 4);
        parallel_config().backend("sequential").scope(|| assert_eq!(effective_n_jobs(None).unwrap(), 1));
    });
    let error = parallel_config().backend("cloud").scope(|| effective_n_jobs(None).unwrap_err());
    assert!(error.is_usage() && error.to_string().contains("\"cloud\""));
}

#[test]
fn the_time_to_resolve_the_stack_of_a_panic_is_not_the_tasks() {
    for backend in ["threading", "loky", "multiprocessing"] {
        let mut role = child::role("timeouts_and_panics::a_program_whose_task_panics_within_its_time");
        child::play(role.env("RUST_BACKTRACE", "1").env(BACKEND, backend));
    }
}

/// Names the backend of a role.
const BACKEND: &str = "JOBLIB_PARALLEL_TEST_BACKEND";

/// Panics with a stack that takes far longer to resolve than to get there.
#[inline(never)]
fn panics_far_down(n: u32) -> u32 {
    assert!(n != 0, "the message of the panic");
    std::hint::black_box(panics_far_down(n - 1)) + 1
}

#[test]
#[ignore = "run by the_time_to_resolve_the_stack_of_a_panic_is_not_the_tasks"]
fn a_program_whose_task_panics_within_its_time() {
    let backend = std::env::var(BACKEND).unwrap();
    // Far more than the task takes to panic.
    let limit = Duration::from_millis(500);
    // A stack that takes longer than that to resolve.
    for frames in std::iter::successors(Some(5_000), |frames| Some(2 * frames)) {
        let parallel = Parallel::new().n_jobs(2).backend(backend.as_str()).timeout(limit).stack_size(1 << 30);
        let started = Instant::now();
        let error = parallel.run([delayed(panics_far_down, (frames,))]).unwrap_err();
        assert!(error.is_panic(), "{error}");
        let text = error.to_string();
        assert!(text.contains("the message of the panic") && text.contains("panics_far_down"), "{text}");
        if started.elapsed() > limit {
            return;
        }
        assert!(frames < 1_000_000, "no stack takes that long to resolve");
    }
}

/// Panics while a panic unwinds, which aborts.
struct PanicsAgain;

impl Drop for PanicsAgain {
    fn drop(&mut self) {
        panic!("the second panic");
    }
}

fn panics_twice(n: u32) -> u32 {
    let again = PanicsAgain;
    assert!(n != 1, "the first panic");
    std::mem::forget(again);
    n
}

#[test]
fn a_panic_that_ends_its_process_is_part_of_the_crash() {
    for backend in ["loky", "multiprocessing"] {
        let parallel = Parallel::new().n_jobs(2).backend(backend).outcomes();
        let outcomes = parallel.run((0..4).map(|n| delayed(panics_twice, (n,)))).unwrap();
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3, "{backend}");
        let error = outcomes[1].as_ref().unwrap_err();
        assert!(error.is_crash() && error.to_string().contains("panic"), "{error}");
        let Cause::Crash(crash) = error.cause() else { panic!("{error}") };
        assert!(crash.panic.as_ref().is_some_and(|panic| panic.contains("the first panic")), "{error}");
        assert!(crash.panic.as_ref().is_some_and(|panic| panic.contains("the second panic")), "{error}");
    }
}

#[test]
fn a_call_that_ends_early_keeps_the_outcomes_that_were_there() {
    for backend in BACKENDS {
        let token = CancellationToken::new();
        let done = AtomicUsize::new(0);
        let parallel = Parallel::new().n_jobs(2).backend(backend.clone()).batch_size(1).outcomes();
        let parallel = parallel.on_progress(|_| {}).cancellation(&token).pre_dispatch("n_jobs");
        let tasks = (0..1000).map(|n| {
            // Few tasks are dispatched at a time, so the first ones have come back by now.
            if done.fetch_add(1, Ordering::Relaxed) == 100 {
                token.cancel();
            }
            delayed(|n: u32| 12 / (n % 10), (n,))
        });
        let error = parallel.run(tasks).unwrap_err();
        assert!(error.is_cancelled(), "{backend}: {error}");
        let completed = error.into_completed::<Result<u32, TaskError>>().unwrap();
        assert!((90..1000).contains(&completed.len()), "{backend}: {}", completed.len());
        // Those that were on their way have none.
        for (n, outcome) in (0..).zip(&completed).filter_map(|(n, outcome)| Some((n, outcome.as_ref()?))) {
            match outcome {
                Ok(value) => assert_eq!(*value, 12 / (n % 10), "{backend}"),
                Err(error) => assert!(n % 10 == 0 && error.is_panic(), "{backend}: {error}"),
            }
        }
        let failed = completed.iter().flatten().filter(|outcome| outcome.is_err()).count();
        let finished = completed.iter().flatten().count();
        assert!(failed > 3 && finished > 80, "{backend}: {failed} of {finished}");
    }
}

#[test]
fn a_call_shows_what_it_was_told_but_for_the_values_of_variables() {
    let parallel = Parallel::new().backend("loky").n_jobs(3).timeout(Duration::from_secs(5));
    let shown = format!("{:?}", parallel.env("TOKEN", "a secret").outcomes());
    for part in ["Parallel", "n_jobs: 3", "Loky", "timeout: 5s", "TOKEN"] {
        assert!(shown.contains(part), "{shown}");
    }
    assert!(!shown.contains("secret") && !shown.contains("memory_limit"), "{shown}");
}
