//! Defaults for the calls of a scope: [`parallel_config`], and below it the environment.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::path::PathBuf;

use joblib_array::MmapMode;

use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::settings::{Never, OrNever, Prefer};

/// What a scope says about the calls inside of it; see [`parallel_config`].
///
/// ```
/// use joblib_parallel::{ConfigGuard, Parallel, ParallelConfig, Prefer, delayed, effective_n_jobs, parallel_config};
///
/// // What a program reads from its own command line, say.
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
pub struct ParallelConfig {
    pub(crate) backend: Option<Backend>,
    pub(crate) n_jobs: Option<i32>,
    pub(crate) prefer: Option<Prefer>,
    pub(crate) verbose: Option<u32>,
    pub(crate) inner_max_num_threads: Option<usize>,
    pub(crate) max_nbytes: Option<OrNever<usize>>,
    pub(crate) mmap_mode: Option<OrNever<MmapMode>>,
    pub(crate) temp_folder: Option<PathBuf>,
}

/// Sets defaults for the parallel calls of a scope, on this thread: what a [`Parallel`](crate::Parallel) itself says
/// goes before, then the innermost scope, the scopes around it, and the environment (`JOBLIB_BACKEND`,
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
    /// The backend, by name or as a [`Backend`]. Calls with [`require(SharedMem)`](crate::Parallel::require)
    /// stay on threads where it is a backend of processes.
    pub fn backend(mut self, backend: impl Into<Backend>) -> Self {
        self.backend = Some(backend.into());
        self
    }

    /// How many workers, as [`Parallel::n_jobs`](crate::Parallel::n_jobs) says.
    pub fn n_jobs(mut self, n_jobs: i32) -> Self {
        self.n_jobs = Some(n_jobs);
        self
    }

    /// Threads or processes, where the call leaves the choice.
    pub fn prefer(mut self, prefer: Prefer) -> Self {
        self.prefer = Some(prefer);
        self
    }

    /// How much to print, where the call says 0 or nothing; see [`Parallel::verbose`](crate::Parallel::verbose).
    pub fn verbose(mut self, verbose: u32) -> Self {
        self.verbose = Some(verbose);
        self
    }

    /// How many threads each task may use.
    pub fn inner_max_num_threads(mut self, threads: usize) -> Self {
        self.inner_max_num_threads = Some(threads);
        self
    }

    /// From how many bytes on arrays are shared with worker processes; `None` for never. See
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
        self.max_nbytes = Some(bytes.into().ok_or(Never));
        self
    }

    /// How worker processes map those arrays; `None` for not at all.
    pub fn mmap_mode(mut self, mode: impl Into<Option<MmapMode>>) -> Self {
        self.mmap_mode = Some(mode.into().ok_or(Never));
        self
    }

    /// The folder for the copies of those arrays, instead of memory.
    pub fn temp_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.temp_folder = Some(folder.into());
        self
    }

    /// Holds until the returned guard is dropped.
    pub fn enter(self) -> ConfigGuard {
        let depth = STACK.with_borrow_mut(|stack| {
            stack.push(self);
            stack.len()
        });
        ConfigGuard { depth, thread: PhantomData }
    }

    /// Holds while `f` runs.
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
    static STACK: RefCell<Vec<ParallelConfig>> = const { RefCell::new(Vec::new()) };
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

/// What the scopes say, innermost first.
fn innermost<R>(get: impl Fn(&ParallelConfig) -> Option<R>) -> Option<R> {
    STACK.with_borrow(|stack| stack.iter().rev().find_map(get))
}

pub(crate) fn backend() -> Option<Backend> {
    innermost(|config| config.backend.clone()).or_else(|| {
        let name = std::env::var("JOBLIB_BACKEND").ok()?;
        (!name.trim().is_empty()).then(|| name.trim().into())
    })
}

pub(crate) fn n_jobs() -> Result<Option<i32>> {
    if let Some(n_jobs) = innermost(|config| config.n_jobs) {
        return Ok(Some(n_jobs));
    }
    let Ok(text) = std::env::var("JOBLIB_N_JOBS") else { return Ok(None) };
    match text.trim() {
        "" | "None" => Ok(None),
        number => number.parse().map(Some).map_err(|_| {
            Error::usage(format!("JOBLIB_N_JOBS = {number:?} is not a whole number such as 4 or -1"))
        }),
    }
}

pub(crate) fn prefer() -> Option<Prefer> {
    innermost(|config| config.prefer)
}

pub(crate) fn verbose() -> Option<u32> {
    innermost(|config| config.verbose)
}

pub(crate) fn inner_max_num_threads() -> Option<usize> {
    innermost(|config| config.inner_max_num_threads)
}

pub(crate) fn max_nbytes() -> Option<OrNever<usize>> {
    innermost(|config| config.max_nbytes)
}

pub(crate) fn mmap_mode() -> Option<OrNever<MmapMode>> {
    innermost(|config| config.mmap_mode)
}

pub(crate) fn temp_folder() -> Option<PathBuf> {
    let folder = || std::env::var_os("JOBLIB_TEMP_FOLDER").filter(|folder| !folder.is_empty());
    innermost(|config| config.temp_folder.clone()).or_else(|| folder().map(PathBuf::from))
}
