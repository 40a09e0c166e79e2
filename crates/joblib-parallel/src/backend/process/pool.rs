//! What the settings of a call make of its workers, and where workers wait between calls.

use std::ffi::OsString;

use super::super::Call;
use super::worker::{Config, WorkerHandle};
use crate::error::{Error, Result};
use crate::wire::message::Setup;
use crate::{cpu, portable, registry};

/// Variables by which numerical libraries learn how many threads they may start.
const THREAD_VARIABLES: [&str; 8] = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "RAYON_NUM_THREADS",
];

/// Idle workers end after this long, as joblib's do.
const IDLE_SECONDS: u64 = 300;

/// What the workers of a call have to be.
pub(crate) fn config(call: &Call) -> Result<Config> {
    let settings = &call.settings;
    let mut env: Vec<(OsString, OsString)> = Vec::new();
    for name in THREAD_VARIABLES {
        // An explicit limit goes before the environment, the environment before an equal share.
        if settings.inner_max_num_threads.is_some() || std::env::var_os(name).is_none() {
            env.push((name.into(), call.context.budget.to_string().into()));
        }
    }
    env.extend(settings.env.iter().cloned());
    let initializer = settings.initializer.as_ref().map(|initializer| initializer()).transpose();
    let initializer =
        initializer.map_err(|reason| Error::usage(format!("the initializer can't travel: {reason}")))?;
    let setup = Setup {
        fingerprint: portable::fingerprint(),
        name: String::new(),
        nice: settings.nice,
        memory_limit: settings.memory_limit,
        initializer,
        idle_seconds: Some(IDLE_SECONDS),
    };
    Ok(Config { setup, env })
}

/// Takes a worker that waits, if there is one of this configuration.
pub(crate) fn checkout(config: &Config) -> Option<WorkerHandle> {
    loop {
        let mut worker = registry::checkout_worker(config)?;
        if worker.is_alive() {
            return Some(worker);
        }
    }
}

/// Lets a worker wait for a later call.
pub(crate) fn park(config: &Config, worker: WorkerHandle) {
    registry::park_worker(config.clone(), worker, 4 * cpu::cpu_count().max(4));
}
