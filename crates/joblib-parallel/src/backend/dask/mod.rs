//! [`Dask`]: the backend of a Dask cluster.
//!
//! A bridge (the files of the folder `bridge`), a process of the user's Python, speaks to the scheduler by Dask's public
//! `Client`. To the session it is one agent for the whole cluster. A batch is a plain Dask task. In each Dask worker, a module
//! (the files of the folder `shim`) keeps an agent for each caller and passes frames to it. Python reads of a frame only the
//! numbers that stand in front. Arrays, and results, are between processes of one host as memory that both sides have.

mod launch;
mod report;

pub use self::report::{DaskCleaned, DaskCluster, DaskMember};

use std::path::PathBuf;
use std::time::Duration;

use super::cluster::idle;
use super::cluster::open::open_message;
use super::cluster::peer::Peer;
use super::cluster::session::ClusterSession;
use super::n_jobs;
use crate::backend::{Call, Capabilities, ParallelBackend, Session};
use crate::error::{Error, Result};
use crate::sys::cpu::cpu_count;

/// The backend `"dask"`: the workers of a [Dask](https://www.dask.org) cluster.
///
/// Needs the feature `dask`, and a `python3` with `distributed` on this host, of the same minor version as the cluster's.
/// This program is sent to each Dask worker once, identified by its content; an agent runs it there, as with
/// [`Nodes`](super::Nodes), whose documentation describes the differences from `"loky"`.
///
/// ```no_run
/// use joblib_parallel::backend::Dask;
/// use joblib_parallel::{Parallel, delayed, parallel_config};
///
/// let _scope = parallel_config().backend(Dask::at("tcp://10.0.0.5:8786")).enter();
/// let roots = Parallel::new().run((0..1000).map(|n| delayed(f64::sqrt, (f64::from(n),))))?;
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
///
/// `n_jobs` is −1 by default: all threads of the cluster. A smaller number limits the batches that the cluster has at a
/// time. With a larger number some batches wait in the cluster, and run when the cluster grows. Tasks in Dask's dashboard
/// have the names of their functions.
///
/// As `JOBLIB_BACKEND=dask` it finds the scheduler as [`Dask::new`] does.
///
/// | variable | meaning |
/// |---|---|
/// | `JOBLIB_DASK_ADDRESS`, else `DASK_SCHEDULER_ADDRESS` | the scheduler's address |
/// | `JOBLIB_DASK_SCHEDULER_FILE` | the file that `dask scheduler --scheduler-file` writes |
/// | `JOBLIB_DASK_WAIT` | how many seconds to wait for the scheduler and its first worker: 10 by default |
/// | `JOBLIB_DASK_RECONNECT` | how many seconds to wait for a lost connection: 10 by default |
/// | `JOBLIB_DASK_DIRECT` | whether arrays are sent directly to workers, see [`Dask::direct`]: `1` or `0` |
/// | `JOBLIB_PYTHON` | the Python; by default that of `VIRTUAL_ENV` or `CONDA_PREFIX`, else `python3` |
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dask {
    address: Option<String>,
    tls: Option<[PathBuf; 3]>,
    local: bool,
    python: Option<PathBuf>,
    wait: Option<Duration>,
    workers: Option<usize>,
    reconnect: Option<Duration>,
    direct: Option<bool>,
    shared_files: bool,
}

/// How long a batch should take: Dask's own cost for a task is some milliseconds.
const BATCH_TIME: Duration = Duration::from_millis(200);

/// A batch that takes longer was meant for faster tasks: what is left of it goes back, for others to share.
const PATIENCE: Duration = Duration::from_secs(1);

impl Dask {
    /// The scheduler that the environment or Dask's own configuration names.
    pub fn new() -> Self {
        Self::default()
    }

    /// The scheduler at this address, such as `tcp://host:8786` or `tls://host:8786`.
    pub fn at(address: impl Into<String>) -> Self {
        Dask { address: Some(address.into()), ..Self::default() }
    }

    /// Sets the files of the authority's certificate, of this program's certificate and of its key, for a `tls://` address.
    /// By default they are taken from Dask's own configuration.
    pub fn tls(mut self, ca: impl Into<PathBuf>, cert: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.tls = Some([ca.into(), cert.into(), key.into()]);
        self
    }

    /// Sets whether to start a cluster on this host if no address is given: one worker with as many threads as there are
    /// processors. It ends with the program.
    pub fn local(mut self, local: bool) -> Self {
        self.local = local;
        self
    }

    /// Sets the path of the Python that has `distributed`.
    pub fn python(mut self, path: impl Into<PathBuf>) -> Self {
        self.python = Some(path.into());
        self
    }

    /// Sets how many Dask workers the first call of this program waits for, and how long it waits for them and for the
    /// scheduler.
    pub fn wait_for_workers(mut self, workers: usize, timeout: Duration) -> Self {
        self.workers = Some(workers);
        self.wait = Some(timeout);
        self
    }

    /// Sets how long calls wait for a lost connection to the scheduler before they end: ten seconds by default. Batches
    /// that were running run again after the program has reconnected.
    pub fn reconnect_timeout(mut self, timeout: Duration) -> Self {
        self.reconnect = Some(timeout);
        self
    }

