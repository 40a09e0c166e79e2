//! How to save and how to load: what the caller chooses.

mod compress;

use joblib_array::MmapMode;

pub use self::compress::Compress;
pub(crate) use self::compress::choose;

/// How to save a value.
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
    /// Compressed when the file's extension says so (`.z`, `.gz`, `.bz2`, `.xz`, `.lzma`, `.lz4`, `.zst`).
    pub fn new() -> Self {
        Self::default()
    }

    /// How to compress: `true` or a level from 1 to 9 (with the compressor of the file's extension, else zlib), a
    /// compressor's name, or name and level. `false` and level 0 leave the file uncompressed whatever its extension.
    pub fn compress(mut self, compress: impl Into<Compress>) -> Self {
        self.compress = Some(compress.into());
        self
    }
}

/// How to load a value.
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
    /// Everything in memory, without a limit.
    pub fn new() -> Self {
        Self::default()
    }

    /// Maps arrays of a kilobyte or more instead of reading them: numpy's modes `r` (read only), `r+` and `w+` (writes reach the
    /// file) and `c` (writes stay in memory). Only [`Array`](joblib_array::Array)s are mapped; a `Vec` has memory of its own.
    ///
    /// The checksums of mapped arrays are not verified, which would read the whole file, unless
    /// [`verify_mapped`](Self::verify_mapped) asks for it. A file that is compressed or has no path is loaded into memory, with one warning.
    pub fn mmap_mode(mut self, mode: MmapMode) -> Self {
        self.mmap_mode = Some(mode);
        self
    }

    /// Verifies the checksums of mapped arrays before they are returned, so that a damaged one is an error. It reads them
    /// once, at the speed of memory when the file was used lately: still several times faster than loading them.
    /// Python's files have no checksums.
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

    /// The largest file, after decompression, that is loaded; a larger one is an error
    /// ([`is_limit`](crate::Error::is_limit)). For files that are not trusted: a small one can decompress to terabytes.
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

    /// The memory that a decompressor may take for what it looks back at; 2 GiB unless this says otherwise. A file whose
    /// compressor was told to look back farther (`zstd --long=31` is at the limit, `xz --lzma2=dict=1536MiB` beyond it) is an
    /// error that says so ([`is_limit`](crate::Error::is_limit)). Zstandard's decoder can't go beyond 2 GiB.
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

    /// What reading a Python file may cost: see [`Limits`](joblib_pickle::Limits).
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

    /// How text that Python 2 wrote is encoded: see [`Encoding`](joblib_pickle::Encoding).
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
