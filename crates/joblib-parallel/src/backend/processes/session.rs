//! What worker processes have in common, however they are started: a session that sends batches over sockets.
//!
//! Everything happens on the caller's thread, which sleeps in one `poll` over all workers. A worker has one batch in
//! its hands and, when batches are short, one more in its socket, so that it never waits for the parent. The parent
//! keeps the tasks of a batch until their outcomes are there: it can then say what a dead worker was doing, and have
//! the other tasks run again.

use std::collections::VecDeque;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::active::{Active, FrameError, InFlight, LogSink};
use super::blame::{Evidence, blame};
use super::config::Config;
use super::duty::{self, Duty, Limits, Verdict};
use super::handle::{End, KillReason, WorkerHandle};
use crate::backend::{Batch, Call, Returned, Session};
use crate::cancel::Waker;
use crate::error::{Cause, Crash, Error, Result};
use crate::sys::cpu::cpu_count;
use crate::sys::{child_signal, job_control};
use crate::task::process_batch::ProcessBatch;
use crate::wire::arrays::Sender;
use crate::wire::batch::BatchWriter;
use crate::wire::connection::Received;
use crate::wire::log::LogRecord;
use crate::wire::message::{self, CallMessage};

/// How long a batch should take: a hundred round trips.
pub(crate) const BATCH_TIME: Duration = Duration::from_millis(5);

/// A worker gets a second batch ahead when batches are shorter than this.
const AHEAD: Duration = Duration::from_millis(20);

/// How often it is looked whether more workers can be started.
const START_INTERVAL: Duration = Duration::from_millis(5);

/// The most workers that may die in a row before they began a task; then the call gives up.
const MAX_FAILED_STARTS: u32 = 3;

/// How new workers come about.
pub(crate) trait Starter: Send {
    /// A worker as `config` describes, not yet set up.
    fn start(&mut self, config: &Config, name: &str) -> Result<WorkerHandle>;
    /// What becomes of a worker that is idle when the call ends.
    fn park(&mut self, config: &Config, worker: WorkerHandle);
}

/// A session of worker processes for batches of type `B`: those of the engine, or those that an agent received.
pub(crate) struct ProcessSession<S: Starter, B: ProcessBatch = Batch> {
    starter: S,
    config: Config,
    call: Call,
    call_message: CallMessage,
    sender: Sender,
    workers: Vec<Active<B>>,
    queue: VecDeque<B>,
    /// Batches to be returned by the next wait.
    done: Vec<Returned<B>>,
    log: LogSink,
    next_number: u64,
    recent: Option<Duration>,
    failed_starts: u32,
    /// The most workers that start at the same time. To start one takes a processor far longer than a tiny task does, and
    /// while they start, those that are there may do all the work.
    max_starting: usize,
    /// How long workers may be silent.
    limits: Limits,
    wake: (UnixStream, Arc<UnixStream>),
    /// Workers stop and go on with this process.
    _job_control: job_control::Guard,
}

impl<S: Starter, B: ProcessBatch> ProcessSession<S, B> {
    /// A session for `call`, of which workers are told `call_message`.
    pub(crate) fn new(starter: S, config: Config, call: Call, call_message: CallMessage) -> Result<Self> {
        let failed = |error: std::io::Error| Error::backend("make a pair of sockets", Some(error.into()));
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        for end in [&ours, &theirs] {
            end.set_nonblocking(true).map_err(failed)?;
        }
        let limits = Limits::from_env()?;
        child_signal::make_waitable();
        Ok(ProcessSession {
            starter,
            config,
            sender: Sender::new(call.sharing.clone()),
            call,
            call_message,
            workers: Vec::new(),
            queue: VecDeque::new(),
            done: Vec::new(),
            log: Box::new(LogRecord::emit),
            next_number: 0,
            recent: None,
            failed_starts: 0,
            max_starting: cpu_count().max(2),
            limits,
            wake: (ours, Arc::new(theirs)),
            _job_control: job_control::watch(),
        })
    }

    /// The call that it runs.
    #[cfg(feature = "cluster")]
    pub(crate) fn context(&self) -> &Arc<crate::task::context::CallContext> {
        &self.call.context
    }

    /// Has events of workers go to `log`, instead of being repeated in this process.
    #[cfg(feature = "cluster")]
    pub(crate) fn set_log(&mut self, log: LogSink) {
        self.log = log;
    }

