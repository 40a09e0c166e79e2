//! The frame of lz4 data (LZ4 Frame Format 1.6): its header, block sizes and checksums.

use std::hash::Hasher;
use std::io;

use twox_hash::XxHash32;

use crate::compress::invalid;

pub(super) const MAGIC: [u8; 4] = 0x184d_2204_u32.to_le_bytes();

/// The size that stands for no more blocks.
pub(super) const END_MARK: [u8; 4] = [0; 4];

/// Flags of the header: version 1, and what follows.
const VERSION: u8 = 0b0100_0000;
const VERSION_MASK: u8 = 0b1100_0000;
const INDEPENDENT: u8 = 0b0010_0000;
const BLOCK_CHECKS: u8 = 0b0001_0000;
const CONTENT_SIZE: u8 = 0b0000_1000;
const CONTENT_CHECK: u8 = 0b0000_0100;
const RESERVED: u8 = 0b0000_0010;
const DICTIONARY: u8 = 0b0000_0001;

/// The code of blocks of up to 1 MiB, in the second byte.
const BLOCKS_OF_1_MIB: u8 = 6 << 4;

/// The checksum of the format, with its seed.
pub(super) fn xxh32(bytes: &[u8]) -> u32 {
    XxHash32::oneshot(0, bytes)
}

/// The header of a frame of independent blocks of up to 1 MiB, with a checksum each.
pub(super) fn header_of_1_mib_blocks() -> [u8; 7] {
    let flags = [VERSION | INDEPENDENT | BLOCK_CHECKS, BLOCKS_OF_1_MIB];
    let [a, b, c, d] = MAGIC;
    [a, b, c, d, flags[0], flags[1], header_check(&flags)]
}

fn header_check(header: &[u8]) -> u8 {
    (xxh32(header) >> 8) as u8
}

/// What stands before each block.
pub(super) struct Size {
    pub(super) len: usize,
    pub(super) is_compressed: bool,
}

impl Size {
    pub(super) fn encode(&self) -> [u8; 4] {
        (self.len as u32 | u32::from(!self.is_compressed) << 31).to_le_bytes()
    }

    pub(super) fn decode(bytes: [u8; 4]) -> Self {
        let word = u32::from_le_bytes(bytes);
        Self { len: (word & 0x7fff_ffff) as usize, is_compressed: word >> 31 == 0 }
    }
}

/// What a part of the file starts with.
pub(super) enum Start {
    Frame(Frame),
    /// Bytes that are to be passed over, and how many.
    Skippable(u64),
}

/// A frame that is being read.
pub(super) struct Frame {
    pub(super) is_independent: bool,
    pub(super) has_block_checks: bool,
    /// Bytes of the longest block.
    pub(super) max_block: usize,
    /// Bytes still to come, when the header tells.
    left: Option<u64>,
    content_check: Option<XxHash32>,
}

impl Start {
    /// Reads a frame's header; gives its length too. `None` when `input` ends before it does.
    pub(super) fn read(input: &[u8]) -> io::Result<Option<(Self, usize)>> {
        let Some((magic, rest)) = input.split_first_chunk::<4>() else { return Ok(None) };
        if magic[0] & 0xf0 == 0x50 && magic[1..] == [0x2a, 0x4d, 0x18] {
            let size = rest.first_chunk().map(|size| u64::from(u32::from_le_bytes(*size)));
            return Ok(size.map(|size| (Self::Skippable(size), 8)));
        }
        if *magic != MAGIC {
            return Err(invalid(
                "no lz4 frame starts here: the data are damaged, something else follows their end, or they are of the \
                 legacy format, which is not read",
            ));
        }
        let &[flags, blocks, ..] = rest else { return Ok(None) };
        if flags & VERSION_MASK != VERSION || flags & RESERVED != 0 || blocks & 0b1000_1111 != 0 {
            return Err(invalid("the lz4 frame is of a version that is not known, or damaged"));
        }
        let max_block = match blocks >> 4 {
            code @ 4..=7 => 1 << (8 + 2 * code),
            _ => return Err(invalid("the lz4 frame has blocks of a size that is not known, or is damaged")),
        };
        let len =
            2 + if flags & CONTENT_SIZE != 0 { 8 } else { 0 } + if flags & DICTIONARY != 0 { 4 } else { 0 };
        let (Some(header), Some(&check)) = (rest.get(..len), rest.get(len)) else { return Ok(None) };
        if check != header_check(header) {
            return Err(invalid("the header of the lz4 frame is damaged: its checksum is another"));
        }
        if flags & DICTIONARY != 0 {
            return Err(invalid("the lz4 frame needs a dictionary, which is not supported"));
        }
        let left = (flags & CONTENT_SIZE != 0)
            .then(|| header[2..].first_chunk().map(|size| u64::from_le_bytes(*size)))
            .flatten();
        let frame = Frame {
            is_independent: flags & INDEPENDENT != 0,
            has_block_checks: flags & BLOCK_CHECKS != 0,
            max_block,
            left,
            content_check: (flags & CONTENT_CHECK != 0).then(|| XxHash32::with_seed(0)),
        };
        Ok(Some((Self::Frame(frame), 4 + len + 1)))
    }
}

impl Frame {
    /// Bytes behind each block.
    pub(super) fn block_trailer_len(&self) -> usize {
        if self.has_block_checks { 4 } else { 0 }
    }

    /// Bytes behind the end mark.
    pub(super) fn trailer_len(&self) -> usize {
        if self.content_check.is_some() { 4 } else { 0 }
    }

    /// Takes note of a block's content.
    pub(super) fn add(&mut self, output: &[u8]) {
        if let Some(check) = &mut self.content_check {
            check.write(output);
        }
        if let Some(left) = &mut self.left {
            // A sum beyond the size ends up as one that `end` refuses.
            *left = left.wrapping_sub(output.len() as u64);
        }
    }

    /// Compares what was read with what stands behind the end mark and in the header.
    pub(super) fn end(&self, trailer: &[u8]) -> io::Result<()> {
        if let Some(check) = &self.content_check
            && trailer.first_chunk().map(|bytes| u32::from_le_bytes(*bytes)) != Some(check.finish() as u32)
        {
            return Err(invalid("damaged lz4 data: the checksum of the content is another"));
        }
        if self.left.is_some_and(|left| left != 0) {
            return Err(invalid("damaged lz4 data: their length is not what the header of the frame says"));
        }
        Ok(())
    }
}
