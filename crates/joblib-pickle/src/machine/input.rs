//! The bytes of a pickle: a window over a reader that knows its offset and, where it can, how many bytes are left.
//!
//! A length read from the stream is never trusted: it is checked against what the source still holds, and where that
//! is unknown, memory grows only with the bytes that really arrive.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

use joblib_array::{Buffer, MmapMode, parts};

/// Bytes of the window; longer strings are read past it.
const WINDOW: usize = 256 * 1024;
/// What is taken at once from a source that must not be read ahead; less than the window.
const STEP_EXACT: u64 = 64 * 1024;
/// From this size on what is read of a file is read by several threads.
const LARGE: usize = 4 << 20;
/// What each of them reads is a multiple of: a huge page.
const PART: usize = 2 << 20;

/// Why bytes could not be had.
#[derive(Debug)]
pub(crate) enum Shortage {
    /// The stream ended; the argument is how many bytes were still missing.
    End(u64),
    /// Reading failed.
    Io(io::Error),
}

impl From<io::Error> for Shortage {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

enum Source<'a> {
    /// All of it is in the window.
    Slice,
    /// A plain file: it can be read at any place, and mapped.
    File(File),
    Stream(Box<dyn Read + 'a>),
}

enum Window<'a> {
    Borrowed(&'a [u8]),
    Owned(Vec<u8>),
}

impl Window<'_> {
    #[inline]
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }
}

/// A pickle's bytes, in order.
pub(crate) struct Input<'a> {
    source: Source<'a>,
    window: Window<'a>,
    /// The first byte of the window that was not taken.
    at: usize,
    /// The end of the window's filled part.
    end: usize,
    /// The stream offset of the window's first byte.
    base: u64,
    /// Length of the whole stream, where it is known.
    len: Option<u64>,
    /// Whether no byte may be read that is not needed: something else may follow the pickle.
    exact: bool,
    /// Whether arrays and long strings of bytes are read past, with zeros in their place.
    skips: bool,
}

impl<'a> Input<'a> {
    pub(crate) fn from_slice(bytes: &'a [u8]) -> Self {
        Self {
            source: Source::Slice,
            end: bytes.len(),
            window: Window::Borrowed(bytes),
            at: 0,
            base: 0,
            len: Some(bytes.len() as u64),
            exact: false,
            skips: false,
        }
    }

    /// Says whether arrays and long strings of bytes are only read past: the zeros in their place take no memory until somebody
    /// writes to them.
    pub(crate) fn set_skips(&mut self, skips: bool) {
        self.skips = skips;
    }

    pub(crate) fn skipping(mut self, skips: bool) -> Self {
        self.skips = skips;
        self
    }

    pub(crate) fn skips(&self) -> bool {
        self.skips
    }

    /// A plain, uncompressed file, from its start.
    pub(crate) fn from_file(mut file: File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        file.seek(SeekFrom::Start(0))?;
        // A small file needs no large window.
        let window = usize::try_from(len).map_or(WINDOW, |len| len.clamp(64, WINDOW));
        Ok(Self::new(Source::File(file), window, Some(len)))
    }

    /// Any other stream; `exact` when no byte behind the pickle may be read.
    pub(crate) fn from_reader(reader: Box<dyn Read + 'a>, exact: bool) -> Self {
        let mut input = Self::new(Source::Stream(reader), WINDOW, None);
        input.exact = exact;
        input
    }

    fn new(source: Source<'a>, window: usize, len: Option<u64>) -> Self {
        Self {
            source,
            window: Window::Owned(vec![0; window]),
            at: 0,
            end: 0,
            base: 0,
            len,
            exact: false,
            skips: false,
        }
    }

    /// Offset of the next byte.
    #[inline]
    pub(crate) fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Bytes left, where that is known.
    pub(crate) fn left(&self) -> Option<u64> {
        self.len.map(|len| len.saturating_sub(self.offset()))
    }

