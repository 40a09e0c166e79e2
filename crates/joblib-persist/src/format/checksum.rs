//! CRC-64/NVME: found by one carry-less multiplication per 16 bytes, and parts checked apart can be put together.

use crc_fast::{CrcAlgorithm, Digest};

/// Stands in the place of a block's checksum after the block was mapped for writing.
pub(crate) const UNCHECKED: u64 = u64::from_le_bytes(*b"MAPPED+W");

/// The checksum of bytes that come in pieces.
pub(crate) struct Checksum(Digest);

impl Checksum {
    pub(crate) fn new() -> Self {
        Self(Digest::new(CrcAlgorithm::Crc64Nvme))
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Goes on as if the bytes of `next` had been given to `self`.
    pub(crate) fn append(&mut self, next: &Self) {
        self.0.combine(&next.0);
    }

    pub(crate) fn value(&self) -> u64 {
        stored(self.0.finalize())
    }
}

/// The checksum of bytes that are all there.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    stored(crc_fast::crc64_nvme(bytes))
}

/// The one value with another meaning is never a checksum.
fn stored(crc: u64) -> u64 {
    if crc == UNCHECKED { !crc } else { crc }
}
