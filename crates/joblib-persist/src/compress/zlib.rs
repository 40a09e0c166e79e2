//! zlib (RFC 1950): one stream. Its blocks are compressed without looking back at earlier ones, and an empty stored block
//! stands between them, as after pigz's `--independent` or a full flush of zlib: any inflater reads them on, and a parallel
//! reader finds the boundaries by the four bytes of the empty block, `00 00 FF FF`.
//!
//! Those four bytes may occur inside of compressed data as well, and other tools flush while they keep looking back. So each
//! piece between two of them must decompress by itself, and to its very end, or the serial decoder goes on from there.
//! The stream's checksum is compared in any case.

use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress, Status};
use libdeflater::{DecompressionError, Decompressor};
use memchr::memmem;

use super::blocks::{BlockEncoder, BlockFormat};
use super::deflate::{Behind, Deflate};
use super::pieces::{MAX_PIECE, Next, PieceDecoder, PieceFormat, cut_off};
use super::{Compressor, Encoder, Sink, Source, check_level, invalid};

const BLOCK: usize = 1 << 20;

/// Ends every block but the last: the lengths of an empty stored block.
const BOUNDARY: [u8; 4] = [0, 0, 0xff, 0xff];

/// A last block without content.
const LAST_BLOCK: [u8; 2] = [3, 0];

/// Bytes that deflate looks back at most.
const WINDOW: usize = 32 << 10;

/// The format `zlib`.
pub(super) struct Zlib;

impl Compressor for Zlib {
    fn name(&self) -> &'static str {
        "zlib"
    }

    fn extensions(&self) -> &[&str] {
        &[".z"]
    }

    fn magic(&self) -> &[u8] {
        &[0x78, 0x5e]
    }

    fn recognises(&self, first: &[u8]) -> bool {
        // A window of 32 KiB, which all tools write.
        matches!(first, &[0x78, flags, ..] if is_header(0x78, flags))
    }

    fn shuffle_helps(&self) -> bool {
        true
    }

    fn encoder<'a>(&self, sink: Sink<'a>, level: u32) -> io::Result<Box<dyn Encoder + 'a>> {
        check_level(self, level)?;
        Ok(Box::new(BlockEncoder::new(
            Blocks { level, deflate: Deflate::new(level), check: Adler::default() },
            sink,
        )))
    }

    fn decoder<'a>(&self, source: Source<'a>) -> io::Result<Box<dyn Read + 'a>> {
        Ok(Box::new(PieceDecoder::new(
            Pieces { in_stream: false, check: Adler::default(), window: Vec::new() },
            source,
        )))
    }
}

/// Whether the two bytes start a zlib stream that needs no preset dictionary.
fn is_header(method: u8, flags: u8) -> bool {
    method & 0x0f == 8
        && method >> 4 <= 7
        && flags & 0x20 == 0
        && u16::from_be_bytes([method, flags]).is_multiple_of(31)
}

/// Adler-32 of a stream that is known by its pieces.
#[derive(Clone, Copy)]
struct Adler(u32);

impl Default for Adler {
    fn default() -> Self {
        Self(1)
    }
}

impl Adler {
    fn of(bytes: &[u8]) -> Self {
        Self(libdeflater::adler32(bytes))
    }

    /// The checksum of these bytes and then `len` bytes with checksum `next`.
    fn then(self, next: Self, len: usize) -> Self {
        const MODULUS: u64 = 65521;
        let split = |sum: Self| (u64::from(sum.0 & 0xffff), u64::from(sum.0 >> 16));
        let ((a, b), (next_a, next_b)) = (split(self), split(next));
        // The second sum counts each byte of the first part once more for each byte that follows; the first starts at 1.
        let sum_a = (a + next_a + MODULUS - 1) % MODULUS;
        let sum_b = (b + next_b + (len as u64 % MODULUS) * (a + MODULUS - 1)) % MODULUS;
        Self((sum_b << 16 | sum_a) as u32)
    }
}

/// Writes blocks.
struct Blocks {
    level: u32,
    deflate: Deflate,
    check: Adler,
}

impl BlockFormat for Blocks {
    type Check = (Adler, usize);

    const NEEDS_A_BLOCK: bool = false;

    fn block_size(&self) -> usize {
        BLOCK
    }

    fn begin(&self) -> Vec<u8> {
        // The second byte's upper bits tell the level class, its lower ones make the whole a multiple of 31.
        vec![
            0x78,
            match self.level {
                1 => 0x01,
                2..=5 => 0x5e,
                6 => 0x9c,
                _ => 0xda,
            },
        ]
    }

    fn compress(&self) -> impl FnOnce(&[u8], &mut Vec<u8>) -> io::Result<Self::Check> + Send + 'static {
        let deflate = self.deflate.clone();
        move |block, output| {
            deflate.compress(block, Behind::Blocks, output)?;
            Ok((Adler::of(block), block.len()))
        }
    }

    fn add(&mut self, (check, len): Self::Check) {
        self.check = self.check.then(check, len);
    }

    fn end(&self) -> Vec<u8> {
        [&LAST_BLOCK[..], &self.check.0.to_be_bytes()].concat()
    }
}

/// Reads what stands between boundaries.
struct Pieces {
    in_stream: bool,
    check: Adler,
    /// The last bytes of the output, which the serial decoder may have to look back at.
    window: Vec<u8>,
}

impl PieceFormat for Pieces {
    type Check = Adler;

