//! How the bridge starts.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Dask;
use super::report::{DaskCleaned, DaskCluster, DaskMember};
use crate::backend::agent::{entry, marks};
use crate::backend::cluster::greeting::{self, NoAgent, read_line};
use crate::backend::cluster::peer::{Launched, Peer, PeerKind};
use crate::backend::cluster::program;
use crate::error::{Error, Result};
use crate::sync::undivided;
use crate::sys::cpu::cpu_count;
use crate::wire::connection::Connection;
use crate::wire::function_id;

/// A program of the user's Python.
const BRIDGE: &str = concat!(
    include_str!("bridge/start.py"),
    include_str!("bridge/program.py"),
    include_str!("bridge/frames.py"),
    include_str!("bridge/arrays.py"),
    include_str!("bridge/calls.py"),
    include_str!("bridge/main.py"),
);
/// A module for Dask workers.
const SHIM: &str = concat!(
    include_str!("shim/start.py"),
    include_str!("shim/memory.py"),
    include_str!("shim/agent.py"),
    include_str!("shim/program.py"),
    include_str!("shim/calls.py"),
);
/// How long Python may take beyond what is waited for the cluster.
const START: Duration = Duration::from_mins(1);

/// The Python to use.
pub(super) fn python(dask: &Dask) -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let of = |name: &str| variable(name).map(|folder| folder.join("bin/python")).filter(|path| path.exists());
    let named = dask.python.clone().or_else(|| variable("JOBLIB_PYTHON"));
    named.or_else(|| of("VIRTUAL_ENV")).or_else(|| of("CONDA_PREFIX")).unwrap_or_else(|| "python3".into())
}

pub(super) fn scheduler_file() -> Option<OsString> {
    std::env::var_os("JOBLIB_DASK_SCHEDULER_FILE").filter(|value| !value.is_empty())
}

/// Starts the bridge, which connects to the scheduler and sees to it that workers have the program.
///
/// # Errors
///
/// Returns an error if that is not possible; the error says what is missing.
pub(super) fn start(dask: &Dask) -> Result<Peer> {
    Ok(connect(dask, &[])?.0)
}

/// As [`start`]; and says what the cluster is made of, and whether its workers can run the program.
///
/// # Errors
///
/// As of [`start`].
pub(super) fn describe(dask: &Dask) -> Result<(Peer, DaskCluster)> {
    connect(dask, &["probe=1"])
}

fn connect(dask: &Dask, options: &[&str]) -> Result<(Peer, DaskCluster)> {
    let (greeting, launched) = run(dask, options)?;
    let Greeting { connection, said: Said { cluster, .. } } = greeting;
    let name = format!("the Dask cluster at {}", cluster.address);
    let versions = cluster.versions();
    if versions.len() > 1 {
        tracing::warn!(cluster = %name, ?versions, "the versions of distributed differ, which Dask advises against");
    }
    let kind = (PeerKind::Cluster, cluster.threads);
    Ok((Peer::new(dask.key(), name, connection, kind, launched), cluster))
}

/// Has the bridge remove what is left of programs that are not connected.
///
/// # Errors
///
/// As of [`start`].
pub(super) fn clean(dask: &Dask) -> Result<DaskCleaned> {
    let (greeting, _launched) = run(dask, &["clean=1"])?;
    Ok(greeting.said.cleaned)
}

fn failed(reason: String) -> Error {
    Error::backend("use the Dask cluster", Some(reason.into()))
}