    /// Whether these bytes, which are few, follow.
    pub(crate) fn starts_with(&mut self, bytes: &[u8]) -> io::Result<bool> {
        while self.end - self.at < bytes.len() {
            let found = &self.window.bytes()[self.at..self.end];
            if !bytes.starts_with(found) {
                return Ok(false);
            }
            match self.refill(found.len() + 1) {
                Ok(()) => {}
                Err(Shortage::End(_)) => return Ok(false),
                Err(Shortage::Io(error)) => return Err(error),
            }
        }
        Ok(self.window.bytes()[self.at..].starts_with(bytes))
    }

    /// Whether nothing follows.
    pub(crate) fn is_at_end(&mut self) -> io::Result<bool> {
        if self.at < self.end {
            return Ok(false);
        }
        match self.refill(1) {
            Ok(()) => Ok(false),
            Err(Shortage::End(_)) => Ok(true),
            Err(Shortage::Io(error)) => Err(error),
        }
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8, Shortage> {
        if self.at == self.end {
            self.refill(1)?;
        }
        let byte = self.window.bytes()[self.at];
        self.at += 1;
        Ok(byte)
    }

    /// The next `N` bytes.
    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Shortage> {
        if self.end - self.at < N {
            self.refill(N)?;
        }
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.window.bytes()[self.at..self.at + N]);
        self.at += N;
        Ok(bytes)
    }

    /// Calls `take` with the next `len` bytes, in one piece or in several.
    #[inline]
    pub(crate) fn pieces(&mut self, len: u64, mut take: impl FnMut(&[u8])) -> Result<(), Shortage> {
        if len <= (self.end - self.at) as u64 {
            let len = len as usize;
            take(&self.window.bytes()[self.at..self.at + len]);
            self.at += len;
            return Ok(());
        }
        self.check(len)?;
        let mut left = len;
        while left > 0 {
            if self.at == self.end {
                let wanted = if self.exact { left.min(STEP_EXACT) as usize } else { 1 };
                self.refill(wanted)?;
            }
            let piece = (self.end - self.at).min(usize::try_from(left).unwrap_or(usize::MAX));
            take(&self.window.bytes()[self.at..self.at + piece]);
            self.at += piece;
            left -= piece as u64;
        }
        Ok(())
    }

