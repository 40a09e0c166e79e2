//! What a worker prints, as its parent reads it: lines of tasks go to the call that captures them, all else goes where
//! this process prints.
//!
//! A thread reads the pipes, so that a worker never waits for a parent that is busy; the pipes stay for as long as the
//! worker, for processes that its tasks started may go on printing to them. Whoever needs what has been printed by now
//! reads it himself with [`WorkerOutput::catch_up`].

use std::hash::{BuildHasher, RandomState};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::sync::lock;
use crate::task::context::CallContext;
use crate::wire::output::{Introduction, Piece, Secret, Splitter, StreamName};

/// The most that is read from a pipe at once. A pipe holds less, so this covers all that was printed before the read.
const MOST_AT_ONCE: usize = 1 << 20;
/// A line that is longer is passed on in pieces.
const LONGEST_LINE: usize = 256 << 10;

/// How long a terminal or a pipe that takes nothing is waited for, in milliseconds.
const MOST_PATIENCE: u16 = 1000;

/// What a worker prints.
pub(crate) struct WorkerOutput {
    shared: Arc<Shared>,
    /// Written to, to end the thread.
    stop: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    pipes: [PipeReader; 2],
}

struct State {
    streams: [Lines; 2],
    /// The call that the worker is in the service of.
    call: Option<Arc<CallContext>>,
}

impl WorkerOutput {
    /// Makes the pipes; returns the worker's ends, with what it has to be told of each.
    ///
    /// # Errors
    ///
    /// Returns an error if the process has no descriptor or no thread left.
    pub(crate) fn open() -> io::Result<(Self, [(Introduction, PipeWriter); 2])> {
        let secret = new_secret();
        let ((stdout, to_stdout), (stderr, to_stderr)) = (io::pipe()?, io::pipe()?);
        for pipe in [&stdout, &stderr] {
            fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        let streams = StreamName::ALL.map(|stream| Lines::new(stream, secret));
        let state = Mutex::new(State { streams, call: None });
        let shared = Arc::new(Shared { state, pipes: [stdout, stderr] });
        let (stopped, stop) = io::pipe()?;
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("joblib-output".to_owned()).stack_size(256 << 10);
        let thread = thread.spawn(move || for_thread.read_until(&stopped))?;
        let introduced = |stream, pipe| (Introduction { stream, secret }, pipe);
        let ends = [introduced(StreamName::Stdout, to_stdout), introduced(StreamName::Stderr, to_stderr)];
        Ok((Self { shared, stop: Some(stop), thread: Some(thread) }, ends))
    }

    /// What tasks print belongs to this call from now on; or, with `None`, to none.
    pub(crate) fn set_call(&self, call: Option<Arc<CallContext>>) {
        self.shared.read();
        lock(&self.shared.state).call = call;
    }

    /// Reads what has been printed by now.
    pub(crate) fn catch_up(&self) {
        self.shared.read();
    }

    /// Reads the last that a worker has printed that is gone.
    pub(crate) fn end(&self) {
        self.shared.read();
        let State { streams, call } = &mut *lock(&self.shared.state);
        for lines in streams {
            lines.end(call.as_deref());
        }
    }
}

impl Drop for WorkerOutput {
    fn drop(&mut self) {
        // A byte, for a process that was forked meanwhile may have a copy of this end.
        let _ = self.stop.take().map(|mut stop| stop.write_all(&[0]));
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing more to say.
            let _ = thread.join();
        }
        self.end();
    }
}

