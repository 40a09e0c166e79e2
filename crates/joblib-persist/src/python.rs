//! Python's files: what `joblib-pickle` reads and writes, in files and through compressors.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use joblib_pickle::{ErrorKind, ReadOptions, WriteOptions};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::atomic::AtomicFile;
use crate::compress::Compressor;
use crate::error::{Error, Kind, Result};
use crate::open::Opened;
use crate::options::{Compress, LoadOptions, choose};

/// The pickles of a stream.
pub(crate) struct PythonReader<'r> {
    pickles: joblib_pickle::Reader<'r>,
    compressor: Option<String>,
    path: Option<PathBuf>,
    failed: bool,
}

impl<'r> PythonReader<'r> {
    pub(crate) fn begin(opened: Opened<'r>, options: &LoadOptions) -> Result<Self> {
        let Opened { input, compressor, path, mmap_mode } = opened;
        let mut settings = ReadOptions::new()
            .limits(options.pickle_limits)
            .encoding(options.python2_encoding)
            .mmap_mode(mmap_mode);
        if let Some(path) = &path {
            settings = settings.path(path);
        }
        let pickles = if input.is_exact() {
            joblib_pickle::Reader::exact(input, settings)
        } else if input.file().is_some() {
            let file = input.into_file().ok_or_else(|| Error::value("a plain file without a file"))?;
            joblib_pickle::Reader::from_file(file, settings)
        } else {
            joblib_pickle::Reader::new(input, settings)
        };
        let decompressed = compressor.is_some();
        match pickles {
            Ok(pickles) => Ok(Self { pickles, compressor, path, failed: false }),
            Err(error) => Err(from_pickle(error).in_decompressed(decompressed).at_path(path.as_deref())),
        }
    }

    /// Bytes that were read.
    pub(crate) fn position(&self) -> u64 {
        self.pickles.position()
    }

    pub(crate) fn compressor(&self) -> Option<&str> {
        self.compressor.as_deref()
    }

    pub(crate) fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        self.read(joblib_pickle::Reader::next)
    }

    /// Reads the next value without keeping its arrays; `false` after the last one.
    pub(crate) fn check(&mut self) -> Result<bool> {
        self.read(joblib_pickle::Reader::check)
    }

    fn read<T>(
        &mut self,
        read: impl FnOnce(&mut joblib_pickle::Reader<'r>) -> joblib_pickle::Result<T>,
    ) -> Result<T> {
        if self.failed {
            return Err(self.blame(Error::value(
                "an earlier value could not be read, so what follows it can't be found",
            )));
        }
        self.failed = true;
        let value = read(&mut self.pickles).map_err(|error| self.blame(from_pickle(error)))?;
        self.failed = false;
        Ok(value)
    }

    /// Reads on in a compressed stream: a decompressor checks what it made only when it is asked for more.
    pub(crate) fn check_end(&mut self) -> Result<()> {
        if self.compressor.is_some() {
            self.pickles.is_at_end().map_err(|error| self.blame(from_pickle(error)))?;
        }
        Ok(())
    }

    fn blame(&self, error: Error) -> Error {
        error
            .in_decompressed(self.compressor.is_some() || self.pickles.is_container())
            .at_path(self.path.as_deref())
    }
}

/// The error of a pickle as one of this crate.
fn from_pickle(error: joblib_pickle::Error) -> Error {
    let kind = match error.kind() {
        ErrorKind::Io => Kind::Io,
        ErrorKind::Unsupported => Kind::Foreign,
        ErrorKind::WrongType => Kind::Type,
        ErrorKind::Limit => Kind::Limit,
        ErrorKind::Value => Kind::Value,
        _ => Kind::Corrupt,
    };
    let (offset, near) = (error.offset(), error.is_near());
    let message = error.message().to_owned();
    let error = match error.into_io_error() {
        // An error of this crate that came through a decompressor's `Read` is that error; any other is the cause.
        Ok(source) => Error::caused(kind, message, source),
        Err(_) => Error::new(kind, message),
    };
    match offset {
        Some(offset) if near => error.near_offset(offset),
        Some(offset) => error.at_offset(offset),
        None => error,
    }
}

impl From<joblib_pickle::Error> for Error {
    fn from(error: joblib_pickle::Error) -> Self {
        from_pickle(error)
    }
}

