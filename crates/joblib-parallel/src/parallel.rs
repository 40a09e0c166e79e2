//! [`Parallel`]: the builder around a loop.
//!
//! Three things that change what `run` takes and gives are steps that change its type: where tasks may run
//! ([`Anywhere`], [`SharedMem`]), how results are returned ([`List`], [`Generator`], [`GeneratorUnordered`]) and what
//! a failure does ([`FailFast`], [`Outcomes`]).

use std::ffi::OsString;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use joblib_array::MmapMode;

use crate::backend::multiprocessing;
use crate::backend::sequential::Inline;
use crate::backend::threading;
use crate::backend::{Backend, Call, Erased, ParallelBackend, Traits};
use crate::batch::TaskBatch;
use crate::batching::{BatchSize, Batching};
use crate::cancel::CancellationToken;
use crate::context::{self, CallContext};
use crate::delayed::{Delayed, Function, Value};
use crate::engine::{Carrier, Engine, Plan};
use crate::error::{BoxError, Error, Result, TaskError};
use crate::inherited::inherit;
use crate::pre_dispatch::PreDispatch;
use crate::reporter::{Progress, Reporter};
use crate::results::{self, Results};
use crate::settings::{Prefer, Settings};
use crate::task::{Closure, Task, Tried};
use crate::{config, cpu, interrupt, n_jobs, panics};

/// Tasks are made with [`delayed`](crate::delayed) and run on any backend.
#[derive(Debug, Clone, Copy)]
pub struct Anywhere;

/// Tasks are closures that may borrow, and run on threads of this process only.
#[derive(Debug, Clone, Copy)]
pub struct SharedMem;

/// Tasks are closures that may capture anything, and run in processes forked for the call.
#[derive(Debug, Clone, Copy)]
pub struct Forked;

/// Results are returned together, in the order of their tasks.
#[derive(Debug, Clone, Copy)]
pub struct List;

/// Results are an iterator, in the order of their tasks.
#[derive(Debug, Clone, Copy)]
pub struct Generator;

/// Results are an iterator, as they are completed.
#[derive(Debug, Clone, Copy)]
pub struct GeneratorUnordered;

/// The first failure ends the call.
#[derive(Debug, Clone, Copy)]
pub struct FailFast;

/// Every task has an outcome of its own.
#[derive(Debug, Clone, Copy)]
pub struct Outcomes;

/// What a failure does to the other tasks.
pub trait OnFailure: sealed::Sealed {
    #[doc(hidden)]
    const STOPS: bool;
}

impl OnFailure for FailFast {
    const STOPS: bool = true;
}

impl OnFailure for Outcomes {
    const STOPS: bool = false;
}

/// How results are returned.
pub trait ReturnAs: sealed::Sealed {
    #[doc(hidden)]
    const THIS: Self;
}

impl ReturnAs for List {
    const THIS: Self = List;
}

impl ReturnAs for Generator {
    const THIS: Self = Generator;
}

impl ReturnAs for GeneratorUnordered {
    const THIS: Self = GeneratorUnordered;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::List {}
    impl Sealed for super::Generator {}
    impl Sealed for super::GeneratorUnordered {}
    impl Sealed for super::FailFast {}
    impl Sealed for super::Outcomes {}
}

/// A loop whose passes run in parallel.
///
/// ```
/// use joblib_parallel::{Parallel, delayed};
///
/// let roots = Parallel::new().n_jobs(2).run((0..4).map(|n| delayed(f64::sqrt, (f64::from(n * n),))))?;
/// assert_eq!(roots, [0.0, 1.0, 2.0, 3.0]);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
///
/// It can be used for any number of calls; workers are kept between them. What it does not say is taken from
/// [`parallel_config`](crate::parallel_config) and the environment.
#[derive(Clone)]
#[must_use = "nothing runs before `run`"]
pub struct Parallel<W = Anywhere, R = List, F = FailFast> {
    settings: Settings,
    steps: PhantomData<(W, R, F)>,
}

impl Default for Parallel {
    fn default() -> Self {
        Parallel { settings: Settings::new(), steps: PhantomData }
    }
}

impl Parallel {
    /// One worker, no display, the first failure ends the call: as joblib's `Parallel()`.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<W, R, F> Parallel<W, R, F> {
    fn step<W2, R2, F2>(self) -> Parallel<W2, R2, F2> {
        Parallel { settings: self.settings, steps: PhantomData }
    }

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
    /// runs (its failure says so); a task that borrows ([`SharedMem`]) is waited for.
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

