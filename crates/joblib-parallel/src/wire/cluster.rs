//! The frames that are between a caller and the agent on another host, over any stream of bytes. BATCH is as between caller
//! and worker, with the number of its tasks and the name of its first function behind it.
//!
//! ```text
//! agent   HELLO                      what it is
//! caller  OPEN                       a call begins, and what was there before ends
//! caller  BYTES*, BATCH, RELEASE …   the memory of arrays, tasks, arrays that are no longer needed
//! caller  MEMORY                     as BYTES, between processes of one host: a descriptor of the memory comes along
//! caller  ALONE                      as BATCH, of tasks that are to run each alone
//! caller  FILE                       as BYTES: where to find them in a file that the agent's host has
//! agent   BYTES*, RETURNED …         the memory of results, and what became of consecutive tasks of a batch
//! agent   MEMORY                     as BYTES, between processes of one host
//! agent   EVENT …                    what a worker logged
//! agent   FAILED                     the agent can't go on with the call
//! agent   LOST, CAPACITY             from what stands for many hosts: a batch is lost; how many tasks may run at a time
//! agent   GAVE_UP                    as LOST, with several hosts one after the other
//! agent   FORGOTTEN                  from what stands for many hosts: a batch did not run, for want of arrays
//! caller  CANCEL                     the call ends; batches that it has left are not answered
//! ```
//!
//! What is read by somebody in between who does not know our encoding stands in front, as numbers: of OPEN how many tasks may
//! run at a time, the number of the call, and how many tasks run at a time on the host; of RETURNED the number of the batch, how
//! many of its tasks it is about, and how many nanoseconds these kept workers busy.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use joblib_array::Buffer;
use serde::{Deserialize, Serialize};

use super::arrays::{ArraySharing, Part};
use super::batch::{get_parts, put_parts};
use super::codec::{self, get_bytes, get_u64, put_u64};
use super::connection::Outgoing;
use super::file_part::FilePart;
use super::function_id::{EncodedCall, FunctionId};
use super::log::{LogLevels, LogRecord};
use super::reply::Outcomes;
use crate::error::{Cause, Crash};

/// Agent to caller, first: [`Hello`].
pub(crate) const HELLO: u32 = 20;
/// Caller to agent: [`Open`].
pub(crate) const OPEN: u32 = 21;
/// Either way: memory of arrays.
pub(crate) const BYTES: u32 = 22;
/// Agent to caller: [`Returned`].
pub(crate) const RETURNED: u32 = 23;
/// Agent to caller: an event, and the worker that it is from.
pub(crate) const EVENT: u32 = 24;
/// Agent to caller: why it can't go on with the call.
pub(crate) const FAILED: u32 = 25;
/// Caller to agent: the call has ended.
pub(crate) const CANCEL: u32 = 26;

/// Caller to agent: as BATCH, of tasks that may have ended a worker.
pub(crate) const ALONE: u32 = 27;

/// Caller to agent: the ids of arrays that are no longer needed.
pub(crate) const RELEASE: u32 = 28;
/// From what stands for many hosts: how many tasks may run at a time from now on.
pub(crate) const CAPACITY: u32 = 29;
/// From what stands for many hosts: a batch was lost, and why.
pub(crate) const LOST: u32 = 30;
/// From what stands for many hosts: a batch did not run, because these arrays are not there any more.
pub(crate) const FORGOTTEN: u32 = 31;
/// Either way: memory of an array, whose descriptor comes along.
pub(crate) const MEMORY: u32 = 32;
/// Caller to agent: an array as a part of a file: [`FilePart`].
pub(crate) const FILE: u32 = 33;
/// From what stands for many hosts: a batch was lost with several of them, and why.
pub(crate) const GAVE_UP: u32 = 34;

/// What an agent says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hello {
    /// See [`fingerprint`](super::function_id::fingerprint): its file was compared by the SHA-256 before.
    pub(crate) program: u64,
    pub(crate) host: String,
    pub(crate) pid: u32,
    /// How many processors it may use.
    pub(crate) cpus: usize,
}