/// Saves a value for Python. [`PythonDumpOptions`] describes the format, and how types are converted.
///
/// ```
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Model { name: String, weights: Vec<f64> }
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("model.joblib");
/// joblib_persist::dump_python(&Model { name: "ridge".into(), weights: vec![0.0; 10_000] }, &path)?;
/// // In Python: joblib.load("model.joblib", mmap_mode="r")["weights"] is a mapped float64 array.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Returns an error if the file can't be written, or the value has no counterpart in Python, such as a map in a map's key.
/// A value that is nested deeper than 256 levels, or has an array of more than 64 dimensions, is an error too, because it
/// could not be loaded.
pub fn dump_python<T: Serialize + ?Sized>(value: &T, path: impl AsRef<Path>) -> Result<()> {
    PythonDumpOptions::new().dump(value, path)
}

/// Options for saving a value for Python. [`WriteOptions`] has a table of the converted types.
///
/// The pickle has protocol 4. Arrays are written as joblib 1.2 and later write them, so `joblib.load` reads them (and
/// `mmap_mode` maps them, when the file is not compressed); a file without arrays is a plain pickle.
///
/// ```
/// use joblib_persist::PythonDumpOptions;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("scores.joblib");
/// PythonDumpOptions::new().compress(("zlib", 6)).dump(&[0.5, 0.25], &path)?;
/// assert_eq!(joblib_persist::load::<Vec<f64>>(&path)?, [0.5, 0.25]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct PythonDumpOptions {
    compress: Option<Compress>,
    write: WriteOptions,
}

impl PythonDumpOptions {
    /// The defaults: compressed if the file's extension is that of a compressor; sequences of 1,024 numbers or more are
    /// arrays.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the compression, as in [`DumpOptions::compress`](crate::DumpOptions::compress). Python's joblib reads zlib,
    /// gzip, bz2, xz, lzma and, if its package lz4 is installed, lz4.
    pub fn compress(mut self, compress: impl Into<Compress>) -> Self {
        self.compress = Some(compress.into());
        self
    }

    /// Sets the number of elements from which a sequence of numbers becomes a numpy array: 1,024 by default. With 0 every
    /// sequence that is not empty does, with `usize::MAX` none, so that `pickle.load` can read a file without an `Array`.
    ///
    /// ```
    /// use joblib_persist::PythonDumpOptions;
    /// use joblib_persist::pickle::{self, Value};
    ///
    /// let mut bytes = Vec::new();
    /// PythonDumpOptions::new().array_len(usize::MAX).dump_to(&vec![0.5; 5000], &mut bytes)?;
    /// assert_eq!(pickle::from_slice::<Value>(&bytes)?.type_name(), "list");
    /// # Ok::<(), joblib_persist::Error>(())
    /// ```
    pub fn array_len(mut self, elements: usize) -> Self {
        self.write = self.write.array_len(elements);
        self
    }

    /// Writes the value to a stream, from its start: arrays are aligned relative to the first byte that is written.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`dump_python`].
    ///
    /// ```
    /// use joblib_persist::PythonDumpOptions;
    ///
    /// let mut bytes = Vec::new();
    /// PythonDumpOptions::new().dump_to(&(1, "one"), &mut bytes)?;
    /// assert_eq!(joblib_persist::pickle::from_slice::<(i64, String)>(&bytes)?, (1, "one".to_owned()));
    /// # Ok::<(), joblib_persist::Error>(())
    /// ```
    pub fn dump_to<T: Serialize + ?Sized, W: Write>(&self, value: &T, writer: W) -> Result<()> {
        self.write(value, writer, choose(self.compress.as_ref(), None)?)
    }

    /// Saves the value to a file, completely or not at all.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`dump_python`].
    pub fn dump<T: Serialize + ?Sized>(&self, value: &T, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        self.dump_file(value, path).map_err(|error| error.at_path(Some(path)))
    }

    fn dump_file<T: Serialize + ?Sized>(&self, value: &T, path: &Path) -> Result<()> {
        let chosen = choose(self.compress.as_ref(), Some(path))?;
        let creating = |source| Error::file("creating the file", source);
        let file = AtomicFile::create(path).map_err(creating)?;
        self.write(value, file.handle().map_err(creating)?, chosen)?;
        file.commit().map_err(|source| Error::file("putting the file in its place", source))
    }

    fn write<T: Serialize + ?Sized, W: Write>(
        &self,
        value: &T,
        writer: W,
        chosen: Option<(Arc<dyn Compressor>, u32)>,
    ) -> Result<()> {
        match chosen {
            None => Ok(self.write.write(value, &mut { writer })?),
            Some((compressor, level)) => {
                let mut encoder = compressor
                    .encoder(Box::new(writer), level)
                    .map_err(|source| Error::io("starting to compress", source))?;
                self.write.clone().compressed(true).write(value, &mut encoder)?;
                encoder.finish().map_err(|source| Error::io("compressing", source))
            }
        }
    }
}
