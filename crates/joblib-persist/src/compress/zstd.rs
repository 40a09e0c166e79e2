//! Zstandard: one frame a block, with its content size and checksum. Lengths of frames are read off their block headers
//! without decompressing.

use std::io::{self, Read};
use std::ops::RangeInclusive;

use zstd::zstd_safe;

use super::blocks::{BlockEncoder, BlockFormat};
use super::pieces::{MAX_PIECE, Next, PieceDecoder, PieceFormat};
use crate::error::{Error, Kind};

use super::{Compressor, DECODER_MEMORY, Encoder, Sink, Source, check_level, invalid, too_much_memory};

const BLOCK: usize = 1 << 20;

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The format `zstd`.
pub(super) struct Zst;

impl Compressor for Zst {
    fn name(&self) -> &'static str {
        "zstd"
    }

    fn extensions(&self) -> &[&str] {
        &[".zst"]
    }

    fn magic(&self) -> &[u8] {
        &MAGIC
    }

    fn levels(&self) -> RangeInclusive<u32> {
        1..=22
    }

    /// Whether a frame comes first, or one that decoders pass over and another one after it, as `pzstd` writes them.
    fn recognises(&self, first: &[u8]) -> bool {
        match first {
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, len @ ..] => {
                let next = len.first_chunk().map(|len| u32::from_le_bytes(*len) as usize);
                next.and_then(|len| first.get(8 + len..))
                    .is_none_or(|next| next.starts_with(&MAGIC[..next.len().min(4)]))
            }
            _ => first.starts_with(&MAGIC),
        }
    }

    fn shuffle_helps(&self) -> bool {
        true
    }

    fn encoder<'a>(&self, sink: Sink<'a>, level: u32) -> io::Result<Box<dyn Encoder + 'a>> {
        check_level(self, level)?;
        Ok(Box::new(BlockEncoder::new(Frames { level }, sink)))
    }

    fn decoder<'a>(&self, source: Source<'a>) -> io::Result<Box<dyn Read + 'a>> {
        self.decoder_within(source, DECODER_MEMORY)
    }

    fn decoder_within<'a>(&self, source: Source<'a>, memory: u64) -> io::Result<Box<dyn Read + 'a>> {
        Ok(Box::new(PieceDecoder::new(CutFrames { memory }, source)))
    }
}

/// Writes frames.
struct Frames {
    level: u32,
}

impl BlockFormat for Frames {
    type Check = ();

    const NEEDS_A_BLOCK: bool = true;

    fn block_size(&self) -> usize {
        BLOCK
    }

    fn compress(&self) -> impl FnOnce(&[u8], &mut Vec<u8>) -> io::Result<()> + Send + 'static {
        let level = self.level as i32;
        move |block, output| {
            let mut compressor = zstd::bulk::Compressor::new(level)?;
            compressor.set_parameter(zstd_safe::CParameter::ChecksumFlag(true))?;
            output.reserve(zstd_safe::compress_bound(block.len()));
            compressor.compress_to_buffer(block, output)?;
            Ok(())
        }
    }
}

/// Binary logarithms of the shortest and the longest window that the decoder can be told to take.
const SHORTEST_WINDOW: u32 = 10;
const LONGEST_WINDOW: u32 = if usize::BITS == 64 { 31 } else { 30 };

/// Reads frames whose content fits into memory.
struct CutFrames {
    /// Bytes that a window may take.
    memory: u64,
}

impl PieceFormat for CutFrames {
    type Check = ();

    fn next(&mut self, input: &[u8], is_all: bool, _is_idle: bool) -> io::Result<Next> {
        if input.is_empty() && is_all {
            return Ok(Next::End);
        }
        Ok(match zstd_safe::find_frame_compressed_size(input) {
            Ok(len) if input.starts_with(&MAGIC) && len <= input.len() => Next::Piece(len),
            Err(_) if !is_all && input.len() <= MAX_PIECE => Next::More,
            _ => Next::Serial,
        })
    }

    fn decompress(&self) -> impl FnOnce(&[u8], &mut Vec<u8>) -> Option<()> + Send + 'static {
        |frame, output| {
            let len = usize::try_from(zstd_safe::get_frame_content_size(frame).ok()??).ok()?;
            if len > MAX_PIECE {
                return None;
            }
            output.resize(len, 0);
            (zstd::bulk::decompress_to_buffer(frame, &mut output[..]).ok()? == len).then_some(())
        }
    }

    fn serial<'a>(&mut self, rest: Source<'a>) -> io::Result<Box<dyn Read + 'a>> {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(rest)?;
        // The memory is used only as far as the content fills it.
        decoder.window_log_max(self.memory.max(1).ilog2().clamp(SHORTEST_WINDOW, LONGEST_WINDOW))?;
        Ok(Box::new(Serial { decoder, memory: self.memory }))
    }
}

/// Frames of any kind, with errors of the kinds that [`Compressor::decoder`] promises.
struct Serial<'a> {
    decoder: zstd::stream::read::Decoder<'static, Source<'a>>,
    memory: u64,
}

/// libzstd's code `ZSTD_error_frameParameter_windowTooLarge`, negated as its functions return it.
const WINDOW_TOO_LARGE: usize = 16_usize.wrapping_neg();

impl Read for Serial<'_> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(target).map_err(|error| match error.kind() {
            io::ErrorKind::Other if error.to_string() == zstd_safe::get_error_name(WINDOW_TOO_LARGE) => {
                if self.memory >> LONGEST_WINDOW == 0 {
                    return too_much_memory("zstd", self.memory);
                }
                let longest =
                    format!("a window of more than 2^{LONGEST_WINDOW} bytes, which no decoder takes");
                io::Error::other(Error::new(
                    Kind::Limit,
                    format!("the zstd data were compressed with {longest}"),
                ))
            }
            io::ErrorKind::Other => {
                invalid(format!("damaged zstd data, or something else after their end: {error}"))
            }
            _ => error,
        })
    }
}
