//! How the arrays are to be read that joblib keeps outside of the opcodes.

use std::path::Path;

use joblib_array::MmapMode;

/// How array payloads are to be read.
pub(crate) struct Payloads<'p> {
    /// The folder of the pickle's file, where old releases put its arrays.
    pub(crate) folder: Option<&'p Path>,
    pub(crate) mmap_mode: Option<MmapMode>,
}
