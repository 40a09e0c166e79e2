//! The test suite that every backend has to pass, including backends outside this crate.
//!
//! ```
//! joblib_parallel::conformance::check("threading");
//! ```
//!
//! A case returns the error of a call that should have succeeded, and panics if an outcome is not the expected one, like a
//! test.

use std::cell::Cell;
use std::error::Error;

use joblib_array::Array;

use crate::{
    Backend, CancellationToken, Generator, GeneratorUnordered, Parallel, TaskError, delayed,
    effective_n_jobs, task_seed,
};

/// The outcome of a case: an error if a call failed that should have succeeded.
pub type Outcome = Result<(), Box<dyn Error>>;

/// A case, which makes calls with the [`Parallel`] that the function returns. # Panics If an outcome is not the expected
/// one; the message says which.
pub type Case = fn(&dyn Fn() -> Parallel) -> Outcome;

/// All cases with their names.
pub const CASES: &[(&str, Case)] = &[
    ("results_come_in_the_order_of_tasks", results_come_in_the_order_of_tasks),
    (
        "the_producer_runs_on_the_callers_thread_and_may_hold_anything",
        the_producer_runs_on_the_callers_thread_and_may_hold_anything,
    ),
    ("a_panic_names_task_function_arguments_and_place", a_panic_names_task_function_arguments_and_place),
    ("outcomes_give_every_task_its_own_result", outcomes_give_every_task_its_own_result),
    ("an_err_ends_try_run_with_its_task_named", an_err_ends_try_run_with_its_task_named),
    ("a_panic_of_the_producer_reaches_the_caller", a_panic_of_the_producer_reaches_the_caller),
    (
        "a_generator_is_in_order_and_does_not_run_ahead_of_its_consumer",
        a_generator_is_in_order_and_does_not_run_ahead_of_its_consumer,
    ),
    ("an_unordered_generator_gives_every_result_once", an_unordered_generator_gives_every_result_once),
    ("a_failure_ends_a_generator_and_outcomes_do_not", a_failure_ends_a_generator_and_outcomes_do_not),
    ("seeds_depend_on_the_task_and_nothing_else", seeds_depend_on_the_task_and_nothing_else),
    ("a_cancelled_token_ends_the_call", a_cancelled_token_ends_the_call),
    ("arrays_arrive_and_return_whole", arrays_arrive_and_return_whole),
    ("inner_calls_find_the_share_of_their_task", inner_calls_find_the_share_of_their_task),
    ("calls_nest_three_deep", calls_nest_three_deep),
    ("a_consumer_may_leave_early_and_call_again", a_consumer_may_leave_early_and_call_again),
    (
        "a_panic_of_the_consumer_ends_the_call_and_nothing_else",
        a_panic_of_the_consumer_ends_the_call_and_nothing_else,
    ),
    ("calls_of_different_functions_run_as_one_list", calls_of_different_functions_run_as_one_list),
];

/// Runs all cases on `backend`, with two workers.
///
/// # Panics
///
/// Panics if the backend fails a case; the message names the case, or says what was expected.
pub fn check(backend: impl Into<Backend>) {
    let backend = backend.into();
    for (name, case) in CASES {
        if let Err(error) = case(&|| Parallel::new().backend(backend.clone()).n_jobs(2)) {
            // Documented above: a suite that is called in a test fails as a test does.
            panic!("{name}: {error}");
        }
    }
}

/// The error of a call that has to fail.
fn refusal<T, E>(result: Result<T, E>) -> Result<E, Box<dyn Error>> {
    match result {
        Ok(_) => Err("a call that has to fail succeeded".into()),
        Err(error) => Ok(error),
    }
}

fn square(n: u64) -> u64 {
    n * n
}

fn fails_on_multiples(n: u64, of: u64) -> u64 {
    assert!(n % of != of - 1, "{n} is not wanted");
    n
}

fn results_come_in_the_order_of_tasks(new: &dyn Fn() -> Parallel) -> Outcome {
    let parallel = new();
    let got = parallel.run((0..10_000).map(|n| delayed(square, (n,))))?;
    assert_eq!(got, (0..10_000).map(square).collect::<Vec<_>>());
    assert_eq!(parallel.run((0..0).map(|n| delayed(square, (n,))))?, []);
    Ok(())
}

