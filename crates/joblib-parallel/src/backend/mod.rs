//! Where tasks run: the backend trait, and how a backend is chosen and registered.
//!
//! A backend opens a [`Session`] for each call. The engine submits [`Batch`]es to the session and waits until they are
//! returned, on the caller's thread. Workers need not share the caller's memory, host or file system, and a batch need not
//! be cheap to send: a backend says with [`Capabilities::batch_time`] how long a batch should take to be worth sending, and
//! batches grow to that length.
//!
//! The contract of a session:
//! - Every submitted batch is returned by `wait` exactly once, as a whole or in pieces made with [`Batch::split_off`], in any
//!   order. Tasks that did not run stay in their batch and are dispatched again.
//! - A task that could not finish is reported with [`Batch::break_first`].
//! - `wait` blocks; it returns when there is something to return, when `until` has passed, or when the session's
//!   waker was called. It may return nothing.
//! - After `cancel` no further task starts, and all batches are returned soon, run or not.
//! - Dropping a session ends it, at any time, whatever is in flight.
//!
//! [`portable`] sends batches to another process, on this host or another.
//!
//! State that outlives a call (a pool, a connection) is kept in the backend itself.
//!
//! The smallest backend runs its batches in `wait`:
//!
//! ```
//! use std::sync::Arc;
//! use std::time::{Duration, Instant};
//!
//! use joblib_parallel::backend::{Batch, Call, ParallelBackend, Returned, Session, Capabilities};
//! use joblib_parallel::{Parallel, Result, Waker, delayed, register_parallel_backend};
//!
//! struct Here;
//!
//! impl ParallelBackend for Here {
//!     fn name(&self) -> &str {
//!         "here"
//!     }
//!     fn capabilities(&self) -> Capabilities {
//!         Capabilities::remote(Duration::from_millis(1))
//!     }
//!     fn open(&self, _call: Call) -> Result<Box<dyn Session>> {
//!         Ok(Box::new(Queue(Vec::new())))
//!     }
//! }
//!
//! struct Queue(Vec<Batch>);
//!
//! impl Session for Queue {
//!     fn submit(&mut self, batch: Batch) -> Result<()> {
//!         self.0.push(batch);
//!         Ok(())
//!     }
//!     fn wait(&mut self, _until: Option<Instant>, returned: &mut Vec<Returned>) -> Result<()> {
//!         returned.extend(self.0.drain(..).map(|mut batch| {
//!             batch.run();
//!             Returned::Batch(batch)
//!         }));
//!         Ok(())
//!     }
//!     // Of a call that is over, `run` runs nothing; and `wait` never sleeps.
//!     fn cancel(&mut self) {}
//!     fn waker(&self) -> Waker {
//!         Arc::new(|| ())
//!     }
//! }
//!
//! register_parallel_backend(Here)?;
//! let squares = Parallel::new().backend("here").n_jobs(2).run((0..100).map(|n| delayed(u64::pow, (n, 2))))?;
//! assert_eq!(squares[..4], [0, 1, 4, 9]);
//! # Ok::<(), joblib_parallel::Error>(())
//! ```

#[cfg(feature = "cluster")]
mod agent;
pub(crate) mod builtin;
mod choice;
#[cfg(feature = "cluster")]
mod cluster;
#[cfg(feature = "dask")]
mod dask;
pub(crate) mod n_jobs;
#[cfg(feature = "cluster")]
mod nodes;
pub mod portable;
pub(crate) mod processes;
pub(crate) mod registry;
pub(crate) mod sequential;
pub(crate) mod threads;
pub(crate) mod worker_settings;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use self::choice::{Backend, BackendValue};
#[cfg(feature = "dask")]
pub use self::dask::{Dask, DaskCleaned, DaskCluster, DaskMember};
#[cfg(feature = "cluster")]
pub use self::nodes::Nodes;
use self::worker_settings::WorkerSettings;
use crate::cancel::Waker;
use crate::error::{Result, TaskError};
use crate::sys::cpu;
pub use crate::task::batch::Batch;
use crate::task::context::{self, CallContext};
use crate::wire::arrays::ArraySharing;