    fn next(&mut self, input: &[u8], is_all: bool, _is_idle: bool) -> io::Result<Next> {
        /// Pieces are not cut shorter, so that a stream with many flushes is not all overhead.
        const MIN: usize = 2 << 10;
        if !self.in_stream {
            return Ok(match input {
                &[method, flags, ..] if is_header(method, flags) => {
                    self.in_stream = true;
                    Next::Skip(2)
                }
                [] | [_] if !is_all => Next::More,
                _ => Next::Serial,
            });
        }
        let boundary = input.get(MIN - BOUNDARY.len()..).and_then(|rest| memmem::find(rest, &BOUNDARY));
        Ok(match boundary {
            Some(at) => Next::Piece(at + MIN),
            None if is_all || input.len() > MAX_PIECE => Next::Serial,
            None => Next::More,
        })
    }

    fn decompress(&self) -> impl FnOnce(&[u8], &mut Vec<u8>) -> Option<Adler> + Send + 'static {
        /// A last, stored block: a piece that ends where it should lets the inflater come to it.
        const SENTINEL: [u8; 16] = *b"\xd3the very end\xa9\x5c\xe2";
        const END: [u8; 5] = [1, SENTINEL.len() as u8, 0, !(SENTINEL.len() as u8), 0xff];
        |piece, output| {
            let input = [piece, &END, &SENTINEL].concat();
            output.resize(BLOCK + SENTINEL.len(), 0);
            let mut inflater = Decompressor::new();
            loop {
                match inflater.deflate_decompress(&input, output) {
                    Ok(len) => {
                        output.truncate(len);
                        if !output.ends_with(&SENTINEL) {
                            return None;
                        }
                        output.truncate(len - SENTINEL.len());
                        return Some(Adler::of(output));
                    }
                    Err(DecompressionError::InsufficientSpace) if output.len() <= MAX_PIECE => {
                        output.resize(output.len() * 2, 0);
                    }
                    Err(_) => return None,
                }
            }
        }
    }

    fn add(&mut self, output: &[u8], check: Adler) {
        self.check = self.check.then(check, output.len());
        remember(&mut self.window, output);
    }

    fn serial<'a>(&mut self, rest: Source<'a>) -> io::Result<Box<dyn Read + 'a>> {
        let mut inflater = None;
        if self.in_stream {
            let mut raw = Decompress::new(false);
            if !self.window.is_empty() {
                raw.set_dictionary(&self.window)
                    .map_err(|error| invalid(format!("damaged zlib data: {error}")))?;
            }
            inflater = Some(raw);
        }
        Ok(Box::new(Serial { inflater, check: self.check, source: rest }))
    }
}

/// Keeps the last bytes of what was seen.
fn remember(window: &mut Vec<u8>, output: &[u8]) {
    if output.len() >= WINDOW {
        window.clear();
    }
    window.extend_from_slice(&output[output.len().saturating_sub(WINDOW)..]);
    window.drain(..window.len().saturating_sub(WINDOW));
}

/// Streams of any kind, one after the other, starting inside of one if there is an `inflater`.
struct Serial<'a> {
    inflater: Option<Decompress>,
    check: Adler,
    source: Source<'a>,
}

impl Serial<'_> {
    /// Reads the header of the next stream; false at the end of the file.
    fn begin(&mut self) -> io::Result<bool> {
        if self.source.fill_buf()?.is_empty() {
            return Ok(false);
        }
        let mut header = [0; 2];
        self.source.read_exact(&mut header).map_err(|_| cut_off())?;
        if !is_header(header[0], header[1]) {
            return Err(invalid(
                "no zlib stream starts here: the data are damaged, or something else follows their end",
            ));
        }
        self.inflater = Some(Decompress::new(false));
        self.check = Adler::default();
        Ok(true)
    }

    fn end(&mut self) -> io::Result<()> {
        let mut check = [0; 4];
        self.source.read_exact(&mut check).map_err(|_| cut_off())?;
        self.inflater = None;
        if u32::from_be_bytes(check) == self.check.0 {
            Ok(())
        } else {
            Err(invalid("damaged zlib data: the checksum at their end is another"))
        }
    }
}

impl Read for Serial<'_> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(inflater) = &mut self.inflater else {
                if self.begin()? {
                    continue;
                }
                return Ok(0);
            };
            let input = self.source.fill_buf()?;
            let (read, written) = (inflater.total_in(), inflater.total_out());
            let status = inflater
                .decompress(input, target, FlushDecompress::None)
                .map_err(|error| invalid(format!("damaged zlib data: {error}")))?;
            let is_all = input.is_empty();
            let read = (inflater.total_in() - read) as usize;
            let written = (inflater.total_out() - written) as usize;
            self.source.consume(read);
            self.check = self.check.then(Adler::of(&target[..written]), written);
            if status == Status::StreamEnd {
                self.end()?;
            } else if written == 0 && is_all {
                return Err(cut_off());
            }
            if written > 0 {
                return Ok(written);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_pieces_is_that_of_the_whole() {
        let bytes: Vec<u8> =
            (0..100_000_u32).map(|number| (number.wrapping_mul(number) >> 7) as u8).collect();
        for cut in [0, 1, 65_520, 65_521, 99_999, 100_000] {
            let (first, second) = bytes.split_at(cut);
            assert_eq!(
                Adler::of(first).then(Adler::of(second), second.len()).0,
                Adler::of(&bytes).0,
                "cut at {cut}"
            );
        }
    }
}
