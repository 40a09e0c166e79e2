//! Work that blocks, done on another thread while a task awaits it, on any executor: claims and writes
//! that wait for a network.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use joblib_store::{AfterFork, ProcessLock};

use crate::lock::{self, Lock};
use crate::wake::wake;

/// Threads at most. They wait for a network.
const MAX_THREADS: usize = 64;
/// How long a thread without work stays.
const IDLE: Duration = Duration::from_secs(10);

type Work = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Pool {
    waiting: VecDeque<Work>,
    threads: usize,
    /// Of them, those without work.
    idle: usize,
    /// Told when there is work. Of this pool, for a condition variable belongs to one mutex.
    added: Arc<Condvar>,
}

/// A forked child begins without the threads of its parent and what they do.
static POOL: ProcessLock<Pool> = ProcessLock::new(AfterFork::Renew);

/// Where a result is put, and who awaits it.
struct Slot<T> {
    done: bool,
    result: Option<T>,
    waker: Option<Waker>,
}

/// Does `work` on another thread; `None` if it panicked. Dropping the future leaves the work to that thread.
pub(crate) fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Option<T>> + Send {
    let slot = Arc::new(Lock::new(Slot { done: false, result: None, waker: None }));
    let filled = Arc::clone(&slot);
    spawn(Box::new(move || {
        // The panic was reported by the hook.
        let result = catch_unwind(AssertUnwindSafe(work)).ok();
        let waker = {
            let mut slot = filled.lock();
            (slot.done, slot.result) = (true, result);
            slot.waker.take()
        };
        if let Some(waker) = waker {
            wake(waker);
        }
    }));
    poll_fn(move |context| {
        let mut slot = slot.lock();
        if slot.done {
            return Poll::Ready(slot.result.take());
        }
        slot.waker = Some(context.waker().clone());
        Poll::Pending
    })
}

/// Has another thread do `work`, or does it here if there can't be one.
pub(crate) fn spawn(work: Work) {
    let mut pool = POOL.lock();
    if pool.idle > pool.waiting.len() || pool.threads >= MAX_THREADS {
        pool.waiting.push_back(work);
        pool.added.notify_one();
        return;
    }
    pool.threads += 1;
    pool.waiting.push_back(work);
    drop(pool);
    let spawned = thread::Builder::new().name("joblib-wait".into()).spawn(serve);
    if spawned.is_err() {
        let mut pool = POOL.lock();
        pool.threads -= 1;
        // Those that are there do it; without any it is done here.
        let work = if pool.threads == 0 { pool.waiting.pop_back() } else { None };
        drop(pool);
        if let Some(work) = work {
            work();
        }
    }
}

/// Does what waits, until nothing did for a while.
fn serve() {
    let mut pool = POOL.lock();
    loop {
        if let Some(work) = pool.waiting.pop_front() {
            drop(pool);
            work();
            pool = POOL.lock();
            continue;
        }
        pool.idle += 1;
        let added = Arc::clone(&pool.added);
        pool = lock::wait(&added, pool, IDLE);
        pool.idle -= 1;
        if pool.waiting.is_empty() {
            pool.threads -= 1;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Context;

    struct Unpark(thread::Thread);

    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut future = std::pin::pin!(future);
        loop {
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(result) => return result,
                Poll::Pending => thread::park(),
            }
        }
    }

    #[test]
    fn work_is_done_on_another_thread_and_wakes_who_awaits_it() {
        let here = thread::current().id();
        for _ in 0..200 {
            assert_ne!(block_on(run(|| thread::current().id())), Some(here));
        }
        let all: Vec<_> = (0..200_u64).map(|number| run(move || number)).collect();
        assert_eq!(all.into_iter().map(|one| block_on(one).unwrap()).sum::<u64>(), 19_900);
    }

    #[test]
    fn work_that_panics_gives_nothing_and_ends_no_thread() {
        assert_eq!(block_on(run(|| -> u8 { panic!("for this test") })), None);
        assert_eq!(block_on(run(|| 7)), Some(7));
    }
}
