//! The read side of formats whose files can be cut into pieces that decompress independently of each other: has the
//! pieces decompressed on all cores, and gives their bytes in order.
//!
//! The parallel way is only ever a short cut. Whatever it meets that it is not made for — a file of another tool without
//! boundaries, a piece larger than memory allows, damaged bytes — it leaves to the format's serial decoder from that
//! place on, which reads everything and names what is wrong.

use std::io::{self, BufRead, Cursor, Read};

use super::Source;
use super::ordered::{self, Ordered};

/// No piece is longer, compressed; longer ones are read serially.
#[cfg(any(feature = "bz2", feature = "zlib", feature = "zstd"))]
pub(super) const MAX_PIECE: usize = 4 << 20;

/// Bytes that a piece is expected to decompress to.
const TYPICAL: usize = 1 << 20;

/// What to do with the unread bytes.
pub(super) enum Next {
    /// Decompress this many bytes as a piece.
    Piece(usize),
    /// Pass over this many, which may be more than were shown.
    Skip(u64),
    /// Show more bytes: these do not tell.
    More,
    /// Ask again when all pieces before these bytes are done.
    Wait,
    /// Read serially from here on.
    Serial,
    /// The file ends here.
    End,
}

/// A format whose files can be cut into pieces.
pub(super) trait PieceFormat {
    /// What the format must know of each piece.
    type Check: Send + 'static;

    /// What comes next in `input`, the unread bytes. `is_all` says that nothing follows them, `is_idle` that all
    /// pieces before them are done; then the answers are not [`Next::More`] and not [`Next::Wait`].
    fn next(&mut self, input: &[u8], is_all: bool, is_idle: bool) -> io::Result<Next>;

    /// The function that decompresses a piece, on any thread, in the place of whatever the vector holds; `None` when it
    /// can't.
    fn decompress(&self) -> impl FnOnce(&[u8], &mut Vec<u8>) -> Option<Self::Check> + Send + 'static;

    /// Takes note of a piece, in the order of the file.
    fn add(&mut self, _output: &[u8], _check: Self::Check) {}

    /// A decoder for what was not cut into pieces.
    fn serial<'a>(&mut self, rest: Source<'a>) -> io::Result<Box<dyn Read + 'a>>;
}

/// Decompresses its source piece by piece.
pub(super) struct PieceDecoder<'a, F: PieceFormat> {
    format: F,
    /// `None` once the serial decoder has it.
    source: Option<Source<'a>>,
    serial: Option<Box<dyn Read + 'a>>,
    /// Bytes of the source, unread from `start` on.
    input: Vec<u8>,
    start: usize,
    /// Bytes to pass over that were not in `input`.
    skip: u64,
    /// Whether the source has given its last byte.
    is_all: bool,
    /// Whether no more pieces can be cut.
    is_cut: bool,
    ends: bool,
    pieces: Ordered<Piece<F::Check>>,
    depth: usize,
    output: Cursor<Vec<u8>>,
    /// Buffers of pieces that were read, as they were left: neither new memory nor zeros cost time for each piece.
    spare: Vec<Buffers>,
    /// The input of the piece that is being read.
    read: Vec<u8>,
    failed: Option<(io::ErrorKind, String)>,
}

/// A piece before and after.
#[derive(Default)]
struct Buffers {
    input: Vec<u8>,
    output: Vec<u8>,
}

struct Piece<C> {
    buffers: Buffers,
    result: Option<C>,
}

impl<'a, F: PieceFormat> PieceDecoder<'a, F> {
    pub(super) fn new(format: F, source: Source<'a>) -> Self {
        let threads = ordered::threads();
        Self {
            format,
            source: Some(source),
            serial: None,
            input: Vec::new(),
            start: 0,
            skip: 0,
            is_all: false,
            is_cut: false,
            ends: false,
            pieces: Ordered::new(threads),
            depth: ordered::depth(threads, TYPICAL),
            output: Cursor::default(),
            spare: Vec::new(),
            read: Vec::new(),
            failed: None,
        }
    }

