//! An agent's life: take what the caller sends, have workers run it, send what became of it; leave when the caller does.
//!
//! One thread reads, and wakes the other, which does everything else.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};

use super::marks::GREETING;
use super::raw_batch::{Answer, Beside, RawBatch};
use crate::backend::processes::config::config;
use crate::backend::processes::loky::Respawn;
use crate::backend::processes::session::ProcessSession;
use crate::backend::worker_settings::WorkerSettings;
use crate::backend::{Call, Returned, Session, n_jobs};
use crate::cancel::Waker;
use crate::sync::lock;
use crate::sys::cpu::cpu_count;
use crate::sys::host;
use crate::task::captured::Captured;
use crate::task::context::CallContext;
use crate::task::process_batch::ProcessBatch;
use crate::wire::batch::BATCH;
use crate::wire::cluster::{
    self, ALONE, BYTES, CANCEL, FAILED, FILE, HELLO, Hello, MEMORY, OPEN, Open, RELEASE,
};
use crate::wire::codec;
use crate::wire::connection::{self as wire, Connection, Outgoing, Received};
use crate::wire::function_id;
use crate::wire::message::CallMessage;
use crate::wire::shared_memory::SharedMemory;

/// Memory of an array, or why there is none, which the call learns that needs it.
type Memory = Result<Arc<SharedMemory>, String>;

/// What the caller sent.
enum Incoming {
    Frame {
        kind: u32,
        bytes: Vec<u8>,
    },
    /// Memory of an array, or why there is none.
    Memory(u128, Memory),
}

impl Incoming {
    /// # Errors
    ///
    /// Returns an error if the frame is malformed.
    fn new(frame: wire::Frame<'_>) -> Result<Self, &'static str> {
        const MALFORMED: &str = "the memory of an array is malformed";
        match frame.kind {
            BYTES => {
                let (id, bytes) = cluster::parse_bytes(frame.bytes).ok_or(MALFORMED)?;
                Ok(Incoming::memory(id, SharedMemory::received(id, bytes)))
            }
            MEMORY => {
                let (id, len) = cluster::parse_memory(frame.bytes).ok_or(MALFORMED)?;
                let file = File::from(frame.descriptor.ok_or(MALFORMED)?);
                Ok(Incoming::memory(id, SharedMemory::adopted(id, file, len)))
            }
            FILE => {
                let (id, part) = cluster::parse_file(frame.bytes).ok_or(MALFORMED)?;
                let memory = part.open().map(|file| SharedMemory::part_of(id, file, part.offset, part.len));
                Ok(Incoming::Memory(id, memory.map(Arc::new)))
            }
            kind => Ok(Incoming::Frame { kind, bytes: frame.bytes.to_vec() }),
        }
    }

    fn memory(id: u128, memory: io::Result<SharedMemory>) -> Self {
        let failed = |error: io::Error| format!("an array can't be kept: {error}");
        Incoming::Memory(id, memory.map(Arc::new).map_err(failed))
    }
}

/// The other end, to which events of workers go as well.
type Output = Arc<OutputStream>;

struct OutputStream {
    file: Mutex<File>,
    /// Whether it is a socket of this host, through which memory is handed over.
    takes_descriptors: bool,
}

impl OutputStream {
    fn new(stream: OwnedFd) -> Self {
        let takes_descriptors = wire::is_socket(stream.as_fd());
        OutputStream { file: Mutex::new(File::from(stream)), takes_descriptors }
    }

    fn send(&self, frame: Outgoing) -> Result<(), String> {
        let mut file = lock(&self.file);
        let sent = if self.takes_descriptors {
            wire::send_all(file.as_fd(), frame)
        } else {
            file.write_all(&frame.into_bytes(0))
        };
        sent.map_err(|error| unreachable(&error))
    }

    /// Sends memory that was left out of a frame, which follows: its descriptor, or its bytes, which are not copied for that.
    fn send_memory(&self, id: u128, memory: Beside) -> Result<(), String> {
        let len = memory.buffer.len();
        if let (true, Some(file)) = (self.takes_descriptors, memory.file) {
            return self.send(cluster::memory_frame(id, len as u64, false, Arc::new(file.into())));
        }
        let mut file = lock(&self.file);
        let head = cluster::bytes_head(id, len);
        let sent = file.write_all(&head).and_then(|()| file.write_all(memory.buffer.as_bytes()));
        sent.map_err(|error| unreachable(&error))
    }

