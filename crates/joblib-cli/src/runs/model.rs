//! A run as a tree of steps, made from its records.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use joblib_record::{
    Argument, Begin, End, Event, Hit, Kind, Outcome, Output, Record, Run, RunFile, Stamped, Tasks,
};

use crate::arguments;

/// A run, as far as its records were added.
pub(crate) struct Model {
    pub(crate) run: Run,
    /// All steps, in the order in which they began or were answered.
    pub(crate) steps: Vec<Step>,
    /// The steps that are in no other.
    pub(crate) roots: Vec<usize>,
    pub(crate) events: Vec<Happened<Event<'static>>>,
    pub(crate) outputs: Vec<Happened<Output<'static>>>,
    /// Microseconds from the start of the run to the last record.
    pub(crate) end: u64,
    pub(crate) state: State,
    /// Whether the record was full before the run was over.
    pub(crate) is_full: bool,
    /// The most memory that a process of the run has occupied, in bytes.
    pub(crate) memory: u64,
    pub(crate) problems: Vec<String>,
    /// The steps that have begun, by their process and number.
    known: HashMap<(u32, u64), usize>,
    first_process: Option<u32>,
    /// Whether the first process ended by itself.
    has_exited: bool,
}

/// Something that happened at a time, in a step if it is known in which.
pub(crate) struct Happened<T> {
    pub(crate) time: u64,
    pub(crate) step: Option<usize>,
    pub(crate) what: T,
}

/// How a run ended, if it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Running,
    Ended,
    Killed,
}

impl State {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ended => "ended",
            Self::Killed => "killed",
        }
    }
}

/// A cached call, or a parallel call.
pub(crate) struct Step {
    pub(crate) pid: u32,
    pub(crate) thread: u32,
    pub(crate) parent: Option<usize>,
    /// The task of the parent that it is part of.
    pub(crate) task: Option<u64>,
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) arguments: Vec<Argument<'static>>,
    pub(crate) call: [u8; 16],
    pub(crate) code: u64,
    pub(crate) result: Answer,
    /// Why it was computed.
    pub(crate) cause: String,
    /// What went wrong.
    pub(crate) message: String,
    /// Microseconds since the start of the run.
    pub(crate) begin: u64,
    /// The same; of a step that has not ended the end of the record.
    pub(crate) end: u64,
    /// What computing took when it was computed, of a hit.
    pub(crate) computing: Duration,
    pub(crate) took: Duration,
    pub(crate) waited: Duration,
    pub(crate) bytes: u64,
    pub(crate) memory: u64,
    /// Of a parallel call: tasks in all if that is known, that have run, and that failed.
    pub(crate) tasks: u64,
    pub(crate) done: u64,
    pub(crate) failed: u64,
    pub(crate) batches: Vec<Batch>,
    pub(crate) children: Vec<usize>,
}

/// Consecutive tasks that ran on one thread.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch {
    pub(crate) pid: u32,
    pub(crate) thread: u32,
    pub(crate) first: u64,
    pub(crate) count: u64,
    pub(crate) begin: u64,
    pub(crate) end: u64,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    Hit,
    Computed,
    Failed,
    Cancelled,
    /// It had not ended when the record ended.
    Unfinished,
}

impl Answer {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Computed => "computed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unfinished => "unfinished",
        }
    }

    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Hit => "✓",
            Self::Computed => "●",
            Self::Failed => "✗",
            Self::Cancelled => "–",
            Self::Unfinished => "…",
        }
    }
}

impl Step {
    /// The last part of the name.
    pub(crate) fn short_name(&self) -> &str {
        short(&self.name)
    }

    /// The arguments as one text.
    pub(crate) fn arguments_text(&self) -> String {
        arguments::whole(self.named())
    }

    /// The arguments as one text, within a number of characters.
    pub(crate) fn arguments_within(&self, most: usize) -> String {
        arguments::within(&self.named(), most)
    }

    fn named(&self) -> impl Iterator<Item = (&str, Option<&str>)> + Clone {
        self.arguments.iter().map(|argument| (argument.name.as_ref(), argument.text.as_deref()))
    }

    pub(crate) fn is_call(&self) -> bool {
        self.kind == Kind::Call
    }

