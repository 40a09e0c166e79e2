//! The session: it sends batches to agents, and takes what becomes of them.
//!
//! Everything happens on the caller's thread, which sleeps in one `poll` over all connections.

use std::collections::{HashMap, VecDeque};
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::idle;
use super::node::{Flight, FrameError, LostFlight, Node, SUSPECT_AFTER};
use super::peer::{Peer, PeerKind};
use crate::backend::{Batch, Call, Returned, Session};
use crate::cancel::Waker;
use crate::error::{Cause, Crash, Error, Result};
use crate::task::process_batch::ProcessBatch;
use crate::wire::arrays::Sender;
use crate::wire::cluster::{CANCEL, Open};
use crate::wire::connection::{Outgoing, Received};

/// How often the arrays of a task may be gone when it arrives, before that counts as a loss of it.
const MOST_RESENT: u32 = 4;

/// How often in a row, without a result between, a peer is started again when none is left.
const MAX_RESTARTS: u32 = 3;

static CALLS: AtomicU64 = AtomicU64::new(0);

/// Starts a peer again, by its key.
pub(crate) type Restart = Box<dyn FnMut(&str) -> Result<Peer> + Send>;

pub(crate) struct ClusterSession {
    nodes: Vec<Node>,
    call: Call,
    /// What a peer is told of the call.
    open: Open,
    /// The number of the call, which agents repeat.
    number: u64,
    sender: Sender,
    queue: VecDeque<Batch>,
    /// Batches to be returned by the next wait.
    done: Vec<Returned>,
    /// How often a peer was lost that had the task of this index.
    losses: HashMap<usize, u32>,
    /// How often its arrays were gone.
    resent: HashMap<usize, u32>,
    restarts: u32,
    restart: Restart,
    wake: (UnixStream, Arc<UnixStream>),
}

/// Whether `batch` begins with a task that has to have a peer to itself.
fn is_isolated(losses: &HashMap<usize, u32>, batch: &Batch) -> bool {
    losses.get(&batch.next_index()).is_some_and(|losses| *losses >= SUSPECT_AFTER)
}

impl ClusterSession {
    /// A session on these peers, each with its number of slots. Whether their hosts have the files that arrays are mapped from
    /// is `has_files`.
    pub(crate) fn new(
        peers: Vec<(Peer, usize)>,
        call: Call,
        open: Open,
        has_files: bool,
        restart: Restart,
    ) -> Result<Self> {
        let failed = |error: std::io::Error| Error::backend("make a pair of sockets", Some(error.into()));
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        for end in [&ours, &theirs] {
            end.set_nonblocking(true).map_err(failed)?;
        }
        let node = |(peer, slots)| Node::new(peer, slots);
        Ok(ClusterSession {
            nodes: peers.into_iter().map(node).collect(),
            sender: Sender::of_bytes(call.sharing.clone(), has_files),
            call,
            open,
            number: CALLS.fetch_add(1, Ordering::Relaxed),
            queue: VecDeque::new(),
            done: Vec::new(),
            losses: HashMap::new(),
            resent: HashMap::new(),
            restarts: 0,
            restart,
            wake: (ours, Arc::new(theirs)),
        })
    }

    fn dispatch(&mut self) {
        while !self.queue.is_empty() && !self.call.context.stopped() {
            let isolated = self.queue.front().is_some_and(|batch| is_isolated(&self.losses, batch));
            let free = |node: &&mut Node| {
                node.flights.is_empty()
                    || (!isolated
                        && node.flights.len() < node.room()
                        && !node.flights.values().any(|flight| flight.isolated))
            };
            let load = |node: &&mut Node| (node.flights.len() * 1000) / node.slots.max(1);
            let Some(node) = self.nodes.iter_mut().filter(free).min_by_key(load) else { return };
            let Some(batch) = self.queue.pop_front() else { return };
            if let Some(again) =
                node.send(batch, isolated, (self.number, &self.open), &self.sender, &mut self.done)
            {
                self.queue.push_front(again);
            }
        }
    }