    fn send_answer(&self, answer: Answer) -> Result<(), String> {
        for (id, memory) in answer.memories {
            self.send_memory(id, memory)?;
        }
        self.send(answer.frame)
    }
}

fn unreachable(error: &io::Error) -> String {
    format!("the caller can't be reached: {error}")
}

/// What wakes the session that waits for workers.
type SessionWaker = Arc<Mutex<Option<Waker>>>;

/// Says something to the caller's host, if it still reads what is said.
pub(super) fn say(message: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "joblib-node: {message}");
}

/// Serves the caller at the other end until it leaves; returns the exit code.
pub(super) fn run(input: OwnedFd, output: OwnedFd) -> i32 {
    let output = Output::new(OutputStream::new(output));
    let (sender, frames) = channel();
    let waker = SessionWaker::default();
    let for_reader = Arc::clone(&waker);
    let reader = std::thread::Builder::new().name("joblib-agent".to_owned());
    if let Err(error) = reader.spawn(move || read(input, &sender, &for_reader)) {
        say(format_args!("the agent can't start a thread: {error}"));
        return 1;
    }
    let mut agent = Agent { output, frames, waker, memories: HashMap::new(), session: None, call: 0 };
    match agent.greet().and_then(|()| agent.serve()) {
        Ok(()) => 0,
        Err(reason) => {
            say(format_args!("the agent ends: {reason}"));
            3
        }
    }
}

