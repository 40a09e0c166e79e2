//! zlib.

use std::io::{self, BufRead, Read, Write};
use std::ops::RangeInclusive;

use flate2::Compression;
use flate2::bufread::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::{Compressor, Encoder};

/// `zlib`, RFC 1950.
pub(super) struct Zlib;

impl Compressor for Zlib {
    fn name(&self) -> &'static str {
        "zlib"
    }

    fn extensions(&self) -> &[&str] {
        &[".z"]
    }

    fn recognises(&self, first: &[u8]) -> bool {
        matches!(*first, [method, flags, ..]
            if method & 0x0f == 8 && method >> 4 <= 7 && u16::from_be_bytes([method, flags]) % 31 == 0)
    }

    fn default_level(&self) -> u32 {
        3
    }

    fn levels(&self) -> RangeInclusive<u32> {
        1..=9
    }

    fn encoder<'a>(&self, sink: Box<dyn Write + 'a>, level: u32) -> io::Result<Box<dyn Encoder + 'a>> {
        Ok(Box::new(ZlibEncoder::new(sink, Compression::new(level))))
    }

    fn decoder<'a>(&self, source: Box<dyn BufRead + 'a>) -> io::Result<Box<dyn Read + 'a>> {
        Ok(Box::new(ZlibDecoder::new(source)))
    }
}

impl<W: Write> Encoder for ZlibEncoder<W> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        ZlibEncoder::finish(*self)?.flush()
    }
}
