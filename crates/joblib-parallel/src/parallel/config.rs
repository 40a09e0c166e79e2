//! Defaults for the calls of a scope: [`parallel_config`], and below it the environment.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::path::PathBuf;

use joblib_array::MmapMode;

use super::defaults::{Defaults, Prefer};
use crate::backend::Backend;
use crate::wire::arrays::Sharing;

/// The defaults of a scope for the calls inside it; see [`parallel_config`].
///
/// ```
/// use joblib_parallel::{ConfigGuard, Parallel, ParallelConfig, Prefer, delayed, effective_n_jobs, parallel_config};
///
/// // What a program reads from its command line, for example.
/// let config: ParallelConfig =
///     parallel_config().prefer(Prefer::Threads).n_jobs(2).inner_max_num_threads(1).verbose(0);
/// let guard: ConfigGuard = config.enter();
/// let inner = || effective_n_jobs(Some(-1)).unwrap_or(0);
/// assert_eq!(Parallel::new().run([delayed(inner, ()), delayed(inner, ())])?, [1, 1]);
/// drop(guard);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "it has no effect before `enter` or `scope`"]
pub struct ParallelConfig(Defaults);

/// Sets defaults for the parallel calls in a scope, on this thread. Settings of a [`Parallel`](crate::Parallel) itself take
/// precedence, then those of the innermost scope, the scopes around it, and the environment (`JOBLIB_BACKEND`,
/// `JOBLIB_N_JOBS`, `JOBLIB_TEMP_FOLDER`).
///
/// ```
/// use joblib_parallel::{Parallel, delayed, effective_n_jobs, parallel_config};
///
/// let _scope = parallel_config().backend("threading").n_jobs(2).enter();
/// assert_eq!(effective_n_jobs(None)?, 2);
/// {
///     let _inner = parallel_config().n_jobs(1).enter();
///     assert_eq!(effective_n_jobs(None)?, 1);
/// }
/// assert_eq!(Parallel::new().run([delayed(u8::count_ones, (7,))])?, [3]);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
pub fn parallel_config() -> ParallelConfig {
    ParallelConfig::default()
}

impl ParallelConfig {
    /// Sets the backend, by name or as a [`Backend`]. Calls with [`require(SharedMem)`](crate::Parallel::require) run on
    /// threads if it is a backend of processes.
    pub fn backend(mut self, backend: impl Into<Backend>) -> Self {
        self.0.backend = Some(backend.into());
        self
    }

    /// Sets the number of workers; see [`Parallel::n_jobs`](crate::Parallel::n_jobs).
    pub fn n_jobs(mut self, n_jobs: i32) -> Self {
        self.0.n_jobs = Some(n_jobs);
        self
    }

    /// Sets whether to prefer threads or processes, for calls that don't name a backend.
    pub fn prefer(mut self, prefer: Prefer) -> Self {
        self.0.prefer = Some(prefer);
        self
    }

    /// Sets how much to print, for calls that don't set it; see [`Parallel::verbose`](crate::Parallel::verbose).
    pub fn verbose(mut self, verbose: u32) -> Self {
        self.0.verbose = Some(verbose);
        self
    }

    /// Sets how many threads each task may use.
    pub fn inner_max_num_threads(mut self, threads: usize) -> Self {
        self.0.inner_max_num_threads = Some(threads);
        self
    }

    /// Sets the size in bytes from which arrays are shared with worker processes; `None` for never. See
    /// [`Parallel::max_nbytes`](crate::Parallel::max_nbytes).
    ///
    /// ```
    /// use joblib_array::{Array, MmapMode};
    /// use joblib_parallel::{Parallel, delayed, parallel_config};
    ///
    /// let folder = tempfile::tempdir()?; // on a disk that has more room than the memory
    /// let is_shared = || {
    ///     let x = Array::from(vec![1.0; 1000]);
    ///     Parallel::new().run([delayed(|x: Array<f64>| x.is_mapped(), (x,))])
    /// };
    /// let config = parallel_config().backend("loky").n_jobs(2).mmap_mode(MmapMode::CopyOnWrite);
    /// assert_eq!(config.clone().max_nbytes(8000).temp_folder(folder.path()).scope(is_shared)?, [true]);
    /// assert_eq!(config.max_nbytes(None).scope(is_shared)?, [false]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_nbytes(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.0.max_nbytes = Some(Sharing::from_option(bytes.into()));
        self
    }

    /// Sets how worker processes map shared arrays; `None` disables sharing.
    pub fn mmap_mode(mut self, mode: impl Into<Option<MmapMode>>) -> Self {
        self.0.mmap_mode = Some(Sharing::from_option(mode.into()));
        self
    }

    /// Sets the folder for the copies of shared arrays, instead of memory.
    pub fn temp_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.0.temp_folder = Some(folder.into());
        self
    }

    /// Applies the defaults until the returned guard is dropped.
    pub fn enter(self) -> ConfigGuard {
        let depth = STACK.with_borrow_mut(|stack| {
            stack.push(self.0);
            stack.len()
        });
        ConfigGuard { depth, thread: PhantomData }
    }

    /// Applies the defaults while `f` runs.
    ///
    /// ```
    /// use joblib_parallel::{effective_n_jobs, parallel_config};
    ///
    /// assert_eq!(parallel_config().backend("threading").n_jobs(3).scope(|| effective_n_jobs(None))?, 3);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn scope<R>(self, f: impl FnOnce() -> R) -> R {
        let _guard = self.enter();
        f()
    }
}

thread_local! {
    static STACK: RefCell<Vec<Defaults>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the defaults of [`ParallelConfig::enter`] until dropped, on its thread.
#[derive(Debug)]
#[must_use = "the configuration ends when this is dropped"]
pub struct ConfigGuard {
    depth: usize,
    thread: PhantomData<*const ()>,
}

impl Drop for ConfigGuard {
    fn drop(&mut self) {
        // Guards that are dropped out of order take those inside of them along.
        STACK.with_borrow_mut(|stack| stack.truncate(self.depth - 1));
    }
}

/// What the scopes of this thread say, the innermost first.
pub(super) fn scope() -> Defaults {
    STACK.with_borrow(|stack| {
        stack.iter().rev().fold(Defaults::default(), |inner, outer| inner.or(outer.clone()))
    })
}
