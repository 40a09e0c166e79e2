//! [`TaskError`]: why one task has no result.

use std::fmt::{self, Write as _};

use super::{Cause, Crash, TaskOutput};

/// What stands for the arguments of a function that tells them nowhere.
pub(crate) const REDACTED: &str = "(redacted)";

/// The failure of one task.
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
/// In worker processes a task can also end in other ways:
///
/// ```
/// use joblib_parallel::{Parallel, TaskError, delayed};
///
/// fn why(error: &TaskError) -> &'static str {
///     match error {
///         _ if error.is_failure() => "it returned an error",
///         _ if error.is_timeout() => "it took too long",
///         _ if error.is_memory_limit() => "it needed too much memory",
///         _ if error.is_crash() => "its process died",
///         _ if error.is_stopped() => "the call ended",
///         _ => "it panicked, or could not be sent",
///     }
/// }
///
/// fn leave(code: i32) {
///     std::process::exit(code)
/// }
///
/// let mut outcomes = Parallel::new().backend("loky").retries(1).outcomes().run([delayed(leave, (3,))])?;
/// let error = outcomes.remove(0).unwrap_err();
/// assert_eq!(why(&error), "its process died");
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
    /// How the worker died in each attempt in which it did.
    crashes: Vec<Crash>,
    /// What it printed, where that was captured.
    output: TaskOutput,
    cause: Cause,
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
            crashes: Vec::new(),
            output: TaskOutput::default(),
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

    /// Records the crashes of all attempts.
    pub(crate) fn set_crashes(&mut self, crashes: Vec<Crash>) {
        self.0.crashes = crashes;
    }

    pub(crate) fn set_output(&mut self, output: TaskOutput) {
        self.0.output = output;
    }

    /// Whether its arguments, and so what it says, are for nobody else.
    pub(crate) fn is_redacted(&self) -> bool {
        self.0.arguments.contains(REDACTED)
    }

    /// The error as text, without what the task printed.
    pub(crate) fn summary(&self) -> impl fmt::Display {
        Summary(self)
    }

    /// The index of the task in the order of production, from 0.
    pub fn index(&self) -> usize {
        self.0.index
    }

    /// The function's path.
    pub fn function(&self) -> &str {
        &self.0.function
    }

    /// The arguments as a short text; empty if they are not known.
    pub fn arguments(&self) -> &str {
        &self.0.arguments
    }

    /// The worker process that ran the task, for example `worker 2 (pid 4711)`; `None` on threads.
    pub fn worker(&self) -> Option<&str> {
        self.0.worker.as_deref()
    }

    /// The number of attempts to run the task: more than one only if its worker died and
    /// [`retries`](crate::Parallel::retries) allowed it.
    pub fn attempts(&self) -> usize {
        self.crashes().len() + usize::from(!self.is_crash())
    }

    /// How the worker process ended in each attempt in which it died, in the order of the attempts.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// fn leave(code: i32) {
    ///     std::process::exit(code)
    /// }
    ///
    /// let error = Parallel::new().backend("loky").retries(2).run([delayed(leave, (3,))]).unwrap_err();
    /// let crashes = error.task().unwrap().crashes();
    /// assert_eq!(crashes.len(), 3);
    /// assert!(crashes.iter().all(|crash| crash.exit_code == Some(3)));
    /// ```
    pub fn crashes(&self) -> &[Crash] {
        match &self.0.cause {
            Cause::Crash(crash) if self.0.crashes.is_empty() => std::slice::from_ref(crash),
            _ => &self.0.crashes,
        }
    }

    /// What the task printed in all attempts, if [`capture_output`](crate::Parallel::capture_output) is set. The text of
    /// the error ends with it.
    pub fn output(&self) -> &TaskOutput {
        &self.0.output
    }

    /// The reason, in detail.
    pub fn cause(&self) -> &Cause {
        &self.0.cause
    }

    /// Returns `true` if the function panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.0.cause, Cause::Panic(_))
    }

    /// Returns `true` if the function returned `Err`.
    pub fn is_failure(&self) -> bool {
        matches!(self.0.cause, Cause::Failed(_))
    }

    /// Returns `true` if the worker process died.
    pub fn is_crash(&self) -> bool {
        matches!(self.0.cause, Cause::Crash(_))
    }

    /// Returns `true` if the worker hit its memory limit.
    pub fn is_memory_limit(&self) -> bool {
        matches!(&self.0.cause, Cause::Crash(crash) if crash.memory_limit.is_some())
    }

    /// Returns `true` if the task took longer than its time limit.
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.cause, Cause::Timeout { .. })
    }

    /// Returns `true` if the task did not run, or not to its end, because the call ended. Only backends outside this crate
    /// report this: with the built-in backends such tasks have no outcome.
    pub fn is_stopped(&self) -> bool {
        matches!(self.0.cause, Cause::Stopped)
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.summary(), self.output())
    }
}

struct Summary<'a>(&'a TaskError);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary(error) = self;
        let inner = &*error.0;
        write!(f, "task {}, {}({})", inner.index, inner.function, inner.arguments)?;
        if let Some(worker) = &inner.worker {
            write!(f, ", on {worker}")?;
        }
        write!(f, ": {}", inner.cause)?;
        let attempts = error.attempts();
        if attempts > 1 {
            // The last crash is the cause, which is written above.
            let before = &error.crashes()[..attempts - 1];
            write!(f, " (attempt {attempts}; before: {})", listed(before))?;
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

/// The crashes of attempts 1, 2, …; equal ones that follow each other are listed once.
fn listed(crashes: &[Crash]) -> String {
    let mut text = String::new();
    let mut first = 1;
    for equal in crashes.chunk_by(|a, b| a == b) {
        let last = first + equal.len() - 1;
        let separator = if text.is_empty() { "" } else { "; " };
        // Writing to a String does not fail.
        let _ = match equal {
            [crash] => write!(text, "{separator}{first}: {crash}"),
            _ => write!(text, "{separator}{first} to {last}: {}", equal[0]),
        };
        first = last + 1;
    }
    text
}
