//! [`Runner`]: runs batches that another process has packed.

use std::fmt;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::call::{CurrentCall, MALFORMED, Observer};
use crate::error::{Error, Result};
use crate::task::panics;
use crate::wire::arrays::{Memories, Sender};
use crate::wire::batch::BatchReader;
use crate::wire::codec;
use crate::wire::function_id::WorkerKind;
use crate::wire::packed::{self, Kind};
use crate::wire::reply::ReplyWriter;

/// Runs the batches of one call, in another process of the program that packed them; see the
/// [module](crate::backend::portable) for an example.
///
/// It can be shared by threads that each run a batch. A task has the call's seed, context and share of threads, as on other
/// backends. A panic of a task becomes its outcome; if the process ends, the backend has to notice it.
pub struct Runner {
    call: CurrentCall,
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").finish_non_exhaustive()
    }
}

impl Runner {
    /// Creates a runner for the batches of a call that [`Call::pack`](crate::backend::Call::pack) has packed.
    ///
    /// The bytes must come from the program itself and be trusted, because they determine the code that runs.
    ///
    /// # Errors
    ///
    /// Returns an error if `call` is not a packed call, or belongs to another version, program or build. The
    /// error says which.
    pub fn new(call: &[u8]) -> Result<Self> {
        panics::install_hook();
        let read = || {
            let message = codec::parse(packed::unpack(Kind::Call, call)?)?;
            CurrentCall::new(message, WorkerKind::Started)
        };
        let call = read().map_err(|reason| Error::backend("take a packed call", Some(reason.into())))?;
        Ok(Runner { call })
    }

    /// Runs a batch that [`Batch::pack`](crate::backend::Batch::pack) has packed, on this thread, and returns what
    /// [`Batch::unpack`](crate::backend::Batch::unpack) takes: the outcomes of all its tasks.
    ///
    /// # Errors
    ///
    /// Returns an error if `batch` is not a packed batch, or belongs to another version, program or build. The
    /// error says which.
    pub fn run(&self, batch: &[u8]) -> Result<Vec<u8>> {
        self.try_run(batch).map_err(|reason| Error::backend("run a packed batch", Some(reason.into())))
    }

    fn try_run(&self, batch: &[u8]) -> std::result::Result<Vec<u8>, String> {
        let mut batch = BatchReader::new(packed::unpack(Kind::Batch, batch)?).ok_or(MALFORMED)?;
        let mut observer =
            All { reply: ReplyWriter::new(batch.number), started: Instant::now(), busy: Duration::ZERO };
        let sender = Sender::of_copies();
        self.call.run(&mut batch, &Memories::default(), &sender, &mut observer)?;
        Ok(packed::pack(Kind::Reply, observer.reply.finish(observer.busy, &[]).contents()))
    }
}

/// Keeps all outcomes.
struct All {
    reply: ReplyWriter,
    started: Instant,
    busy: Duration,
}

impl Observer for All {
    fn begin_tasks(&mut self) {
        self.started = Instant::now();
    }

    fn outcome(&mut self, run: impl FnOnce(&mut Vec<u8>)) -> std::result::Result<ControlFlow<()>, String> {
        self.reply.outcome(run);
        Ok(ControlFlow::Continue(()))
    }

    fn end_batch(&mut self) {
        self.busy = self.started.elapsed();
    }
}
