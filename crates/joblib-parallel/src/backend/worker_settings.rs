//! What worker processes are asked to be.

use std::ffi::OsString;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::wire::function_id::EncodedCall;

/// Encodes the call that each worker makes first.
pub(crate) type Initializer = Arc<dyn Fn() -> std::result::Result<EncodedCall, String> + Send + Sync>;

#[derive(Clone, Default)]
pub(crate) struct WorkerSettings {
    /// How many threads each task may use, where the call or its configuration says so.
    pub(crate) inner_max_num_threads: Option<usize>,
    pub(crate) env: Vec<(OsString, OsString)>,
    pub(crate) nice: Option<i32>,
    pub(crate) memory_limit: Option<u64>,
    pub(crate) initializer: Option<Initializer>,
    pub(crate) recycle_after_tasks: Option<u64>,
    pub(crate) recycle_above_bytes: Option<u64>,
    pub(crate) capture_output: bool,
}

impl WorkerSettings {
    /// Refuses values that no process can have.
    ///
    /// # Errors
    ///
    /// Returns an error if a variable of the environment has an invalid name or value.
    pub(crate) fn check(&self) -> Result<()> {
        for (name, value) in &self.env {
            let (name, value) = (name.as_encoded_bytes(), value.as_encoded_bytes());
            if name.is_empty() || name.contains(&b'=') || name.contains(&0) || value.contains(&0) {
                return Err(Error::usage(format!(
                    "env can't set a variable {:?}: a name is not empty and has no \"=\", and neither name nor value \
                     has a NUL byte",
                    String::from_utf8_lossy(name)
                )));
            }
        }
        Ok(())
    }

    /// A setting that only worker processes can follow, by name, if there is one.
    pub(crate) fn for_workers_only(&self) -> Option<&'static str> {
        [
            (!self.env.is_empty(), "env"),
            (self.nice.is_some(), "nice"),
            (self.memory_limit.is_some(), "memory_limit"),
            (self.initializer.is_some(), "initializer"),
            (self.recycle_after_tasks.is_some(), "recycle_after_tasks"),
            (self.recycle_above_bytes.is_some(), "recycle_above_bytes"),
            (self.capture_output, "capture_output"),
        ]
        .into_iter()
        .find_map(|(asked, name)| asked.then_some(name))
    }
}
