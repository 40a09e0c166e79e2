//! What the tasks of a call have printed and nobody has taken yet.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use joblib_record::{Position, Stream};

use crate::error::{Printed, TaskOutput};
use crate::sync::lock;
use crate::wire::output::StreamName;

/// Bytes that one call puts into the record of a run, at most: there has to be room for its steps.
const MOST_RECORDED: usize = 10 << 20;
/// Bytes of one record.
#[cfg(feature = "cluster")]
const MOST_AT_ONCE: usize = 256 << 10;

/// What the tasks of a call have printed.
#[derive(Debug, Default)]
pub(crate) struct Captured {
    tasks: Mutex<HashMap<usize, TaskOutput>>,
    recorded: AtomicUsize,
}

impl Captured {
    /// A task has printed these bytes: whole lines, but for the last ones of the task.
    pub(crate) fn printed(&self, recorded: Option<&Position>, task: usize, stream: StreamName, bytes: &[u8]) {
        let kept = printed(lock(&self.tasks).entry(task).or_default(), stream).push(bytes);
        self.record(recorded, task, stream, &bytes[..kept]);
    }

    /// It will print no more.
    pub(crate) fn ended(&self, recorded: Option<&Position>, task: usize, stream: StreamName) {
        let end = lock(&self.tasks).get_mut(&task).map(|output| printed(output, stream).end());
        self.record(recorded, task, stream, &end.unwrap_or_default());
    }

    /// A task has printed this on another host: all of one attempt that is kept of it.
    #[cfg(feature = "cluster")]
    pub(crate) fn arrived(&self, recorded: Option<&Position>, task: usize, stream: StreamName, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        printed(lock(&self.tasks).entry(task).or_default(), stream).push_kept(bytes);
        let mut rest = bytes;
        while !rest.is_empty() {
            // Whole lines, where they are not too long.
            let most = &rest[..rest.len().min(MOST_AT_ONCE)];
            let lines = most.iter().rposition(|byte| *byte == b'\n').map_or(most.len(), |end| end + 1);
            let piece;
            (piece, rest) = rest.split_at(if most.len() == rest.len() { rest.len() } else { lines });
            self.record(recorded, task, stream, piece);
        }
    }

    fn record(&self, position: Option<&Position>, task: usize, stream: StreamName, bytes: &[u8]) {
        let Some(position) = position.filter(|_| !bytes.is_empty()) else { return };
        let before = self.recorded.fetch_add(bytes.len(), Ordering::Relaxed);
        let stream = match stream {
            StreamName::Stdout => Stream::Output,
            StreamName::Stderr => Stream::Error,
        };
        if before + bytes.len() <= MOST_RECORDED {
            position.output(task, stream, bytes);
        } else if before <= MOST_RECORDED {
            position.output(task, stream, b"[what tasks of this call print is not recorded from here on]\n");
        }
    }

    /// What the task has printed, which has its outcome.
    pub(crate) fn take(&self, task: usize) -> TaskOutput {
        lock(&self.tasks).remove(&task).unwrap_or_default()
    }
}

fn printed(output: &mut TaskOutput, stream: StreamName) -> &mut Printed {
    match stream {
        StreamName::Stdout => &mut output.stdout,
        StreamName::Stderr => &mut output.stderr,
    }
}
