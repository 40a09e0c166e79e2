//! Several values in a row, from a stream of either format.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::de::{DeserializeOwned, IgnoredAny};

use crate::error::Result;
use crate::file_format::Format;
use crate::foreign;
use crate::native_reader::NativeReader;
use crate::open::{Opened, empty, first_bytes, is_native};
use crate::options::LoadOptions;
#[cfg(feature = "python")]
use crate::python::PythonReader;

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
pub struct Reader<'r>(Content<'r>);

enum Content<'r> {
    Native(NativeReader<'r>),
    #[cfg(feature = "python")]
    Python(PythonReader<'r>),
}

impl Reader<'static> {
    /// Opens the file at `path`, which may be compressed.
    ///
    /// # Errors
    ///
    /// Returns an error if the file can't be opened, or has an unknown format.
    pub fn open(path: impl AsRef<Path>, options: &LoadOptions) -> Result<Self> {
        let path = path.as_ref();
        Opened::path(path, options)
            .and_then(|opened| Self::begin(opened, options))
            .map_err(|error| error.at_path(Some(path)))
    }

    /// Reads from an open file, which is at its start. Errors name the file as `path`.
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
    ///
    /// # Errors
    ///
    /// Returns an error if the file can't be read, or has an unknown format.
    pub fn from_file(file: File, path: impl AsRef<Path>, options: &LoadOptions) -> Result<Self> {
        let path = path.as_ref();
        Opened::file(file, path, options)
            .and_then(|opened| Self::begin(opened, options))
            .map_err(|error| error.at_path(Some(path)))
    }
}

impl<'r> Reader<'r> {
    /// Reads from `reader`, which may be compressed. More bytes may be read from it than the values need.
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
    ///
    /// # Errors
    ///
    /// Returns an error if the reader fails, or its data has an unknown format.
    pub fn new<R: Read + 'r>(reader: R, options: &LoadOptions) -> Result<Self> {
        Self::begin(Opened::reader(reader, options)?, options)
    }

    /// Reads from `reader` no byte more than the values have, unless they are compressed.
    fn exact<R: Read + 'r>(reader: R, options: &LoadOptions) -> Result<Self> {
        Self::begin(Opened::exact(reader, options)?, options)
    }

    /// Detects the format of the stream, which is uncompressed now.
    fn begin(mut opened: Opened<'r>, options: &LoadOptions) -> Result<Self> {
        let first = first_bytes(&mut opened.input).map_err(|error| opened.blame(error))?;
        if first.is_empty() || is_native(&first) {
            return Ok(Self(Content::Native(NativeReader::trusted(opened, options))));
        }
        // Of a stream that must not be read ahead, what was looked at is enough for most.
        let ahead = if opened.input.is_exact() { first.len() } else { foreign::FIRST };
        if let Some(error) = foreign::certain(opened.input.peek(ahead)?) {
            return Err(opened.blame(error));
        }
        #[cfg(feature = "python")]
        if joblib_pickle::recognizes(&first) {
            return Ok(Self(Content::Python(PythonReader::begin(opened, options)?)));
        }
        let error = foreign::error(opened.input.peek(foreign::FIRST)?);
        Err(opened.blame(error))
    }

    /// The stream's format.
    pub fn format(&self) -> Format {
        match &self.0 {
            Content::Native(_) => Format::Native,
            #[cfg(feature = "python")]
            Content::Python(_) => Format::Python,
        }
    }

    /// The name of the stream's compressor, if it is compressed.
    pub fn compressor(&self) -> Option<&str> {
        match &self.0 {
            Content::Native(native) => native.compressor(),
            #[cfg(feature = "python")]
            Content::Python(python) => python.compressor(),
        }
    }

    /// Returns the next value, or `None` after the last one. After an error no more values can be read.
    ///
    /// # Errors
    ///
    /// Returns an error if the file is damaged, or holds another type.
    #[expect(clippy::should_implement_trait, reason = "each value can have another type")]
    pub fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        match &mut self.0 {
            Content::Native(native) => native.next(),
            #[cfg(feature = "python")]
            Content::Python(python) => python.next(),
        }
    }

    /// From now on the checksums of values that nobody wants are verified too.
    pub(crate) fn verify_everything(&mut self) {
        match &mut self.0 {
            Content::Native(native) => native.verify_everything(),
            #[cfg(feature = "python")]
            Content::Python(_) => {}
        }
    }

    /// Reads the next value without making one of it; `false` after the last one.
    pub(crate) fn check(&mut self) -> Result<bool> {
        match &mut self.0 {
            Content::Native(native) => Ok(native.next::<IgnoredAny>()?.is_some()),
            #[cfg(feature = "python")]
            Content::Python(python) => python.check(),
        }
    }

    /// How many sections and bytes were read, and how many arrays have no checksum.
    pub(crate) fn tally(&self) -> (u64, u64, u64) {
        match &self.0 {
            Content::Native(native) => {
                let sections = native.sections();
                (sections.count(), sections.position(), sections.unchecked())
            }
            #[cfg(feature = "python")]
            Content::Python(python) => (0, python.position(), 0),
        }
    }

    /// The first value of a file.
    fn first<T: DeserializeOwned>(&mut self, path: Option<&Path>) -> Result<T> {
        let value = self.next()?.ok_or_else(|| empty().at_path(path))?;
        match &mut self.0 {
            Content::Native(native) => native.check_end()?,
            #[cfg(feature = "python")]
            Content::Python(python) => python.check_end()?,
        }
        Ok(value)
    }
}

impl LoadOptions {
    /// Loads the value in the file at `path`. See [`load`](crate::load).
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`load`](crate::load), and an error if a limit of these options is exceeded.
    pub fn load<T: DeserializeOwned>(&self, path: impl AsRef<Path>) -> Result<T> {
        let path = path.as_ref();
        Reader::open(path, self)?.first(Some(path))
    }

    /// Loads the next value of a reader. See [`load_from`](crate::load_from).
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`load_from`](crate::load_from), and an error if a limit of these options is exceeded.
    ///
    /// ```
    /// use joblib_persist::{LoadOptions, dump_to};
    ///
    /// let mut bytes = Vec::new();
    /// dump_to(&[1, 2, 3], &mut bytes)?;
    /// let options = LoadOptions::new().max_decompressed_bytes(1000);
    /// assert_eq!(options.load_from::<Vec<i32>, _>(&bytes[..])?, [1, 2, 3]);
    /// # Ok::<(), joblib_persist::Error>(())
    /// ```
    pub fn load_from<T: DeserializeOwned, R: Read>(&self, reader: R) -> Result<T> {
        Reader::exact(reader, self)?.first(None)
    }
}
