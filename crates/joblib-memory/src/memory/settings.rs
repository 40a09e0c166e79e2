//! What a handle of a memory was told.

use std::time::Duration;

use joblib_array::MmapMode;
use joblib_persist::Compress;
use joblib_store::Limits;

use crate::error::{Error, Result};

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) mmap_mode: Option<MmapMode>,
    pub(crate) check_mapped: bool,
    pub(crate) compress: Option<Compress>,
    pub(crate) verbose: u32,
    pub(crate) waiting_time: Duration,
    pub(crate) limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mmap_mode: None,
            check_mapped: false,
            compress: None,
            verbose: 0,
            waiting_time: Duration::from_mins(10),
            limits: Limits::default(),
        }
    }
}

pub(crate) fn check_mmap_mode(mode: MmapMode) -> Result<()> {
    if mode.writes_to_file() {
        return Err(Error::option(format!(
            "mmap_mode {:?} would change the stored result; expected \"r\", or \"c\" to change a copy in memory",
            mode.to_string()
        )));
    }
    Ok(())
}
