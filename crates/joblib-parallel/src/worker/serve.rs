//! A worker's life: read frames, run batches, send outcomes; leave when the parent does.

use std::io::Write;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use joblib_array::MmapMode;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::call::{CurrentCall, MALFORMED, Observer};
use super::output::{Pipes, Redirected};
use super::{limits, log, watch};
use crate::sync::lock;
use crate::sys::{monotonic, terminal};
use crate::task::clock::{self, TaskClock};
use crate::task::panics;
use crate::task::trampoline::{self, EncodedTask};
use crate::wire::arrays::{ArraySharing, Arrays, Memories, Sender};
use crate::wire::batch::{BATCH, BatchReader};
use crate::wire::connection::{Connection, Frame, Outgoing, Received, SharedSocket, send_all};
use crate::wire::function_id::{self, EncodedCall, WorkerKind};
use crate::wire::message::{self, ARRAY, CALL, CallMessage, FORGET, Setup};
use crate::wire::output::{self, OUTPUT};
use crate::wire::reply::{Outcome, OutcomeWriter, ReplyWriter};
use crate::wire::status_page::{StatusPage, StoppedClock};

/// Outcomes are sent at least this often, so that a crash loses little, and no later task keeps them waiting.
const FLUSH: Duration = Duration::from_millis(10);
/// And whenever they are this large.
const FLUSH_BYTES: usize = 1 << 20;
/// Tasks are quick if all since the last look at the clock took less than this.
const QUICK: Duration = Duration::from_micros(50);

/// What ends a worker.
pub(crate) enum End {
    /// The parent is gone, or has not used it for long.
    Left,
    /// It can't be what the parent asks for: the parent is to be told why.
    Refused(String),
    /// The parent sent something malformed.
    Broken(String),
}

struct Worker {
    page: Arc<StatusPage>,
    writer: SharedSocket,
    memories: Memories,
    idle: Option<Duration>,
    kind: WorkerKind,
    call: Option<CurrentCall>,
    pipes: Pipes,
}

/// Serves the parent at the other end of `socket` until it leaves. A forked worker has its status page already.
pub(crate) fn serve(socket: OwnedFd, page: Option<StatusPage>) -> End {
    let start = match Start::receive(socket, page) {
        Ok(Some(start)) => start,
        Ok(None) => return End::Left,
        Err(reason) => return End::Refused(reason),
    };
    match start.setup.stack_size {
        None => start.serve(),
        Some(stack_size) => {
            let thread = std::thread::Builder::new().name("joblib-worker".to_owned()).stack_size(stack_size);
            match thread.spawn(move || start.serve()).map(std::thread::JoinHandle::join) {
                Ok(Ok(end)) => end,
                Ok(Err(_)) => End::Broken("the worker's thread panicked".to_owned()),
                Err(error) => End::Refused(format!("no thread with a stack of {stack_size} bytes: {error}")),
            }
        }
    }
}

/// What a worker has when it has received its setup.
struct Start {
    setup: Setup,
    page: StatusPage,
    connection: Connection,
    writer: SharedSocket,
    kind: WorkerKind,
}

impl Start {
    /// Waits for the first frame; `None` if the parent leaves before.
    fn receive(socket: OwnedFd, inherited: Option<StatusPage>) -> Result<Option<Self>, String> {
        let text = |error: std::io::Error| error.to_string();
        let writer = Arc::new(Mutex::new(socket.try_clone().map_err(text)?));
        let mut connection = Connection::new(socket);
        loop {
            if connection.receive(true).map_err(text)? == Received::End {
                return Ok(None);
            }
            if let Some(frame) = connection.next_frame().map_err(text)? {
                let setup = Setup::parse(frame.bytes)?;
                let (page, kind) = match (inherited, frame.descriptor) {
                    (Some(page), _) => (page, WorkerKind::Forked),
                    (None, Some(file)) => {
                        let page = StatusPage::map(&file.into());
                        let page =
                            page.map_err(|error| format!("its status page can't be mapped: {error}"))?;
                        (page, WorkerKind::Started)
                    }
                    (None, None) => return Err("the setup came without a status page".to_owned()),
                };
                return Ok(Some(Start { setup, page, connection, writer, kind }));
            }
        }
    }

