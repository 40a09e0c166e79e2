//! Compressors for seven standard formats that the usual tools read and write, on all cores where the format allows it, and
//! a registry for more.
//!
//! | name | extension | multi-core | how |
//! |---|---|---|---|
//! | `zlib` | `.z` | both ways | one stream; blocks without history between empty stored blocks, as pigz makes them |
//! | `gzip` | `.gz` | both ways | members that tell their compressed size in a header field, as bgzip's do |
//! | `bz2` | `.bz2` | both ways | streams, one a block |
//! | `lzma` | `.lzma` | no | one stream by its format |
//! | `xz` | `.xz` | both ways | blocks that tell their sizes |
//! | `lz4` | `.lz4` | both ways | a frame of independent blocks |
//! | `zstd` | `.zst` | both ways | frames, one a block |
//! Memory does not grow with the file: a bounded number of blocks is processed at a time. Any file that other tools wrote can
//! be read, on all cores if it has such block boundaries.
//!
//! Each compressor has a feature with its name (`zlib` includes gzip, `xz` includes lzma). If the program was built without it,
//! the error names the feature. This module does not know what is compressed, or whether it is byte-shuffled first.
//!
//! ```
//! use std::io::{Read, Write};
//!
//! let gzip = joblib_persist::compress::by_name("gzip")?;
//! let mut file = Vec::new();
//! let mut encoder = gzip.encoder(Box::new(&mut file), gzip.default_level())?;
//! encoder.write_all(b"any bytes")?;
//! encoder.finish()?;
//!
//! let found = joblib_persist::compress::detect(&file).expect("gzip's magic number");
//! assert_eq!(found.name(), "gzip");
//! let mut back = Vec::new();
//! found.decoder(Box::new(&file[..]))?.read_to_end(&mut back)?;
//! assert_eq!(back, b"any bytes");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(any(feature = "bz2", feature = "lz4", feature = "zlib", feature = "zstd"))]
mod blocks;
#[cfg(feature = "bz2")]
mod bz2;
#[cfg(feature = "zlib")]
mod deflate;
#[cfg(feature = "zlib")]
mod gzip;
#[cfg(feature = "lz4")]
mod lz4;
#[cfg(feature = "xz")]
mod lzma;
pub(crate) mod missing;
#[cfg(any(feature = "bz2", feature = "lz4", feature = "xz", feature = "zlib", feature = "zstd"))]
mod ordered;
#[cfg(any(feature = "bz2", feature = "lz4", feature = "xz", feature = "zlib", feature = "zstd"))]
mod pieces;
mod registry;
#[cfg(feature = "xz")]
mod xz;
#[cfg(feature = "zlib")]
mod zlib;
#[cfg(feature = "zstd")]
mod zstd;

use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::ops::RangeInclusive;

use crate::error::{Error, Kind};

pub(crate) use registry::may_be_compressed;
pub use registry::{by_extension, by_name, detect, register_compressor};

/// Where compressed bytes go.
pub type Sink<'a> = Box<dyn Write + 'a>;

/// Where compressed bytes come from.
pub type Source<'a> = Box<dyn BufRead + 'a>;

/// Bytes from the start of a file that [`detect`] wants to see; fewer do if the file is shorter.
pub const FIRST_BYTES: usize = 16;

/// A compressed format: how its files are recognised, written and read.
///
/// ```
/// use joblib_persist::compress::{Compressor, Encoder, Sink, Source, register_compressor};
/// use std::io::{self, Read, Write};
///
/// /// No compression at all, behind four letters.
/// struct Stored;
///
/// struct Plain<'a>(Sink<'a>);
///
/// impl Write for Plain<'_> {
///     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
///         self.0.write(bytes)
///     }
///     fn flush(&mut self) -> io::Result<()> {
///         self.0.flush()
///     }
/// }
///
/// impl Encoder for Plain<'_> {
///     fn finish(mut self: Box<Self>) -> io::Result<()> {
///         self.0.flush()
///     }
/// }
///
/// impl Compressor for Stored {
///     fn name(&self) -> &str {
///         "stored"
///     }
///     fn extensions(&self) -> &[&str] {
///         &[".stored"]
///     }
///     fn magic(&self) -> &[u8] {
///         b"STOR"
///     }
///     fn levels(&self) -> std::ops::RangeInclusive<u32> {
///         1..=1
///     }
///     fn encoder<'a>(&self, mut sink: Sink<'a>, _only_level: u32) -> io::Result<Box<dyn Encoder + 'a>> {
///         sink.write_all(self.magic())?;
///         Ok(Box::new(Plain(sink)))
///     }
///     fn decoder<'a>(&self, mut source: Source<'a>) -> io::Result<Box<dyn Read + 'a>> {
///         source.read_exact(&mut [0; 4])?;
///         Ok(Box::new(source))
///     }
/// }
///
/// register_compressor(Stored, false)?;
/// assert!(register_compressor(Stored, false).is_err(), "there is one of that name now");
/// # Ok::<(), joblib_persist::Error>(())
/// ```
pub trait Compressor: Send + Sync {
    /// The name that `compress` is given, such as `"gzip"`.
    fn name(&self) -> &str;

