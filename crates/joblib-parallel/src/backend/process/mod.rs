//! What worker processes have in common, however they are started: a session that sends batches over sockets.
//!
//! Everything happens on the caller's thread, which sleeps in one `poll` over all workers. A worker has one batch in
//! its hands and, when batches are short, one more in its socket, so that it never waits for the parent. The parent
//! keeps the tasks of a batch until their outcomes are there: it can then say what a dead worker was doing, and have
//! the innocent run again.

pub(crate) mod pool;
pub(crate) mod worker;

use std::collections::VecDeque;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use self::worker::{Config, Fate, WorkerHandle};
use super::{Batch, Call, Returned, Session};
use crate::cancel::Waker;
use crate::error::{Cause, Crash, Error, Result};
use crate::settings::Settings;
use crate::wire::arrays::{Introduction, Memories, Sender, Sharing};
use crate::wire::connection::Outgoing;
use crate::wire::message::{self, CallFrame, LogFrame};
use crate::{carry, worker as worker_side};

/// How long a batch should take: a hundred round trips.
pub(crate) const BATCH_TIME: Duration = Duration::from_millis(5);

/// A worker gets a second batch ahead when batches are shorter than this.
const AHEAD: Duration = Duration::from_millis(20);

/// So many workers may die in a row without having run anything before the call gives up.
const MOST_STILLBORN: u32 = 3;

/// How new workers come about.
pub(crate) trait Starter {
    /// A worker as `config` describes, not yet set up.
    fn start(&mut self, config: &Config, name: &str) -> Result<WorkerHandle>;
    /// What becomes of a worker that is idle when the call ends.
    fn park(&mut self, config: &Config, worker: WorkerHandle);
}

/// A batch on its way.
struct Flight {
    id: u64,
    batch: Batch,
}

impl Active {
    /// Will it not be worn out by what it has to do already?
    fn may_go_on(&self, settings: &Settings) -> bool {
        let underway: usize = self.flights.iter().map(|flight| flight.batch.pending()).sum();
        settings.recycle_after_tasks.is_none_or(|most| self.handle.tasks + (underway as u64) < most)
            && (settings.recycle_above_bytes.is_none() || self.flights.is_empty())
    }
}

/// A worker in the service of a session.
struct Active {
    handle: WorkerHandle,
    /// Arrays in results of its that are being decoded.
    memories: Memories,
    introduced: Vec<u64>,
    flights: VecDeque<Flight>,
    knows_call: bool,
}

pub(crate) struct ProcessSession<S: Starter> {
    starter: S,
    config: Config,
    call: Call,
    call_frame: CallFrame,
    sender: Sender,
    workers: Vec<Active>,
    queue: VecDeque<Batch>,
    /// Batches that are done for, before anybody waits for them.
    done: Vec<Returned>,
    next_id: u64,
    recent: Option<Duration>,
    stillborn: u32,
    wake: (UnixStream, Arc<UnixStream>),
}

impl<S: Starter> ProcessSession<S> {
    pub(crate) fn new(starter: S, config: Config, call: Call) -> Result<Self> {
        let failed = |error: std::io::Error| Error::backend("make a pair of sockets", Some(error.into()));
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        for end in [&ours, &theirs] {
            end.set_nonblocking(true).map_err(failed)?;
        }
        let settings = &call.settings;
        let sharing = Sharing {
            from_bytes: settings.shared_from().map(|bytes| bytes as u64),
            mode: settings.mapped_as().name().to_owned(),
            folder: settings.temp_folder.clone(),
        };
        let call_frame = CallFrame {
            seed: call.context.seed,
            budget: call.context.budget,
            depth: call.context.depth,
            timed: settings.timeout.is_some(),
            sharing: sharing.clone(),
            carried: carry::capture()?,
            log_level: worker_side::log::level_wanted(),
        };
        Ok(ProcessSession {
            starter,
            config,
            call,
            call_frame,
            sender: Sender::new(sharing),
            workers: Vec::new(),
            queue: VecDeque::new(),
            done: Vec::new(),
            next_id: 0,
            recent: None,
            stillborn: 0,
            wake: (ours, Arc::new(theirs)),
        })
    }

    /// Gives queued batches to workers that can take them.
    fn dispatch(&mut self) -> Result<()> {
        while !self.queue.is_empty() && !self.call.context.stopped() {
            let Some(place) = self.choose_worker()? else { break };
            let Some(batch) = self.queue.pop_front() else { break };
            self.send(place, batch);
        }
        Ok(())
    }

