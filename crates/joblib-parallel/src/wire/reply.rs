//! RESULTS: outcomes on their way from a worker to its parent.
//!
//! ```text
//! u64  number of the batch
//! u64  number of outcomes, which are those of the batch's next tasks
//! u64  how long they kept the worker busy, in nanoseconds
//! u64  1 if the batch's other tasks are given back
//! u64  length of the outcomes, in bytes
//!      per outcome: u64 length, u8 tag, and what the tag says (see `Outcome`)
//! u64  length of the table of shared parts, in bytes; and the table, as in BATCH
//! ```

use std::time::Duration;

use super::arrays::Part;
use super::batch::{get_parts, put_parts};
use super::codec::{self, get_bytes, get_u64, put_u64, set_u64};
use super::connection::Outgoing;
use crate::error::{Panic, RemoteError};

/// Worker to parent: outcomes of the oldest batch's next tasks.
pub(crate) const RESULTS: u32 = 7;

const OK: u8 = 0;
const PANIC: u8 = 1;
const DECODE_ARGUMENTS: u8 = 2;
const ENCODE_RESULT: u8 = 3;
const FAILED: u8 = 4;

/// What became of one task, as it is read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome<'a> {
    /// The encoded result.
    Ok(&'a [u8]),
    Panic(Panic),
    /// Why the worker could not decode the arguments.
    DecodeArguments(String),
    /// Why the worker could not encode the result.
    EncodeResult(String),
    /// The error that the function returned.
    Failed(RemoteError),
}

/// Writes the outcome of one task.
pub(crate) struct OutcomeWriter<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> OutcomeWriter<'a> {
    /// Begins an outcome, which is appended to `out`.
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        OutcomeWriter { out, start }
    }

    /// Begins an encoded result, to be appended to what is returned. Any other outcome replaces it.
    pub(crate) fn result(&mut self) -> &mut Vec<u8> {
        self.tag(OK);
        self.out
    }

    pub(crate) fn panic(&mut self, panic: &Panic) {
        self.tag(PANIC);
        // Three texts, written to a Vec: that can't fail.
        let _ = codec::write(self.out, panic);
    }

    pub(crate) fn decode_arguments(&mut self, reason: &str) {
        self.tag(DECODE_ARGUMENTS);
        self.out.extend_from_slice(reason.as_bytes());
    }

    pub(crate) fn encode_result(&mut self, reason: &str) {
        self.tag(ENCODE_RESULT);
        self.out.extend_from_slice(reason.as_bytes());
    }

    pub(crate) fn failed(&mut self, error: &RemoteError) {
        self.tag(FAILED);
        // Texts, written to a Vec: that can't fail.
        let _ = codec::write(self.out, error);
    }

    fn tag(&mut self, tag: u8) {
        self.out.truncate(self.start);
        self.out.push(tag);
    }
}

impl<'a> Outcome<'a> {
    /// Reads an outcome as [`OutcomeWriter`] writes it; `None` if it is malformed.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (tag, bytes) = bytes.split_first()?;
        let text = || String::from_utf8_lossy(bytes).into_owned();
        match *tag {
            OK => Some(Outcome::Ok(bytes)),
            PANIC => codec::parse(bytes).ok().map(Outcome::Panic),
            DECODE_ARGUMENTS => Some(Outcome::DecodeArguments(text())),
            ENCODE_RESULT => Some(Outcome::EncodeResult(text())),
            FAILED => codec::parse(bytes).ok().map(Outcome::Failed),
            _ => None,
        }
    }
}

/// A RESULTS frame while it is written.
pub(crate) struct ReplyWriter {
    frame: Outgoing,
    /// Where in the frame the numbers are that are known at the end: count, busy, last.
    numbers: usize,
    outcomes: usize,
    count: u64,
    last: bool,
}

impl ReplyWriter {
    pub(crate) fn new(batch: u64) -> Self {
        let mut frame = Outgoing::new(RESULTS);
        let body = frame.body();
        put_u64(body, batch);
        let numbers = body.len();
        for _ in 0..3 {
            put_u64(body, 0);
        }
        let outcomes = codec::begin(body);
        ReplyWriter { frame, numbers, outcomes, count: 0, last: false }
    }

    /// Appends an outcome, which `write` appends as [`OutcomeWriter`] does.
    pub(crate) fn outcome(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let body = self.frame.body();
        let start = codec::begin(body);
        write(body);
        codec::end(body, start);
        self.count += 1;
    }

