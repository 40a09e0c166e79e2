//! The other way: sections into a value, through serde's `Deserialize`.

mod access;
mod block;
mod deserializer;
mod plain_array;

use joblib_array::transfer::OwnedRawArray;
use joblib_array::{DType, MmapMode};
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::format::markers::Role;
use crate::format::{BlockHeader, MAX_DEPTH, SectionKind};
use crate::sections::Sections;

/// Reads the object whose header was read.
pub(crate) fn decode<T: for<'de> Deserialize<'de>>(
    sections: &mut Sections<'_>,
    mmap_mode: Option<MmapMode>,
) -> Result<T> {
    let mut decoder = Decoder {
        body_start: sections.position(),
        sections,
        body: Vec::new(),
        at: 0,
        somes: 0,
        depth: 0,
        mmap_mode,
        value: 0,
    };
    let value = T::deserialize(&mut decoder)
        .map_err(|error| error.at_offset(decoder.body_start + decoder.value as u64))?;
    if decoder.at < decoder.body.len() {
        return Err(
            Error::corrupt("the value is complete, but more of it follows").at_offset(decoder.offset())
        );
    }
    sections.end_object()?;
    Ok(value)
}

/// Gives the values of the body one after another.
pub(crate) struct Decoder<'i, 'r> {
    sections: &'i mut Sections<'r>,
    /// The piece of the body that is being read.
    body: Vec<u8>,
    at: usize,
    /// Where in the stream `body` starts.
    body_start: u64,
    /// Where in `body` the value that was begun last starts, for errors.
    value: usize,
    /// How many of the `Some`s of an `EXT_SOME` were given.
    somes: u8,
    depth: u16,
    mmap_mode: Option<MmapMode>,
}

impl Decoder<'_, '_> {
    /// Where in the stream the next byte of the body is.
    fn offset(&self) -> u64 {
        self.body_start + self.at as u64
    }

    #[cold]
    fn corrupt(&self, message: impl Into<String>) -> Error {
        Error::corrupt(message).at_offset(self.offset())
    }

    /// The first byte of the next value, which is not taken yet.
    #[inline]
    fn peek(&mut self) -> Result<u8> {
        if self.at == self.body.len() {
            self.next_body()?;
        }
        self.value = self.at;
        self.body.get(self.at).copied().ok_or_else(|| self.corrupt("the body ends inside of a value"))
    }

    #[cold]
    fn next_body(&mut self) -> Result<()> {
        let start = self.sections.position();
        let section = self.sections.next()?;
        if section.kind != SectionKind::Body {
            return Err(Error::corrupt("expected more of the value here: a part of the file is missing")
                .at_offset(start));
        }
        self.body_start = self.sections.position();
        self.at = 0;
        self.value = 0;
        self.sections.body(&section, &mut self.body)
    }

    /// The next `len` bytes of the value that was begun.
    #[inline]
    fn take(&mut self, len: usize) -> Result<&[u8]> {
        let start = self.at;
        match start.checked_add(len) {
            Some(end) if end <= self.body.len() => {
                self.at = end;
                Ok(&self.body[start..end])
            }
            _ => Err(self.corrupt("the body ends inside of a value")),
        }
    }

    #[inline]
    fn take_array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.corrupt(format!("the value nests deeper than {MAX_DEPTH} levels")));
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// The header of the block that the reference just read stands for, and its length in bytes.
    fn block(&mut self, role: Role) -> Result<(BlockHeader, u64)> {
        if self.at < self.body.len() {
            return Err(self.corrupt("a reference to a block is not followed by it"));
        }
        let start = self.sections.position();
        let section = self.sections.next()?;
        self.body_start = self.sections.position();
        (self.at, self.value) = (0, 0);
        self.body.clear();
        let Some(header) = section.block else {
            return Err(
                Error::corrupt("expected a block here: a part of the file is missing").at_offset(start)
            );
        };
        let is_flat = header.shape.len() == 1;
        let fits = match role {
            Role::Array => true,
            Role::Sequence => is_flat,
            Role::Bytes | Role::Text => is_flat && header.dtype == DType::U8,
        };
        if !fits {
            return Err(Error::corrupt("a block is not what its reference says").at_offset(start));
        }
        Ok((header, section.len))
    }

    /// A block as an array: mapped when that was asked for and can be done, else in memory.
    fn block_array(&mut self, header: BlockHeader, len: u64) -> Result<OwnedRawArray> {
        let mapped = match self.mmap_mode {
            Some(mode) => self.sections.block_mapped(&header, len, mode)?,
            None => None,
        };
        let (dtype, order, shape) = (header.dtype, header.order, header.shape.clone());
        let buffer = match mapped {
            Some(buffer) => buffer,
            None => self.sections.block_in_memory(header, len)?,
        };
        self.block_done();
        Ok(OwnedRawArray { dtype, order, shape, buffer })
    }

    /// Errors from now on are about what follows the block.
    fn block_done(&mut self) {
        self.body_start = self.sections.position();
    }
}
