//! How a function differs from its memory's settings.

use std::sync::Arc;
use std::time::Duration;

use joblib_array::MmapMode;
use joblib_hash::Algorithm;
use joblib_persist::Compress;

use crate::entry::metadata::Metadata;

/// How a function differs from its memory's settings. Made by `#[cached]`.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct CallOptions {
    pub mmap_mode: Option<MmapMode>,
    pub verify_mapped: Option<bool>,
    pub compress: Option<fn() -> Compress>,
    pub verbose: Option<u32>,
    pub expires_after: Option<Duration>,
    pub validate: Option<fn(&Metadata) -> bool>,
    pub redact: bool,
    pub replay: bool,
    /// The bytes of the function's results that are kept in memory, apart from those of other
    /// functions.
    pub in_memory: Option<u64>,
    /// What arguments are hashed with.
    pub hasher: Option<Algorithm>,
}

impl CallOptions {
    pub const DEFAULT: Self = Self {
        mmap_mode: None,
        verify_mapped: None,
        compress: None,
        verbose: None,
        expires_after: None,
        validate: None,
        redact: false,
        replay: false,
        in_memory: None,
        hasher: None,
    };
}

/// A validation that captures state.
pub(crate) type Callback = Arc<dyn Fn(&Metadata) -> bool + Send + Sync>;
