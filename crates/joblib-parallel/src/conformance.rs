//! What every backend has to do, as cases that any backend can be run against, also one from outside of this crate.
//!
//! ```
//! joblib_parallel::conformance::check("threading");
//! ```
//!
//! A case panics where the backend falls short, as a test does; the panic says what was expected.

use std::cell::Cell;

use joblib_array::Array;

use crate::{
    Backend, CancellationToken, Generator, GeneratorUnordered, Parallel, delayed, effective_n_jobs, task_seed,
};

/// A case: it makes calls with what the function gives.
pub type Case = fn(&dyn Fn() -> Parallel);

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
pub fn check(backend: impl Into<Backend>) {
    let backend = backend.into();
    for (_, case) in CASES {
        case(&|| Parallel::new().backend(backend.clone()).n_jobs(2));
    }
}

fn square(n: u64) -> u64 {
    n * n
}

fn fails_on_multiples(n: u64, of: u64) -> u64 {
    assert!(n % of != of - 1, "{n} is not wanted");
    n
}

fn results_come_in_the_order_of_tasks(new: &dyn Fn() -> Parallel) {
    let parallel = new();
    let got = parallel.run((0..10_000).map(|n| delayed(square, (n,)))).unwrap();
    assert_eq!(got, (0..10_000).map(square).collect::<Vec<_>>());
    assert_eq!(parallel.run((0..0).map(|n| delayed(square, (n,)))).unwrap(), []);
}

fn the_producer_runs_on_the_callers_thread_and_may_hold_anything(new: &dyn Fn() -> Parallel) {
    let count = std::rc::Rc::new(Cell::new(0));
    let parallel = new();
    let tasks = (0..100).map(|n| {
        count.set(count.get() + 1);
        delayed(square, (n,))
    });
    parallel.run(tasks).unwrap();
    assert_eq!(count.get(), 100);
}

fn a_panic_names_task_function_arguments_and_place(new: &dyn Fn() -> Parallel) {
    let parallel = new();
    let error = parallel.run((0..99).map(|n| delayed(fails_on_multiples, (n, 50)))).unwrap_err();
    assert!(error.is_panic(), "{error}");
    let task = error.task().unwrap();
    assert_eq!(task.index(), 49);
    assert_eq!(task.arguments(), "49, 50");
    assert!(task.function().ends_with("fails_on_multiples"));
    assert!(error.to_string().contains("conformance.rs:") && error.to_string().contains("49 is not wanted"));
    let completed = error.into_completed::<u64>().unwrap();
    assert!(completed.iter().flatten().all(|n| *n < 99));
    assert_eq!(completed[49], None);
}

fn outcomes_give_every_task_its_own_result(new: &dyn Fn() -> Parallel) {
    let parallel = new();
    let outcomes = parallel.outcomes().run((0..1000).map(|n| delayed(fails_on_multiples, (n, 10)))).unwrap();
    assert_eq!(outcomes.len(), 1000);
    for (n, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Ok(value) => assert_eq!(*value, n as u64),
            Err(error) => assert!(n % 10 == 9 && error.index() == n, "{error}"),
        }
    }
}

fn an_err_ends_try_run_with_its_task_named(new: &dyn Fn() -> Parallel) {
    let check = |n: i32| if n < 0 { Err(format!("{n} < 0")) } else { Ok(n) };
    let parallel = new();
    assert_eq!(parallel.try_run([1, 2].map(|n| delayed(check, (n,)))).unwrap(), [1, 2]);
    let error = parallel.try_run([1, -2, 3].map(|n| delayed(check, (n,)))).unwrap_err();
    assert!(error.is_failure());
    assert_eq!(error.task().unwrap().arguments(), "-2");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "-2 < 0");
}

fn a_panic_of_the_producer_reaches_the_caller(new: &dyn Fn() -> Parallel) {
    let parallel = new();
    let tasks = (0..100).map(|n| {
        assert!(n < 50, "no more tasks");
        delayed(square, (n,))
    });
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| parallel.run(tasks)));
    let message = *panic.unwrap_err().downcast::<&str>().unwrap();
    assert_eq!(message, "no more tasks");
}

fn a_generator_is_in_order_and_does_not_run_ahead_of_its_consumer(new: &dyn Fn() -> Parallel) {
    let parallel = new();
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
}

fn an_unordered_generator_gives_every_result_once(new: &dyn Fn() -> Parallel) {
    let parallel = new();
    let results =
        parallel.return_as(GeneratorUnordered).run((0..5000).map(|n| delayed(square, (n,)))).unwrap();
    let mut got: Vec<u64> = results.map(Result::unwrap).collect();
    got.sort_unstable();
    assert_eq!(got, (0..5000).map(square).collect::<Vec<_>>());
}

