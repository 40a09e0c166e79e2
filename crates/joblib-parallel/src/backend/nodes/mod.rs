//! [`Nodes`]: the backend of hosts that a command leads to each.

mod launch;
mod slurm;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use self::launch::{Launcher, Location};
use super::cluster::idle;
use super::cluster::open::open_message;
use super::cluster::peer::Peer;
use super::cluster::session::ClusterSession;
use super::cluster::spread::spread;
use super::n_jobs;
use crate::backend::{Call, Capabilities, ParallelBackend, Session};
use crate::error::{Error, Result};

/// The backend `"nodes"`: worker processes on other hosts, reached by a command each, such as `ssh` or `srun`.
///
/// The standard input and output of the command are the connection: there is no port to open, and the command is
/// responsible for authentication and encryption. The command starts an agent on the node, which is this program again; the
/// program is sent if the node does not have it. The agent keeps worker processes there, with the features of `"loky"`:
/// time limits, crashes, `retries`, memory limits, initializers, seeds, context and events. Needs the feature `cluster`.
///
/// ```no_run
/// use joblib_parallel::backend::Nodes;
/// use joblib_parallel::{Parallel, delayed, parallel_config};
///
/// // All processors of both hosts, for every call of the scope.
/// let _scope = parallel_config().backend(Nodes::ssh(["big1", "big2"])).enter();
/// let roots = Parallel::new().run((0..1000).map(|n| delayed(f64::sqrt, (f64::from(n),))))?;
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
///
/// Differences from `"loky"`:
/// - `n_jobs` is −1 by default: all processors of all nodes. A smaller number is divided among the nodes.
/// - Arrays of at least [`max_nbytes`](crate::Parallel::max_nbytes) are sent to a node once, identified by their content, and
///   all workers of the node map them. An array that is mapped from a file for writing can't be sent.
/// - When a node is lost, its tasks run again on another node: a task may run more than once. A task that was running on three
///   nodes when they were lost fails with [`Crash`](crate::Crash).
/// - What tasks print to standard output or standard error is written to the standard error of this process.
/// - Tasks run in the node's working directory and environment. A call inside a task stays on the node.
///
/// With [`JOBLIB_BACKEND`](crate::parallel_config)`=nodes` the nodes are those in `JOBLIB_NODES`: `slurm`, `ssh HOST…`, or
/// `command WORD…` with `;` between the commands of nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nodes {
    launchers: Vec<Launcher>,
    location: Location,
    start_timeout: Duration,
    shared_files: bool,
}

/// How long a batch should take: to another host it is on its way for a millisecond or less.
const BATCH_TIME: Duration = Duration::from_millis(20);

/// A batch that takes longer was meant for faster tasks: what is left of it goes back, for others to share.
const PATIENCE: Duration = Duration::from_millis(100);

impl Nodes {
    fn new(launchers: Vec<Launcher>) -> Self {
        Nodes {
            launchers,
            location: Location::Anywhere,
            start_timeout: Duration::from_mins(1),
            shared_files: false,
        }
    }

    /// One node, reached by this command, for example `["kubectl", "exec", "-i", "pod", "--"]`. The command is run with
    /// three or more additional arguments, a call of `sh`, which it has to run on the node.
    ///
    /// ```
    /// use joblib_parallel::backend::Nodes;
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// // This host again, as two nodes.
    /// let nodes = Nodes::command(["env", "NODE=1"]).and(Nodes::command(["env", "NODE=2"]));
    /// let node = || std::env::var("NODE").unwrap_or_default();
    /// let parallel = Parallel::new().backend(nodes).n_jobs(2).batch_size(1);
    /// let nodes = parallel.run((0..2).map(|_| delayed(node, ())))?;
    /// assert!(nodes.contains(&"1".to_owned()) && nodes.contains(&"2".to_owned()));
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn command(words: impl IntoIterator<Item: Into<OsString>>) -> Self {
        let words: Vec<OsString> = words.into_iter().map(Into::into).collect();
        let name: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        Nodes::new(vec![Launcher { name: format!("{:?}", name.join(" ")), words, by_shell: false }])
    }

