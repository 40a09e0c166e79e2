//! A worker process, as its parent sees it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::error::{Crash, Error, Result};
use crate::settings::Settings;
use crate::wire::arrays::Known;
use crate::wire::connection::Connection;
use crate::wire::message::{self, Setup};
use crate::worker::slot::Slot;

/// What a worker is, for all its life: workers of equal configuration stand in for each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) setup: Setup,
    pub(crate) env: Vec<(OsString, OsString)>,
}

/// Why the parent killed a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Its task took too long.
    TimedOut,
    /// Its call has ended.
    Stopped,
}

/// A running worker. Dropping it ends the process.
pub(crate) struct WorkerHandle {
    pub(crate) name: String,
    pid: Pid,
    /// Readable when the process has ended, where there is such a thing.
    pub(crate) life: Option<OwnedFd>,
    pub(crate) connection: Connection,
    pub(crate) slot: Slot,
    /// The arrays it has been told of.
    pub(crate) known: Known,
    /// Tasks it has done.
    pub(crate) tasks: u64,
    fate: Option<Fate>,
    ended: bool,
}

impl WorkerHandle {
    /// Takes over a process that was just started with the other end of `socket`, and sends it its setup: with the
    /// file behind `slot`, if the process does not have that already.
    pub(crate) fn new(
        pid: Pid,
        socket: OwnedFd,
        (slot, file): (Slot, Option<File>),
        config: &Config,
        name: &str,
    ) -> Result<Self> {
        let mut worker = WorkerHandle {
            name: format!("{name} (pid {pid})"),
            pid,
            life: life_of(pid),
            connection: Connection::new(socket),
            slot,
            known: Known::default(),
            tasks: 0,
            fate: None,
            ended: false,
        };
        let setup = Setup { name: worker.name.clone(), ..config.setup.clone() };
        let frame = message::frame(message::SETUP, &setup)
            .map_err(|reason| Error::backend("encode a worker's setup", Some(reason.into())))?;
        let frame = match file {
            Some(file) => frame.with_descriptor(Arc::new(file.into())),
            None => frame,
        };
        // A worker that is already dead is noticed when it is waited for.
        let _ = worker.connection.post(frame);
        Ok(worker)
    }

    /// Kills the process, and those it started.
    pub(crate) fn kill(&mut self, fate: Fate) {
        self.fate.get_or_insert(fate);
        self.kill_group();
    }

    fn kill_group(&self) {
        // Until it is waited for, the number can't be another process's. The group exists from the moment that the
        // worker has made it; before that there is only the worker.
        let _ = kill(Pid::from_raw(-self.pid.as_raw()), Signal::SIGKILL);
        let _ = kill(self.pid, Signal::SIGKILL);
    }

    /// Waits for the process to end, making it if need be; says how it ended and whether that was our doing.
    pub(crate) fn end(&mut self) -> (Crash, Option<Fate>) {
        let mut crash = Crash::default();
        if self.ended {
            return (crash, self.fate);
        }
        self.ended = true;
        // One that closed its socket but lives on is given a moment to say how it ends.
        let status = self.wait_briefly().or_else(|| {
            crash.note = Some("it had closed its connection, and was killed".to_owned());
            self.kill_group();
            wait(self.pid, 0)
        });
        // What it may have left behind.
        let _ = kill(Pid::from_raw(-self.pid.as_raw()), Signal::SIGKILL);
        match status {
            Some(Ended::Signaled(signal)) => {
                crash.signal = Some(signal);
                if signal == Signal::SIGKILL as i32 && self.fate.is_none() && crash.note.is_none() {
                    crash.note = Some(
                        "not by this program: by the system, if it is out of memory, or by somebody"
                            .to_owned(),
                    );
                }
            }
            Some(Ended::Exited(code)) => crash.exit_code = Some(code),
            None => {}
        }
        (crash, self.fate)
    }

