//! What is recorded, with the step and the thread that it happens in.

use std::io;
use std::path::Path;

use crate::panics;
use crate::position::{Position, current, parent_in};
use crate::process::thread;
use crate::program::peak_memory;
use crate::record::{Begin, End, Event, Hit, Outcome, Output, Parent, Stream, Tasks};
use crate::recorder::{Recorder, begun_in, latest, of_default};

/// The record that something belongs to which has no cache of its own, such as a parallel call: that of the step
/// around it, else that of the default cache, else the one that this process began last.
pub fn active() -> Option<Recorder> {
    if let Some(position) = current() {
        return Some(position.recorder);
    }
    of_default().or_else(latest)
}

impl Recorder {
    /// The record of the run that this thread's step is of, if it is in this folder; else the one that this process
    /// writes there, which is begun if there is none.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`begin_run`](Self::begin_run).
    pub fn for_folder(folder: &Path) -> io::Result<Self> {
        match current() {
            Some(position) if position.recorder.path().parent() == Some(folder) => Ok(position.recorder),
            _ => begun_in(folder).map_or_else(|| Self::begin_run(folder), Ok),
        }
    }

    /// Records a call that was answered from the cache. The step around it and the thread are filled in.
    pub fn hit(&self, hit: Hit<'_>) {
        self.append(&Hit { parent: parent_in(self), thread: thread(), ..hit });
    }

    /// Records that a step begins.
    pub fn begin(&self, begin: &Begin<'_>) -> Step {
        self.check_process();
        let id = self.next_step();
        let begin = Begin { step: id, parent: parent_in(self), thread: thread(), ..begin.clone() };
        self.append(&begin);
        Step { recorder: self.clone(), pid: self.pid(), id, is_open: true, is_redacted: false }
    }

    /// Records that consecutive tasks of the parallel call that this thread is in have run on it, in so many
    /// microseconds.
    pub fn tasks(&self, first: usize, count: usize, took: u64) {
        let parent = Parent { task: None, ..parent_in(self) };
        self.append(&Tasks { parent, thread: thread(), first: first as u64, count: count as u64, took });
    }

    /// Records an event of the program's log.
    pub fn event(&self, event: Event<'_>) {
        self.append(&Event { parent: parent_in(self), ..event });
    }
}

impl Position {
    /// Records what a task of this step, a parallel call, has printed: whole lines, where they are not too long.
    pub fn output(&self, task: usize, stream: Stream, bytes: &[u8]) {
        let parent = Parent { task: Some(task as u64), ..self.parent };
        self.recorder.append(&Output { parent, stream, bytes: bytes.into() });
    }
}

/// A step that has begun. One that is dropped has been given up, or has panicked.
#[derive(Debug)]
pub struct Step {
    recorder: Recorder,
    pid: u32,
    id: u64,
    is_open: bool,
    is_redacted: bool,
}

impl Step {
    /// Has what a panic in the step says stay out of the record, for it may tell the arguments.
    #[must_use]
    pub fn redacted(mut self) -> Self {
        self.is_redacted = true;
        self
    }

    /// Whether what goes wrong in the step stays out of the record.
    pub fn is_redacted(&self) -> bool {
        self.is_redacted
    }

    /// The step, for what happens in it.
    pub fn position(&self) -> Position {
        let parent = Parent { pid: self.pid, step: self.id, task: None };
        Position { recorder: self.recorder.clone(), parent }
    }

    /// Records how the step ended.
    pub fn end(mut self, end: &End<'_>) {
        self.close(end);
    }

    fn close(&mut self, end: &End<'_>) {
        self.is_open = false;
        // A forked child that drops its copy of the step has not ended it.
        self.recorder.check_process();
        if self.recorder.pid() == self.pid {
            self.recorder.append(&End { step: self.id, memory: peak_memory(), ..end.clone() });
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if !self.is_open {
            return;
        }
        if std::thread::panicking() {
            let noted = if self.is_redacted {
                panics::leave_untold();
                None
            } else {
                panics::noted()
            };
            let message =
                noted.map_or_else(|| "it panicked".to_owned(), |text| format!("it panicked: {text}"));
            self.close(&End { message: message.into(), ..End::new(Outcome::Failed) });
        } else {
            self.close(&End::new(Outcome::Cancelled));
        }
    }
}