/// Reads frames until the caller leaves. Then the process ends, and with it the workers, which watch it.
fn read(input: OwnedFd, frames: &Sender<Incoming>, waker: &SessionWaker) {
    let mut connection = Connection::of_stream(input);
    while let Ok(Received::Bytes | Received::Nothing) = connection.receive(true) {
        loop {
            let frame = match connection.next_frame() {
                Ok(Some(frame)) => Incoming::new(frame).map(Some).map_err(str::to_owned),
                Ok(None) => Ok(None),
                Err(error) => Err(error.to_string()),
            };
            match frame {
                Ok(Some(frame)) => {
                    if frames.send(frame).is_err() {
                        return;
                    }
                    let waker = lock(waker).clone();
                    if let Some(waker) = waker {
                        waker();
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    say(format_args!("{error}"));
                    exit(3);
                }
            }
        }
    }
    exit(0);
}

fn exit(code: i32) -> ! {
    // SAFETY: there is nothing to clean up that the system does not.
    unsafe { libc::_exit(code) }
}

struct Agent {
    output: Output,
    frames: Receiver<Incoming>,
    waker: SessionWaker,
    /// Memory of arrays that arrived.
    memories: HashMap<u128, Memory>,
    session: Option<ProcessSession<Respawn, RawBatch>>,
    /// The number of the last call.
    call: u64,
}

impl Agent {
    fn greet(&self) -> Result<(), String> {
        let hello = Hello {
            program: function_id::fingerprint(),
            host: host::name(),
            pid: std::process::id(),
            cpus: cpu_count(),
        };
        writeln!(lock(&self.output.file), "{GREETING}").map_err(|error| error.to_string())?;
        self.output.send(codec::frame(HELLO, &hello)?)
    }

    fn serve(&mut self) -> Result<(), String> {
        let mut returned = Vec::new();
        loop {
            // Without a session there is nothing to wait for but the caller.
            if self.session.is_none() {
                let Ok(frame) = self.frames.recv() else { return Ok(()) };
                self.handle(frame)?;
            }
            while let Ok(frame) = self.frames.try_recv() {
                self.handle(frame)?;
            }
            let Some(session) = &mut self.session else { continue };
            let context = Arc::clone(session.context());
            let result = session.wait(None, &mut returned);
            for returned in returned.drain(..) {
                if let Returned::Batch(batch) = returned {
                    let output = |task| context.captured.as_ref().map(|captured| captured.take(task));
                    if let Some(answer) = batch.into_answer(output)? {
                        self.output.send_answer(answer)?;
                    }
                }
            }
            if let Err(error) = result {
                self.fail(&error.to_string())?;
            }
        }
    }

    /// Ends the call because it can't go on.
    fn fail(&mut self, reason: &str) -> Result<(), String> {
        self.end_call();
        self.output.send(cluster::reason_frame(FAILED, self.call, reason))
    }

    fn end_call(&mut self) {
        *lock(&self.waker) = None;
        if let Some(mut session) = self.session.take() {
            session.cancel();
        }
    }

    fn handle(&mut self, incoming: Incoming) -> Result<(), String> {
        let (kind, bytes) = match incoming {
            Incoming::Frame { kind, bytes } => (kind, bytes),
            Incoming::Memory(id, memory) => {
                self.memories.insert(id, memory);
                return Ok(());
            }
        };
        match kind {
            OPEN => {
                self.end_call();
                let (slots, call, open) = cluster::parse_open(&bytes)?;
                self.call = call;
                match self.open(slots, open) {
                    Ok(session) => {
                        *lock(&self.waker) = Some(session.waker());
                        self.session = Some(session);
                        Ok(())
                    }
                    Err(error) => self.fail(&error.to_string()),
                }
            }
            RELEASE => {
                for id in cluster::parse_release(&bytes) {
                    self.memories.remove(&id);
                }
                Ok(())
            }
            BATCH | ALONE => {
                // Of a call that has failed, which the caller does not know yet.
                let Some(session) = &mut self.session else { return Ok(()) };
                let batch = RawBatch::read(&bytes, |id| self.memories.get(&id).cloned());
                let submitted = batch.map(|mut batch| {
                    if kind == ALONE {
                        batch.set_suspect();
                    }
                    session.submit(batch)
                });
                match submitted {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(error)) => self.fail(&error.to_string()),
                    Err(reason) => self.fail(&reason),
                }
            }
            CANCEL => {
                self.end_call();
                Ok(())
            }
            kind => Err(format!("the caller sent a frame of the unknown kind {kind}")),
        }
    }

    fn open(
        &self,
        [slots, on_host]: [usize; 2],
        open: Open,
    ) -> crate::error::Result<ProcessSession<Respawn, RawBatch>> {
        let pair = |(name, value): (Vec<u8>, Vec<u8>)| (OsString::from_vec(name), OsString::from_vec(value));
        let budget = open.inner_threads.unwrap_or_else(|| n_jobs::share(cpu_count(), on_host));
        let context = CallContext {
            stop: AtomicBool::new(false),
            first_failure_stops: false,
            seed: open.seed,
            budget,
            depth: open.depth,
            on_node: true,
            span: tracing::Span::none(),
            recorded: OnceLock::new(),
            listener: None,
            captured: open.captures_output.then(Captured::default),
            batches: Arc::default(),
        };
        let initializer = open.initializer;
        let call = Call {
            bar: false,
            n_jobs: slots,
            requested_n_jobs: i32::try_from(slots).unwrap_or(i32::MAX),
            context: Arc::new(context),
            timeout: open.timeout,
            stack_size: open.stack_size,
            workers: Arc::new(WorkerSettings {
                inner_max_num_threads: open.inner_threads,
                env: open.env.into_iter().map(pair).collect(),
                nice: open.nice,
                memory_limit: open.memory_limit,
                initializer: initializer.map(|call| Arc::new(move || Ok(call.clone())) as _),
                recycle_after_tasks: open.recycle_after_tasks,
                recycle_above_bytes: open.recycle_above_bytes,
                capture_output: open.captures_output,
            }),
            sharing: open.sharing,
        };
        let message = CallMessage {
            bar: false,
            captures_output: open.captures_output,
            seed: open.seed,
            budget,
            depth: open.depth,
            timed: open.timeout.is_some(),
            on_node: true,
            patience: open.patience,
            sharing: call.sharing.clone(),
            contexts: open.contexts,
            log_levels: open.log_levels,
        };
        let arguments = open.arguments.into_iter().map(OsString::from_vec).collect();
        let mut session =
            ProcessSession::new(Respawn::with_arguments(arguments), config(&call)?, call, message)?;
        let output = Arc::clone(&self.output);
        session.set_log(Box::new(move |record, worker| {
            if let Ok(frame) = cluster::event_frame(record, worker) {
                // A caller that is gone does not listen.
                let _ = output.send(frame);
            }
        }));
        Ok(session)
    }
}
