//! What a person should know and no error says, as `tracing` events. Nothing else in this crate reports.

use std::path::Path;

/// Mapping was asked for, and the file is compressed.
pub(crate) fn not_mapped(path: &Path, compressor: &str) {
    tracing::warn!(
        path = %path.display(),
        compressor,
        "mmap_mode needs an uncompressed file, so the arrays are loaded into memory: dump without compress to map them"
    );
}

/// Mapping was asked for, and there is no file.
pub(crate) fn not_mapped_stream() {
    tracing::warn!("mmap_mode needs a path, so the arrays of this stream are loaded into memory");
}
