//! Robust worker processes: the same executable, started again, kept between calls.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::unistd::Pid;

use super::config::{Config, call_message, config};
use super::handle::WorkerHandle;
use super::idle;
use super::program::Program;
use super::session::{BATCH_TIME, ProcessSession, Starter};
use crate::backend::{Batch, Call, Capabilities, ParallelBackend, Session};
use crate::error::{Error, Result};
use crate::sync::undivided;
use crate::wire::status_page::StatusPage;
use crate::worker::{entry, summons};

pub(crate) struct Loky;

impl ParallelBackend for Loky {
    fn name(&self) -> &'static str {
        "loky"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { worker_settings: true, captures_output: true, ..Capabilities::remote(BATCH_TIME) }
    }

    fn open(&self, call: Call) -> Result<Box<dyn Session>> {
        let config = config(&call)?;
        let message = call_message(&call);
        Ok(Box::new(ProcessSession::<_, Batch>::new(Respawn::default(), config, call, message)?))
    }
}

/// Starts this executable again.
#[derive(Default)]
pub(crate) struct Respawn {
    /// Its arguments, where they are not those of this process.
    arguments: Option<Vec<OsString>>,
}

#[cfg(feature = "cluster")]
impl Respawn {
    /// With the arguments of another process, of which this one runs the tasks.
    pub(crate) fn with_arguments(arguments: Vec<OsString>) -> Self {
        Respawn { arguments: Some(arguments) }
    }
}

impl Starter for Respawn {
    fn start(&mut self, config: &Config, name: &str) -> Result<WorkerHandle> {
        match idle::checkout(config) {
            Some(worker) => Ok(worker),
            None => spawn(config, name, self.arguments.as_deref()),
        }
    }

    fn park(&mut self, config: &Config, worker: WorkerHandle) {
        idle::park(config.clone(), worker);
    }
}

fn spawn(config: &Config, name: &str, arguments: Option<&[OsString]>) -> Result<WorkerHandle> {
    let failed = |error: std::io::Error| Error::backend("start a worker process", Some(error.into()));
    if !entry::is_linked() {
        return Err(Error::backend(
            "start a worker process: the worker's entry is missing from this program",
            None,
        ));
    }
    // Before there is a process: what fails here would leave one that nobody waits for.
    let (page, file) = StatusPage::create().map_err(failed)?;
    // A fork meanwhile would keep the worker's end of the socket open, and the environment locked.
    let (child, ours) = undivided(|| {
        let program = Program::find()?;
        let (ours, theirs) = UnixStream::pair()?;
        Ok((command(&program, config, arguments, theirs.into()).spawn()?, ours))
    })
    .map_err(failed)?;
    // The handle waits for the process itself.
    WorkerHandle::new(Pid::from_raw(child.id().cast_signed()), ours.into(), (page, Some(file)), config, name)
}

/// What starts a worker with `socket` as its standard input.
fn command(program: &Program, config: &Config, arguments: Option<&[OsString]>, socket: OwnedFd) -> Command {
    let arguments = arguments.map_or_else(|| std::env::args_os().collect(), <[_]>::to_vec);
    let mut arguments = arguments.into_iter();
    let mut command = Command::new(&program.path);
    let (name, value) = summons::variable();
    if let Some(program) = arguments.next() {
        command.arg0(program);
    }
    command
        // A task may look at the program's arguments.
        .args(arguments)
        .envs(config.env.iter().map(|(name, value)| (name, value)))
        .env(name, value)
        // As the worker does itself; here it is so from the beginning.
        .process_group(0)
        .stdin(Stdio::from(socket));
    command
}
