//! The options of every call: methods of the builder, each with what it means.

use std::sync::Arc;
use std::time::Duration;

use super::{Outcomes, Parallel, ReturnAs};
use crate::batching::BatchSize;
use crate::cancel::CancellationToken;
use crate::pre_dispatch::PreDispatch;
use crate::reporter::Progress;

impl<W, R, F> Parallel<W, R, F> {
    /// How many workers: a number, or −1 for all processors, −2 for all but one, and so on. `None`, as at first,
    /// leaves it to [`parallel_config`](crate::parallel_config) and `JOBLIB_N_JOBS`, and else is 1. 0 is an error.
    ///
    /// Inside a task the number is limited to that task's share of the processors.
    pub fn n_jobs(mut self, n_jobs: impl Into<Option<i32>>) -> Self {
        self.settings.n_jobs = n_jobs.into();
        self
    }

    /// How much to print to stderr (to stdout from 50 on): 0 nothing, 1 to 10 the more the larger, above 10 a line
    /// for each batch.
    pub fn verbose(mut self, verbose: u32) -> Self {
        self.settings.verbose = verbose;
        self
    }

    /// The longest that a single task may take, from its start.
    ///
    /// Worker processes are killed with it. Threads can't be: there the call goes on without the task, which still
    /// runs (its failure says so); a task that borrows ([`SharedMem`](crate::SharedMem)) is waited for.
    ///
    /// ```
    /// use std::time::Duration;
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// let nap = |ms| std::thread::sleep(Duration::from_millis(ms));
    /// let parallel = Parallel::new().n_jobs(2).timeout(Duration::from_millis(100));
    /// assert!(parallel.run([0, 2000].map(|ms| delayed(nap, (ms,)))).unwrap_err().is_timeout());
    /// ```
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.settings.timeout = Some(limit);
        self
    }

    /// The longest that the whole call may take.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.settings.deadline = Some(limit);
        self
    }

    /// How many batches may be under way: a number, `"all"`, or an expression such as the default `"2*n_jobs"`.
    pub fn pre_dispatch(mut self, batches: impl Into<PreDispatch>) -> Self {
        self.settings.pre_dispatch = batches.into();
        self
    }

    /// How many tasks travel together: a number, or [`BatchSize::Auto`] to follow their measured duration.
    pub fn batch_size(mut self, size: impl Into<BatchSize>) -> Self {
        self.settings.batch_size = size.into();
        self
    }

    /// How many threads each task may use for itself. By default an equal share of the processors.
    pub fn inner_max_num_threads(mut self, threads: usize) -> Self {
        self.settings.inner_max_num_threads = Some(threads);
        self
    }

    /// The base of [`task_seed`](crate::task_seed). By default 0, and inside of a task that task's seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = Some(seed);
        self
    }

    /// Shows a progress bar of tasks under this title, with rate, remaining time and failures, on stderr if that is
    /// a terminal.
    pub fn progress(mut self, title: impl Into<String>) -> Self {
        self.settings.progress = Some(title.into());
        self
    }

    /// Calls `display` with the progress as it changes, at most some twenty times a second, on the thread that
    /// waits for the results.
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
        self.settings.on_progress = Some(Arc::new(display));
        self
    }

    /// Lets `token` end the call.
    pub fn cancellation(mut self, token: &CancellationToken) -> Self {
        self.settings.token = Some(token.clone());
        self
    }

    /// Whether Ctrl-C ends the call with an error that says so (and a second press the program), where the program
    /// does not handle it itself. At first it does; with `false`, Ctrl-C ends the program as it would without the
    /// call. Either way no worker process remains.
    pub fn catch_interrupt(mut self, catch: bool) -> Self {
        self.settings.leave_interrupt = !catch;
        self
    }

    /// Returns the results as a [`List`](crate::List), or as an iterator: [`Generator`](crate::Generator) or [`GeneratorUnordered`](crate::GeneratorUnordered).
    ///
    /// An iterator has at most the results of `pre_dispatch` batches waiting: a slow consumer slows the producer.
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
        self.step()
    }

    /// Gives each task a `Result` of its own instead of ending at the first failure.
    pub fn outcomes(self) -> Parallel<W, R, Outcomes> {
        self.step()
    }
}