    /// Hosts that are reached by `ssh`, with the user's ssh configuration. Passwords are not asked for.
    pub fn ssh(hosts: impl IntoIterator<Item: Into<String>>) -> Self {
        let launcher = |host: String| {
            // A connection that is silent for a minute is lost.
            let words =
                ["ssh", "-T", "-oBatchMode=yes", "-oServerAliveInterval=15", "-oServerAliveCountMax=4", "--"];
            let mut words: Vec<OsString> = words.map(Into::into).to_vec();
            words.push(host.clone().into());
            Launcher { name: host, words, by_shell: true }
        };
        Nodes::new(hosts.into_iter().map(Into::into).map(launcher).collect())
    }

    /// The nodes of the Slurm allocation that this program runs in, reached by `srun`.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no allocation in the environment, because the program was not started by
    /// `sbatch` or `salloc`.
    pub fn slurm() -> Result<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let list = variable("SLURM_JOB_NODELIST").or_else(|| variable("SLURM_NODELIST"));
        let (Some(job), Some(list)) = (variable("SLURM_JOB_ID"), list) else {
            return Err(Error::usage(
                "Nodes::slurm() needs an allocation, and SLURM_JOB_ID or SLURM_JOB_NODELIST is not set: start the program \
                 with sbatch, or in an salloc",
            ));
        };
        let malformed = |name: &str, value: &str| {
            Error::usage(format!("{name} = {value:?} is not a list that Slurm writes"))
        };
        let names = slurm::node_names(&list).filter(|names| !names.is_empty());
        let names = names.ok_or_else(|| malformed("SLURM_JOB_NODELIST", &list))?;
        let cpus = match variable("SLURM_JOB_CPUS_PER_NODE") {
            Some(list) => {
                Some(slurm::cpus_per_node(&list).ok_or_else(|| malformed("SLURM_JOB_CPUS_PER_NODE", &list))?)
            }
            None => None,
        };
        let launcher = |(place, name): (usize, String)| {
            let mut words =
                ["srun", "--unbuffered", "--overlap", "--nodes=1", "--ntasks=1"].map(str::to_owned).to_vec();
            words.push(format!("--jobid={job}"));
            words.push(format!("--nodelist={name}"));
            if let Some(cpus) = cpus.as_ref().and_then(|cpus| cpus.get(place)) {
                // All that the allocation has there; a step has one processor otherwise.
                words.push(format!("--cpus-per-task={cpus}"));
            }
            Launcher { name, words: words.into_iter().map(Into::into).collect(), by_shell: false }
        };
        Ok(Nodes::new(names.into_iter().enumerate().map(launcher).collect()))
    }

    /// What `JOBLIB_NODES` says.
    pub(super) fn from_environment() -> Result<Self> {
        let value = std::env::var("JOBLIB_NODES").unwrap_or_default();
        let (how, what) = value.trim().split_once(char::is_whitespace).unwrap_or((value.trim(), ""));
        let nodes = match how {
            "slurm" if what.is_empty() => return Nodes::slurm(),
            "ssh" => Nodes::ssh(what.split_whitespace()),
            "command" => {
                let commands = what.split(';').map(|command| Nodes::command(command.split_whitespace()));
                commands.reduce(Nodes::and).unwrap_or_else(|| Nodes::new(Vec::new()))
            }
            _ => {
                return Err(Error::usage(format!(
                    "backend \"nodes\" needs JOBLIB_NODES to say which, and it is {value:?}: write \"slurm\", \"ssh HOST…\", or \
                     \"command WORD…\" with \";\" between the commands of nodes"
                )));
            }
        };
        nodes.check()?;
        Ok(nodes)
    }

    /// Combines these nodes with those of `other`, whose settings are ignored.
    pub fn and(mut self, other: Nodes) -> Self {
        self.launchers.extend(other.launchers);
        self
    }

    /// Sets the path of the program on every node. The file there has to be the same as here: it is compared, and never
    /// sent. By default the path that the program has here is tried; if it is not there, the program is sent and kept in
    /// the user's cache folder.
    pub fn executable(mut self, path: impl Into<PathBuf>) -> Self {
        self.location = Location::At(path.into());
        self
    }

    /// Sets whether the nodes have the files that arrays are mapped from at the same paths, as with a shared file system. Then
    /// an array that was mapped with [`MmapMode::Read`](joblib_array::MmapMode::Read) is mapped from its file on the node, and
    /// not sent. By default it is sent.
    ///
    /// If the file on a node has another length or time of last change, the call fails. On systems other than Linux it can't be
    /// found out which file an array is mapped from, and arrays are sent.
    ///
    /// ```no_run
    /// use joblib_parallel::backend::Nodes;
    /// use joblib_parallel::parallel_config;
    ///
    /// let _scope = parallel_config().backend(Nodes::ssh(["big1", "big2"]).shared_files(true)).enter();
    /// ```
    pub fn shared_files(mut self, shared: bool) -> Self {
        self.shared_files = shared;
        self
    }

    /// Sets how long a node may take until its agent runs: starting the command, logging in and sending the program. By
    /// default a minute.
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.start_timeout = timeout;
        self
    }

    fn check(&self) -> Result<()> {
        if self.launchers.is_empty() || self.launchers.iter().any(|launcher| launcher.words.is_empty()) {
            return Err(Error::usage("backend \"nodes\" has no node, or one without a command"));
        }
        Ok(())
    }

    /// Connections to these of the nodes, of which those that there are none to are started at the same time.
    fn connect(&self, which: &[usize]) -> Result<Vec<Peer>> {
        std::thread::scope(|scope| {
            let connect = |place: &usize| {
                let launcher = &self.launchers[*place];
                let key = self.key(*place);
                match idle::checkout(&key) {
                    Some(peer) => Ok(Ok(peer)),
                    None => Err(scope.spawn(move || {
                        launcher.start(&self.location, self.start_timeout).map(|mut peer| {
                            peer.key = key;
                            peer
                        })
                    })),
                }
            };
            let peers: Vec<_> = which.iter().map(connect).collect();
            let failed = || Err(Error::backend("start a node: its thread panicked", None));
            let wait = |peer| match peer {
                Ok(peer) => peer,
                Err(thread) => std::thread::ScopedJoinHandle::join(thread).unwrap_or_else(|_| failed()),
            };
            let peers: Vec<Result<Peer>> = peers.into_iter().map(wait).collect();
            peers.into_iter().collect()
        })
    }

    /// What stands for connections to the node at that place. Two nodes may be reached by equal commands.
    fn key(&self, place: usize) -> String {
        let launcher = &self.launchers[place];
        let equal = self.launchers[..place].iter().filter(|other| *other == launcher).count();
        format!("{} {equal}", launcher.key(&self.location))
    }

    /// How many processors each node has.
    fn cpus(&self) -> Result<Vec<usize>> {
        let all: Vec<usize> = (0..self.launchers.len()).collect();
        let known = |place: &usize| idle::cpus(&self.key(*place));
        if let Some(cpus) = all.iter().map(known).collect() {
            return Ok(cpus);
        }
        let peers = self.connect(&all)?;
        let cpus = peers.iter().map(|peer| peer.cpus).collect();
        peers.into_iter().for_each(idle::park);
        Ok(cpus)
    }
}

impl ParallelBackend for Nodes {
    fn name(&self) -> &'static str {
        "nodes"
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
        self.check()?;
        if n_jobs > 0 {
            return Ok(n_jobs as usize);
        }
        // Without a look at the nodes where 0 is refused.
        n_jobs::resolve(n_jobs, 1)?;
        n_jobs::resolve(n_jobs, self.cpus()?.iter().sum())
    }

    fn open(&self, call: Call) -> Result<Box<dyn Session>> {
        let slots = spread(call.n_jobs, &self.cpus()?);
        let used: Vec<usize> = (0..slots.len()).filter(|place| slots[*place] > 0).collect();
        let open = open_message(&call, PATIENCE)?;
        let peers = self.connect(&used)?.into_iter().zip(used.iter().map(|place| slots[*place])).collect();
        let nodes = self.clone();
        let restart = move |key: &str| {
            let place = (0..nodes.launchers.len()).find(|place| nodes.key(*place) == key);
            let lost = || Error::backend("find the node again", None);
            let mut peers = nodes.connect(&[place.ok_or_else(lost)?])?;
            peers.pop().ok_or_else(lost)
        };
        Ok(Box::new(ClusterSession::new(peers, call, open, self.shared_files, Box::new(restart))?))
    }
}
