//! OUTPUT, and what a worker prints: which bytes are of which task.
//!
//! The parent gives a worker two pipes, for its standard output and error, and reads them. The worker writes a mark
//! into both when a task begins and when it ends: a secret of this worker, which no task prints, and the task's
//! index. What a task printed is in the pipe before its outcome is sent, and stays there when the worker dies.

use serde::{Deserialize, Serialize};

use super::codec;
use super::connection::Outgoing;

/// Parent to worker: an [`Introduction`], with the end of the pipe to print to.
pub(crate) const OUTPUT: u32 = 9;

const SECRET: usize = 16;
const MARK: usize = SECRET + 8;
/// The index in a mark that ends a task.
const NONE: u64 = u64::MAX;

/// What tells marks from what tasks print.
pub(crate) type Secret = [u8; SECRET];

/// A stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StreamName {
    Stdout,
    Stderr,
}

impl StreamName {
    pub(crate) const ALL: [Self; 2] = [Self::Stdout, Self::Stderr];
}

/// What comes with a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Introduction {
    pub(crate) stream: StreamName,
    pub(crate) secret: Secret,
}

impl Introduction {
    pub(crate) fn frame(&self) -> Result<Outgoing, String> {
        codec::frame(OUTPUT, self)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        codec::parse(bytes)
    }
}

/// The mark that the task of this index begins, or with `None` that it has ended.
pub(crate) fn mark(secret: &Secret, task: Option<usize>) -> [u8; MARK] {
    let mut mark = [0; MARK];
    mark[..SECRET].copy_from_slice(secret);
    mark[SECRET..].copy_from_slice(&task.map_or(NONE, |task| task as u64).to_le_bytes());
    mark
}

/// What [`Splitter`] finds in a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Bytes that were printed.
    Bytes(&'a [u8]),
    /// A task begins, or has ended.
    Task(Option<usize>),
}

/// Finds the marks in a stream that arrives in pieces.
#[derive(Debug)]
pub(crate) struct Splitter {
    secret: Secret,
    /// Bytes that may be the beginning of a mark.
    held: Vec<u8>,
}

impl Splitter {
    pub(crate) fn new(secret: Secret) -> Self {
        Self { secret, held: Vec::new() }
    }

    /// Hands all that is known after `bytes` have arrived to `found`.
    pub(crate) fn push(&mut self, bytes: &[u8], mut found: impl FnMut(Piece<'_>)) {
        self.held.extend_from_slice(bytes);
        let mut rest = self.held.as_slice();
        loop {
            let (before, from) = rest.split_at(self.next(rest));
            if !before.is_empty() {
                found(Piece::Bytes(before));
            }
            rest = from;
            let Some((mark, behind)) = from.split_at_checked(MARK) else { break };
            let index = mark.last_chunk().map_or(NONE, |bytes| u64::from_le_bytes(*bytes));
            found(Piece::Task(if index == NONE { None } else { usize::try_from(index).ok() }));
            rest = behind;
        }
        let taken = self.held.len() - rest.len();
        self.held.drain(..taken);
    }

    /// Where in `bytes` the next mark begins, or may begin if there is more to come.
    fn next(&self, bytes: &[u8]) -> usize {
        let first = self.secret[0];
        let mut at = 0;
        while let Some(distance) = bytes[at..].iter().position(|byte| *byte == first) {
            at += distance;
            let length = SECRET.min(bytes.len() - at);
            if bytes[at..at + length] == self.secret[..length] {
                return at;
            }
            at += 1;
        }
        bytes.len()
    }

    /// No more comes; returns what was held back.
    pub(crate) fn end(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::{Introduction, Piece, Secret, Splitter, StreamName, mark};

    const SECRET: Secret = *b"0101010001110101";

    fn split(stream: &[u8], step: usize) -> Vec<(Option<usize>, Vec<u8>)> {
        let mut splitter = Splitter::new(SECRET);
        let mut tasks = vec![(None, Vec::new())];
        for bytes in stream.chunks(step) {
            splitter.push(bytes, |piece| match piece {
                Piece::Bytes(bytes) => tasks.last_mut().unwrap().1.extend_from_slice(bytes),
                Piece::Task(task) => tasks.push((task, Vec::new())),
            });
        }
        tasks.last_mut().unwrap().1.extend(splitter.end());
        tasks
    }

    #[test]
    fn marks_are_found_however_the_stream_is_cut() {
        let mut stream = b"before".to_vec();
        stream.extend_from_slice(&mark(&SECRET, Some(0)));
        // The begin of a secret, in front of one, and at the end.
        stream.extend_from_slice(b"0101010101010101");
        stream.extend_from_slice(&mark(&SECRET, None));
        stream.extend_from_slice(&mark(&SECRET, Some(70_000)));
        stream.extend_from_slice(b"\xff\0 010101");
        let expected = [
            (None, b"before".to_vec()),
            (Some(0), b"0101010101010101".to_vec()),
            (None, Vec::new()),
            (Some(70_000), b"\xff\0 010101".to_vec()),
        ];
        for step in 1..=stream.len() {
            assert_eq!(split(&stream, step), expected, "{step}");
        }
    }

    #[test]
    fn an_introduction_is_read_as_it_was_written() {
        for stream in StreamName::ALL {
            let introduction = Introduction { stream, secret: SECRET };
            let frame = introduction.frame().unwrap();
            assert_eq!(Introduction::parse(frame.contents()).unwrap(), introduction);
        }
    }
}
