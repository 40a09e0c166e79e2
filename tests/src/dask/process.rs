//! Processes of Python that have Dask: its import is most of what the start of one costs, and is paid for once for all of a
//! test's.
//!
//! A process of Python imports Dask, and forks for each of Dask's commands and for each bridge.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

const FORKS: &str = include_str!("forks.py");
const ASK: &str = include_str!("ask.py");

/// One of Dask's processes.
#[derive(Debug)]
pub struct Process(Kind);

#[derive(Debug)]
enum Kind {
    Child(Child),
    /// One that another process has forked, which kills it when the connection is closed.
    Fork {
        id: u32,
        connection: BufReader<UnixStream>,
    },
}

impl Process {
    pub(super) fn child(child: Child) -> Self {
        Process(Kind::Child(child))
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        match &self.0 {
            Kind::Child(child) => child.id(),
            Kind::Fork { id, .. } => *id,
        }
    }

    /// Kills it.
    pub fn kill(&mut self) {
        match &mut self.0 {
            Kind::Child(child) => _ = child.kill(),
            Kind::Fork { connection, .. } => _ = connection.get_ref().shutdown(Shutdown::Write),
        }
    }

    /// Waits for its end.
    pub fn wait(&mut self) {
        match &mut self.0 {
            Kind::Child(child) => _ = child.wait(),
            Kind::Fork { connection, .. } => _ = connection.read_line(&mut String::new()),
        }
    }
}

/// What forks.
#[derive(Debug)]
pub(super) struct Forks {
    socket: PathBuf,
    /// In place of Python.
    pub(super) python: PathBuf,
    /// Its standard input ends with this process, and it with that.
    _process: Child,
}

impl Forks {
    /// That of this process, by this Python.
    pub(super) fn get(python: &Path) -> &'static Forks {
        static FORKS: OnceLock<Forks> = OnceLock::new();
        FORKS.get_or_init(|| Forks::start(python))
    }

    fn start(python: &Path) -> Forks {
        // It removes the folder when it ends.
        let folder = tempfile::tempdir().expect("a folder").keep();
        let log = folder.join("log");
        let mut command = Command::new(python);
        command.args(["-c", FORKS]).arg(&folder).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(File::create(&log).expect("a file"));
        let mut process = command.spawn().expect("Python starts");
        let ask = folder.join("ask.py");
        fs::write(&ask, ASK).expect("a file");
        let socket = folder.join("socket");
        let [program, script, place] =
            [python, ask.as_path(), socket.as_path()].map(|path| format!("'{}'", path.display()));
        let own = folder.join("python3");
        fs::write(&own, format!("#!/bin/sh\nexec {program} -I -S {script} {place} \"$@\"\n"))
            .expect("a file");
        fs::set_permissions(&own, fs::Permissions::from_mode(0o755)).expect("permissions");
        let until = Instant::now() + Duration::from_mins(2);
        while !socket.exists() {
            let ended = process.try_wait().expect("a child");
            assert!(
                ended.is_none() && Instant::now() < until,
                "Python does not import Dask: {ended:?} {}",
                fs::read_to_string(&log).unwrap_or_default()
            );
            thread::sleep(Duration::from_millis(5));
        }
        Forks { socket, python: own, _process: process }
    }

    /// Has one of Dask's commands run in this folder, with these variables in its environment as well.
    pub(super) fn start_command(
        &self,
        folder: &Path,
        arguments: &[OsString],
        variables: &[(&str, &str)],
    ) -> Process {
        let mut words: Vec<OsString> =
            vec!["dask".into(), folder.into(), "0".into(), arguments.len().to_string().into()];
        words.extend_from_slice(arguments);
        let set = |(name, value): (&OsStr, &OsStr)| {
            let mut variable = name.to_owned();
            variable.push("=");
            variable.push(value);
            variable
        };
        let environment = std::env::vars_os().filter(|(name, _)| !is_hidden(name));
        words.extend(environment.map(|(name, value)| set((&name, &value))));
        words.extend(variables.iter().map(|(name, value)| set((name.as_ref(), value.as_ref()))));
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        let request = words.join(&0);

        let mut connection = UnixStream::connect(&self.socket).expect("what forks is there");
        let size = u32::try_from(request.len()).expect("a short request");
        connection
            .write_all(&size.to_le_bytes())
            .and_then(|()| connection.write_all(&request))
            .expect("sent");
        let mut connection = BufReader::new(connection);
        let mut line = String::new();
        connection.read_line(&mut line).expect("it forks");
        Process(Kind::Fork { id: line.trim().parse().expect("the number of a process"), connection })
    }
}

/// Whether a variable of this process's environment, which is there for its tests, is not for Dask's.
pub(super) fn is_hidden(variable: &OsStr) -> bool {
    variable == "CARGO_MANIFEST_DIR"
}
