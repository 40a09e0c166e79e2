//! xz: blocks of known sizes, which liblzma writes and reads on its own threads.

use std::io::{self, BufRead, Read, Write};

use xz2::stream::{Action, Check, Error, Filters, LzmaOptions, MtStreamBuilder, Status, Stream};

use super::pieces::cut_off;
use super::{
    Compressor, DECODER_MEMORY, Encoder, Sink, Source, check_level, invalid, ordered, skip_zeros,
    too_much_memory,
};

/// Bytes of a block, and of what its compressor looks back at.
const BLOCK: u32 = 1 << 20;

/// The checksum of each block. A dump has checksums of its own, and this one finds damage without reading these; for a
/// pickle of Python's, which has none, it is the only one. It takes less time than CRC-64 where liblzma has neither in
/// vector code.
const CHECK: Check = Check::Crc32;

/// Memory that the encoder's threads may take together, unless one alone takes more: a dump takes 32 MB over its value.
const ENCODER_MEMORY: u64 = 28 << 20;

/// Memory above which blocks are decompressed one after the other.
const THREADED_MEMORY: u64 = 96 << 20;

/// Zeros may follow a stream, in multiples of this many.
const PADDING: usize = 4;

/// The format `xz`.
pub(super) struct Xz;

impl Compressor for Xz {
    fn name(&self) -> &'static str {
        "xz"
    }

    fn extensions(&self) -> &[&str] {
        &[".xz"]
    }

    fn magic(&self) -> &[u8] {
        &[0xfd, b'7', b'z', b'X', b'Z', 0]
    }

    fn encoder<'a>(&self, sink: Sink<'a>, level: u32) -> io::Result<Box<dyn Encoder + 'a>> {
        check_level(self, level)?;
        let stream = (1..=ordered::threads() as u32)
            .rev()
            .map(|threads| {
                let mut filters = Filters::new();
                filters.lzma2(&options(level)?);
                let mut builder = MtStreamBuilder::new();
                builder.threads(threads).block_size(BLOCK.into()).filters(filters).check(CHECK);
                Ok((threads, builder))
            })
            .find(|built| {
                built
                    .as_ref()
                    .map_or(true, |(threads, builder)| *threads == 1 || builder.memusage() <= ENCODER_MEMORY)
            })
            .unwrap_or_else(|| Err(io::Error::other("no thread could be started for compression")))
            .and_then(|(_, builder)| builder.encoder().map_err(describe))?;
        Ok(Box::new(StreamWriter::new(sink, stream, true)))
    }

    fn decoder<'a>(&self, source: Source<'a>) -> io::Result<Box<dyn Read + 'a>> {
        self.decoder_within(source, DECODER_MEMORY)
    }

    fn decoder_within<'a>(&self, source: Source<'a>, memory: u64) -> io::Result<Box<dyn Read + 'a>> {
        let threads = ordered::threads() as u32;
        Ok(Box::new(StreamReader::new(source, PADDING, memory, move |memory| {
            MtStreamBuilder::new()
                .threads(threads)
                .memlimit_threading(THREADED_MEMORY.min(memory))
                .memlimit_stop(memory)
                .decoder()
        })))
    }
}

/// What liblzma's level means, but that no more is looked back at than a block holds.
pub(super) fn options(level: u32) -> io::Result<LzmaOptions> {
    let mut options = LzmaOptions::new_preset(level).map_err(describe)?;
    if level >= 3 {
        options.dict_size(BLOCK);
    }
    Ok(options)
}

/// liblzma's errors in the words and kinds of this crate.
pub(super) fn describe(error: Error) -> io::Error {
    match error {
        Error::Data | Error::Format => invalid("damaged xz or lzma data, or something else after their end"),
        Error::Options | Error::UnsupportedCheck | Error::NoCheck => {
            invalid("the xz or lzma data ask for what this program's liblzma does not have, or are damaged")
        }
        Error::Mem | Error::MemLimit => io::ErrorKind::OutOfMemory.into(),
        Error::Program => io::Error::other("liblzma was called in a wrong way"),
    }
}

