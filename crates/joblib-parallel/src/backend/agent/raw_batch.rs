//! [`RawBatch`]: tasks of which only the bytes are here, on their way from the caller to a worker and back.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use joblib_array::Buffer;

use crate::error::{Cause, TaskOutput};
use crate::task::process_batch::ProcessBatch;
use crate::wire::arrays::{Arrays, Part, Sender};
use crate::wire::batch::{BatchReader, RunsWriter};
use crate::wire::cluster::{self, Broken, Printed, Returned, ReturnedWriter};
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
    /// Memory that was left out of them.
    memories: Vec<Buffer>,
}

impl RawBatch {
    /// Reads a BATCH frame; `memory` has the arrays that arrived before.
    ///
    /// # Errors
    ///
    /// If it is malformed, or an array is missing.
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

    /// The frames that say what became of it, with what its tasks have printed; none if there is nothing to say.
    ///
    /// # Errors
    ///
    /// If they can't be serialized.
    pub(super) fn into_frames(
        self,
        output: impl Fn(usize) -> Option<TaskOutput>,
    ) -> Result<Vec<Outgoing>, String> {
        let tasks = self.done + self.calls.len();
        if tasks == 0 {
            return Ok(Vec::new());
        }
        let outputs: Vec<(usize, TaskOutput)> = (self.first..self.first + tasks)
            .filter_map(|task| Some((task, output(task).filter(|output| !output.is_empty())?)))
            .collect();
        let printed: Vec<Printed<'_>> = outputs
            .iter()
            .map(|(task, output)| Printed { task: *task, stdout: output.stdout(), stderr: output.stderr() })
            .collect();
        let mut frames = Vec::new();
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
        let mut id = 0;
        for Piece { worker, count, outcomes, memories } in self.pieces {
            let parts: Vec<Part> = (id..).zip(&memories).map(|(id, memory)| whole_part(id, memory)).collect();
            for (part, memory) in parts.iter().zip(&memories) {
                frames.push(cluster::bytes_frame(part.id, memory.as_bytes()));
            }
            id += memories.len() as u128;
            writer.piece(&worker, count, &outcomes, &parts);
        }
        frames.push(writer.finish());
        Ok(frames)
    }
}

fn whole_part(id: u128, memory: &Buffer) -> Part {
    Part { id, start: 0, len: memory.len() as u64 }
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
        let memories = (0..arrays.parts.len() as u64).map(|number| arrays.get(number));
        let memories = memories.collect::<Option<_>>()?;
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
