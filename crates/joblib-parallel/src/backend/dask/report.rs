//! What a Dask cluster says of itself.

use std::collections::BTreeSet;

/// A description of a cluster, returned by [`Dask::describe`](super::Dask::describe).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DaskCluster {
    /// The address of the scheduler.
    pub address: String,
    /// How many tasks can run at a time: the threads of all workers.
    pub threads: usize,
    /// The path of the Python on this host that connects to the scheduler.
    pub python: String,
    /// The caller, the scheduler and the workers.
    pub members: Vec<DaskMember>,
    /// How many bytes of this program were sent (compressed, to other hosts): 0 if the cluster had it.
    pub sent: u64,
}

impl DaskCluster {
    /// The versions of `distributed` that its members have.
    pub(super) fn versions(&self) -> BTreeSet<&str> {
        self.members.iter().map(|member| member.distributed.as_str()).collect()
    }
}

/// A process that is part of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DaskMember {
    /// `the caller`, `the scheduler`, or the address of a worker.
    pub name: String,
    /// The version of its Python.
    pub python: String,
    /// The version of `distributed` that it has.
    pub distributed: String,
    /// The number of threads of a worker; 0 for others.
    pub threads: usize,
    /// Why a worker can't run this program, if it can't.
    pub refusal: Option<String>,
}

/// What [`Dask::clean`](super::Dask::clean) has removed from a cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DaskCleaned {
    /// The number of programs that are no longer sent to new workers.
    pub programs: usize,
    /// The number of program files that were removed, on all workers together.
    pub files: usize,
    /// The size of these files, in bytes.
    pub bytes: u64,
}
