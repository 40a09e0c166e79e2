//! SETUP, CALL, ARRAY, FORGET and REFUSAL: the frames that are rare, each one serialized message.
//!
//! BATCH, RESULTS, LOG and OUTPUT have files of their own.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::arrays::{ArraySharing, Introduction};
use super::codec;
use super::connection::Outgoing;
use super::function_id::{EncodedCall, FunctionId};
use super::log::LogLevels;

/// Parent to worker, first: [`Setup`], with the status page.
pub(crate) const SETUP: u32 = 1;
/// Parent to worker, before a call's first batch: [`CallMessage`].
pub(crate) const CALL: u32 = 2;
/// Either way: an [`Introduction`], with the memory that it introduces.
pub(crate) const ARRAY: u32 = 3;
/// Parent to worker: the ids of memories to forget.
pub(crate) const FORGET: u32 = 4;
/// Worker to parent: why it can't be what SETUP asks for. The batches behind that are not answered.
pub(crate) const REFUSAL: u32 = 6;

/// What a worker is, for all its life.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub(crate) struct Setup {
    pub(crate) fingerprint: u64,
    pub(crate) name: String,
    pub(crate) nice: Option<i32>,
    /// In bytes.
    pub(crate) memory_limit: Option<u64>,
    /// A call to make once.
    pub(crate) initializer: Option<EncodedCall>,
    /// The worker ends after this many seconds without work.
    pub(crate) idle_seconds: Option<u64>,
    /// Of the thread that runs tasks, in bytes.
    pub(crate) stack_size: Option<usize>,
}

impl Setup {
    /// The frame; `page` is the status page of a worker that does not have it already.
    pub(crate) fn frame(&self, page: Option<OwnedFd>) -> Result<Outgoing, String> {
        let frame = codec::frame(SETUP, self)?;
        Ok(match page {
            Some(page) => frame.with_descriptor(Arc::new(page)),
            None => frame,
        })
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        codec::parse(bytes)
    }
}

/// What a worker has to know of a call.
#[allow(clippy::struct_excessive_bools, reason = "each is a question of its own")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CallMessage {
    pub(crate) seed: u64,
    pub(crate) budget: usize,
    pub(crate) depth: u32,
    /// Whether the status page says when a task started.
    pub(crate) timed: bool,
    /// Whether the worker is elsewhere than the program: an inner call stays there.
    pub(crate) on_node: bool,
    /// How long a batch may take; what is left of it then goes back, for others to share.
    pub(crate) patience: Duration,
    pub(crate) sharing: ArraySharing,
    /// Contexts of other crates: the function that applies each, and its state.
    pub(crate) contexts: Vec<(FunctionId, Vec<u8>)>,
    pub(crate) log_levels: LogLevels,
    /// Whether a progress bar is on the terminal.
    pub(crate) bar: bool,
    /// Whether tasks print to the pipes that an OUTPUT frame brings.
    pub(crate) captures_output: bool,
}

impl CallMessage {
    pub(crate) fn frame(&self) -> Result<Outgoing, String> {
        codec::frame(CALL, self)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        codec::parse(bytes)
    }
}

pub(crate) fn array_frame(introduction: &Introduction, memory: Arc<OwnedFd>) -> Result<Outgoing, String> {
    Ok(codec::frame(ARRAY, introduction)?.with_descriptor(memory))
}

pub(crate) fn parse_array(bytes: &[u8]) -> Result<Introduction, String> {
    codec::parse(bytes)
}

pub(crate) fn forget_frame(ids: &[u128]) -> Result<Outgoing, String> {
    codec::frame(FORGET, &ids)
}

pub(crate) fn parse_forget(bytes: &[u8]) -> Result<Vec<u128>, String> {
    codec::parse(bytes)
}

pub(crate) fn refusal_frame(reason: &str) -> Result<Outgoing, String> {
    codec::frame(REFUSAL, &reason)
}

pub(crate) fn parse_refusal(bytes: &[u8]) -> Result<String, String> {
    codec::parse(bytes)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{CallMessage, Setup, forget_frame, parse_forget, parse_refusal, refusal_frame};
    use crate::wire::arrays::ArraySharing;
    use crate::wire::function_id::{EncodedCall, FunctionId};
    use crate::wire::log::LogLevels;

    #[test]
    fn each_message_is_read_as_it_was_written() {
        let function = FunctionId { offset: -5, check: 7 };
        let setup = Setup {
            fingerprint: 1,
            name: "worker 1".to_owned(),
            nice: Some(-3),
            memory_limit: Some(1 << 40),
            initializer: Some(EncodedCall { function, arguments: vec![1, 2, 3] }),
            idle_seconds: None,
            stack_size: Some(1 << 20),
        };
        assert_eq!(Setup::parse(setup.frame(None).unwrap().contents()).unwrap(), setup);
        let call = CallMessage {
            seed: u64::MAX,
            budget: 2,
            depth: 1,
            timed: true,
            on_node: false,
            patience: Duration::from_millis(100),
            sharing: ArraySharing::none(),
            contexts: vec![(function, b"state".to_vec())],
            log_levels: LogLevels { tracing: 3, log: 0 },
            bar: true,
            captures_output: true,
        };
        assert_eq!(CallMessage::parse(call.frame().unwrap().contents()).unwrap(), call);
        assert_eq!(parse_forget(forget_frame(&[1, 2]).unwrap().contents()).unwrap(), [1, 2]);
        assert_eq!(parse_refusal(refusal_frame("no").unwrap().contents()).unwrap(), "no");
    }
}
