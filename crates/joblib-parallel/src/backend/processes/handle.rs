//! A worker process, as its parent sees it.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::config::Config;
use super::output::WorkerOutput;
use crate::backend::worker_settings::WorkerSettings;
use crate::error::{BoxError, Crash, Error, Result};
use crate::sys::children::{self, Listed};
use crate::sys::memory::resident;
use crate::sys::pidfd::pidfd;
use crate::task::context::CallContext;
use crate::wire::connection::{Connection, Received};
use crate::wire::known::Known;
use crate::wire::message::{self, Setup};
use crate::wire::shared_memory::SharedMemory;
use crate::wire::status_page::StatusPage;

/// Why the parent killed a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KillReason {
    /// The task of this index took too long.
    TimedOut(usize),
    /// Its call has ended.
    Stopped,
}

/// How a worker ended.
pub(crate) struct End {
    pub(crate) crash: Crash,
    pub(crate) kill_reason: Option<KillReason>,
    /// Whether it was ending when that was looked at, and not killed because it was not.
    pub(crate) by_itself: bool,
}

/// A running worker. Dropping it ends the process.
pub(crate) struct WorkerHandle {
    pub(crate) name: String,
    pid: Pid,
    /// It stops and goes on with this process.
    listed: Listed,
    /// Readable when the process has ended, where the system has such a thing.
    pub(crate) pidfd: Option<OwnedFd>,
    pub(crate) connection: Connection,
    pub(crate) page: StatusPage,
    /// The arrays it has been told of.
    pub(crate) known: Known<SharedMemory>,
    /// Tasks it has done.
    pub(crate) tasks: u64,
    /// What it prints, from the first call on that captures that.
    pub(super) output: Option<WorkerOutput>,
    kill_reason: Option<KillReason>,
    ended: bool,
}

impl WorkerHandle {
    /// Takes over a process that was just started with the other end of `socket`, and sends it its setup: with the
    /// file behind `page`, if the process does not have that already.
    pub(crate) fn new(
        pid: Pid,
        socket: OwnedFd,
        (page, file): (StatusPage, Option<File>),
        config: &Config,
        name: &str,
    ) -> Result<Self> {
        let mut worker = WorkerHandle {
            name: format!("{name} (pid {pid})"),
            pid,
            listed: children::list(pid),
            pidfd: pidfd(pid),
            connection: Connection::new(socket),
            page,
            known: Known::default(),
            tasks: 0,
            output: None,
            kill_reason: None,
            ended: false,
        };
        let setup = Setup { name: worker.name.clone(), ..config.setup.clone() };
        let frame = setup
            .frame(file.map(OwnedFd::from))
            .map_err(|reason| Error::backend("encode a worker's setup", Some(reason.into())))?;
        // A worker that is already dead is noticed when it is waited for.
        let _ = worker.connection.post(frame);
        Ok(worker)
    }

    /// Has what its tasks print belong to a call from now on.
    ///
    /// # Errors
    ///
    /// Returns an error if there can be no pipes to the worker.
    pub(crate) fn capture_output(&mut self, call: &Arc<CallContext>) -> Result<()> {
        if self.output.is_none() {
            let failed =
                |error: BoxError| Error::backend("capture the output of a worker process", Some(error));
            let (output, pipes) = WorkerOutput::open().map_err(|error| failed(error.into()))?;
            for (introduction, pipe) in pipes {
                let frame = introduction.frame().map_err(|reason| failed(reason.into()))?;
                // A worker that is already dead is noticed when it is waited for.
                let _ = self.connection.post(frame.with_descriptor(Arc::new(pipe.into())));
            }
            self.output = Some(output);
        }
        if let Some(output) = &self.output {
            output.set_call(Some(Arc::clone(call)));
        }
        Ok(())
    }

    /// Its call is over: what it prints from now on belongs to none.
    pub(crate) fn release_output(&self) {
        if let Some(output) = &self.output {
            output.set_call(None);
        }
    }

    /// Kills the process, and those it started.
    pub(crate) fn kill(&mut self, kill_reason: KillReason) {
        self.kill_reason.get_or_insert(kill_reason);
        self.kill_group();
    }

    fn kill_group(&self) {
        // Until it is waited for, the number can't be another process's. The group exists from the moment that the
        // worker has made it; before that there is only the worker.
        let _ = kill(Pid::from_raw(-self.pid.as_raw()), Signal::SIGKILL);
        let _ = kill(self.pid, Signal::SIGKILL);
    }

    /// Waits for the process to end, and kills it if it does not; returns how it ended, and why it was killed if that
    /// was on purpose.
    pub(crate) fn end(&mut self) -> End {
        let end = self.end_process();
        if let Some(output) = &self.output {
            output.end();
        }
        end
    }

