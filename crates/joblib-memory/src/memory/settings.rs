//! The settings of a handle of a memory, and of one call.

use std::sync::Arc;
use std::time::Duration;

use joblib_array::MmapMode;
use joblib_hash::Algorithm;
use joblib_persist::Compress;
use joblib_store::Limits;

use crate::entry::codec::Mapping;
use crate::error::{Error, Result};
use crate::report::{Warnings, warn_once};

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) mmap_mode: Option<MmapMode>,
    pub(crate) verify_mapped: bool,
    pub(crate) compress: Option<Compress>,
    pub(crate) verbose: u32,
    pub(crate) waiting_time: Duration,
    pub(crate) limits: Limits,
    pub(crate) warnings: Warnings,
    /// The bytes of results that are kept in memory, if any are.
    pub(crate) in_memory: Option<u64>,
    /// What arguments are hashed with.
    pub(crate) hasher: Algorithm,
    /// Whether calls are recorded.
    pub(crate) record: bool,
    /// The first option that was not valid.
    pub(crate) invalid: Invalid,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mmap_mode: None,
            verify_mapped: false,
            compress: None,
            verbose: 0,
            waiting_time: Duration::from_mins(10),
            limits: Limits::default(),
            warnings: Warnings::default(),
            in_memory: None,
            hasher: Algorithm::default(),
            record: is_record_wanted(),
            invalid: Invalid::default(),
        }
    }
}

/// What `JOBLIB_RECORD` says.
fn is_record_wanted() -> bool {
    joblib_record::is_wanted().unwrap_or_else(|error| {
        warn_once(Warnings::default(), "JOBLIB_RECORD", "", error);
        false
    })
}

impl Settings {
    pub(crate) fn mapping(&self, mode: Option<MmapMode>, verify: Option<bool>) -> Option<Mapping> {
        let mode = mode.or(self.mmap_mode)?;
        Some(Mapping { mode, verify: verify.unwrap_or(self.verify_mapped) })
    }
}

/// What is wrong with the options, so that setters need not return it: the first of the errors is
/// kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Invalid(Option<Arc<str>>);

impl Invalid {
    /// The value of an option, or nothing and a note of the error.
    pub(crate) fn note<T>(&mut self, value: Result<T>) -> Option<T> {
        value.map_err(|error| _ = self.0.get_or_insert_with(|| error.to_string().into())).ok()
    }

    /// The same for an error that another process noted.
    pub(crate) fn restore(message: Option<String>) -> Self {
        Self(message.map(Into::into))
    }

    pub(crate) fn message(&self) -> Option<&str> {
        self.0.as_deref()
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.message().map_or(Ok(()), |message| Err(Error::option(message)))
    }
}

/// A mode that does not change stored results.
pub(crate) fn valid_mmap_mode(mode: MmapMode) -> Result<MmapMode> {
    if mode.writes_to_file() {
        return Err(Error::option(format!(
            "mmap_mode {:?} would change the stored result; expected \"r\", or \"c\" to change a copy in memory",
            mode.to_string()
        )));
    }
    Ok(mode)
}
