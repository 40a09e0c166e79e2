//! gzip.

use std::io::{self, BufRead, Read, Write};
use std::ops::RangeInclusive;

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::{Compressor, Encoder};

/// `gzip`, RFC 1952.
pub(super) struct Gzip;

impl Compressor for Gzip {
    fn name(&self) -> &'static str {
        "gzip"
    }

    fn extensions(&self) -> &[&str] {
        &[".gz"]
    }

    fn recognises(&self, first: &[u8]) -> bool {
        first.starts_with(&[0x1f, 0x8b])
    }

    fn default_level(&self) -> u32 {
        3
    }

    fn levels(&self) -> RangeInclusive<u32> {
        1..=9
    }

    fn encoder<'a>(&self, sink: Box<dyn Write + 'a>, level: u32) -> io::Result<Box<dyn Encoder + 'a>> {
        Ok(Box::new(GzEncoder::new(sink, Compression::new(level))))
    }

    fn decoder<'a>(&self, source: Box<dyn BufRead + 'a>) -> io::Result<Box<dyn Read + 'a>> {
        Ok(Box::new(MultiGzDecoder::new(source)))
    }
}

impl<W: Write> Encoder for GzEncoder<W> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        GzEncoder::finish(*self)?.flush()
    }
}
