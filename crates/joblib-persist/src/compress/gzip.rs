//! gzip (RFC 1952): members of 1 MiB whose header tells their compressed size, so that a reader finds the next one
//! without decompressing. `gzip` and others ignore the field. bgzip's like-minded field is understood too.

use std::io::{self, Read};

use flate2::bufread::GzDecoder;

use super::blocks::{BlockEncoder, BlockFormat};
use super::deflate::{Behind, Deflate};
use super::pieces::{MAX_PIECE, Next, PieceDecoder, PieceFormat};
use super::{Compressor, Encoder, Sink, Source, check_level, deflate, invalid, skip_zeros};

/// Identifier, deflate, only an extra field, no time, no hints, unknown system; then the length of the extra field.
const HEADER: [u8; 12] = [0x1f, 0x8b, 8, FLAG_EXTRA, 0, 0, 0, 0, 0, 255, 8, 0];
const FLAG_EXTRA: u8 = 4;

/// The extra subfield with the length of the whole member, as 4 bytes.
const SIZE_FIELD: [u8; 4] = *b"JL\x04\0";

/// Length of a member's header: fixed part, subfield, size.
const HEADER_LEN: usize = HEADER.len() + SIZE_FIELD.len() + 4;

/// Length of the trailer: CRC-32, uncompressed size.
const TRAILER_LEN: usize = 8;

const BLOCK: usize = 1 << 20;

/// The format `gzip`.
pub(super) struct Gzip;

impl Compressor for Gzip {
    fn name(&self) -> &'static str {
        "gzip"
    }

    fn extensions(&self) -> &[&str] {
        &[".gz"]
    }

    fn magic(&self) -> &[u8] {
        &[0x1f, 0x8b]
    }

    fn shuffle_helps(&self) -> bool {
        true
    }

    fn encoder<'a>(&self, sink: Sink<'a>, level: u32) -> io::Result<Box<dyn Encoder + 'a>> {
        check_level(self, level)?;
        Ok(Box::new(BlockEncoder::new(Members { deflate: Deflate::new(level) }, sink)))
    }

    fn decoder<'a>(&self, source: Source<'a>) -> io::Result<Box<dyn Read + 'a>> {
        Ok(Box::new(PieceDecoder::new(SizedMembers, source)))
    }
}

/// Writes members.
struct Members {
    deflate: Deflate,
}

impl BlockFormat for Members {
    type Check = ();

    const NEEDS_A_BLOCK: bool = true;

    fn block_size(&self) -> usize {
        BLOCK
    }

    fn compress(&self) -> impl FnOnce(&[u8], &mut Vec<u8>) -> io::Result<()> + Send + 'static {
        let deflate = self.deflate.clone();
        move |block, member| {
            member.extend_from_slice(&HEADER);
            member.extend_from_slice(&SIZE_FIELD);
            member.extend_from_slice(&[0; 4]);
            deflate.compress(block, Behind::Nothing, member)?;
            member.extend_from_slice(&libdeflater::crc32(block).to_le_bytes());
            member.extend_from_slice(&(block.len() as u32).to_le_bytes());
            let size = member.len() as u32;
            member[HEADER_LEN - 4..HEADER_LEN].copy_from_slice(&size.to_le_bytes());
            Ok(())
        }
    }
}

/// Reads members whose header tells their size.
struct SizedMembers;

impl PieceFormat for SizedMembers {
    type Check = ();

    fn next(&mut self, input: &[u8], is_all: bool, _is_idle: bool) -> io::Result<Next> {
        Ok(match header(input) {
            Some(Header { member, .. }) if member <= input.len() => Next::Piece(member),
            Some(Header { member, .. }) if member > MAX_PIECE || is_all => Next::Serial,
            Some(_) => Next::More,
            None if input.is_empty() && is_all => Next::End,
            None if input.len() < 1 << 16 && !is_all => Next::More,
            None => Next::Serial,
        })
    }

    fn decompress(&self) -> impl FnOnce(&[u8], &mut Vec<u8>) -> Option<()> + Send + 'static {
        |member, output| {
            let header = header(member)?;
            let (body, trailer) = member.split_at_checked(member.len().checked_sub(TRAILER_LEN)?)?;
            let body = body.get(header.len..)?;
            let (check, len) = (u32_at(trailer, 0)?, u32_at(trailer, 4)? as usize);
            // A longer one is none of ours, and deflate does not get smaller than this.
            if len > MAX_PIECE || len > 2048 + body.len() * deflate::MAX_RATIO {
                return None;
            }
            output.resize(len, 0);
            let mut inflater = libdeflater::Decompressor::new();
            let is_whole = inflater.deflate_decompress(body, output) == Ok(len);
            (is_whole && libdeflater::crc32(output) == check).then_some(())
        }
    }

    fn serial<'a>(&mut self, rest: Source<'a>) -> io::Result<Box<dyn Read + 'a>> {
        Ok(Box::new(Serial(State::Between(rest))))
    }
}

/// What the parallel way needs of a member's header.
struct Header {
    /// Length of the header.
    len: usize,
    /// Length of the member.
    member: usize,
}

/// The header of a member that tells its size and has nothing else that is optional; `None` for any other.
fn header(input: &[u8]) -> Option<Header> {
    let fixed = input.get(..HEADER.len())?;
    if fixed[..4] != HEADER[..4] {
        return None;
    }
    let len = HEADER.len() + usize::from(u16::from_le_bytes([fixed[10], fixed[11]]));
    let mut fields = input.get(HEADER.len()..len)?;
    loop {
        let [a, b, low, high, rest @ ..] = fields else { return None };
        let (value, others) = rest.split_at_checked(usize::from(u16::from_le_bytes([*low, *high])))?;
        let member = match (&[*a, *b], value) {
            (b"JL", &[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]) as usize,
            // bgzip's size is less by one.
            (b"BC", &[a, b]) => usize::from(u16::from_le_bytes([a, b])) + 1,
            _ => {
                fields = others;
                continue;
            }
        };
        return (member >= len + TRAILER_LEN).then_some(Header { len, member });
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// Members of any kind, with errors of the kinds that [`Compressor::decoder`] promises. Zeros behind a member are padding, as
/// tapes and `gzip` itself have it.
struct Serial<'a>(State<'a>);

#[allow(clippy::large_enum_variant, reason = "there is one of it for each file")]
enum State<'a> {
    Between(Source<'a>),
    Member(GzDecoder<Source<'a>>),
    Ended,
}

impl<'a> Serial<'a> {
    /// The member that follows the padding, if one does.
    fn begin(mut rest: Source<'a>) -> io::Result<State<'a>> {
        skip_zeros(&mut rest)?;
        match rest.fill_buf()? {
            [] => Ok(State::Ended),
            _ => Ok(State::Member(GzDecoder::new(rest))),
        }
    }
}

impl Read for Serial<'_> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        loop {
            self.0 = match std::mem::replace(&mut self.0, State::Ended) {
                State::Ended => return Ok(0),
                State::Between(rest) => Self::begin(rest)?,
                State::Member(mut member) => {
                    let read = member.read(target).map_err(|error| match error.kind() {
                        // A wrong header or a wrong checksum.
                        io::ErrorKind::InvalidInput => {
                            invalid(format!("damaged gzip data, or something else after their end: {error}"))
                        }
                        _ => error,
                    });
                    if target.is_empty() || !matches!(read, Ok(0)) {
                        self.0 = State::Member(member);
                        return read;
                    }
                    State::Between(member.into_inner())
                }
            };
        }
    }
}