/// Runs the bridge with these options as well, until it has said what it is.
fn run(dask: &Dask, options: &[&str]) -> Result<(Greeting, Launched)> {
    if !entry::is_linked() || !function_id::is_in_executable() {
        return Err(failed(
            "joblib-parallel is part of a shared library, which workers can't be given".to_owned(),
        ));
    }
    let (wait, reconnect, direct) = (dask.wait()?, dask.reconnect()?, dask.is_direct()?);
    let identity =
        program::identity().map_err(|error| failed(format!("the program can't be read: {error}")))?;
    let python = python(dask);
    // The file of this process even if it was replaced; elsewhere there is only its path.
    let own = PathBuf::from(format!("/proc/{}/exe", std::process::id()));
    let own = if own.exists() { own } else { std::env::current_exe().unwrap_or_default() };

    let mut command = Command::new(&python);
    command.args(["-c", BRIDGE]).args(options);
    let mut option = |name: &str, value: &OsStr| {
        let mut argument = OsString::from(format!("{name}="));
        argument.push(value);
        command.arg(argument);
    };
    option("shim", SHIM.as_ref());
    option("mark", marks::VARIABLE.1.as_ref());
    option("machine", program::machine().as_ref());
    option("program", own.as_os_str());
    option("hash", identity.hash.as_ref());
    option("wait", wait.as_secs_f64().to_string().as_ref());
    option("reconnect", reconnect.as_secs_f64().to_string().as_ref());
    option("direct", if direct { "1" } else { "0" }.as_ref());
    if let Some(address) = dask.scheduler() {
        option("address", address.as_ref());
    } else if let Some(file) = scheduler_file() {
        option("scheduler_file", &file);
    }
    if dask.local {
        option("local", cpu_count().to_string().as_ref());
    }
    if let Some(workers) = dask.workers {
        option("workers", workers.to_string().as_ref());
    }
    if let Some(files) = &dask.tls {
        for (name, file) in ["ca", "cert", "key"].into_iter().zip(files) {
            check_file(name, file).map_err(failed)?;
            option(name, file.as_os_str());
        }
    }
    let started = undivided(|| {
        let (ours, theirs) = UnixStream::pair()?;
        command.stdin(OwnedFd::from(theirs)).stdout(Stdio::null());
        io::Result::Ok((Launched::start(&mut command)?, ours))
    });
    drop(command);
    let (mut launched, socket) = started.map_err(|error| {
        let python = python.display();
        failed(format!("{python} can't be started: {error}; install Python 3, or name one in JOBLIB_PYTHON"))
    })?;
    let patience = wait + START;
    match greet(socket, Instant::now() + patience) {
        Ok(greeting) => Ok((greeting, launched)),
        Err(reason) => {
            Err(failed(reason.explain(&mut launched, patience, "JOBLIB_DASK_WAIT sets the seconds")))
        }
    }
}

fn check_file(name: &str, path: &Path) -> std::result::Result<(), String> {
    match std::fs::File::open(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("the {name} file {} can't be read: {error}", path.display())),
    }
}

/// The connection to a bridge, and what it said first.
struct Greeting {
    connection: Connection,
    said: Said,
}

#[derive(Default)]
struct Said {
    cluster: DaskCluster,
    cleaned: DaskCleaned,
}

impl Said {
    /// Parses a line without its prefix; `None` if the bridge does not write such a line.
    fn read(&mut self, line: &str) -> Option<()> {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            ["caller", python, version, distributed, sent] => {
                python.clone_into(&mut self.cluster.python);
                self.cluster.sent = sent.parse().ok()?;
                self.cluster.members.push(member(["the caller", version, distributed, ""], 0));
            }
            ["member", refusal, name, python, distributed, threads] => {
                let threads = threads.parse().ok()?;
                self.cluster.members.push(member([name, python, distributed, refusal], threads));
            }
            ["cluster", threads, place] => {
                self.cluster.threads = threads.parse().ok()?;
                place.clone_into(&mut self.cluster.address);
            }
            ["cleaned", programs, files, bytes] => {
                self.cleaned = DaskCleaned {
                    programs: programs.parse().ok()?,
                    files: files.parse().ok()?,
                    bytes: bytes.parse().ok()?,
                };
            }
            _ => return None,
        }
        Some(())
    }
}

fn member(texts: [&str; 4], threads: usize) -> DaskMember {
    let [name, python, distributed, refusal] = texts.map(str::to_owned);
    DaskMember { name, python, distributed, threads, refusal: Some(refusal).filter(|text| !text.is_empty()) }
}

/// Follows the bridge until it is connected.
fn greet(mut socket: UnixStream, until: Instant) -> std::result::Result<Greeting, NoAgent> {
    let mut said = Said::default();
    loop {
        let line = read_line(&mut socket, until, "")?;
        if let Some(reason) = line.strip_prefix(greeting::REFUSES) {
            return Err(NoAgent::Refused(reason.to_owned()));
        }
        if line == marks::GREETING {
            break;
        }
        if let Some(line) = line.strip_prefix(greeting::PREFIX) {
            said.read(line).ok_or_else(|| NoAgent::Gone(format!("it said: {line}")))?;
        }
    }
    let set = socket.set_write_timeout(None).and_then(|()| socket.set_read_timeout(None));
    set.map_err(|error| NoAgent::Gone(error.to_string()))?;
    Ok(Greeting { connection: Connection::new(socket.into()), said })
}
