//! BATCH: tasks on their way from the parent to a worker.
//!
//! ```text
//! u64  number of the batch
//! u64  index of its first task
//! u64  length of the runs, in bytes
//!      runs of calls of one function, each:
//!        u64 offset, u64 check   the function's id
//!        u64                     number of calls
//!        per call: u64 length, encoded arguments
//! u64  length of the table of shared parts, in bytes
//!      the table: what the numbers in the arguments stand for that replace large arrays
//! ```
//!
//! There may be millions of tasks, so the layout is written by hand; each task's arguments are behind their length, so
//! that one that can't be decoded affects only itself.

use super::arrays::Part;
use super::codec::{self, get_bytes, get_u64, put_u64, set_u64};
use super::connection::Outgoing;
use super::function_id::FunctionId;

/// Parent to worker: tasks.
pub(crate) const BATCH: u32 = 5;

/// Writes the runs of a batch.
pub(crate) struct RunsWriter<'a> {
    out: &'a mut Vec<u8>,
    /// The function of the open run, where its number of calls is, and that number.
    open: Option<(FunctionId, usize, u64)>,
}

impl<'a> RunsWriter<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        RunsWriter { out, open: None }
    }

    /// Whether a run is open, which [`call`](Self::call) continues.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Has the following calls be of `function`.
    pub(crate) fn function(&mut self, function: FunctionId) {
        if self.open.is_none_or(|(open, ..)| open != function) {
            self.close();
            put_u64(self.out, function.offset as u64);
            put_u64(self.out, function.check);
            self.open = Some((function, self.out.len(), 0));
            put_u64(self.out, 0);
        }
    }

    /// Appends a call, whose arguments `encode` appends.
    ///
    /// # Errors
    ///
    /// The error of `encode`; the frame is then of no use.
    pub(crate) fn call<E>(&mut self, encode: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        let start = codec::begin(self.out);
        encode(self.out)?;
        codec::end(self.out, start);
        if let Some((.., count)) = &mut self.open {
            *count += 1;
        }
        Ok(())
    }

    fn close(&mut self) {
        if let Some((_, position, count)) = self.open.take() {
            set_u64(self.out, position, count);
        }
    }
}

impl Drop for RunsWriter<'_> {
    fn drop(&mut self) {
        self.close();
    }
}

/// A BATCH frame while it is written.
pub(crate) struct BatchWriter {
    frame: Outgoing,
    runs: usize,
}

impl BatchWriter {
    pub(crate) fn new(number: u64, first_index: usize) -> Self {
        BatchWriter::of_kind(BATCH, number, first_index)
    }

    /// A frame of another kind that has the same contents.
    pub(crate) fn of_kind(kind: u32, number: u64, first_index: usize) -> Self {
        let mut frame = Outgoing::new(kind);
        put_u64(frame.body(), number);
        put_u64(frame.body(), first_index as u64);
        let runs = codec::begin(frame.body());
        BatchWriter { frame, runs }
    }

    /// Where the runs go, for [`RunsWriter::new`].
    pub(crate) fn runs(&mut self) -> &mut Vec<u8> {
        self.frame.body()
    }

    pub(crate) fn finish(mut self, parts: &[Part]) -> Outgoing {
        codec::end(self.frame.body(), self.runs);
        put_parts(self.frame.body(), parts);
        self.frame
    }
}

/// A BATCH frame as it is read.
pub(crate) struct BatchReader<'a> {
    pub(crate) number: u64,
    pub(crate) first_index: usize,
    pub(crate) parts: Vec<Part>,
    runs: &'a [u8],
}

/// Calls of one function.
pub(crate) struct Run<'a> {
    pub(crate) function: FunctionId,
    left: u64,
    calls: &'a [u8],
}

impl<'a> BatchReader<'a> {
    /// Reads what comes before the first run; `None` if the frame is malformed.
    pub(crate) fn new(mut input: &'a [u8]) -> Option<Self> {
        let number = get_u64(&mut input)?;
        let first_index = get_u64(&mut input)? as usize;
        let runs = get_bytes(&mut input)?;
        let parts = get_parts(&mut input)?;
        Some(BatchReader { number, first_index, parts, runs })
    }

