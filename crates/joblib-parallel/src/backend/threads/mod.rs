//! Threads of this process.
//!
//! A session keeps a queue of batches. For each worker that should be busy there is one job that takes batches from
//! the queue until it is empty and then ends. The caller's thread produces, and is woken when the queue runs low rather
//! than for each batch. A worker that finds the queue empty and another worker idle cuts its own batch in two. Batches
//! and their results move by ownership; nothing is shared per task but two counters that are only read.

pub(crate) mod pool;
pub(crate) mod pools;
mod scope;
mod session;

use std::time::Duration;

use self::pool::Shape;
use self::scope::Scope;
use self::session::{Pool, ThreadSession};
use super::{Batch, Call, Capabilities, ParallelBackend, Session};
use crate::error::Result;
use crate::task::task_batch::TaskBatch;

/// How long a batch should take. Long enough that a caller who has to wait for a processor is back before the workers
/// run dry; how evenly they end does not depend on it, for batches are divided.
pub(crate) const BATCH_TIME: Duration = Duration::from_millis(8);

pub(crate) struct Threading;

impl ParallelBackend for Threading {
    fn name(&self) -> &'static str {
        "threading"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            batch_time: BATCH_TIME,
            in_process: true,
            inline: false,
            direct: false,
            other_hosts: false,
            worker_settings: false,
            captures_output: false,
            scoped: true,
        }
    }

    fn open(&self, call: Call) -> Result<Box<dyn Session>> {
        let pool = Pool::new(pools::checkout(shape(&call))?);
        Ok(Box::new(ThreadSession::<Batch, Pool>::new(&call, pool)))
    }
}

/// What the threads of a call have to be.
pub(crate) fn shape(call: &Call) -> Shape {
    Shape {
        threads: call.n_jobs,
        inner_threads: call.context.budget,
        stack_size: call.stack_size.unwrap_or_else(default_stack_size),
    }
}

/// As much as the first thread of a process usually has, and with it the tasks of the other backends; or what the
/// environment sets for all threads of the standard library.
fn default_stack_size() -> usize {
    let set = std::env::var("RUST_MIN_STACK").ok().and_then(|bytes| bytes.parse().ok());
    set.unwrap_or(8 << 20)
}

/// Runs `f` with a session whose tasks may borrow from the caller; returns when all of them have ended.
///
/// # Errors
///
/// Returns an error if the threads can't be started.
pub(crate) fn scoped<'scope, R>(
    call: &Call,
    f: impl FnOnce(ThreadSession<TaskBatch<'scope>, Scope<'scope>>) -> R,
) -> Result<R> {
    let pool = pools::checkout(shape(call))?;
    let result = scope::scope(pool.sender(), |scope| f(ThreadSession::new(call, scope)));
    pools::park(pool);
    Ok(result)
}
