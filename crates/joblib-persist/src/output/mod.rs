//! The write side of the stream of sections: numbers them, aligns blocks, adds checksums, and buffers small writes.

mod large;

use std::fs::File;
use std::io::{self, Write};

use joblib_encoding::{Block, Sink};

use crate::compress::Encoder;
use crate::error::{Error, Result};
use crate::format::shuffle::{self, shuffle};
use crate::format::{ALIGNMENT, BlockHeader, Checksum, Section, SectionKind, checksum, object_header};

/// Bytes that are gathered before the target is asked to write.
const GATHER: usize = 64 << 10;

/// Where the stream goes.
pub(crate) enum Target<'w> {
    /// A file that nobody else writes to, from its start.
    File(File),
    /// Anything else: a compressor, or the caller's writer.
    Stream(Box<dyn Encoder + 'w>),
}

/// The stream of sections of one or more objects.
pub(crate) struct Output<'w> {
    target: Target<'w>,
    gathered: Vec<u8>,
    /// Bytes of the stream up to now.
    position: u64,
    /// Whether blocks are byte-shuffled.
    shuffles: bool,
    /// Whether what is written is the file itself, so that its blocks can be mapped.
    mappable: bool,
    /// Number of the next section.
    number: u16,
    /// The block that is being written in pieces.
    block: Option<OpenBlock>,
}

struct OpenBlock {
    left: u64,
    checksum: Checksum,
    /// Size of the words, and the piece being gathered and its shuffled form, when the block is shuffled.
    shuffle: Option<(usize, Vec<u8>, Vec<u8>)>,
}

impl<'w> Output<'w> {
    /// The stream as it is: its blocks can be mapped.
    pub(crate) fn plain(target: Target<'w>) -> Self {
        Self {
            target,
            gathered: Vec::with_capacity(512),
            position: 0,
            shuffles: false,
            mappable: true,
            number: 0,
            block: None,
        }
    }

    /// The stream on its way into a compressor.
    pub(crate) fn compressed(target: Target<'w>, shuffles: bool) -> Self {
        Self { shuffles, mappable: false, ..Self::plain(target) }
    }

    pub(crate) fn begin_object(&mut self) -> Result<()> {
        self.number = 0;
        self.put(&object_header())
    }

    pub(crate) fn end_object(&mut self) {
        let end = self.section(SectionKind::End, 0);
        self.put_header(&end);
    }

    /// Writes a body section.
    fn body(&mut self, bytes: &[u8]) -> Result<()> {
        let section = self.section(SectionKind::Body, bytes.len() as u64);
        self.put_header(&section);
        self.put(bytes)?;
        self.put(&checksum(bytes).to_le_bytes())
    }

    /// Writes a block whose elements are all there.
    fn block(&mut self, block: &Block, bytes: &[u8]) -> Result<()> {
        if matches!(self.target, Target::File(_)) && bytes.len() >= large::LARGE {
            return self.large_block(block, bytes);
        }
        self.begin_block(block);
        self.block_bytes(bytes)?;
        self.end_block()
    }

    fn large_block(&mut self, block: &Block, bytes: &[u8]) -> Result<()> {
        let header = BlockHeader { block: block.clone(), shuffle: 0 };
        let section = self.block_section(header, bytes.len() as u64);
        self.put_header(&section);
        self.flush()?;
        let check = match &mut self.target {
            Target::File(file) => large::write(file, self.position, bytes),
            Target::Stream(stream) => stream.write_all(bytes).map(|()| checksum(bytes)),
        };
        let check = check.map_err(|source| Error::io("writing", source))?;
        self.position += bytes.len() as u64;
        self.put(&check.to_le_bytes())
    }

    /// Starts a block whose elements come in pieces.
    fn begin_block(&mut self, block: &Block) {
        let word = block.dtype.word_size();
        let len = block.byte_len().map_or(u64::MAX, |len| len as u64);
        let shuffles = self.shuffles && word > 1;
        let header =
            BlockHeader { block: block.clone(), shuffle: if shuffles { shuffle::PIECE_LOG2 } else { 0 } };
        let piece = 1 << header.shuffle;
        let shuffle = (header.shuffle != 0).then(|| (word, Vec::with_capacity(piece), vec![0; piece]));
        let section = self.block_section(header, len);
        self.put_header(&section);
        self.block = Some(OpenBlock { left: len, checksum: Checksum::new(), shuffle });
    }

