//! Jobs that may borrow from the caller, because the caller waits for them.

use std::marker::PhantomData;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::pool::{Job, JobSender};
use super::session::{Shared, Spawn, run_batches};
use crate::error::Result;
use crate::sync::lock;
use crate::task::task_batch::Runnable;

/// Starts jobs that live as long as `'scope`.
pub(crate) struct Scope<'scope> {
    threads: JobSender,
    jobs: Arc<Count>,
    /// Neither longer nor shorter.
    lifetime: PhantomData<fn(&'scope ()) -> &'scope ()>,
}

impl Clone for Scope<'_> {
    fn clone(&self) -> Self {
        Scope { threads: self.threads.clone(), jobs: Arc::clone(&self.jobs), lifetime: PhantomData }
    }
}

/// How many jobs have not ended.
#[derive(Default)]
struct Count {
    jobs: Mutex<usize>,
    zero: Condvar,
}

/// One job that has not ended.
struct Counted(Arc<Count>);

impl Counted {
    fn new(count: &Arc<Count>) -> Self {
        *lock(&count.jobs) += 1;
        Counted(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut jobs = lock(&self.0.jobs);
        *jobs -= 1;
        if *jobs == 0 {
            self.0.zero.notify_all();
        }
    }
}

/// Runs `f` with a scope, and returns, or panics as `f` does, when all jobs of the scope have ended.
pub(super) fn scope<'scope, R>(threads: JobSender, f: impl FnOnce(Scope<'scope>) -> R) -> R {
    struct WaitForAll(Arc<Count>);
    impl Drop for WaitForAll {
        fn drop(&mut self) {
            let mut jobs = lock(&self.0.jobs);
            while *jobs > 0 {
                jobs = self.0.zero.wait(jobs).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    let jobs = Arc::default();
    let _wait = WaitForAll(Arc::clone(&jobs));
    f(Scope { threads, jobs, lifetime: PhantomData })
}

impl<'scope, B: Runnable + 'scope> Spawn<B> for Scope<'scope> {
    fn spawn(&self, shared: Arc<Shared<B>>) {
        let counted = Counted::new(&self.jobs);
        let scope = self.clone();
        let job: Box<dyn FnOnce() + Send + 'scope> = Box::new(move || {
            // Dropped last, when nothing that may borrow is left: what the job has is dropped before.
            let _counted = counted;
            let shared = shared;
            run_batches(&shared, &scope);
            drop(shared);
        });
        // SAFETY: the job is run and dropped before `scope` returns, which waits for `counted` to be dropped, and
        // 'scope outlives that function's call. A scope is not kept beyond it: its clones are in jobs, and one that `f`
        // leaked could start no job, for the session that calls this is `f`'s own.
        let job = unsafe { std::mem::transmute::<Box<dyn FnOnce() + Send + 'scope>, Job>(job) };
        self.threads.send(job);
    }

    fn replace(&mut self) -> Result<()> {
        // A scope ends with its last task; there is nothing to go on with.
        Ok(())
    }

    fn abandon(&mut self) {}
}
