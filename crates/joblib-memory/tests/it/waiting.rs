//! Callers that wait for each other in circles: they all end.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use joblib_memory::Memory;

/// Far above what any of these takes, and far below the ten minutes that a wait may last.
const SOON: Duration = Duration::from_mins(1);

fn memory(name: &str) -> Memory {
    Memory::with_backend("in_memory", format!("waiting, {name}")).unwrap()
}

/// Two functions of which each calls the other: `ping(n)` asks `pong(n)`, and `pong(n)` asks `ping(n)`, at most `deep`
/// calls deep. The barrier has both threads inside of a body before either asks.
fn ping(memory: &Memory, barrier: &Barrier, deep: usize) -> usize {
    let body = |_: u32| {
        if deep == 0 {
            barrier.wait();
        }
        if deep < 3 { pong(memory, barrier, deep + 1) + 1 } else { 0 }
    };
    memory.cache("ping", body).captures(()).eval((1,))
}

fn pong(memory: &Memory, barrier: &Barrier, deep: usize) -> usize {
    let body = |_: u32| {
        if deep == 0 {
            barrier.wait();
        }
        if deep < 3 { ping(memory, barrier, deep + 1) + 1 } else { 0 }
    };
    memory.cache("pong", body).captures(()).eval((1,))
}

#[test]
fn two_functions_that_call_each_other_across_threads_end() {
    let start = Instant::now();
    let memory = memory("circle of two");
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| ping(&memory, &barrier, 0));
        scope.spawn(|| pong(&memory, &barrier, 0));
    });
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

#[test]
fn a_circle_of_many_threads_ends() {
    const THREADS: usize = 6;
    fn step(memory: &Memory, barrier: &Barrier, at: usize, deep: usize) -> usize {
        let body = |at: usize| {
            if deep == 0 {
                barrier.wait();
            }
            if deep < THREADS { step(memory, barrier, (at + 1) % THREADS, deep + 1) + 1 } else { 0 }
        };
        memory.cache("step", body).captures(()).eval((at,))
    }
    let start = Instant::now();
    let memory = memory("circle of many");
    let barrier = Barrier::new(THREADS);
    thread::scope(|scope| {
        for at in 0..THREADS {
            let (memory, barrier) = (&memory, &barrier);
            scope.spawn(move || step(memory, barrier, at, 0));
        }
    });
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

#[test]
fn the_longest_waiting_time_waits_as_long_as_it_takes() {
    let memory = memory("without end").waiting_time(Duration::MAX);
    let runs = AtomicUsize::new(0);
    let slow = memory
        .cache("slow", |x: u32| {
            runs.fetch_add(1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(200));
            x
        })
        .captures(());
    thread::scope(|scope| {
        let callers = [(); 3].map(|()| scope.spawn(|| slow.eval((1,))));
        assert_eq!(callers.map(|caller| caller.join().unwrap()), [1; 3]);
    });
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[test]
fn a_wait_that_would_never_end_ends_with_the_waiting_time() {
    // The body waits for a thread that asks for what the body computes: no stack shows that circle.
    fn hidden(n: u32) -> u32 {
        static RUNS: AtomicUsize = AtomicUsize::new(0);
        if RUNS.fetch_add(1, Ordering::SeqCst) > 0 {
            return 7;
        }
        thread::spawn(move || ask(n)).join().unwrap()
    }
    fn ask(n: u32) -> u32 {
        let memory = memory("hidden circle").waiting_time(Duration::from_millis(100));
        memory.cache("hidden", hidden).eval((n,))
    }
    assert_eq!(ask(1), 7);
}
