//! Where tasks run: the trait of a backend, and how one is chosen and registered.
//!
//! A backend opens a [`Session`] for each call. The engine gives the session [`Batch`]es and waits for them to come
//! back, on the caller's thread. Nothing more is assumed: not that workers share the caller's memory, host or file
//! system, nor that a batch is cheap to send — a backend names with [`Traits::batch_time`] how long a batch should
//! take to be worth its trip, and batches grow to that.
//!
//! The contract of a session:
//!
//! - Every batch submitted comes back through `wait` exactly once, or each of its tasks does in pieces made with
//!   [`Batch::split_off`]; in any order. Tasks that did not run stay in their batch and are dispatched again.
//! - A task that could not finish is named with [`Batch::break_first`].
//! - `wait` blocks; it returns when there is something to return, when `until` has passed, or when the session's
//!   waker was called. It may return empty-handed.
//! - After `cancel` no further task starts and all batches come back soon, run or not.
//! - Dropping a session ends it, at any time, whatever is in flight.
//!
//! A backend that outlives a call (a pool, a connection) keeps what it needs in itself.
//!
//! The smallest backend runs its batches when they are waited for:
//!
//! ```
//! use std::sync::Arc;
//! use std::time::{Duration, Instant};
//!
//! use joblib_parallel::backend::{Batch, Call, ParallelBackend, Returned, Session, Traits};
//! use joblib_parallel::{Parallel, Result, Waker, delayed, register_parallel_backend};
//!
//! struct Here;
//!
//! impl ParallelBackend for Here {
//!     fn name(&self) -> &str {
//!         "here"
//!     }
//!     fn traits(&self) -> Traits {
//!         Traits::remote(Duration::from_millis(1))
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
//! register_parallel_backend(Here);
//! let squares = Parallel::new().backend("here").n_jobs(2).run((0..100).map(|n| delayed(u64::pow, (n, 2))))?;
//! assert_eq!(squares[..4], [0, 1, 4, 9]);
//! # Ok::<(), joblib_parallel::Error>(())
//! ```

pub(crate) mod loky;
pub(crate) mod multiprocessing;
pub(crate) mod process;
pub(crate) mod sequential;
pub(crate) mod threading;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::batch::TaskBatch;
use crate::cancel::Waker;
use crate::context::CallContext;
use crate::engine::Carrier;
use crate::error::{Error, Result, TaskError};
use crate::settings::Settings;
use crate::task::Task;
use crate::{cpu, n_jobs, registry};

pub use crate::batch::Batch;

/// What a batch's trip ended as: what [`Session::wait`] appends to its list.
#[non_exhaustive]
pub enum Returned<B = Batch> {
    /// The batch itself.
    Batch(B),
    /// A task that still runs but whose outcome is decided: it is out of time on a thread, which can't be stopped.
    Lost(TaskError),
}

/// What the engine and the user may expect of a backend.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Traits {
    /// How long a batch should take so that sending it costs next to nothing.
    pub batch_time: Duration,
    /// Do tasks run in this process, so that nothing has to be encoded?
    pub in_process: bool,
    /// Is there only the caller's own thread, so that tasks are produced one at a time as they run?
    pub inline: bool,
    /// Can it follow the settings of worker processes: environment, nice level, memory limit, recycling?
    pub worker_settings: bool,
}

impl Traits {
    /// Traits of a backend whose workers are elsewhere and whose batches should take about `batch_time`.
    ///
    /// ```
    /// use joblib_parallel::backend::Traits;
    /// use std::time::Duration;
    ///
    /// // Sending a batch to another host takes a millisecond: a hundredth of what it is worth then.
    /// let mut traits = Traits::remote(Duration::from_millis(100));
    /// assert!(!traits.in_process && !traits.inline && !traits.worker_settings);
    /// traits.worker_settings = true; // for one that sets up its workers as the call says
    /// ```
    pub fn remote(batch_time: Duration) -> Self {
        Traits { batch_time, in_process: false, inline: false, worker_settings: false }
    }
}

/// A place where tasks run; see the [module](self) for one.
pub trait ParallelBackend: Send + Sync {
    /// The name it is chosen by.
    fn name(&self) -> &str;

    /// What to expect of it.
    fn traits(&self) -> Traits;

    /// How many workers `n_jobs` means here. By default: of this machine's processors, less what an outer call uses, and an
    /// error for 0.
    fn effective_n_jobs(&self, n_jobs: i32) -> Result<usize> {
        let budget = crate::context::budget();
        let cpus = budget.unwrap_or_else(cpu::cpu_count);
        Ok(n_jobs::within_budget(n_jobs::resolve(n_jobs, cpus)?, budget))
    }

    /// Prepares for a call. An error ends the call before its first task.
    fn open(&self, call: Call) -> Result<Box<dyn Session>>;
}

/// One call's use of a backend; see the [module](self) for its contract. An error of a method ends the call.
pub trait Session {
    /// Takes a batch, without waiting for anything.
    fn submit(&mut self, batch: Batch) -> Result<()>;

    /// Waits for batches, and appends them to `returned`.
    fn wait(&mut self, until: Option<Instant>, returned: &mut Vec<Returned>) -> Result<()>;