    /// File extensions with their dot, such as `".gz"`.
    fn extensions(&self) -> &[&str];

    /// The first bytes of a file in this format, 1 to [`FIRST_BYTES`] of them. If they vary, an example.
    fn magic(&self) -> &[u8];

    /// Whether a file that starts with `first` is of this format. `first` holds [`FIRST_BYTES`] bytes, or the whole file.
    fn recognises(&self, first: &[u8]) -> bool {
        first.starts_with(self.magic())
    }

    /// The level when only a name or an extension was given. Unless a format says otherwise 3, as in Python's joblib, or
    /// that of its [`levels`](Self::levels) which is nearest to it.
    fn default_level(&self) -> u32 {
        let (least, most) = self.levels().into_inner();
        3.min(most).max(least)
    }

    /// The levels there are, from the fastest to the smallest: 1 to 9, unless a format has others. Level 0 stands for no
    /// compression and never comes here.
    fn levels(&self) -> RangeInclusive<u32> {
        1..=9
    }

    /// Whether files get smaller, or are made faster, when the bytes of numbers are shuffled first. Unless a format says
    /// so, they are left as they are.
    fn shuffle_helps(&self) -> bool {
        false
    }

    /// A writer that compresses into `sink` at one of the [`levels`](Self::levels). The file is whole after
    /// [`Encoder::finish`] only.
    ///
    /// # Errors
    ///
    /// Returns an error if the level is refused, or the start of the file can't be written.
    fn encoder<'a>(&self, sink: Sink<'a>, level: u32) -> io::Result<Box<dyn Encoder + 'a>>;

    /// A reader of what `source`, a whole file, decompresses to: all its members, blocks and streams.
    ///
    /// Damaged files are errors of the kinds [`InvalidData`](io::ErrorKind::InvalidData) and
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof), and so is what follows the end of the compressed data.
    ///
    /// # Errors
    ///
    /// Returns an error if the start of the file can't be read, or is not of this format.
    fn decoder<'a>(&self, source: Source<'a>) -> io::Result<Box<dyn Read + 'a>>;

    /// Like [`decoder`](Self::decoder), but allocates at most `memory` bytes for the window of earlier output. A format
    /// whose files state the size of that window overrides this method; a file that needs more is an error made by
    /// [`too_much_memory`].
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`decoder`](Self::decoder), and an error if the file needs more memory.
    fn decoder_within<'a>(&self, source: Source<'a>, _memory: u64) -> io::Result<Box<dyn Read + 'a>> {
        self.decoder(source)
    }
}

/// A writer that compresses, and has to be finished at the end.
pub trait Encoder: Write {
    /// Writes what was held back and the end of the file.
    ///
    /// An encoder that is dropped instead leaves a file that is cut off.
    ///
    /// # Errors
    ///
    /// Returns an error if the rest can't be written.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// The default limit of a decoder's memory, in bytes: as much as `zstd --long=31` needs.
pub const DECODER_MEMORY: u64 = 2 << 30;

/// The error of a file that needs more memory than a decoder may take: one that
/// [`is_limit`](crate::Error::is_limit).
///
/// ```
/// use joblib_persist::compress::too_much_memory;
///
/// assert!(too_much_memory("lz5", 1 << 20).to_string().contains("lz5"));
/// ```
pub fn too_much_memory(compressor: &str, memory: u64) -> io::Error {
    io::Error::other(Error::new(
        Kind::Limit,
        format!(
            "the {compressor} data were compressed with a window that takes more than the {} KiB of memory that a decompressor may \
             take: LoadOptions::max_decompressor_memory raises this limit, or compress the file again with a shorter window",
            memory >> 10
        ),
    ))
}

/// Passes over the zeros that pad a file, as tapes and block devices leave them; how many there were.
#[cfg(any(feature = "bz2", feature = "xz", feature = "zlib"))]
fn skip_zeros(source: &mut Source<'_>) -> io::Result<usize> {
    let mut count = 0;
    loop {
        let bytes = source.fill_buf()?;
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        let is_end = zeros < bytes.len() || bytes.is_empty();
        source.consume(zeros);
        count += zeros;
        if is_end {
            return Ok(count);
        }
    }
}

/// An error about the bytes of a compressed file.
#[cfg(any(feature = "bz2", feature = "lz4", feature = "xz", feature = "zlib", feature = "zstd"))]
fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.into())
}

/// An error unless the compressor has the level.
#[cfg(any(feature = "bz2", feature = "lz4", feature = "xz", feature = "zlib", feature = "zstd"))]
fn check_level(compressor: &dyn Compressor, level: u32) -> io::Result<()> {
    if compressor.levels().contains(&level) {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, no_level(compressor, level)))
}

/// What is said of a level that the compressor does not have.
pub(crate) fn no_level(compressor: &dyn Compressor, level: impl fmt::Display) -> String {
    let name = compressor.name();
    let levels = match compressor.levels().into_inner() {
        (least, most) if least == most => format!("{least}, its only one"),
        (least, most) => format!("one from {least} to {most}"),
    };
    format!("compressor {name:?} has no level {level}: give {levels}, or 0 for no compression")
}
