//! What a task does to the connection of its worker, by writing to, closing or replacing descriptors that are not its own.

use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use joblib_parallel::{Parallel, delayed};

use crate::child;

/// Runs a role in a program whose workers may be silent for three seconds instead of ten.
fn with_short_silence(role: &str) {
    child::play(child::role(role).env("JOBLIB_WORKER_SILENCE_TIMEOUT", "3"));
}

#[test]
fn a_task_that_closes_all_descriptors_costs_only_itself() {
    let close = |n: i32| {
        if n == 3 {
            for fd in 0..100 {
                // SAFETY: whoever owned them in this worker will find them closed; that is what is tested.
                unsafe { libc::close(fd) };
            }
        }
        n
    };
    let outcomes = Parallel::new()
        .backend("loky")
        .n_jobs(2)
        .outcomes()
        .run((0..10).map(|n| delayed(close, (n,))))
        .unwrap();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 9);
    assert!(outcomes[3].as_ref().unwrap_err().is_crash());
}

/// Closes what belongs to the worker, and goes on as if nothing were.
fn closes_descriptors(n: u64, at: u64) -> u64 {
    if n == at {
        for fd in 3..100 {
            // SAFETY: whoever owned them in this worker will find them closed; that is what is tested.
            unsafe { libc::close(fd) };
        }
    }
    std::thread::sleep(Duration::from_millis(2));
    n
}

#[test]
fn only_the_task_fails_that_closed_the_workers_connection_and_not_those_that_ran_after_it() {
    for backend in ["loky", "multiprocessing"] {
        let parallel = Parallel::new().backend(backend).n_jobs(2).batch_size(10).outcomes();
        let outcomes = parallel.run((0..40).map(|n| delayed(closes_descriptors, (n, 13)))).unwrap();
        for (n, outcome) in (0..).zip(&outcomes) {
            match outcome {
                Ok(value) => assert_eq!(*value, n),
                Err(error) => assert!(n == 13 && error.is_crash(), "{backend}: {error}"),
            }
        }
        assert!(outcomes[13].is_err(), "{backend}");
    }
}

/// Writes to every socket of the worker.
fn writes_to_descriptors(n: u64, at: u64, half: bool) -> u64 {
    if n == at {
        let frame = [7, 0, 0, 0, 0, b'j', b'l', b'b', 0, 1, 0, 0, 0, 0, 0, 0];
        let bytes = if half { &frame[..] } else { b"not of a frame, but what a task prints\n" };
        for fd in 3..100 {
            // SAFETY: it reads from a slice; where the bytes go is what is tested.
            unsafe {
                libc::send(fd, bytes.as_ptr().cast(), bytes.len(), libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL)
            };
        }
        if half {
            // So that nothing else follows.
            std::thread::sleep(Duration::from_mins(10));
        }
    }
    n
}

#[test]
fn a_task_that_writes_to_the_workers_connection_fails_and_the_call_goes_on() {
    with_short_silence("connections::a_program_whose_task_writes_to_the_workers_connection");
}

#[test]
#[ignore = "run by a_task_that_writes_to_the_workers_connection_fails_and_the_call_goes_on"]
fn a_program_whose_task_writes_to_the_workers_connection() {
    for (backend, half) in [("loky", false), ("multiprocessing", false), ("loky", true)] {
        let parallel = Parallel::new().backend(backend).n_jobs(2).batch_size(5).outcomes();
        let outcomes = parallel.run((0..20).map(|n| delayed(writes_to_descriptors, (n, 7, half)))).unwrap();
        for (n, outcome) in (0..).zip(&outcomes) {
            match outcome {
                Ok(value) => assert_eq!(*value, n),
                Err(error) => assert!(n == 7 && error.is_crash(), "{backend}: {error}"),
            }
        }
        assert!(outcomes[7].is_err(), "{backend}");
    }
}

/// Puts a socket through which nothing ever comes in the place of the first `count` sockets of the worker.
fn replaces_descriptors(n: u64, at: u64, count: usize) -> u64 {
    if n == at {
        let (silent, other) = UnixStream::pair().unwrap();
        let (silent, _) = (silent.into_raw_fd(), other.into_raw_fd());
        let is_socket = |fd: &i32| {
            let (mut kind, mut len) = (0_i32, 4);
            // SAFETY: it writes a number to where it says.
            let failed = unsafe {
                libc::getsockopt(*fd, libc::SOL_SOCKET, libc::SO_TYPE, (&raw mut kind).cast(), &raw mut len)
            };
            failed == 0
        };
        for fd in (3..silent).filter(is_socket).take(count) {
            // SAFETY: whoever owned it in this worker will find it silent; that is what is tested.
            unsafe { libc::dup2(silent, fd) };
        }
    }
    n
}

#[test]
fn a_worker_that_hears_nothing_any_more_is_replaced_and_no_task_fails() {
    with_short_silence("connections::a_program_whose_worker_hears_nothing_any_more");
}

#[test]
#[ignore = "run by a_worker_that_hears_nothing_any_more_is_replaced_and_no_task_fails"]
fn a_program_whose_worker_hears_nothing_any_more() {
    let parallel = Parallel::new().backend("loky").n_jobs(2).batch_size(1);
    // The first socket is the one that the worker reads.
    let results = parallel.run((0..200).map(|n| delayed(replaces_descriptors, (n, 7, 1)))).unwrap();
    assert_eq!(results, (0..200).collect::<Vec<_>>());
}

#[test]
fn a_task_fails_whose_worker_can_say_nothing_any_more() {
    with_short_silence("connections::a_program_whose_worker_can_say_nothing_any_more");
}

#[test]
#[ignore = "run by a_task_fails_whose_worker_can_say_nothing_any_more"]
fn a_program_whose_worker_can_say_nothing_any_more() {
    for backend in ["loky", "multiprocessing"] {
        let parallel = Parallel::new().backend(backend).n_jobs(2).batch_size(1).outcomes();
        // The last task: nothing else happens in the call.
        let outcomes = parallel.run((0..8).map(|n| delayed(replaces_descriptors, (n, 7, 100)))).unwrap();
        let error = outcomes[7].as_ref().unwrap_err();
        // What is noticed first: the end of the old connection, or that nothing comes from an idle worker.
        let reason = ["it has run its tasks", "it had closed its connection"];
        let told = reason.iter().any(|reason| error.to_string().contains(reason));
        assert!(error.is_crash() && told, "{backend}: {error}");
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 7, "{backend}");
    }
}
