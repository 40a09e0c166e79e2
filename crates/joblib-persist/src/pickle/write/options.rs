//! The functions that write files for Python, and their options.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::pickler::Pickler;
use super::serializer::Serializer;
use crate::atomic::AtomicFile;
use crate::compress::Compressor;
use crate::error::{Error, Result};
use crate::options::{Compress, choose};

/// Sequences of this many numbers and more become numpy arrays.
const ARRAY_LEN: usize = 1024;

/// Saves a value for Python: see [`PythonDumpOptions`] for what becomes what.
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
/// When the file can't be written, or the value has no counterpart in Python: a map in a map's key. When it nests deeper
/// than 256 levels, or has an array of more than 64 dimensions, which could not be loaded.
pub fn dump_python<T: Serialize + ?Sized>(value: &T, path: impl AsRef<Path>) -> Result<()> {
    PythonDumpOptions::new().dump(value, path)
}

/// How a value is saved for Python.
///
/// | Rust | Python |
/// |---|---|
/// | struct, map, enum variant with content (`{variant: content}`) | `dict` |
/// | sequence | `list` |
/// | sequence of at least [`array_len`](Self::array_len) `bool`s, integers up to 64 bits or floats | `numpy.ndarray` of one dimension |
/// | `joblib_array::Array` | `numpy.ndarray` |
/// | tuple, fixed-size array | `tuple` |
/// | `bool`, integers, floats, `char` and text, bytes | `bool`, `int`, `float`, `str`, `bytes` |
/// | `None`, `()`, unit struct | `None` |
/// | unit variant | `str` |
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
#[derive(Debug, Clone)]
pub struct PythonDumpOptions {
    compress: Option<Compress>,
    array_len: usize,
}

impl PythonDumpOptions {
    /// The defaults: compressed when the file's extension says so, arrays from 1,024 numbers on.
    pub fn new() -> Self {
        Self { compress: None, array_len: ARRAY_LEN }
    }

    /// How to compress, as in [`DumpOptions::compress`](crate::DumpOptions::compress). Python's joblib reads zlib, gzip, bz2, xz, lzma and (where its
    /// package lz4 is installed) lz4.
    pub fn compress(mut self, compress: impl Into<Compress>) -> Self {
        self.compress = Some(compress.into());
        self
    }

    /// From how many elements on a sequence of numbers becomes a numpy array; 1,024. With 0 every one that has an
    /// element does, with `usize::MAX` none, so that `pickle.load` reads a file without an `Array` in it.
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
        self.array_len = elements;
        self
    }

    /// Writes the value into a stream, from its start: arrays are aligned to the first byte that is written.
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

    /// Saves the value in a file: as a whole, or not at all.
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
            None => self.pickle(value, &mut { writer }, false),
            Some((compressor, level)) => {
                let mut encoder = compressor
                    .encoder(Box::new(writer), level)
                    .map_err(|source| Error::io("starting to compress", source))?;
                self.pickle(value, &mut encoder, true)?;
                encoder.finish().map_err(|source| Error::io("compressing", source))
            }
        }
    }

    fn pickle<T: Serialize + ?Sized>(&self, value: &T, out: &mut dyn Write, compressed: bool) -> Result<()> {
        let mut pickler = Pickler::new(out, compressed, self.array_len)?;
        value.serialize(Serializer { pickler: &mut pickler, key: false })?;
        pickler.finish()
    }
}

impl Default for PythonDumpOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// The value as a pickle in memory.
///
/// ```
/// let bytes = joblib_persist::pickle::to_vec(&[1_u8, 2][..])?;
/// assert_eq!(joblib_persist::pickle::from_slice::<Vec<u8>>(&bytes)?, [1, 2]);
/// # Ok::<(), joblib_persist::Error>(())
/// ```
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    PythonDumpOptions::new().dump_to(value, &mut bytes)?;
    Ok(bytes)
}