/// What became of a batch: what [`Session::wait`] appends to its list.
#[derive(Debug)]
#[non_exhaustive]
pub enum Returned<B = Batch> {
    /// The batch itself.
    Batch(B),
    /// The failure of a task that has exceeded its time limit and still runs, on a thread that can't be stopped.
    TimedOut(TaskError),
}

/// The properties of a backend.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct Capabilities {
    /// How long a batch should take to make the cost of sending it negligible.
    pub batch_time: Duration,
    /// Whether tasks run in this process, so that nothing has to be encoded.
    pub in_process: bool,
    /// Whether tasks run on the caller's own thread, so that they are produced one at a time as they run.
    pub inline: bool,
    /// Whether the engine may run the tasks itself, without a session.
    pub(crate) direct: bool,
    /// Whether tasks run on other hosts. A call inside such a task stays on its host: if a scope or the environment selects
    /// such a backend for the inner call, it runs on `"loky"`; if the inner call itself does, that is an error.
    pub other_hosts: bool,
    /// Whether it can follow the settings of worker processes: environment, nice level, memory limit, initializer,
    /// recycling. Backends from outside can't, for they are not told.
    pub(crate) worker_settings: bool,
    /// Whether it can tell what a task prints from what others print.
    pub(crate) captures_output: bool,
    /// Whether it takes tasks that borrow from the caller.
    pub(crate) scoped: bool,
}

impl Capabilities {
    /// The properties of a backend whose workers are other processes, and whose batches should take about `batch_time`.
    ///
    /// ```
    /// use joblib_parallel::backend::Capabilities;
    /// use std::time::Duration;
    ///
    /// // Sending a batch to another host takes a millisecond: a hundredth of what it is worth then.
    /// let capabilities = Capabilities::remote(Duration::from_millis(100));
    /// assert!(!capabilities.in_process && !capabilities.inline);
    /// ```
    pub fn remote(batch_time: Duration) -> Self {
        Capabilities {
            batch_time,
            in_process: false,
            inline: false,
            direct: false,
            other_hosts: false,
            worker_settings: false,
            captures_output: false,
            scoped: false,
        }
    }
}

/// A backend for parallel calls. The [module](self) has an example.
pub trait ParallelBackend: Send + Sync {
    /// The name it is chosen by.
    fn name(&self) -> &str;

    /// What to expect of it.
    fn capabilities(&self) -> Capabilities;

    /// The number of workers where nobody says one, as `n_jobs`: 1, unless the backend is chosen for having many.
    fn default_n_jobs(&self) -> i32 {
        1
    }

    /// How many workers `n_jobs` means here: by default, of this machine's processors, less what an outer call uses.
    ///
    /// # Errors
    ///
    /// By default, if `n_jobs` is 0.
    fn effective_n_jobs(&self, n_jobs: i32) -> Result<usize> {
        let budget = context::budget();
        let cpus = budget.unwrap_or_else(cpu::cpu_count);
        Ok(n_jobs::within_budget(n_jobs::resolve(n_jobs, cpus)?, budget))
    }

    /// Prepares for a call.
    ///
    /// # Errors
    ///
    /// Returns an error if no session can be had. The error ends the call before its first task.
    fn open(&self, call: Call) -> Result<Box<dyn Session>>;
}

/// The use of a backend by one call. The [module](self) has its contract. A backend outside this crate implements it for
/// [`Batch`]es, which hide the type of their tasks.
pub trait Session<B = Batch>: Send {
    /// Takes a batch, without waiting for anything.
    ///
    /// Every batch comes back through [`wait`](Self::wait). One that is dropped instead is lost, and the call fails when
    /// there is no other.
    ///
    /// # Errors
    ///
    /// Returns an error if the backend can't go on. The error ends the call, with the results of the batches that
    /// still come back.
    fn submit(&mut self, batch: B) -> Result<()>;

