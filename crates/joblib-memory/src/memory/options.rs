//! The options of a handle.

use std::time::Duration;

use joblib_array::MmapMode;
use joblib_hash::Algorithm;
use joblib_persist::Compress;
use joblib_store::{ByteSize, ParseByteSizeError, Policy};

use super::Memory;
use super::settings::valid_mmap_mode;
use crate::error::Result;
use crate::report::Warnings;

impl Memory {
    /// Returns this handle if all its options are valid.
    ///
    /// # Errors
    ///
    /// Returns an error if an option that was set is not valid.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// assert!(Memory::none().bytes_limit("10G").checked().is_ok());
    /// let error = Memory::none().bytes_limit("10 apples").checked().unwrap_err();
    /// assert!(error.is_invalid_option() && error.to_string().contains("10 apples"));
    /// ```
    pub fn checked(self) -> Result<Self> {
        self.settings.invalid.check()?;
        Ok(self)
    }

    /// Maps arrays of results into memory instead of reading them: `MmapMode::Read` or
    /// `MmapMode::CopyOnWrite`.
    ///
    /// Modes that change the file are invalid, because a stored result is never changed.
    ///
    /// ```
    /// use joblib_array::MmapMode;
    /// use joblib_memory::Memory;
    ///
    /// assert!(Memory::none().mmap_mode(MmapMode::Read).checked().is_ok());
    /// assert!(Memory::none().mmap_mode(MmapMode::ReadWrite).checked().is_err());
    /// ```
    pub fn mmap_mode(self, mode: MmapMode) -> Self {
        self.set(|settings| settings.mmap_mode = settings.invalid.note(valid_mmap_mode(mode)))
    }