/// What an agent has to know of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Open {
    /// How many threads each task may use; `None` for its share of the host.
    pub(crate) inner_threads: Option<usize>,
    pub(crate) seed: u64,
    pub(crate) depth: u32,
    pub(crate) timeout: Option<Duration>,
    pub(crate) stack_size: Option<usize>,
    pub(crate) patience: Duration,
    pub(crate) sharing: ArraySharing,
    pub(crate) contexts: Vec<(FunctionId, Vec<u8>)>,
    pub(crate) log_levels: LogLevels,
    pub(crate) env: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) nice: Option<i32>,
    pub(crate) memory_limit: Option<u64>,
    pub(crate) initializer: Option<EncodedCall>,
    pub(crate) recycle_after_tasks: Option<u64>,
    pub(crate) recycle_above_bytes: Option<u64>,
    pub(crate) captures_output: bool,
    /// Those of the program.
    pub(crate) arguments: Vec<Vec<u8>>,
}

/// An OPEN frame: `slots` tasks may run at a time, and `call` is the number of the call, which [`FAILED`] repeats. How many run
/// at a time on the host is the same number here: who passes the frame on may know of other agents there.
pub(crate) fn open_frame(slots: usize, call: u64, open: &Open) -> Result<Outgoing, String> {
    let mut frame = Outgoing::new(OPEN);
    for number in [slots as u64, call, slots as u64] {
        put_u64(frame.body(), number);
    }
    codec::write(frame.body(), open)?;
    Ok(frame)
}

/// The slots here and on the whole host, the number of the call, and what there is to know of it.
pub(crate) fn parse_open(mut input: &[u8]) -> Result<([usize; 2], u64, Open), String> {
    let mut number = || get_u64(&mut input).ok_or("the beginning of a call is malformed");
    let (slots, call, on_host) = (number()?.max(1) as usize, number()?, number()? as usize);
    Ok(([slots, on_host.max(slots)], call, codec::parse(input)?))
}

/// A number and a text, of which [`FAILED`], [`LOST`] and [`GAVE_UP`] are made.
pub(crate) fn reason_frame(kind: u32, number: u64, reason: &str) -> Outgoing {
    let mut frame = Outgoing::new(kind);
    put_u64(frame.body(), number);
    frame.body().extend_from_slice(reason.as_bytes());
    frame
}

/// The number and the text; `None` if the frame is malformed.
pub(crate) fn parse_reason(mut input: &[u8]) -> Option<(u64, String)> {
    Some((get_u64(&mut input)?, String::from_utf8_lossy(input).into_owned()))
}

pub(crate) fn release_frame(ids: &[u128]) -> Outgoing {
    let mut frame = Outgoing::new(RELEASE);
    for id in ids {
        frame.body().extend_from_slice(&id.to_le_bytes());
    }
    frame
}

pub(crate) fn parse_release(input: &[u8]) -> impl Iterator<Item = u128> {
    input.as_chunks().0.iter().map(|id| u128::from_le_bytes(*id))
}

/// The number of a batch that did not run, and the ids of arrays that it lacks; `None` if the frame is malformed.
pub(crate) fn parse_forgotten(mut input: &[u8]) -> Option<(u64, impl Iterator<Item = u128>)> {
    Some((get_u64(&mut input)?, parse_release(input)))
}

/// Appends what is behind the contents of BATCH.
pub(crate) fn describe_batch(frame: &mut Outgoing, tasks: usize, function: &str) {
    let body = frame.body();
    put_u64(body, tasks as u64);
    put_u64(body, function.len() as u64);
    body.extend_from_slice(function.as_bytes());
}

/// Why a task could not finish, on the way to the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Broken {
    Crash(Crash),
    TimedOut(Duration),
    Stopped,
    Backend(String),
}

impl From<Cause> for Broken {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Crash(crash) => Broken::Crash(crash),
            Cause::Timeout { limit, .. } => Broken::TimedOut(limit),
            Cause::Stopped => Broken::Stopped,
            // Tasks whose bytes are here need not be encoded, and their outcomes are not read.
            other => Broken::Backend(other.to_string()),
        }
    }
}

impl From<Broken> for Cause {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Crash(crash) => Cause::Crash(crash),
            Broken::TimedOut(limit) => Cause::Timeout { limit, still_running: false },
            Broken::Stopped => Cause::Stopped,
            Broken::Backend(reason) => Cause::Backend(reason),
        }
    }
}

/// What became of consecutive tasks of a batch: outcomes of the first ones, in [`Piece`]s, and why the next one is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Returned {
    /// The index of the first of these tasks.
    pub(crate) first: usize,
    pub(crate) suspect: bool,
    /// How long the outcomes kept workers busy; among the numbers in front.
    #[serde(skip)]
    pub(crate) busy: Duration,
    /// Why the task behind the last outcome could not finish, and on which worker.
    pub(crate) broken: Option<(Broken, String)>,
}

