//! [`RawBatch`]: tasks of which only the bytes are here, on their way from the caller to a worker and back.

use std::collections::VecDeque;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use joblib_array::Buffer;

use crate::error::{Cause, TaskOutput};
use crate::task::process_batch::ProcessBatch;
use crate::wire::arrays::{Arrays, Part, Sender};
use crate::wire::batch::{BatchReader, RunsWriter};
use crate::wire::cluster::{Broken, Printed, Returned, ReturnedWriter};
use crate::wire::connection::Outgoing;
use crate::wire::function_id::FunctionId;
use crate::wire::reply::Outcomes;
use crate::wire::shared_memory::SharedMemory;

/// What all pieces of a batch have in common.
struct Whole {
    number: u64,
    bytes: Vec<u8>,
    parts: Vec<Part>,
    memories: Vec<Arc<SharedMemory>>,
}

/// Consecutive tasks of a batch that a caller sent, and the outcomes of those that have run.
pub(super) struct RawBatch {
    whole: Arc<Whole>,
    first: usize,
    done: usize,
    calls: VecDeque<(FunctionId, Range<usize>)>,
    pieces: Vec<Piece>,
    busy: Duration,
    broken: Option<(Cause, String)>,
    suspect: bool,
}

/// Outcomes that came from a worker together.
struct Piece {
    worker: String,
    count: usize,
    outcomes: Vec<u8>,
    memories: Vec<Beside>,
}

/// Memory that was left out of outcomes.
pub(super) struct Beside {
    pub(super) buffer: Buffer,
    /// The file that begins with it, if there is one, and not too many are open.
    pub(super) file: Option<File>,
}

/// What the caller is sent of a batch: its memory by ids, and the frame that speaks of that.
pub(super) struct Answer {
    pub(super) memories: Vec<(u128, Beside)>,
    pub(super) frame: Outgoing,
}

/// How many files of results are open at a time for each batch.
const MOST_FILES: usize = 64;

impl RawBatch {
    /// Reads a BATCH frame; `memory` has the arrays that arrived before.
    ///
    /// # Errors
    ///
    /// Returns an error if it is malformed, or an array is missing.
    pub(super) fn read(
        bytes: &[u8],
        memory: impl Fn(u128) -> Option<Result<Arc<SharedMemory>, String>>,
    ) -> Result<Self, String> {
        const MALFORMED: &str = "a batch is malformed";
        let bytes = bytes.to_vec();
        let mut reader = BatchReader::new(&bytes).ok_or(MALFORMED)?;
        let (number, first) = (reader.number, reader.first_index);
        let parts = std::mem::take(&mut reader.parts);
        let missing = || Err("an array did not arrive".to_owned());
        let memories = parts.iter().map(|part| memory(part.id).unwrap_or_else(missing));
        let memories = memories.collect::<Result<_, _>>()?;
        let mut calls = VecDeque::new();
        while let Some(mut run) = reader.next_run().ok_or(MALFORMED)? {
            while let Some(arguments) = run.next_call().ok_or(MALFORMED)? {
                let start = arguments.as_ptr() as usize - bytes.as_ptr() as usize;
                calls.push_back((run.function, start..start + arguments.len()));
            }
            reader.end_run(&run);
        }
        let whole = Arc::new(Whole { number, bytes, parts, memories });
        Ok(RawBatch::new(whole, first, calls))
    }

    fn new(whole: Arc<Whole>, first: usize, calls: VecDeque<(FunctionId, Range<usize>)>) -> Self {
        let pieces = Vec::new();
        RawBatch { whole, first, done: 0, calls, pieces, busy: Duration::ZERO, broken: None, suspect: false }
    }

    /// What became of it, with what its tasks have printed; `None` if there is nothing to say.
    ///
    /// # Errors
    ///
    /// Returns an error if it can't be serialized.
    pub(super) fn into_answer(
        self,
        output: impl Fn(usize) -> Option<TaskOutput>,
    ) -> Result<Option<Answer>, String> {
        let tasks = self.done + self.calls.len();
        if tasks == 0 {
            return Ok(None);
        }
        let outputs: Vec<(usize, TaskOutput)> = (self.first..self.first + tasks)
            .filter_map(|task| Some((task, output(task).filter(|output| !output.is_empty())?)))
            .collect();
        let printed: Vec<Printed<'_>> = outputs
            .iter()
            .map(|(task, output)| Printed { task: *task, stdout: output.stdout(), stderr: output.stderr() })
            .collect();
        let mut writer = ReturnedWriter::new(
            self.whole.number,
            tasks,
            &Returned {
                first: self.first,
                suspect: self.suspect,
                busy: self.busy,
                broken: self.broken.map(|(cause, worker)| (Broken::from(cause), worker)),
            },
            &printed,
        )?;
        let mut beside = Vec::new();
        for Piece { worker, count, outcomes, memories } in self.pieces {
            let first = beside.len() as u128;
            beside.extend((first..).zip(memories));
            let parts: Vec<Part> = beside[first as usize..].iter().map(whole_part).collect();
            writer.piece(&worker, count, &outcomes, &parts);
        }
        Ok(Some(Answer { memories: beside, frame: writer.finish() }))
    }
}

fn whole_part((id, memory): &(u128, Beside)) -> Part {
    Part { id: *id, start: 0, len: memory.buffer.len() as u64 }
}

impl ProcessBatch for RawBatch {
    fn next_index(&self) -> usize {
        self.first + self.done
    }

    fn pending(&self) -> usize {
        self.calls.len()
    }

    fn split_off(&mut self, keep: usize) -> Self {
        let tail = self.calls.split_off(keep.min(self.calls.len()));
        let mut tail = RawBatch::new(Arc::clone(&self.whole), self.next_index() + self.calls.len(), tail);
        tail.suspect = self.suspect;
        tail
    }

    fn break_first(&mut self, cause: Cause, worker: &str) {
        self.broken = Some((cause, worker.to_owned()));
    }

    fn encode(&self, out: &mut Vec<u8>, sender: &Sender) -> Result<(), (usize, String)> {
        sender.put(self.whole.parts.clone(), self.whole.memories.clone());
        let mut runs = RunsWriter::new(out);
        for (function, arguments) in &self.calls {
            runs.function(*function);
            let copied: Result<(), std::convert::Infallible> = runs.call(|out| {
                out.extend_from_slice(&self.whole.bytes[arguments.clone()]);
                Ok(())
            });
            let Ok(()) = copied;
        }
        Ok(())
    }

    fn accept(&mut self, outcomes: Outcomes<'_>, arrays: Arrays<'_>, worker: &str) -> Option<()> {
        let count = outcomes.count();
        if count > self.calls.len() {
            return None;
        }
        self.calls.drain(..count);
        self.done += count;
        let open = self.pieces.iter().flat_map(|piece| &piece.memories);
        let mut left = MOST_FILES.saturating_sub(open.filter(|memory| memory.file.is_some()).count());
        let beside = |number: u64| {
            let file = if left > 0 { arrays.file(number) } else { None };
            left -= usize::from(file.is_some());
            Some(Beside { buffer: arrays.get(number)?, file })
        };
        let memories = (0..arrays.parts.len() as u64).map(beside).collect::<Option<_>>()?;
        let outcomes = outcomes.bytes().to_vec();
        self.pieces.push(Piece { worker: worker.to_owned(), count, outcomes, memories });
        Some(())
    }

    fn add_cost(&mut self, busy: Duration, _bytes: usize) {
        self.busy += busy;
    }

    fn is_suspect(&self) -> bool {
        self.suspect
    }

    fn set_suspect(&mut self) {
        self.suspect = true;
    }
}
