//! Several objects in a row, from one stream.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use joblib_array::MmapMode;
use joblib_encoding::Types;
use serde::de::DeserializeOwned;

use crate::compress::{FIRST_BYTES, detect};
use crate::error::{Error, Kind, Result};
use crate::format::MAGIC;
use crate::input::{Compressed, Input, Source};
use crate::native::decode;
use crate::options::{LoadOptions, empty};
use crate::sections::Sections;
use crate::{pickle, report};

/// Bytes of a compressed file that are read at a time.
const COMPRESSED_CHUNK: usize = 128 << 10;

/// As many of a file's first bytes as its kind is found out from.
const FIRST: usize = FIRST_BYTES;

/// Reads the values that [`Writer`](crate::Writer), or several `dump`s into one stream, wrote.
///
/// ```
/// use joblib_persist::{DumpOptions, LoadOptions, Reader, Writer};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("epochs.gz");
/// let mut writer = Writer::create(&path, &DumpOptions::new())?;
/// for epoch in 0..3 {
///     writer.write(&epoch)?;
/// }
/// writer.finish()?;
///
/// let mut reader = Reader::open(&path, &LoadOptions::new())?;
/// let mut sum = 0;
/// while let Some(epoch) = reader.next::<i32>()? {
///     sum += epoch;
/// }
/// assert_eq!(sum, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Reader<'r> {
    content: Content<'r>,
    path: Option<PathBuf>,
    compressor: Option<String>,
    mmap_mode: Option<MmapMode>,
    failed: bool,
}

/// The stream, uncompressed, by its format.
enum Content<'r> {
    Native(Sections<'r>),
    /// One value; `None` once it was read.
    Python {
        input: Option<Input<'r>>,
        limits: pickle::Limits,
    },
}

/// The format of a file, apart from its compression.
///
/// ```
/// use joblib_persist::{Format, LoadOptions, Reader, dump_python};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("scores.joblib.gz");
/// dump_python(&[0.5, 0.25], &path)?;
/// let reader = Reader::open(&path, &LoadOptions::new())?;
/// assert_eq!((reader.format(), reader.compressor()), (Format::Python, Some("gzip")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// This library's own.
    Native,
    /// A Python pickle, of `pickle` or of Python's joblib.
    Python,
}

impl Format {
    /// `native` or `python`.
    ///
    /// ```
    /// use joblib_persist::Format;
    ///
    /// assert_eq!([Format::Native, Format::Python].map(Format::name), ["native", "python"]);
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Python => "python",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "joblib for Rust",
            Self::Python => "Python pickle",
        })
    }
}

impl Reader<'static> {
    /// Opens the file at `path`, which may be compressed.
    pub fn open(path: impl AsRef<Path>, options: &LoadOptions) -> Result<Self> {
        let path = path.as_ref();
        Self::open_file(path, options).map_err(|error| error.at_path(Some(path)))
    }

    /// Reads from a file that is open already, at its start; `path` is what errors call it.
    ///
    /// ```
    /// use std::fs::File;
    ///
    /// use joblib_persist::{LoadOptions, Reader, dump};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("value");
    /// dump("text", &path)?;
    /// let mut reader = Reader::from_file(File::open(&path)?, &path, &LoadOptions::new())?;
    /// assert_eq!(reader.next::<String>()?.as_deref(), Some("text"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_file(file: File, path: impl AsRef<Path>, options: &LoadOptions) -> Result<Self> {
        let path = path.as_ref();
        Self::begin_file(file, path, options).map_err(|error| error.at_path(Some(path)))
    }

    fn open_file(path: &Path, options: &LoadOptions) -> Result<Self> {
        let writable = options.mmap_mode.is_some_and(MmapMode::writes_to_file);
        let file = OpenOptions::new().read(true).write(writable).open(path).map_err(|source| {
            Error::file(if writable { "opening for writing" } else { "opening" }, source)
        })?;
        Self::begin_file(file, path, options)
    }

    fn begin_file(file: File, path: &Path, options: &LoadOptions) -> Result<Self> {
        let mut input = Input::new(Source::File(file), options.max_decompressed_bytes);
        let first = input.peek(FIRST)?;
        let mut mmap_mode = options.mmap_mode;
        let mut name = None;
        if let Some(compressor) = detect_unless_native(first) {
            if mmap_mode.take().is_some() {
                report::not_mapped(path, compressor.name());
            }
            let file = input.into_file().ok_or_else(empty)?;
            let decoder = compressor
                .decoder(Box::new(BufReader::with_capacity(COMPRESSED_CHUNK, file)))
                .map_err(|source| Error::io("decompressing", source))?;
            input = Input::new(Source::Stream(decoder), options.max_decompressed_bytes);
            name = Some(compressor.name().to_owned());
        }
        let compressed = name.is_some();
        let mut reader = Self::begin(input, name, Some(path), mmap_mode, options.pickle_limits)
            .map_err(|error| error.in_decompressed(compressed))?;
        if options.check_mapped
            && let Content::Native(sections) = &mut reader.content
        {
            sections.check_mapped();
        }
        Ok(reader)
    }
}