/// Outcomes that came from a worker together.
#[derive(Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) worker: &'a str,
    pub(crate) outcomes: Outcomes<'a>,
    pub(crate) parts: Vec<Part>,
}

/// What a task has printed on another host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Printed<'a> {
    pub(crate) task: usize,
    pub(crate) stdout: &'a [u8],
    pub(crate) stderr: &'a [u8],
}

/// A RETURNED frame while it is written.
pub(crate) struct ReturnedWriter(Outgoing);

impl ReturnedWriter {
    /// With the outputs of those tasks that have printed something.
    ///
    /// # Errors
    ///
    /// Returns an error if the head can't be serialized.
    pub(crate) fn new(
        batch: u64,
        tasks: usize,
        head: &Returned,
        printed: &[Printed<'_>],
    ) -> Result<Self, String> {
        let mut frame = Outgoing::new(RETURNED);
        put_u64(frame.body(), batch);
        put_u64(frame.body(), tasks as u64);
        put_u64(frame.body(), u64::try_from(head.busy.as_nanos()).unwrap_or(u64::MAX));
        let start = codec::begin(frame.body());
        codec::write(frame.body(), head)?;
        codec::end(frame.body(), start);
        let body = frame.body();
        put_u64(body, printed.len() as u64);
        for Printed { task, stdout, stderr } in printed {
            put_u64(body, *task as u64);
            for bytes in [stdout, stderr] {
                put_u64(body, bytes.len() as u64);
                body.extend_from_slice(bytes);
            }
        }
        Ok(ReturnedWriter(frame))
    }

    /// Appends a piece; `outcomes` are `count` of them as they stand in RESULTS.
    pub(crate) fn piece(&mut self, worker: &str, count: usize, outcomes: &[u8], parts: &[Part]) {
        let body = self.0.body();
        for bytes in [worker.as_bytes(), outcomes] {
            put_u64(body, bytes.len() as u64);
            body.extend_from_slice(bytes);
        }
        put_u64(body, count as u64);
        put_parts(body, parts);
    }

    pub(crate) fn finish(self) -> Outgoing {
        self.0
    }
}

/// A RETURNED frame as it is read.
#[derive(Debug)]
pub(crate) struct ReturnedReader<'a> {
    pub(crate) batch: u64,
    pub(crate) tasks: usize,
    pub(crate) head: Returned,
    pub(crate) printed: Vec<Printed<'a>>,
    pub(crate) pieces: Vec<Piece<'a>>,
}

/// `None` if the frame is malformed.
pub(crate) fn parse_returned(mut input: &[u8]) -> Option<ReturnedReader<'_>> {
    let batch = get_u64(&mut input)?;
    let tasks = usize::try_from(get_u64(&mut input)?).ok()?;
    let busy = Duration::from_nanos(get_u64(&mut input)?);
    let head = Returned { busy, ..codec::parse(get_bytes(&mut input)?).ok()? };
    let mut printed = Vec::new();
    for _ in 0..get_u64(&mut input)? {
        let task = usize::try_from(get_u64(&mut input)?).ok()?;
        printed.push(Printed { task, stdout: get_bytes(&mut input)?, stderr: get_bytes(&mut input)? });
    }
    let mut pieces = Vec::new();
    while !input.is_empty() {
        let worker = std::str::from_utf8(get_bytes(&mut input)?).ok()?;
        let bytes = get_bytes(&mut input)?;
        let count = usize::try_from(get_u64(&mut input)?).ok()?;
        let parts = get_parts(&mut input)?;
        pieces.push(Piece { worker, outcomes: Outcomes::new(count, bytes), parts });
    }
    Some(ReturnedReader { batch, tasks, head, printed, pieces })
}

/// Memory of an array, by its id.
pub(crate) fn bytes_frame(id: u128, bytes: &[u8]) -> Outgoing {
    let mut frame = Outgoing::new(BYTES);
    frame.body().reserve_exact(16 + bytes.len());
    frame.body().extend_from_slice(&id.to_le_bytes());
    frame.body().extend_from_slice(bytes);
    frame
}

/// What is in front of the bytes in a BYTES frame of so many, for a stream.
pub(crate) fn bytes_head(id: u128, len: usize) -> Vec<u8> {
    let mut frame = Outgoing::new(BYTES);
    frame.body().extend_from_slice(&id.to_le_bytes());
    frame.into_bytes(len)
}