    /// Gives queued batches to workers that can take them.
    fn dispatch(&mut self) -> Result<()> {
        while !self.queue.is_empty() && !self.call.context.stopped() {
            let Some(place) = self.choose_worker()? else { break };
            let Some(batch) = self.queue.pop_front() else { break };
            self.send(place, batch)?;
        }
        Ok(())
    }

    /// The worker for the next batch: an idle one, a new one, or one that can have a batch ahead.
    fn choose_worker(&mut self) -> Result<Option<usize>> {
        let settings = &self.call.workers;
        let least = (0..self.workers.len())
            .filter(|i| self.workers[*i].has_capacity(settings))
            .min_by_key(|i| self.workers[*i].in_flight.len());
        if let Some(place) = least
            && self.workers[place].in_flight.is_empty()
        {
            return Ok(Some(place));
        }
        if self.workers.len() < self.call.n_jobs && self.starting() < self.max_starting {
            let name = format!("worker {}", self.workers.len() + 1);
            let handle = self.starter.start(&self.config, &name)?;
            self.workers.push(Active::new(handle));
            return Ok(Some(self.workers.len() - 1));
        }
        let suspect = self.queue.front().is_some_and(B::is_suspect);
        let short = !suspect && self.recent.is_some_and(|recent| recent < AHEAD);
        Ok(least.filter(|place| short && self.workers[*place].in_flight.len() < 2))
    }

    /// How many workers have not begun their first task.
    fn starting(&self) -> usize {
        let starting = |active: &&Active<B>| active.handle.tasks == 0 && active.handle.page.last().is_none();
        self.workers.iter().filter(starting).count()
    }

    /// When to see whether more workers can be started: no event says that one of them has begun.
    fn next_start(&self) -> Option<Instant> {
        let held_back = !self.queue.is_empty() && self.workers.len() < self.call.n_jobs;
        (held_back && !self.call.context.stopped()).then(|| Instant::now() + START_INTERVAL)
    }

    /// Encodes a batch for a worker. A task that can't be encoded is cut out, with the reason as its outcome.
    fn send(&mut self, place: usize, mut batch: B) -> Result<()> {
        let number = self.next_number;
        self.next_number += 1;
        let mut writer = BatchWriter::new(number, batch.next_index());
        let encoded = batch.encode(writer.runs(), &self.sender);
        let (parts, memories) = self.sender.take();
        if let Err((bad, reason)) = encoded {
            let mut rest = batch.split_off(bad);
            if batch.pending() > 0 {
                self.queue.push_front(batch);
            }
            rest.break_first(Cause::EncodeArguments(reason), &self.workers[place].handle.name);
            self.done.push(Returned::Batch(rest));
            return Ok(());
        }
        let frame = writer.finish(&parts);
        batch.add_cost(Duration::ZERO, frame.len());

        let worker = &mut self.workers[place];
        if worker.in_flight.is_empty() {
            worker.handle.page.reset();
        }
        // Frames that can't be sent go to a worker that is dead: its end is noticed while waiting.
        if !worker.knows_call {
            worker.knows_call = true;
            if self.call.context.captured.is_some() {
                worker.handle.capture_output(&self.call.context)?;
            }
            match self.call_message.frame() {
                Ok(frame) => _ = worker.handle.connection.post(frame),
                Err(reason) => tracing::error!(%reason, "a call could not be encoded"),
            }
        }
        // The batches before this one are done with them when the worker comes to that.
        worker.handle.forget_many_gone_arrays();
        for memory in &memories {
            if worker.handle.known.is_new(memory, Some(self.sender.mode_of(memory))) {
                let (introduction, descriptor) = self.sender.introduce(memory);
                if let Ok(frame) = message::array_frame(&introduction, descriptor) {
                    let _ = worker.handle.connection.post(frame);
                }
            }
        }
        let _ = worker.handle.connection.post(frame);
        worker.in_flight.push_back(InFlight { number, batch });
        Ok(())
    }

    /// Kills workers whose task is out of time; returns when the next one may be.
    fn enforce_timeout(&mut self) -> Option<Instant> {
        let limit = self.call.timeout?;
        let mut next = None;
        for worker in self.workers.iter_mut().filter(|worker| !worker.in_flight.is_empty()) {
            let current = worker.handle.page.current();
            let spent = current.map_or(Duration::ZERO, |_| worker.handle.page.elapsed());
            match (current, limit.saturating_sub(spent)) {
                (Some(index), Duration::ZERO) => worker.handle.kill(KillReason::TimedOut(index)),
                (_, left) => {
                    let end = Instant::now() + left;
                    next = Some(next.map_or(end, |next: Instant| next.min(end)));
                }
            }
        }
        next
    }