fn the_producer_runs_on_the_callers_thread_and_may_hold_anything(new: &dyn Fn() -> Parallel) -> Outcome {
    let count = std::rc::Rc::new(Cell::new(0));
    let parallel = new();
    let tasks = (0..100).map(|n| {
        count.set(count.get() + 1);
        delayed(square, (n,))
    });
    parallel.run(tasks)?;
    assert_eq!(count.get(), 100);
    Ok(())
}

fn a_panic_names_task_function_arguments_and_place(new: &dyn Fn() -> Parallel) -> Outcome {
    let parallel = new();
    let error = refusal(parallel.run((0..99).map(|n| delayed(fails_on_multiples, (n, 50)))))?;
    assert!(error.is_panic(), "{error}");
    let task = error.task().ok_or("a panic without its task")?;
    assert_eq!(task.index(), 49);
    assert_eq!(task.arguments(), "49, 50");
    assert!(task.function().ends_with("fails_on_multiples"));
    assert!(error.to_string().contains("conformance.rs:") && error.to_string().contains("49 is not wanted"));
    let completed = error.into_completed::<u64>().ok_or("a failed call without its results so far")?;
    assert!(completed.iter().flatten().all(|n| *n < 99));
    assert_eq!(completed[49], None);
    Ok(())
}

fn outcomes_give_every_task_its_own_result(new: &dyn Fn() -> Parallel) -> Outcome {
    let parallel = new();
    let outcomes = parallel.outcomes().run((0..1000).map(|n| delayed(fails_on_multiples, (n, 10))))?;
    assert_eq!(outcomes.len(), 1000);
    for (n, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Ok(value) => assert_eq!(*value, n as u64),
            Err(error) => assert!(n % 10 == 9 && error.index() == n, "{error}"),
        }
    }
    Ok(())
}

fn an_err_ends_try_run_with_its_task_named(new: &dyn Fn() -> Parallel) -> Outcome {
    let check = |n: i32| if n < 0 { Err(format!("{n} < 0")) } else { Ok(n) };
    let parallel = new();
    assert_eq!(parallel.try_run([1, 2].map(|n| delayed(check, (n,))))?, [1, 2]);
    let error = refusal(parallel.try_run([1, -2, 3].map(|n| delayed(check, (n,)))))?;
    assert!(error.is_failure());
    assert_eq!(error.task().map(TaskError::arguments), Some("-2"));
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("-2 < 0"));
    Ok(())
}

fn a_panic_of_the_producer_reaches_the_caller(new: &dyn Fn() -> Parallel) -> Outcome {
    let parallel = new();
    let tasks = (0..100).map(|n| {
        assert!(n < 50, "no more tasks");
        delayed(square, (n,))
    });
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| parallel.run(tasks)));
    assert_eq!(refusal(panic)?.downcast_ref::<&str>(), Some(&"no more tasks"));
    Ok(())
}

fn a_generator_is_in_order_and_does_not_run_ahead_of_its_consumer(new: &dyn Fn() -> Parallel) -> Outcome {
    let parallel = new();
    let produced = Cell::new(0);
    let tasks = (0..1_000_000).map(|n| {
        produced.set(produced.get() + 1);
        delayed(square, (n,))
    });
    let mut results = parallel.batch_size(1).return_as(Generator).run(tasks)?;
    for n in 0..250 {
        assert_eq!(results.next().transpose()?, Some(square(n)));
        assert!(produced.get() < n + 50, "{} produced before {n}", produced.get());
    }
    Ok(())
}

fn an_unordered_generator_gives_every_result_once(new: &dyn Fn() -> Parallel) -> Outcome {
    let parallel = new();
    let results = parallel.return_as(GeneratorUnordered).run((0..5000).map(|n| delayed(square, (n,))))?;
    let mut got: Vec<u64> = results.collect::<Result<_, _>>()?;
    got.sort_unstable();
    assert_eq!(got, (0..5000).map(square).collect::<Vec<_>>());
    Ok(())
}

