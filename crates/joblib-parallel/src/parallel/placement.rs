//! The options of calls whose tasks may leave this process: which backend, how arrays are shared, what workers are; and
//! the two ways to run closures.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use joblib_array::MmapMode;

use super::defaults::Prefer;
use super::{Anywhere, Forked, Parallel, SharedMem};
use crate::backend::Backend;
use crate::task::Task;
use crate::task::delayed::{Delayed, Function, Value};
use crate::wire::arrays::Sharing;
use crate::wire::function_id::EncodedCall;

impl<R, F> Parallel<Anywhere, R, F> {
    /// Sets where tasks run: a [`Backend`] or its name. An unknown name is an error when the call starts.
    ///
    /// ```
    /// use joblib_parallel::{Backend, Parallel, delayed};
    ///
    /// let pid = |backend: Backend| Parallel::new().backend(backend).run([delayed(std::process::id, ())]);
    /// assert_eq!(pid(Backend::Threading)?, [std::process::id()]);
    /// assert_ne!(pid("loky".into())?, [std::process::id()]);
    /// assert!(pid("lucky".into()).unwrap_err().is_usage());
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn backend(mut self, backend: impl Into<Backend>) -> Self {
        self.settings.defaults.backend = Some(backend.into());
        self
    }

    /// Sets whether to prefer threads or processes, if neither this call nor its configuration names a backend, and there
    /// is more than one worker.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, Prefer, delayed, parallel_config};
    ///
    /// let pids = || Parallel::new().n_jobs(2).prefer(Prefer::Processes).run([delayed(std::process::id, ())]);
    /// assert_ne!(pids()?, [std::process::id()]);
    /// // It is only a preference.
    /// assert_eq!(parallel_config().backend("threading").scope(pids)?, [std::process::id()]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn prefer(mut self, prefer: Prefer) -> Self {
        self.settings.defaults.prefer = Some(prefer);
        self
    }

    /// Sets the size in bytes (1 MiB by default) from which arrays are passed to worker processes in shared memory, with
    /// one copy for all. `None` sends all arrays inside messages, except arrays that are themselves mapped for writing (see
    /// [`mmap_mode`](Self::mmap_mode)).
    ///
    /// ```
    /// use joblib_array::Array;
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// let x = Array::from(vec![1.0; 1000]);
    /// let loky = Parallel::new().backend("loky").n_jobs(2);
    /// let is_shared = |parallel: Parallel| parallel.run([delayed(|x: Array<f64>| x.is_mapped(), (x.clone(),))]);
    /// assert_eq!(is_shared(loky.clone().max_nbytes(8000))?, [true]);
    /// assert_eq!(is_shared(loky.max_nbytes(None))?, [false]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn max_nbytes(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.settings.defaults.max_nbytes = Some(Sharing::from_option(bytes.into()));
        self
    }

    /// Sets how worker processes map those arrays: by default read-only; `None` sends all arrays inside messages.
    ///
    /// ```
    /// use joblib_array::{Array, MmapMode};
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// let x = Array::from(vec![1.0; 1000]);
    /// let mode = |x: Array<f64>| x.mmap_mode() == Some(MmapMode::CopyOnWrite);
    /// let parallel = Parallel::new().backend("loky").max_nbytes(8000).mmap_mode(MmapMode::CopyOnWrite);
    /// assert_eq!(parallel.run([delayed(mode, (x,))])?, [true]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    ///
    /// Arrays that are themselves mapped from a file for writing (`r+`) are written in place by workers, whatever
    /// the mode and their size: give each task [`remap()`](joblib_array::Array::remap) of its part.
    ///
    /// ```
    /// use joblib_array::{Array, Buffer, MmapMode, Order};
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// fn fill(mut row: Array<f64>, value: f64) {
    ///     row.make_mut().fill(value);
    /// }
    ///
    /// let file = tempfile::tempfile()?;
    /// file.set_len(32)?;
    /// let table: Array<f64> =
    ///     Array::from_buffer(Buffer::map(&file, 0, 32, MmapMode::ReadWrite)?, vec![2, 2], Order::C)?;
    /// let rows = (0..2).map(|i| table.rows(i..i + 1).remap()).collect::<Result<Vec<_>, _>>()?;
    /// Parallel::new()
    ///     .n_jobs(2)
    ///     .backend("loky")
    ///     .run(rows.into_iter().zip([1.0, 2.0]).map(|(row, value)| delayed(fill, (row, value))))?;
    /// assert_eq!(table.as_slice(), [1.0, 1.0, 2.0, 2.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn mmap_mode(mut self, mode: impl Into<Option<MmapMode>>) -> Self {
        self.settings.defaults.mmap_mode = Some(Sharing::from_option(mode.into()));
        self
    }

    /// Copies shared arrays to unnamed files in this folder, for arrays that are too large for memory. By default the
    /// folder in `JOBLIB_TEMP_FOLDER`; without it, copies are in memory. On other hosts copies are always in memory.
    ///
    /// ```
    /// use joblib_array::Array;
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// let disk = tempfile::tempdir()?;
    /// let x = Array::from(vec![1.0; 1000]);
    /// let parallel = Parallel::new().backend("loky").n_jobs(2).max_nbytes(8000).temp_folder(disk.path());
    /// let sums = parallel.run((0..2).map(|_| delayed(|x: Array<f64>| x.iter().sum::<f64>(), (x.clone(),))))?;
    /// assert_eq!(sums, [1000.0, 1000.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn temp_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.defaults.temp_folder = Some(folder.into());
        self
    }

    /// Sets how often a task is tried again after its worker process died, 0 by default. The error of a task that finally
    /// fails has the [crash of each attempt](crate::TaskError::crashes). On threads, where a worker can't die alone, this
    /// option is an error.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// fn flaky(mark: std::path::PathBuf) -> u32 {
    ///     if std::fs::File::create_new(&mark).is_ok() {
    ///         std::process::exit(1); // as if the system had killed it, the first time
    ///     }
    ///     7
    /// }
    ///
    /// let folder = tempfile::tempdir()?;
    /// let parallel = Parallel::new().backend("loky").retries(1);
    /// assert_eq!(parallel.run([delayed(flaky, (folder.path().join("mark"),))])?, [7]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn retries(mut self, retries: u32) -> Self {
        self.settings.retries = retries;
        self
    }

    /// Sets a call that each worker process makes before its first task. If it panics, the parallel call fails.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// static LEVEL: AtomicU32 = AtomicU32::new(0);
    /// fn set_up(level: u32) {
    ///     LEVEL.store(level, Relaxed);
    /// }
    ///
    /// let parallel = Parallel::new().backend("loky").n_jobs(2).initializer(delayed(set_up, (3,)));
    /// assert_eq!(parallel.run((0..2).map(|_| delayed(|| LEVEL.load(Relaxed), ())))?, [3, 3]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn initializer<G, A>(mut self, call: Delayed<G, A>) -> Self
    where
        G: Function<A, Output = ()>,
        A: Value + Sync,
    {
        self.settings.workers.initializer = Some(Arc::new(move || {
            let mut arguments = Vec::new();
            call.encode(&mut arguments, None)?;
            Ok(EncodedCall { function: call.function().id()?, arguments })
        }));
        self
    }

    /// Sets an environment variable of the worker processes. A name that is empty or contains `=` is an error when the
    /// call starts.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// let parallel = Parallel::new().backend("loky").env("APP_MODE", "batch");
    /// let modes = parallel.run([delayed(|| std::env::var("APP_MODE").ok(), ())])?;
    /// assert_eq!(modes, [Some("batch".to_owned())]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.settings.workers.env.push((name.into(), value.into()));
        self
    }

    /// Sets the nice level of the worker processes, from −20 to 19. A level below the caller's own needs permission;
    /// without it the call fails.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// /// The level, as a program finds it that the task starts.
    /// fn level() -> String {
    ///     let nice = std::process::Command::new("nice").output();
    ///     nice.map(|nice| String::from_utf8_lossy(&nice.stdout).trim().to_owned()).unwrap_or_default()
    /// }
    ///
    /// assert_eq!(Parallel::new().backend("loky").nice(19).run([delayed(level, ())])?, ["19"]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn nice(mut self, level: i32) -> Self {
        self.settings.workers.nice = Some(level);
        self
    }

    /// Limits the private memory of a worker process, in bytes. A task that allocates more ends its worker (unless it
    /// handles failed allocations), and its failure says so.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, TaskError, delayed};
    ///
    /// let parallel = Parallel::new().backend("loky").memory_limit(512 << 20);
    /// let error = parallel.run([delayed(|bytes: usize| vec![1_u8; bytes].len(), (1 << 30,))]).unwrap_err();
    /// assert!(error.task().is_some_and(TaskError::is_memory_limit));
    /// ```
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.settings.workers.memory_limit = Some(bytes);
        self
    }

    /// Replaces a worker process after this many tasks, at the end of a batch.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// let parallel = Parallel::new().backend("loky").batch_size(1).recycle_after_tasks(1);
    /// let pids = parallel.run((0..2).map(|_| delayed(std::process::id, ())))?;
    /// assert_ne!(pids[0], pids[1]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn recycle_after_tasks(mut self, tasks: u64) -> Self {
        self.settings.workers.recycle_after_tasks = Some(tasks);
        self
    }

    /// Replaces a worker process when it has more than this many bytes resident, at the end of a batch.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// fn leaky() -> u32 {
    ///     std::mem::forget(vec![1_u8; 64 << 20]);
    ///     std::process::id()
    /// }
    ///
    /// let parallel = Parallel::new().backend("loky").batch_size(1).recycle_above_bytes(48 << 20);
    /// let pids = parallel.run([delayed(leaky, ()), delayed(leaky, ())])?;
    /// assert_ne!(pids[0], pids[1]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn recycle_above_bytes(mut self, bytes: u64) -> Self {
        self.settings.workers.recycle_above_bytes = Some(bytes);
        self
    }

    /// Captures what each task, and the processes that it starts, print on standard output and standard error, instead of
    /// printing it. For worker processes, on this machine and on others. On threads, which share the program's streams, it is
    /// an error when the call starts.
    ///
    /// The [error](crate::TaskError::output) of a failed task has its output, and shows it. The
    /// [record of a run](https://docs.rs/joblib-record) has the output of every task, line by line as it is printed (for a
    /// task on another machine, when the task has ended), for `joblib runs log`; without a record, the output of successful
    /// tasks is dropped. Each stream is in the order in which it was printed; lines of the two streams are merged in the order
    /// in which they arrived. If a task prints more than half a megabyte on a stream, the beginning and the end are kept; a
    /// record keeps up to 10 MiB for one call. What is printed between tasks, for example by a process that a task has left
    /// running, is printed as usual.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// fn check(row: u32) {
    ///     println!("row {row}");
    ///     assert_ne!(row, 2, "this row is empty");
    /// }
    ///
    /// let parallel = Parallel::new().backend("loky").n_jobs(2).capture_output(true);
    /// let error = parallel.run((0..4).map(|row| delayed(check, (row,)))).unwrap_err();
    /// assert_eq!(error.task().unwrap().output().stdout(), b"row 2\n");
    /// assert!(error.to_string().contains("stdout: row 2"));
    /// ```
    pub fn capture_output(mut self, capture: bool) -> Self {
        self.settings.workers.capture_output = capture;
        self
    }

    /// Accepts closures that capture anything, and runs them in processes forked for each call, with the backend
    /// [`Multiprocessing`](Backend::Multiprocessing). Only their results are encoded.
    ///
    /// All closures are created before the first one runs. Do not fork while other threads may hold locks that the closures
    /// need: in the forked process these are never released.
    ///
    /// ```
    /// use joblib_parallel::Parallel;
    ///
    /// // Neither encoded nor sent: the fork has it.
    /// let table: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    /// let table = &table;
    /// let lengths = Parallel::new().n_jobs(2).fork().run((0..4).map(|k| move || table[250 * k].len()))?;
    /// assert_eq!(lengths, [1, 3, 3, 3]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn fork(mut self) -> Parallel<Forked, R, F> {
        self.settings.defaults.backend = Some(Backend::Multiprocessing);
        self.with_type()
    }

    /// Accepts closures that borrow, instead of [`delayed`](crate::delayed) calls. They run on threads, or one after the
    /// other on one thread; any other [`backend`](Self::backend) of this call is an error.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, SharedMem};
    ///
    /// let text = String::from("a b c");
    /// let mut halves = [0; 6];
    /// Parallel::new().n_jobs(2).require(SharedMem).run(
    ///     // Each task has its own part of the array: the compiler sees that they do not overlap.
    ///     halves.chunks_mut(3).enumerate().map(|(i, part)| {
    ///         let text = &text;
    ///         move || part.fill(text.len() + i)
    ///     }),
    /// )?;
    /// assert_eq!(halves, [5, 5, 5, 6, 6, 6]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn require(self, _shared: SharedMem) -> Parallel<SharedMem, R, F> {
        self.with_type()
    }
}