/// A writer of either format.
pub(super) struct StreamWriter<'a> {
    sink: Sink<'a>,
    stream: Stream,
    has_blocks: bool,
    /// Compressed bytes on their way to the sink.
    buffer: Vec<u8>,
}

impl<'a> StreamWriter<'a> {
    pub(super) fn new(sink: Sink<'a>, stream: Stream, has_blocks: bool) -> Self {
        Self { sink, stream, has_blocks, buffer: Vec::with_capacity(64 << 10) }
    }

    /// Has liblzma take some of `input`; gives how much it took, and whether it is done with what `action` asks for.
    fn process(&mut self, input: &[u8], action: Action) -> io::Result<(usize, bool)> {
        let before = self.stream.total_in();
        let status = self.stream.process_vec(input, &mut self.buffer, action).map_err(describe)?;
        self.sink.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(((self.stream.total_in() - before) as usize, status == Status::StreamEnd))
    }

    fn process_all(&mut self, action: Action) -> io::Result<()> {
        while !self.process(&[], action)?.1 {}
        self.sink.flush()
    }
}

impl Write for StreamWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let (taken, _) = self.process(bytes, Action::Run)?;
            if taken > 0 || bytes.is_empty() {
                return Ok(taken);
            }
        }
    }

    /// Ends the block, where the format has blocks; `.lzma` can't be read up to a place before its end.
    fn flush(&mut self) -> io::Result<()> {
        if self.has_blocks { self.process_all(Action::FullFlush) } else { self.sink.flush() }
    }
}

impl Encoder for StreamWriter<'_> {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.process_all(Action::Finish)
    }
}

/// Reads streams of either format, one after the other.
pub(super) struct StreamReader<'a, B> {
    source: Source<'a>,
    memory: u64,
    /// Makes the decoder of a stream from the memory that it may take.
    build: B,
    stream: Option<Stream>,
    /// Zeros may stand behind a stream in multiples of this many; 0 says that none may.
    padding: usize,
    /// Whether a stream was read.
    is_later: bool,
}

impl<'a, B: Fn(u64) -> Result<Stream, Error>> StreamReader<'a, B> {
    pub(super) fn new(source: Source<'a>, padding: usize, memory: u64, build: B) -> Self {
        Self { source, memory, build, stream: None, padding, is_later: false }
    }

    /// Begins the next stream; false at the end of the file.
    fn begin(&mut self) -> io::Result<bool> {
        if self.is_later && self.padding > 0 {
            self.skip_padding()?;
        }
        if self.source.fill_buf()?.is_empty() {
            return Ok(false);
        }
        self.is_later = true;
        self.stream = Some((self.build)(self.memory).map_err(describe)?);
        Ok(true)
    }

    /// Passes over the zeros that may stand behind a stream.
    fn skip_padding(&mut self) -> io::Result<()> {
        let padding = skip_zeros(&mut self.source)?;
        if padding.is_multiple_of(self.padding) { Ok(()) } else { Err(describe(Error::Data)) }
    }
}

impl<B: Fn(u64) -> Result<Stream, Error>> Read for StreamReader<'_, B> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if target.is_empty() {
            return Ok(0);
        }
        loop {
            let Some(stream) = &mut self.stream else {
                if self.begin()? {
                    continue;
                }
                return Ok(0);
            };
            let input = self.source.fill_buf()?;
            let is_all = input.is_empty();
            let (read, written) = (stream.total_in(), stream.total_out());
            let action = if is_all { Action::Finish } else { Action::Run };
            let status = stream.process(input, target, action).map_err(|error| match error {
                Error::MemLimit => too_much_memory("xz or lzma", self.memory),
                error => describe(error),
            })?;
            let read = (stream.total_in() - read) as usize;
            let written = (stream.total_out() - written) as usize;
            self.source.consume(read);
            if status == Status::StreamEnd {
                self.stream = None;
            } else if written == 0 && read == 0 {
                return Err(if is_all { cut_off() } else { describe(Error::Data) });
            }
            if written > 0 {
                return Ok(written);
            }
        }
    }
}