fn a_failure_ends_a_generator_and_outcomes_do_not(new: &dyn Fn() -> Parallel) {
    let parallel = new();
    let tasks = || (0..100).map(|n| delayed(fails_on_multiples, (n, 50)));
    let results: Vec<_> = parallel.clone().return_as(Generator).run(tasks()).unwrap().collect();
    let (last, before) = results.split_last().unwrap();
    assert!(last.as_ref().unwrap_err().is_panic());
    assert!(before.iter().map(|result| *result.as_ref().unwrap()).eq(0..before.len() as u64));
    let results = parallel.outcomes().return_as(Generator).run(tasks()).unwrap();
    assert_eq!(results.filter(|outcome| outcome.as_ref().unwrap().is_err()).count(), 2);
}

fn seeds_depend_on_the_task_and_nothing_else(new: &dyn Fn() -> Parallel) {
    let draw = |parallel: Parallel| parallel.seed(3).run((0..100).map(|_| delayed(task_seed, ()))).unwrap();
    let expected = draw(Parallel::new());
    assert_eq!(draw(new()), expected);
    assert_ne!(draw(Parallel::new())[0], draw(Parallel::new())[1]);
}

fn a_cancelled_token_ends_the_call(new: &dyn Fn() -> Parallel) {
    let token = CancellationToken::new();
    let tasks = (0..1_000_000_u64).map(|n| {
        if n == 1000 {
            token.cancel();
        }
        delayed(square, (n,))
    });
    let error = new().cancellation(&token).run(tasks).unwrap_err();
    assert!(error.is_cancelled(), "{error}");
}

fn arrays_arrive_and_return_whole(new: &dyn Fn() -> Parallel) {
    let array: Array<f64> = Array::from_fn(&[300, 1000], |index| (index[0] * 1000 + index[1]) as f64);
    let same = |array: Array<f64>, _k: u64| array;
    for returned in new().run((0..4).map(|k| delayed(same, (array.clone(), k)))).unwrap() {
        assert_eq!(returned, array);
    }
}

fn inner_calls_find_the_share_of_their_task(new: &dyn Fn() -> Parallel) {
    let inner = || effective_n_jobs(Some(-1)).unwrap_or(0);
    let budgets = new().inner_max_num_threads(3).run((0..4).map(|_| delayed(inner, ()))).unwrap();
    assert_eq!(budgets, [3; 4]);
}

fn calls_nest_three_deep(new: &dyn Fn() -> Parallel) {
    fn level(depth: u32, n: u64) -> u64 {
        if depth == 0 {
            return n;
        }
        let tasks = (0..3).map(|k| delayed(level, (depth - 1, 3 * n + k)));
        Parallel::new().n_jobs(-1).run(tasks).map_or(0, |results| results.iter().sum())
    }
    let sums = new().inner_max_num_threads(2).run((0..3).map(|n| delayed(level, (2, n)))).unwrap();
    assert_eq!(sums.iter().sum::<u64>(), (0..27).sum());
}

fn a_consumer_may_leave_early_and_call_again(new: &dyn Fn() -> Parallel) {
    for _ in 0..3 {
        let results = new().return_as(Generator).run((0_u64..).map(|n| delayed(square, (n,)))).unwrap();
        let first: Vec<u64> = results.take(20).map(Result::unwrap).collect();
        assert_eq!(first, (0..20).map(square).collect::<Vec<_>>());
    }
}

fn a_panic_of_the_consumer_ends_the_call_and_nothing_else(new: &dyn Fn() -> Parallel) {
    let results = new().return_as(Generator).run((0_u64..).map(|n| delayed(square, (n,)))).unwrap();
    let consume = || results.for_each(|result| assert!(result.unwrap() < 100, "enough"));
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(consume));
    assert_eq!(*panic.unwrap_err().downcast::<&str>().unwrap(), "enough");
    assert_eq!(new().run((0..10).map(|n| delayed(square, (n,)))).unwrap().len(), 10);
}

fn calls_of_different_functions_run_as_one_list(new: &dyn Fn() -> Parallel) {
    let tasks =
        (0..100).flat_map(|n| [delayed(square, (n,)).boxed(), delayed(u64::swap_bytes, (n,)).boxed()]);
    let expected: Vec<u64> = (0..100).flat_map(|n| [square(n), n.swap_bytes()]).collect();
    assert_eq!(new().run(tasks).unwrap(), expected);
}
