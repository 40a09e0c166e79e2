//! A worker's life: read frames, run batches, send outcomes; leave when the parent does.

use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use joblib_array::MmapMode;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::call::Incoming;
use super::slot::Slot;
use super::{limits, log, watch};
use crate::context::{self, CallContext};
use crate::portable::{self, Name};
use crate::wire::arrays::{Introduction, Memories, Sender, Sharing};
use crate::wire::connection::{Connection, Frame, Outgoing, send_all};
use crate::wire::message::{self, CallFrame, Setup, outcome};
use crate::{carry, panics};

/// Outcomes are sent at least this often, so that a crash loses little, and no later task keeps them waiting.
const FLUSH: Duration = Duration::from_millis(10);
/// A batch that takes longer was meant for faster tasks: what is left of it goes back, for others to share.
const PATIENCE: Duration = Duration::from_millis(100);
/// And whenever they are this large.
const FLUSH_BYTES: usize = 1 << 20;

/// The sending side, shared with what records events.
pub(crate) type Writer = Arc<Mutex<OwnedFd>>;

/// What ends a worker.
pub(crate) enum End {
    /// The parent is gone or has no use for it.
    Left,
    /// The parent sent something that makes no sense.
    Broken(String),
}

struct Worker {
    slot: Arc<Slot>,
    writer: Writer,
    memories: Memories,
    idle: Option<Duration>,
    call: Option<CurrentCall>,
}

struct CurrentCall {
    context: Arc<CallContext>,
    sender: Sender,
    timed: bool,
    carried: Vec<(Name, Vec<u8>)>,
}

/// Serves the parent at the other end of `socket` until it leaves.
pub(crate) fn serve(socket: OwnedFd, slot: Option<Slot>) -> End {
    match Worker::start(socket, slot) {
        Ok((mut worker, mut connection)) => worker.work(&mut connection),
        Err(reason) => End::Broken(reason),
    }
}

impl Worker {
    /// Waits for the first frame and does what it says.
    fn start(socket: OwnedFd, inherited: Option<Slot>) -> Result<(Worker, Connection), String> {
        let text = |error: std::io::Error| error.to_string();
        let writer = Arc::new(Mutex::new(socket.try_clone().map_err(text)?));
        let mut connection = Connection::new(socket);
        let (setup, slot) = loop {
            if !connection.receive(true).map_err(text)? {
                return Err("the parent left before it said what to do".to_owned());
            }
            if let Some(frame) = connection.next_frame().map_err(text)? {
                let setup = message::parse::<Setup>(frame.bytes)?;
                let slot = match (inherited, frame.descriptor) {
                    (Some(slot), _) => slot,
                    (None, Some(file)) => Slot::map(&file.into()).map_err(text)?,
                    (None, None) => return Err("there is no shared page".to_owned()),
                };
                break (setup, slot);
            }
        };
        let mut worker = Worker {
            slot: Arc::new(slot),
            writer,
            memories: Memories::default(),
            idle: setup.idle_seconds.map(Duration::from_secs),
            call: None,
        };
        panics::install_hook();
        watch::start(connection.as_fd()).map_err(text)?;
        if let Err(reason) = worker.prepare(&setup) {
            worker.send(message::frame(message::REFUSAL, &reason)?)?;
            return Err(reason);
        }
        Ok((worker, connection))
    }

    /// Makes this process what the user asked for.
    fn prepare(&mut self, setup: &Setup) -> Result<(), String> {
        if setup.fingerprint != portable::fingerprint() {
            return Err("the worker runs another executable than its parent".to_owned());
        }
        limits::apply(setup, &self.slot)?;
        if let Some((distance, check, arguments)) = &setup.initializer {
            let mut out = Vec::new();
            let sender = Sender::new(Sharing::none());
            let trampoline = Name { distance: *distance, check: *check }.resolve()?;
            trampoline(&mut Incoming {
                check: Some(*check),
                arguments,
                parts: &Rc::from([]),
                memories: &self.memories,
                sender: &sender,
                out: &mut out,
            });
            if let Some((tag, bytes)) = out.split_first()
                && *tag != outcome::OK
            {
                let reason = match *tag {
                    outcome::PANIC => message::parse::<crate::error::Panic>(bytes)?.to_string(),
                    _ => String::from_utf8_lossy(bytes).into_owned(),
                };
                return Err(format!("the initializer failed: {reason}"));
            }
        }
        Ok(())
    }

