//! Opening a file or a stream: which compressor, and where the bytes come from. What they are is left to the readers.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use joblib_array::MmapMode;

use crate::compress::{Compressor, DECODER_MEMORY, FIRST_BYTES, detect, may_be_compressed, missing};
use crate::error::{Error, Kind, Result};
use crate::format::MAGIC;
use crate::input::{Compressed, Input, Source};
use crate::options::LoadOptions;
use crate::report;

/// Bytes of a compressed file that are read at a time.
const COMPRESSED_CHUNK: usize = 128 << 10;

/// As many of a file's first bytes as its kind is found out from.
const FIRST: usize = FIRST_BYTES;

/// A stream, uncompressed, at its start.
pub(crate) struct Opened<'r> {
    pub(crate) input: Input<'r>,
    pub(crate) compressor: Option<String>,
    pub(crate) path: Option<PathBuf>,
    /// How to map arrays; `None` if they can't be mapped.
    pub(crate) mmap_mode: Option<MmapMode>,
}

impl Opened<'static> {
    pub(crate) fn path(path: &Path, options: &LoadOptions) -> Result<Self> {
        let writable = options.mmap_mode.is_some_and(MmapMode::writes_to_file);
        let file = OpenOptions::new().read(true).write(writable).open(path).map_err(|source| {
            Error::file(if writable { "opening for writing" } else { "opening" }, source)
        })?;
        Self::file(file, path, options)
    }

    pub(crate) fn file(file: File, path: &Path, options: &LoadOptions) -> Result<Self> {
        // A pipe, a terminal or another device is read once, from its start to its end.
        if !file.metadata().map_err(|source| Error::file("opening", source))?.is_file() {
            return Ok(Self { path: Some(path.to_owned()), ..Self::reader(file, options)? });
        }
        let mut input = Input::new(Source::File(file), options.max_decompressed_bytes);
        let first = input.peek(FIRST)?;
        let mut mmap_mode = options.mmap_mode;
        let mut name = None;
        if let Some(compressor) = detect_unless_native(first)? {
            if mmap_mode.take().is_some() {
                report::not_mapped(path, compressor.name());
            }
            let file = input.into_file().ok_or_else(empty)?;
            let decoder = compressor
                .decoder_within(Box::new(BufReader::with_capacity(COMPRESSED_CHUNK, file)), memory(options))
                .map_err(|source| Error::io("decompressing", source))?;
            input = Input::new(Source::Stream(decoder), options.max_decompressed_bytes);
            name = Some(compressor.name().to_owned());
        }
        Ok(Self { input, compressor: name, path: Some(path.to_owned()), mmap_mode })
    }
}

impl<'r> Opened<'r> {
    /// A reader, which is read ahead.
    pub(crate) fn reader<R: Read + 'r>(reader: R, options: &LoadOptions) -> Result<Self> {
        Self::source(Source::Stream(Box::new(reader)), options)
    }

    /// A reader of which no byte more is taken than the values have, unless they are compressed.
    pub(crate) fn exact<R: Read + 'r>(reader: R, options: &LoadOptions) -> Result<Self> {
        Self::source(Source::Exact(Box::new(reader)), options)
    }

    fn source(source: Source<'r>, options: &LoadOptions) -> Result<Self> {
        if options.mmap_mode.is_some() {
            report::not_mapped_stream();
        }
        let mut input = Input::new(source, options.max_decompressed_bytes);
        let mut name = None;
        let first = first_bytes(&mut input)?;
        if let Some(compressor) = detect_unless_native(&first)? {
            name = Some(compressor.name().to_owned());
            let bytes = Compressed(input.without_limit());
            let decoder = compressor
                .decoder_within(Box::new(BufReader::with_capacity(COMPRESSED_CHUNK, bytes)), memory(options))
                .map_err(|source| Error::io("decompressing", source))?;
            input = Input::new(Source::Stream(decoder), options.max_decompressed_bytes);
        }
        Ok(Self { input, compressor: name, path: None, mmap_mode: None })
    }

    /// The error with what is known of the stream.
    pub(crate) fn blame(&self, error: Error) -> Error {
        error.in_decompressed(self.compressor.is_some()).at_path(self.path.as_deref())
    }
}

/// The memory that a decompressor may take.
fn memory(options: &LoadOptions) -> u64 {
    options.max_decompressor_memory.unwrap_or(DECODER_MEMORY)
}

/// The first bytes of a stream, to find out what it is. Of one that must not be read ahead, no more than a value of the format
/// that they begin has in any case: a pickle may be shorter than [`FIRST`], and another one follow it.
pub(crate) fn first_bytes(input: &mut Input<'_>) -> Result<Vec<u8>> {
    if !input.is_exact() {
        return input.peek(FIRST).map(<[u8]>::to_vec);
    }
    let mut first = input.peek(2)?.to_vec();
    let may_be_longer = |magic: &[u8]| first.len() == 2 && magic.starts_with(&first);
    if may_be_longer(&MAGIC) || may_be_compressed(&first) {
        return input.peek(FIRST).map(<[u8]>::to_vec);
    }
    // A pickle without a magic number is recognised a few opcodes on, which are within it.
    while first.len() < FIRST && !is_pickle(&first) {
        let longer = input.peek(first.len() + 1)?.to_vec();
        if longer.len() == first.len() {
            break;
        }
        first = longer;
    }
    Ok(first)
}

#[cfg(feature = "python")]
fn is_pickle(first: &[u8]) -> bool {
    joblib_pickle::recognizes(first)
}

#[cfg(not(feature = "python"))]
fn is_pickle(_: &[u8]) -> bool {
    false
}

/// Whether a stream that starts so is one of ours; a cut-off one counts, so that it is called damaged and not foreign.
pub(crate) fn is_native(first: &[u8]) -> bool {
    let len = first.len().min(MAGIC.len());
    first[..len] == MAGIC[..len]
}

fn detect_unless_native(first: &[u8]) -> Result<Option<Arc<dyn Compressor>>> {
    if is_native(first) {
        return Ok(None);
    }
    match (detect(first), missing::detect(first)) {
        (None, Some(error)) => Err(error),
        (found, _) => Ok(found),
    }
}

#[cold]
pub(crate) fn empty() -> Error {
    Error::new(Kind::Corrupt, "expected a value, found the end of the file: it is empty or was cut off")
}
