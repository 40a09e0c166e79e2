//! The queue behind every compressor that uses all cores: work goes in, runs on whichever thread is free, and its results
//! come out in the order in which it went in. What the work is, and how much of it may wait, is its callers' business.
//!
//! Threads are rayon's, those of the pool that the caller runs in. A thread of that very pool may wait here without
//! deadlock: work that no thread has begun is done by the one that asks for its result, and begun work never waits.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes of blocks that may be under way at a time, so that memory is bounded on machines of many cores too. What comes
/// out takes as much again at most, and the allocator keeps some of both.
const BUDGET: usize = 8 << 20;

/// How many pieces of work of `bytes` each should be under way on `threads` threads.
///
/// One a thread, and as many again that are ready for whoever is done first, within the budget: results leave in order, so a
/// piece that takes long would otherwise keep the other threads waiting.
pub(super) fn depth(threads: usize, bytes: usize) -> usize {
    (2 * threads).min(BUDGET / bytes.max(1)).max(2)
}

/// Number of threads that do the work.
pub(super) fn threads() -> usize {
    rayon::current_num_threads()
}

/// Work under way, oldest first.
pub(super) struct Ordered<T> {
    jobs: VecDeque<Arc<Job<T>>>,
    threads: usize,
}

struct Job<T> {
    state: Mutex<State<T>>,
    done: Condvar,
}

enum State<T> {
    Waiting(Box<dyn FnOnce() -> T + Send>),
    Running,
    Done(Result<T, Box<dyn Any + Send>>),
    Taken,
}

impl<T: Send + 'static> Ordered<T> {
    pub(super) fn new(threads: usize) -> Self {
        Self { jobs: VecDeque::new(), threads }
    }

    /// Adds work. The first is not given to another thread before a second one comes: a lone block is the caller's.
    pub(super) fn push(&mut self, work: impl FnOnce() -> T + Send + 'static) {
        let job = Arc::new(Job { state: Mutex::new(State::Waiting(Box::new(work))), done: Condvar::new() });
        if self.threads > 1 {
            if let [only] = self.jobs.make_contiguous() {
                only.share();
            }
            if !self.jobs.is_empty() {
                job.share();
            }
        }
        self.jobs.push_back(job);
    }

    /// The result of the oldest work, which leaves the queue; `None` when there is none.
    ///
    /// # Panics
    ///
    /// With the work's own panic.
    pub(super) fn pop(&mut self) -> Option<T> {
        let oldest = self.jobs.pop_front()?;
        // Another thread is at it. A thread of the pool does other work meanwhile; one from outside would be one too many on
        // the cores, and would not give the pool more to do when it is wanted.
        if !oldest.run() && rayon::current_thread_index().is_some() {
            while !oldest.is_done() && self.jobs.iter().any(|job| job.run()) {}
        }
        match oldest.wait() {
            Ok(result) => Some(result),
            Err(panic) => resume_unwind(panic),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }
}

impl<T> Drop for Ordered<T> {
    fn drop(&mut self) {
        // Nobody will ask for the results: what no thread has begun is not begun.
        for job in &self.jobs {
            let mut state = job.lock();
            if matches!(*state, State::Waiting(_)) {
                *state = State::Taken;
            }
        }
    }
}

impl<T> Job<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Work runs outside of the lock, so a poisoned state is whole all the same.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does the work in this thread, unless another has begun it.
    fn run(&self) -> bool {
        let mut state = self.lock();
        if !matches!(*state, State::Waiting(_)) {
            return false;
        }
        let State::Waiting(work) = std::mem::replace(&mut *state, State::Running) else { return false };
        drop(state);
        // The state that a panic might leave broken is the work's own, and is gone with it.
        let result = catch_unwind(AssertUnwindSafe(work));
        *self.lock() = State::Done(result);
        self.done.notify_all();
        true
    }

    fn is_done(&self) -> bool {
        matches!(*self.lock(), State::Done(_))
    }

    /// Takes the result, once another thread has it.
    fn wait(&self) -> Result<T, Box<dyn Any + Send>> {
        let mut state = self.lock();
        loop {
            match std::mem::replace(&mut *state, State::Taken) {
                State::Done(result) => return result,
                other => *state = other,
            }
            state = self.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T: Send + 'static> Job<T> {
    /// Offers the work to the pool's threads.
    fn share(self: &Arc<Self>) {
        let job = Arc::clone(self);
        rayon::spawn(move || {
            job.run();
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_work() {
        let mut queue = Ordered::new(threads());
        for number in 0..100 {
            queue.push(move || (0..(100 - number) * 1000).fold(number, |sum, _| std::hint::black_box(sum)));
        }
        let results: Vec<u64> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(results, (0..100).collect::<Vec<_>>());
        assert!(queue.is_empty());
    }

    #[test]
    fn a_pool_of_one_thread_may_wait_for_its_own_work() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let sum: u32 = pool.install(|| {
            let mut queue = Ordered::new(2);
            (0..10).for_each(|number| queue.push(move || number));
            std::iter::from_fn(|| queue.pop()).sum()
        });
        assert_eq!(sum, 45);
    }

    #[test]
    fn every_thread_of_a_pool_may_wait_at_once() {
        use rayon::iter::{IntoParallelIterator, ParallelIterator};
        let total: u32 = (0..64)
            .into_par_iter()
            .map(|_| {
                let mut queue = Ordered::new(threads());
                (0..20).for_each(|number| queue.push(move || number));
                std::iter::from_fn(|| queue.pop()).sum::<u32>()
            })
            .sum();
        assert_eq!(total, 64 * 190);
    }

    #[test]
    fn a_panic_reaches_the_one_who_asks_for_the_result() {
        let mut queue = Ordered::new(threads());
        queue.push(|| 1);
        queue.push(|| panic!("of the work"));
        queue.push(|| 3);
        assert_eq!(queue.pop(), Some(1));
        let panic = catch_unwind(AssertUnwindSafe(|| queue.pop())).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"of the work"));
        assert_eq!(queue.pop(), Some(3));
    }

    #[test]
    fn work_that_nobody_asks_for_is_not_begun() {
        let begun = Arc::new(AtomicUsize::new(0));
        let mut queue = Ordered::new(1);
        for _ in 0..5 {
            let begun = Arc::clone(&begun);
            queue.push(move || begun.fetch_add(1, Ordering::Relaxed));
        }
        queue.pop();
        drop(queue);
        assert_eq!(begun.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn the_depth_is_bounded_by_threads_and_by_bytes() {
        assert_eq!(depth(2, 1 << 20), 4);
        assert_eq!(depth(64, 1 << 20), 8);
        assert_eq!(depth(64, 1 << 30), 2);
    }
}
