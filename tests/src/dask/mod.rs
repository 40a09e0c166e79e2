//! A Dask cluster on this machine.

mod process;

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub use self::process::Process;
use self::process::{Forks, is_hidden};

/// The Python with Dask that `cargo xtask test` makes. Without it there is nothing to test with.
///
/// # Panics
///
/// Without it in CI, where nothing is skipped.
pub fn python() -> Option<PathBuf> {
    let python = std::env::var_os("JOBLIB_TEST_PYTHON_DASK").map(PathBuf::from);
    if python.is_none() {
        assert!(std::env::var_os("CI").is_none(), "JOBLIB_TEST_PYTHON_DASK names no Python with Dask");
        println!("skipped: JOBLIB_TEST_PYTHON_DASK names no Python with Dask (cargo xtask test makes one)");
    }
    python
}

/// A Python for bridges. It is not started again for each: a process that has imported Dask becomes the program that it is to
/// run, which is called `joblib-bridge`.
///
/// # Panics
///
/// If Dask can't be imported.
pub fn bridges(python: &Path) -> PathBuf {
    Forks::get(python).python.clone()
}

/// A scheduler and its workers, which end with this.
#[derive(Debug)]
pub struct Cluster {
    /// See [`bridges`].
    pub python: PathBuf,
    /// Where its files are: those of a worker in a folder of its name.
    pub folder: tempfile::TempDir,
    /// The scheduler's address.
    pub address: String,
    /// The scheduler.
    pub scheduler: Process,
    /// The workers, `worker0`, `worker1` and so on.
    pub workers: Vec<Process>,
    /// The Python that it runs by.
    real_python: PathBuf,
    options: Vec<String>,
}

impl Cluster {
    /// Starts a scheduler and so many workers with a thread each, all with these options of Dask's commands.
    ///
    /// # Panics
    ///
    /// If one of them does not start.
    pub fn start(python: PathBuf, workers: usize, options: &[&str]) -> Self {
        Self::start_by(&[], python, workers, options)
    }

    /// The same, with the scheduler started by a command that runs what is behind it.
    ///
    /// # Panics
    ///
    /// If one of them does not start.
    pub fn start_by(command: &[&str], python: PathBuf, workers: usize, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("scheduler.json");
        let mut arguments: Vec<OsString> = ["--port", "0", "--scheduler-file"].map(Into::into).to_vec();
        arguments.push(file.clone().into());
        arguments.extend(options.iter().map(Into::into));
        let scheduler = start(command, &python, folder.path(), ("scheduler", arguments), &[]);
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let until = Instant::now() + Duration::from_mins(2);
        let address = loop {
            let text = fs::read_to_string(&file).unwrap_or_default();
            let address = ["tcp://", "tls://"].into_iter().find_map(|scheme| {
                let (address, _) = text.split_once(scheme)?.1.split_once('"')?;
                Some(format!("{scheme}{address}"))
            });
            if let Some(address) = address {
                break address;
            }
            assert!(Instant::now() < until, "the scheduler does not start");
            thread::sleep(Duration::from_millis(5));
        };
        let bridges = bridges(&python);
        let mut cluster = Self {
            python: bridges,
            folder,
            address,
            scheduler,
            workers: Vec::new(),
            real_python: python,
            options,
        };
        for _ in 0..workers {
            cluster.add_worker();
        }
        cluster
    }

    /// Starts a worker in a working directory of its own, with its name in the variable `DASK_NODE`.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn add_worker(&mut self) {
        self.add_worker_with(&[]);
    }

    /// The same, with these variables in its environment as well.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn add_worker_with(&mut self, variables: &[(&str, &str)]) {
        self.start_worker(&[], None, variables);
    }

    /// Starts a worker by a command that runs what is behind it, and has it keep its files in this folder.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn add_worker_by(&mut self, command: &[&str], local: Option<&Path>) {
        self.start_worker(command, local, &[]);
    }

    fn start_worker(&mut self, command: &[&str], local: Option<&Path>, variables: &[(&str, &str)]) {
        let name = format!("worker{}", self.workers.len());
        let folder = self.folder.path().join(&name);
        fs::create_dir(&folder).expect("a folder");
        let local = local.map_or_else(|| folder.join("local"), Path::to_owned);
        let words =
            ["--nthreads", "1", "--nworkers", "1", "--no-nanny", "--name", &name, "--local-directory"];
        let mut arguments: Vec<OsString> = words.map(Into::into).to_vec();
        arguments.push(local.into());
        arguments.extend(self.options.iter().map(Into::into));
        arguments.push(self.address.clone().into());
        let variables = [&[("DASK_NODE", name.as_str())][..], variables].concat();
        self.workers.push(start(command, &self.real_python, &folder, ("worker", arguments), &variables));
    }

    /// Runs a program of Python that is given the scheduler's address; returns what it prints.
    ///
    /// # Panics
    ///
    /// If it fails.
    pub fn ask(&self, program: &str) -> String {
        let output = Command::new(&self.python).args(["-c", program, &self.address]).output();
        let output = output.expect("Python starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for process in self.workers.iter_mut().chain([&mut self.scheduler]) {
            process.kill();
        }
        for process in self.workers.iter_mut().chain([&mut self.scheduler]) {
            process.wait();
        }
    }
}

/// Starts one of Dask's commands, by another command if there is one.
fn start(
    command: &[&str],
    python: &Path,
    folder: &Path,
    (what, arguments): (&str, Vec<OsString>),
    variables: &[(&str, &str)],
) -> Process {
    let mut words: Vec<OsString> = [what, "--host", "127.0.0.1", "--no-dashboard"].map(Into::into).to_vec();
    words.extend(arguments);
    let [program, before @ ..] = command else {
        return Forks::get(python).start_command(folder, &words, variables);
    };
    let mut command = Command::new(program);
    command.args(before).arg(python).args(["-m", "dask"]).args(words);
    command.current_dir(folder).process_group(0).envs(variables.iter().copied());
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_hidden(name)) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Process::child(command.spawn().expect("it starts"))
}
