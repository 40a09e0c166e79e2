//! Blocks of deflate (RFC 1951), which zlib and gzip wrap: compressed on any thread, none looking back at another.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::{Compress, Compression, FlushCompress, Status};

/// Deflate does not make anything smaller by more than this factor.
pub(super) const MAX_RATIO: usize = 1032;

/// Compresses blocks by one level.
#[derive(Clone)]
pub(super) struct Deflate {
    level: u32,
    /// Compressors that no block is using: each takes some 300 kB, which a new one for each block would have to clear.
    idle: Arc<Mutex<Vec<Compress>>>,
}

/// What stands behind a block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Behind {
    /// Another block of the same stream: this one ends with an empty stored block, at a whole byte.
    Blocks,
    /// Nothing: it is a stream of its own.
    Nothing,
}

impl Deflate {
    pub(super) fn new(level: u32) -> Self {
        Self { level, idle: Arc::default() }
    }

    /// Appends the compressed block to `output`.
    pub(super) fn compress(&self, block: &[u8], behind: Behind, output: &mut Vec<u8>) -> io::Result<()> {
        let lock = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = lock().pop();
        let mut compressor = kept.unwrap_or_else(|| Compress::new(Compression::new(self.level), false));
        output.reserve(block.len() / 2 + 64);
        loop {
            let read = compressor.total_in() as usize;
            let flush = match behind {
                Behind::Blocks => FlushCompress::Sync,
                Behind::Nothing => FlushCompress::Finish,
            };
            let status = compressor.compress_vec(&block[read..], output, flush).map_err(io::Error::other)?;
            let is_done = match behind {
                // With room left over, all that there was has been written.
                Behind::Blocks => {
                    output.len() < output.capacity() && compressor.total_in() as usize == block.len()
                }
                Behind::Nothing => status == Status::StreamEnd,
            };
            if is_done {
                break;
            }
            output.reserve(block.len() / 4 + 64);
        }
        compressor.reset();
        lock().push(compressor);
        Ok(())
    }
}
