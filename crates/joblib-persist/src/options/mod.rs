//! How to save and how to load: what the caller chooses.

mod compress;

use joblib_array::MmapMode;

pub use self::compress::Compress;
pub(crate) use self::compress::choose;

/// Options for saving a value.
///
/// ```
/// use joblib_persist::{DumpOptions, load};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("model");
/// DumpOptions::new().compress(("gzip", 6)).dump(&vec![1.0, 2.0], &path)?;
/// assert_eq!(load::<Vec<f64>>(&path)?, [1.0, 2.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct DumpOptions {
    pub(crate) compress: Option<Compress>,
}

impl DumpOptions {
    /// The defaults: compressed if the file's extension is that of a compressor (`.z`, `.gz`, `.bz2`, `.xz`, `.lzma`,
    /// `.lz4`, `.zst`).
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the compression: `true` or a level from 1 to 9 (with the compressor of the file's extension, else zlib), a
    /// compressor's name, or a name and a level. With `false` or level 0 the file is not compressed, whatever its
    /// extension.
    pub fn compress(mut self, compress: impl Into<Compress>) -> Self {
        self.compress = Some(compress.into());
        self
    }
}

/// Options for loading a value.
///
/// ```
/// use joblib_array::{Array, MmapMode};
/// use joblib_persist::{LoadOptions, dump};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("matrix");
/// dump(&Array::<f64>::zeros(&[100, 100]), &path)?;
/// let matrix: Array<f64> = LoadOptions::new().mmap_mode(MmapMode::Read).load(&path)?;
/// assert!(matrix.is_mapped());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    pub(crate) mmap_mode: Option<MmapMode>,
    pub(crate) verify_mapped: bool,
    pub(crate) max_decompressed_bytes: Option<u64>,
    pub(crate) max_decompressor_memory: Option<u64>,
    #[cfg(feature = "python")]
    pub(crate) pickle_limits: joblib_pickle::Limits,
    #[cfg(feature = "python")]
    pub(crate) python2_encoding: joblib_pickle::Encoding,
}

impl LoadOptions {
    /// The defaults: everything is loaded into memory, without limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Maps arrays of a kilobyte or more instead of reading them, in numpy's modes `r` (read only), `r+` and `w+` (writes
    /// change the file) and `c` (writes change memory only). Only [`Array`](joblib_array::Array)s are mapped; a `Vec` is
    /// always read.
    ///
    /// The checksums of mapped arrays are not verified, which would read the whole file, unless
    /// [`verify_mapped`](Self::verify_mapped) asks for it. A file that is compressed or has no path is loaded into memory, with one warning.
    pub fn mmap_mode(mut self, mode: MmapMode) -> Self {
        self.mmap_mode = Some(mode);
        self
    }

    /// Verifies the checksums of mapped arrays before they are returned, so that a damaged array is an error. This reads
    /// them once, at the speed of memory if the file is in the system's cache, which is still several times faster than
    /// loading them. Python's files have no checksums.
    ///
    /// ```
    /// use joblib_array::{Array, MmapMode};
    /// use joblib_persist::{LoadOptions, dump};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("matrix");
    /// dump(&Array::from(vec![7_u8; 5000]), &path)?;
    /// let options = LoadOptions::new().mmap_mode(MmapMode::Read).verify_mapped(true);
    /// assert!(options.load::<Array<u8>>(&path)?.is_mapped());
    ///
    /// let mut damaged = std::fs::read(&path)?;
    /// let middle = damaged.len() / 2;
    /// damaged[middle] ^= 1;
    /// std::fs::write(&path, damaged)?;
    /// assert!(options.load::<Array<u8>>(&path).unwrap_err().is_corrupt());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify_mapped(mut self, verify: bool) -> Self {
        self.verify_mapped = verify;
        self
    }

    /// Limits the size of a file after decompression; a larger file is an error ([`is_limit`](crate::Error::is_limit)). For
    /// untrusted files: a small file can decompress to terabytes.
    ///
    /// ```
    /// use joblib_persist::{LoadOptions, dump};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("zeros.gz");
    /// dump(&vec![0_u64; 1_000_000], &path)?;
    /// let cautious = LoadOptions::new().max_decompressed_bytes(1_000_000);
    /// assert!(cautious.load::<Vec<u64>>(&path).unwrap_err().is_limit());
    /// assert!(cautious.max_decompressed_bytes(10_000_000).load::<Vec<u64>>(&path).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_decompressed_bytes(mut self, bytes: u64) -> Self {
        self.max_decompressed_bytes = Some(bytes);
        self
    }

    /// Limits the memory for a decompressor's window, in bytes: 2 GiB by default. A file that was compressed with a larger
    /// window is an error ([`is_limit`](crate::Error::is_limit)): `zstd --long=31` is at the default limit, and
    /// `xz --lzma2=dict=1536MiB` exceeds it. Zstandard's decoder does not support more than 2 GiB.
    ///
    /// ```
    /// use joblib_persist::{LoadOptions, dump};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("numbers.xz");
    /// dump(&vec![0.5; 1000], &path)?;
    /// let small = LoadOptions::new().max_decompressor_memory(64 << 10);
    /// assert!(small.load::<Vec<f64>>(&path).unwrap_err().is_limit());
    /// assert!(small.max_decompressor_memory(64 << 20).load::<Vec<f64>>(&path).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_decompressor_memory(mut self, bytes: u64) -> Self {
        self.max_decompressor_memory = Some(bytes);
        self
    }

    /// Limits the memory and nesting of a Python file: see [`Limits`](joblib_pickle::Limits).
    ///
    /// ```
    /// use joblib_persist::pickle::Limits;
    /// use joblib_persist::{LoadOptions, dump_python};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("nested.joblib");
    /// dump_python(&[[[1]]], &path)?;
    /// let shallow = LoadOptions::new().pickle_limits(Limits::new().depth(2));
    /// assert!(shallow.load::<[[[i32; 1]; 1]; 1]>(&path).unwrap_err().is_limit());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "python")]
    pub fn pickle_limits(mut self, limits: joblib_pickle::Limits) -> Self {
        self.pickle_limits = limits;
        self
    }

    /// Sets the encoding of text that was written by Python 2: see [`Encoding`](joblib_pickle::Encoding).
    ///
    /// ```
    /// use joblib_persist::LoadOptions;
    /// use joblib_persist::pickle::Encoding;
    ///
    /// // pickle.dumps("caf\xe9") in Python 2
    /// let bytes = b"S'caf\\xe9'\n.";
    /// let options = LoadOptions::new().python2_encoding(Encoding::Latin1);
    /// assert_eq!(options.load_from::<String, _>(&bytes[..])?, "café");
    /// # Ok::<(), joblib_persist::Error>(())
    /// ```
    #[cfg(feature = "python")]
    pub fn python2_encoding(mut self, encoding: joblib_pickle::Encoding) -> Self {
        self.python2_encoding = encoding;
        self
    }
}
