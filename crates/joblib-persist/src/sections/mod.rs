//! The stream of sections as a reader sees it: each in its turn, its header and its checksum checked.

mod large;

use joblib_array::{Buffer, DType, MmapMode};

use crate::error::{Error, Kind, Result};
use crate::format::shuffle::unshuffle;
use crate::format::{
    BlockHeader, Checksum, HEADER_LEN, SECTION_LEN, Section, SectionKind, UNCHECKED, check_object_header,
    checksum,
};
use crate::input::Input;

/// The sections of the objects in a stream.
pub(crate) struct Sections<'r> {
    input: Input<'r>,
    /// Number of the next section in its object.
    number: u16,
    /// Sections read.
    count: u64,
    /// Blocks that had no checksum.
    unchecked: u64,
    /// Whether the checksums of blocks that nobody wants are verified too.
    verifies_everything: bool,
    /// Whether the checksums of blocks that are mapped are verified.
    verifies_mapped: bool,
}

/// The payload of a block that is being read, and what of it was.
pub(crate) struct Block {
    header: BlockHeader,
    /// Where in the stream the payload starts.
    start: u64,
    left: u64,
    checksum: Checksum,
}

impl<'r> Sections<'r> {
    pub(crate) fn new(input: Input<'r>) -> Self {
        Self { input, number: 0, count: 0, unchecked: 0, verifies_everything: false, verifies_mapped: false }
    }

    /// From now on every checksum is compared, also those of blocks that nobody wants.
    pub(crate) fn verify_everything(&mut self) {
        self.verifies_everything = true;
    }

    /// From now on the checksums of blocks are verified when they are mapped.
    pub(crate) fn verify_mapped(&mut self) {
        self.verifies_mapped = true;
    }

    /// How many sections were read.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// How many blocks had no checksum.
    pub(crate) fn unchecked(&self) -> u64 {
        self.unchecked
    }

    /// The block whose payload comes next.
    pub(crate) fn begin_block(&self, header: BlockHeader, len: u64) -> Block {
        Block { header, start: self.position(), left: len, checksum: Checksum::new() }
    }

    pub(crate) fn position(&self) -> u64 {
        self.input.position()
    }

    /// Whether nothing follows.
    pub(crate) fn is_at_end(&mut self) -> Result<bool> {
        self.input.is_at_end()
    }

    /// Reads an object's header; `false` when the stream ended before it.
    pub(crate) fn begin_object(&mut self) -> Result<bool> {
        if self.input.is_at_end()? {
            return Ok(false);
        }
        let start = self.position();
        let mut header = [0; HEADER_LEN];
        self.input.read(&mut header)?;
        check_object_header(&header).map_err(|error| error.at_offset(start))?;
        self.number = 0;
        Ok(true)
    }

    /// Reads the header of the next section, and its padding.
    pub(crate) fn next(&mut self) -> Result<Section> {
        let start = self.position();
        self.parse_next().map_err(|error| error.at_offset(start))
    }

    fn parse_next(&mut self) -> Result<Section> {
        let mut short = [0; SECTION_LEN];
        self.input.read(&mut short)?;
        let ndim = Section::ndim(&short)?;
        let section = if ndim == 0 {
            Section::parse(&short)?
        } else {
            let mut header = short.to_vec();
            header.resize(Section::header_len(ndim), 0);
            self.input.read(&mut header[SECTION_LEN..])?;
            Section::parse(&header)?
        };
        if section.number != self.number {
            return Err(Error::corrupt(format!(
                "expected section number {}, found number {}: a part of the file is missing",
                self.number, section.number
            )));
        }
        self.number = self.number.wrapping_add(1);
        self.count += 1;
        self.input.skip_padding(section.padding)?;
        Ok(section)
    }

    /// Reads the payload of a body section into `body`.
    pub(crate) fn body(&mut self, section: &Section, body: &mut Vec<u8>) -> Result<()> {
        let start = self.position();
        self.input.check_available(section.len)?;
        // `MAX_BODY` bounds the length. What the vector held is overwritten.
        body.resize(section.len as usize, 0);
        self.input.read(body)?;
        let check = checksum(body);
        self.compare(check, start, false)
    }

    /// Reads the next bytes of a block: as many as `target` takes, and whole pieces when the block is shuffled.
    pub(crate) fn block_bytes(
        &mut self,
        block: &mut Block,
        target: &mut Vec<u8>,
        scratch: &mut Vec<u8>,
    ) -> Result<()> {
        let shuffled = block.header.shuffle != 0;
        let len = if shuffled { 1 << block.header.shuffle } else { CHUNK }.min(block.left);
        self.input.check_available(len)?;
        let stored = if shuffled { &mut *scratch } else { &mut *target };
        stored.resize(len as usize, 0);
        self.input.read(stored)?;
        block.checksum.update(stored);
        block.left -= len;
        if shuffled {
            target.resize(len as usize, 0);
            unshuffle(scratch, target, block.header.block.dtype.word_size());
        }
        Ok(())
    }

    /// Ends a block, whose bytes were all read.
    pub(crate) fn end_block(&mut self, block: &Block) -> Result<()> {
        if block.left > 0 {
            return Err(
                Error::corrupt("a block holds more elements than were read").at_offset(self.position())
            );
        }
        self.compare(block.checksum.value(), block.start, true)
    }

