//! A worker in the service of a session: what it has to do, and what comes from it.

use std::collections::VecDeque;
use std::time::Duration;

use super::duty::{Duty, Silence};
use super::handle::WorkerHandle;
use crate::backend::Returned;
use crate::backend::worker_settings::WorkerSettings;
use crate::task::process_batch::ProcessBatch;
use crate::wire::arrays::{Arrays, Memories};
use crate::wire::log::{LOG, LogRecord};
use crate::wire::message::{self, ARRAY, REFUSAL};
use crate::wire::reply::{RESULTS, Reply};

/// Where events of workers go: the worker's name comes with each.
pub(crate) type LogSink = Box<dyn Fn(&LogRecord, &str) + Send>;

/// A batch that a worker has.
pub(super) struct InFlight<B> {
    pub(super) number: u64,
    pub(super) batch: B,
}

/// A worker in the service of a session.
pub(super) struct Active<B> {
    pub(super) handle: WorkerHandle,
    /// Memories of arrays in its results that are being decoded.
    memories: Memories,
    introduced: Vec<u128>,
    pub(super) in_flight: VecDeque<InFlight<B>>,
    pub(super) knows_call: bool,
    pub(super) silence: Silence,
}

/// What reading a worker's frames brought.
#[derive(Default)]
pub(super) struct Progress {
    /// Whether it has begun to run tasks.
    pub(super) started: bool,
    /// How long the last complete batch took.
    pub(super) busy: Option<Duration>,
}

pub(super) enum FrameError {
    /// The worker can't be what its setup asks for.
    Refused(String),
    Malformed(String),
}

impl<B: ProcessBatch> Active<B> {
    pub(super) fn new(handle: WorkerHandle) -> Self {
        Active {
            handle,
            memories: Memories::default(),
            introduced: Vec::new(),
            in_flight: VecDeque::new(),
            knows_call: false,
            silence: Silence::default(),
        }
    }

    /// What has to come from it without delay.
    pub(super) fn duty(&self) -> Option<Duty> {
        let page = &self.handle.page;
        if !page.has_started() {
            return Some(Duty::Start);
        }
        if self.handle.connection.is_in_frame() {
            return Some(Duty::FinishFrame);
        }
        // As long as not all of a batch is sent, it can't begin.
        let idle = page.is_ready() && page.is_at_rest() && !self.handle.connection.is_full();
        let began = if page.last().is_none() { Duty::Begin } else { Duty::SendResults };
        (idle && !self.in_flight.is_empty()).then_some(began)
    }

    /// Whether it can take another batch without exceeding the limits after which it is replaced.
    pub(super) fn has_capacity(&self, settings: &WorkerSettings) -> bool {
        let underway: usize = self.in_flight.iter().map(|flight| flight.batch.pending()).sum();
        // What runs behind a task that may have ended a worker could be taken for it.
        let suspect = self.in_flight.iter().any(|flight| flight.batch.is_suspect());
        !suspect
            && settings.recycle_after_tasks.is_none_or(|most| self.handle.tasks + (underway as u64) < most)
            && (settings.recycle_above_bytes.is_none() || self.in_flight.is_empty())
    }

    /// Takes in all whole frames that have arrived; batches that are complete go to `done`.
    pub(super) fn read_frames(
        &mut self,
        done: &mut Vec<Returned<B>>,
        log: &LogSink,
    ) -> Result<Progress, FrameError> {
        let mut progress = Progress::default();
        let Active { handle, memories, introduced, in_flight, .. } = self;
        while let Some(frame) =
            handle.connection.next_frame().map_err(|error| FrameError::Malformed(error.to_string()))?
        {
            match frame.kind {
                REFUSAL => {
                    let reason = message::parse_refusal(frame.bytes).map_err(FrameError::Malformed)?;
                    return Err(FrameError::Refused(reason));
                }
                ARRAY => {
                    let introduction = message::parse_array(frame.bytes).map_err(FrameError::Malformed)?;
                    let descriptor =
                        frame.descriptor.ok_or_else(|| FrameError::Malformed("no memory came".to_owned()))?;
                    introduced.push(introduction.id);
                    memories.introduce(&introduction, descriptor).map_err(|error| {
                        FrameError::Malformed(format!("its arrays can't be mapped: {error}"))
                    })?;
                }
                RESULTS => {
                    progress.started = true;
                    // What the tasks printed arrived before their outcomes.
                    if let Some(output) = &handle.output {
                        output.catch_up();
                    }
                    let finished = results(frame.bytes, in_flight, memories, &handle.name);
                    let Some((count, busy, finished)) = finished else {
                        return Err(FrameError::Malformed("its results are malformed".to_owned()));
                    };
                    handle.tasks += count as u64;
                    memories.forget(introduced);
                    introduced.clear();
                    if finished && let Some(flight) = in_flight.pop_front() {
                        progress.busy = Some(busy);
                        done.push(Returned::Batch(flight.batch));
                    }
                }
                LOG => match LogRecord::parse(frame.bytes) {
                    Ok(record) => log(&record, &handle.name),
                    Err(reason) => return Err(FrameError::Malformed(reason)),
                },
                kind => return Err(FrameError::Malformed(format!("it sent a frame of kind {kind}"))),
            }
        }
        Ok(progress)
    }
}

/// Takes the outcomes of one frame: how many, how long they took, whether the batch is complete; `None` if the frame is
/// malformed.
fn results<B: ProcessBatch>(
    bytes: &[u8],
    in_flight: &mut VecDeque<InFlight<B>>,
    memories: &Memories,
    worker: &str,
) -> Option<(usize, Duration, bool)> {
    let Reply { batch: number, busy, last, outcomes, parts } = Reply::parse(bytes)?;
    let flight = in_flight.front_mut().filter(|flight| flight.number == number)?;
    flight.batch.accept(outcomes, Arrays { parts: &parts, memories }, worker)?;
    flight.batch.add_cost(busy, outcomes.len());
    Some((outcomes.count(), busy, last || flight.batch.pending() == 0))
}