    fn end_process(&mut self) -> End {
        let mut crash = Crash::default();
        let mut by_itself = true;
        if self.ended {
            return End { crash, kill_reason: self.kill_reason, by_itself };
        }
        self.ended = true;
        // One that closed its socket but is still there is given a moment to end by itself.
        let status = self.wait_briefly().or_else(|| {
            crash.note = Some("it had closed its connection, and was killed".to_owned());
            by_itself = false;
            self.kill_group();
            self.collect(0)
        });
        match status {
            Some(Ended::Signaled(signal)) => {
                crash.signal = Some(signal);
                if signal == Signal::SIGKILL as i32 && self.kill_reason.is_none() && crash.note.is_none() {
                    crash.note = Some(
                        "not by this program: by the system, if it is out of memory, or by somebody"
                            .to_owned(),
                    );
                }
            }
            Some(Ended::Exited(code)) => crash.exit_code = Some(code),
            None => {}
        }
        End { crash, kill_reason: self.kill_reason, by_itself }
    }

    /// Kills the process, which has nothing to do, and does not wait until its memory is given back.
    pub(crate) fn end_later(mut self) {
        self.kill(KillReason::Stopped);
        // Dropped by the new thread, or, where there can't be one, with the closure and here.
        let _ = std::thread::Builder::new().name("joblib-reap".to_owned()).stack_size(64 << 10).spawn(
            move || {
                drop(self);
            },
        );
    }

    /// The end of a process that is ending by itself.
    fn wait_briefly(&mut self) -> Option<Ended> {
        if self.kill_reason.is_some() {
            return self.collect(0);
        }
        if let Some(pidfd) = &self.pidfd {
            use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
            let mut watched = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
            // A process that dies takes some milliseconds to be gone, more where its memory is large.
            let _ = poll(&mut watched, PollTimeout::from(200_u8));
        }
        self.collect(libc::WNOHANG)
    }

    /// Collects the process once it has ended, with what it may have left behind.
    fn collect(&mut self, flags: i32) -> Option<Ended> {
        if !has_ended(self.pid, flags) {
            return None;
        }
        // As long as it is not collected, the numbers of process and group are its own.
        let _ = kill(Pid::from_raw(-self.pid.as_raw()), Signal::SIGKILL);
        self.listed.remove();
        wait(self.pid)
    }

    /// Why the user wants it replaced: it has done, or grown, too much.
    pub(crate) fn worn_out(&self, settings: &WorkerSettings) -> Option<String> {
        if let Some(most) = settings.recycle_after_tasks
            && self.tasks >= most
        {
            return Some(format!("it has done {} tasks, of at most {most}", self.tasks));
        }
        let most = settings.recycle_above_bytes?;
        let used = resident(self.pid)?;
        (used > most).then(|| format!("it uses {used} bytes of memory, of at most {most}"))
    }

    /// Tells it which arrays are gone, as its call ends; `false` if it can't be told, and therefore not be used again.
    pub(crate) fn forget_gone_arrays(&mut self) -> bool {
        let gone = self.known.gone();
        self.forget(&gone) && !self.connection.is_full() && self.kill_reason.is_none()
    }

    /// Tells it, before its next batch, which arrays are gone, when they are many. A worker that can't be told is dead.
    pub(crate) fn forget_many_gone_arrays(&mut self) {
        let gone = self.known.gone_if_many();
        self.forget(&gone);
    }

    /// `false` if it can't be told.
    fn forget(&mut self, gone: &[u128]) -> bool {
        gone.is_empty() || message::forget_frame(gone).is_ok_and(|frame| self.connection.post(frame).is_ok())
    }

    /// Whether the process is there, and its connection open.
    pub(crate) fn is_alive(&mut self) -> bool {
        // Once it was waited for, its number may be another process's.
        if !self.ended && has_ended(self.pid, libc::WNOHANG) {
            self.ended = true;
            self.collect(libc::WNOHANG);
        }
        !self.ended && matches!(self.connection.receive(false), Ok(Received::Bytes | Received::Nothing))
    }

    /// A number that no other worker has while this one is there.
    pub(crate) fn key(&self) -> u64 {
        u64::from(self.pid.as_raw().cast_unsigned())
    }

    /// The descriptor of the parent's end of the socket.
    pub(crate) fn descriptor(&self) -> i32 {
        std::os::fd::AsRawFd::as_raw_fd(&self.connection.as_fd())
    }
}

impl Drop for WorkerHandle {
    fn drop(&mut self) {
        if !self.ended {
            self.kill(KillReason::Stopped);
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

/// Waits for a process to end, or with `WNOHANG` sees whether it has, and leaves it to be collected.
fn has_ended(pid: Pid, flags: i32) -> bool {
    loop {
        // SAFETY: all zeros are a valid value, which is written to where it says.
        let (waited, info) = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            let flags = libc::WEXITED | libc::WNOWAIT | flags;
            (libc::waitid(libc::P_PID, pid.as_raw().cast_unsigned(), &raw mut info, flags), info)
        };
        if waited == 0 {
            // Where there is nothing to tell, the number is 0.
            // SAFETY: for children that is the field that is set.
            return unsafe { info.si_pid() } != 0;
        }
        if nix::errno::Errno::last() != nix::errno::Errno::EINTR {
            // Somebody else has collected it.
            return true;
        }
    }
}

/// The end of a process that has ended.
fn wait(pid: Pid) -> Option<Ended> {
    loop {
        let mut status = 0;
        // SAFETY: the status is written to where it says.
        let waited = unsafe { libc::waitpid(pid.as_raw(), &raw mut status, 0) };
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
