//! The lz4 frame format: independent blocks of 1 MiB, each with a checksum of its compressed bytes. Frames of other tools,
//! whose blocks look back at earlier ones, are read too, on one core.

mod block;
mod frame;
mod serial;

use std::io::{self, Read};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use super::blocks::{BlockEncoder, BlockFormat};
use super::pieces::{Next, PieceDecoder, PieceFormat};
use super::{Compressor, Encoder, Sink, Source, check_level};
use frame::{Frame, Size, Start, xxh32};
use serial::Serial;

const BLOCK: usize = 1 << 20;

/// The format `lz4`.
pub(super) struct Lz4;

impl Compressor for Lz4 {
    fn name(&self) -> &'static str {
        "lz4"
    }

    fn extensions(&self) -> &[&str] {
        &[".lz4"]
    }

    fn magic(&self) -> &[u8] {
        &frame::MAGIC
    }

    /// The library has one way to compress.
    fn levels(&self) -> RangeInclusive<u32> {
        1..=1
    }

    fn shuffle_helps(&self) -> bool {
        true
    }

    fn encoder<'a>(&self, sink: Sink<'a>, level: u32) -> io::Result<Box<dyn Encoder + 'a>> {
        check_level(self, level)?;
        Ok(Box::new(BlockEncoder::new(Blocks::default(), sink)))
    }

    fn decoder<'a>(&self, source: Source<'a>) -> io::Result<Box<dyn Read + 'a>> {
        Ok(Box::new(PieceDecoder::new(IndependentBlocks { frame: None }, source)))
    }
}

/// Writes the blocks of one frame.
#[derive(Default)]
struct Blocks {
    /// Memory that no block is compressed into now: new memory for each would have to be cleared.
    idle: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl BlockFormat for Blocks {
    type Check = ();

    const NEEDS_A_BLOCK: bool = false;

    fn block_size(&self) -> usize {
        BLOCK
    }

    fn begin(&self) -> Vec<u8> {
        frame::header_of_1_mib_blocks().to_vec()
    }

    fn compress(&self) -> impl FnOnce(&[u8], &mut Vec<u8>) -> io::Result<()> + Send + 'static {
        let idle = Arc::clone(&self.idle);
        move |input, output| {
            let lock = || idle.lock().unwrap_or_else(PoisonError::into_inner);
            let mut compressed = lock().pop().unwrap_or_default();
            let most = lz4_flex::block::get_maximum_output_size(input.len());
            if compressed.len() < most {
                compressed.resize(most, 0);
            }
            let len = lz4_flex::block::compress_into(input, &mut compressed).map_err(io::Error::other)?;
            let is_compressed = len < input.len();
            let bytes = if is_compressed { &compressed[..len] } else { input };
            output.reserve(4 + bytes.len() + 4);
            output.extend_from_slice(&Size { len: bytes.len(), is_compressed }.encode());
            output.extend_from_slice(bytes);
            output.extend_from_slice(&xxh32(bytes).to_le_bytes());
            lock().push(compressed);
            Ok(())
        }
    }

    fn end(&self) -> Vec<u8> {
        frame::END_MARK.to_vec()
    }
}

/// Reads blocks that do not look back.
struct IndependentBlocks {
    /// The frame whose blocks are being read.
    frame: Option<Frame>,
}

impl PieceFormat for IndependentBlocks {
    type Check = ();

    fn next(&mut self, input: &[u8], is_all: bool, is_idle: bool) -> io::Result<Next> {
        let Some(frame) = &mut self.frame else {
            if input.is_empty() && is_all {
                return Ok(Next::End);
            }
            return Ok(match Start::read(input)? {
                None if is_all => Next::Serial,
                None => Next::More,
                Some((Start::Skippable(content), len)) => Next::Skip(len as u64 + content),
                Some((Start::Frame(frame), _)) if !frame.is_independent => Next::Serial,
                Some((Start::Frame(frame), len)) => {
                    self.frame = Some(frame);
                    Next::Skip(len as u64)
                }
            });
        };
        let Some(size) = input.first_chunk().map(|bytes| Size::decode(*bytes)) else {
            return Ok(if is_all { Next::Serial } else { Next::More });
        };
        let len = if size.len == 0 { frame.trailer_len() } else { size.len + frame.block_trailer_len() };
        if size.len > frame.max_block {
            return Ok(Next::Serial);
        }
        let Some(bytes) = input.get(4..4 + len) else {
            return Ok(if is_all { Next::Serial } else { Next::More });
        };
        if size.len > 0 {
            return Ok(Next::Piece(4 + len));
        }
        if !is_idle {
            return Ok(Next::Wait);
        }
        frame.end(bytes)?;
        self.frame = None;
        Ok(Next::Skip(4 + len as u64))
    }

    fn decompress(&self) -> impl FnOnce(&[u8], &mut Vec<u8>) -> Option<()> + Send + 'static {
        let shape = self.frame.as_ref().map(|frame| (frame.max_block, frame.has_block_checks));
        move |piece, output| {
            let (max_block, has_check) = shape?;
            let (size, rest) = piece.split_first_chunk()?;
            let size = Size::decode(*size);
            let (bytes, check) = rest.split_at_checked(size.len)?;
            if has_check && u32::from_le_bytes(*check.first_chunk()?) != xxh32(bytes) {
                return None;
            }
            if !size.is_compressed {
                output.clear();
                output.extend_from_slice(bytes);
                return Some(());
            }
            output.resize(max_block, 0);
            let len = block::decompress(bytes, output)?;
            output.truncate(len);
            Some(())
        }
    }

    fn add(&mut self, output: &[u8], (): ()) {
        if let Some(frame) = &mut self.frame {
            frame.add(output);
        }
    }

    fn serial<'a>(&mut self, rest: Source<'a>) -> io::Result<Box<dyn Read + 'a>> {
        Ok(Box::new(Serial::new(rest, self.frame.take())))
    }
}