fn a_failure_ends_a_generator_and_outcomes_do_not(new: &dyn Fn() -> Parallel) -> Outcome {
    let parallel = new();
    let tasks = || (0..100).map(|n| delayed(fails_on_multiples, (n, 50)));
    let results: Vec<_> = parallel.clone().return_as(Generator).run(tasks())?.collect();
    let (last, before) = results.split_last().ok_or("a generator without its failure")?;
    assert!(last.as_ref().is_err_and(crate::Error::is_panic));
    assert!(before.iter().map(|result| result.as_ref().ok().copied()).eq((0..before.len() as u64).map(Some)));
    let results = parallel.outcomes().return_as(Generator).run(tasks())?;
    let outcomes = results.collect::<Result<Vec<_>, _>>()?;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_err()).count(), 2);
    Ok(())
}

fn seeds_depend_on_the_task_and_nothing_else(new: &dyn Fn() -> Parallel) -> Outcome {
    let draw = |parallel: Parallel| parallel.seed(3).run((0..100).map(|_| delayed(task_seed, ())));
    let expected = draw(Parallel::new())?;
    assert_eq!(draw(new())?, expected);
    assert_ne!(expected[0], expected[1]);
    Ok(())
}

fn a_cancelled_token_ends_the_call(new: &dyn Fn() -> Parallel) -> Outcome {
    let token = CancellationToken::new();
    let tasks = (0..1_000_000_u64).map(|n| {
        if n == 1000 {
            token.cancel();
        }
        delayed(square, (n,))
    });
    let error = refusal(new().cancellation(&token).run(tasks))?;
    assert!(error.is_cancelled(), "{error}");
    Ok(())
}

fn arrays_arrive_and_return_whole(new: &dyn Fn() -> Parallel) -> Outcome {
    let array: Array<f64> = Array::from_fn(&[300, 1000], |index| (index[0] * 1000 + index[1]) as f64);
    let same = |array: Array<f64>, _k: u64| array;
    for returned in new().run((0..4).map(|k| delayed(same, (array.clone(), k))))? {
        assert_eq!(returned, array);
    }
    Ok(())
}

fn inner_calls_find_the_share_of_their_task(new: &dyn Fn() -> Parallel) -> Outcome {
    let inner = || effective_n_jobs(Some(-1)).unwrap_or(0);
    let budgets = new().inner_max_num_threads(3).run((0..4).map(|_| delayed(inner, ())))?;
    assert_eq!(budgets, [3; 4]);
    Ok(())
}

fn calls_nest_three_deep(new: &dyn Fn() -> Parallel) -> Outcome {
    fn level(depth: u32, n: u64) -> u64 {
        if depth == 0 {
            return n;
        }
        let tasks = (0..3).map(|k| delayed(level, (depth - 1, 3 * n + k)));
        Parallel::new().n_jobs(-1).run(tasks).map_or(0, |results| results.iter().sum())
    }
    let sums = new().inner_max_num_threads(2).run((0..3).map(|n| delayed(level, (2, n))))?;
    assert_eq!(sums.iter().sum::<u64>(), (0..27).sum());
    Ok(())
}

fn a_consumer_may_leave_early_and_call_again(new: &dyn Fn() -> Parallel) -> Outcome {
    for _ in 0..3 {
        let results = new().return_as(Generator).run((0_u64..).map(|n| delayed(square, (n,))))?;
        let first: Vec<u64> = results.take(20).collect::<Result<_, _>>()?;
        assert_eq!(first, (0..20).map(square).collect::<Vec<_>>());
    }
    Ok(())
}

fn a_panic_of_the_consumer_ends_the_call_and_nothing_else(new: &dyn Fn() -> Parallel) -> Outcome {
    let results = new().return_as(Generator).run((0_u64..).map(|n| delayed(square, (n,))))?;
    let consume = || results.for_each(|result| assert!(result.map_or(true, |square| square < 100), "enough"));
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(consume));
    assert_eq!(refusal(panic)?.downcast_ref::<&str>(), Some(&"enough"));
    assert_eq!(new().run((0..10).map(|n| delayed(square, (n,))))?.len(), 10);
    Ok(())
}

fn calls_of_different_functions_run_as_one_list(new: &dyn Fn() -> Parallel) -> Outcome {
    let tasks =
        (0..100).flat_map(|n| [delayed(square, (n,)).boxed(), delayed(u64::swap_bytes, (n,)).boxed()]);
    let expected: Vec<u64> = (0..100).flat_map(|n| [square(n), n.swap_bytes()]).collect();
    assert_eq!(new().run(tasks)?, expected);
    Ok(())
}
