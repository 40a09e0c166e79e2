//! What can go wrong: [`Error`] for a call, [`TaskError`] for one task of it.
//!
//! Both are opaque with questions to ask. A [`TaskError`] says which task, which function, with which arguments, on
//! which worker, and why.

use std::any::Any;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The result of a parallel call.
///
/// ```
/// use joblib_parallel::{Parallel, Result, delayed};
///
/// fn roots(of: [f64; 2]) -> Result<Vec<f64>> {
///     Parallel::new().n_jobs(2).run(of.map(|x| delayed(f64::sqrt, (x,))))
/// }
/// assert_eq!(roots([4.0, 9.0])?, [2.0, 3.0]);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error, as the source of ours.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a parallel call did not return all its results.
///
/// ```
/// use joblib_parallel::{Parallel, delayed};
///
/// fn half(n: u32) -> u32 {
///     assert!(n % 2 == 0, "{n} is odd");
///     n / 2
/// }
///
/// let error = Parallel::new().run([2, 4, 5].map(|n| delayed(half, (n,)))).unwrap_err();
/// assert!(error.is_panic());
/// assert_eq!(error.task().unwrap().index(), 2);
/// assert!(error.to_string().contains("5 is odd"));
/// // What was done before is not lost.
/// assert_eq!(error.into_completed::<u32>().unwrap()[..2], [Some(1), Some(2)]);
/// ```
///
/// What to do about it depends on whose it is:
///
/// ```
/// use joblib_parallel::{Error, Parallel, delayed};
///
/// fn advice(error: &Error) -> &'static str {
///     match error {
///         _ if error.is_usage() => "correct the program",
///         _ if error.is_cancelled() || error.is_interrupted() || error.is_deadline() => "go on another time",
///         _ if error.is_panic() || error.is_failure() => "look at the task",
///         _ if error.is_crash() || error.is_timeout() => "look at the task, and what it has of the machine",
///         _ if error.is_backend() => "look at the machine",
///         _ => "read the message",
///     }
/// }
///
/// let error = Parallel::new().n_jobs(0).run([delayed(f64::sqrt, (4.0,))]).unwrap_err();
/// assert_eq!(advice(&error), "correct the program");
/// let parse = || "x".parse::<i32>().map_err(|error| error.to_string());
/// let error = Parallel::new().try_run([delayed(parse, ())]).unwrap_err();
/// assert_eq!(advice(&error), "look at the task");
/// ```
pub struct Error {
    kind: Box<Kind>,
    /// `Vec<Option<R>>`: what was done before the failure.
    completed: Mutex<Option<Box<dyn Any + Send>>>,
}

enum Kind {
    Task(TaskError),
    Usage(String),
    Cancelled,
    Interrupted,
    Deadline(Duration),
    Backend { what: String, source: Option<BoxError> },
}

impl Error {
    fn new(kind: Kind) -> Self {
        Error { kind: Box::new(kind), completed: Mutex::new(None) }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Error::new(Kind::Usage(message.into()))
    }

    pub(crate) fn cancelled() -> Self {
        Error::new(Kind::Cancelled)
    }

    pub(crate) fn interrupted() -> Self {
        Error::new(Kind::Interrupted)
    }

    pub(crate) fn deadline(limit: Duration) -> Self {
        Error::new(Kind::Deadline(limit))
    }

    /// For backends: what they could not do, and why.
    ///
    /// ```
    /// use joblib_parallel::Error;
    ///
    /// let error = Error::backend("connect to the scheduler", Some("connection refused".into()));
    /// assert_eq!(error.to_string(), "could not connect to the scheduler: connection refused");
    /// ```
    pub fn backend(what: impl Into<String>, source: Option<BoxError>) -> Self {
        Error::new(Kind::Backend { what: what.into(), source })
    }

    pub(crate) fn with_completed(self, completed: Box<dyn Any + Send>) -> Self {
        Error { kind: self.kind, completed: Mutex::new(Some(completed)) }
    }