    /// Ends workers that owe something and are silent; returns when to look again.
    fn end_silent_workers(&mut self) -> Result<Option<Instant>> {
        let now = Instant::now();
        let mut next: Option<Instant> = None;
        for place in (0..self.workers.len()).rev() {
            let worker = &mut self.workers[place];
            if worker.in_flight.is_empty() {
                continue;
            }
            let duty = worker.duty();
            match worker.silence.look(duty, self.limits, now) {
                Verdict::Wait(until) => next = Some(next.map_or(until, |next| next.min(until))),
                Verdict::Overdue(Duty::Start, seconds) => self.give_up_start(place, seconds)?,
                Verdict::Overdue(duty, seconds) => {
                    let done = duty.description();
                    self.reap(place, Some(format!("{done}, and then nothing for {seconds} seconds")))?;
                }
            }
        }
        Ok(next)
    }

    /// Ends a worker that does not start: and with it the call, unless other workers did start.
    fn give_up_start(&mut self, place: usize, seconds: u32) -> Result<()> {
        let reason = duty::never_started(seconds);
        if self.workers.iter().any(|worker| worker.handle.page.has_started()) {
            return self.reap(place, Some(reason));
        }
        let reason = format!("{}: {reason}", self.workers[place].handle.name);
        Err(Error::backend("start a worker process", Some(reason.into())))
    }

    /// Sleeps until something happens; returns whether it was the waker.
    fn sleep(&mut self, until: Option<Instant>) -> Result<bool> {
        let mut polled = vec![PollFd::new(self.wake.0.as_fd(), PollFlags::POLLIN)];
        // Whose each of the others is, and whether it becomes ready when the process ends.
        let mut events: Vec<(usize, bool)> = Vec::with_capacity(2 * self.workers.len());
        for (place, Active { handle, .. }) in self.workers.iter().enumerate() {
            let writable = if handle.connection.is_full() { PollFlags::POLLOUT } else { PollFlags::empty() };
            polled.push(PollFd::new(handle.connection.as_fd(), PollFlags::POLLIN | writable));
            events.push((place, false));
            // The socket of a worker that died may be held open by a process it left behind.
            if let Some(pidfd) = &handle.pidfd {
                polled.push(PollFd::new(pidfd.as_fd(), PollFlags::POLLIN));
                events.push((place, true));
            }
        }
        let timeout = match until.map(|until| until.saturating_duration_since(Instant::now())) {
            None => PollTimeout::NONE,
            // A millisecond more rather than less: waking too early would mean to look again.
            Some(left) => PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX),
        };
        match poll(&mut polled, timeout) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(Error::backend("wait for worker processes", Some(error.into()))),
        }
        let is_ready = |fd: &PollFd<'_>| fd.revents().is_some_and(|events| !events.is_empty());
        let woken = is_ready(&polled[0]);
        let ready = polled[1..].iter().zip(events).filter(|(fd, _)| is_ready(fd)).map(|(_, event)| event);
        let mut ready: Vec<(usize, bool)> = ready.collect();
        // From the last to the first, for a worker that is reaped gives its place to the last. Of two events of one
        // worker that its process ended comes first, and includes the other.
        ready.reverse();
        ready.dedup_by_key(|(place, _)| *place);
        for (place, ended) in ready {
            self.handle_ready(place, ended)?;
        }
        Ok(woken)
    }

    /// Reads what a worker sent and sends what it can take; reaps it if it is dead, once all that it sent is read.
    fn handle_ready(&mut self, place: usize, ended: bool) -> Result<()> {
        let worker = &mut self.workers[place];
        // A dead peer is noticed when reading.
        let _ = worker.handle.connection.flush();
        loop {
            let received = worker.handle.connection.receive(false).unwrap_or(Received::End);
            worker.silence.end();
            match worker.read_frames(&mut self.done, &self.log) {
                Ok(progress) => {
                    if let Some(busy) = progress.busy {
                        self.recent = Some(busy);
                    }
                    if progress.started {
                        self.failed_starts = 0;
                    }
                    match received {
                        Received::End => return self.reap(place, None),
                        // A process that it left behind may hold its socket open.
                        Received::Nothing if ended => return self.reap(place, None),
                        Received::Bytes if ended => {}
                        Received::Bytes | Received::Nothing => return Ok(()),
                    }
                }
                Err(FrameError::Malformed(reason)) => return self.reap(place, Some(reason)),
                Err(FrameError::Refused(reason)) => {
                    return Err(Error::backend("set up a worker process", Some(reason.into())));
                }
            }
        }
    }

    /// A worker is dead, or sent something malformed: the task that ended it fails, the others run again.
    fn reap(&mut self, place: usize, note: Option<String>) -> Result<()> {
        let Active { mut handle, in_flight, .. } = self.workers.swap_remove(place);
        let connected = note.is_none();
        let End { mut crash, kill_reason, by_itself } = handle.end();
        // Read when the process is gone, and can't begin another task.
        let last = handle.page.last();
        // Of a worker that could no longer talk, any of the tasks may be the reason whose outcomes did not arrive.
        let talked = connected && by_itself && !handle.page.was_disconnected();
        let evidence = Evidence::of(last, handle.page.current().is_some(), kill_reason, talked);
        let panic = last.and_then(|index| handle.page.panic_of(index));
        if note.is_some() {
            crash.note = note;
        }
        if handle.page.was_out_of_memory() {
            crash.memory_limit = self.config.setup.memory_limit;
        }
        crash.panic = panic;
        let name = handle.name.clone();
        tracing::warn!(worker = %name, task = ?last, %crash, "a worker process died");
        let failed_start = last.is_none() && handle.tasks == 0 && !in_flight.is_empty();
        let cause = cause(self.call.timeout, kill_reason, &crash);
        blame(evidence, in_flight, cause, &name, &mut self.done);
        if failed_start {
            self.failed_starts += 1;
            if self.failed_starts >= MAX_FAILED_STARTS {
                let reason =
                    format!("{name}: {crash}, {} times in a row, before it began a task", self.failed_starts);
                return Err(Error::backend("keep worker processes alive", Some(reason.into())));
            }
        }
        Ok(())
    }

    /// Ends idle workers that have done enough, or have grown too large.
    fn recycle(&mut self) {
        let settings = &self.call.workers;
        for place in (0..self.workers.len()).rev() {
            let worker = &self.workers[place];
            if worker.in_flight.is_empty()
                && let Some(reason) = worker.handle.worn_out(settings)
            {
                tracing::info!(worker = %worker.handle.name, %reason, "a worker process is replaced");
                self.workers.swap_remove(place);
            }
        }
    }
}

