//! The `.lzma` format of LZMA Utils: a header of 13 bytes, one stream without a checksum. It has no blocks, so one core
//! writes it and one reads it; `xz` is its successor.

use std::io::{self, Read};

use xz2::stream::Stream;

use super::xz::{StreamReader, StreamWriter, describe, options};
use super::{Compressor, DECODER_MEMORY, Encoder, Sink, Source, check_level};

/// The format `lzma`.
pub(super) struct Lzma;

impl Compressor for Lzma {
    fn name(&self) -> &'static str {
        "lzma"
    }

    fn extensions(&self) -> &[&str] {
        &[".lzma"]
    }

    fn magic(&self) -> &[u8] {
        // There is none. These are the usual literal and position bits (3, 0, 2), and a dictionary size that has no odd bytes.
        &[0x5d, 0, 0]
    }

    fn encoder<'a>(&self, sink: Sink<'a>, level: u32) -> io::Result<Box<dyn Encoder + 'a>> {
        check_level(self, level)?;
        let stream = Stream::new_lzma_encoder(&options(level)?).map_err(describe)?;
        Ok(Box::new(StreamWriter::new(sink, stream, false)))
    }

    fn decoder<'a>(&self, source: Source<'a>) -> io::Result<Box<dyn Read + 'a>> {
        self.decoder_within(source, DECODER_MEMORY)
    }

    fn decoder_within<'a>(&self, source: Source<'a>, memory: u64) -> io::Result<Box<dyn Read + 'a>> {
        Ok(Box::new(StreamReader::new(source, 0, memory, Stream::new_lzma_decoder)))
    }
}
