//! Tasks that use rayon, and calls made from inside of it: a worker runs one task at a time whatever the task waits
//! for, and no job of the caller's pool runs in a fork.

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};

use joblib_parallel::{Parallel, SharedMem, delayed};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::child;

const BACKENDS: [&str; 4] = ["sequential", "threading", "loky", "multiprocessing"];

thread_local! {
    static SCRATCH: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Works on the thread's own memory while it waits in rayon; fails if another task does so meanwhile.
fn holds_a_cell_over_par_iter(n: u64) -> u64 {
    SCRATCH.with(|scratch| {
        let mut scratch = scratch.try_borrow_mut().expect("another task runs inside of this one");
        scratch.clear();
        scratch.push(n);
        let sum: u64 = (0..200_u64).into_par_iter().map(|i| std::hint::black_box(i % 7)).sum();
        scratch[0] + sum
    })
}

fn expected(n: u64) -> u64 {
    n + (0..200).map(|i| i % 7).sum::<u64>()
}

#[test]
fn a_worker_runs_one_task_at_a_time_though_the_task_waits_in_rayon() {
    for backend in BACKENDS {
        for inner_threads in [1, 2, 3] {
            let parallel =
                Parallel::new().n_jobs(2).backend(backend).inner_max_num_threads(inner_threads).batch_size(1);
            let results = parallel.run((0..200).map(|n| delayed(holds_a_cell_over_par_iter, (n,))));
            assert_eq!(results.unwrap(), (0..200).map(expected).collect::<Vec<_>>(), "{backend}");
        }
    }
}

#[test]
fn closures_that_borrow_run_one_at_a_time_on_each_thread() {
    let numbers: Vec<u64> = (0..200).collect();
    let parallel = Parallel::new().n_jobs(2).require(SharedMem).batch_size(1);
    let results = parallel.run(numbers.iter().map(|n| || holds_a_cell_over_par_iter(*n))).unwrap();
    assert_eq!(results, (0..200).map(expected).collect::<Vec<_>>());
}

#[test]
fn nested_calls_of_a_task_do_not_run_its_siblings_inside_of_it() {
    let nested = |n: u64| {
        let depth = DEPTH.replace(DEPTH.get() + 1);
        assert_eq!(depth, 0, "another task runs inside of this one");
        let inner =
            Parallel::new().n_jobs(2).run((0..8).map(|k| delayed(u64::wrapping_add, (n, k)))).unwrap();
        DEPTH.set(depth);
        inner.iter().sum::<u64>()
    };
    for backend in BACKENDS {
        let parallel = Parallel::new().n_jobs(2).backend(backend).inner_max_num_threads(2);
        let sums = parallel.run((0..50).map(|n| delayed(nested, (n,)))).unwrap();
        assert_eq!(sums, (0..50).map(|n| 8 * n + 28).collect::<Vec<_>>(), "{backend}");
    }
}

#[test]
fn rayon_inside_of_a_task_has_the_threads_of_its_share() {
    for backend in ["threading", "loky", "multiprocessing"] {
        let parallel = Parallel::new().n_jobs(2).backend(backend).inner_max_num_threads(3);
        let threads = parallel.run((0..4).map(|_| delayed(rayon::current_num_threads, ())));
        assert_eq!(threads.unwrap(), [3; 4], "{backend}");
    }
}

#[test]
fn no_job_of_the_callers_rayon_pool_runs_in_a_fork() {
    child::play(&mut child::role("rayon::a_program_that_forks_on_rayon_threads"));
}

#[test]
#[ignore = "run by no_job_of_the_callers_rayon_pool_runs_in_a_fork"]
fn a_program_that_forks_on_rayon_threads() {
    static BODIES: AtomicUsize = AtomicUsize::new(0);
    let parent = std::process::id();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let fork = |k: u64| {
        assert_eq!(std::process::id(), parent, "a body of the caller's loop runs in a fork");
        BODIES.fetch_add(1, Ordering::Relaxed);
        let parallel = Parallel::new().n_jobs(2).backend("multiprocessing");
        let squares =
            parallel.run((0..100_u64).map(|i| delayed(holds_a_cell_over_par_iter, (i + k,)))).unwrap();
        assert_eq!(squares, (0..100).map(|i| expected(i + k)).collect::<Vec<_>>());
        let closures = Parallel::new().n_jobs(2).fork().run((0..10).map(|i| {
            move || {
                let sum: u64 = (0..100_u64).into_par_iter().sum();
                (std::process::id() != parent, i + k + sum)
            }
        }));
        assert_eq!(closures.unwrap(), (0..10).map(|i| (true, i + k + 4950)).collect::<Vec<_>>());
    };
    pool.install(|| (0..8_u64).into_par_iter().for_each(fork));
    rayon::scope(|scope| (0..4).for_each(|k| scope.spawn(move |_| fork(k))));
    rayon::join(|| fork(1), || fork(2));
    assert_eq!(BODIES.load(Ordering::Relaxed), 14);
}

/// Recurses until `bytes` bytes of the stack are used, whatever the size of a frame, and returns `bytes`.
fn uses(bytes: usize) -> usize {
    fn below(top: usize, bytes: usize) -> usize {
        let frame = black_box([0_u8; 256]);
        let used = top.abs_diff(frame.as_ptr().addr());
        if used >= bytes { bytes } else { black_box(below(top, bytes)) + usize::from(frame[0]) }
    }
    let top = black_box(0_u8);
    below((&raw const top).addr(), bytes)
}

#[test]
fn tasks_have_the_stack_that_was_asked_for_on_every_backend() {
    let most = 180 << 20;
    for backend in BACKENDS {
        let parallel = Parallel::new().n_jobs(2).backend(backend).stack_size(200 << 20);
        let used = parallel.run((0..4).map(|_| delayed(uses, (most,)))).unwrap();
        assert_eq!(used, [most; 4], "{backend}");
    }
    let borrowed = &most;
    for n_jobs in [1, 2] {
        let parallel = Parallel::new().n_jobs(n_jobs).stack_size(200 << 20);
        assert_eq!(parallel.clone().require(SharedMem).run([|| uses(*borrowed)]).unwrap(), [most]);
        assert_eq!(parallel.fork().run([|| uses(*borrowed)]).unwrap(), [most]);
    }
    let error = Parallel::new().stack_size(1000).run([delayed(uses, (1,))]).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("stack_size"), "{error}");
}

#[test]
fn threads_have_as_much_stack_as_worker_processes_by_default() {
    // A fork has the stack of the thread that it is a copy of.
    for backend in ["threading", "loky"] {
        let parallel = Parallel::new().n_jobs(2).backend(backend);
        assert_eq!(parallel.run([delayed(uses, (7 << 20,))]).unwrap(), [7 << 20], "{backend}");
    }
}
