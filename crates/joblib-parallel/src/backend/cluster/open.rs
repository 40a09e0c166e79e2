//! What agents are told of a call.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use crate::backend::Call;
use crate::carriers;
use crate::error::{Error, Result};
use crate::wire::cluster::Open;
use crate::wire::log::wanted_levels;

/// The message; a batch may take as long as `patience`.
///
/// # Errors
///
/// Returns an error if the initializer can't be encoded.
pub(crate) fn open_message(call: &Call, patience: Duration) -> Result<Open> {
    let settings = &call.workers;
    let initializer = settings.initializer.as_ref().map(|initializer| initializer()).transpose();
    let initializer = initializer
        .map_err(|reason| Error::usage(format!("the initializer can't be sent to nodes: {reason}")))?;
    let pair = |(name, value): &(OsString, OsString)| (name.clone().into_vec(), value.clone().into_vec());
    let mut sharing = call.sharing.clone();
    // A folder of this host.
    sharing.folder = None;
    Ok(Open {
        inner_threads: settings.inner_max_num_threads,
        seed: call.context.seed,
        depth: call.context.depth,
        timeout: call.timeout,
        stack_size: call.stack_size,
        patience,
        sharing,
        contexts: carriers::capture(),
        log_levels: wanted_levels(),
        env: settings.env.iter().map(pair).collect(),
        nice: settings.nice,
        memory_limit: settings.memory_limit,
        initializer,
        recycle_after_tasks: settings.recycle_after_tasks,
        recycle_above_bytes: settings.recycle_above_bytes,
        captures_output: settings.capture_output,
        arguments: std::env::args_os().map(OsStringExt::into_vec).collect(),
    })
}