    /// Reads a block whole, into memory of its own.
    pub(crate) fn block_in_memory(&mut self, header: BlockHeader, len: u64) -> Result<Buffer> {
        let start = self.position();
        self.input.check_available(len)?;
        // Memory is given by the kernel as it is filled, so that a false length takes none.
        let mut buffer = usize::try_from(len)
            .map_err(|_| std::io::Error::from(std::io::ErrorKind::OutOfMemory))
            .and_then(Buffer::for_overwriting)
            .map_err(|_| {
                Error::new(
                    Kind::Limit,
                    format!("an array of {len} bytes does not fit into this machine's memory"),
                )
                .at_offset(start)
            })?;
        let Some(bytes) = buffer.as_mut_bytes() else {
            return Err(Error::corrupt("new memory is shared"));
        };
        self.block_into(header, len, bytes)?;
        Ok(buffer)
    }

    /// Reads a block whole into `bytes`.
    pub(crate) fn block_into(&mut self, header: BlockHeader, len: u64, bytes: &mut [u8]) -> Result<()> {
        let start = self.position();
        self.input.check_available(len)?;
        if bytes.len() as u64 != len {
            return Err(Error::corrupt("a block has another size than its header says").at_offset(start));
        }
        if bytes.len() >= large::LARGE
            && header.shuffle == 0
            && let Some(file) = self.input.file()
        {
            let check = large::read(file, start, bytes)
                .map_err(|source| Error::io("reading", source).at_offset(start))?;
            self.input.skip(len)?;
            return self.compare(check, start, true);
        }
        let mut block = self.begin_block(header, len);
        if block.header.shuffle == 0 {
            for chunk in bytes.chunks_mut(CHUNK as usize) {
                self.input.read(chunk)?;
                block.checksum.update(chunk);
            }
        } else {
            let word = block.header.block.dtype.word_size();
            let piece = 1 << block.header.shuffle;
            let mut stored = vec![0; piece.min(bytes.len())];
            for target in bytes.chunks_mut(piece) {
                let stored = &mut stored[..target.len()];
                self.input.read(stored)?;
                block.checksum.update(stored);
                unshuffle(stored, target, word);
            }
        }
        block.left = 0;
        self.end_block(&block)
    }

    /// Maps a block; `None` when it can't be mapped as it stands.
    pub(crate) fn block_mapped(
        &mut self,
        header: &BlockHeader,
        len: u64,
        mode: MmapMode,
    ) -> Result<Option<Buffer>> {
        let start = self.position();
        let aligned = start.is_multiple_of(header.block.dtype.size() as u64);
        let Some(file) =
            self.input.file().filter(|_| header.shuffle == 0 && aligned && header.block.dtype != DType::Bool)
        else {
            return Ok(None);
        };
        let with_checksum = with_checksum(len)?;
        self.input.check_available(with_checksum)?;
        let len_here = usize::try_from(len)
            .map_err(|_| Error::new(Kind::Limit, format!("an array of {len} bytes can't be mapped here")))?;
        let doing = |source| {
            Error::io(&format!("mapping an array with mmap_mode {:?}", mode.name()), source).at_offset(start)
        };
        let buffer = Buffer::map(file, start, len_here, mode).map_err(doing)?;
        if self.verifies_mapped {
            let check = large::checksum(buffer.as_bytes()).map_err(doing)?;
            self.input.skip(len)?;
            self.compare(check, start, true)?;
        } else {
            self.input.skip(with_checksum)?;
        }
        if mode.writes_to_file()
            && let Some(file) = self.input.file()
        {
            // What is written through the mapping changes the bytes and not the checksum, so there is none from now on.
            std::os::unix::fs::FileExt::write_all_at(file, &UNCHECKED.to_le_bytes(), start + len)
                .map_err(doing)?;
        }
        Ok(Some(buffer))
    }

    /// Moves over a block; without looking at its elements where that can be done.
    pub(crate) fn skip_block(&mut self, header: BlockHeader, len: u64) -> Result<()> {
        if !self.verifies_everything {
            return self.input.skip(with_checksum(len)?);
        }
        self.input.check_available(len)?;
        let mut block = self.begin_block(header, len);
        let mut chunk = vec![0; len.min(CHUNK) as usize];
        while block.left > 0 {
            let part = &mut chunk[..block.left.min(CHUNK) as usize];
            self.input.read(part)?;
            block.checksum.update(part);
            block.left -= part.len() as u64;
        }
        self.end_block(&block)
    }

    /// Reads the checksum in the stream and compares it with that of the bytes before it.
    fn compare(&mut self, found: u64, start: u64, mapped: bool) -> Result<()> {
        let mut stored = [0; 8];
        self.input.read(&mut stored)?;
        let stored = u64::from_le_bytes(stored);
        if mapped && stored == UNCHECKED {
            self.unchecked += 1;
        } else if stored != found {
            return Err(Error::corrupt(format!(
                "the checksum of the {} bytes from here on does not match (expected {stored:016x}, found {found:016x}): \
                 the file is damaged",
                self.position() - start - 8
            ))
            .at_offset(start));
        }
        Ok(())
    }

    /// Reads the end section.
    pub(crate) fn end_object(&mut self) -> Result<()> {
        let start = self.position();
        let section = self.next()?;
        if section.kind != SectionKind::End {
            return Err(
                Error::corrupt("the value is complete, but more sections of it follow").at_offset(start)
            );
        }
        Ok(())
    }
}

/// Bytes that are read at a time: few enough to be still in the cache when they are checked.
const CHUNK: u64 = 256 << 10;

/// The bytes of a block of `len` bytes and of its checksum.
fn with_checksum(len: u64) -> Result<u64> {
    len.checked_add(8).ok_or_else(|| Error::corrupt("a block is longer than any file"))
}
