//! Several values in a row, in the native format only.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use joblib_array::MmapMode;
use joblib_encoding::Types;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::error::{Error, Result};
use crate::foreign;
use crate::native::decode;
use crate::open::{Opened, first_bytes, is_native};
use crate::options::LoadOptions;
use crate::sections::Sections;

/// Reads the values of a file or stream in this library's own format only, compressed or not.
///
/// [`Reader`](crate::Reader) reads Python's files too. For a program that reads only files that it wrote, this type is smaller
/// and safer, because nothing is ever parsed as a pickle.
///
/// ```
/// use joblib_persist::{LoadOptions, NativeReader, dump_to};
///
/// let mut bytes = Vec::new();
/// dump_to("first", &mut bytes)?;
/// dump_to(&2.5, &mut bytes)?;
///
/// let mut reader = NativeReader::new(&bytes[..], &LoadOptions::new())?.exact_types();
/// assert_eq!(reader.next::<String>()?.as_deref(), Some("first"));
/// assert_eq!(reader.next::<f64>()?, Some(2.5));
/// assert_eq!(reader.next::<f64>()?, None);
///
/// assert!(NativeReader::new(&b"\x80\x04K\x01."[..], &LoadOptions::new()).is_err(), "that is a pickle");
/// # Ok::<(), joblib_persist::Error>(())
/// ```
pub struct NativeReader<'r> {
    sections: Sections<'r>,
    compressor: Option<String>,
    path: Option<PathBuf>,
    mmap_mode: Option<MmapMode>,
    types: Types,
    failed: bool,
}

impl NativeReader<'static> {
    /// Opens the file at `path`.
    ///
    /// # Errors
    ///
    /// Returns an error if the file can't be opened, or is not in the native format.
    pub fn open(path: impl AsRef<Path>, options: &LoadOptions) -> Result<Self> {
        let path = path.as_ref();
        Opened::path(path, options)
            .and_then(|opened| Self::begin(opened, options))
            .map_err(|error| error.at_path(Some(path)))
    }

    /// Reads from an open file, which is at its start. Errors name the file as `path`.
    ///
    /// # Errors
    ///
    /// Returns an error if the file can't be read, or is not in the native format.
    pub fn from_file(file: File, path: impl AsRef<Path>, options: &LoadOptions) -> Result<Self> {
        let path = path.as_ref();
        Opened::file(file, path, options)
            .and_then(|opened| Self::begin(opened, options))
            .map_err(|error| error.at_path(Some(path)))
    }
}

impl<'r> NativeReader<'r> {
    /// Reads from `reader`. More bytes may be read from it than the values need.
    ///
    /// # Errors
    ///
    /// Returns an error if the reader fails, or its data is not in the native format.
    pub fn new<R: Read + 'r>(reader: R, options: &LoadOptions) -> Result<Self> {
        Self::begin(Opened::reader(reader, options)?, options)
    }

    /// Checks that the stream is in the native format.
    fn begin(mut opened: Opened<'r>, options: &LoadOptions) -> Result<Self> {
        let first = first_bytes(&mut opened.input).map_err(|error| opened.blame(error))?;
        if !is_native(&first) {
            return Err(opened.blame(foreign::error(&first)));
        }
        Ok(Self::trusted(opened, options))
    }

    /// The same for a stream that is known to be in the native format.
    pub(crate) fn trusted(opened: Opened<'r>, options: &LoadOptions) -> Self {
        let mut sections = Sections::new(opened.input);
        if options.verify_mapped {
            sections.verify_mapped();
        }
        Self {
            sections,
            compressor: opened.compressor,
            path: opened.path,
            mmap_mode: opened.mmap_mode,
            types: Types::Compatible,
            failed: false,
        }
    }

    /// From now on, reads a number only as the type that was written, and an array only as an array: an integer or an `f32`
    /// is not converted to an `f64`. For values whose type may have changed since they were written, such as cached
    /// results.
    ///
    /// ```
    /// use joblib_persist::{LoadOptions, NativeReader, dump_to};
    ///
    /// let mut bytes = Vec::new();
    /// dump_to(&1, &mut bytes)?;
    /// let read = || NativeReader::new(&bytes[..], &LoadOptions::new());
    /// assert_eq!(read()?.next::<f64>()?, Some(1.0));
    /// assert!(read()?.exact_types().next::<f64>().unwrap_err().is_wrong_type());
    /// # Ok::<(), joblib_persist::Error>(())
    /// ```
    pub fn exact_types(mut self) -> Self {
        self.types = Types::Exact;
        self
    }

    /// The name of the stream's compressor, if it is compressed.
    pub fn compressor(&self) -> Option<&str> {
        self.compressor.as_deref()
    }

    /// Returns the next value, or `None` after the last one. After an error no more values can be read.
    ///
    /// # Errors
    ///
    /// Returns an error if the file is damaged, or holds another type.
    #[expect(clippy::should_implement_trait, reason = "each value can have another type")]
    pub fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        let result = self.try_next();
        result.map_err(|error| self.blame(error))
    }

    fn try_next<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        if self.failed {
            return Err(Error::value(
                "an earlier value could not be read, so what follows it can't be found",
            ));
        }
        self.failed = true;
        let value = if self.sections.begin_object()? {
            Some(decode(&mut self.sections, self.mmap_mode, self.types)?)
        } else {
            None
        };
        self.failed = false;
        Ok(value)
    }

    /// Reads all remaining values without deserializing them, and verifies every checksum, including those of arrays that
    /// would be mapped. Returns the number of values.
    ///
    /// # Errors
    ///
    /// Returns an error that says what is damaged and where.
    ///
    /// ```
    /// use joblib_persist::{LoadOptions, NativeReader, dump_to};
    ///
    /// let mut bytes = Vec::new();
    /// dump_to(&vec![0.5; 1000], &mut bytes)?;
    /// let read = |bytes: &[u8]| NativeReader::new(bytes, &LoadOptions::new())?.verify();
    /// assert_eq!(read(&bytes)?, 1);
    /// bytes[5000] ^= 1;
    /// assert!(read(&bytes).unwrap_err().is_corrupt());
    /// # Ok::<(), joblib_persist::Error>(())
    /// ```
    pub fn verify(mut self) -> Result<u64> {
        self.verify_everything();
        let mut values = 0;
        while self.next::<IgnoredAny>()?.is_some() {
            values += 1;
        }
        self.check_end()?;
        Ok(values)
    }

    /// Reads to the end of a compressed stream: a decompressor checks what it made only when it is asked for more.
    pub(crate) fn check_end(&mut self) -> Result<()> {
        match self.compressor {
            Some(_) => self.sections.is_at_end().map(|_| ()).map_err(|error| self.blame(error)),
            None => Ok(()),
        }
    }

    /// From now on the checksums of values that nobody wants are verified too.
    pub(crate) fn verify_everything(&mut self) {
        self.sections.verify_everything();
    }

    /// What was read.
    pub(crate) fn sections(&self) -> &Sections<'r> {
        &self.sections
    }

    fn blame(&self, error: Error) -> Error {
        error.in_decompressed(self.compressor.is_some()).at_path(self.path.as_deref())
    }
}