    /// Sleeps until something happens; returns whether it was the waker.
    fn sleep(&mut self, until: Option<Instant>) -> Result<bool> {
        let mut polled = vec![PollFd::new(self.wake.0.as_fd(), PollFlags::POLLIN)];
        for Node { peer, .. } in &self.nodes {
            let writable = if peer.connection.is_full() { PollFlags::POLLOUT } else { PollFlags::empty() };
            polled.push(PollFd::new(peer.connection.as_fd(), PollFlags::POLLIN | writable));
        }
        let timeout = match until.map(|until| until.saturating_duration_since(Instant::now())) {
            None => PollTimeout::NONE,
            Some(left) => PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX),
        };
        match poll(&mut polled, timeout) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(Error::backend("wait for nodes", Some(error.into()))),
        }
        let is_ready = |fd: &PollFd<'_>| fd.revents().is_some_and(|events| !events.is_empty());
        let woken = is_ready(&polled[0]);
        let ready = polled[1..].iter().enumerate().filter(|(_, fd)| is_ready(fd));
        let ready: Vec<usize> = ready.map(|(place, _)| place).collect();
        // From the last to the first, for one that is lost gives its place to the last.
        for place in ready.into_iter().rev() {
            self.handle_ready(place)?;
        }
        Ok(woken)
    }

    fn handle_ready(&mut self, place: usize) -> Result<()> {
        let node = &mut self.nodes[place];
        // A peer that is gone is noticed when reading.
        let _ = node.peer.connection.flush();
        let alive = node.peer.connection.receive(false).is_ok_and(|received| received != Received::End);
        let before = self.done.len();
        let (mut lost, mut forgotten) = (Vec::new(), Vec::new());
        let call = (self.number, &*self.call.context);
        let read = node.read_frames(call, &mut self.done, &mut lost, &mut forgotten);
        if self.done.len() > before {
            self.restarts = 0;
        }
        node.follow_capacity(self.call.requested_n_jobs);
        let name = node.peer.name.clone();
        for LostFlight { flight, losses, reason } in lost {
            tracing::warn!(cluster = %name, %reason, "a batch was lost; it runs again");
            self.lose_flight(flight, losses, &name, &reason);
        }
        for flight in forgotten {
            self.send_again(flight, &name);
        }
        match read {
            Ok(()) if alive => Ok(()),
            Ok(()) => self.lose(place, None),
            Err(FrameError::Malformed(reason)) => self.lose(place, Some(reason)),
            Err(FrameError::Failed(reason)) => {
                Err(Error::backend(format!("run tasks on {name}"), Some(reason.into())))
            }
        }
    }

    /// A peer is gone: what it had runs again, on another one.
    fn lose(&mut self, place: usize, reason: Option<String>) -> Result<()> {
        let Node { mut peer, flights, slots, .. } = self.nodes.swap_remove(place);
        let end = peer.end();
        let reason = reason.unwrap_or(end);
        tracing::warn!(node = %peer.name, %reason, "a node was lost; what it had runs again elsewhere");
        for flight in flights.into_values() {
            self.lose_flight(flight, 1, &peer.name, &reason);
        }
        if self.nodes.is_empty() && !self.call.context.stopped() {
            self.restarts += 1;
            let lost = || Error::backend(format!("go on without {}", peer.name), Some(reason.clone().into()));
            if self.restarts > MAX_RESTARTS {
                return Err(lost());
            }
            let again = (self.restart)(&peer.key).map_err(|error| {
                tracing::warn!(node = %peer.name, %error, "the node could not be started again");
                lost()
            })?;
            self.nodes.push(Node::new(again, slots));
        }
        Ok(())
    }

    /// A batch was lost with so many hosts, and with it what its tasks had done.
    fn lose_flight(
        &mut self,
        Flight { pieces, isolated, .. }: Flight,
        losses: u32,
        peer: &str,
        reason: &str,
    ) {
        for mut piece in pieces {
            if isolated {
                let note = format!(
                    "its node was lost with it, as {SUSPECT_AFTER} nodes before, on {peer}: {reason}"
                );
                let crash = Crash { note: Some(note), ..Crash::default() };
                piece.break_first(Cause::Crash(crash), peer);
            } else {
                for index in piece.next_index()..piece.next_index() + piece.pending() {
                    *self.losses.entry(index).or_insert(0) += losses;
                }
                if is_isolated(&self.losses, &piece) {
                    // The engine gives back each of its tasks alone.
                    piece.set_suspect();
                }
            }
            self.done.push(Returned::Batch(piece));
        }
    }

    /// The arrays of a batch are gone: they are sent again with it, unless that happened before and before.
    fn send_again(&mut self, flight: Flight, peer: &str) {
        let count = flight.pieces.first().map_or(0, |piece| {
            let count = self.resent.entry(piece.next_index()).or_insert(0);
            *count += 1;
            *count
        });
        if count > MOST_RESENT {
            tracing::warn!(cluster = %peer, "arrays don't stay on the cluster; their batch counts as lost");
            self.lose_flight(flight, 1, peer, "its arrays don't stay on the cluster");
        } else {
            self.done.extend(flight.pieces.into_iter().map(Returned::Batch));
        }
    }

    /// Ends what the peers are at; what they still say of it is not listened to.
    fn recall(&mut self) {
        for node in &mut self.nodes {
            if !node.flights.is_empty() {
                let _ = node.peer.connection.post(Outgoing::new(CANCEL));
            }
            let flights = std::mem::take(&mut node.flights);
            let pieces = flights.into_values().flat_map(|flight| flight.pieces);
            self.done.extend(pieces.map(Returned::Batch));
        }
    }
}

impl Session for ClusterSession {
    fn submit(&mut self, batch: Batch) -> Result<()> {
        self.queue.push_back(batch);
        self.dispatch();
        Ok(())
    }

    fn wait(&mut self, until: Option<Instant>, returned: &mut Vec<Returned>) -> Result<()> {
        loop {
            self.dispatch();
            if !self.done.is_empty() {
                returned.append(&mut self.done);
                return Ok(());
            }
            let capacity = self.capacity();
            let woken = self.sleep(until)?;
            if woken {
                let _ = self.wake.0.read(&mut [0; 64]);
            }
            if woken
                || self.capacity() != capacity
                || !self.done.is_empty()
                || until.is_some_and(|until| until <= Instant::now())
            {
                self.dispatch();
                returned.append(&mut self.done);
                return Ok(());
            }
        }
    }

    fn cancel(&mut self) {
        self.call.context.stop();
        self.done.extend(self.queue.drain(..).map(Returned::Batch));
        self.recall();
    }

    fn waker(&self) -> Waker {
        let end = Arc::clone(&self.wake.1);
        Arc::new(move || {
            // A full socket wakes as well as one more byte would.
            let _ = std::io::Write::write(&mut &*end, &[1]);
        })
    }

    fn capacity(&self) -> Option<usize> {
        let follows = self.nodes.iter().any(|node| node.peer.kind == PeerKind::Cluster);
        (follows && self.call.requested_n_jobs < 0).then(|| self.nodes.iter().map(|node| node.slots).sum())
    }
}

impl Drop for ClusterSession {
    fn drop(&mut self) {
        self.recall();
        // With their arrays, which the peers can forget then.
        self.queue.clear();
        self.done.clear();
        self.sender.end_call();
        for Node { mut peer, .. } in self.nodes.drain(..) {
            if peer.is_alive() && peer.forget_gone_arrays() {
                idle::park(peer);
            }
        }
    }
}