    /// The worker for the next batch: an idle one, a new one, or one that can have a batch ahead.
    fn choose_worker(&mut self) -> Result<Option<usize>> {
        let settings = &self.call.settings;
        let least = (0..self.workers.len())
            .filter(|i| self.workers[*i].may_go_on(settings))
            .min_by_key(|i| self.workers[*i].flights.len());
        if let Some(place) = least
            && self.workers[place].flights.is_empty()
        {
            return Ok(Some(place));
        }
        if self.workers.len() < self.call.n_jobs {
            let name = format!("worker {}", self.workers.len() + 1);
            let handle = self.starter.start(&self.config, &name)?;
            self.workers.push(Active {
                handle,
                memories: Memories::default(),
                introduced: Vec::new(),
                flights: VecDeque::new(),
                knows_call: false,
            });
            return Ok(Some(self.workers.len() - 1));
        }
        let short = self.recent.is_some_and(|recent| recent < AHEAD);
        Ok(least.filter(|place| short && self.workers[*place].flights.len() < 2))
    }

    /// Encodes a batch for a worker. A task that can't be encoded is cut out, with the reason as its outcome.
    fn send(&mut self, place: usize, mut batch: Batch) {
        let mut frame = Outgoing::new(message::BATCH);
        let id = self.next_id;
        self.next_id += 1;
        message::put_u64(frame.body(), id);
        message::put_u64(frame.body(), batch.next_index() as u64);
        let start = message::begin(frame.body());
        let encoded = self.sender.collecting(|| batch.encode(frame.body()));
        let (parts, memories) = self.sender.take();
        if let Err((bad, reason)) = encoded {
            let mut rest = batch.split_off(bad);
            if batch.pending() > 0 {
                self.queue.push_front(batch);
            }
            rest.break_first(Cause::Arguments(reason), &self.workers[place].handle.name);
            self.done.push(Returned::Batch(rest));
            return;
        }
        message::end(frame.body(), start);
        message::put_parts(frame.body(), &parts);
        batch.add_cost(Duration::ZERO, frame.len());

        let worker = &mut self.workers[place];
        if worker.flights.is_empty() {
            worker.handle.slot.reset();
        }
        // Frames that can't be sent go to a worker that is dead: its end is noticed while waiting.
        if !worker.knows_call {
            worker.knows_call = true;
            match message::frame(message::CALL, &self.call_frame) {
                Ok(frame) => _ = worker.handle.connection.post(frame),
                Err(reason) => tracing::error!(%reason, "a call could not be encoded"),
            }
        }
        for memory in &memories {
            if worker.handle.known.is_new(memory) {
                let (introduction, descriptor) = self.sender.introduce(memory);
                if let Ok(frame) = message::frame(message::ARRAY, &introduction) {
                    let _ = worker.handle.connection.post(frame.with_descriptor(descriptor));
                }
            }
        }
        let _ = worker.handle.connection.post(frame);
        worker.flights.push_back(Flight { id, batch });
    }

    /// Kills workers whose task is out of time; returns when the next one may be.
    fn enforce_timeout(&mut self) -> Option<Instant> {
        let limit = self.call.settings.timeout?;
        let mut next = None;
        for worker in self.workers.iter_mut().filter(|worker| !worker.flights.is_empty()) {
            let spent = match worker.handle.slot.current() {
                Some(_) => worker.handle.slot.elapsed(),
                None => Duration::ZERO,
            };
            match limit.checked_sub(spent) {
                Some(left) if !left.is_zero() => {
                    let end = Instant::now() + left;
                    next = Some(next.map_or(end, |next: Instant| next.min(end)));
                }
                _ => worker.handle.kill(Fate::TimedOut),
            }
        }
        next
    }

