//! Callers of cached `async` functions that wait for each other, on executors that know nothing of it.

use std::future::Future;
use std::io::Write;
use std::pin::{Pin, pin};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use joblib_macros::cached;
use joblib_memory::Memory;
use joblib_tests::child;

/// Far above what any of these takes, and far below the ten minutes that a wait may last.
const SOON: Duration = Duration::from_mins(1);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// As small as an executor can be: it sleeps until it is woken.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => return result,
            Poll::Pending => thread::park(),
        }
    }
}

/// Two futures on one task.
struct Both<A: Future, B: Future>(Pin<Box<A>>, Option<A::Output>, Pin<Box<B>>, Option<B::Output>);

impl<A: Future, B: Future> Future for Both<A, B>
where
    A::Output: Unpin,
    B::Output: Unpin,
{
    type Output = (A::Output, B::Output);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self(first, one, second, two) = &mut *self;
        if one.is_none()
            && let Poll::Ready(result) = first.as_mut().poll(context)
        {
            *one = Some(result);
        }
        if two.is_none()
            && let Poll::Ready(result) = second.as_mut().poll(context)
        {
            *two = Some(result);
        }
        match (one.take(), two.take()) {
            (Some(one), Some(two)) => Poll::Ready((one, two)),
            (first, second) => {
                (self.1, self.3) = (first, second);
                Poll::Pending
            }
        }
    }
}

fn both<A: Future, B: Future>(first: A, second: B) -> Both<A, B> {
    Both(Box::pin(first), None, Box::pin(second), None)
}

/// Is ready after a while, by a thread of its own: somebody's network.
struct Pause(Option<Instant>);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let since = *self.0.get_or_insert_with(Instant::now);
        if since.elapsed() >= Duration::from_millis(20) {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            waker.wake();
        });
        Poll::Pending
    }
}

fn memory(name: &str) -> Memory {
    Memory::with_backend("in_memory", format!("tasks, {name}")).unwrap()
}

static FETCHED: AtomicUsize = AtomicUsize::new(0);

#[cached(crate = joblib_memory, memory = memory, ignore = "memory")]
async fn fetch(memory: &Memory, x: u64) -> u64 {
    Pause(None).await;
    FETCHED.fetch_add(1, Ordering::SeqCst);
    x * 2
}

#[test]
fn tasks_on_many_threads_that_call_at_once_share_one_computation() {
    let memory = memory("many callers");
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                assert_eq!(block_on(both(fetch(&memory, 4), fetch(&memory, 5))), (8, 10));
            });
        }
    });
    assert_eq!(FETCHED.load(Ordering::SeqCst), 2);
}

#[cached(crate = joblib_memory, memory = memory, ignore("memory", "fails"))]
async fn flaky(memory: &Memory, x: u64, fails: bool) -> Result<u64, String> {
    Pause(None).await;
    if fails { Err("no".to_owned()) } else { Ok(x) }
}