    fn work(&mut self, connection: &mut Connection) -> End {
        loop {
            loop {
                match connection.next_frame() {
                    Ok(Some(frame)) => {
                        if let Err(reason) = self.handle(frame) {
                            return End::Broken(reason);
                        }
                    }
                    Ok(None) => break,
                    Err(error) => return End::Broken(error.to_string()),
                }
            }
            if !self.wait_for_work(connection) {
                return End::Left;
            }
            match connection.receive(true) {
                Ok(true) => {}
                Ok(false) => return End::Left,
                Err(error) => return End::Broken(error.to_string()),
            }
        }
    }

    /// `false` when nothing came for so long that the worker may go.
    fn wait_for_work(&self, connection: &Connection) -> bool {
        let Some(idle) = self.idle else { return true };
        let timeout = PollTimeout::try_from(idle).unwrap_or(PollTimeout::MAX);
        let mut ready = [PollFd::new(connection.as_fd(), PollFlags::POLLIN)];
        !matches!(poll(&mut ready, timeout), Ok(0))
    }

    fn handle(&mut self, frame: Frame<'_>) -> Result<(), String> {
        match frame.kind {
            message::CALL => {
                self.begin_call(message::parse(frame.bytes)?);
                Ok(())
            }
            message::ARRAY => {
                let descriptor = frame.descriptor.ok_or("an array came without its memory")?;
                let introduction: Introduction = message::parse(frame.bytes)?;
                self.memories.introduce(&introduction, descriptor).map_err(|error| error.to_string())
            }
            message::FORGET => {
                self.memories.forget(&message::parse::<Vec<u64>>(frame.bytes)?);
                Ok(())
            }
            message::BATCH => self.run_batch(frame.bytes),
            kind => Err(format!("there is no frame of kind {kind}")),
        }
    }

    fn begin_call(&mut self, call: CallFrame) {
        log::listen(call.log_level, &self.writer);
        let context = CallContext {
            stop: AtomicBool::new(false),
            first_failure_stops: false,
            seed: call.seed,
            budget: call.budget,
            depth: call.depth,
            // The parent repeats events inside of it.
            span: tracing::Span::none(),
        };
        self.call = Some(CurrentCall {
            context: Arc::new(context),
            // What comes back is the parent's own, to change if it likes.
            sender: Sender::new(Sharing { mode: MmapMode::CopyOnWrite.name().to_owned(), ..call.sharing }),
            timed: call.timed,
            carried: call.carried,
        });
    }

