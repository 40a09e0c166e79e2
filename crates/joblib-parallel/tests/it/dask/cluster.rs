//! A cluster of a test's own, as a backend.

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::time::Duration;

use joblib_parallel::backend::Dask;
use joblib_parallel::{Parallel, shutdown_workers};
use joblib_tests::dask;
pub(super) use joblib_tests::dask::python;

/// A scheduler and its workers, which end with this.
pub(super) struct Cluster(dask::Cluster);

impl Cluster {
    pub(super) fn start(python: PathBuf, workers: usize) -> Cluster {
        Cluster::start_with(python, workers, &[])
    }

    /// One whose scheduler and workers are given these options too.
    pub(super) fn start_with(python: PathBuf, workers: usize, options: &[&str]) -> Cluster {
        Cluster(dask::Cluster::start(python, workers, options))
    }

    /// One whose scheduler is started by a command that runs what is behind it.
    pub(super) fn start_by(command: &[&str], python: PathBuf, workers: usize) -> Cluster {
        Cluster(dask::Cluster::start_by(command, python, workers, &[]))
    }

    /// All of its workers.
    pub(super) fn backend(&self) -> Dask {
        let dask = Dask::at(&self.address).python(&self.python);
        dask.wait_for_workers(self.workers.len(), Duration::from_mins(1))
    }

    pub(super) fn parallel(&self) -> Parallel {
        Parallel::new().backend(self.backend())
    }
}

impl Deref for Cluster {
    type Target = dask::Cluster;

    fn deref(&self) -> &dask::Cluster {
        &self.0
    }
}

impl DerefMut for Cluster {
    fn deref_mut(&mut self) -> &mut dask::Cluster {
        &mut self.0
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        shutdown_workers();
    }
}