    /// Does what the setup says, and then what the parent sends.
    fn serve(self) -> End {
        let Start { setup, page, mut connection, writer, kind } = self;
        page.started();
        let mut worker = Worker {
            page: Arc::new(page),
            writer,
            memories: Memories::default(),
            idle: setup.idle_seconds.map(Duration::from_secs),
            kind,
            call: None,
            pipes: Pipes::default(),
        };
        panics::install_hook();
        clock::set(Some(Arc::new(PageClock { page: Arc::clone(&worker.page), stopped: Mutex::new(None) })));
        let prepared = watch::start(connection.as_fd()).map_err(|error| error.to_string());
        if let Err(reason) = prepared.and_then(|()| worker.prepare(&setup)) {
            return End::Refused(reason);
        }
        worker.page.ready();
        let end = worker.work(&mut connection);
        if let End::Broken(_) = end {
            worker.page.disconnected();
        }
        end
    }
}

impl Worker {
    /// Makes this process what the user asked for.
    fn prepare(&mut self, setup: &Setup) -> Result<(), String> {
        if setup.fingerprint != function_id::fingerprint() {
            return Err("the worker runs another executable than its parent".to_owned());
        }
        limits::apply(setup, &self.page)?;
        match &setup.initializer {
            Some(call) => self.initialize(call).map_err(|reason| format!("the initializer failed: {reason}")),
            None => Ok(()),
        }
    }

    fn initialize(&self, call: &EncodedCall) -> Result<(), String> {
        let mut out = Vec::new();
        let trampoline = trampoline::resolve(call.function, self.kind)?;
        trampoline(&mut EncodedTask {
            check: Some(call.function.check),
            arguments: &call.arguments,
            arrays: Arrays { parts: &[], memories: &self.memories },
            sender: &Sender::new(ArraySharing::none()),
            outcome: OutcomeWriter::new(&mut out),
        });
        match Outcome::parse(&out) {
            Some(Outcome::Ok(_)) => Ok(()),
            Some(Outcome::Panic(panic)) => Err(panic.to_string()),
            Some(Outcome::Failed(error)) => Err(error.to_string()),
            Some(Outcome::DecodeArguments(reason) | Outcome::EncodeResult(reason)) => Err(reason),
            None => Err("its outcome is malformed".to_owned()),
        }
    }

