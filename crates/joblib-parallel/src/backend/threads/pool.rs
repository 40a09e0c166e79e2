//! Threads that run one job at a time, even if the job waits in rayon.
//!
//! If they were the threads of one rayon pool, a task that waits in rayon (`par_iter`, `join`) would run the next task inside
//! itself. So each is a separate thread, and a member of its own rayon pool for what its task does in parallel: a pool that
//! never runs jobs of this crate, and has as many threads as the task's share.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::sync::lock;
use crate::sys::cpu::cpu_count;

/// What a pool is: pools of equal shape stand in for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) threads: usize,
    /// The threads that rayon may use inside of each job.
    pub(crate) inner_threads: usize,
    pub(crate) stack_size: usize,
}

pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// Threads that run jobs. Dropped, they end after the jobs that they have.
pub(crate) struct ThreadPool {
    queue: JobSender,
    shape: Shape,
}

/// Gives jobs to the threads of a pool.
#[derive(Clone)]
pub(crate) struct JobSender(Arc<Queue>);

#[derive(Default)]
struct Queue {
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    closed: bool,
}

impl ThreadPool {
    /// # Errors
    ///
    /// Returns an error if a thread can't be started.
    pub(crate) fn start(shape: Shape) -> Result<Self> {
        let pool = ThreadPool { queue: JobSender(Arc::default()), shape };
        for number in 0..shape.threads {
            let queue = Arc::clone(&pool.queue.0);
            std::thread::Builder::new()
                .name(format!("joblib-{number}"))
                .stack_size(shape.stack_size)
                .spawn(move || with_rayon_pool(shape, || queue.work()))
                .map_err(|error| {
                    Error::backend(format!("start {} threads", shape.threads), Some(error.into()))
                })?;
        }
        Ok(pool)
    }

    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    pub(crate) fn sender(&self) -> JobSender {
        self.queue.clone()
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        lock(&self.queue.0.jobs).closed = true;
        self.queue.0.changed.notify_all();
    }
}

impl JobSender {
    /// Has a thread run `job`, as soon as one has none.
    pub(crate) fn send(&self, job: Job) {
        lock(&self.0.jobs).waiting.push_back(job);
        self.0.changed.notify_one();
    }
}

impl Queue {
    /// Runs jobs until the pool is dropped.
    fn work(&self) {
        loop {
            let mut jobs = lock(&self.jobs);
            let job = loop {
                match jobs.waiting.pop_front() {
                    Some(job) => break job,
                    None if jobs.closed => return,
                    None => jobs = self.changed.wait(jobs).unwrap_or_else(PoisonError::into_inner),
                }
            };
            drop(jobs);
            // A thread that ended would be missing in the calls that the pool is used for. The hook has said what happened.
            let _ = catch_unwind(AssertUnwindSafe(job));
        }
    }
}

/// The most threads of rayon that a task gets, all of which are started at once, however large its share is; more on a
/// machine that has more processors.
const MAX_INNER_THREADS: usize = 64;

/// Runs `f` on this thread as a member of a rayon pool of its own.
pub(crate) fn with_rayon_pool<R>(shape: Shape, f: impl FnOnce() -> R) -> R {
    let threads = shape.inner_threads.clamp(1, cpu_count().max(MAX_INNER_THREADS));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(shape.stack_size)
        .thread_name(|i| format!("joblib-inner-{i}"))
        .use_current_thread()
        .build();
    if let Err(error) = &pool {
        // Tasks then share the pool of the program.
        tracing::warn!(%error, threads, "a worker thread could not get a rayon pool of its own");
    }
    f()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::{Shape, ThreadPool};

    const SHAPE: Shape = Shape { threads: 2, inner_threads: 3, stack_size: 1 << 20 };

    #[test]
    fn each_job_finds_a_rayon_pool_of_its_share() {
        let (sender, receiver) = channel();
        let pool = ThreadPool::start(SHAPE).unwrap();
        for _ in 0..4 {
            let sender = sender.clone();
            pool.sender().send(Box::new(move || sender.send(rayon::current_num_threads()).unwrap()));
        }
        assert_eq!(receiver.iter().take(4).collect::<Vec<_>>(), [3; 4]);
    }

    #[test]
    fn a_job_that_panics_costs_no_thread() {
        let (sender, receiver) = channel();
        let pool = ThreadPool::start(Shape { threads: 1, ..SHAPE }).unwrap();
        pool.sender().send(Box::new(|| std::panic::resume_unwind(Box::new("a job's panic"))));
        pool.sender().send(Box::new(move || sender.send(()).unwrap()));
        receiver.recv().unwrap();
    }

    #[test]
    fn a_pool_that_is_dropped_runs_the_jobs_that_it_has() {
        let (sender, receiver) = channel();
        let pool = ThreadPool::start(SHAPE).unwrap();
        for i in 0..10 {
            let sender = sender.clone();
            pool.sender().send(Box::new(move || sender.send(i).unwrap()));
        }
        drop((pool, sender));
        assert_eq!(receiver.iter().count(), 10);
    }
}