    /// Verifies the checksums of mapped arrays before a result is used, so that a damaged result is computed again, as
    /// without mapping. This reads the arrays once, which is several times faster than loading them, but not free.
    ///
    /// ```
    /// use joblib_array::{Array, MmapMode};
    /// use joblib_memory::Memory;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let memory = Memory::new(folder.path())?.mmap_mode(MmapMode::Read).verify_mapped(true);
    /// assert!(memory.eval("zeros", |n: usize| Array::<f64>::zeros(&[n]), (1000,)).is_mapped());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify_mapped(self, verify: bool) -> Self {
        self.set(|settings| settings.verify_mapped = verify)
    }

    /// Compresses stored results, with a level, a compressor's name or both. Compressed results can't be mapped.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// let memory = Memory::with_backend("in_memory", "compressed")?.compress("zlib");
    /// memory.eval("ones", |n: usize| vec![1.0; n], (10_000,));
    /// assert!(memory.stats().bytes_written < 10_000, "of 80 000");
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn compress(self, compress: impl Into<Compress>) -> Self {
        let compress = compress.into();
        self.set(|settings| settings.compress = Some(compress))
    }

    /// Prints on standard error what the cache does, by joblib's levels: 0 nothing; 1 calls that
    /// are computed, how long that took, and what is cleared; 2 also calls that are loaded; 5 how
    /// long loading took; 10 the locations they are loaded from; 11 why calls are computed (which
    /// looks through the cache), where results are stored and what is dropped to keep to the
    /// limits; 20 the hashes that are looked for.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// let memory = Memory::with_backend("in_memory", "told")?.verbose(1);
    /// // [Memory] Calling half(0=3.0)
    /// // [Memory] half - 1 µs
    /// assert_eq!(memory.eval("half", |x: f64| x / 2.0, (3.0,)), 1.5);
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn verbose(self, level: u32) -> Self {
        self.set(|settings| settings.verbose = level)
    }

    /// Keeps results in the memory of this process too, up to a number of bytes: an integer, or a text
    /// such as `"1G"` (powers of 1024). Off by default.
    ///
    /// A hit then returns a clone of the value if the function has `#[cached]`, no type parameters, and a result that
    /// is `Clone + Send + Sync`; otherwise it decodes the stored bytes. An [`Array`](joblib_array::Array) shares its
    /// memory with its clones. Expiry, validation and [`clear`](Self::clear) apply as to stored results; which results
    /// are dropped first follows [`policy`](Self::policy). A result counts by its stored bytes. Results that another
    /// process drops from the store are still returned.
    ///
    /// Do not use this for results with shared mutable state, such as an `Arc<Mutex<T>>`, because their clones are not
    /// independent.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let memory = Memory::new(folder.path())?.keep_in_memory("100M");
    /// let square = memory.cache("square", |x: f64| x * x);
    /// assert_eq!([3.0, 3.0, 3.0].map(|x| square.eval((x,))), [9.0; 3]);
    /// assert_eq!((memory.stats().hits, memory.stats().hits_in_memory), (2, 1), "the first hit read the file");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn keep_in_memory<S>(self, limit: S) -> Self
    where
        S: TryInto<ByteSize>,
        ParseByteSizeError: From<S::Error>,
    {
        let limit = limit.try_into().map_err(|error| ParseByteSizeError::from(error).into());
        self.set(|settings| settings.in_memory = settings.invalid.note(limit).map(ByteSize::bytes))
    }

    /// Sets the hash function for arguments: BLAKE3 by default.
    ///
    /// [`Algorithm::Xxh3`] hashes large arguments at nearly the speed of memory, several times faster than BLAKE3.
    /// Accidental collisions are not to be expected, but it is easy to construct two arguments with the same hash; a
    /// call with one of them would return the result of the other. Results that were stored with another algorithm are
    /// not found. Files as arguments are always hashed with BLAKE3, because their digests are stored.
    ///
    /// ```
    /// use joblib_hash::Algorithm;
    /// use joblib_memory::Memory;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let memory = Memory::new(folder.path())?;
    /// let fast = memory.clone().hasher(Algorithm::Xxh3);
    /// let sum = |memory: &Memory| memory.eval("sum", |x: Vec<f64>| x.iter().sum::<f64>(), (vec![0.5; 100],));
    /// assert_eq!([sum(&fast), sum(&fast), sum(&memory)], [50.0; 3]);
    /// assert_eq!((memory.stats().hits, memory.stats().misses), (1, 2), "each algorithm has keys of its own");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn hasher(self, algorithm: Algorithm) -> Self {
        self.set(|settings| settings.hasher = algorithm)
    }

    /// Records each call of this run, whether it was a hit, and why it was computed. `joblib_record` reads
    /// the record. Unless set, the environment variable `JOBLIB_RECORD` decides: `1` records.
    ///
    /// The record is a file in the folder `joblib-runs` of the cache's folder (or of the default cache's
    /// folder, if the cache is not in a folder), to which each call appends some bytes. It has the
    /// arguments as short texts, unless the function is `redact`ed. If the record can't be written, one
    /// warning is printed.
    ///
    /// ```
    /// use joblib_memory::Memory;
    /// use joblib_record::{Record, RunFile, runs};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let memory = Memory::new(folder.path())?.record(true);
    /// let half = memory.cache("half", |x: f64| x / 2.0);
    /// assert_eq!([half.eval((3.0,)), half.eval((3.0,))], [1.5; 2]);
    /// let run = RunFile::read(&runs(&folder.path().join("joblib-runs"))?[0])?;
    /// assert!(run.records.iter().any(|stamped| matches!(&stamped.record, Record::Hit(hit) if hit.name == "half")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn record(self, record: bool) -> Self {
        self.set(|settings| settings.record = record)
    }

    /// Sets where warnings about the cache go. Unless set, the environment variable
    /// `JOBLIB_WARNINGS` decides.
    ///
    /// ```
    /// use joblib_memory::{Memory, Warnings};
    ///
    /// let memory = Memory::new("/dev/null/cache")?.warnings(Warnings::Off);
    /// assert_eq!(memory.eval("half", |x: f64| x / 2.0, (3.0,)), 1.5, "it can't be stored, and no line says so");
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn warnings(self, warnings: Warnings) -> Self {
        self.set(|settings| settings.warnings = warnings)
    }

    /// Limits the total size of all results, in bytes: a number, or a text such as `"10G"` (powers of 1024).
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// assert_eq!(Memory::none().bytes_limit("10G").limits().bytes, Some(10 << 30));
    /// ```
    pub fn bytes_limit<S>(self, limit: S) -> Self
    where
        S: TryInto<ByteSize>,
        ParseByteSizeError: From<S::Error>,
    {
        let limit = limit.try_into().map_err(|error| ParseByteSizeError::from(error).into());
        self.set(|settings| {
            if let Some(limit) = settings.invalid.note(limit) {
                settings.limits.bytes = Some(limit.bytes());
            }
        })
    }

    /// Limits the number of results.
    pub fn items_limit(self, limit: u64) -> Self {
        self.set(|settings| settings.limits.items = Some(limit))
    }

    /// Limits the time since a result was last used.
    ///
    /// ```
    /// use joblib_memory::Memory;
    /// use std::time::{Duration, Instant};
    ///
    /// let day = Duration::from_secs(24 * 3600);
    /// let memory = Memory::none().age_limit(90 * day).superseded_age_limit(7 * day);
    /// assert_eq!((memory.limits().age, memory.limits().superseded_age), (Some(90 * day), Some(7 * day)));
    /// ```
    pub fn age_limit(self, limit: Duration) -> Self {
        self.set(|settings| settings.limits.age = Some(limit))
    }

    /// Limits the time since a result of earlier code was last used: 30 days by default; with `None` such results are
    /// treated like others.
    pub fn superseded_age_limit(self, limit: impl Into<Option<Duration>>) -> Self {
        self.set(|settings| settings.limits.superseded_age = limit.into())
    }

    /// Sets which results are dropped first when a limit is reached.
    ///
    /// ```
    /// use joblib_memory::{Memory, Policy};
    ///
    /// let memory = Memory::none().policy(Policy::CostAware).items_limit(1000);
    /// assert_eq!(memory.limits().policy, Policy::CostAware);
    /// ```
    pub fn policy(self, policy: Policy) -> Self {
        self.set(|settings| settings.limits.policy = policy)
    }

    /// Limits the time that a call waits for another thread or process that computes the same result, before it
    /// computes the result itself: ten minutes by default; with `Duration::MAX` the call waits as long as it takes.
    ///
    /// ```
    /// use joblib_memory::Memory;
    /// use std::{sync::Barrier, thread, time::Duration};
    ///
    /// let memory = Memory::with_backend("in_memory", "impatient")?.waiting_time(Duration::from_millis(10));
    /// let both = Barrier::new(2);
    /// let meet = memory.cache("meet", || both.wait().is_leader()).captures(());
    /// thread::scope(|scope| {
    ///     scope.spawn(|| meet.eval(()));
    ///     meet.eval(());
    /// });
    /// assert_eq!(meet.stats().misses, 2, "neither waited for the other's result");
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn waiting_time(self, limit: Duration) -> Self {
        self.set(|settings| settings.waiting_time = limit)
    }
}
