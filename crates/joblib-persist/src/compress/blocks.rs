//! The write side of formats that are made of blocks: cuts the stream, has the blocks compressed on all cores, and
//! writes them in order. What a block looks like, and what stands before and after them all, is the format's.

use std::io::{self, Write};

use super::ordered::{self, Ordered};
use super::{Encoder, Sink};

/// A format in which blocks are compressed independently of each other.
pub(super) trait BlockFormat {
    /// What the end of the file must know of each block.
    type Check: Send + 'static;

    /// Bytes of a block before compression; at most, and but for the last exactly.
    fn block_size(&self) -> usize;

    /// What stands before the first block: nothing.
    fn begin(&self) -> Vec<u8> {
        Vec::new()
    }

    /// The function that compresses a block, on any thread, into an empty vector.
    fn compress(&self) -> impl FnOnce(&[u8], &mut Vec<u8>) -> io::Result<Self::Check> + Send + 'static;

    /// Takes note of a block, in the order of the file.
    fn add(&mut self, _check: Self::Check) {}

    /// What stands after the last block: nothing.
    fn end(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Whether a file without any block is invalid in this format.
    const NEEDS_A_BLOCK: bool;
}

/// Compresses what is written to it block by block.
pub(super) struct BlockEncoder<'a, F: BlockFormat> {
    format: F,
    sink: Sink<'a>,
    block: Vec<u8>,
    /// Buffers of blocks that are done. New ones for each block would leave holes in the allocator that add up.
    spare: Vec<Buffers>,
    blocks: Ordered<Compressed<F::Check>>,
    depth: usize,
    begun: bool,
    wrote_block: bool,
    failed: bool,
}

/// A block before and after.
#[derive(Default)]
struct Buffers {
    block: Vec<u8>,
    output: Vec<u8>,
}

struct Compressed<C> {
    buffers: Buffers,
    result: io::Result<C>,
}

impl<'a, F: BlockFormat> BlockEncoder<'a, F> {
    pub(super) fn new(format: F, sink: Sink<'a>) -> Self {
        let threads = ordered::threads();
        let depth = ordered::depth(threads, format.block_size());
        Self {
            format,
            sink,
            block: Vec::new(),
            spare: Vec::new(),
            blocks: Ordered::new(threads),
            depth,
            begun: false,
            wrote_block: false,
            failed: false,
        }
    }

    /// Gives the block to the queue.
    fn cut(&mut self) -> io::Result<()> {
        if self.blocks.len() >= self.depth {
            self.write_oldest()?;
        }
        let mut buffers = self.spare.pop().unwrap_or_default();
        std::mem::swap(&mut buffers.block, &mut self.block);
        let compress = self.format.compress();
        self.blocks.push(move || {
            let result = compress(&buffers.block, &mut buffers.output);
            Compressed { buffers, result }
        });
        Ok(())
    }

    fn write_oldest(&mut self) -> io::Result<bool> {
        let Some(Compressed { mut buffers, result }) = self.blocks.pop() else { return Ok(false) };
        self.format.add(result?);
        self.begin()?;
        self.wrote_block = true;
        self.sink.write_all(&buffers.output)?;
        buffers.block.clear();
        buffers.output.clear();
        self.spare.push(buffers);
        Ok(true)
    }

    fn begin(&mut self) -> io::Result<()> {
        if !self.begun {
            self.sink.write_all(&self.format.begin())?;
            self.begun = true;
        }
        Ok(())
    }

    fn drain(&mut self) -> io::Result<()> {
        if !self.block.is_empty() {
            self.cut()?;
        }
        while self.write_oldest()? {}
        Ok(())
    }

    /// Runs `step` unless an earlier one failed, after which the output has a hole.
    fn guard<R>(&mut self, step: impl FnOnce(&mut Self) -> io::Result<R>) -> io::Result<R> {
        if self.failed {
            return Err(io::Error::other("an earlier write to this compressor failed"));
        }
        let result = step(self);
        self.failed = result.is_err();
        result
    }
}

impl<F: BlockFormat> Write for BlockEncoder<'_, F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.guard(|this| {
            let size = this.format.block_size();
            let now = bytes.len().min(size - this.block.len());
            this.block.extend_from_slice(&bytes[..now]);
            if this.block.len() == size {
                this.cut()?;
            }
            Ok(now)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.guard(|this| {
            this.drain()?;
            this.sink.flush()
        })
    }
}

impl<F: BlockFormat> Encoder for BlockEncoder<'_, F> {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.guard(|this| {
            this.drain()?;
            if F::NEEDS_A_BLOCK && !this.wrote_block {
                this.cut()?;
                this.write_oldest()?;
            }
            this.begin()?;
            this.sink.write_all(&this.format.end())?;
            this.sink.flush()
        })
    }
}
