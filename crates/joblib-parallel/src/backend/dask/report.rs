//! What a Dask cluster says of itself.

use std::collections::BTreeSet;

/// What a cluster is made of: what [`Dask::describe`](super::Dask::describe) finds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DaskCluster {
    /// Where the scheduler is.
    pub address: String,
    /// How many tasks can run at a time: the threads of all workers.
    pub threads: usize,
    /// The path of the Python on this host that speaks to the scheduler.
    pub python: String,
    /// The caller, the scheduler and the workers.
    pub members: Vec<DaskMember>,
    /// How many bytes of this program were sent, to other hosts compressed: none where the cluster had it.
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
    /// The threads of a worker; 0 of others.
    pub threads: usize,
    /// Why a worker can't run this program, if it can't.
    pub refusal: Option<String>,
}

/// What was removed from a cluster: what [`Dask::clean`](super::Dask::clean) did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DaskCleaned {
    /// Programs that workers are not given any more.
    pub programs: usize,
    /// Files of programs that were removed, on all workers together.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}
