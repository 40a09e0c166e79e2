//! Whole blocks of deflate (RFC 1951), which zlib and gzip wrap.

use std::io;

use libdeflater::{CompressionLvl, Compressor};

/// Deflate does not make anything smaller by more than this factor.
pub(super) const MAX_RATIO: usize = 1032;

/// libdeflate's level: its lower ones already make less of the bytes than zlib's of the same number, in more time.
fn effort(level: u32) -> i32 {
    if level <= 4 { (level as i32 - 1).max(1) } else { level as i32 }
}

/// Appends a deflate stream of `block` to `output`.
pub(super) fn compress(block: &[u8], level: u32, output: &mut Vec<u8>) -> io::Result<()> {
    let level = CompressionLvl::new(effort(level))
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, format!("deflate has no level {level}")))?;
    let mut compressor = Compressor::new(level);
    let start = output.len();
    output.resize(start + compressor.deflate_compress_bound(block.len()), 0);
    let len = compressor
        .deflate_compress(block, &mut output[start..])
        .map_err(|error| io::Error::other(format!("deflate found no room for its output: {error}")))?;
    output.truncate(start + len);
    Ok(())
}