    /// How many outcomes there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn len(&self) -> usize {
        self.frame.len()
    }

    /// Gives the other tasks of the batch back.
    pub(crate) fn give_back_rest(&mut self) {
        self.last = true;
    }

    pub(crate) fn finish(mut self, busy: Duration, parts: &[Part]) -> Outgoing {
        let body = self.frame.body();
        set_u64(body, self.numbers, self.count);
        set_u64(body, self.numbers + 8, busy.as_nanos() as u64);
        set_u64(body, self.numbers + 16, u64::from(self.last));
        codec::end(body, self.outcomes);
        put_parts(body, parts);
        self.frame
    }
}

/// A RESULTS frame as it is read.
#[derive(Debug)]
pub(crate) struct Reply<'a> {
    pub(crate) batch: u64,
    pub(crate) busy: Duration,
    /// Whether the batch's other tasks are given back.
    pub(crate) last: bool,
    pub(crate) outcomes: Outcomes<'a>,
    pub(crate) parts: Vec<Part>,
}

/// The outcomes of a [`Reply`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcomes<'a> {
    count: usize,
    bytes: &'a [u8],
}

impl<'a> Reply<'a> {
    /// `None` if the frame is malformed.
    pub(crate) fn parse(mut input: &'a [u8]) -> Option<Self> {
        let batch = get_u64(&mut input)?;
        let count = usize::try_from(get_u64(&mut input)?).ok()?;
        let busy = Duration::from_nanos(get_u64(&mut input)?);
        let last = get_u64(&mut input)? != 0;
        let bytes = get_bytes(&mut input)?;
        let parts = get_parts(&mut input)?;
        Some(Reply { batch, busy, last, outcomes: Outcomes { count, bytes }, parts })
    }
}

impl<'a> Outcomes<'a> {
    /// `count` outcomes as they stand in a frame.
    #[cfg(feature = "cluster")]
    pub(crate) fn new(count: usize, bytes: &'a [u8]) -> Self {
        Outcomes { count, bytes }
    }

    #[cfg(feature = "cluster")]
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The length of all of them, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The next outcome, `Some(None)` at the end; `None` if the frame is malformed.
    #[allow(clippy::option_option, reason = "the end and a malformed frame are different things")]
    pub(crate) fn next(&mut self) -> Option<Option<Outcome<'a>>> {
        let Some(left) = self.count.checked_sub(1) else { return Some(None) };
        self.count = left;
        Outcome::parse(get_bytes(&mut self.bytes)?).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Outcome, OutcomeWriter, Reply, ReplyWriter};
    use crate::error::{Panic, RemoteError};
    use crate::wire::arrays::Part;

    fn panic() -> Panic {
        Panic { message: "no".to_owned(), location: Some("a.rs:1:2".to_owned()), backtrace: None }
    }

    fn failure() -> RemoteError {
        RemoteError::of(&std::io::Error::other("gone"))
    }

    fn written() -> Vec<u8> {
        let mut reply = ReplyWriter::new(9);
        reply.outcome(|out| OutcomeWriter::new(out).result().extend_from_slice(b"value"));
        reply.outcome(|out| {
            let mut outcome = OutcomeWriter::new(out);
            outcome.result().extend_from_slice(b"begun");
            outcome.panic(&panic());
        });
        reply.outcome(|out| OutcomeWriter::new(out).decode_arguments("a"));
        reply.outcome(|out| OutcomeWriter::new(out).encode_result("r"));
        reply.outcome(|out| OutcomeWriter::new(out).failed(&failure()));
        assert_eq!(reply.count(), 5);
        reply.give_back_rest();
        reply.finish(Duration::from_nanos(77), &[Part::from_numbers([4, 5, 6, 7])]).contents().to_vec()
    }

    #[test]
    fn a_reply_is_read_as_it_was_written() {
        let bytes = written();
        let mut reply = Reply::parse(&bytes).unwrap();
        assert_eq!((reply.batch, reply.busy, reply.last), (9, Duration::from_nanos(77), true));
        assert_eq!(reply.parts[0].numbers(), [4, 5, 6, 7]);
        let mut outcomes = Vec::new();
        while let Some(outcome) = reply.outcomes.next().unwrap() {
            outcomes.push(outcome);
        }
        let expected = [
            Outcome::Ok(b"value"),
            Outcome::Panic(panic()),
            Outcome::DecodeArguments("a".to_owned()),
            Outcome::EncodeResult("r".to_owned()),
            Outcome::Failed(failure()),
        ];
        assert_eq!(outcomes, expected);
    }

    #[test]
    fn a_reply_that_was_cut_anywhere_is_malformed() {
        let bytes = written();
        for len in 0..bytes.len() {
            assert!(Reply::parse(&bytes[..len]).is_none(), "{len}");
        }
    }

    #[test]
    fn an_outcome_of_an_unknown_tag_is_malformed() {
        assert_eq!(Outcome::parse(&[9, 0]), None);
        assert_eq!(Outcome::parse(&[]), None);
    }
}
