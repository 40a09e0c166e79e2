//! The fingerprint of a value: whether what stands at a place is what stood there before.

use joblib_array::transfer::RawArray;
use joblib_encoding::{Block, Result, Sink, encode};
use serde::Serialize;
use twox_hash::XxHash3_128;

/// A digest of the value's encoded form; `None` if it can't be encoded.
///
/// An array is known by its memory, which nobody changes as long as a clone of the array is there. Only arrays that are
/// mapped for writing are changed in place, and read.
pub(super) fn of<T: Serialize + ?Sized>(value: &T) -> Option<u128> {
    let mut sink = Digest(XxHash3_128::new());
    encode(value, &mut sink).ok()?;
    Some(sink.0.finish_128())
}

struct Digest(XxHash3_128);

impl Digest {
    fn header(&mut self, block: &Block) {
        self.number(block.dtype as u64);
        self.number(block.order as u64);
        self.number(block.shape.len() as u64);
        for len in &block.shape {
            self.number(*len as u64);
        }
    }

    fn number(&mut self, number: u64) {
        self.0.write(&number.to_le_bytes());
    }
}

impl Sink for Digest {
    fn wants_small_arrays(&self) -> bool {
        true
    }

    fn piece(&mut self, bytes: &[u8]) -> Result<()> {
        self.number(bytes.len() as u64);
        self.0.write(bytes);
        Ok(())
    }

    fn begin_block(&mut self, block: &Block) -> Result<()> {
        self.header(block);
        Ok(())
    }

    fn block_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.write(bytes);
        Ok(())
    }

    fn end_block(&mut self) -> Result<()> {
        Ok(())
    }

    fn array(&mut self, array: &RawArray<'_>) -> Result<()> {
        // What another crate's array lies in may be written without a clone of it being made.
        if array.buffer.is_none_or(|buffer| buffer.mmap_mode().is_some()) {
            return self.block(&Block::of(array), array.bytes);
        }
        self.header(&Block::of(array));
        self.number(array.bytes.as_ptr() as u64);
        Ok(())
    }
}
