//! The frames that parent and worker exchange.
//!
//! Rare ones are `MessagePack`; batches and results, which there may be millions of, are laid out by hand: numbers
//! little-endian, each task's arguments or outcome behind its length, so that one that can't be decoded costs only
//! itself.

use std::rc::Rc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::arrays::{Part, Sharing};
use super::connection::Outgoing;
use crate::portable::Name;

/// Parent to worker, first: [`Setup`].
pub(crate) const SETUP: u32 = 1;
/// Parent to worker, before a call's first batch: [`CallFrame`].
pub(crate) const CALL: u32 = 2;
/// Either way: an introduction, with a descriptor.
pub(crate) const ARRAY: u32 = 3;
/// Parent to worker: the ids of memories to forget.
pub(crate) const FORGET: u32 = 4;
/// Parent to worker: tasks.
pub(crate) const BATCH: u32 = 5;
/// Worker to parent: why it can't be what [`SETUP`] asks for. The batches behind that wait for no answer.
pub(crate) const REFUSAL: u32 = 6;
/// Worker to parent: outcomes of the oldest batch's next tasks.
pub(crate) const RESULTS: u32 = 7;
/// Worker to parent: a log record.
pub(crate) const LOG: u32 = 8;

/// What a worker is, for all its life.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub(crate) struct Setup {
    pub(crate) fingerprint: u64,
    pub(crate) name: String,
    pub(crate) nice: Option<i32>,
    /// In bytes.
    pub(crate) memory_limit: Option<u64>,
    /// An encoded call to make once.
    pub(crate) initializer: Option<(i64, u64, Vec<u8>)>,
    /// Exit after so many idle seconds.
    pub(crate) idle_seconds: Option<u64>,
}

/// What a worker has to know of a call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CallFrame {
    pub(crate) seed: u64,
    pub(crate) budget: usize,
    pub(crate) depth: u32,
    /// Write down when tasks start.
    pub(crate) timed: bool,
    pub(crate) sharing: Sharing,
    /// Contexts of other crates: the function that applies each, and its state.
    pub(crate) carried: Vec<(Name, Vec<u8>)>,
    /// The most verbose level anybody listens to: 0 none, 1 error, … 5 trace.
    pub(crate) log_level: u8,
}

/// An event of `tracing` in a worker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LogFrame {
    pub(crate) level: u8,
    pub(crate) target: String,
    pub(crate) message: String,
    pub(crate) spans: String,
}

/// How an outcome begins.
pub(crate) mod outcome {
    /// The result follows.
    pub(crate) const OK: u8 = 0;
    /// A `Panic` follows.
    pub(crate) const PANIC: u8 = 1;
    /// The reason follows why the arguments could not be decoded.
    pub(crate) const ARGUMENTS: u8 = 2;
    /// The reason follows why the result could not be encoded.
    pub(crate) const RESULT: u8 = 3;
}

/// A frame of one serialized message.
pub(crate) fn frame<M: Serialize>(kind: u32, message: &M) -> Result<Outgoing, String> {
    let mut frame = Outgoing::new(kind);
    rmp_serde::encode::write(frame.body(), message).map_err(|error| error.to_string())?;
    Ok(frame)
}

/// The message of such a frame.
pub(crate) fn parse<M: DeserializeOwned>(bytes: &[u8]) -> Result<M, String> {
    rmp_serde::from_slice(bytes).map_err(|error| error.to_string())
}

/// Appends the table of shared parts.
pub(crate) fn put_parts(out: &mut Vec<u8>, parts: &[Part]) {
    let start = begin(out);
    if !parts.is_empty() {
        // Three numbers each, written to a Vec: that can't fail.
        let _ = rmp_serde::encode::write(out, parts);
    }
    end(out, start);
}

/// Reads the table of shared parts.
pub(crate) fn get_parts(input: &mut &[u8]) -> Option<Rc<[Part]>> {
    let bytes = get_bytes(input)?;
    let parts: Vec<Part> = if bytes.is_empty() { Vec::new() } else { parse(bytes).ok()? };
    Some(parts.into())
}

/// Leaves room for a length.
pub(crate) fn begin(out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(&[0; 8]);
    out.len()
}

/// Fills in the length of what was appended since `begin`.
pub(crate) fn end(out: &mut [u8], start: usize) {
    let len = (out.len() - start) as u64;
    out[start - 8..start].copy_from_slice(&len.to_le_bytes());
}

pub(crate) fn put_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

pub(crate) fn get_u64(input: &mut &[u8]) -> Option<u64> {
    let (bytes, rest) = input.split_first_chunk()?;
    *input = rest;
    Some(u64::from_le_bytes(*bytes))
}

/// Bytes behind their length.
pub(crate) fn get_bytes<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(get_u64(input)?).ok()?;
    let (bytes, rest) = input.split_at_checked(len)?;
    *input = rest;
    Some(bytes)
}
