//! How an agent comes to run on a node: by a command that leads there, and a shell script that finds the program there or has it
//! sent.
//!
//! The script ([`bootstrap.sh`](bootstrap.sh)) is an argument of the command. It says in lines that begin with `joblib-node` what
//! it needs, why it refuses, or that the agent runs, which then talks in frames. Other lines are a login shell's.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::backend::agent::{entry, marks};
use crate::backend::cluster::greeting::{self, NoAgent, read_line, time_left};
use crate::backend::cluster::peer::{Launched, Peer, PeerKind};
use crate::backend::cluster::program;
use crate::error::{BoxError, Error, Result};
use crate::sync::undivided;
use crate::wire::cluster::{HELLO, Hello};
use crate::wire::codec;
use crate::wire::connection::{Connection, Received};
use crate::wire::function_id;

const SCRIPT: &str = include_str!("bootstrap.sh");
const NEEDS: &str = "joblib-node needs the program";

/// A command that leads to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Launcher {
    /// What the node is called.
    pub(super) name: String,
    /// The command and its arguments, without what is to run on the node.
    pub(super) words: Vec<OsString>,
    /// Whether what follows is put together to a line that a shell on the node reads, as by `ssh`.
    pub(super) by_shell: bool,
}

/// Where the program is on the nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Location {
    /// Where it is here, if that is the same file; else it is sent.
    #[default]
    Anywhere,
    /// At this path, and never sent.
    At(PathBuf),
}

impl Launcher {
    /// What stands for equal launches.
    pub(super) fn key(&self, location: &Location) -> String {
        format!("{:?} {} {location:?}", self.words, self.by_shell)
    }

    /// Starts an agent.
    ///
    /// # Errors
    ///
    /// Returns an error if that takes longer than `patience`, or the node refuses; the error says
    /// which node, and why.
    pub(super) fn start(&self, location: &Location, patience: Duration) -> Result<Peer> {
        self.try_start(location, patience)
            .map_err(|reason| Error::backend(format!("start node {}", self.name), Some(reason)))
    }

    fn try_start(&self, location: &Location, patience: Duration) -> std::result::Result<Peer, BoxError> {
        if !entry::is_linked() || !function_id::is_in_executable() {
            return Err("joblib-parallel is part of a shared library, which nodes can't be given".into());
        }
        let identity = program::identity().map_err(|error| format!("the program can't be read: {error}"))?;
        let (path, ship) = match location {
            Location::Anywhere => (std::env::current_exe().unwrap_or_default(), "ship"),
            Location::At(path) => (path.clone(), "stay"),
        };
        let size = identity.size.to_string();
        let machine = program::machine();
        let arguments: [&OsStr; 10] = [
            "sh".as_ref(),
            "-c".as_ref(),
            SCRIPT.as_ref(),
            "joblib-node".as_ref(),
            identity.hash.as_ref(),
            size.as_ref(),
            path.as_os_str(),
            machine.as_ref(),
            ship.as_ref(),
            marks::VARIABLE.1.as_ref(),
        ];
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]);
        if self.by_shell {
            let quoted: Vec<Vec<u8>> = arguments.iter().map(|argument| quoted(argument)).collect();
            command.arg(OsString::from_vec(quoted.join(&b' ')));
        } else {
            command.args(arguments);
        }
        let started = undivided(|| {
            let (ours, theirs) = UnixStream::pair()?;
            command.stdin(OwnedFd::from(theirs.try_clone()?)).stdout(Stdio::from(OwnedFd::from(theirs)));
            io::Result::Ok((Launched::start(&mut command)?, ours))
        });
        // The command keeps the other end of the socket as long as it is there.
        drop(command);
        let (mut launched, socket) =
            started.map_err(|error| format!("{}: {error}", self.words[0].to_string_lossy()))?;
        let until = Instant::now() + patience;
        match greet(socket, until) {
            Ok((connection, hello)) => {
                let name = format!("{} (pid {} on {})", self.name, hello.pid, hello.host);
                Ok(Peer::new(
                    self.key(location),
                    name,
                    connection,
                    (PeerKind::Host, hello.cpus.max(1)),
                    launched,
                ))
            }
            Err(reason) => {
                Err(reason.explain(&mut launched, patience, "Nodes::start_timeout sets the time").into())
            }
        }
    }
}

/// `argument` as a word of a shell's line.
fn quoted(argument: &OsStr) -> Vec<u8> {
    let mut word = vec![b'\''];
    for byte in argument.as_bytes() {
        match byte {
            b'\'' => word.extend_from_slice(br"'\''"),
            byte => word.push(*byte),
        }
    }
    word.push(b'\'');
    word
}

/// Follows the script until the agent runs.
fn greet(mut socket: UnixStream, until: Instant) -> std::result::Result<(Connection, Hello), NoAgent> {
    let mut noise = String::new();
    loop {
        let line = read_line(&mut socket, until, &noise)?;
        if line == marks::GREETING {
            break;
        } else if line == NEEDS {
            let bytes = program::bytes()
                .map_err(|error| NoAgent::Refused(format!("the program can't be read: {error}")))?;
            // Of a node that is gone the next line is missing.
            let _ = socket.set_write_timeout(Some(time_left(until))).and_then(|()| socket.write_all(&bytes));
        } else if let Some(reason) = line.strip_prefix(greeting::REFUSES) {
            return Err(NoAgent::Refused(reason.to_owned()));
        } else {
            let line = line.strip_prefix(greeting::PREFIX).unwrap_or(&line);
            noise.push_str(line);
            noise.push('\n');
        }
    }
    let gone = |what: &str| NoAgent::Gone(what.to_owned());
    let without_limits = |socket: &UnixStream| {
        socket
            .set_write_timeout(None)
            .and_then(|()| socket.set_read_timeout(None))
            .map_err(|error| gone(&error.to_string()))
    };
    let options = socket.try_clone().map_err(|error| gone(&error.to_string()))?;
    let mut connection = Connection::new(socket.into());
    loop {
        if let Some(frame) = connection.next_frame().map_err(|error| gone(&error.to_string()))? {
            let hello = (frame.kind == HELLO).then(|| codec::parse::<Hello>(frame.bytes));
            let Some(Ok(hello)) = hello else { return Err(gone("the agent's first frame is malformed")) };
            if hello.program != function_id::fingerprint() {
                return Err(NoAgent::Refused(format!("{} runs another build of the program", hello.host)));
            }
            without_limits(&options)?;
            return Ok((connection, hello));
        }
        if Instant::now() >= until {
            return Err(NoAgent::Late);
        }
        let alive = options.set_read_timeout(Some(time_left(until))).and_then(|()| connection.receive(true));
        if !alive.is_ok_and(|received| received != Received::End) {
            return Err(gone(""));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_is_quoted_so_that_a_shell_reads_it_as_it_was() {
        for word in ["", "plain", "two words", "it's", "$HOME `x` \\ \"q\"\nline", "''"] {
            let line = [b"printf %s ".to_vec(), quoted(word.as_ref())].concat();
            let line = std::str::from_utf8(&line).unwrap();
            let output = std::process::Command::new("sh").args(["-c", line]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
        }
    }
}