/// Why the task failed that a worker was ended by, or for.
fn cause(timeout: Option<Duration>, kill_reason: Option<KillReason>, crash: &Crash) -> Cause {
    match (kill_reason, timeout) {
        (Some(KillReason::TimedOut(_)), Some(limit)) => Cause::Timeout { limit, still_running: false },
        (Some(KillReason::Stopped), _) => Cause::Stopped,
        _ => Cause::Crash(crash.clone()),
    }
}

impl<S: Starter, B: ProcessBatch> Session<B> for ProcessSession<S, B> {
    fn submit(&mut self, batch: B) -> Result<()> {
        self.queue.push_back(batch);
        self.dispatch()
    }

    fn wait(&mut self, until: Option<Instant>, returned: &mut Vec<Returned<B>>) -> Result<()> {
        loop {
            self.dispatch()?;
            if !self.done.is_empty() {
                returned.append(&mut self.done);
                return Ok(());
            }
            let expiry = self.enforce_timeout();
            let silence = self.end_silent_workers()?;
            if !self.done.is_empty() {
                continue;
            }
            let start = self.next_start();
            let woken = self.sleep([until, expiry, silence, start].into_iter().flatten().min())?;
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
            if !self.workers[place].in_flight.is_empty() {
                self.workers[place].handle.kill(KillReason::Stopped);
                let Active { mut handle, in_flight, .. } = self.workers.swap_remove(place);
                handle.end();
                self.done.extend(in_flight.into_iter().map(|flight| Returned::Batch(flight.batch)));
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

impl<S: Starter, B: ProcessBatch> Drop for ProcessSession<S, B> {
    fn drop(&mut self) {
        self.queue.clear();
        self.done.clear();
        self.sender.end_call();
        for Active { mut handle, in_flight, .. } in self.workers.drain(..) {
            if in_flight.is_empty() && handle.forget_gone_arrays() {
                handle.release_output();
                self.starter.park(&self.config, handle);
            }
            // Otherwise dropping the handle ends the worker.
        }
    }
}