    /// Cuts pieces until enough are under way.
    fn cut(&mut self) -> io::Result<()> {
        while !self.is_cut && self.pieces.len() < self.depth {
            if self.skip > 0 {
                let now = self.skip.min((self.input.len() - self.start) as u64);
                self.start += now as usize;
                self.skip -= now;
                if self.skip > 0 {
                    if self.is_all {
                        return Err(cut_off());
                    }
                    self.read_more()?;
                    continue;
                }
            }
            let input = &self.input[self.start..];
            match self.format.next(input, self.is_all, self.pieces.is_empty())? {
                Next::Piece(len) if len <= input.len() && len > 0 => {
                    let mut buffers = self.spare.pop().unwrap_or_default();
                    buffers.input.clear();
                    buffers.input.extend_from_slice(&input[..len]);
                    self.start += len;
                    let decompress = self.format.decompress();
                    self.pieces.push(move || {
                        let result = decompress(&buffers.input, &mut buffers.output);
                        Piece { buffers, result }
                    });
                }
                Next::Skip(len) => self.skip = len,
                Next::More if !self.is_all => self.read_more()?,
                Next::Wait if !self.pieces.is_empty() => break,
                Next::End => (self.is_cut, self.ends) = (true, true),
                _ => self.is_cut = true,
            }
        }
        Ok(())
    }

    /// Adds bytes of the source to `input`.
    fn read_more(&mut self) -> io::Result<()> {
        const CHUNK: usize = 128 << 10;
        self.input.drain(..self.start);
        self.start = 0;
        let Some(source) = &mut self.source else {
            self.is_all = true;
            return Ok(());
        };
        let enough = self.input.len() + CHUNK;
        while self.input.len() < enough {
            let bytes = match source.fill_buf() {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if bytes.is_empty() {
                self.is_all = true;
                break;
            }
            let now = bytes.len();
            self.input.extend_from_slice(bytes);
            source.consume(now);
        }
        Ok(())
    }

    /// Leaves everything from `first` on to the serial decoder.
    fn go_serial(&mut self, first: Vec<u8>) -> io::Result<()> {
        let mut rest = first;
        while let Some(piece) = self.pieces.pop() {
            rest.extend_from_slice(&piece.buffers.input);
        }
        rest.extend_from_slice(&self.input[self.start..]);
        self.input = Vec::new();
        if let Some(source) = self.source.take() {
            self.serial = Some(self.format.serial(Box::new(Cursor::new(rest).chain(source)))?);
        }
        Ok(())
    }

    fn step(&mut self, target: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(serial) = &mut self.serial {
                return serial.read(target);
            }
            let read = self.output.read(target)?;
            if read > 0 {
                return Ok(read);
            }
            if !self.output.get_ref().is_empty() {
                let output = std::mem::take(&mut self.output).into_inner();
                self.spare.push(Buffers { input: std::mem::take(&mut self.read), output });
            }
            self.cut()?;
            match self.pieces.pop() {
                Some(Piece { buffers, result: Some(check) }) => {
                    self.format.add(&buffers.output, check);
                    self.output = Cursor::new(buffers.output);
                    self.read = buffers.input;
                }
                Some(Piece { buffers, result: None }) => self.go_serial(buffers.input)?,
                None if self.ends => return Ok(0),
                None if self.is_cut => self.go_serial(Vec::new())?,
                None => {}
            }
        }
    }
}

impl<F: PieceFormat> Read for PieceDecoder<'_, F> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if let Some((kind, message)) = &self.failed {
            return Err(io::Error::new(*kind, message.clone()));
        }
        if target.is_empty() {
            return Ok(0);
        }
        self.step(target).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.failed = Some((error.kind(), error.to_string()));
            }
        })
    }
}

/// The error of a file that ends too early.
pub(super) fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the compressed data end too early: the file was cut off")
}