    /// Kills the process, which has nothing to do, and does not wait until its memory is given back.
    pub(crate) fn end_later(mut self) {
        self.kill(Fate::Stopped);
        // Dropped by the new thread, or, where there can't be one, with the closure and here.
        let _ = std::thread::Builder::new().name("joblib-reap".to_owned()).stack_size(64 << 10).spawn(
            move || {
                drop(self);
            },
        );
    }

    /// The end of a process that is ending by itself.
    fn wait_briefly(&self) -> Option<Ended> {
        if self.fate.is_some() {
            return wait(self.pid, 0);
        }
        if let Some(life) = &self.life {
            use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
            let mut watched = [PollFd::new(life.as_fd(), PollFlags::POLLIN)];
            // The dead need some milliseconds to be gone, more where their memory is large.
            let _ = poll(&mut watched, PollTimeout::from(200_u8));
        }
        wait(self.pid, libc::WNOHANG)
    }

    /// Has it done or grown so much that the user wants it replaced?
    pub(crate) fn worn_out(&self, settings: &Settings) -> Option<String> {
        if let Some(most) = settings.recycle_after_tasks
            && self.tasks >= most
        {
            return Some(format!("it has done {} tasks, of at most {most}", self.tasks));
        }
        let most = settings.recycle_above_bytes?;
        let used = resident(self.pid)?;
        (used > most).then(|| format!("it uses {used} bytes of memory, of at most {most}"))
    }

    /// Tells it which arrays are gone; `false` if it can't be told, and therefore not be used again.
    pub(crate) fn forget_gone_arrays(&mut self) -> bool {
        let gone = self.known.gone();
        if !gone.is_empty()
            && let Ok(frame) = message::frame(message::FORGET, &gone)
            && self.connection.post(frame).is_err()
        {
            return false;
        }
        !self.connection.is_full() && self.fate.is_none()
    }

    /// Is it still there?
    pub(crate) fn is_alive(&mut self) -> bool {
        // Once it was waited for, its number may be another process's.
        self.ended = self.ended || wait(self.pid, libc::WNOHANG).is_some();
        !self.ended && matches!(self.connection.receive(false), Ok(true))
    }

    /// The descriptor of the parent's end of the socket.
    pub(crate) fn descriptor(&self) -> i32 {
        std::os::fd::AsRawFd::as_raw_fd(&self.connection.as_fd())
    }
}

impl Drop for WorkerHandle {
    fn drop(&mut self) {
        if !self.ended {
            self.kill(Fate::Stopped);
            self.end();
        }
    }
}

/// How a process ended.
#[derive(Clone, Copy)]
enum Ended {
    Exited(i32),
    /// By a signal, of which some have numbers only.
    Signaled(i32),
}

/// The end of a process, if it has ended, or once it has.
fn wait(pid: Pid, flags: i32) -> Option<Ended> {
    loop {
        let mut status = 0;
        // SAFETY: the status is written to where it says.
        let waited = unsafe { libc::waitpid(pid.as_raw(), &raw mut status, flags) };
        match waited {
            -1 if nix::errno::Errno::last() == nix::errno::Errno::EINTR => {}
            0 | -1 => return None,
            _ if libc::WIFEXITED(status) => return Some(Ended::Exited(libc::WEXITSTATUS(status))),
            _ if libc::WIFSIGNALED(status) => return Some(Ended::Signaled(libc::WTERMSIG(status))),
            // Stopped or continued, which was not asked for.
            _ => {}
        }
    }
}

/// The memory a process has in use, in bytes.
fn resident(pid: Pid) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = text.split_ascii_whitespace().nth(1)?.parse().ok()?;
    let page = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok()??;
    Some(pages * page as u64)
}

#[cfg(target_os = "linux")]
fn life_of(pid: Pid) -> Option<OwnedFd> {
    crate::worker::limits::pidfd(pid.as_raw()).ok()
}

#[cfg(not(target_os = "linux"))]
fn life_of(_pid: Pid) -> Option<OwnedFd> {
    None
}
