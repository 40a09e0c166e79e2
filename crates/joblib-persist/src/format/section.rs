//! The headers of objects and of sections.

use joblib_array::MAX_NDIM;
use joblib_encoding::Block;

use super::{MAGIC, MAX_BODY, VERSION, checksum};
use crate::error::{Error, Kind, Result};

/// Bytes of an object's header.
pub(crate) const HEADER_LEN: usize = 16;
/// Bytes of a section's header without dimensions.
pub(crate) const SECTION_LEN: usize = 24;
/// Bytes before the dimensions.
const FIXED: usize = 16;

/// The header of an object.
pub(crate) fn object_header() -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    header[..8].copy_from_slice(&MAGIC);
    header[8..10].copy_from_slice(&VERSION.to_le_bytes());
    let check = checksum(&header[..12]) as u32;
    header[12..].copy_from_slice(&check.to_le_bytes());
    header
}

/// Checks the header of an object.
pub(crate) fn check_object_header(header: &[u8; HEADER_LEN]) -> Result<()> {
    if header[..8] != MAGIC {
        return Err(Error::corrupt(format!(
            "expected the start of an object ({:02x?}), found {:02x?}",
            MAGIC,
            &header[..8]
        )));
    }
    let check = checksum(&header[..12]) as u32;
    if header[12..] != check.to_le_bytes() {
        return Err(Error::corrupt(
            "the checksum of the object's header does not match: the file is damaged",
        ));
    }
    let version = u16::from_le_bytes([header[8], header[9]]);
    if version == 0 || version > VERSION {
        return Err(Error::new(
            Kind::Foreign,
            format!(
                "the file has format version {version}, this program reads up to {VERSION}: update joblib"
            ),
        ));
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum SectionKind {
    /// A piece of the MessagePack tree.
    Body = 1,
    /// The elements of an array.
    Block = 2,
    /// The end of the object.
    End = 3,
}

/// A section's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) kind: SectionKind,
    /// Bytes of the payload.
    pub(crate) len: u64,
    /// The number of the section in its object, modulo 2¹⁶.
    pub(crate) number: u16,
    /// Zero bytes between the header and the payload.
    pub(crate) padding: u8,
    /// What the payload of a block is.
    pub(crate) block: Option<BlockHeader>,
}

/// What the payload of a block is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlockHeader {
    pub(crate) block: Block,
    /// Binary logarithm of the size of the pieces that are byte-shuffled; 0 when none are.
    pub(crate) shuffle: u8,
}

impl Section {
    pub(crate) fn new(kind: SectionKind, len: u64, number: u16) -> Self {
        Self { kind, len, number, padding: 0, block: None }
    }

    /// Bytes of the header: known before the padding is.
    pub(crate) fn header_len(ndim: usize) -> usize {
        SECTION_LEN + 8 * ndim
    }

    /// Appends the header.
    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        let start = to.len();
        let (dtype, order, ndim, shuffle) = match &self.block {
            Some(BlockHeader { block, shuffle }) => {
                let (dtype, order) = block.codes();
                (dtype, order, block.shape.len() as u8, *shuffle)
            }
            None => (0, 0, 0, 0),
        };
        let [low, high] = self.number.to_le_bytes();
        to.extend_from_slice(&[self.kind as u8, dtype, order, ndim, shuffle, self.padding, low, high]);
        to.extend_from_slice(&self.len.to_le_bytes());
        for &dimension in self.block.iter().flat_map(|header| &header.block.shape) {
            to.extend_from_slice(&(dimension as u64).to_le_bytes());
        }
        let check = checksum(&to[start..]);
        to.extend_from_slice(&check.to_le_bytes());
    }

    /// The number of dimensions that a header of [`SECTION_LEN`] bytes or more says it has.
    pub(crate) fn ndim(header: &[u8]) -> Result<usize> {
        let ndim = usize::from(header[3]);
        if ndim > MAX_NDIM {
            return Err(Error::corrupt(format!(
                "a section says it has {ndim} dimensions, more than {MAX_NDIM}"
            )));
        }
        Ok(ndim)
    }

    /// Reads a whole header.
    pub(crate) fn parse(header: &[u8]) -> Result<Self> {
        let (fields, check) = header.split_at(header.len() - 8);
        if check != checksum(fields).to_le_bytes() {
            return Err(Error::corrupt(
                "the checksum of a section's header does not match: the file is damaged",
            ));
        }
        let word = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&fields[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        let len = word(8);
        let number = u16::from_le_bytes([fields[6], fields[7]]);
        let padding = fields[5];
        let kind = match fields[0] {
            1 => SectionKind::Body,
            2 => SectionKind::Block,
            3 => SectionKind::End,
            other => {
                return Err(Error::corrupt(format!("expected a section of kind 1, 2 or 3, found {other}")));
            }
        };
        let mut section = Self { kind, len, number, padding, block: None };
        match kind {
            SectionKind::Body if len == 0 || len > MAX_BODY => {
                return Err(Error::corrupt(format!(
                    "a body section of {len} bytes: expected 1 to {MAX_BODY}"
                )));
            }
            SectionKind::End if len != 0 => {
                return Err(Error::corrupt(format!("an end section of {len} bytes: expected none")));
            }
            SectionKind::Block => {
                let shape: Vec<usize> = (FIXED..fields.len())
                    .step_by(8)
                    .map(|at| usize::try_from(word(at)))
                    .collect::<Result<_, _>>()
                    .map_err(|_| {
                        Error::corrupt("an array's dimension is larger than this machine's memory")
                    })?;
                section.block = Some(BlockHeader::new(fields[1], fields[2], fields[4], shape, len)?);
            }
            _ => {}
        }
        Ok(section)
    }
}

impl BlockHeader {
    fn new(dtype: u8, order: u8, shuffle: u8, shape: Vec<usize>, len: u64) -> Result<Self> {
        if shuffle != 0 && !(10..=22).contains(&shuffle) {
            return Err(Error::corrupt(format!(
                "an array is shuffled in pieces of 2^{shuffle} bytes: expected 10 to 22"
            )));
        }
        let block = Block::from_codes(dtype, order, shape)?;
        block.check_len(len)?;
        Ok(Self { block, shuffle })
    }
}
