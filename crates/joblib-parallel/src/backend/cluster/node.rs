//! A peer as a session uses it: the batches that it has, and the frames that go to it and come from it.

use std::collections::HashMap;
use std::time::Duration;

use joblib_array::Buffer;

use super::peer::{Peer, PeerKind};
use crate::backend::{Batch, Returned, n_jobs};
use crate::error::Cause;
use crate::task::context::CallContext;
use crate::task::process_batch::ProcessBatch;
use crate::wire::arrays::{Arrays, Memories, Sender};
use crate::wire::batch::{BATCH, BatchWriter};
use crate::wire::cluster::{
    self, ALONE, BYTES, CAPACITY, EVENT, FAILED, FORGOTTEN, GAVE_UP, LOST, MEMORY, Open, RETURNED,
    ReturnedReader,
};
use crate::wire::output::StreamName;

/// How many batches a peer has for each of its slots: the one that runs, and the next one.
const AHEAD: usize = 2;

/// A task that was with this many hosts when they were lost has the next one to itself; when that is lost too, the task is the
/// reason.
pub(super) const SUSPECT_AFTER: u32 = 2;

/// A peer in the service of the session.
pub(super) struct Node {
    pub(super) peer: Peer,
    pub(super) slots: usize,
    pub(super) knows_call: bool,
    pub(super) flights: HashMap<u64, Flight>,
    /// Memory of arrays in results that are being decoded.
    pub(super) memories: Memories,
    pub(super) introduced: Vec<u128>,
}

/// A batch that a peer has: what is not answered of it, in pieces.
pub(super) struct Flight {
    pub(super) pieces: Vec<Batch>,
    pub(super) suspect: bool,
    /// Whether the peer has nothing else.
    pub(super) isolated: bool,
}

/// A batch that was lost, though its peer is there.
pub(super) struct LostFlight {
    pub(super) flight: Flight,
    /// With how many hosts, as far as that counts.
    pub(super) losses: u32,
    pub(super) reason: String,
}

/// Why what a peer sent can't be gone on with.
pub(super) enum FrameError {
    /// The agent can't go on with the call.
    Failed(String),
    Malformed(String),
}

impl Node {
    pub(super) fn new(peer: Peer, slots: usize) -> Self {
        Node {
            peer,
            slots,
            knows_call: false,
            flights: HashMap::new(),
            memories: Memories::default(),
            introduced: Vec::new(),
        }
    }

    /// All of a cluster are what it has at the moment.
    pub(super) fn follow_capacity(&mut self, requested_n_jobs: i32) {
        if self.peer.kind == PeerKind::Cluster
            && requested_n_jobs < 0
            && let Ok(slots) = n_jobs::resolve(requested_n_jobs, self.peer.cpus)
        {
            self.slots = slots;
        }
    }

    /// How many batches it may have at a time.
    pub(super) fn room(&self) -> usize {
        match self.peer.kind {
            PeerKind::Host => AHEAD * self.slots,
            // Who distributes them runs as many at a time as it can.
            PeerKind::Cluster if self.slots < self.peer.cpus => self.slots,
            PeerKind::Cluster => AHEAD * self.peer.cpus.max(1),
        }
    }

    /// Sends a batch. A task that can't be encoded is cut out, with the reason as its outcome; what is returned is what came
    /// before it.
    pub(super) fn send(
        &mut self,
        mut batch: Batch,
        isolated: bool,
        (call, open): (u64, &Open),
        sender: &Sender,
        done: &mut Vec<Returned>,
    ) -> Option<Batch> {
        let number = self.peer.next_number;
        self.peer.next_number += 1;
        let suspect = ProcessBatch::is_suspect(&batch);
        let kind = if suspect { ALONE } else { BATCH };
        let mut writer = BatchWriter::of_kind(kind, number, batch.next_index());
        let encoded = batch.encode(writer.runs(), sender);
        let (parts, contents) = sender.take_contents();
        if let Err((bad, reason)) = encoded {
            let mut rest = batch.split_off(bad);
            rest.break_first(Cause::EncodeArguments(reason), &self.peer.name);
            done.push(Returned::Batch(rest));
            return Some(batch).filter(|batch| batch.pending() > 0);
        }
        let mut frame = writer.finish(&parts);
        cluster::describe_batch(&mut frame, batch.pending(), &batch.function());
        batch.add_cost(Duration::ZERO, frame.len());
        // What can't be sent is of a peer that is gone, which is noticed while waiting.
        if !self.knows_call {
            self.knows_call = true;
            match cluster::open_frame(self.slots, call, open) {
                Ok(frame) => _ = self.peer.connection.post(frame),
                Err(reason) => tracing::error!(%reason, "a call could not be encoded"),
            }
        }
        // The batches before this one have theirs when the agent comes to that.
        self.peer.forget_many_gone_arrays();
        for (content, buffer) in &contents {
            if self.peer.known.is_new(content, None) {
                let frame = content.with_bytes(buffer, |bytes| self.peer.array_frame(content, bytes));
                let _ = self.peer.connection.post(frame);
            }
        }
        let _ = self.peer.connection.post(frame);
        self.flights.insert(number, Flight { pieces: vec![batch], suspect, isolated });
        None
    }