    fn work(&mut self, connection: &mut Connection) -> End {
        loop {
            loop {
                match connection.next_frame() {
                    Ok(Some(frame)) => {
                        if let Err(end) = self.handle(frame) {
                            return end;
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
                Ok(Received::Bytes | Received::Nothing) => {}
                Ok(Received::End) => return End::Left,
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

    fn handle(&mut self, frame: Frame<'_>) -> Result<(), End> {
        let done = match frame.kind {
            CALL => return self.begin_call(CallMessage::parse(frame.bytes).map_err(End::Broken)?),
            ARRAY => self.introduce(frame),
            OUTPUT => self.take_pipe(frame),
            FORGET => message::parse_forget(frame.bytes).map(|ids| self.memories.forget(&ids)),
            BATCH => self.run_batch(frame.bytes),
            kind => Err(format!("the parent sent a frame of the unknown kind {kind}")),
        };
        done.map_err(End::Broken)
    }

    fn introduce(&mut self, frame: Frame<'_>) -> Result<(), String> {
        let descriptor = frame.descriptor.ok_or("an array came without its memory")?;
        let introduction = message::parse_array(frame.bytes)?;
        self.memories.introduce(&introduction, descriptor).map_err(|error| error.to_string())
    }

    fn take_pipe(&mut self, frame: Frame<'_>) -> Result<(), String> {
        let pipe = frame.descriptor.ok_or("a pipe was announced and did not come")?;
        self.pipes.introduce(output::Introduction::parse(frame.bytes)?, pipe);
        Ok(())
    }

    fn begin_call(&mut self, call: CallMessage) -> Result<(), End> {
        log::listen(call.log_levels, &self.writer);
        terminal::set_beside_bar(call.bar);
        self.call = Some(CurrentCall::new(call, self.kind).map_err(End::Refused)?);
        Ok(())
    }

    fn run_batch(&self, bytes: &[u8]) -> Result<(), String> {
        let call = self.call.as_ref().ok_or("a batch came before its call")?;
        let mut batch = BatchReader::new(bytes).ok_or(MALFORMED)?;
        // Results belong to the parent, which may change them.
        let mode = MmapMode::CopyOnWrite.name().to_owned();
        let sender = Sender::new(ArraySharing { mode, ..call.sharing.clone() });
        let mut progress = Progress {
            worker: self,
            call,
            sender: &sender,
            batch: batch.number,
            reply: Reply::new(batch.number),
            started: Instant::now(),
            output: None,
        };
        call.run(&mut batch, &self.memories, &sender, &mut progress)?;
        // The last outcomes may be sent already; a frame about a batch that is complete would be one too many.
        if progress.reply.writer.count() > 0 {
            self.send_reply(progress.reply, &sender)?;
        }
        // What tasks printed is to be seen now. A closed stdout is for them to notice.
        let _ = std::io::stdout().flush();
        Ok(())
    }

    fn send_reply(&self, reply: Reply, sender: &Sender) -> Result<(), String> {
        let (parts, memories) = sender.take();
        for memory in memories {
            // Each time: the parent forgets it with the frame it was for.
            let (introduction, descriptor) = sender.introduce(&memory);
            self.send(message::array_frame(&introduction, descriptor)?)?;
        }
        self.send(reply.writer.finish(reply.started.elapsed(), &parts))
    }

    fn send(&self, frame: Outgoing) -> Result<(), String> {
        let socket = lock(&self.writer);
        send_all(socket.as_fd(), frame).map_err(|error| error.to_string())
    }
}

/// Shows the parent what the worker is at, and sends outcomes.
struct Progress<'w> {
    worker: &'w Worker,
    call: &'w CurrentCall,
    sender: &'w Sender,
    batch: u64,
    reply: Reply,
    started: Instant,
    /// Where tasks print, if that is captured.
    output: Option<Redirected<'w>>,
}

impl Observer for Progress<'_> {
    fn begin_batch(&mut self) -> Result<(), String> {
        // From here on the worker is busy, also with what a context does.
        self.worker.page.begin_batch();
        if self.call.captures_output {
            self.output = Some(self.worker.pipes.redirect(self.worker.kind)?);
        }
        Ok(())
    }

    fn begin_tasks(&mut self) {
        self.reply = Reply::new(self.batch);
        self.started = Instant::now();
    }

    fn begin(&mut self, index: usize) {
        if let Some(output) = &self.output {
            output.mark(Some(index));
        }
        self.worker.page.begin(index, self.call.timed);
    }

    fn outcome(&mut self, run: impl FnOnce(&mut Vec<u8>)) -> Result<ControlFlow<()>, String> {
        self.reply.writer.outcome(run);
        if let Some(output) = &self.output {
            // Before the outcome is sent.
            output.mark(None);
        }
        if self.reply.is_due() {
            if self.started.elapsed() > self.call.patience {
                self.reply.writer.give_back_rest();
                return Ok(ControlFlow::Break(()));
            }
            let full = std::mem::replace(&mut self.reply, Reply::new(self.batch));
            self.worker.send_reply(full, self.sender)?;
        }
        Ok(ControlFlow::Continue(()))
    }

    fn end_batch(&mut self) {
        self.output = None;
        self.worker.page.rest();
    }
}

/// The time of tasks as the parent sees it.
struct PageClock {
    page: Arc<StatusPage>,
    stopped: Mutex<Option<StoppedClock>>,
}

impl TaskClock for PageClock {
    fn panicked(&self, message: &str) {
        lock(&self.stopped).get_or_insert_with(|| self.page.stop_clock());
        self.page.panicked(message);
    }

    fn resume(&self) {
        if let Some(stopped) = lock(&self.stopped).take() {
            self.page.resume_clock(stopped);
        }
    }
}

/// Outcomes that wait to be sent to the parent.
struct Reply {
    writer: ReplyWriter,
    started: Instant,
    /// The clock is read after this many more tasks, for reading it costs as much as a tiny task; or when the coarse one
    /// shows that some of them were not tiny.
    stride: u64,
    until_look: u64,
    /// What the clock showed last, since the start.
    seen: Duration,
    /// What the coarse clock showed then.
    seen_coarse: u64,
}

impl Reply {
    fn new(batch: u64) -> Self {
        let writer = ReplyWriter::new(batch);
        Reply {
            writer,
            started: Instant::now(),
            stride: 1,
            until_look: 1,
            seen: Duration::ZERO,
            seen_coarse: monotonic::coarse(),
        }
    }

    /// Counts another outcome; returns whether it is time to send.
    fn is_due(&mut self) -> bool {
        self.until_look -= 1;
        let coarse = monotonic::coarse();
        if self.until_look > 0 && coarse == self.seen_coarse {
            return false;
        }
        self.seen_coarse = coarse;
        let elapsed = self.started.elapsed();
        // As long as tasks are quick, twice as many may go on unseen.
        let quick = elapsed.saturating_sub(self.seen) < QUICK;
        self.seen = elapsed;
        self.stride = if quick { (2 * self.stride).min(64) } else { 1 };
        self.until_look = self.stride;
        elapsed > FLUSH || self.writer.len() > FLUSH_BYTES
    }
}