    /// The task whose failure ended the call, if one did.
    pub fn task(&self) -> Option<&TaskError> {
        match &*self.kind {
            Kind::Task(task) => Some(task),
            _ => None,
        }
    }

    /// Was a parameter without meaning, or one that the chosen backend can't follow?
    pub fn is_usage(&self) -> bool {
        matches!(&*self.kind, Kind::Usage(_))
    }

    /// Did a [`CancellationToken`](crate::CancellationToken) end the call?
    pub fn is_cancelled(&self) -> bool {
        matches!(&*self.kind, Kind::Cancelled)
    }

    /// Did Ctrl-C end the call?
    pub fn is_interrupted(&self) -> bool {
        matches!(&*self.kind, Kind::Interrupted)
    }

    /// Did the call's deadline pass?
    pub fn is_deadline(&self) -> bool {
        matches!(&*self.kind, Kind::Deadline(_))
    }

    /// Did the backend itself fail: no process could be started, say?
    pub fn is_backend(&self) -> bool {
        matches!(&*self.kind, Kind::Backend { .. })
    }

    /// Did a task panic?
    pub fn is_panic(&self) -> bool {
        self.task().is_some_and(TaskError::is_panic)
    }

    /// Did a task return `Err`?
    pub fn is_failure(&self) -> bool {
        self.task().is_some_and(TaskError::is_failure)
    }

    /// Did a task kill its worker process?
    pub fn is_crash(&self) -> bool {
        self.task().is_some_and(TaskError::is_crash)
    }

    /// Did a task take longer than its time limit?
    pub fn is_timeout(&self) -> bool {
        self.task().is_some_and(TaskError::is_timeout)
    }

    /// The results that were there before the failure, at the indices of their tasks; `None` when the call keeps
    /// none (it failed before the first task, or its results go to an iterator), or `R` is not its type of result.
    ///
    /// The list is as long as the tasks that were produced.
    pub fn into_completed<R: 'static>(self) -> Option<Vec<Option<R>>> {
        let completed = self.completed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)?;
        completed.downcast().ok().map(|results| *results)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.kind {
            Kind::Task(task) => task.fmt(f),
            Kind::Usage(message) => f.write_str(message),
            Kind::Cancelled => f.write_str("the call was cancelled by its token"),
            Kind::Interrupted => f.write_str("the call was interrupted by Ctrl-C (SIGINT)"),
            Kind::Deadline(limit) => write!(f, "the call's deadline of {limit:?} passed"),
            Kind::Backend { what, source: None } => write!(f, "could not {what}"),
            Kind::Backend { what, source: Some(source) } => write!(f, "could not {what}: {source}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.kind {
            Kind::Task(task) => task.source(),
            Kind::Backend { source, .. } => source.as_ref().map(|e| &**e as _),
            _ => None,
        }
    }
}

impl From<TaskError> for Error {
    fn from(task: TaskError) -> Self {
        Error::new(Kind::Task(task))
    }
}

/// Why one task has no result.
///
/// ```
/// use joblib_parallel::{Parallel, delayed};
///
/// let outcomes = Parallel::new()
///     .outcomes()
///     .run([1_u32, 0, 4].map(|n| delayed(|n: u32| 12 / n, (n,))))?;
/// assert_eq!(*outcomes[2].as_ref().unwrap(), 3);
/// let error = outcomes[1].as_ref().unwrap_err();
/// assert!(error.is_panic());
/// assert_eq!((error.index(), error.arguments()), (1, "0"));
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
///
/// On worker processes a task can end in other ways:
///
/// ```
/// use joblib_parallel::{Parallel, TaskError, delayed};
///
/// fn why(error: &TaskError) -> &'static str {
///     match error {
///         _ if error.is_failure() => "it returned an error",
///         _ if error.is_timeout() => "it took too long",
///         _ if error.is_memory_limit() => "it needed too much memory",
///         _ if error.is_crash() => "it took its process along",
///         _ if error.is_stopped() => "it was not its fault",
///         _ => "it panicked, or could not travel",
///     }
/// }
///
/// fn leave(code: i32) {
///     std::process::exit(code)
/// }
///
/// let mut outcomes = Parallel::new().backend("loky").retries(1).outcomes().run([delayed(leave, (3,))])?;
/// let error = outcomes.remove(0).unwrap_err();
/// assert_eq!(why(&error), "it took its process along");
/// assert!(error.function().ends_with("leave") && error.worker().is_some_and(|name| name.starts_with("worker ")));
/// assert_eq!(error.attempts(), 2);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
pub struct TaskError(Box<Inner>);