    /// Takes in all whole frames that have arrived.
    pub(super) fn read_frames(
        &mut self,
        (call, context): (u64, &CallContext),
        done: &mut Vec<Returned>,
        lost: &mut Vec<LostFlight>,
        forgotten: &mut Vec<Flight>,
    ) -> std::result::Result<(), FrameError> {
        let Node { peer, flights, memories, introduced, .. } = self;
        let malformed = |what: &str| FrameError::Malformed(format!("{what} is malformed"));
        let broken = |error: std::io::Error| FrameError::Malformed(error.to_string());
        loop {
            if let Some(contents) = peer.connection.next_large(BYTES).map_err(broken)? {
                let (id, memory) = cluster::split_bytes(&contents).ok_or_else(|| malformed("an array"))?;
                introduced.push(id);
                memories.insert(id, memory);
                continue;
            }
            let Some(frame) = peer.connection.next_frame().map_err(broken)? else { return Ok(()) };
            match frame.kind {
                BYTES => {
                    let (id, bytes) =
                        cluster::parse_bytes(frame.bytes).ok_or_else(|| malformed("an array"))?;
                    introduced.push(id);
                    memories.insert(id, Buffer::copy_of(bytes));
                }
                MEMORY => {
                    let (id, len) =
                        cluster::parse_memory(frame.bytes).ok_or_else(|| malformed("an array's memory"))?;
                    let file = frame.descriptor.ok_or_else(|| malformed("an array's memory"))?;
                    introduced.push(id);
                    memories.adopt(id, file.into(), len).map_err(|error| {
                        FrameError::Malformed(format!("an array's memory can't be had: {error}"))
                    })?;
                }
                RETURNED => {
                    let returned = take(frame.bytes, flights, memories, (&peer.name, context), done);
                    returned.ok_or_else(|| malformed("what became of its tasks"))?;
                    memories.forget(introduced);
                    introduced.clear();
                }
                EVENT => {
                    let (record, worker) =
                        cluster::parse_event(frame.bytes).map_err(FrameError::Malformed)?;
                    record.emit(&format!("{worker} on {}", peer.name));
                }
                FAILED => {
                    let (number, reason) =
                        cluster::parse_reason(frame.bytes).ok_or_else(|| malformed("a failure"))?;
                    if number == call {
                        return Err(FrameError::Failed(reason));
                    }
                }
                kind @ (LOST | GAVE_UP) => {
                    let (number, reason) =
                        cluster::parse_reason(frame.bytes).ok_or_else(|| malformed("a loss"))?;
                    let losses = if kind == GAVE_UP { SUSPECT_AFTER } else { 1 };
                    lost.extend(flights.remove(&number).map(|flight| LostFlight { flight, losses, reason }));
                }
                CAPACITY => {
                    let (cpus, _) =
                        cluster::parse_reason(frame.bytes).ok_or_else(|| malformed("a capacity"))?;
                    peer.cpus = cpus as usize;
                }
                FORGOTTEN => {
                    let (number, ids) =
                        cluster::parse_forgotten(frame.bytes).ok_or_else(|| malformed("a list of arrays"))?;
                    ids.for_each(|id| peer.known.forget(id));
                    forgotten.extend(flights.remove(&number));
                }
                kind => return Err(FrameError::Malformed(format!("it sent a frame of kind {kind}"))),
            }
        }
    }
}

/// Takes what became of consecutive tasks of a batch; `None` if it is malformed.
fn take(
    bytes: &[u8],
    flights: &mut HashMap<u64, Flight>,
    memories: &Memories,
    (peer, context): (&str, &CallContext),
    done: &mut Vec<Returned>,
) -> Option<()> {
    let ReturnedReader { batch: number, tasks, head, printed, pieces } = cluster::parse_returned(bytes)?;
    // Of a call that was cancelled.
    let Some(flight) = flights.get_mut(&number) else { return Some(()) };
    let holds = |piece: &Batch| {
        let end = head.first.checked_add(tasks);
        piece.next_index() <= head.first && end.is_some_and(|end| end <= piece.next_index() + piece.pending())
    };
    let place = flight.pieces.iter().position(holds)?;
    let mut batch = flight.pieces.remove(place);
    let before = head.first - batch.next_index();
    if before > 0 {
        let tail = batch.split_off(before);
        flight.pieces.push(std::mem::replace(&mut batch, tail));
    }
    let after = batch.split_off(tasks);
    let suspect = head.suspect || flight.suspect;
    if after.pending() > 0 {
        flight.pieces.push(after);
    }
    if flight.pieces.is_empty() {
        flights.remove(&number);
    }
    if let Some(captured) = &context.captured {
        let position = context.recorded.get();
        for cluster::Printed { task, stdout, stderr } in printed {
            captured.arrived(position, task, StreamName::Stdout, stdout);
            captured.arrived(position, task, StreamName::Stderr, stderr);
        }
    }
    for cluster::Piece { worker, outcomes, parts } in pieces {
        let worker = format!("{worker} on {peer}");
        let arrays = Arrays { parts: &parts, memories };
        batch.add_cost(Duration::ZERO, outcomes.len());
        batch.accept(outcomes, arrays, &worker)?;
    }
    batch.add_cost(head.busy, 0);
    if let Some((broken, worker)) = head.broken {
        batch.break_first(broken.into(), &format!("{worker} on {peer}"));
    }
    if suspect {
        batch.set_suspect();
    }
    done.push(Returned::Batch(batch));
    Some(())
}
