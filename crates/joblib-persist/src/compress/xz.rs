//! xz.

use std::io::{self, BufRead, Read, Write};
use std::ops::RangeInclusive;

use xz2::bufread::XzDecoder;
use xz2::write::XzEncoder;

use super::{Compressor, Encoder};

/// `xz`.
pub(super) struct Xz;

impl Compressor for Xz {
    fn name(&self) -> &'static str {
        "xz"
    }

    fn extensions(&self) -> &[&str] {
        &[".xz"]
    }

    fn recognises(&self, first: &[u8]) -> bool {
        first.starts_with(b"\xfd7zXZ\0")
    }

    fn default_level(&self) -> u32 {
        3
    }

    fn levels(&self) -> RangeInclusive<u32> {
        1..=9
    }

    fn shuffle_helps(&self) -> bool {
        false
    }

    fn encoder<'a>(&self, sink: Box<dyn Write + 'a>, level: u32) -> io::Result<Box<dyn Encoder + 'a>> {
        Ok(Box::new(XzEncoder::new(sink, level)))
    }

    fn decoder<'a>(&self, source: Box<dyn BufRead + 'a>) -> io::Result<Box<dyn Read + 'a>> {
        Ok(Box::new(XzDecoder::new_multi_decoder(source)))
    }
}

impl<W: Write> Encoder for XzEncoder<W> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        XzEncoder::finish(*self)?.flush()
    }
}