    /// Returns the results as a [`List`], or as an iterator: [`Generator`] or [`GeneratorUnordered`].
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

impl<R, F> Parallel<Anywhere, R, F> {
    /// Where to run: a [`Backend`] or its name.
    pub fn backend(mut self, backend: impl Into<Backend>) -> Self {
        self.settings.backend = Some(backend.into());
        self
    }

    /// Threads or processes, where neither this call nor its configuration names a backend.
    pub fn prefer(mut self, prefer: Prefer) -> Self {
        self.settings.prefer = Some(prefer);
        self
    }

    /// Arrays of at least so many bytes (1 MiB at first) go to worker processes through shared memory, one copy for
    /// all; `None` sends all arrays inside of messages.
    pub fn max_nbytes(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.settings.max_nbytes = bytes.into();
        self
    }

    /// How worker processes map those arrays: read-only at first; `None` sends all arrays inside of messages.
    ///
    /// Arrays that are themselves mapped from a file for writing (`r+`) are written in place by workers, whatever
    /// the mode.
    pub fn mmap_mode(mut self, mode: impl Into<Option<MmapMode>>) -> Self {
        self.settings.mmap_mode = mode.into();
        self
    }

    /// Makes those copies in files without names in this folder, for arrays too large for memory. By default
    /// `JOBLIB_TEMP_FOLDER`, and else they are in memory.
    pub fn temp_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.temp_folder = Some(folder.into());
        self
    }

    /// How often a task whose worker process died is tried again, 0 at first. A task that kills two workers is given
    /// up all the same.
    pub fn retries(mut self, retries: u32) -> Self {
        self.settings.retries = retries;
        self
    }

    /// A call that each worker process makes before its first task. If it panics, the parallel call fails.
    pub fn initializer<G, A>(mut self, call: Delayed<G, A>) -> Self
    where
        G: Function<A, Output = ()>,
        A: Value + Sync,
    {
        self.settings.initializer = Some(Arc::new(move || {
            let name = call.portable_name()?;
            let mut arguments = Vec::new();
            call.encode(&mut arguments)?;
            Ok((name.distance, name.check, arguments))
        }));
        self
    }

    /// Sets an environment variable of the worker processes.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.settings.env.push((name.into(), value.into()));
        self
    }

    /// The nice level of the worker processes, from −20 to 19; lower than the caller's own needs permission.
    pub fn nice(mut self, level: i32) -> Self {
        self.settings.nice = Some(level);
        self
    }

    /// The most private memory, in bytes, that a worker process may have. A task that asks for more ends its worker
    /// (unless it copes with failing allocations), and its failure says so.
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.settings.memory_limit = Some(bytes);
        self
    }

    /// Replaces a worker process after so many tasks (at the end of a batch).
    pub fn recycle_after_tasks(mut self, tasks: u64) -> Self {
        self.settings.recycle_after_tasks = Some(tasks);
        self
    }

    /// Replaces a worker process when it has more than so many bytes resident (at the end of a batch).
    pub fn recycle_above_bytes(mut self, bytes: u64) -> Self {
        self.settings.recycle_above_bytes = Some(bytes);
        self
    }

    /// Takes closures that capture anything, and runs them in processes forked for each call: backend
    /// [`Multiprocessing`](Backend::Multiprocessing). Only their results are encoded.
    ///
    /// All closures are made before the first runs. Do not fork while other threads may hold locks that the closures
    /// need: in the forked process nobody releases them.
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
        self.settings.backend = Some(Backend::Multiprocessing);
        self.step()
    }

    /// Takes closures that borrow instead of [`delayed`](crate::delayed) calls. They run on threads, or one after
    /// the other, and nowhere else.
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
        self.step()
    }
}

/// What a call resolved to.
struct Resolved {
    backend: Arc<dyn ParallelBackend>,
    call: Call,
    limit: Option<usize>,
}

