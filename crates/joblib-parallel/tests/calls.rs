//! What holds for a call whatever runs it: order, laziness, failures, stopping. On the backends of this process.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use joblib_parallel::{
    Backend, CancellationToken, Generator, GeneratorUnordered, Parallel, SharedMem, cancelled, delayed,
    effective_n_jobs, parallel_config, task_seed,
};

fn square(n: u64) -> u64 {
    n * n
}

fn fails_on_multiples(n: u64, of: u64) -> u64 {
    assert!(n % of != of - 1, "{n} is not wanted");
    n
}

fn each(check: impl Fn(Parallel)) {
    check(Parallel::new().backend(Backend::Sequential));
    check(Parallel::new().backend(Backend::Loky).n_jobs(2));
    check(Parallel::new().backend(Backend::Multiprocessing).n_jobs(2));
    for n_jobs in [1, 2, 5] {
        check(Parallel::new().backend(Backend::Threading).n_jobs(n_jobs));
    }
}

#[test]
fn results_come_in_the_order_of_tasks() {
    each(|parallel| {
        let got = parallel.run((0..10_000).map(|n| delayed(square, (n,)))).unwrap();
        assert_eq!(got, (0..10_000).map(square).collect::<Vec<_>>());
        assert_eq!(parallel.run((0..0).map(|n| delayed(square, (n,)))).unwrap(), []);
    });
}

#[test]
fn the_producer_runs_on_the_callers_thread_and_may_hold_anything() {
    let count = std::rc::Rc::new(Cell::new(0));
    each(|parallel| {
        let count = std::rc::Rc::clone(&count);
        let tasks = (0..100).map(|n| {
            count.set(count.get() + 1);
            delayed(square, (n,))
        });
        parallel.run(tasks).unwrap();
    });
    assert_eq!(count.get(), 600);
}

#[test]
fn a_panic_names_task_function_arguments_and_place() {
    each(|parallel| {
        let error = parallel.run((0..99).map(|n| delayed(fails_on_multiples, (n, 50)))).unwrap_err();
        assert!(error.is_panic(), "{error}");
        let task = error.task().unwrap();
        assert_eq!(task.index(), 49);
        assert_eq!(task.arguments(), "49, 50");
        assert!(task.function().ends_with("fails_on_multiples"));
        assert!(
            error.to_string().contains("tests/calls.rs:") && error.to_string().contains("49 is not wanted")
        );
        let completed = error.into_completed::<u64>().unwrap();
        assert!(completed.iter().flatten().all(|n| *n < 99));
        assert_eq!(completed[49], None);
    });
}

#[test]
fn outcomes_give_every_task_its_own_result() {
    each(|parallel| {
        let outcomes =
            parallel.outcomes().run((0..1000).map(|n| delayed(fails_on_multiples, (n, 10)))).unwrap();
        assert_eq!(outcomes.len(), 1000);
        for (n, outcome) in outcomes.iter().enumerate() {
            match outcome {
                Ok(value) => assert_eq!(*value, n as u64),
                Err(error) => assert!(n % 10 == 9 && error.index() == n, "{error}"),
            }
        }
    });
}

#[test]
fn an_err_ends_try_run_with_its_task_named() {
    let check = |n: i32| if n < 0 { Err(format!("{n} < 0")) } else { Ok(n) };
    each(|parallel| {
        assert_eq!(parallel.try_run([1, 2].map(|n| delayed(check, (n,)))).unwrap(), [1, 2]);
        let error = parallel.try_run([1, -2, 3].map(|n| delayed(check, (n,)))).unwrap_err();
        assert!(error.is_failure());
        assert_eq!(error.task().unwrap().arguments(), "-2");
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "-2 < 0");
    });
}

#[test]
fn a_panic_of_the_producer_reaches_the_caller() {
    each(|parallel| {
        let tasks = (0..100).map(|n| {
            assert!(n < 50, "no more tasks");
            delayed(square, (n,))
        });
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| parallel.run(tasks)));
        let message = *panic.unwrap_err().downcast::<&str>().unwrap();
        assert_eq!(message, "no more tasks");
    });
}

#[test]
fn a_generator_is_in_order_and_does_not_run_ahead_of_its_consumer() {
    each(|parallel| {
        let produced = Cell::new(0);
        let tasks = (0..1_000_000).map(|n| {
            produced.set(produced.get() + 1);
            delayed(square, (n,))
        });
        let mut results = parallel.batch_size(1).return_as(Generator).run(tasks).unwrap();
        for n in 0..1000 {
            assert_eq!(results.next().unwrap().unwrap(), square(n));
            assert!(produced.get() < n + 50, "{} produced before {n}", produced.get());
        }
    });
}

#[test]
fn an_unordered_generator_gives_every_result_once() {
    each(|parallel| {
        let results =
            parallel.return_as(GeneratorUnordered).run((0..5000).map(|n| delayed(square, (n,)))).unwrap();
        let mut got: Vec<u64> = results.map(Result::unwrap).collect();
        got.sort_unstable();
        assert_eq!(got, (0..5000).map(square).collect::<Vec<_>>());
    });
}

#[test]
fn a_failure_ends_a_generator_and_outcomes_do_not() {
    each(|parallel| {
        let tasks = || (0..100).map(|n| delayed(fails_on_multiples, (n, 50)));
        let results: Vec<_> = parallel.clone().return_as(Generator).run(tasks()).unwrap().collect();
        let (last, before) = results.split_last().unwrap();
        assert!(last.as_ref().unwrap_err().is_panic());
        assert!(before.iter().map(|result| *result.as_ref().unwrap()).eq(0..before.len() as u64));
        let results = parallel.outcomes().return_as(Generator).run(tasks()).unwrap();
        assert_eq!(results.filter(|outcome| outcome.as_ref().unwrap().is_err()).count(), 2);
    });
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
    let parallel = Parallel::new().n_jobs(2).timeout(Duration::from_millis(200));
    let error = parallel.run((0..20).map(|n| delayed(nap, (n,)))).unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("still runs"), "{error}");
    assert_eq!(error.task().unwrap().arguments(), "3");
    let outcomes = parallel.outcomes().run((0..20).map(|n| delayed(nap, (n,)))).unwrap();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 18);
    assert!(outcomes[3].is_err() && outcomes[13].is_err());
}

#[test]
fn a_deadline_ends_the_call_on_time() {
    let nap = |ms| std::thread::sleep(Duration::from_millis(ms));
    let parallel = Parallel::new().n_jobs(2).deadline(Duration::from_millis(50));
    assert!(parallel.run((0..4).map(|_| delayed(nap, (300_000,)))).unwrap_err().is_deadline());
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
fn seeds_depend_on_the_task_and_nothing_else() {
    let draw = |parallel: Parallel| parallel.seed(3).run((0..100).map(|_| delayed(task_seed, ()))).unwrap();
    let expected = draw(Parallel::new());
    each(|parallel| assert_eq!(draw(parallel), expected));
    assert_ne!(draw(Parallel::new())[0], draw(Parallel::new())[1]);
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