    /// Sleeps until something happens; says whether it was the waker.
    fn sleep(&mut self, until: Option<Instant>) -> Result<bool> {
        let mut watched = Vec::with_capacity(2 * self.workers.len() + 1);
        for worker in &self.workers {
            let writable =
                if worker.handle.connection.is_full() { PollFlags::POLLOUT } else { PollFlags::empty() };
            watched.push(PollFd::new(worker.handle.connection.as_fd(), PollFlags::POLLIN | writable));
        }
        for worker in &self.workers {
            // The socket of a worker that died may be held open by a process it left behind.
            if let Some(life) = &worker.handle.life {
                watched.push(PollFd::new(life.as_fd(), PollFlags::POLLIN));
            }
        }
        watched.push(PollFd::new(self.wake.0.as_fd(), PollFlags::POLLIN));
        let timeout = match until.map(|until| until.saturating_duration_since(Instant::now())) {
            None => PollTimeout::NONE,
            // A millisecond more rather than less: waking too early would mean to look again.
            Some(left) => PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX),
        };
        match poll(&mut watched, timeout) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(Error::backend("wait for worker processes", Some(error.into()))),
        }
        let ready: Vec<bool> =
            watched.iter().map(|fd| fd.revents().is_some_and(|events| !events.is_empty())).collect();
        let (sockets, others) = ready.split_at(self.workers.len());
        let woken = others.last().copied().unwrap_or(false);
        let (sockets, lives) = (sockets.to_vec(), others.to_vec());
        let mut life = lives.iter();
        let with_life: Vec<bool> = self
            .workers
            .iter()
            .map(|worker| worker.handle.life.is_some() && life.next().copied().unwrap_or(false))
            .collect();
        for place in (0..sockets.len()).rev() {
            if sockets[place] || with_life[place] {
                self.attend(place, with_life[place])?;
            }
        }
        Ok(woken)
    }

    /// Reads what a worker sent and sends what it can take; buries it if it is dead.
    fn attend(&mut self, place: usize, ended: bool) -> Result<()> {
        let worker = &mut self.workers[place];
        // A dead peer is noticed when reading.
        let _ = worker.handle.connection.flush();
        loop {
            let alive = worker.handle.connection.receive(false).unwrap_or(false);
            let before = self.done.len();
            match read_frames(worker, &mut self.done) {
                Ok(progress) => {
                    if let Some(busy) = progress.busy {
                        self.recent = Some(busy);
                    }
                    if progress.lives {
                        self.stillborn = 0;
                    }
                    if !alive || (ended && self.done.len() == before && !progress.any) {
                        return self.bury(place, None);
                    }
                    if !ended {
                        return Ok(());
                    }
                }
                Err(Trouble::Broken(reason)) => return self.bury(place, Some(reason)),
                Err(Trouble::NotReady(reason)) => {
                    return Err(Error::backend("set up a worker process", Some(reason.into())));
                }
            }
        }
    }

    /// A worker is dead, or makes no sense: says what it was doing, and has the rest run again.
    fn bury(&mut self, place: usize, note: Option<String>) -> Result<()> {
        let Active { mut handle, flights, .. } = self.workers.swap_remove(place);
        // The one it began last is to blame also when it had finished: its outcome did not get here.
        let current = handle.slot.last();
        let (mut crash, fate) = handle.end();
        if note.is_some() {
            crash.note = note;
        }
        if handle.slot.was_out_of_memory() {
            crash.memory_limit = self.config.setup.memory_limit;
        }
        let name = handle.name.clone();
        tracing::warn!(worker = %name, task = ?current, %crash, "a worker process died");
        let stillborn = current.is_none() && !flights.is_empty();
        for Flight { mut batch, .. } in flights {
            let first = batch.next_index();
            let culprit = current.filter(|index| (first..first + batch.pending()).contains(index));
            if let Some(index) = culprit {
                let mut rest = batch.split_off(index - first);
                rest.break_first(self.cause(fate, &crash), &name);
                self.done.push(Returned::Batch(rest));
            }
            self.done.push(Returned::Batch(batch));
        }
        if stillborn {
            self.stillborn += 1;
            if self.stillborn >= MOST_STILLBORN {
                let reason =
                    format!("{name}: {crash}, {} times in a row, before it began a task", self.stillborn);
                return Err(Error::backend("keep worker processes alive", Some(reason.into())));
            }
        }
        Ok(())
    }

    fn cause(&self, fate: Option<Fate>, crash: &Crash) -> Cause {
        match (fate, self.call.settings.timeout) {
            (Some(Fate::TimedOut), Some(limit)) => Cause::Timeout { limit, still_running: false },
            (Some(Fate::Stopped), _) => Cause::Stopped,
            _ => Cause::Crash(crash.clone()),
        }
    }

    /// Ends idle workers that have done enough, or have grown too large.
    fn recycle(&mut self) {
        let settings = &self.call.settings;
        for place in (0..self.workers.len()).rev() {
            let worker = &self.workers[place];
            if worker.flights.is_empty()
                && let Some(reason) = worker.handle.worn_out(settings)
            {
                tracing::info!(worker = %worker.handle.name, %reason, "a worker process is replaced");
                self.workers.swap_remove(place);
            }
        }
    }
}

/// What reading a worker's frames brought.
#[derive(Default)]
struct Progress {
    any: bool,
    lives: bool,
    busy: Option<Duration>,
}

enum Trouble {
    NotReady(String),
    Broken(String),
}

