//! One worker: each task runs on the caller's thread as soon as it is produced.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Mutex;
use std::time::Duration;

use joblib_parallel::{
    CancellationToken, Generator, GeneratorUnordered, Parallel, SharedMem, delayed, effective_n_jobs,
    task_seed,
};

static RUN: Mutex<Vec<u32>> = Mutex::new(Vec::new());

fn note(n: u32) -> u32 {
    RUN.lock().unwrap().push(n);
    n
}

fn run() -> Vec<u32> {
    std::mem::take(&mut RUN.lock().unwrap())
}

#[test]
fn each_task_runs_before_the_next_one_is_produced() {
    let produced = || {
        (0..5).map(|n| {
            assert_eq!(RUN.lock().unwrap().len(), n as usize);
            delayed(note, (n,))
        })
    };
    assert_eq!(Parallel::new().run(produced()).unwrap(), [0, 1, 2, 3, 4]);
    assert_eq!(run(), [0, 1, 2, 3, 4]);
    assert_eq!(Parallel::new().outcomes().run(produced()).unwrap().len(), 5);
    run();
    let mut results = Parallel::new().return_as(Generator).run(produced()).unwrap();
    for n in 0..3 {
        assert_eq!(run_len(), n as usize, "nothing runs before it is asked for");
        assert_eq!(results.next().unwrap().unwrap(), n);
    }
    drop(results);
    assert_eq!(run(), [0, 1, 2]);
    let results = Parallel::new().return_as(GeneratorUnordered).run(produced()).unwrap();
    assert_eq!(results.map(Result::unwrap).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

fn run_len() -> usize {
    RUN.lock().unwrap().len()
}

#[test]
fn the_first_failure_ends_the_call_and_with_outcomes_none_does() {
    fn third_fails(n: u32) -> u32 {
        assert_ne!(n, 2, "the third");
        n
    }
    let produced = Rc::new(RefCell::new(0));
    let tasks = || {
        let produced = Rc::clone(&produced);
        (0..5).map(move |n| {
            *produced.borrow_mut() = n + 1;
            delayed(third_fails, (n,))
        })
    };
    let error = Parallel::new().run(tasks()).unwrap_err();
    assert!(error.is_panic() && error.task().unwrap().index() == 2);
    assert_eq!(error.into_completed::<u32>().unwrap(), [Some(0), Some(1), None]);
    assert_eq!(*produced.borrow(), 3);
    let results: Vec<_> = Parallel::new().return_as(Generator).run(tasks()).unwrap().collect();
    assert_eq!(results.len(), 3);
    assert!(results[2].as_ref().is_err_and(joblib_parallel::Error::is_panic));
    let outcomes = Parallel::new().outcomes().run(tasks()).unwrap();
    assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false, true, true]);
}

#[test]
fn a_deadline_and_a_token_end_the_call_between_tasks() {
    // So that some are completed before, on however busy a machine.
    let slow = |n: u32| {
        std::thread::sleep(Duration::from_millis(if n < 2 { 0 } else { 5 }));
        n
    };
    let error = Parallel::new()
        .deadline(Duration::from_millis(500))
        .run((0..).map(|n| delayed(slow, (n,))))
        .unwrap_err();
    assert!(error.is_deadline());
    assert!(error.into_completed::<u32>().unwrap().len() > 1);
    let token = CancellationToken::new();
    let tasks = (0..10).map(|n| {
        if n == 4 {
            token.cancel();
        }
        delayed(note, (n,))
    });
    let error = Parallel::new().cancellation(&token).run(tasks).unwrap_err();
    assert!(error.is_cancelled());
}

#[test]
fn tasks_are_in_the_calls_context_and_their_producer_in_the_callers() {
    let outside = task_seed();
    let seeds = Parallel::new().seed(7).run((0..3).map(|_| {
        assert_eq!(task_seed(), outside);
        delayed(task_seed, ())
    }));
    let threads = Parallel::new().n_jobs(2).seed(7).run((0..3).map(|_| delayed(task_seed, ()))).unwrap();
    assert_eq!(seeds.unwrap(), threads);
    assert_eq!(task_seed(), outside);
    let inner = || effective_n_jobs(Some(-1)).unwrap();
    let here = std::thread::current().id();
    let tasks = [|| (inner(), std::thread::current().id() == here)];
    assert!(Parallel::new().require(SharedMem).run(tasks).unwrap()[0].1);
}