    fn run_batch(&mut self, mut input: &[u8]) -> Result<(), String> {
        const TORN: &str = "a batch is torn";
        let call = self.call.take().ok_or("a batch came before its call")?;
        let id = message::get_u64(&mut input).ok_or(TORN)?;
        let mut index = message::get_u64(&mut input).ok_or(TORN)? as usize;
        let mut tasks = message::get_bytes(&mut input).ok_or(TORN)?;
        let parts = message::get_parts(&mut input).ok_or(TORN)?;
        let entered = context::enter(&call.context);
        let carried = carry::apply(&call.carried)?;
        self.slot.begin_batch();
        let mut reply = Reply::new(id);
        let started = Instant::now();
        'batch: while !tasks.is_empty() {
            let mut number = || message::get_u64(&mut tasks).ok_or(TORN);
            let (distance, check, count) = (number()? as i64, number()?, number()?);
            let trampoline = Name { distance, check }.resolve();
            for i in 0..count {
                let arguments = message::get_bytes(&mut tasks).ok_or(TORN)?;
                self.slot.begin(index, call.timed);
                context::set_index(index);
                let start = message::begin(reply.frame.body());
                let mut incoming = Incoming {
                    check: (i == 0).then_some(check),
                    arguments,
                    parts: &parts,
                    memories: &self.memories,
                    sender: &call.sender,
                    out: reply.frame.body(),
                };
                match &trampoline {
                    Ok(trampoline) => trampoline(&mut incoming),
                    Err(reason) => incoming.refuse(outcome::ARGUMENTS, reason),
                }
                message::end(reply.frame.body(), start);
                index += 1;
                if reply.counted() {
                    if started.elapsed() > PATIENCE {
                        reply.last = true;
                        break 'batch;
                    }
                    let full = std::mem::replace(&mut reply, Reply::new(id));
                    self.send_reply(full, &call.sender)?;
                }
            }
        }
        self.slot.rest();
        drop((carried, entered));
        // The last outcomes may be sent already; a frame about a batch that is complete would be one too many.
        if reply.count > 0 {
            self.send_reply(reply, &call.sender)?;
        }
        // What tasks printed shall be seen now. A closed stdout is theirs to notice.
        let _ = std::io::stdout().flush();
        self.call = Some(call);
        Ok(())
    }

    fn send_reply(&mut self, reply: Reply, sender: &Sender) -> Result<(), String> {
        let (parts, memories) = sender.take();
        for memory in memories {
            // Each time: the parent forgets it with the frame it was for.
            let (introduction, descriptor) = sender.introduce(&memory);
            let frame = message::frame(message::ARRAY, &introduction)?;
            self.send(frame.with_descriptor(descriptor))?;
        }
        self.send(reply.finish(&parts))
    }

    fn send(&self, frame: Outgoing) -> Result<(), String> {
        let socket = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        send_all(socket.as_fd(), frame).map_err(|error| error.to_string())
    }
}

/// Outcomes on their way to the parent.
struct Reply {
    frame: Outgoing,
    /// Where in the frame's body the numbers are, and the outcomes begin.
    places: (usize, usize, usize),
    count: u64,
    started: Instant,
    /// The tasks behind these are given back.
    last: bool,
    /// The clock is read after so many more tasks: reading it costs as much as a tiny task.
    stride: u64,
    until_look: u64,
}

impl Reply {
    fn new(batch: u64) -> Self {
        let mut frame = Outgoing::new(message::RESULTS);
        let body = frame.body();
        message::put_u64(body, batch);
        let count = body.len();
        message::put_u64(body, 0);
        let busy = body.len();
        message::put_u64(body, 0);
        message::put_u64(body, 0);
        let outcomes = message::begin(body);
        Reply {
            frame,
            places: (count, busy, outcomes),
            count: 0,
            started: Instant::now(),
            last: false,
            stride: 1,
            until_look: 1,
        }
    }

    /// Another outcome is in; is it time to send?
    fn counted(&mut self) -> bool {
        self.count += 1;
        self.until_look -= 1;
        if self.until_look > 0 {
            return false;
        }
        let elapsed = self.started.elapsed();
        // Tasks that took less than a twentieth of the time so far may go on unseen for as many again.
        let quick = elapsed < FLUSH / 20;
        self.stride = if quick { (2 * self.stride).min(64) } else { 1 };
        self.until_look = self.stride;
        elapsed > FLUSH || self.frame.len() > FLUSH_BYTES
    }

    fn finish(mut self, parts: &[crate::wire::arrays::Part]) -> Outgoing {
        let (count, busy, outcomes) = self.places;
        let elapsed = self.started.elapsed().as_nanos() as u64;
        let body = self.frame.body();
        body[count..count + 8].copy_from_slice(&self.count.to_le_bytes());
        body[busy..busy + 8].copy_from_slice(&elapsed.to_le_bytes());
        body[busy + 8] = u8::from(self.last);
        message::end(body, outcomes);
        message::put_parts(body, parts);
        self.frame
    }
}
