//! The read side of a byte stream: buffered, counted and limited; a plain file also gives its ranges directly.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use crate::error::{Error, Kind, Result};

/// Bytes asked from a source at a time when little is needed.
const BUFFER: usize = 16 << 10;
/// The same of a stream at first. It costs little to ask one again, and results of a cache are mostly shorter.
const FIRST: usize = 1 << 10;

/// Where the bytes come from.
pub(crate) enum Source<'r> {
    /// A file, read by position.
    File(File),
    /// A decompressor or other reader, which may be read ahead.
    Stream(Box<dyn Read + 'r>),
    /// The caller's reader, of which no byte is taken that is not needed: other objects may follow.
    Exact(Box<dyn Read + 'r>),
}

/// A stream of bytes that knows where it is.
pub(crate) struct Input<'r> {
    source: Source<'r>,
    buffer: Vec<u8>,
    /// The part of `buffer` that was not given out.
    start: usize,
    end: usize,
    /// Position in the stream of the next byte to be given out.
    position: u64,
    /// How far the stream may go.
    limit: u64,
}

impl<'r> Input<'r> {
    pub(crate) fn new(source: Source<'r>, limit: Option<u64>) -> Self {
        Self { source, buffer: Vec::new(), start: 0, end: 0, position: 0, limit: limit.unwrap_or(u64::MAX) }
    }

    /// The file, to be read from its start again; `None` for other sources.
    pub(crate) fn into_file(self) -> Option<File> {
        match self.source {
            Source::File(file) => Some(file),
            _ => None,
        }
    }

    /// The same stream, as long as it is.
    pub(crate) fn without_limit(self) -> Self {
        Self { limit: u64::MAX, ..self }
    }

    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The file, if the stream is a plain one: positions in the stream are positions in the file.
    pub(crate) fn file(&self) -> Option<&File> {
        match &self.source {
            Source::File(file) => Some(file),
            _ => None,
        }
    }

    /// Whether no byte may be taken that is not needed.
    pub(crate) fn is_exact(&self) -> bool {
        matches!(self.source, Source::Exact(_))
    }

    /// Up to `len` bytes from the position on, without moving it; fewer only at the end of the stream.
    pub(crate) fn peek(&mut self, len: usize) -> Result<&[u8]> {
        if self.end - self.start < len {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            let ahead = match self.source {
                Source::Exact(_) => len,
                Source::File(_) => len.max(BUFFER),
                Source::Stream(_) => len.max((2 * self.buffer.len()).clamp(FIRST, BUFFER)),
            };
            if self.buffer.len() < ahead {
                self.buffer.resize(ahead, 0);
            }
            while self.end < len {
                let read = read_source(
                    &mut self.source,
                    self.position + self.end as u64,
                    &mut self.buffer[self.end..ahead],
                )?;
                if read == 0 {
                    break;
                }
                self.end += read;
            }
        }
        Ok(&self.buffer[self.start..self.end.min(self.start + len)])
    }

    /// Whether the stream is at its end.
    pub(crate) fn is_at_end(&mut self) -> Result<bool> {
        Ok(self.peek(1)?.is_empty())
    }

    /// Fills `target`.
    pub(crate) fn read(&mut self, mut target: &mut [u8]) -> Result<()> {
        self.check_limit(target.len() as u64)?;
        while !target.is_empty() {
            if self.start == self.end {
                if target.len() >= BUFFER || matches!(self.source, Source::Exact(_)) {
                    let read = read_source(&mut self.source, self.position, target)?;
                    if read == 0 {
                        return Err(self.cut_off(target.len()));
                    }
                    self.position += read as u64;
                    target = &mut target[read..];
                    continue;
                }
                if self.peek(1)?.is_empty() {
                    return Err(self.cut_off(target.len()));
                }
            }
            let now = target.len().min(self.end - self.start);
            let (filled, rest) = target.split_at_mut(now);
            filled.copy_from_slice(&self.buffer[self.start..self.start + now]);
            self.start += now;
            self.position += now as u64;
            target = rest;
        }
        Ok(())
    }

    /// Moves over `len` bytes.
    pub(crate) fn skip(&mut self, mut len: u64) -> Result<()> {
        self.check_limit(len)?;
        if let Source::File(file) = &self.source {
            let size = file.metadata().map_err(|source| Error::io("reading", source))?.len();
            if size.checked_sub(self.position).is_none_or(|left| left < len) {
                return Err(self.cut_off(len as usize));
            }
            let buffered = ((self.end - self.start) as u64).min(len);
            self.start += buffered as usize;
            if buffered < len {
                (self.start, self.end) = (0, 0);
            }
            self.position += len;
            return Ok(());
        }
        let mut scratch = vec![0; (len.min(64 << 10)) as usize];
        while len > 0 {
            let now = len.min(scratch.len() as u64) as usize;
            self.read(&mut scratch[..now])?;
            len -= now as u64;
        }
        Ok(())
    }

    /// Moves over the zeros before a block.
    pub(crate) fn skip_padding(&mut self, len: u8) -> Result<()> {
        let mut zeros = [0; u8::MAX as usize];
        let zeros = &mut zeros[..usize::from(len)];
        self.read(zeros)?;
        if zeros.iter().any(|&byte| byte != 0) {
            return Err(Error::corrupt("the padding before a block is not zero: the file is damaged"));
        }
        Ok(())
    }

    /// An error when a plain file has fewer than `len` more bytes, and `len` is much; else reading tells.
    pub(crate) fn check_available(&self, len: u64) -> Result<()> {
        const NOT_WORTH_ASKING: u64 = 64 << 10;
        self.check_limit(len)?;
        if let Source::File(file) = &self.source
            && len > NOT_WORTH_ASKING
            && ((self.end - self.start) as u64) < len
        {
            let size = file.metadata().map_err(|source| Error::io("reading", source))?.len();
            if size.checked_sub(self.position).is_none_or(|left| left < len) {
                return Err(self.cut_off(usize::try_from(len).unwrap_or(usize::MAX)));
            }
        }
        Ok(())
    }

    fn check_limit(&self, len: u64) -> Result<()> {
        if self.limit.checked_sub(self.position).is_none_or(|left| left < len) {
            return Err(Error::new(
                Kind::Limit,
                format!(
                    "the value takes more than the {} bytes that max_decompressed_bytes allows",
                    self.limit
                ),
            )
            .at_offset(self.position));
        }
        Ok(())
    }

    #[cold]
    fn cut_off(&self, expected: usize) -> Error {
        Error::corrupt(format!("the file ends here, expected {expected} more bytes: it was cut off"))
            .at_offset(self.position)
    }
}

fn read_source(source: &mut Source<'_>, position: u64, target: &mut [u8]) -> Result<usize> {
    loop {
        let result = match source {
            Source::File(file) => file.read_at(target, position),
            Source::Stream(stream) | Source::Exact(stream) => stream.read(target),
        };
        match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other.map_err(|source| Error::io("reading", source).at_offset(position)),
        }
    }
}

/// What is left of the stream, for a reader of another format.
impl Read for Input<'_> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let len = target.len().min(self.peek(target.len().clamp(1, BUFFER))?.len());
        Self::read(self, &mut target[..len])?;
        Ok(len)
    }
}

/// Compressed bytes on their way to a decompressor. Their errors name no place: it would be one in the compressed bytes,
/// and whoever reads what these decompress to names one there.
pub(crate) struct Compressed<R>(pub(crate) R);

impl<R: Read> Read for Compressed<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        self.0.read(target).map_err(|source| match source.downcast::<Error>() {
            Ok(error) => error.without_offset().into(),
            Err(source) => source,
        })
    }
}