    /// Waits for batches, and appends them to `returned`.
    ///
    /// # Errors
    ///
    /// Returns an error if the backend can't go on. The error ends the call.
    fn wait(&mut self, until: Option<Instant>, returned: &mut Vec<Returned<B>>) -> Result<()>;

    /// Stops what has not begun, and what can be stopped of what has.
    fn cancel(&mut self);

    /// Makes `wait` return, from another thread.
    fn waker(&self) -> Waker;

    /// How many workers there are now, where that changes while the call runs: asked after each `wait`. What is in flight
    /// follows it, as [`pre_dispatch`](crate::Parallel::pre_dispatch) says. By default there are as many as the call began
    /// with.
    fn capacity(&self) -> Option<usize> {
        None
    }
}

impl<B, S: Session<B> + ?Sized> Session<B> for Box<S> {
    fn submit(&mut self, batch: B) -> Result<()> {
        (**self).submit(batch)
    }

    fn wait(&mut self, until: Option<Instant>, returned: &mut Vec<Returned<B>>) -> Result<()> {
        (**self).wait(until, returned)
    }

    fn cancel(&mut self) {
        (**self).cancel();
    }

    fn waker(&self) -> Waker {
        (**self).waker()
    }

    fn capacity(&self) -> Option<usize> {
        (**self).capacity()
    }
}

/// The settings of a call, which a backend gets when the call begins.
///
/// ```
/// use joblib_parallel::backend::{Call, ParallelBackend, Session, Capabilities};
/// use joblib_parallel::{Error, Parallel, Result, delayed, register_parallel_backend};
/// use std::time::Duration;
///
/// struct Cluster;
///
/// impl ParallelBackend for Cluster {
///     fn name(&self) -> &str {
///         "cluster"
///     }
///     fn capabilities(&self) -> Capabilities {
///         Capabilities::remote(Duration::from_millis(100))
///     }
///     fn open(&self, call: Call) -> Result<Box<dyn Session>> {
///         let (nodes, threads) = (call.n_jobs(), call.inner_threads());
///         if call.timeout().is_some() {
///             return Err(Error::backend("stop a task on another node: leave out the timeout", None));
///         }
///         Err(Error::backend(format!("have {nodes} nodes of {threads} threads"), Some("all are in use".into())))
///     }
/// }
///
/// register_parallel_backend(Cluster)?;
/// let parallel = Parallel::new().backend("cluster").n_jobs(20).inner_max_num_threads(4);
/// let error = parallel.run([delayed(f64::sqrt, (4.0,))]).unwrap_err();
/// assert!(error.is_backend());
/// assert_eq!(error.to_string(), "could not have 20 nodes of 4 threads: all are in use");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Call {
    pub(crate) n_jobs: usize,
    pub(crate) requested_n_jobs: i32,
    pub(crate) context: Arc<CallContext>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) stack_size: Option<usize>,
    pub(crate) workers: Arc<WorkerSettings>,
    pub(crate) sharing: ArraySharing,
    /// Whether a progress bar is on the terminal while it runs.
    pub(crate) bar: bool,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("n_jobs", &self.n_jobs)
            .field("inner_threads", &self.inner_threads())
            .field("timeout", &self.timeout)
            .field("stack_size", &self.stack_size)
            .finish_non_exhaustive()
    }
}

impl Call {
    /// The number of workers to use.
    pub fn n_jobs(&self) -> usize {
        self.n_jobs
    }

    /// The number that was requested. A negative number means all workers, or all but some: a backend that gets more
    /// workers during the call may use them, and reports this with [`Session::capacity`].
    pub fn requested_n_jobs(&self) -> i32 {
        self.requested_n_jobs
    }

    /// The time limit of each task, from its start, which the backend has to enforce.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// The size of each task's stack, in bytes, if the call sets it.
    pub fn stack_size(&self) -> Option<usize> {
        self.stack_size
    }

    /// How many threads each task may use.
    pub fn inner_threads(&self) -> usize {
        self.context.budget
    }
}
