//! Batches for other processes, on this host or another: a backend packs them into bytes and sends these in any way, and
//! another process of the same executable runs them.
//!
//! | here | in the other process |
//! |---|---|
//! | [`Call::pack`], once per call | [`Runner::new`] |
//! | [`Batch::pack`] | [`Runner::run`], which returns the reply |
//! | [`Batch::unpack`], with the reply | |
//! The bytes contain everything: functions as their addresses in the executable, arguments and results with their arrays, and
//! the call's seed, context and share of threads. They have a version, [`VERSION`], and the digest of the executable: bytes of
//! another version, program or build are an error that says so. The processes need not be on the same host or share a file
//! system; the processors have to be of the same architecture, because they run the same file.
//!
//! The backend is responsible for:
//!
//! - starting the other process with the executable, so that it calls `Runner::new` (for example in `main`, with an argument);
//! - the call's time limit ([`Call::timeout`]) and stack size ([`Call::stack_size`]);
//! - processes that die: their batches are returned unrun or, if a task is known to be the cause, with
//!   [`Batch::break_first`].
//!
//! Whoever can send bytes to such a process can make it run any code: protect connections like those of a shell.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::{Duration, Instant};
//!
//! use joblib_parallel::backend::portable::Runner;
//! use joblib_parallel::backend::{Batch, Call, Capabilities, ParallelBackend, Returned, Session};
//! use joblib_parallel::{Parallel, Result, Waker, delayed, register_parallel_backend};
//!
//! /// What the other process does with what it is sent.
//! fn there(call: &[u8], batch: &[u8]) -> Result<Vec<u8>> {
//!     Runner::new(call)?.run(batch)
//! }
//!
//! struct Remote;
//!
//! impl ParallelBackend for Remote {
//!     fn name(&self) -> &str {
//!         "remote"
//!     }
//!     fn capabilities(&self) -> Capabilities {
//!         Capabilities::remote(Duration::from_millis(20))
//!     }
//!     fn open(&self, call: Call) -> Result<Box<dyn Session>> {
//!         Ok(Box::new(Connection { call: call.pack()?, queue: Vec::new() }))
//!     }
//! }
//!
//! struct Connection {
//!     call: Vec<u8>,
//!     queue: Vec<Batch>,
//! }
//!
//! impl Session for Connection {
//!     fn submit(&mut self, batch: Batch) -> Result<()> {
//!         self.queue.push(batch);
//!         Ok(())
//!     }
//!     fn wait(&mut self, _until: Option<Instant>, returned: &mut Vec<Returned>) -> Result<()> {
//!         for mut batch in self.queue.drain(..) {
//!             match batch.pack() {
//!                 Ok(bytes) => batch.unpack(&there(&self.call, &bytes)?, "the other process")?,
//!                 // The tasks before that one are still to be run, and are submitted again.
//!                 Err(error) => {
//!                     let mut rest = batch.split_off(error.position());
//!                     rest.break_first(error.into_cause(), "");
//!                     returned.push(Returned::Batch(rest));
//!                 }
//!             }
//!             returned.push(Returned::Batch(batch));
//!         }
//!         Ok(())
//!     }
//!     fn cancel(&mut self) {}
//!     fn waker(&self) -> Waker {
//!         Arc::new(|| ())
//!     }
//! }
//!
//! register_parallel_backend(Remote)?;
//! let roots = Parallel::new().backend("remote").n_jobs(2).run((0..100).map(|n| delayed(f64::sqrt, (f64::from(n),))))?;
//! assert_eq!(roots[49], 7.0);
//! # Ok::<(), joblib_parallel::Error>(())
//! ```

use std::fmt;
use std::time::Duration;

use super::{Batch, Call};
use crate::carriers;
use crate::error::{Cause, Error, Result};
use crate::task::process_batch::ProcessBatch;
use crate::wire::arrays::{ArraySharing, Arrays, Memories, Sender};
use crate::wire::batch::BatchWriter;
use crate::wire::codec;
use crate::wire::function_id;
use crate::wire::log::LogLevels;
use crate::wire::message::CallMessage;
use crate::wire::packed::{self, Kind};
use crate::wire::reply::Reply;
pub use crate::worker::runner::Runner;

