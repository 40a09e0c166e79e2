//! The bytes of the native format, as docs/format.md spells them out: headers of objects and sections, checksums, and
//! the MessagePack extensions of the body. What is in the sections is left to `encode` and `decode`.

mod checksum;
pub(crate) mod markers;
mod section;
pub(crate) mod shuffle;

pub(crate) use checksum::{Checksum, UNCHECKED, checksum};
pub(crate) use section::{
    BlockHeader, HEADER_LEN, SECTION_LEN, Section, SectionKind, check_object_header, dtype_code,
    object_header, order_code,
};

/// How an object starts: no other format's first bytes, not text, and damaged by a transfer in text mode.
pub(crate) const MAGIC: [u8; 8] = *b"\x89joblib\n";

/// The version that this crate writes, and the newest that it reads.
pub(crate) const VERSION: u16 = 1;

/// Blocks start at a multiple of this many bytes of the uncompressed stream.
pub(crate) const ALIGNMENT: u64 = joblib_array::ALIGNMENT as u64;

/// No body section is longer, so that a reader can hold one whole.
pub(crate) const MAX_BODY: u64 = 4 << 20;

/// A writer ends a body section when it is this long.
pub(crate) const BODY: usize = 512 << 10;

/// Arrays, strings and bytes from this size on are blocks; shorter ones stay in the body.
pub(crate) const MIN_BLOCK: usize = 1024;

/// Strings and bytes from this size on are blocks: those that a 16-bit length does not reach.
pub(crate) const MIN_TEXT_BLOCK: usize = 64 << 10;

/// No value nests deeper.
pub(crate) const MAX_DEPTH: u16 = 512;