    /// Calls `take` with the bytes up to the next line feed, which is taken too.
    pub(crate) fn line<R>(&mut self, longest: u64, take: impl FnOnce(&[u8]) -> R) -> Result<R, Shortage> {
        let mut line = Vec::new();
        loop {
            if self.at == self.end {
                self.refill(1)?;
            }
            let rest = &self.window.bytes()[self.at..self.end];
            if let Some(len) = rest.iter().position(|&byte| byte == b'\n') {
                let bytes = if line.is_empty() {
                    &rest[..len]
                } else {
                    line.extend_from_slice(&rest[..len]);
                    &line[..]
                };
                let result = take(bytes);
                self.at += len + 1;
                return Ok(result);
            }
            line.extend_from_slice(rest);
            self.at = self.end;
            if line.len() as u64 > longest {
                return Err(Shortage::Io(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a line without an end",
                )));
            }
        }
    }

    /// `len` bytes in memory of their own, aligned for an array.
    pub(crate) fn buffer(&mut self, len: u64) -> Result<Buffer, Shortage> {
        self.check(len)?;
        // Memory is given by the kernel as it is filled, so that a false length takes none.
        let make = if self.skips { Buffer::zeroed } else { Buffer::for_overwriting };
        let mut buffer = usize::try_from(len)
            .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))
            .and_then(make)
            .map_err(|_| {
                io::Error::new(io::ErrorKind::OutOfMemory, format!("{len} bytes do not fit in memory"))
            })?;
        if self.skips {
            self.pieces(len, |_| ())?;
            return Ok(buffer);
        }
        // A new buffer has one owner and is on the heap, so it can be written.
        if let Some(bytes) = buffer.as_mut_bytes() {
            self.read_exact(bytes)?;
        }
        Ok(buffer)
    }

    /// As [`buffer`](Self::buffer), also where others are read past.
    pub(crate) fn whole_buffer(&mut self, len: u64) -> Result<Buffer, Shortage> {
        let skips = std::mem::take(&mut self.skips);
        let buffer = self.buffer(len);
        self.skips = skips;
        buffer
    }

    /// Fills `out`, past the window where it is large.
    fn read_exact(&mut self, out: &mut [u8]) -> Result<(), Shortage> {
        let from_window = out.len().min(self.end - self.at);
        out[..from_window].copy_from_slice(&self.window.bytes()[self.at..self.at + from_window]);
        self.at += from_window;
        let mut filled = from_window;
        if out.len() - filled >= LARGE
            && let Source::File(file) = &mut self.source
        {
            let (start, rest) = (self.base + self.end as u64, &mut out[filled..]);
            let len = rest.len() as u64;
            let read = parts::fill(rest, PART, |at, part| file.read_exact_at(part, start + at as u64));
            read.map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => Shortage::End(1),
                _ => Shortage::Io(error),
            })?;
            // Reading at a place does not move the file's own.
            file.seek(SeekFrom::Start(start + len))?;
            self.base += len;
            return Ok(());
        }
        while filled < out.len() {
            let read = match &mut self.source {
                Source::Slice => 0,
                Source::File(file) => retry(|| file.read(&mut out[filled..]))?,
                Source::Stream(reader) => retry(|| reader.read(&mut out[filled..]))?,
            };
            if read == 0 {
                return Err(Shortage::End((out.len() - filled) as u64));
            }
            filled += read;
            // The window is empty here: what went past it moves its base.
            self.base += read as u64;
        }
        Ok(())
    }

    /// Maps the next `len` bytes and goes behind them; `None` if the source is not a plain file.
    pub(crate) fn map(&mut self, len: u64, mode: MmapMode) -> Result<Option<Buffer>, Shortage> {
        self.check(len)?;
        let offset = self.offset();
        let Source::File(file) = &mut self.source else {
            return Ok(None);
        };
        let size = usize::try_from(len).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        let buffer = Buffer::map(file, offset, size, mode)?;
        file.seek(SeekFrom::Start(offset + len))?;
        self.base = offset + len;
        (self.at, self.end) = (0, 0);
        Ok(Some(buffer))
    }

    /// Goes `len` bytes on.
    pub(crate) fn skip(&mut self, len: u64) -> Result<(), Shortage> {
        self.pieces(len, |_| ())
    }

    /// That the source can still hold `len` bytes.
    pub(crate) fn check(&self, len: u64) -> Result<(), Shortage> {
        if let Some(left) = self.left()
            && len > left
        {
            return Err(Shortage::End(len - left));
        }
        Ok(())
    }

    /// Reads on until `needed` (at most a few) bytes are in the window.
    #[cold]
    fn refill(&mut self, needed: usize) -> Result<(), Shortage> {
        let Window::Owned(window) = &mut self.window else {
            return Err(Shortage::End((needed - (self.end - self.at)) as u64));
        };
        window.copy_within(self.at..self.end, 0);
        self.base += self.at as u64;
        self.end -= self.at;
        self.at = 0;
        while self.end < needed {
            let room = if self.exact { &mut window[self.end..needed] } else { &mut window[self.end..] };
            let read = match &mut self.source {
                Source::Slice => 0,
                Source::File(file) => retry(|| file.read(room))?,
                Source::Stream(reader) => retry(|| reader.read(room))?,
            };
            if read == 0 {
                return Err(Shortage::End((needed - self.end) as u64));
            }
            self.end += read;
        }
        Ok(())
    }
}

fn retry(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