    /// Time that the hit saved.
    pub(crate) fn saved(&self) -> Duration {
        if self.result == Answer::Hit { self.computing.saturating_sub(self.took) } else { Duration::ZERO }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The last part of a function's name.
pub(crate) fn short(name: &str) -> &str {
    // A name may end in generic arguments, which have paths of their own.
    let path = name.split('<').next().unwrap_or(name);
    let start = path.rfind("::").map_or(0, |at| at + 2);
    &name[start..]
}

/// Numbers of a run.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Totals {
    pub(crate) hits: u64,
    pub(crate) computed: u64,
    pub(crate) failed: u64,
    /// Cancelled or unfinished.
    pub(crate) open: u64,
    pub(crate) saved: Duration,
    pub(crate) computing: Duration,
    pub(crate) bytes: u64,
}

impl Totals {
    pub(crate) fn add(&mut self, step: &Step) {
        match step.result {
            Answer::Hit => self.hits += 1,
            Answer::Computed => self.computed += 1,
            Answer::Failed => self.failed += 1,
            Answer::Cancelled | Answer::Unfinished => self.open += 1,
        }
        self.saved = self.saved.saturating_add(step.saved());
        if step.result != Answer::Hit {
            self.computing = self.computing.saturating_add(step.took);
        }
        self.bytes = self.bytes.saturating_add(step.bytes);
    }
}

impl Model {
    /// A run of which nothing is known but its id.
    pub(crate) fn empty(id: String) -> Self {
        let mut run = Run::default();
        run.id = id;
        Self {
            run,
            steps: Vec::new(),
            roots: Vec::new(),
            events: Vec::new(),
            outputs: Vec::new(),
            end: 0,
            state: State::Running,
            is_full: false,
            memory: 0,
            problems: Vec::new(),
            known: HashMap::new(),
            first_process: None,
            has_exited: false,
        }
    }

    pub(crate) fn new(file: RunFile) -> Self {
        let RunFile { run, records, problems, is_over, .. } = file;
        let mut model = Self::empty(run.id);
        model.extend(records);
        model.settle(is_over, problems);
        model
    }

    /// Adds what was recorded since the last call.
    pub(crate) fn extend(&mut self, records: Vec<Stamped>) {
        for stamped in records {
            self.add(stamped);
        }
    }

    /// States how things are after the last record.
    pub(crate) fn settle(&mut self, is_over: bool, problems: Vec<String>) {
        self.state = match (is_over, self.has_exited) {
            (false, _) => State::Running,
            (true, true) => State::Ended,
            (true, false) => State::Killed,
        };
        self.problems = problems;
        let end = match self.state {
            // What has begun goes on.
            State::Running => self.end.max(micros(self.start().elapsed().unwrap_or_default())),
            // When it was killed, nobody wrote down.
            State::Ended | State::Killed => self.end,
        };
        for step in self.steps.iter_mut().filter(|step| step.result == Answer::Unfinished) {
            step.end = end;
            step.took = Duration::from_micros(end.saturating_sub(step.begin));
        }
    }

    pub(crate) fn start(&self) -> SystemTime {
        let since = Duration::from_micros(self.run.start);
        SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    pub(crate) fn took(&self) -> Duration {
        Duration::from_micros(self.end)
    }

    /// The program and its arguments, as a command line.
    pub(crate) fn command(&self) -> String {
        let program = self.run.program.rsplit('/').next().unwrap_or_default();
        let words = std::iter::once(program).chain(self.run.arguments.iter().map(String::as_str));
        words.collect::<Vec<_>>().join(" ")
    }

    /// The numbers of all cached calls.
    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        self.steps.iter().filter(|step| step.is_call()).for_each(|step| totals.add(step));
        totals
    }

