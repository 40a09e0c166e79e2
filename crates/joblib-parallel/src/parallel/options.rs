//! The options of every call: methods of the builder, each with what it means.

use std::sync::Arc;
use std::time::Duration;

use super::{Outcomes, Parallel, ReturnAs};
use crate::cancel::CancellationToken;
use crate::engine::batching::BatchSize;
use crate::engine::pre_dispatch::PreDispatch;
use crate::engine::progress::Progress;

impl<W, R, F> Parallel<W, R, F> {
    /// Sets the number of workers: −1 for all processors, −2 for all but one, and so on. `None`, the default, takes the
    /// number from [`parallel_config`](crate::parallel_config) or `JOBLIB_N_JOBS`, else 1. 0 is an error.
    ///
    /// Inside a task the number is limited to that task's share of the processors.
    pub fn n_jobs(mut self, n_jobs: impl Into<Option<i32>>) -> Self {
        self.settings.defaults.n_jobs = n_jobs.into();
        self
    }

    /// Sets how much to print to stderr (to stdout from 50 on): 0 for nothing, 1 to 10 for an increasing number of lines,
    /// above 10 for a line for each batch. By default the level of [`parallel_config`](crate::parallel_config), else 0.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// // [Parallel(n_jobs=2)]: Using backend threading with 2 concurrent workers.
    /// // [Parallel(n_jobs=2)]: Done   3 out of   3 | elapsed:    0.0s finished
    /// let roots = Parallel::new().n_jobs(2).verbose(1).run([1.0, 4.0, 9.0].map(|x| delayed(f64::sqrt, (x,))))?;
    /// assert_eq!(roots, [1.0, 2.0, 3.0]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn verbose(mut self, verbose: u32) -> Self {
        self.settings.defaults.verbose = Some(verbose);
        self
    }

    /// Limits the time of each task, from its start.
    ///
    /// In worker processes a task that exceeds the limit is killed. A thread can't be killed: the call continues without
    /// the task, which still runs (its failure says so); a task that borrows ([`SharedMem`](crate::SharedMem)) is waited
    /// for. With a limit, the backend `sequential` and a single worker use another thread than the caller's.
    ///
    /// ```
    /// use std::time::Duration;
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// let nap = |ms| std::thread::sleep(Duration::from_millis(ms));
    /// let parallel = Parallel::new().n_jobs(2).timeout(Duration::from_millis(100));
    /// assert!(parallel.run([0, 2000].map(|ms| delayed(nap, (ms,)))).unwrap_err().is_timeout());
    /// ```
    ///
    /// A limit of zero is an error when the call starts; a limit of more than a century has no effect.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.settings.timeout = Some(limit);
        self
    }

    /// Limits the time of the whole call. When it has passed, the call ends with an error that has the completed results.
    /// Running tasks are killed in processes; on threads they run to their end, and the call waits for them only with
    /// [`SharedMem`](crate::SharedMem). With a deadline, the backend `sequential` and a single worker use another thread
    /// than the caller's.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed};
    /// use std::time::Duration;
    ///
    /// let endless = (0_u64..).map(|n| delayed(u64::count_ones, (n,)));
    /// let error = Parallel::new().n_jobs(2).deadline(Duration::from_millis(20)).run(endless).unwrap_err();
    /// assert!(error.is_deadline());
    /// assert!(error.into_completed::<u32>().is_some());
    /// ```
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.settings.deadline = Some(limit);
        self
    }

    /// Sets how many batches may be in flight: a number, `"all"`, or an expression such as the default `"2*n_jobs"`. Any
    /// other text, or a number below 1, is an error when the call starts.
    ///
    /// ```
    /// use joblib_parallel::{Generator, Parallel, delayed};
    ///
    /// let produced = std::cell::Cell::new(0);
    /// let tasks = (0..1000).map(|n| {
    ///     produced.set(produced.get() + 1); // or a file is opened, a page fetched
    ///     delayed(u64::count_ones, (n,))
    /// });
    /// let mut ones = Parallel::new().n_jobs(2).pre_dispatch("n_jobs").batch_size(1).return_as(Generator).run(tasks)?;
    /// assert_eq!(ones.next().transpose()?, Some(0));
    /// assert!(produced.get() < 10);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn pre_dispatch(mut self, batches: impl Into<PreDispatch>) -> Self {
        self.settings.pre_dispatch = batches.into();
        self
    }

    /// Sets how many tasks are sent together: a number, or [`BatchSize::Auto`], the default, which chooses by their
    /// measured duration. 0 is an error when the call starts.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// let parallel = Parallel::new().backend("loky").n_jobs(2).batch_size(4);
    /// let pids = parallel.run((0..8).map(|_| delayed(std::process::id, ())))?;
    /// assert!(pids.chunks(4).all(|batch| batch.iter().all(|pid| *pid == batch[0])));
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn batch_size(mut self, size: impl Into<BatchSize>) -> Self {
        self.settings.batch_size = size.into();
        self
    }

    /// Sets how many threads each task may use. By default an equal share of the processors; 0 is an error when the call
    /// starts. A forked worker has at most 64 rayon threads, or as many as there are processors.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed, effective_n_jobs};
    ///
    /// // What a parallel loop inside of the task finds.
    /// let inner = || effective_n_jobs(Some(-1)).unwrap_or(0);
    /// let parallel = Parallel::new().n_jobs(2).inner_max_num_threads(3);
    /// assert_eq!(parallel.run([delayed(inner, ()), delayed(inner, ())])?, [3, 3]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn inner_max_num_threads(mut self, threads: usize) -> Self {
        self.settings.defaults.inner_max_num_threads = Some(threads);
        self
    }

    /// Sets the size of each task's stack, in bytes, on every backend, for deep recursion. By default 8 MiB on threads (or
    /// `RUST_MIN_STACK`), the system's limit in worker processes, and the stack of the calling thread in forks. Less than
    /// 128 KiB is an error when the call starts.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// fn depth(n: u32) -> u32 {
    ///     std::hint::black_box([0_u8; 1 << 10]);
    ///     if n == 0 { 0 } else { 1 + depth(n - 1) }
    /// }
    ///
    /// let parallel = Parallel::new().n_jobs(2).stack_size(256 << 20);
    /// assert_eq!(parallel.run([delayed(depth, (50_000,))])?, [50_000]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.settings.stack_size = Some(bytes);
        self
    }

    /// Sets the base of [`task_seed`](crate::task_seed). By default 0, and inside a task that task's seed.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed, task_seed};
    ///
    /// let draw = |seed, n_jobs| Parallel::new().n_jobs(n_jobs).seed(seed).run([delayed(task_seed, ())]);
    /// assert_eq!(draw(1, 1)?, draw(1, 2)?);
    /// assert_ne!(draw(1, 1)?, draw(2, 1)?);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = Some(seed);
        self
    }

    /// Shows a progress bar of tasks under this title, with rate, remaining time and failures, on stderr if that is
    /// a terminal. Needs the feature `progress`.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// let parallel = Parallel::new().n_jobs(2).progress("square roots");
    /// assert_eq!(parallel.run([4.0, 9.0].map(|x| delayed(f64::sqrt, (x,))))?, [2.0, 3.0]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    #[cfg(feature = "progress")]
    pub fn progress(mut self, title: impl Into<String>) -> Self {
        self.settings.display.bar = Some(title.into());
        self
    }

    /// Calls `display` with the progress when it changes, at most about twenty times a second, on the thread that waits for
    /// the results.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    /// use std::sync::Arc;
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// let last = Arc::new(AtomicUsize::new(0));
    /// let seen = Arc::clone(&last);
    /// Parallel::new()
    ///     .n_jobs(2)
    ///     .on_progress(move |progress| seen.store(progress.completed, Relaxed))
    ///     .run((0..100).map(|n| delayed(i32::wrapping_neg, (n,))))?;
    /// assert_eq!(last.load(Relaxed), 100);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn on_progress(mut self, display: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.settings.display.callback = Some(Arc::new(display));
        self
    }

    /// Ends the call when `token` is cancelled, from another thread or from the producer.
    ///
    /// ```
    /// use joblib_parallel::{CancellationToken, Parallel, delayed};
    /// use std::{thread, time::Duration};
    ///
    /// let token = CancellationToken::new();
    /// let button = token.clone();
    /// thread::spawn(move || {
    ///     thread::sleep(Duration::from_millis(20));
    ///     button.cancel();
    /// });
    /// let endless = (0_u64..).map(|n| delayed(u64::count_ones, (n,)));
    /// assert!(Parallel::new().n_jobs(2).cancellation(&token).run(endless).unwrap_err().is_cancelled());
    /// ```
    pub fn cancellation(mut self, token: &CancellationToken) -> Self {
        self.settings.token = Some(token.clone());
        self
    }

    /// Sets whether Ctrl-C ends the call with an error, and a second Ctrl-C ends the program, unless the program handles
    /// Ctrl-C itself. `true` by default; with `false`, Ctrl-C ends the program as it would without the call. In both cases
    /// no worker process is left.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// // A small tool that has nothing to clean up.
    /// let parallel = Parallel::new().n_jobs(2).catch_interrupt(false);
    /// assert_eq!(parallel.run([4.0, 9.0].map(|x| delayed(f64::sqrt, (x,))))?, [2.0, 3.0]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn catch_interrupt(mut self, catch: bool) -> Self {
        self.settings.catch_interrupt = catch;
        self
    }

    /// Returns the results as a [`List`](crate::List), or as an iterator: [`Generator`](crate::Generator) or
    /// [`GeneratorUnordered`](crate::GeneratorUnordered).
    ///
    /// At most the results of `pre_dispatch` batches wait in an iterator, so that a slow consumer slows the producer.
    ///
    /// ```
    /// use joblib_parallel::{Generator, Parallel, delayed};
    ///
    /// let squares = Parallel::new()
    ///     .n_jobs(2)
    ///     .return_as(Generator)
    ///     .run((0_u64..).map(|n| delayed(|n: u64| n * n, (n,))))?;
    /// let first: Vec<u64> = squares.take(4).collect::<Result<_, _>>()?;
    /// assert_eq!(first, [0, 1, 4, 9]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn return_as<R2: ReturnAs>(self, _as: R2) -> Parallel<W, R2, F> {
        self.with_type()
    }

    /// Returns a `Result` for each task, instead of ending the call at the first failure.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// let divided = Parallel::new().outcomes().run([4, 0, 2].map(|n| delayed(|n: u32| 12 / n, (n,))))?;
    /// assert_eq!(divided.into_iter().map(Result::ok).collect::<Vec<_>>(), [Some(3), None, Some(6)]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn outcomes(self) -> Parallel<W, R, Outcomes> {
        self.with_type()
    }
}