/// Takes in all whole frames that have arrived; batches that are complete go to `done`.
fn read_frames(worker: &mut Active, done: &mut Vec<Returned>) -> std::result::Result<Progress, Trouble> {
    let mut progress = Progress::default();
    let Active { handle, memories, introduced, flights, .. } = worker;
    while let Some(frame) =
        handle.connection.next_frame().map_err(|error| Trouble::Broken(error.to_string()))?
    {
        progress.any = true;
        match frame.kind {
            message::REFUSAL => {
                let reason: String = message::parse(frame.bytes).map_err(Trouble::Broken)?;
                return Err(Trouble::NotReady(reason));
            }
            message::ARRAY => {
                let introduction: Introduction = message::parse(frame.bytes).map_err(Trouble::Broken)?;
                let descriptor =
                    frame.descriptor.ok_or_else(|| Trouble::Broken("no memory came".to_owned()))?;
                introduced.push(introduction.id);
                memories
                    .introduce(&introduction, descriptor)
                    .map_err(|error| Trouble::Broken(format!("its arrays can't be mapped: {error}")))?;
            }
            message::RESULTS => {
                progress.lives = true;
                let finished = results(frame.bytes, flights, memories, &handle.name);
                let Some((count, busy, finished)) = finished else {
                    return Err(Trouble::Broken("its results are torn".to_owned()));
                };
                handle.tasks += count as u64;
                memories.forget(introduced);
                introduced.clear();
                if finished && let Some(flight) = flights.pop_front() {
                    progress.busy = Some(busy);
                    done.push(Returned::Batch(flight.batch));
                }
            }
            message::LOG => match message::parse::<LogFrame>(frame.bytes) {
                Ok(record) => crate::reporter::repeat(&record, &handle.name),
                Err(reason) => return Err(Trouble::Broken(reason)),
            },
            kind => return Err(Trouble::Broken(format!("it sent a frame of kind {kind}"))),
        }
    }
    Ok(progress)
}

/// Takes in one frame of results: how many, how long they took, whether the batch is at its end.
fn results(
    mut input: &[u8],
    flights: &mut VecDeque<Flight>,
    memories: &Memories,
    worker: &str,
) -> Option<(usize, Duration, bool)> {
    let id = message::get_u64(&mut input)?;
    let count = message::get_u64(&mut input)? as usize;
    let busy = Duration::from_nanos(message::get_u64(&mut input)?);
    let last = message::get_u64(&mut input)? != 0;
    let outcomes = message::get_bytes(&mut input)?;
    let parts = message::get_parts(&mut input)?;
    let flight = flights.front_mut().filter(|flight| flight.id == id)?;
    memories.providing(&parts, || flight.batch.accept(count, outcomes, worker))?;
    flight.batch.add_cost(busy, outcomes.len());
    Some((count, busy, last || flight.batch.pending() == 0))
}

impl<S: Starter> Session for ProcessSession<S> {
    fn submit(&mut self, batch: Batch) -> Result<()> {
        self.queue.push_back(batch);
        self.dispatch()
    }

    fn wait(&mut self, until: Option<Instant>, returned: &mut Vec<Returned>) -> Result<()> {
        loop {
            self.dispatch()?;
            if !self.done.is_empty() {
                returned.append(&mut self.done);
                return Ok(());
            }
            let expiry = self.enforce_timeout();
            let woken = self.sleep([until, expiry].into_iter().flatten().min())?;
            self.recycle();
            if woken {
                let _ = self.wake.0.read(&mut [0; 64]);
            }
            if woken || !self.done.is_empty() || until.is_some_and(|until| until <= Instant::now()) {
                self.dispatch()?;
                returned.append(&mut self.done);
                return Ok(());
            }
        }
    }

    fn cancel(&mut self) {
        self.call.context.stop();
        self.done.extend(self.queue.drain(..).map(Returned::Batch));
        for place in (0..self.workers.len()).rev() {
            if !self.workers[place].flights.is_empty() {
                self.workers[place].handle.kill(Fate::Stopped);
                let Active { mut handle, flights, .. } = self.workers.swap_remove(place);
                handle.end();
                self.done.extend(flights.into_iter().map(|flight| Returned::Batch(flight.batch)));
            }
        }
    }

    fn waker(&self) -> Waker {
        let end = Arc::clone(&self.wake.1);
        Arc::new(move || {
            // A full socket wakes as well as one more byte would.
            let _ = std::io::Write::write(&mut &*end, &[1]);
        })
    }
}

impl<S: Starter> Drop for ProcessSession<S> {
    fn drop(&mut self) {
        for Active { mut handle, flights, .. } in self.workers.drain(..) {
            if flights.is_empty() && handle.forget_gone_arrays() {
                self.starter.park(&self.config, handle);
            }
            // Otherwise dropping the handle ends the worker.
        }
    }
}
