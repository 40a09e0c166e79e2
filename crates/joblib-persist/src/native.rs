//! One value of the native format: what `joblib-encoding` makes of it, as sections.

use joblib_array::{Buffer, MmapMode};
use joblib_encoding::{Block, Source, Types};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::format::{BlockHeader, SectionKind};
use crate::output::Output;
use crate::sections::{self, Sections};

/// Writes one object.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T, output: &mut Output<'_>) -> Result<()> {
    output.begin_object()?;
    joblib_encoding::encode(value, output)?;
    output.end_object();
    Ok(())
}

/// Reads the object whose header was read.
pub(crate) fn decode<T: for<'de> Deserialize<'de>>(
    sections: &mut Sections<'_>,
    mmap_mode: Option<MmapMode>,
    types: Types,
) -> Result<T> {
    let value = joblib_encoding::decode(&mut Object { sections, mmap_mode, block: State::None }, types)?;
    sections.end_object()?;
    Ok(value)
}

/// The sections of an object as pieces and blocks.
struct Object<'i, 'r> {
    sections: &'i mut Sections<'r>,
    mmap_mode: Option<MmapMode>,
    block: State,
}

/// The block whose header was read.
enum State {
    None,
    Ahead { header: BlockHeader, len: u64 },
    Open { block: sections::Block, scratch: Vec<u8> },
}

impl Object<'_, '_> {
    fn take_header(&mut self) -> Result<(BlockHeader, u64)> {
        match std::mem::replace(&mut self.block, State::None) {
            State::Ahead { header, len } => Ok((header, len)),
            _ => Err(Error::corrupt("a block was read before its header")),
        }
    }

    fn piece(&mut self, piece: &mut Vec<u8>) -> Result<u64> {
        let start = self.sections.position();
        let section = self.sections.next()?;
        if section.kind != SectionKind::Body {
            return Err(Error::corrupt("expected more of the value here: a part of the file is missing")
                .at_offset(start));
        }
        let start = self.sections.position();
        self.sections.body(&section, piece)?;
        Ok(start)
    }

    fn block(&mut self) -> Result<Block> {
        let start = self.sections.position();
        let section = self.sections.next()?;
        let Some(header) = section.block else {
            return Err(
                Error::corrupt("expected a block here: a part of the file is missing").at_offset(start)
            );
        };
        let block = header.block.clone();
        self.block = State::Ahead { header, len: section.len };
        Ok(block)
    }

    /// The block mapped, when that was asked for and can be done, else in memory.
    fn buffer(&mut self) -> Result<Buffer> {
        let (header, len) = self.take_header()?;
        if let Some(mode) = self.mmap_mode
            && let Some(buffer) = self.sections.block_mapped(&header, len, mode)?
        {
            return Ok(buffer);
        }
        self.sections.block_in_memory(header, len)
    }

    fn block_into(&mut self, target: &mut [u8]) -> Result<()> {
        let (header, len) = self.take_header()?;
        self.sections.block_into(header, len, target)
    }

    fn block_bytes(&mut self, bytes: &mut Vec<u8>) -> Result<()> {
        if let State::Ahead { .. } = self.block {
            let (header, len) = self.take_header()?;
            let block = self.sections.begin_block(header, len);
            self.block = State::Open { block, scratch: Vec::new() };
        }
        match &mut self.block {
            State::Open { block, scratch } => self.sections.block_bytes(block, bytes, scratch),
            _ => Err(Error::corrupt("a block was read before its header")),
        }
    }

    fn end_block(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.block, State::None) {
            State::Open { block, .. } => self.sections.end_block(&block),
            State::Ahead { header, len } => {
                let block = self.sections.begin_block(header, len);
                self.sections.end_block(&block)
            }
            State::None => Err(Error::corrupt("a block was read before its header")),
        }
    }

    fn skip_block(&mut self) -> Result<()> {
        let (header, len) = self.take_header()?;
        self.sections.skip_block(header, len)
    }
}

impl Source for Object<'_, '_> {
    fn position(&self) -> u64 {
        self.sections.position()
    }

    fn piece(&mut self, piece: &mut Vec<u8>) -> joblib_encoding::Result<u64> {
        Ok(Self::piece(self, piece)?)
    }

    fn block(&mut self) -> joblib_encoding::Result<Block> {
        Ok(Self::block(self)?)
    }

    fn buffer(&mut self) -> joblib_encoding::Result<Buffer> {
        Ok(Self::buffer(self)?)
    }

    fn block_into(&mut self, target: &mut [u8]) -> joblib_encoding::Result<()> {
        Ok(Self::block_into(self, target)?)
    }

    fn block_bytes(&mut self, bytes: &mut Vec<u8>) -> joblib_encoding::Result<()> {
        Ok(Self::block_bytes(self, bytes)?)
    }

    fn end_block(&mut self) -> joblib_encoding::Result<()> {
        Ok(Self::end_block(self)?)
    }

    fn skip_block(&mut self) -> joblib_encoding::Result<()> {
        Ok(Self::skip_block(self)?)
    }
}
