//! [`Peer`]: the connection to an agent, with the command that is its other end.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{io, thread};

use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{Shutdown, shutdown};
use nix::unistd::Pid;

use crate::sync::lock;
use crate::wire::cluster::{self, CAPACITY};
use crate::wire::connection::{Connection, Outgoing, Received};
use crate::wire::content::Content;
use crate::wire::known::{Identified, Known};
#[cfg(feature = "dask")]
use crate::wire::shared_memory;

/// What is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PeerKind {
    /// The agent of a host.
    Host,
    /// What distributes batches among the agents of many.
    #[cfg_attr(not(feature = "dask"), allow(dead_code, reason = "there is one, with that feature"))]
    Cluster,
}

/// A connection to an agent.
pub(crate) struct Peer {
    /// What leads to it: equal keys stand in for each other.
    pub(crate) key: String,
    /// What it is called in messages.
    pub(crate) name: String,
    pub(crate) connection: Connection,
    pub(crate) kind: PeerKind,
    /// How many tasks may run at a time: the processors of its host, or what the cluster behind it has.
    pub(crate) cpus: usize,
    /// The arrays that it has.
    pub(crate) known: Known<Content>,
    /// The next number of a batch.
    pub(crate) next_number: u64,
    /// Dropped last: without its connection the command ends by itself.
    command: Launched,
}

impl Peer {
    pub(crate) fn new(
        key: String,
        name: String,
        connection: Connection,
        (kind, cpus): (PeerKind, usize),
        command: Launched,
    ) -> Self {
        command.errors.echo.store(true, Ordering::Relaxed);
        Peer { key, name, connection, kind, cpus, known: Known::default(), next_number: 0, command }
    }

    /// Whether the agent is there, with which no call is open. What it said meanwhile is taken in.
    pub(crate) fn is_alive(&mut self) -> bool {
        loop {
            let received = self.connection.receive(false);
            // What it says of an earlier call nobody asks for.
            loop {
                match self.connection.next_frame() {
                    Ok(Some(frame)) if frame.kind == CAPACITY => {
                        self.cpus =
                            cluster::parse_reason(frame.bytes).map_or(self.cpus, |(cpus, _)| cpus as usize);
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(_) => return false,
                }
            }
            match received {
                Ok(Received::Bytes) => {}
                Ok(Received::Nothing) => return true,
                Ok(Received::End) | Err(_) => return false,
            }
        }
    }

    /// Tells it which arrays are gone, as its call ends; `false` if it can't be told, and therefore not be used again.
    pub(crate) fn forget_gone_arrays(&mut self) -> bool {
        let gone = self.known.gone();
        self.forget(&gone) && !self.connection.is_full()
    }

    /// Tells it, before its next batch, which arrays are gone, when they are many. That one can't be told is noticed later.
    pub(crate) fn forget_many_gone_arrays(&mut self) {
        let gone = self.known.gone_if_many();
        self.forget(&gone);
    }

    /// `false` if it can't be told.
    fn forget(&mut self, gone: &[u128]) -> bool {
        gone.is_empty() || self.connection.post(cluster::release_frame(gone)).is_ok()
    }

    /// What gives it an array: where it is a process of this host, as memory that both have, which is copied once.
    pub(crate) fn array_frame(&self, content: &Content, bytes: &[u8]) -> Outgoing {
        if let Some(frame) = content.file().and_then(|part| cluster::file_frame(content.id(), part).ok()) {
            return frame;
        }
        #[cfg(feature = "dask")]
        if self.kind == PeerKind::Cluster
            && let Ok(file) = shared_memory::copy(bytes, None)
        {
            let len = bytes.len() as u64;
            return cluster::memory_frame(content.id(), len, content.is_written(), Arc::new(file.into()));
        }
        cluster::bytes_frame(content.id(), bytes)
    }

    /// How its command ended, for messages.
    pub(crate) fn end(&mut self) -> String {
        self.command.end(Duration::from_secs(1))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // A forked process may have a copy of the descriptor, which would keep the connection open.
        let _ = shutdown(self.connection.as_fd().as_raw_fd(), Shutdown::Both);
    }
}

/// A command whose standard input and output are the connection.
pub(crate) struct Launched {
    child: Option<Child>,
    errors: Arc<Errors>,
}

/// What the command, and later tasks, write to the standard error.
#[derive(Default)]
struct Errors {
    /// The last lines.
    tail: Mutex<VecDeque<String>>,
    /// Whether they go on to the standard error of this process: not while it starts, when they explain why it does not.
    echo: AtomicBool,
}

/// How many lines are kept for messages.
const TAIL: usize = 10;

impl Launched {
    /// Starts `command`, whose standard input and output are set.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        // Ctrl-C is for this process to act on.
        let mut child = command.stderr(Stdio::piped()).process_group(0).spawn()?;
        let errors = Arc::new(Errors::default());
        if let Some(stream) = child.stderr.take() {
            let errors = Arc::clone(&errors);
            let reader = thread::Builder::new().name("joblib-node".to_owned()).stack_size(128 << 10);
            reader.spawn(move || errors.read(stream))?;
        }
        Ok(Launched { child: Some(child), errors })
    }

    /// Waits for the command to end, and kills it when it does not; says how it ended, and what it said last.
    pub(crate) fn end(&mut self, patience: Duration) -> String {
        let Some(mut child) = self.child.take() else { return "it has ended".to_owned() };
        let until = Instant::now() + patience;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(2)),
                _ => break None,
            }
        };
        let how = if let Some(status) = status {
            format!("its command ended with {status}")
        } else {
            let group = Pid::from_raw(-(child.id().cast_signed()));
            // As long as it is not collected, the number of the group is its own.
            let _ = kill(group, Signal::SIGKILL);
            let _ = child.wait();
            "its connection was closed".to_owned()
        };
        let tail = lock(&self.errors.tail);
        if tail.is_empty() {
            return how;
        }
        let lines: Vec<&str> = tail.iter().map(String::as_str).collect();
        format!("{how}, and printed: {}", lines.join(" | "))
    }
}

impl Errors {
    fn read(&self, stream: ChildStderr) {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            if self.echo.load(Ordering::Relaxed) {
                let _ = io::stderr().write_all(&line);
            }
            let mut tail = lock(&self.tail);
            if tail.len() == TAIL {
                tail.pop_front();
            }
            tail.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
            line.clear();
        }
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        let Some(child) = self.child.take() else { return };
        let mut rest = Launched { child: Some(child), errors: Arc::clone(&self.errors) };
        // It ends when its connection does; nobody waits for that. Where there can't be a thread it is waited for here.
        let _ = thread::Builder::new().name("joblib-reap".to_owned()).stack_size(64 << 10).spawn(move || {
            rest.end(Duration::from_secs(5));
        });
    }
}
