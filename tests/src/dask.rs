//! A Dask cluster on this machine.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

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

/// A scheduler and its workers, which end with this.
#[derive(Debug)]
pub struct Cluster {
    /// The Python that it runs by.
    pub python: PathBuf,
    /// Where its files are: those of a worker in a folder of its name.
    pub folder: tempfile::TempDir,
    /// The scheduler's address.
    pub address: String,
    /// The scheduler.
    pub scheduler: Child,
    /// The workers, `worker0`, `worker1` and so on.
    pub workers: Vec<Child>,
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
        let mut scheduler = dask(command, &python, folder.path(), "scheduler");
        scheduler.args(["--port", "0", "--scheduler-file"]).arg(&file).args(options);
        let scheduler = scheduler.spawn().expect("the scheduler starts");
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
            thread::sleep(Duration::from_millis(20));
        };
        let mut cluster = Self { python, folder, address, scheduler, workers: Vec::new(), options };
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
        self.add_worker_by(&[], None);
    }

    /// Starts a worker by a command that runs what is behind it, and has it keep its files in this folder.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn add_worker_by(&mut self, command: &[&str], local: Option<&Path>) {
        let name = format!("worker{}", self.workers.len());
        let folder = self.folder.path().join(&name);
        fs::create_dir(&folder).expect("a folder");
        let local = local.map_or_else(|| folder.join("local"), Path::to_owned);
        let mut worker = dask(command, &self.python, &folder, "worker");
        worker.args(["--nthreads", "1", "--nworkers", "1", "--no-nanny", "--name", &name]);
        worker.arg("--local-directory").arg(local).args(&self.options).arg(&self.address);
        self.workers.push(worker.env("DASK_NODE", &name).spawn().expect("a worker starts"));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for process in self.workers.iter_mut().chain([&mut self.scheduler]) {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// One of Dask's commands, by another command, without what is in this process's environment for its tests.
fn dask(command: &[&str], python: &Path, folder: &Path, what: &str) -> Command {
    let words: Vec<&Path> = command.iter().map(Path::new).chain([python]).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).args(["-m", "dask", what, "--host", "127.0.0.1", "--no-dashboard"]);
    command.current_dir(folder).process_group(0).env_remove("CARGO_MANIFEST_DIR");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}
