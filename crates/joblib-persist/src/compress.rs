//! Compressors: one a file, all behind [`Compressor`]. What is compressed is no business of theirs.

mod gzip;
mod registry;
mod xz;
mod zlib;

use std::io::{self, BufRead, Write};
use std::ops::RangeInclusive;

pub use registry::register_compressor;
pub(crate) use registry::{by_extension, by_name, detect};

/// A way to compress a file: a name, what its files look like, and both directions.
///
/// Files are ordinary files of the format, such as its command-line tool writes.
pub trait Compressor: Send + Sync {
    /// The name that [`DumpOptions::compress`](crate::DumpOptions::compress) takes.
    fn name(&self) -> &str;

    /// The ends of file names that ask for this compressor, with their dot.
    fn extensions(&self) -> &[&str];

    /// Whether a file that starts so is one of this compressor's. `first` has at least 16 bytes unless the file is
    /// shorter.
    fn recognises(&self, first: &[u8]) -> bool;

    /// The level for who asks for none.
    fn default_level(&self) -> u32;

    /// The levels there are; more is smaller and slower.
    fn levels(&self) -> RangeInclusive<u32>;

    /// Whether arrays become smaller when their bytes are shuffled first.
    fn shuffle_helps(&self) -> bool {
        true
    }

    /// A writer that compresses into `sink`.
    fn encoder<'a>(&self, sink: Box<dyn Write + 'a>, level: u32) -> io::Result<Box<dyn Encoder + 'a>>;

    /// A reader of what `source` decompresses to, to the end of its last member.
    fn decoder<'a>(&self, source: Box<dyn BufRead + 'a>) -> io::Result<Box<dyn io::Read + 'a>>;
}

/// A writer that has to be told when all was written.
pub trait Encoder: Write {
    /// Writes what is held back, and the end of the file.
    fn finish(self: Box<Self>) -> io::Result<()>;
}