impl<'r> Reader<'r> {
    /// Reads from `reader`, which may be compressed and is read ahead of what is asked for.
    ///
    /// ```
    /// use joblib_persist::{DumpOptions, LoadOptions, Reader, Writer};
    ///
    /// let mut bytes = Vec::new();
    /// let mut writer = Writer::new(&mut bytes, &DumpOptions::new().compress("lz4"))?;
    /// writer.write("first")?;
    /// writer.write(&2)?;
    /// writer.finish()?;
    ///
    /// let mut reader = Reader::new(&bytes[..], &LoadOptions::new())?;
    /// assert_eq!(reader.next::<String>()?.as_deref(), Some("first"));
    /// assert_eq!(reader.next::<i32>()?, Some(2));
    /// assert_eq!(reader.next::<i32>()?, None);
    /// # Ok::<(), joblib_persist::Error>(())
    /// ```
    pub fn new<R: Read + 'r>(reader: R, options: &LoadOptions) -> Result<Self> {
        Self::from_source(Source::Stream(Box::new(reader)), options)
    }

    /// Reads from `reader` no byte more than the values have, unless they are compressed.
    pub(crate) fn exact<R: Read + 'r>(reader: R, options: &LoadOptions) -> Result<Self> {
        Self::from_source(Source::Exact(Box::new(reader)), options)
    }

    fn from_source(source: Source<'r>, options: &LoadOptions) -> Result<Self> {
        if options.mmap_mode.is_some() {
            report::not_mapped_stream();
        }
        let mut input = Input::new(source, options.max_decompressed_bytes);
        let mut name = None;
        if let Some(compressor) = detect_unless_native(input.peek(FIRST)?) {
            name = Some(compressor.name().to_owned());
            let bytes = Compressed(input.without_limit());
            let decoder = compressor
                .decoder(Box::new(BufReader::with_capacity(COMPRESSED_CHUNK, bytes)))
                .map_err(|source| Error::io("decompressing", source))?;
            input = Input::new(Source::Stream(decoder), options.max_decompressed_bytes);
        }
        let compressed = name.is_some();
        Self::begin(input, name, None, None, options.pickle_limits)
            .map_err(|error| error.in_decompressed(compressed))
    }

    /// The stream is now uncompressed: which format is it?
    fn begin(
        mut input: Input<'r>,
        compressor: Option<String>,
        path: Option<&Path>,
        mmap_mode: Option<MmapMode>,
        limits: pickle::Limits,
    ) -> Result<Self> {
        let first = input.peek(FIRST)?;
        let is_native = first.is_empty() || is_native(first);
        if !is_native && !pickle::recognizes(first) {
            return Err(Error::new(
                Kind::Foreign,
                format!(
                    "expected a file of joblib, Rust's or Python's, found one that starts with the bytes {first:02x?}"
                ),
            ));
        }
        let content = if is_native {
            Content::Native(Sections::new(input))
        } else {
            Content::Python { input: Some(input), limits }
        };
        Ok(Self { content, compressor, path: path.map(Path::to_owned), mmap_mode, failed: false })
    }

    /// The stream's format.
    pub fn format(&self) -> Format {
        match self.content {
            Content::Native(_) => Format::Native,
            Content::Python { .. } => Format::Python,
        }
    }

    /// What the stream is compressed with, if it is.
    pub fn compressor(&self) -> Option<&str> {
        self.compressor.as_deref()
    }

    /// The next value; `None` after the last one. After an error there is no next value.
    #[expect(clippy::should_implement_trait, reason = "each value can have another type")]
    pub fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        let result = self.try_next();
        result.map_err(|error| error.in_decompressed(self.compressor.is_some()).at_path(self.path.as_deref()))
    }

    fn try_next<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        if self.failed {
            return Err(Error::value(
                "an earlier value could not be read, so what follows it can't be found",
            ));
        }
        self.failed = true;
        let value = match &mut self.content {
            Content::Native(sections) => {
                if sections.begin_object()? {
                    Some(decode(sections, self.mmap_mode, Types::Compatible)?)
                } else {
                    None
                }
            }
            Content::Python { input, limits } => match input.take() {
                None => None,
                Some(mut input) => {
                    let settings = pickle::Settings {
                        path: self.path.as_deref(),
                        mmap_mode: self.mmap_mode,
                        limits: *limits,
                    };
                    let value = pickle::load(&mut input, settings)?;
                    if self.compressor.is_some() {
                        // A decompressor checks what it made only when it is asked for more.
                        input.peek(1)?;
                    }
                    Some(value)
                }
            },
        };
        self.failed = false;
        Ok(value)
    }

    /// From now on values that nobody wants are held against their checksums too. A Python file has none.
    pub(crate) fn check_everything(&mut self) -> Result<()> {
        match &mut self.content {
            Content::Native(sections) => {
                sections.check_everything();
                Ok(())
            }
            Content::Python { .. } => Err(self.without_checksums()),
        }
    }

    /// What the values were read through: the compressor's name, and the sections.
    pub(crate) fn into_parts(self) -> Result<(Option<String>, Sections<'r>)> {
        match self.content {
            Content::Native(sections) => Ok((self.compressor, sections)),
            Content::Python { .. } => Err(self.without_checksums()),
        }
    }

    fn without_checksums(&self) -> Error {
        Error::new(
            Kind::Foreign,
            "expected a file of this library, found a Python file, which has no checksums; load it to see whether it can be read",
        )
        .at_path(self.path.as_deref())
    }

    /// The one value of a file.
    pub(crate) fn only<T: DeserializeOwned>(&mut self) -> Result<T> {
        let value = self.next()?.ok_or_else(|| empty().at_path(self.path.as_deref()))?;
        if let (Some(_), Content::Native(sections)) = (&self.compressor, &mut self.content) {
            // A decompressor checks what it made only when it is asked for more.
            sections
                .is_at_end()
                .map_err(|error| error.in_decompressed(true).at_path(self.path.as_deref()))?;
        }
        Ok(value)
    }
}

/// Whether a stream that starts so is one of ours; a cut-off one counts, so that it is called damaged and not foreign.
fn is_native(first: &[u8]) -> bool {
    let len = first.len().min(MAGIC.len());
    first[..len] == MAGIC[..len]
}

fn detect_unless_native(first: &[u8]) -> Option<std::sync::Arc<dyn crate::compress::Compressor>> {
    if is_native(first) { None } else { detect(first) }
}