    /// Sets whether an array is sent directly to the first worker that needs it, instead of through the scheduler. By
    /// default it is if this host can connect to that worker. Workers on this host then share the caller's memory, and
    /// nothing is sent.
    pub fn direct(mut self, direct: bool) -> Self {
        self.direct = Some(direct);
        self
    }

    /// As [`Nodes::shared_files`](super::Nodes::shared_files).
    pub fn shared_files(mut self, shared: bool) -> Self {
        self.shared_files = shared;
        self
    }

    fn is_direct(&self) -> Result<bool> {
        if let Some(direct) = self.direct {
            return Ok(direct);
        }
        match std::env::var_os("JOBLIB_DASK_DIRECT") {
            None => Ok(true),
            Some(text) if text.is_empty() || text == "1" => Ok(true),
            Some(text) if text == "0" => Ok(false),
            Some(text) => {
                Err(Error::usage(format!("JOBLIB_DASK_DIRECT is {}: it has to be 0 or 1", text.display())))
            }
        }
    }

    fn wait(&self) -> Result<Duration> {
        if let Some(wait) = self.wait {
            let none = || Error::usage("Dask::wait_for_workers has a timeout of 0: it has to be longer");
            return Some(wait).filter(|wait| !wait.is_zero()).ok_or_else(none);
        }
        let wait = seconds("JOBLIB_DASK_WAIT")?.unwrap_or(Duration::from_secs(10));
        if wait.is_zero() {
            return Err(Error::usage("JOBLIB_DASK_WAIT is 0: it has to be at least a second"));
        }
        Ok(wait)
    }

    fn reconnect(&self) -> Result<Duration> {
        match self.reconnect {
            Some(timeout) => Ok(timeout),
            None => Ok(seconds("JOBLIB_DASK_RECONNECT")?.unwrap_or(Duration::from_secs(10))),
        }
    }

    /// The connection to the cluster.
    fn connect(&self) -> Result<Peer> {
        match idle::checkout(&self.key()) {
            Some(peer) => Ok(peer),
            None => launch::start(self),
        }
    }

    /// Connects to the cluster, sends this program to its workers, and returns a description of the cluster.
    ///
    /// ```no_run
    /// use joblib_parallel::backend::Dask;
    ///
    /// for member in Dask::at("tcp://scheduler:8786").describe()?.members {
    ///     println!("{}: Python {}, distributed {}", member.name, member.python, member.distributed);
    /// }
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the cluster can't be used; the error says what to install or to set.
    pub fn describe(&self) -> Result<DaskCluster> {
        let (peer, cluster) = launch::describe(self)?;
        idle::park(peer);
        Ok(cluster)
    }

    /// Removes what programs that are no longer connected have left on the cluster: their files, and the plugins that send
    /// the program to new workers. A program that runs again is sent again.
    ///
    /// # Errors
    ///
    /// Returns an error if the cluster can't be reached; the error says what to install or to set.
    pub fn clean(&self) -> Result<DaskCleaned> {
        launch::clean(self)
    }

    /// What stands for equal connections: also what the environment says, which a program may change.
    fn key(&self) -> String {
        format!(
            "{self:?} {:?} {:?} {:?} {:?} {}",
            self.scheduler(),
            launch::scheduler_file(),
            self.is_direct().ok(),
            self.reconnect().ok(),
            launch::python(self).display()
        )
    }

    /// The scheduler's address, where one is said.
    fn scheduler(&self) -> Option<String> {
        let variable = |name| std::env::var(name).ok().filter(|address| !address.trim().is_empty());
        let address = self.address.clone().or_else(|| variable("JOBLIB_DASK_ADDRESS"));
        address.or_else(|| variable("DASK_SCHEDULER_ADDRESS")).map(|address| address.trim().to_owned())
    }
}

/// The time that a variable says, if it is set.
fn seconds(variable: &str) -> Result<Option<Duration>> {
    let text = std::env::var_os(variable).filter(|text| !text.is_empty());
    let Some(text) = text else { return Ok(None) };
    let seconds = text.to_str().and_then(|text| text.trim().parse().ok());
    seconds.map(|seconds| Some(Duration::from_secs(seconds))).ok_or_else(|| {
        Error::usage(format!("{variable} is {}: it has to be a number of seconds", text.display()))
    })
}

impl ParallelBackend for Dask {
    fn name(&self) -> &'static str {
        "dask"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            worker_settings: true,
            captures_output: true,
            other_hosts: true,
            ..Capabilities::remote(BATCH_TIME)
        }
    }

    fn default_n_jobs(&self) -> i32 {
        -1
    }

    fn effective_n_jobs(&self, n_jobs: i32) -> Result<usize> {
        if n_jobs > 0 {
            return Ok(n_jobs as usize);
        }
        n_jobs::resolve(n_jobs, cpu_count())?;
        let peer = self.connect()?;
        let threads = peer.cpus;
        idle::park(peer);
        n_jobs::resolve(n_jobs, threads)
    }

    fn open(&self, call: Call) -> Result<Box<dyn Session>> {
        let open = open_message(&call, PATIENCE)?;
        let peers = vec![(self.connect()?, call.n_jobs)];
        let dask = self.clone();
        let restart = move |_: &str| dask.connect();
        Ok(Box::new(ClusterSession::new(peers, call, open, self.shared_files, Box::new(restart))?))
    }
}
