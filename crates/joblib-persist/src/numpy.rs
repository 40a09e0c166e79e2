//! Files for numpy: `.npy` and `.npz`.

use std::io::Write as _;
use std::path::Path;

use joblib_pickle::{Value, WriteOptions, write_npy, write_npz};
use serde::Serialize;

use crate::atomic::AtomicFile;
use crate::error::{Error, Result};

/// Saves an array for `numpy.load`, or, if the extension is `.npz`, the arrays of a struct or a map, each under its name.
///
/// ```
/// use joblib_array::Array;
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Model {
///     weights: Array<f32>,
///     labels: Vec<String>,
/// }
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("model.npz");
/// let weights = Array::from_vec(vec![0.5_f32; 6], &[2, 3])?;
/// joblib_persist::dump_numpy(&Model { weights, labels: vec!["a".into(), "b".into()] }, &path)?;
/// // In Python: numpy.load("model.npz")["weights"] is an array of float32.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Returns an error if the file can't be written, or a value is not an array, a number, a string, or a list of these with
/// equal lengths. The file at `path` is then unchanged.
pub fn dump_numpy<T: Serialize + ?Sized>(value: &T, path: impl AsRef<Path>) -> Result<()> {
    NumpyDumpOptions::new().dump(value, path)
}

/// Options for saving arrays for numpy.
///
/// ```
/// use joblib_persist::NumpyDumpOptions;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("scores.npz");
/// let scores = std::collections::BTreeMap::from([("train", vec![0.5; 1000]), ("test", vec![0.25; 1000])]);
/// NumpyDumpOptions::new().compressed(true).dump(&scores, &path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct NumpyDumpOptions {
    compressed: bool,
}

impl NumpyDumpOptions {
    /// The defaults: not compressed, so that arrays can be mapped.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether to compress the arrays of a `.npz` file, as `numpy.savez_compressed` does.
    pub fn compressed(mut self, compressed: bool) -> Self {
        self.compressed = compressed;
        self
    }

    /// Saves the value to a file, completely or not at all.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`dump_numpy`], and an error if a `.npy` file is to be compressed, which
    /// numpy does not know.
    pub fn dump<T: Serialize + ?Sized>(&self, value: &T, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        self.dump_file(value, path).map_err(|error| error.at_path(Some(path)))
    }

    fn dump_file<T: Serialize + ?Sized>(self, value: &T, path: &Path) -> Result<()> {
        // Arrays and sequences of numbers keep their dtypes on the way through a pickle.
        let mut pickle = Vec::new();
        WriteOptions::new().array_len(0).write(value, &mut pickle)?;
        let value: Value = joblib_pickle::from_slice(&pickle)?;
        drop(pickle);
        let creating = |source| Error::file("creating the file", source);
        let file = AtomicFile::create(path).map_err(creating)?;
        let mut out = std::io::BufWriter::new(file.handle().map_err(creating)?);
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npz")) {
            write_npz(&value, self.compressed, &mut out)?;
        } else if self.compressed {
            return Err(Error::value("a .npy file can't be compressed: write a .npz file"));
        } else {
            write_npy(&value, &mut out)?;
        }
        out.flush().map_err(|source| Error::file("writing the file", source))?;
        drop(out);
        file.commit().map_err(|source| Error::file("putting the file in its place", source))
    }
}