/// Memory of an array of `len` bytes, by its id and a descriptor of it; `written` if tasks write to it.
pub(crate) fn memory_frame(id: u128, len: u64, written: bool, descriptor: Arc<OwnedFd>) -> Outgoing {
    let mut frame = Outgoing::new(MEMORY).with_descriptor(descriptor);
    frame.body().extend_from_slice(&id.to_le_bytes());
    put_u64(frame.body(), len);
    put_u64(frame.body(), u64::from(written));
    frame
}

/// An array as a part of a file, by its id.
///
/// # Errors
///
/// Returns an error if it can't be serialized.
pub(crate) fn file_frame(id: u128, part: &FilePart) -> Result<Outgoing, String> {
    let mut frame = Outgoing::new(FILE);
    frame.body().extend_from_slice(&id.to_le_bytes());
    codec::write(frame.body(), part)?;
    Ok(frame)
}

/// The id and the part; `None` if the frame is malformed.
pub(crate) fn parse_file(input: &[u8]) -> Option<(u128, FilePart)> {
    let (id, part) = input.split_first_chunk()?;
    Some((u128::from_le_bytes(*id), codec::parse(part).ok()?))
}

/// The id and the length; `None` if the frame is malformed.
pub(crate) fn parse_memory(input: &[u8]) -> Option<(u128, u64)> {
    let (id, mut rest) = input.split_first_chunk()?;
    Some((u128::from_le_bytes(*id), get_u64(&mut rest)?))
}

/// The id and the memory of the bytes; `None` if the frame is malformed.
pub(crate) fn split_bytes(contents: &Buffer) -> Option<(u128, Buffer)> {
    let (id, _) = parse_bytes(contents.as_bytes())?;
    Some((id, contents.slice(size_of::<u128>()..contents.len())))
}

/// The id and the bytes; `None` if the frame is malformed.
pub(crate) fn parse_bytes(input: &[u8]) -> Option<(u128, &[u8])> {
    let (id, bytes) = input.split_first_chunk()?;
    Some((u128::from_le_bytes(*id), bytes))
}

pub(crate) fn event_frame(record: &LogRecord, worker: &str) -> Result<Outgoing, String> {
    codec::frame(EVENT, &(record, worker))
}

pub(crate) fn parse_event(bytes: &[u8]) -> Result<(LogRecord, String), String> {
    codec::parse(bytes)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{
        Broken, Printed, Returned, ReturnedReader, ReturnedWriter, bytes_frame, parse_bytes, parse_returned,
    };
    use crate::error::Crash;
    use crate::wire::arrays::Part;

    #[test]
    fn what_became_of_tasks_is_read_as_it_was_written_and_cut_frames_are_malformed() {
        let head = Returned {
            first: 40,
            suspect: true,
            busy: Duration::from_nanos(3),
            broken: Some((
                Broken::Crash(Crash { signal: Some(9), ..Crash::default() }),
                "worker 1".to_owned(),
            )),
        };
        let printed = [Printed { task: 41, stdout: b"out", stderr: b"" }];
        let mut writer = ReturnedWriter::new(7, 5, &head, &printed).unwrap();
        writer.piece("worker 1", 2, b"outcomes", &[Part { id: 1 << 100, start: 2, len: 3 }]);
        writer.piece("worker 2", 0, b"", &[]);
        let frame = writer.finish();
        let read = parse_returned(frame.contents()).unwrap();
        let ReturnedReader { batch, tasks, head: read, printed: outputs, pieces } = read;
        assert_eq!((batch, tasks, read), (7, 5, head));
        assert_eq!(outputs, printed);
        assert_eq!(pieces.len(), 2);
        assert_eq!(
            (pieces[0].worker, pieces[0].outcomes.count(), pieces[0].outcomes.len()),
            ("worker 1", 2, 8)
        );
        assert_eq!(pieces[0].parts, [Part { id: 1 << 100, start: 2, len: 3 }]);
        let whole = frame.contents().len();
        let ends = (0..whole).filter(|len| parse_returned(&frame.contents()[..*len]).is_some()).count();
        assert_eq!(ends, 2, "behind the head, and behind the first piece");
    }

    #[test]
    fn memory_is_read_as_it_was_written() {
        assert_eq!(parse_bytes(bytes_frame(1 << 80, b"memory").contents()), Some((1 << 80, &b"memory"[..])));
        assert_eq!(parse_bytes(&[0; 15]), None);
    }
}