impl<W, R, F: OnFailure> Parallel<W, R, F> {
    /// Puts together what this says, what its surroundings say and the defaults. `require` limits the choice of
    /// backend to those in this process.
    fn resolve(&self, shared_memory: bool) -> Result<Resolved> {
        panics::install_hook();
        let mut settings = self.settings.clone();
        settings.n_jobs = match settings.n_jobs {
            None => config::n_jobs()?,
            given => given,
        };
        settings.verbose =
            if settings.verbose == 0 { config::verbose().unwrap_or(0) } else { settings.verbose };
        settings.inner_max_num_threads =
            settings.inner_max_num_threads.or_else(config::inner_max_num_threads);
        if settings.batch_size == BatchSize::Fixed(0) || settings.inner_max_num_threads == Some(0) {
            return Err(Error::usage("batch_size and inner_max_num_threads have to be at least 1"));
        }
        let backend = Self::choose(&settings, shared_memory)?;
        let n_jobs = backend.effective_n_jobs(settings.n_jobs.unwrap_or(1))?;
        // One worker is the caller's thread, unless the call itself names a backend that does more than that.
        let chosen = settings.backend.is_some() && !backend.traits().in_process;
        let alone =
            n_jobs == 1 && !chosen && settings.timeout.is_none() && settings.for_workers_only().is_none();
        let backend = if alone { Backend::Sequential.find()? } else { backend };
        if let Some(name) = settings.for_workers_only()
            && !backend.traits().worker_settings
        {
            return Err(Error::usage(format!(
                "{name} is for worker processes, which backend {:?} does not have; use \"loky\"",
                backend.name()
            )));
        }
        let limit = settings.pre_dispatch.limit(n_jobs)?;
        let threads = context::budget().unwrap_or_else(cpu::cpu_count);
        let context = CallContext {
            stop: AtomicBool::new(false),
            first_failure_stops: F::STOPS,
            seed: settings
                .seed
                .unwrap_or_else(|| if context::depth() > 0 { context::task_seed() } else { 0 }),
            budget: settings.inner_max_num_threads.unwrap_or_else(|| n_jobs::share(threads, n_jobs)),
            depth: context::depth() + 1,
        };
        let call = Call { n_jobs, settings: Arc::new(settings), context: Arc::new(context) };
        Ok(Resolved { backend, call, limit })
    }

    fn choose(settings: &Settings, shared_memory: bool) -> Result<Arc<dyn ParallelBackend>> {
        if let Some(backend) = &settings.backend {
            let backend = backend.find()?;
            if shared_memory && !backend.traits().in_process {
                return Err(Error::usage(format!(
                    "backend {:?} has no shared memory, which require(SharedMem) asks for; use \"threading\"",
                    backend.name()
                )));
            }
            return Ok(backend);
        }
        // The surroundings only suggest: tasks that borrow run on threads whatever they say.
        if let Some(backend) = config::backend() {
            let backend = backend.find()?;
            if !shared_memory || backend.traits().in_process {
                return Ok(backend);
            }
        }
        match settings.prefer.or_else(config::prefer) {
            Some(Prefer::Processes) if !shared_memory => Backend::Loky.find(),
            _ => Backend::Threading.find(),
        }
    }

    /// The engine of a call on `carrier`.
    fn engine<T, I, C>(resolved: Resolved, traits: Traits, carrier: C, producer: I) -> Engine<T, I, C>
    where
        T: Task,
        I: Iterator<Item = T>,
        C: Carrier<T>,
    {
        let Resolved { backend, call, limit } = resolved;
        let settings = &call.settings;
        let (low, high) = producer.size_hint();
        let total = (high == Some(low)).then_some(low);
        // A time limit is for one task: on threads, where a stuck task can't be taken off its batch, it is alone.
        let alone = traits.inline || (traits.in_process && settings.timeout.is_some());
        let size = if alone { BatchSize::Fixed(1) } else { settings.batch_size };
        let limit = if traits.inline { Some(1) } else { limit };
        let mut reporter = Reporter::new(settings, call.n_jobs, limit.unwrap_or(usize::MAX >> 1), total);
        reporter.begin(backend.name());
        Engine::new(Plan {
            producer,
            carrier,
            context: Arc::clone(&call.context),
            batching: Batching::new(traits.batch_time, size),
            workers: call.n_jobs,
            limit,
            retries: settings.retries,
            deadline: settings.deadline,
            tokens: settings.token.iter().cloned().collect(),
            interrupt: if settings.leave_interrupt { None } else { interrupt::watch() },
            reporter,
        })
    }

    /// Opens a session for tasks of which the backend need not know the type.
    fn open<T, I>(&self, shared_memory: bool, producer: I) -> Result<Engine<T, I, Erased>>
    where
        T: Task<Output: 'static> + 'static,
        I: Iterator<Item = T>,
    {
        let resolved = self.resolve(shared_memory)?;
        let session = Erased(resolved.backend.open(resolved.call.clone())?);
        let traits = resolved.backend.traits();
        Ok(Self::engine(resolved, traits, session, producer))
    }
}

