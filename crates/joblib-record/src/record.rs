//! What a record says.

use std::borrow::Cow;

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Record {
    /// The first record of a file.
    Run(Run),
    /// Another process takes part in the run.
    Process(Process),
    /// A step begins: a cached call that is computed, or a parallel call.
    Begin(Begin<'static>),
    /// A step ends.
    End(End<'static>),
    /// A cached call was answered from the cache.
    Hit(Hit<'static>),
    /// Consecutive tasks of a parallel call ran on one thread.
    Tasks(Tasks),
    /// An event of the program's log.
    Event(Event<'static>),
    /// What a task or a step printed.
    Output(Output<'static>),
    /// A process ended, by itself.
    Exit(Exit),
    /// The record has reached its largest size: what follows is not in it.
    Full,
}

/// The run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Run {
    /// The id of the run, which is the name of its file too.
    pub id: String,
    /// When it began, in microseconds since the Unix epoch.
    pub start: u64,
    /// The path of the program.
    pub program: String,
    /// The arguments of the program.
    pub arguments: Vec<String>,
    /// The folder in which it was started.
    pub folder: String,
    /// The host.
    pub host: String,
    /// The user.
    pub user: String,
    /// The commit that git had checked out there; empty if none.
    pub commit: String,
}

/// A process that takes part in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Process {
    /// The process that started it; 0 if that is not known.
    pub parent: u32,
}

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Kind {
    /// A cached call.
    #[default]
    Call,
    /// A parallel call.
    Parallel,
}

/// The step in which something happens, and the task of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Parent {
    /// The process that the step began in; 0 if there is no such step.
    pub pid: u32,
    /// The number of the step in that process.
    pub step: u64,
    /// The index of the task, of a parallel call.
    pub task: Option<u64>,
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its value as a short text; `None` if the function is redacted.
    pub text: Option<Cow<'a, str>>,
}

/// The beginning of a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Begin<'a> {
    /// The number of the step in its process; set by [`Recorder::begin`](crate::Recorder::begin).
    pub step: u64,
    /// The step around it; set by [`Recorder::begin`](crate::Recorder::begin).
    pub parent: Parent,
    /// The thread; set by [`Recorder::begin`](crate::Recorder::begin).
    pub thread: u32,
    /// What it is.
    pub kind: Kind,
    /// The function's name; of a parallel call what runs and where.
    pub name: Cow<'a, str>,
    /// The digest of the call and the name of the code, by which the cache knows the result.
    pub call: [u8; 16],
    /// The code, as [`FunctionVersion`](https://docs.rs/joblib-store) folds it.
    pub code: u64,
    /// The arguments.
    pub arguments: Vec<Argument<'a>>,
    /// Why it is computed.
    pub cause: Cow<'a, str>,
    /// Nanoseconds that it waited for others who computed the same.
    pub waited: u64,
    /// The number of tasks, if it is known; 0 if not.
    pub tasks: u64,
}

impl Begin<'_> {
    /// A cached call.
    pub fn call() -> Self {
        Self::default()
    }

    /// A parallel call.
    pub fn parallel() -> Self {
        Self { kind: Kind::Parallel, ..Self::default() }
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Outcome {
    /// It was computed.
    #[default]
    Computed,
    /// It failed: a panic, an error, a task that failed.
    Failed,
    /// It was given up: cancelled, or nobody wanted its result any more.
    Cancelled,
}

/// The end of a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct End<'a> {
    /// The number of the step in its process; set by [`Step::end`](crate::Step::end).
    pub step: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// Bytes that were stored; 0 if nothing was.
    pub bytes: u64,
    /// The most memory that the process has occupied so far, in bytes; set by [`Step::end`](crate::Step::end).
    pub memory: u64,
    /// Of a parallel call, the tasks that ran, and those of them that failed.
    pub tasks: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// What went wrong, if something did.
    pub message: Cow<'a, str>,
}

impl End<'_> {
    /// An end with this outcome.
    pub fn new(outcome: Outcome) -> Self {
        Self { outcome, ..Self::default() }
    }
}

/// A call that was answered from the cache.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hit<'a> {
    /// The step around it; set by [`Recorder::hit`](crate::Recorder::hit).
    pub parent: Parent,
    /// The thread; set by [`Recorder::hit`](crate::Recorder::hit).
    pub thread: u32,
    /// The function's name.
    pub name: Cow<'a, str>,
    /// The digest of the call.
    pub call: [u8; 16],
    /// The code.
    pub code: u64,
    /// Nanoseconds that it took, with those that it waited.
    pub took: u64,
    /// Nanoseconds that computing the result took when it was computed.
    pub computing: u64,
    /// Nanoseconds that it waited for others who computed the same.
    pub waited: u64,
    /// The arguments.
    pub arguments: Vec<Argument<'a>>,
}

/// Consecutive tasks that ran on one thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Tasks {
    /// The parallel call.
    pub parent: Parent,
    /// The thread.
    pub thread: u32,
    /// The index of the first task.
    pub first: u64,
    /// The number of tasks.
    pub count: u64,
    /// Microseconds that they took. They end when the record was written.
    pub took: u64,
}

/// The level of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Level {
    /// Something that went wrong.
    Error,
    /// Something that may be wrong.
    Warn,
    /// What happens.
    #[default]
    Info,
}

/// An event of the program's log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event<'a> {
    /// The step in which it happened.
    pub parent: Parent,
    /// Its level.
    pub level: Level,
    /// Its target.
    pub target: Cow<'a, str>,
    /// Its message, with its fields.
    pub message: Cow<'a, str>,
}

/// Where something was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Stream {
    /// On the standard output.
    #[default]
    Output,
    /// On the standard error.
    Error,
}

/// What a task or a step printed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Output<'a> {
    /// The step, and the task.
    pub parent: Parent,
    /// Where it was printed.
    pub stream: Stream,
    /// What was printed.
    pub bytes: Cow<'a, [u8]>,
}

/// The end of a process that ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Exit {
    /// The most memory that it has occupied, in bytes.
    pub memory: u64,
}