    /// Adds to the block.
    fn block_bytes(&mut self, mut bytes: &[u8]) -> Result<()> {
        const CHUNK: usize = 256 << 10;
        let Some(mut block) = self.block.take() else {
            return Err(Error::value("bytes for a block that was not begun"));
        };
        block.left = block
            .left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| Error::value("a sequence has more elements than the length that it declared"))?;
        if let Some((word, piece, shuffled)) = &mut block.shuffle {
            while !bytes.is_empty() {
                let (now, later) = bytes.split_at(bytes.len().min(shuffled.len() - piece.len()));
                bytes = later;
                let is_last = later.is_empty() && block.left == 0;
                // A whole piece at once needs no gathering.
                let target = if piece.is_empty() && (now.len() == shuffled.len() || is_last) {
                    let target = &mut shuffled[..now.len()];
                    shuffle(now, target, *word);
                    target
                } else {
                    piece.extend_from_slice(now);
                    if piece.len() < shuffled.len() && !is_last {
                        break;
                    }
                    let target = &mut shuffled[..piece.len()];
                    shuffle(piece, target, *word);
                    piece.clear();
                    target
                };
                block.checksum.update(target);
                self.put(target)?;
            }
        } else {
            for chunk in bytes.chunks(CHUNK) {
                block.checksum.update(chunk);
                self.put(chunk)?;
            }
        }
        self.block = Some(block);
        Ok(())
    }

    /// Ends the block.
    fn end_block(&mut self) -> Result<()> {
        match self.block.take() {
            Some(block) if block.left == 0 => self.put(&block.checksum.value().to_le_bytes()),
            _ => Err(Error::value("a sequence has fewer elements than the length that it declared")),
        }
    }

    /// Gives all that was written to the target.
    pub(crate) fn flush(&mut self) -> Result<()> {
        if !self.gathered.is_empty() {
            self.target.write_all(&self.gathered).map_err(|source| Error::io("writing", source))?;
            self.gathered.clear();
        }
        Ok(())
    }

    /// Ends the stream: a compressor writes what it holds back.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.flush()?;
        match self.target {
            Target::File(_) => Ok(()),
            Target::Stream(stream) => stream.finish().map_err(|source| Error::io("writing", source)),
        }
    }

    fn section(&mut self, kind: SectionKind, len: u64) -> Section {
        let section = Section::new(kind, len, self.number);
        self.number = self.number.wrapping_add(1);
        section
    }

    fn block_section(&mut self, header: BlockHeader, len: u64) -> Section {
        let mut section = self.section(SectionKind::Block, len);
        let end = self.position + Section::header_len(header.block.shape.len()) as u64;
        section.padding = (end.next_multiple_of(ALIGNMENT) - end) as u8;
        section.block = Some(header);
        section
    }

    fn put_header(&mut self, section: &Section) {
        const ZEROS: [u8; ALIGNMENT as usize] = [0; ALIGNMENT as usize];
        let before = self.gathered.len();
        section.write(&mut self.gathered);
        self.gathered.extend_from_slice(&ZEROS[..usize::from(section.padding)]);
        self.position += (self.gathered.len() - before) as u64;
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.position += bytes.len() as u64;
        if bytes.len() >= GATHER {
            self.flush()?;
            return self.target.write_all(bytes).map_err(|source| Error::io("writing", source));
        }
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= GATHER {
            self.flush()?;
        }
        Ok(())
    }
}

impl Target<'_> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.write_all(bytes),
            Self::Stream(stream) => stream.write_all(bytes),
        }
    }
}

/// A value's pieces are body sections, its blocks are block sections.
impl Sink for Output<'_> {
    /// An array of any size can be mapped, and written to in its file; in a compressed file none can.
    fn wants_small_arrays(&self) -> bool {
        self.mappable
    }

    fn piece(&mut self, bytes: &[u8]) -> joblib_encoding::Result<()> {
        Ok(self.body(bytes)?)
    }

    fn begin_block(&mut self, block: &Block) -> joblib_encoding::Result<()> {
        Self::begin_block(self, block);
        Ok(())
    }

    fn block_bytes(&mut self, bytes: &[u8]) -> joblib_encoding::Result<()> {
        Ok(Self::block_bytes(self, bytes)?)
    }

    fn end_block(&mut self) -> joblib_encoding::Result<()> {
        Ok(Self::end_block(self)?)
    }

    fn block(&mut self, block: &Block, bytes: &[u8]) -> joblib_encoding::Result<()> {
        Ok(Self::block(self, block, bytes)?)
    }
}