    /// Stops what has not begun, and what can be stopped of what has.
    fn cancel(&mut self);

    /// Makes `wait` return, from another thread.
    fn waker(&self) -> Waker;
}

/// What a backend learns about a call when it begins.
///
/// ```
/// use joblib_parallel::backend::{Call, ParallelBackend, Session, Traits};
/// use joblib_parallel::{Error, Parallel, Result, delayed, register_parallel_backend};
/// use std::time::Duration;
///
/// struct Cluster;
///
/// impl ParallelBackend for Cluster {
///     fn name(&self) -> &str {
///         "cluster"
///     }
///     fn traits(&self) -> Traits {
///         Traits::remote(Duration::from_millis(100))
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
/// register_parallel_backend(Cluster);
/// let parallel = Parallel::new().backend("cluster").n_jobs(20).inner_max_num_threads(4);
/// let error = parallel.run([delayed(f64::sqrt, (4.0,))]).unwrap_err();
/// assert!(error.is_backend());
/// assert_eq!(error.to_string(), "could not have 20 nodes of 4 threads: all are in use");
/// ```
#[derive(Clone)]
pub struct Call {
    pub(crate) n_jobs: usize,
    pub(crate) settings: Arc<Settings>,
    pub(crate) context: Arc<CallContext>,
}

impl Call {
    /// The number of workers to use.
    pub fn n_jobs(&self) -> usize {
        self.n_jobs
    }

    /// The time limit of each task, from its start: for the backend to keep.
    pub fn timeout(&self) -> Option<Duration> {
        self.settings.timeout
    }

    /// How many threads each task may use.
    pub fn inner_threads(&self) -> usize {
        self.context.budget
    }
}

/// The choice of a backend.
///
/// ```
/// use joblib_parallel::{Backend, Parallel, delayed};
///
/// for backend in [Backend::Sequential, Backend::Threading, "threading".into()] {
///     let doubled = Parallel::new().backend(backend).n_jobs(2).run([1, 2].map(|n| delayed(|n: i32| 2 * n, (n,))))?;
///     assert_eq!(doubled, [2, 4]);
/// }
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// The caller's thread: no parallelism.
    Sequential,
    /// Threads of this process.
    Threading,
    /// Robust worker processes, kept between calls.
    Loky,
    /// Processes forked for each call.
    Multiprocessing,
    /// One that was registered, by its name.
    Named(String),
}

impl From<&str> for Backend {
    fn from(name: &str) -> Self {
        match name {
            "sequential" => Backend::Sequential,
            "threading" | "threads" => Backend::Threading,
            "loky" | "processes" => Backend::Loky,
            "multiprocessing" => Backend::Multiprocessing,
            name => Backend::Named(name.to_owned()),
        }
    }
}

impl From<String> for Backend {
    fn from(name: String) -> Self {
        name.as_str().into()
    }
}

impl Backend {
    pub(crate) fn find(&self) -> Result<Arc<dyn ParallelBackend>> {
        Ok(match self {
            Backend::Sequential => Arc::new(sequential::Sequential),
            Backend::Threading => Arc::new(threading::Threading),
            Backend::Loky => Arc::new(loky::Loky),
            Backend::Multiprocessing if multiprocessing::is_disabled() => Arc::new(threading::Threading),
            Backend::Multiprocessing => Arc::new(multiprocessing::Multiprocessing),
            Backend::Named(name) => registry::backend(name).ok_or_else(|| {
                let known = [
                    ["sequential", "threading", "loky", "multiprocessing"].map(str::to_owned).to_vec(),
                    registry::backend_names(),
                ];
                let known = known.concat().join(", ");
                Error::usage(format!("there is no parallel backend {name:?}; known are {known}"))
            })?,
        })
    }
}

/// Makes a backend known under its name, for [`Parallel::backend`](crate::Parallel::backend),
/// [`parallel_config`](crate::parallel_config) and `JOBLIB_BACKEND`. A later one of the same name replaces it; the built-in
/// backends keep their names. The [module](self) has an example.
pub fn register_parallel_backend(backend: impl ParallelBackend + 'static) {
    registry::add_backend(Arc::new(backend));
}

/// Carries typed batches over a session that does not know their type.
pub(crate) struct Erased(pub(crate) Box<dyn Session>);

impl<T: Task<Output: 'static> + 'static> Carrier<T> for Erased {
    fn submit(&mut self, batch: TaskBatch<T>) -> Result<()> {
        self.0.submit(Batch::new(batch))
    }

    fn wait(&mut self, until: Option<Instant>, out: &mut Vec<Returned<TaskBatch<T>>>) -> Result<()> {
        let mut returned = Vec::new();
        self.0.wait(until, &mut returned)?;
        for item in returned {
            out.push(match item {
                Returned::Lost(error) => Returned::Lost(error),
                Returned::Batch(batch) => Returned::Batch(batch.downcast().ok_or_else(|| {
                    Error::backend(
                        "match a batch to its call: the backend returned one of another call",
                        None,
                    )
                })?),
            });
        }
        Ok(())
    }

    fn cancel(&mut self) {
        self.0.cancel();
    }

    fn waker(&self) -> Waker {
        self.0.waker()
    }
}