/// A task that any backend can run: what [`delayed`](crate::delayed) makes.
pub trait Portable: Task<Output: 'static> + 'static {}

impl<T: Task<Output: 'static> + 'static> Portable for T {}

impl Parallel<Anywhere, List, FailFast> {
    /// Runs the tasks and returns their results in order, or the first failure.
    ///
    /// The producer `tasks` is asked for tasks on the caller's thread, as far ahead as
    /// [`pre_dispatch`](Self::pre_dispatch) says.
    pub fn run<I>(&self, tasks: I) -> Result<Vec<<I::Item as Task>::Output>>
    where
        I: IntoIterator<Item: Portable>,
    {
        results::list(self.open(false, tasks.into_iter())?, results::keep)
    }

    /// As [`run`](Self::run), for functions that return `Result`: the first `Err` ends the call like a panic would.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// fn parse(text: String) -> Result<i32, String> {
    ///     text.parse().map_err(|_| format!("{text:?} is no number"))
    /// }
    ///
    /// let parse_all = |texts: [&str; 2]| {
    ///     Parallel::new().try_run(texts.map(|text| delayed(parse, (text.to_owned(),))))
    /// };
    /// assert_eq!(parse_all(["1", "2"])?, [1, 2]);
    /// let error = parse_all(["1", "two"]).unwrap_err();
    /// assert!(error.is_failure() && error.to_string().contains("\"two\" is no number"));
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn try_run<I, U, E>(&self, tasks: I) -> Result<Vec<U>>
    where
        I: IntoIterator<Item: Portable + Task<Output = std::result::Result<U, E>>>,
        U: Send + 'static,
        E: Into<BoxError> + 'static,
    {
        results::list(self.open(false, tasks.into_iter().map(Tried))?, results::keep)
    }
}

impl Parallel<Anywhere, List, Outcomes> {
    /// Runs all tasks and returns for each its result or its failure, in order.
    pub fn run<I>(&self, tasks: I) -> Result<Vec<std::result::Result<<I::Item as Task>::Output, TaskError>>>
    where
        I: IntoIterator<Item: Portable>,
    {
        results::outcomes(self.open(false, tasks.into_iter())?)
    }

    /// As [`run`](Self::run), for functions that return `Result`: an `Err` is that task's failure.
    pub fn try_run<I, U, E>(&self, tasks: I) -> Result<Vec<std::result::Result<U, TaskError>>>
    where
        I: IntoIterator<Item: Portable + Task<Output = std::result::Result<U, E>>>,
        U: Send + 'static,
        E: Into<BoxError> + 'static,
    {
        results::outcomes(self.open(false, tasks.into_iter().map(Tried))?)
    }
}

impl<F: OnFailure> Parallel<Anywhere, Generator, F> {
    /// Starts the tasks; the iterator gives their results in order.
    pub fn run<I>(&self, tasks: I) -> Result<Results<I::IntoIter, Generator, F>>
    where
        I: IntoIterator<Item: Portable>,
    {
        Ok(Results::new(self.open(false, tasks.into_iter())?))
    }
}

impl<F: OnFailure> Parallel<Anywhere, GeneratorUnordered, F> {
    /// Starts the tasks; the iterator gives their results as they are completed.
    pub fn run<I>(&self, tasks: I) -> Result<Results<I::IntoIter, GeneratorUnordered, F>>
    where
        I: IntoIterator<Item: Portable>,
    {
        Ok(Results::new(self.open(false, tasks.into_iter())?))
    }
}

impl<F: OnFailure> Parallel<SharedMem, List, F> {
    /// Lets `finish` drive an engine whose tasks may borrow from the caller.
    fn scoped<'scope, T, I, O>(
        &self,
        producer: I,
        finish: impl FnOnce(Engine<T, I, Box<dyn Carrier<T> + '_>>) -> Result<O>,
    ) -> Result<O>
    where
        T: Task + 'scope,
        I: Iterator<Item = T>,
    {
        let resolved = self.resolve(true)?;
        let traits = resolved.backend.traits();
        if traits.inline {
            let carrier: Box<dyn Carrier<T>> = Box::new(Inline::<TaskBatch<T>>::default());
            return finish(Self::engine(resolved, traits, carrier, producer));
        }
        threading::scoped(&resolved.call.clone(), |session| {
            let carrier: Box<dyn Carrier<T> + '_> = Box::new(session);
            finish(Self::engine(resolved, traits, carrier, producer))
        })?
    }
}