    fn add(&mut self, Stamped { pid, time, record, .. }: Stamped) {
        self.end = self.end.max(time);
        let first = *self.first_process.get_or_insert(pid);
        match record {
            Record::Run(run) => self.run = run,
            Record::Begin(begin) => self.add_begin(pid, time, begin),
            Record::End(end) => self.add_end(pid, time, end),
            Record::Hit(hit) => self.add_hit(pid, time, hit),
            Record::Tasks(tasks) => self.add_tasks(pid, time, tasks),
            Record::Event(event) => {
                let step = self.find(event.parent.pid, event.parent.step);
                self.events.push(Happened { time, step, what: event });
            }
            Record::Output(output) => {
                let step = self.find(output.parent.pid, output.parent.step);
                self.outputs.push(Happened { time, step, what: output });
            }
            Record::Exit(exit) => {
                self.has_exited |= pid == first;
                self.memory = self.memory.max(exit.memory);
            }
            Record::Full => self.is_full = true,
            _ => {}
        }
    }

    fn add_begin(&mut self, pid: u32, time: u64, begin: Begin<'static>) {
        let number = begin.step;
        let at = self.push(Step {
            thread: begin.thread,
            parent: self.find(begin.parent.pid, begin.parent.step),
            task: begin.parent.task,
            kind: begin.kind,
            name: begin.name.into_owned(),
            arguments: begin.arguments,
            call: begin.call,
            code: begin.code,
            cause: begin.cause.strip_prefix("computed because ").unwrap_or(&begin.cause).to_owned(),
            waited: Duration::from_nanos(begin.waited),
            tasks: begin.tasks,
            ..Step::empty(pid, time)
        });
        self.known.insert((pid, number), at);
    }

    fn add_end(&mut self, pid: u32, time: u64, end: End<'static>) {
        self.memory = self.memory.max(end.memory);
        let Some(at) = self.find(pid, end.step) else { return };
        let step = &mut self.steps[at];
        step.result = match end.outcome {
            Outcome::Computed => Answer::Computed,
            Outcome::Cancelled => Answer::Cancelled,
            _ => Answer::Failed,
        };
        step.end = time;
        step.took = Duration::from_micros(time.saturating_sub(step.begin));
        step.bytes = end.bytes;
        step.memory = end.memory;
        step.message = end.message.into_owned();
        step.done = step.done.max(end.tasks);
        step.failed = end.failed;
    }

    fn add_hit(&mut self, pid: u32, time: u64, hit: Hit<'static>) {
        let took = Duration::from_nanos(hit.took);
        self.push(Step {
            thread: hit.thread,
            parent: self.find(hit.parent.pid, hit.parent.step),
            task: hit.parent.task,
            name: hit.name.into_owned(),
            arguments: hit.arguments,
            call: hit.call,
            code: hit.code,
            result: Answer::Hit,
            end: time,
            computing: Duration::from_nanos(hit.computing),
            took,
            waited: Duration::from_nanos(hit.waited),
            ..Step::empty(pid, time.saturating_sub(hit.took / 1000))
        });
    }

    fn add_tasks(&mut self, pid: u32, time: u64, tasks: Tasks) {
        let Some(at) = self.find(tasks.parent.pid, tasks.parent.step) else { return };
        let Tasks { thread, first, count, took, .. } = tasks;
        let step = &mut self.steps[at];
        step.done = step.done.saturating_add(count);
        step.batches.push(Batch { pid, thread, first, count, begin: time.saturating_sub(took), end: time });
    }

    fn find(&self, pid: u32, step: u64) -> Option<usize> {
        self.known.get(&(pid, step)).copied()
    }

    /// Adds a step, whose parent is an earlier one.
    fn push(&mut self, step: Step) -> usize {
        let at = self.steps.len();
        match step.parent {
            Some(parent) => self.steps[parent].children.push(at),
            None => self.roots.push(at),
        }
        self.steps.push(step);
        at
    }
}

impl Step {
    fn empty(pid: u32, begin: u64) -> Self {
        Self {
            pid,
            thread: 0,
            parent: None,
            task: None,
            kind: Kind::Call,
            name: String::new(),
            arguments: Vec::new(),
            call: [0; 16],
            code: 0,
            result: Answer::Unfinished,
            cause: String::new(),
            message: String::new(),
            begin,
            end: begin,
            computing: Duration::ZERO,
            took: Duration::ZERO,
            waited: Duration::ZERO,
            bytes: 0,
            memory: 0,
            tasks: 0,
            done: 0,
            failed: 0,
            batches: Vec::new(),
            children: Vec::new(),
        }
    }
}