#[test]
fn those_who_wait_for_a_task_that_fails_or_is_dropped_compute_for_themselves() {
    let memory = memory("failures");
    let both_results = both(flaky(&memory, 1, true), flaky(&memory, 1, false));
    assert_eq!(block_on(both_results), (Err("no".to_owned()), Ok(1)));
    let mut dropped = Box::pin(flaky(&memory, 2, false));
    assert!(dropped.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    // Another caller waits for the first one's task, …
    let mut waiting = Box::pin(flaky(&memory, 2, false));
    assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    // … which is dropped.
    drop(dropped);
    assert_eq!(block_on(waiting), Ok(2));
}

/// An executor that is gone.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("on purpose: this executor is gone");
    }
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_waker_that_panics_disturbs_neither_who_computed_nor_others_who_wait() {
    let memory = memory("a panicking waker");
    let mut computing = Box::pin(flaky(&memory, 3, false));
    assert!(computing.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let (mut first, mut second) = (Box::pin(flaky(&memory, 3, false)), Box::pin(flaky(&memory, 3, false)));
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::new(Panics));
    assert!(first.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let waker = Waker::from(Arc::clone(&woken));
    assert!(second.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    assert_eq!(block_on(computing), Ok(3));
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    assert_eq!((block_on(first), block_on(second)), (Ok(3), Ok(3)));
}

#[cached(crate = joblib_memory, memory = memory, ignore("memory", "deep"))]
async fn itself(memory: &Memory, x: u64, deep: u32) -> u64 {
    Pause(None).await;
    if deep == 0 { x } else { Box::pin(itself(memory, x, deep - 1)).await + 1 }
}

#[test]
fn a_task_that_asks_for_what_it_computes_ends() {
    let start = Instant::now();
    assert_eq!(block_on(itself(&memory("recursion"), 5, 3)), 8);
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

#[cached(crate = joblib_memory, memory = memory, ignore("memory", "deep"))]
async fn ping(memory: &Memory, x: u64, deep: u32) -> u64 {
    Pause(None).await;
    if deep == 0 { x } else { Box::pin(pong(memory, x, deep - 1)).await }
}

#[cached(crate = joblib_memory, memory = memory, ignore("memory", "deep"))]
async fn pong(memory: &Memory, x: u64, deep: u32) -> u64 {
    Pause(None).await;
    if deep == 0 { x } else { Box::pin(ping(memory, x, deep - 1)).await }
}

#[test]
fn two_async_functions_that_call_each_other_end_in_one_task_and_across_threads() {
    let start = Instant::now();
    let one_task = memory("circle in a task");
    assert_eq!(block_on(both(ping(&one_task, 3, 3), pong(&one_task, 3, 3))), (3, 3));
    let threads = memory("circle across threads");
    thread::scope(|scope| {
        let first = scope.spawn(|| block_on(ping(&threads, 3, 3)));
        let second = scope.spawn(|| block_on(pong(&threads, 3, 3)));
        assert_eq!((first.join().unwrap(), second.join().unwrap()), (3, 3));
    });
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

static HIDDEN: AtomicUsize = AtomicUsize::new(0);

/// Waits for a thread that asks for what this computes: no stack shows that circle.
#[cached(crate = joblib_memory, memory = memory, ignore = "memory")]
async fn hidden(memory: &Memory, x: u64) -> u64 {
    Pause(None).await;
    if HIDDEN.fetch_add(1, Ordering::SeqCst) == 0 {
        let memory = memory.clone();
        return thread::spawn(move || block_on(hidden(&memory, x))).join().unwrap();
    }
    x
}

#[test]
fn a_wait_that_would_never_end_ends_with_the_waiting_time() {
    let memory = memory("hidden circle").waiting_time(Duration::from_millis(100));
    assert_eq!(block_on(hidden(&memory, 9)), 9);
}

/// In the other process: says that it has begun, and ends when it is told to.
#[cached(crate = joblib_memory, memory = memory, ignore("memory", "there"))]
async fn elsewhere(memory: &Memory, x: u64, there: bool) -> u64 {
    Pause(None).await;
    if there {
        child::ready();
        std::io::stdin().read_line(&mut String::new()).unwrap();
    }
    x + 1
}

#[test]
#[ignore = "the role of a child process"]
fn compute_until_told_to_end() {
    block_on(elsewhere(&Memory::new(child::argument()).unwrap(), 1, true));
}

#[test]
fn a_task_waits_for_another_process_without_blocking_its_executor() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    let mut command = child::command(compute_until_told_to_end, place);
    let mut other = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child::wait_until_ready(&mut other);
    let memory = Memory::new(place).unwrap();
    // The other process ends only when this task goes on while the first one waits.
    let tell = async {
        Pause(None).await;
        other.stdin.take().unwrap().write_all(b"\n").unwrap();
    };
    assert_eq!(block_on(both(elsewhere(&memory, 1, false), tell)).0, 2);
    assert!(other.wait().unwrap().success());
    assert_eq!(memory.stats().misses, 0, "it was not computed here");
}
