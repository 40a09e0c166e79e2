//! All that a [`Parallel`](crate::Parallel) was told, as plain data.

use std::sync::Arc;
use std::time::Duration;

use crate::backend::Backend;
use crate::batching::BatchSize;
use crate::cancel::CancellationToken;
use crate::pre_dispatch::PreDispatch;
use crate::reporter::Progress;

/// A soft choice between threads and processes.
///
/// ```
/// use joblib_parallel::{Parallel, Prefer};
///
/// let parallel = Parallel::new().prefer(Prefer::Threads);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefer {
    /// Threads: no encoding, and memory is shared.
    Threads,
    /// Processes: crashes are contained, and tasks that are too slow can be killed.
    Processes,
}

/// A display of progress of the user's own.
pub(crate) type Callback = Arc<dyn Fn(&Progress) + Send + Sync>;

#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) n_jobs: Option<i32>,
    pub(crate) backend: Option<Backend>,
    pub(crate) prefer: Option<Prefer>,
    pub(crate) verbose: u32,
    pub(crate) timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) pre_dispatch: PreDispatch,
    pub(crate) batch_size: BatchSize,
    pub(crate) inner_max_num_threads: Option<usize>,
    pub(crate) retries: u32,
    pub(crate) seed: Option<u64>,
    pub(crate) progress: Option<String>,
    pub(crate) on_progress: Option<Callback>,
    pub(crate) token: Option<CancellationToken>,
}