struct Inner {
    index: usize,
    function: String,
    arguments: String,
    worker: Option<String>,
    attempts: u32,
    cause: Cause,
}

/// The reason for a task's failure, in detail.
///
/// ```
/// use joblib_parallel::{Cause, Crash, Panic, Parallel, delayed};
///
/// fn fragile(n: i32) -> i32 {
///     match n {
///         1 => panic!("no ones"),
///         2 => std::process::exit(3),
///         n => n,
///     }
/// }
///
/// let parallel = Parallel::new().backend("loky").n_jobs(2).outcomes();
/// for outcome in parallel.run((0..3).map(|n| delayed(fragile, (n,))))? {
///     match outcome.as_ref().map_err(|error| error.cause()) {
///         Ok(n) => assert_eq!(*n, 0),
///         Err(Cause::Panic(Panic { message, .. })) => assert_eq!(message, "no ones"),
///         Err(Cause::Crash(Crash { exit_code, .. })) => assert_eq!(*exit_code, Some(3)),
///         Err(other) => panic!("{other}"),
///     }
/// }
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The function panicked.
    Panic(Panic),
    /// The function returned `Err`.
    Failed(BoxError),
    /// The worker process died while it ran the task.
    Crash(Crash),
    /// The task took longer than it may.
    Timeout {
        /// The limit that was passed.
        limit: Duration,
        /// On threads, which can't be stopped, the task still runs.
        still_running: bool,
    },
    /// The arguments could not be encoded for the worker, or decoded by it.
    Arguments(String),
    /// The result could not be encoded by the worker, or decoded here.
    Undecodable(String),
    /// The call ended before the task ran, or before it was finished.
    Stopped,
    /// The backend lost the task.
    Backend(String),
}

/// A panic, as it arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Panic {
    /// What was panicked with, if it was text.
    pub message: String,
    /// `file:line:column` of the panic.
    pub location: Option<String>,
    /// The stack of the thread that panicked, where `RUST_BACKTRACE` asks for it: the task's part of it for `1`, all of
    /// it for `full`.
    pub backtrace: Option<String>,
}

/// How a worker process ended.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Crash {
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// The code it exited with, if it did.
    pub exit_code: Option<i32>,
    /// The memory limit, in bytes, that it hit.
    pub memory_limit: Option<u64>,
    /// What else is known.
    pub note: Option<String>,
}

impl TaskError {
    pub(crate) fn new(
        index: usize,
        function: impl Into<String>,
        arguments: impl Into<String>,
        cause: Cause,
    ) -> Self {
        TaskError(Box::new(Inner {
            index,
            function: function.into(),
            arguments: arguments.into(),
            worker: None,
            attempts: 1,
            cause,
        }))
    }

    pub(crate) fn on_worker(mut self, worker: impl Into<String>) -> Self {
        self.0.worker = Some(worker.into());
        self
    }

    pub(crate) fn because(mut self, cause: Cause) -> Self {
        self.0.cause = cause;
        self
    }

