//! Forks of a program whose other threads are busy: none inherits a lock that nobody will release.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use joblib_parallel::{Backend, Parallel, delayed};

use crate::child;

/// Calls that fork: enough that each of the locks is held by another thread at one of them.
const FORKS: usize = 20;

fn fails_on_three(n: u32) -> u32 {
    assert!(n != 3, "not {n}");
    n
}

/// A call in which a task panics.
fn call(backend: &str) {
    let parallel = Parallel::new().backend(Backend::from(backend)).n_jobs(2).outcomes();
    let outcomes = parallel.run((0..6).map(|n| delayed(fails_on_three, (n,)))).unwrap();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 5);
}

/// Forks again and again while other threads panic, print, and make calls of their own.
#[test]
#[ignore = "run by a_program_whose_threads_panic_print_and_call_can_fork"]
fn a_busy_program_that_forks() {
    let over = AtomicBool::new(false);
    let until_over = |f: &dyn Fn()| {
        while !over.load(Ordering::Relaxed) {
            f();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            until_over(&|| {
                let mut stdout = std::io::stdout().lock();
                stdout.write_all(b"x\n").unwrap();
                std::thread::sleep(Duration::from_micros(200));
            });
        });
        scope.spawn(|| {
            until_over(&|| {
                let stderr = std::io::stderr().lock();
                std::thread::sleep(Duration::from_micros(200));
                drop(stderr);
                std::thread::sleep(Duration::from_micros(50));
            });
        });
        scope.spawn(|| {
            until_over(&|| {
                let _ = std::panic::catch_unwind(|| panic!("outside of any task"));
                std::thread::sleep(Duration::from_millis(5));
            });
        });
        for backend in ["threading", "loky", "sequential"] {
            scope.spawn(move || {
                until_over(&|| {
                    call(backend);
                    std::thread::sleep(Duration::from_millis(5));
                });
            });
        }
        let _over = Over(&over);
        for _ in 0..FORKS {
            // What is printed in a fork is printed with the same locks.
            let prints = || {
                writeln!(std::io::stdout(), "fork").unwrap();
                writeln!(std::io::stderr(), "fork").unwrap();
            };
            Parallel::new().n_jobs(2).fork().run((0..4).map(|_| prints)).unwrap();
            call("multiprocessing");
        }
    });
}

/// Says on its way out, by whatever way, that it is over.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_program_whose_threads_panic_print_and_call_can_fork() {
    child::play(child::role("forks::a_busy_program_that_forks").env("RUST_BACKTRACE", "1"));
}