/// The version of the packed form. Processes with different versions reject each other's bytes.
///
/// ```
/// // What a handshake may compare, before anything is sent.
/// assert_eq!(joblib_parallel::backend::portable::VERSION, 1);
/// ```
pub const VERSION: u32 = packed::VERSION;

/// The error of a batch that can't be packed, because one of its tasks can't.
///
/// ```
/// use joblib_parallel::Cause;
/// use joblib_parallel::backend::Batch;
/// use joblib_parallel::backend::portable::PackError;
///
/// /// What can be packed of a batch, and what can't.
/// fn pack(batch: &mut Batch) -> Result<Vec<u8>, Batch> {
///     batch.pack().map_err(|error: PackError| {
///         let mut rest = batch.split_off(error.position());
///         rest.break_first(error.into_cause(), "");
///         rest
///     })
/// }
/// ```
#[derive(Debug, Clone)]
pub struct PackError {
    position: usize,
    reason: String,
}

impl PackError {
    /// The position of that task among the batch's tasks that have not run.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The reason, for [`Batch::break_first`].
    pub fn into_cause(self) -> Cause {
        Cause::EncodeArguments(self.reason)
    }
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a task can't be packed: {}", self.reason)
    }
}

impl std::error::Error for PackError {}

impl Call {
    /// Encodes what a [`Runner`] has to know of the call, for a process of the same executable on any host: the seed, the
    /// context from [carriers](crate::register_carrier), and how many threads each task may use.
    ///
    /// # Errors
    ///
    /// Returns an error if this crate is part of a shared library, because its address may differ in another
    /// process of the program.
    pub fn pack(&self) -> Result<Vec<u8>> {
        let failed = |reason: String| Error::backend("pack a call", Some(reason.into()));
        if !function_id::is_in_executable() {
            return Err(failed(
                "joblib-parallel is part of a shared library, which another process of the program need not have".to_owned(),
            ));
        }
        let message = CallMessage {
            seed: self.context.seed,
            budget: self.context.budget,
            depth: self.context.depth,
            timed: false,
            on_node: true,
            patience: Duration::MAX,
            sharing: ArraySharing::none(),
            contexts: carriers::capture(),
            log_levels: LogLevels { tracing: 0, log: 0 },
            bar: false,
            captures_output: false,
        };
        let mut contents = Vec::new();
        codec::write(&mut contents, &message).map_err(failed)?;
        Ok(packed::pack(Kind::Call, &contents))
    }
}

impl Batch {
    /// Encodes the tasks that have not run, for a [`Runner`] in a process of the same executable on any host.
    ///
    /// # Errors
    ///
    /// Returns an error if one of the tasks can't be packed: its arguments can't be encoded, or contain an array that
    /// is mapped from a file for writing, because the other process would get a copy.
    pub fn pack(&self) -> Result<Vec<u8>, PackError> {
        // The reply says the number again.
        let mut writer = BatchWriter::new(self.next_index() as u64, self.next_index());
        ProcessBatch::encode(self, writer.runs(), &Sender::of_whole_messages())
            .map_err(|(position, reason)| PackError { position, reason })?;
        Ok(packed::pack(Kind::Batch, writer.finish(&[]).contents()))
    }

    /// Takes the outcomes of its tasks from the reply of [`Runner::run`]. `worker` names the place where they ran, for error
    /// messages.
    ///
    /// # Errors
    ///
    /// Returns an error if `reply` is not a packed reply, or belongs to another version, program or batch. The batch
    /// may have some of the outcomes then; it can be returned to the engine.
    pub fn unpack(&mut self, reply: &[u8], worker: &str) -> Result<()> {
        let mut take = || {
            const MALFORMED: &str = "it is malformed, or the reply to another batch";
            let reply = Reply::parse(packed::unpack(Kind::Reply, reply)?).ok_or(MALFORMED)?;
            if reply.batch != self.next_index() as u64 || reply.outcomes.count() != self.pending() {
                return Err(MALFORMED.to_owned());
            }
            let arrays = Arrays { parts: &[], memories: &Memories::default() };
            let len = reply.outcomes.len();
            ProcessBatch::accept(self, reply.outcomes, arrays, worker).ok_or(MALFORMED)?;
            ProcessBatch::add_cost(self, reply.busy, len);
            Ok(())
        };
        take().map_err(|reason: String| Error::backend("take a packed reply", Some(reason.into())))
    }
}
