//! What the settings of a call make of its workers.

use std::ffi::OsString;
use std::time::Duration;

use crate::backend::Call;
use crate::carriers;
use crate::error::{Error, Result};
use crate::sys::memory::resident;
use crate::wire::function_id;
use crate::wire::log::wanted_levels;
use crate::wire::message::{CallMessage, Setup};

/// What a worker is, for all its life: workers of equal configuration stand in for each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) setup: Setup,
    pub(crate) env: Vec<(OsString, OsString)>,
}

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

/// A batch that takes longer was meant for faster tasks: what is left of it goes back, for others to share.
const PATIENCE: Duration = Duration::from_millis(100);

/// Idle workers end after this long, as joblib's do.
const IDLE_SECONDS: u64 = 300;

/// What the workers are told of a call.
pub(crate) fn call_message(call: &Call) -> CallMessage {
    CallMessage {
        seed: call.context.seed,
        budget: call.context.budget,
        depth: call.context.depth,
        timed: call.timeout.is_some(),
        on_node: call.context.on_node,
        patience: PATIENCE,
        sharing: call.sharing.clone(),
        contexts: carriers::capture(),
        log_levels: wanted_levels(),
        bar: call.bar,
        captures_output: call.context.captured.is_some(),
    }
}

/// What the workers of a call have to be.
///
/// # Errors
///
/// Returns an error if the initializer can't be encoded, or the system can't tell what a setting
/// depends on.
pub(crate) fn config(call: &Call) -> Result<Config> {
    let settings = &call.workers;
    if settings.recycle_above_bytes.is_some() && resident(nix::unistd::getpid()).is_none() {
        return Err(Error::usage(
            "recycle_above_bytes needs to know how much memory a worker uses, which the system does not tell here: is \
             /proc mounted? recycle_after_tasks does without",
        ));
    }
    let mut env: Vec<(OsString, OsString)> = Vec::new();
    for name in THREAD_VARIABLES {
        // An explicit limit takes precedence over the environment, the environment over an equal share.
        if settings.inner_max_num_threads.is_some() || std::env::var_os(name).is_none() {
            env.push((name.into(), call.context.budget.to_string().into()));
        }
    }
    env.extend(settings.env.iter().cloned());
    let initializer = settings.initializer.as_ref().map(|initializer| initializer()).transpose();
    let initializer = initializer
        .map_err(|reason| Error::usage(format!("the initializer can't be sent to workers: {reason}")))?;
    let setup = Setup {
        fingerprint: function_id::fingerprint(),
        name: String::new(),
        nice: settings.nice,
        memory_limit: settings.memory_limit,
        initializer,
        idle_seconds: Some(IDLE_SECONDS),
        stack_size: call.stack_size,
    };
    Ok(Config { setup, env })
}