    pub(crate) fn after(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// The position of the task in the order of production, from 0.
    pub fn index(&self) -> usize {
        self.0.index
    }

    /// The function's path.
    pub fn function(&self) -> &str {
        &self.0.function
    }

    /// The arguments, shortened; empty when they are not known.
    pub fn arguments(&self) -> &str {
        &self.0.arguments
    }

    /// The worker process that ran the task, as `worker 2 (pid 4711)`; `None` on threads.
    pub fn worker(&self) -> Option<&str> {
        self.0.worker.as_deref()
    }

    /// How often the task was tried: more than once only where it killed its worker, and `retries` allow it.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The reason, in detail.
    pub fn cause(&self) -> &Cause {
        &self.0.cause
    }

    /// Did the function panic?
    pub fn is_panic(&self) -> bool {
        matches!(self.0.cause, Cause::Panic(_))
    }

    /// Did the function return `Err`?
    pub fn is_failure(&self) -> bool {
        matches!(self.0.cause, Cause::Failed(_))
    }

    /// Did the worker process die?
    pub fn is_crash(&self) -> bool {
        matches!(self.0.cause, Cause::Crash(_))
    }

    /// Did the worker hit its memory limit?
    pub fn is_memory_limit(&self) -> bool {
        matches!(&self.0.cause, Cause::Crash(crash) if crash.memory_limit.is_some())
    }

    /// Did the task take too long?
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.cause, Cause::Timeout { .. })
    }

    /// Did the task never run, or not to its end, because the call ended? Only a backend of your own tells this of a task:
    /// the built-in ones have no outcome for such tasks.
    pub fn is_stopped(&self) -> bool {
        matches!(self.0.cause, Cause::Stopped)
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        write!(f, "task {}, {}({})", inner.index, inner.function, inner.arguments)?;
        if let Some(worker) = &inner.worker {
            write!(f, ", on {worker}")?;
        }
        write!(f, ": {}", inner.cause)?;
        if inner.attempts > 1 {
            write!(f, " (tried {} times)", inner.attempts)?;
        }
        Ok(())
    }
}

impl fmt::Debug for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskError({self})")
    }
}

impl std::error::Error for TaskError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.cause {
            Cause::Failed(source) => Some(&**source),
            _ => None,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Panic(panic) => panic.fmt(f),
            Cause::Failed(error) => write!(f, "returned an error: {error}"),
            Cause::Crash(crash) => crash.fmt(f),
            Cause::Timeout { limit, still_running: false } => {
                write!(f, "took longer than its time limit of {limit:?} and was killed")
            }
            Cause::Timeout { limit, still_running: true } => write!(
                f,
                "took longer than its time limit of {limit:?} and still runs: a thread can't be stopped from outside \
                 (backend \"loky\" kills such tasks)"
            ),
            Cause::Arguments(reason) => write!(f, "its arguments could not travel: {reason}"),
            Cause::Undecodable(reason) => write!(f, "its result could not travel: {reason}"),
            Cause::Stopped => f.write_str("was stopped before it finished, because the call ended"),
            Cause::Backend(reason) => write!(f, "was lost by the backend: {reason}"),
        }
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(location) => write!(f, "panicked at {location}: {}", self.message)?,
            None => write!(f, "panicked: {}", self.message)?,
        }
        match &self.backtrace {
            Some(backtrace) => write!(f, "\n{backtrace}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("its worker process died")?;
        match (self.signal, self.exit_code) {
            (Some(signal), _) => write!(f, " from {}", signal_name(signal))?,
            (None, Some(code)) => write!(f, " by exiting with code {code}")?,
            (None, None) => {}
        }
        if let Some(limit) = self.memory_limit {
            write!(f, ", having hit its memory limit of {limit} bytes")?;
        }
        match &self.note {
            Some(note) => write!(f, " ({note})"),
            None => Ok(()),
        }
    }
}

/// The usual name of a signal's number; the numbers are those of Linux on x86 and Arm for the few that differ.
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        10 => "SIGUSR1",
        11 => "SIGSEGV",
        12 => "SIGUSR2",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => return format!("signal {signal}"),
    };
    format!("{name} (signal {signal})")
}