impl Parallel<SharedMem, List, FailFast> {
    /// Runs closures that may borrow and returns their results in order, or the first failure.
    ///
    /// The failure does not carry the results that were completed before: ask for
    /// [`outcomes`](Self::outcomes) to have them.
    pub fn run<'scope, I, G, R>(&self, tasks: I) -> Result<Vec<R>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> R + Send + 'scope,
        R: Send + 'scope,
    {
        self.scoped(tasks.into_iter().map(Closure), |engine| results::list(engine, results::forget))
    }

    /// As [`run`](Self::run), for closures that return `Result`: the first `Err` ends the call.
    pub fn try_run<'scope, I, G, R, E>(&self, tasks: I) -> Result<Vec<R>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> std::result::Result<R, E> + Send + 'scope,
        R: Send + 'scope,
        E: Into<BoxError> + Send + 'scope,
    {
        let tasks = tasks.into_iter().map(|task| Tried(Closure(task)));
        self.scoped(tasks, |engine| results::list(engine, results::forget))
    }
}

impl Parallel<SharedMem, List, Outcomes> {
    /// Runs closures that may borrow and returns for each its result or its failure, in order.
    pub fn run<'scope, I, G, R>(&self, tasks: I) -> Result<Vec<std::result::Result<R, TaskError>>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> R + Send + 'scope,
        R: Send + 'scope,
    {
        self.scoped(tasks.into_iter().map(Closure), |engine| {
            // Named by path, the function is not general enough over the engine's lifetime.
            results::outcomes(engine)
        })
    }
}

impl Parallel<Forked, List, FailFast> {
    /// Runs the closures in forked processes and returns their results in order, or the first failure.
    pub fn run<I, G, R>(&self, tasks: I) -> Result<Vec<R>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> R,
        R: Value,
    {
        let closures: Vec<G> = tasks.into_iter().collect();
        results::list(self.open_forked(inherit(&closures))?, results::keep)
    }
}

impl Parallel<Forked, List, Outcomes> {
    /// Runs the closures in forked processes and returns for each its result or its failure, in order.
    pub fn run<I, G, R>(&self, tasks: I) -> Result<Vec<std::result::Result<R, TaskError>>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> R,
        R: Value,
    {
        let closures: Vec<G> = tasks.into_iter().collect();
        results::outcomes(self.open_forked(inherit(&closures))?)
    }
}

impl<R, F: OnFailure> Parallel<Forked, R, F> {
    fn open_forked<T, I>(&self, producer: I) -> Result<Engine<T, I, Erased>>
    where
        T: Task<Output: 'static> + 'static,
        I: Iterator<Item = T>,
    {
        if multiprocessing::is_disabled() {
            return Err(Error::usage(
                "fork() can't be followed while JOBLIB_MULTIPROCESSING=0 forbids to fork",
            ));
        }
        self.open(false, producer)
    }
}

/// The tasks of closures.
type Closures<I> = std::iter::Map<I, fn(<I as Iterator>::Item) -> Closure<<I as Iterator>::Item>>;

impl<F: OnFailure> Parallel<SharedMem, Generator, F> {
    /// Starts closures on threads; the iterator gives their results in order.
    ///
    /// They may outlive the caller's scope, and so may not borrow from it.
    pub fn run<I, G, R>(&self, tasks: I) -> Result<Results<Closures<I::IntoIter>, Generator, F>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        Ok(Results::new(self.open(true, tasks.into_iter().map(Closure as fn(G) -> Closure<G>))?))
    }
}

impl<F: OnFailure> Parallel<SharedMem, GeneratorUnordered, F> {
    /// Starts closures on threads; the iterator gives their results as they are completed.
    ///
    /// They may outlive the caller's scope, and so may not borrow from it.
    pub fn run<I, G, R>(&self, tasks: I) -> Result<Results<Closures<I::IntoIter>, GeneratorUnordered, F>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        Ok(Results::new(self.open(true, tasks.into_iter().map(Closure as fn(G) -> Closure<G>))?))
    }
}

/// How many workers `n_jobs` means for the backend that a call here and now would use; `None` for the default.
///
/// ```
/// use joblib_parallel::{cpu_count, effective_n_jobs};
///
/// assert_eq!(effective_n_jobs(Some(-1))?, cpu_count());
/// assert_eq!(effective_n_jobs(Some(3))?, 3);
/// assert!(effective_n_jobs(Some(0)).is_err());
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
pub fn effective_n_jobs(n_jobs: Option<i32>) -> Result<usize> {
    Ok(Parallel::new().n_jobs(n_jobs).resolve(false)?.call.n_jobs)
}