    /// The next run, `Some(None)` at the end; `None` if the frame is malformed.
    #[allow(clippy::option_option, reason = "the end and a malformed frame are different things")]
    pub(crate) fn next_run(&mut self) -> Option<Option<Run<'a>>> {
        if self.runs.is_empty() {
            return Some(None);
        }
        let offset = get_u64(&mut self.runs)? as i64;
        let check = get_u64(&mut self.runs)?;
        let left = get_u64(&mut self.runs)?;
        Some(Some(Run { function: FunctionId { offset, check }, left, calls: self.runs }))
    }

    /// Continues behind `run`, all calls of which have been read.
    pub(crate) fn end_run(&mut self, run: &Run<'a>) {
        self.runs = run.calls;
    }
}

impl<'a> Run<'a> {
    /// The arguments of the next call, `Some(None)` at the end; `None` if the frame is malformed.
    #[allow(clippy::option_option, reason = "the end and a malformed frame are different things")]
    pub(crate) fn next_call(&mut self) -> Option<Option<&'a [u8]>> {
        let Some(left) = self.left.checked_sub(1) else { return Some(None) };
        self.left = left;
        get_bytes(&mut self.calls).map(Some)
    }
}

/// Appends the table of shared parts.
pub(super) fn put_parts(out: &mut Vec<u8>, parts: &[Part]) {
    let start = codec::begin(out);
    for part in parts {
        for number in part.numbers() {
            put_u64(out, number);
        }
    }
    codec::end(out, start);
}

/// Reads the table of shared parts; `None` if it is malformed.
pub(super) fn get_parts(input: &mut &[u8]) -> Option<Vec<Part>> {
    let mut bytes = get_bytes(input)?;
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let mut number = || get_u64(&mut bytes);
        parts.push(Part::from_numbers([number()?, number()?, number()?, number()?]));
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::{BatchReader, BatchWriter, RunsWriter};
    use crate::wire::arrays::Part;
    use crate::wire::function_id::FunctionId;

    const ONE: FunctionId = FunctionId { offset: -8, check: 1 };
    const TWO: FunctionId = FunctionId { offset: 16, check: 2 };

    fn written() -> Vec<u8> {
        let mut batch = BatchWriter::new(3, 40);
        let mut runs = RunsWriter::new(batch.runs());
        for (function, arguments) in [(ONE, "a"), (ONE, ""), (TWO, "bcd"), (ONE, "e")] {
            runs.function(function);
            let encode = |out: &mut Vec<u8>| -> Result<(), ()> {
                out.extend_from_slice(arguments.as_bytes());
                Ok(())
            };
            runs.call(encode).unwrap();
        }
        drop(runs);
        batch.finish(&[Part::from_numbers([1, 2, 3, 4])]).contents().to_vec()
    }

    type Calls = Vec<(FunctionId, Vec<Vec<u8>>)>;

    fn read(bytes: &[u8]) -> Option<(BatchReader<'_>, Calls)> {
        let mut batch = BatchReader::new(bytes)?;
        let mut all = Vec::new();
        while let Some(mut run) = batch.next_run()? {
            let mut calls = Vec::new();
            while let Some(arguments) = run.next_call()? {
                calls.push(arguments.to_vec());
            }
            batch.end_run(&run);
            all.push((run.function, calls));
        }
        Some((batch, all))
    }

    #[test]
    fn a_batch_is_read_as_it_was_written() {
        let bytes = written();
        let (batch, calls) = read(&bytes).unwrap();
        assert_eq!((batch.number, batch.first_index), (3, 40));
        assert_eq!(batch.parts.iter().map(|part| part.numbers()).collect::<Vec<_>>(), [[1, 2, 3, 4]]);
        let expected: Calls = vec![
            (ONE, vec![b"a".to_vec(), Vec::new()]),
            (TWO, vec![b"bcd".to_vec()]),
            (ONE, vec![b"e".to_vec()]),
        ];
        assert_eq!(calls, expected);
    }

    #[test]
    fn a_batch_that_was_cut_anywhere_is_malformed() {
        let bytes = written();
        for len in 0..bytes.len() {
            assert!(read(&bytes[..len]).is_none(), "{len}");
        }
    }
}
