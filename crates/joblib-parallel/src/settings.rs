//! All that a [`Parallel`](crate::Parallel) was told, as plain data.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use joblib_array::MmapMode;

use crate::backend::Backend;
use crate::batching::BatchSize;
use crate::cancel::CancellationToken;
use crate::error::Error;
use crate::pre_dispatch::PreDispatch;
use crate::reporter::Progress;

/// A soft choice between threads and processes.
///
/// ```
/// use joblib_parallel::{Parallel, Prefer, delayed};
///
/// let parallel = Parallel::new().n_jobs(2).prefer(Prefer::Threads);
/// assert_eq!(parallel.run([delayed(std::process::id, ())])?, [std::process::id()]);
/// # Ok::<(), joblib_parallel::Error>(())
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

/// What was said of how arrays are shared: this, or that they are not.
pub(crate) type OrNever<T> = Result<T, Never>;

/// Arrays are to stay in their messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Never;

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
    pub(crate) leave_interrupt: bool,
    pub(crate) token: Option<CancellationToken>,
    /// As said, where something was said: from how many bytes arrays are shared, and how they are mapped.
    pub(crate) max_nbytes: Option<OrNever<usize>>,
    pub(crate) mmap_mode: Option<OrNever<MmapMode>>,
    pub(crate) temp_folder: Option<PathBuf>,
    pub(crate) env: Vec<(OsString, OsString)>,
    pub(crate) nice: Option<i32>,
    pub(crate) memory_limit: Option<u64>,
    pub(crate) initializer: Option<Initializer>,
    pub(crate) recycle_after_tasks: Option<u64>,
    pub(crate) recycle_above_bytes: Option<u64>,
}

/// Encodes the call that each worker makes first: the function's name, and its arguments.
pub(crate) type Initializer = Arc<dyn Fn() -> Result<(i64, u64, Vec<u8>), String> + Send + Sync>;

impl Settings {
    /// From how many bytes on arrays are shared with worker processes, by joblib's default from 1 MiB; `None` for
    /// never.
    pub(crate) fn shared_from(&self) -> Option<usize> {
        self.mmap_mode.unwrap_or(Ok(MmapMode::Read)).ok()?;
        self.max_nbytes.unwrap_or(Ok(1 << 20)).ok()
    }

    /// How they are mapped.
    pub(crate) fn mapped_as(&self) -> MmapMode {
        self.mmap_mode.and_then(Result::ok).unwrap_or(MmapMode::Read)
    }

    /// Refuses values that no call can have.
    pub(crate) fn check(&self) -> crate::Result<()> {
        if self.batch_size == BatchSize::Fixed(0) {
            return Err(Error::usage("batch_size has to be at least 1"));
        }
        if self.inner_max_num_threads == Some(0) {
            return Err(Error::usage("inner_max_num_threads has to be at least 1"));
        }
        if self.timeout == Some(Duration::ZERO) {
            return Err(Error::usage(
                "timeout has to be longer than nothing, which every task is out of; without it there is no limit",
            ));
        }
        for (name, value) in &self.env {
            let (name, value) = (name.as_encoded_bytes(), value.as_encoded_bytes());
            if name.is_empty() || name.contains(&b'=') || name.contains(&0) || value.contains(&0) {
                return Err(Error::usage(format!(
                    "env can't set a variable {:?}: names are not empty, have no \"=\", and neither they nor values hold a NUL",
                    String::from_utf8_lossy(name)
                )));
            }
        }
        Ok(())
    }

    /// What is asked of worker processes and can't be had elsewhere, by name.
    pub(crate) fn for_workers_only(&self) -> Option<&'static str> {
        [
            (!self.env.is_empty(), "env"),
            (self.nice.is_some(), "nice"),
            (self.memory_limit.is_some(), "memory_limit"),
            (self.initializer.is_some(), "initializer"),
            (self.recycle_after_tasks.is_some(), "recycle_after_tasks"),
            (self.recycle_above_bytes.is_some(), "recycle_above_bytes"),
        ]
        .into_iter()
        .find_map(|(asked, name)| asked.then_some(name))
    }
}
