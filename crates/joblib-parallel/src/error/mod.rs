//! What can go wrong: [`Error`] for a call, [`TaskError`] for one task of it.
//!
//! Both are opaque types with `is_…` methods. A [`TaskError`] says which task, which function, with which arguments, on
//! which worker, and why.

mod cause;
mod output;
mod remote;
mod task;

use std::any::Any;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub use self::cause::{Cause, Crash, Panic};
pub(crate) use self::output::Printed;
pub use self::output::TaskOutput;
pub use self::remote::{RemoteError, TaskFailure};
pub(crate) use self::task::REDACTED;
pub use self::task::TaskError;

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

/// Any error, as the source of an error of this crate.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The error of a parallel call that did not return all its results.
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
/// Methods distinguish the kinds of errors:
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
    /// `Vec<Option<R>>`: what was done before the failure. `R` is a result, or, for a call with `outcomes()`, an outcome.
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

    /// Creates the error of a backend: what it could not do, and why.
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

    /// Returns `true` if an option was invalid, or is not supported by the backend.
    pub fn is_usage(&self) -> bool {
        matches!(&*self.kind, Kind::Usage(_))
    }

    /// Returns `true` if a [`CancellationToken`](crate::CancellationToken) ended the call.
    pub fn is_cancelled(&self) -> bool {
        matches!(&*self.kind, Kind::Cancelled)
    }

    /// Returns `true` if Ctrl-C ended the call.
    pub fn is_interrupted(&self) -> bool {
        matches!(&*self.kind, Kind::Interrupted)
    }

    /// Returns `true` if the call's deadline passed.
    pub fn is_deadline(&self) -> bool {
        matches!(&*self.kind, Kind::Deadline(_))
    }

    /// Returns `true` if the backend itself failed: no process could be started, for example.
    pub fn is_backend(&self) -> bool {
        matches!(&*self.kind, Kind::Backend { .. })
    }

    /// Returns `true` if a task panicked.
    pub fn is_panic(&self) -> bool {
        self.task().is_some_and(TaskError::is_panic)
    }

    /// Returns `true` if a task returned `Err`.
    pub fn is_failure(&self) -> bool {
        self.task().is_some_and(TaskError::is_failure)
    }

    /// Returns `true` if a task's worker process died.
    pub fn is_crash(&self) -> bool {
        self.task().is_some_and(TaskError::is_crash)
    }

    /// Returns `true` if a task took longer than its time limit.
    pub fn is_timeout(&self) -> bool {
        self.task().is_some_and(TaskError::is_timeout)
    }

    /// Returns the results that were complete before the failure, at the indices of their tasks. Returns `None` if there is
    /// no list of results (the call failed before the first task, or returns an iterator), or if `R` is not the type of
    /// the results.
    ///
    /// The list has one element for each task that was produced. For a call with
    /// [`outcomes`](crate::Parallel::outcomes) that ended early, for example by its deadline, `R` is
    /// `Result<T, TaskError>`.
    ///
    /// ```
    /// use joblib_parallel::{CancellationToken, Parallel, TaskError, delayed};
    ///
    /// let token = CancellationToken::new();
    /// let tasks = [4, 0, 2, 1].into_iter().map(|n| {
    ///     if n == 1 {
    ///         token.cancel();
    ///     }
    ///     delayed(|n: u32| 12 / n, (n,))
    /// });
    /// let error = Parallel::new().outcomes().cancellation(&token).run(tasks).unwrap_err();
    /// let completed = error.into_completed::<Result<u32, TaskError>>().unwrap();
    /// assert!(matches!(completed[..], [Some(Ok(3)), Some(Err(_)), Some(Ok(6)), None]));
    /// ```
    pub fn into_completed<R: 'static>(self) -> Option<Vec<Option<R>>> {
        let completed = self.completed.into_inner().unwrap_or_else(PoisonError::into_inner)?;
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
