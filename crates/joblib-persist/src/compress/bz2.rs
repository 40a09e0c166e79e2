//! bzip2: one stream a block, each ending at a whole byte. Streams start with ten bytes that tell them apart from nearly
//! anything inside of one; a cut at the wrong place fails to decompress and is left to the serial decoder.

use std::io::{self, BufRead, Read};

use bzip2::bufread::BzDecoder;
use bzip2::{Action, Compress, Compression, Decompress, Status};
use memchr::memmem;

use super::blocks::{BlockEncoder, BlockFormat};
use super::pieces::{MAX_PIECE, Next, PieceDecoder, PieceFormat};
use super::{Compressor, Encoder, Sink, Source, check_level, invalid, skip_zeros};

/// What stands behind the identifier and the level digit: a block, or the end of an empty stream.
const BLOCK_START: [u8; 6] = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
const STREAM_END: [u8; 6] = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90];

/// Length of what a stream is recognised by: three letters, the level, and one of those.
const START_LEN: usize = 10;

/// bzip2's own default: how hard it tries on repetitive input before it falls back to a slower sort.
const WORK_FACTOR: u32 = 0;

/// The format `bz2`.
pub(super) struct Bz2;

impl Compressor for Bz2 {
    fn name(&self) -> &'static str {
        "bz2"
    }

    fn extensions(&self) -> &[&str] {
        &[".bz2"]
    }

    fn magic(&self) -> &[u8] {
        b"BZh"
    }

    fn encoder<'a>(&self, sink: Sink<'a>, level: u32) -> io::Result<Box<dyn Encoder + 'a>> {
        check_level(self, level)?;
        Ok(Box::new(BlockEncoder::new(Streams { level }, sink)))
    }

    fn decoder<'a>(&self, source: Source<'a>) -> io::Result<Box<dyn Read + 'a>> {
        Ok(Box::new(PieceDecoder::new(CutStreams, source)))
    }
}

/// Writes streams.
struct Streams {
    level: u32,
}

impl BlockFormat for Streams {
    type Check = ();

    const NEEDS_A_BLOCK: bool = true;

    /// A little less than what fits into one block of the level, which holds 100,000 bytes a level, less 19.
    fn block_size(&self) -> usize {
        self.level as usize * 100_000 - 100
    }

    fn compress(&self) -> impl FnOnce(&[u8], &mut Vec<u8>) -> io::Result<()> + Send + 'static {
        let level = self.level;
        move |block, output| {
            output.reserve(block.len() / 2 + 64);
            let mut compressor = Compress::new(Compression::new(level), WORK_FACTOR);
            loop {
                let read = compressor.total_in() as usize;
                let status = compressor
                    .compress_vec(&block[read..], output, Action::Finish)
                    .map_err(io::Error::other)?;
                if status == Status::StreamEnd {
                    return Ok(());
                }
                output.reserve(block.len() / 4 + 64);
            }
        }
    }
}

/// Reads what stands between starts of streams.
struct CutStreams;

impl PieceFormat for CutStreams {
    type Check = ();

    fn next(&mut self, input: &[u8], is_all: bool, _is_idle: bool) -> io::Result<Next> {
        /// A stream of one block of the highest level is shorter.
        const MAX: usize = 1 << 20;
        if !is_start(input) {
            return Ok(match input {
                [] if is_all => Next::End,
                _ if input.len() < START_LEN && !is_all => Next::More,
                _ => Next::Serial,
            });
        }
        // The identifier is rarer than the number that follows it would be alone, and is searched for at machine speed.
        let next = memmem::find_iter(&input[1..], b"BZh").map(|at| at + 1).find(|&at| is_start(&input[at..]));
        Ok(match next {
            Some(at) if at <= MAX => Next::Piece(at),
            None if is_all && input.len() <= MAX => Next::Piece(input.len()),
            None if !is_all && input.len() <= MAX => Next::More,
            _ => Next::Serial,
        })
    }

    fn decompress(&self) -> impl FnOnce(&[u8], &mut Vec<u8>) -> Option<()> + Send + 'static {
        |piece, output| {
            output.clear();
            output.reserve(1 << 20);
            let mut decompressor = Decompress::new(false);
            loop {
                let read = decompressor.total_in() as usize;
                match decompressor.decompress_vec(piece.get(read..)?, output) {
                    Ok(Status::StreamEnd) => break,
                    Ok(_) if output.len() == output.capacity() && output.len() < MAX_PIECE => {
                        output.reserve(output.len());
                    }
                    Ok(_) if decompressor.total_in() as usize > read => {}
                    _ => return None,
                }
            }
            (decompressor.total_in() as usize == piece.len()).then_some(())
        }
    }

    fn serial<'a>(&mut self, rest: Source<'a>) -> io::Result<Box<dyn Read + 'a>> {
        Ok(Box::new(Serial { stream: None, source: Some(rest), is_later: false }))
    }
}

fn is_start(input: &[u8]) -> bool {
    matches!(input, [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..]
        if rest.starts_with(&BLOCK_START) || rest.starts_with(&STREAM_END))
}

/// Streams of any length, one after the other.
struct Serial<'a> {
    stream: Option<BzDecoder<Source<'a>>>,
    /// `None` while a stream has it.
    source: Option<Source<'a>>,
    /// Whether a stream was read: zeros behind it are padding.
    is_later: bool,
}

impl Read for Serial<'_> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(stream) = &mut self.stream {
                let read = stream.read(target).map_err(|error| match error.kind() {
                    io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                        invalid(format!("damaged bzip2 data, or something else after their end: {error}"))
                    }
                    _ => error,
                })?;
                if read > 0 {
                    return Ok(read);
                }
            }
            if let Some(stream) = self.stream.take() {
                self.source = Some(stream.into_inner());
            }
            let Some(mut source) = self.source.take() else { return Ok(0) };
            if self.is_later {
                skip_zeros(&mut source)?;
            }
            self.is_later = true;
            if source.fill_buf()?.is_empty() {
                return Ok(0);
            }
            self.stream = Some(BzDecoder::new(source));
        }
    }
}