impl Shared {
    fn read_until(&self, stopped: &PipeReader) {
        // A pipe that every writer has closed would always be ready.
        let mut open = [true; 2];
        while open.contains(&true) {
            let mut watched = vec![PollFd::new(stopped.as_fd(), PollFlags::POLLIN)];
            let pipes = self.pipes.iter().zip(open).filter(|(_, open)| *open).map(|(pipe, _)| pipe);
            watched.extend(pipes.map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)));
            match poll(&mut watched, PollTimeout::NONE) {
                Err(nix::errno::Errno::EINTR) => continue,
                Err(_) => return,
                Ok(_) => {}
            }
            if watched[0].revents().is_some_and(|events| !events.is_empty()) {
                return;
            }
            for (open, ended) in open.iter_mut().zip(self.read()) {
                *open &= !ended;
            }
        }
    }

    /// Reads what is there; returns which of the pipes have ended.
    fn read(&self) -> [bool; 2] {
        let State { streams, call } = &mut *lock(&self.state);
        let mut ended = [false; 2];
        for ((mut pipe, lines), ended) in self.pipes.iter().zip(streams).zip(&mut ended) {
            let mut buffer = [0; 16 << 10];
            let mut total = 0;
            while total < MOST_AT_ONCE {
                match pipe.read(&mut buffer) {
                    Ok(0) => {
                        *ended = true;
                        break;
                    }
                    Ok(read) => {
                        total += read;
                        lines.push(&buffer[..read], call.as_deref());
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
        }
        ended
    }
}

/// A stream, in lines.
struct Lines {
    splitter: Splitter,
    line: Line,
}

/// The task that prints, and the line that it has begun.
struct Line {
    stream: StreamName,
    task: Option<usize>,
    begun: Vec<u8>,
}

impl Lines {
    fn new(stream: StreamName, secret: Secret) -> Self {
        let line = Line { stream, task: None, begun: Vec::new() };
        Self { splitter: Splitter::new(secret), line }
    }

    fn push(&mut self, bytes: &[u8], call: Option<&CallContext>) {
        let Self { splitter, line } = self;
        splitter.push(bytes, |piece| match piece {
            Piece::Bytes(bytes) => line.push(bytes, call),
            Piece::Task(task) => line.begin(task, call),
        });
    }

    fn end(&mut self, call: Option<&CallContext>) {
        let held = self.splitter.end();
        self.line.push(&held, call);
        self.line.begin(None, call);
    }
}

impl Line {
    fn push(&mut self, bytes: &[u8], call: Option<&CallContext>) {
        self.begun.extend_from_slice(bytes);
        let whole = match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => self.begun.len() - bytes.len() + end + 1,
            None if self.begun.len() > LONGEST_LINE => self.begun.len(),
            None => return,
        };
        let rest = self.begun.split_off(whole);
        self.pass_on(call);
        self.begun = rest;
    }

    /// Another task prints from here on, or none.
    fn begin(&mut self, task: Option<usize>, call: Option<&CallContext>) {
        self.pass_on(call);
        if let Some((ended, call)) = self.task.zip(call)
            && let Some(captured) = &call.captured
        {
            captured.ended(call.recorded.get(), ended, self.stream);
        }
        self.task = task;
    }

    fn pass_on(&mut self, call: Option<&CallContext>) {
        let bytes = std::mem::take(&mut self.begun);
        if bytes.is_empty() {
            return;
        }
        match (self.task, call, call.and_then(|call| call.captured.as_ref())) {
            (Some(task), Some(call), Some(captured)) => {
                captured.printed(call.recorded.get(), task, self.stream, &bytes);
            }
            _ => print(self.stream, &bytes),
        }
    }
}

/// Prints what is of no task: where the worker would have printed it. Past the lock of the standard library, which the
/// caller of the session may hold.
fn print(stream: StreamName, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let written = match stream {
            StreamName::Stdout => nix::unistd::write(io::stdout(), bytes),
            StreamName::Stderr => nix::unistd::write(io::stderr(), bytes),
        };
        match written {
            Ok(written) => bytes = &bytes[written..],
            Err(nix::errno::Errno::EINTR) => {}
            // Another program that prints there has made it non-blocking.
            Err(nix::errno::Errno::EAGAIN) if can_be_printed_to(stream) => {}
            // Closed, or nobody reads: nobody is there to tell.
            Err(_) => return,
        }
    }
}

/// Waits until a stream takes more, for a limited time.
fn can_be_printed_to(stream: StreamName) -> bool {
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let fd = match stream {
        StreamName::Stdout => stdout.as_fd(),
        StreamName::Stderr => stderr.as_fd(),
    };
    poll(&mut [PollFd::new(fd, PollFlags::POLLOUT)], PollTimeout::from(MOST_PATIENCE))
        .is_ok_and(|ready| ready > 0)
}

/// Bytes that nobody prints by chance.
fn new_secret() -> Secret {
    let mut secret = Secret::default();
    for half in secret.as_chunks_mut::<8>().0 {
        *half = RandomState::new().hash_one(std::process::id()).to_le_bytes();
    }
    secret
}
