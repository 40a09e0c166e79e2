//! The bytes of the native format, as docs/format.md spells them out: headers of objects and sections, and checksums.
//! What is in the sections is left to `joblib-encoding`.

mod checksum;
mod section;
pub(crate) mod shuffle;

pub(crate) use checksum::{Checksum, UNCHECKED, checksum};
pub(crate) use section::{
    BlockHeader, HEADER_LEN, SECTION_LEN, Section, SectionKind, check_object_header, object_header,
};

/// How an object starts: no other format's first bytes, not text, and damaged by a transfer in text mode.
pub(crate) const MAGIC: [u8; 8] = *b"\x89joblib\n";

/// The version that this crate writes, and the newest that it reads.
pub(crate) const VERSION: u16 = 1;

/// Blocks start at a multiple of this many bytes of the uncompressed stream.
pub(crate) const ALIGNMENT: u64 = joblib_array::ALIGNMENT as u64;

/// No body section is longer, so that a reader can hold one whole.
pub(crate) const MAX_BODY: u64 = 4 << 20;
