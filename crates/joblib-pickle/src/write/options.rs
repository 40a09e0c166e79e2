//! The functions that write pickles.

use std::io::Write;

use serde::Serialize;

use super::pickler::Pickler;
use super::serializer::Serializer;
use crate::error::Result;

/// Sequences of this many numbers and more become numpy arrays.
const ARRAY_LEN: usize = 1024;

/// How a value is written for Python.
///
/// | Rust | Python |
/// |---|---|
/// | struct, map, enum variant with content (`{variant: content}`) | `dict` |
/// | sequence | `list` |
/// | sequence of at least [`array_len`](Self::array_len) `bool`s, integers up to 64 bits or floats | `numpy.ndarray` of one dimension |
/// | `joblib_array::Array` | `numpy.ndarray` |
/// | tuple, fixed-size array | `tuple` |
/// | `bool`, integers, floats, `char` and strings, bytes | `bool`, `int`, `float`, `str`, `bytes` |
/// | `None`, `()`, unit struct | `None` |
/// | unit variant | `str` |
/// | dates and times of `chrono`, `time` and `jiff`, `SystemTime` | `datetime.date`, `time`, `datetime` with the offset as its zone |
/// | `Duration` of std and `time`, `TimeDelta`, `SignedDuration` | `datetime.timedelta` |
/// | `uuid::Uuid`, `rust_decimal::Decimal`, `Path` and `PathBuf` | `uuid.UUID`, `decimal.Decimal`, `pathlib.Path` |
/// | other types with a human-readable form, such as `IpAddr` | `str` |
///
/// The types of other crates are recognised by their names. What Python's class can't hold (nanoseconds, years after 9999)
/// is written as the type serializes itself, in most cases as a text; both load back.
///
/// The pickle has protocol 4. Arrays are written as joblib 1.2 and later write them, so `joblib.load` reads them; a pickle
/// without arrays is a plain one.
///
/// ```
/// use joblib_pickle::{Value, WriteOptions};
///
/// let mut bytes = Vec::new();
/// WriteOptions::new().array_len(usize::MAX).write(&vec![0.5; 5000], &mut bytes)?;
/// assert_eq!(joblib_pickle::from_slice::<Value>(&bytes)?.type_name(), "list");
/// # Ok::<(), joblib_pickle::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct WriteOptions {
    array_len: usize,
    compressed: bool,
}

impl WriteOptions {
    /// The defaults: arrays from 1,024 numbers on.
    pub fn new() -> Self {
        Self { array_len: ARRAY_LEN, compressed: false }
    }

    /// From how many elements on a sequence of numbers becomes a numpy array; 1,024. With 0 every one that has an
    /// element does, with `usize::MAX` none, so that `pickle.load` reads a file without an `Array` in it.
    pub fn array_len(mut self, elements: usize) -> Self {
        self.array_len = elements;
        self
    }

    /// Whether the bytes go into a compressor, so that arrays in them can't be mapped and need no alignment.
    pub fn compressed(mut self, compressed: bool) -> Self {
        self.compressed = compressed;
        self
    }

    /// Writes the value into a stream, from its start: arrays are aligned to the first byte that is written.
    ///
    /// # Errors
    ///
    /// Returns an error if the stream can't be written, or the value has no counterpart in Python: a map in a map's key. So
    /// does one that nests deeper than 256 levels, or has an array of more than 64 dimensions, which could not be loaded.
    pub fn write<T: Serialize + ?Sized>(&self, value: &T, out: &mut dyn Write) -> Result<()> {
        let mut pickler = Pickler::new(out, self.compressed, self.array_len)?;
        Serializer::new(&mut pickler, false).put(value)?;
        pickler.finish()
    }
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// The value as a pickle in memory.
///
/// # Errors
///
/// Returns the same errors as [`WriteOptions::write`].
///
/// ```
/// let bytes = joblib_pickle::to_vec(&[1_u8, 2][..])?;
/// assert_eq!(joblib_pickle::from_slice::<Vec<u8>>(&bytes)?, [1, 2]);
/// # Ok::<(), joblib_pickle::Error>(())
/// ```
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    WriteOptions::new().write(value, &mut bytes)?;
    Ok(bytes)
}
