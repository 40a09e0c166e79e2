//! The options of a function that is cached without a macro.

use std::sync::Arc;
use std::time::Duration;

use joblib_array::MmapMode;
use joblib_hash::Algorithm;
use joblib_persist::Compress;
use serde::Serialize;

use super::captures::Captures;
use super::{Described, MemorizedFunc};
use crate::entry::metadata::Metadata;
use crate::memory::settings::valid_mmap_mode;

impl<F> MemorizedFunc<F> {
    /// Sets the version of the function's code: only results of this version are used, also by later builds of the program.
    /// Change the version when the code of the function, or of what it calls, changes, and give each function a different
    /// name. Unless set, results belong to one build of the program; see [`Memory::cache`](crate::Memory::cache).
    ///
    /// The function's type still counts: its name, and the compiler's number for it. The number changes
    /// with another version of the compiler, another profile, other features or dependencies, and if a
    /// closure is inserted before this one in the same function. Then results are computed again.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// let memory = Memory::with_backend("in_memory", "versions")?;
    /// memory.cache("scale", |x: f64| 2.0 * x).eval((1.0,));
    /// assert_eq!(memory.cache("scale", |x: f64| 3.0 * x).version(2).eval((1.0,)), 3.0);
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn version(mut self, version: u64) -> Self {
        self.version = Some(version);
        self.described = Described::default();
        self
    }

    /// Leaves the arguments at these positions, counted from 0, out of the key.
    pub fn ignore(mut self, positions: impl IntoIterator<Item = usize>) -> Self {
        self.ignore = positions.into_iter().collect();
        self
    }

    /// Gives the values that the function captures, which become part of the key, like arguments. They
    /// are hashed once, in this call. Give everything that a result depends on, several values as a
    /// tuple, and `()` if no result depends on what is captured, such as a counter. Without this, a closure
    /// that captures something is computed at each call; see [`Memory::cache`](crate::Memory::cache).
    ///
    /// If the values can't be hashed, a warning is printed when the function is called, and it is
    /// computed each time.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// let memory = Memory::with_backend("in_memory", "captured")?;
    /// let weights = vec![0.5, 2.0];
    /// let weigh = memory.cache("weigh", |at: usize, x: f64| weights[at] * x).captures(&weights);
    /// assert_eq!(weigh.eval((1, 3.0)), 6.0);
    /// assert!(weigh.check_call_in_cache((1, 3.0)));
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    #[allow(clippy::needless_pass_by_value, reason = "values are given as arguments are")]
    pub fn captures(mut self, values: impl Serialize) -> Self {
        // Without a store nothing has a key.
        let is_stored = self.memory.store().is_some();
        self.captures = if is_stored { Captures::given(&values) } else { Captures::Nothing };
        self
    }

    /// Maps arrays of results; see [`Memory::mmap_mode`](crate::Memory::mmap_mode) for the valid modes. An invalid mode is
    /// reported by [`clear`](Self::clear), and by a warning when the function is called, which then stores nothing.
    ///
    /// ```
    /// use joblib_array::{Array, MmapMode};
    /// use joblib_memory::Memory;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let zeros = Memory::new(folder.path())?.cache("zeros", |n: usize| Array::<f64>::zeros(&[n]));
    /// let zeros = zeros.mmap_mode(MmapMode::Read);
    /// assert!(zeros.eval((1000,)).is_mapped());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn mmap_mode(mut self, mode: MmapMode) -> Self {
        self.options.mmap_mode = self.invalid.note(valid_mmap_mode(mode));
        self
    }

    /// Sets the hash function for arguments; see [`Memory::hasher`](crate::Memory::hasher).
    ///
    /// ```
    /// use joblib_hash::Algorithm;
    /// use joblib_memory::Memory;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let sum = Memory::new(folder.path())?.cache("sum", |x: Vec<f64>| x.iter().sum::<f64>());
    /// let sum = sum.hasher(Algorithm::Xxh3);
    /// assert_eq!([sum.eval((vec![0.5; 100],)), sum.eval((vec![0.5; 100],))], [50.0; 2]);
    /// assert_eq!(sum.stats().hits, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn hasher(mut self, algorithm: Algorithm) -> Self {
        self.options.hasher = Some(algorithm);
        self
    }

    /// Sets whether the checksums of mapped arrays are verified, in place of the memory's setting; see
    /// [`Memory::verify_mapped`](crate::Memory::verify_mapped).
    ///
    /// ```
    /// use joblib_array::{Array, MmapMode};
    /// use joblib_memory::Memory;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let zeros = Memory::new(folder.path())?.cache("zeros", |n: usize| Array::<f64>::zeros(&[n]));
    /// let zeros = zeros.mmap_mode(MmapMode::Read).verify_mapped(true);
    /// assert!(zeros.eval((1000,)).is_mapped() && zeros.check_call_in_cache((1000,)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify_mapped(mut self, verify: bool) -> Self {
        self.options.verify_mapped = Some(verify);
        self
    }

    /// Compresses stored results, with a level, a compressor's name or both; see
    /// [`Memory::compress`](crate::Memory::compress).
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// let memory = Memory::with_backend("in_memory", "one compressed")?;
    /// let ones = memory.cache("ones", |n: usize| vec![1.0; n]).compress(("zlib", 3));
    /// assert_eq!(ones.eval((10_000,)).len(), 10_000);
    /// assert!(ones.stats().bytes_written < 10_000, "of 80 000");
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn compress(mut self, compress: impl Into<Compress>) -> Self {
        self.compress = Some(compress.into());
        self
    }

    /// Sets what is printed, in place of the memory's setting; see [`Memory::verbose`](crate::Memory::verbose).
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// let memory = Memory::with_backend("in_memory", "one silent")?.verbose(1);
    /// let lookup = memory.cache("lookup", |id: u32| id + 1).verbose(0);
    /// assert_eq!(lookup.eval((7,)), 8); // nobody needs to hear of this one
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn verbose(mut self, level: u32) -> Self {
        self.options.verbose = Some(level);
        self
    }

    /// Computes results again that are older than this.
    ///
    /// ```
    /// use joblib_memory::Memory;
    /// use std::time::Duration;
    ///
    /// let memory = Memory::with_backend("in_memory", "expired")?;
    /// let now = memory.cache("now", || 1).expires_after(Duration::ZERO);
    /// now.eval(());
    /// assert!(!now.check_call_in_cache(()));
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn expires_after(mut self, age: Duration) -> Self {
        self.options.expires_after = Some(age);
        self
    }

    /// Sets a function that decides whether a stored result is used: after `false` it is computed
    /// again.
    ///
    /// ```
    /// use joblib_memory::Memory;
    /// use std::time::Duration;
    ///
    /// let memory = Memory::with_backend("in_memory", "validated")?;
    /// let quick = memory.cache("quick", |x: i32| x);
    /// let kept = quick.cache_validation_callback(|metadata| metadata.duration() > Duration::from_secs(1));
    /// kept.eval((1,));
    /// assert!(!kept.check_call_in_cache((1,)), "what was computed in less is computed again");
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn cache_validation_callback(
        mut self,
        callback: impl Fn(&Metadata) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.callback = Some(Arc::new(callback));
        self
    }

    /// Keeps the arguments' values out of the stored metadata and of what is printed.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// let memory = Memory::with_backend("in_memory", "secrets")?;
    /// memory.cache("login", |password: &str| password.len()).redact(true).eval(("hunter2",));
    /// let (_, metadata) = memory.items()?.remove(0);
    /// assert_eq!(metadata.map(|metadata| metadata.arguments()[0].text().map(str::to_owned)), Some(None));
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn redact(mut self, redact: bool) -> Self {
        self.options.redact = redact;
        self
    }

    /// Stores the `tracing` events at or above the level INFO that the function emits while it is computed, and emits
    /// them again on each hit, with the field `replayed`, the target `joblib::memory` and their original target in the
    /// field `origin`, so that the log of a run with hits is complete.
    ///
    /// Events of tasks that the function runs with `Parallel` are included. At most 10,000 events or a megabyte of text
    /// are stored for a computation. A result that was stored without `replay` has no events.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// let memory = Memory::with_backend("in_memory", "replayed")?;
    /// let fit = memory.cache("fit", |rows: u32| { tracing::info!(rows, "fitting"); rows * 2 }).replay(true);
    /// fit.eval((3,));
    /// fit.eval((3,)); // emits "fitting rows=3" again
    /// let (_, metadata) = memory.items()?.remove(0);
    /// assert_eq!(metadata.map(|metadata| metadata.event_count()), Some(1));
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn replay(mut self, replay: bool) -> Self {
        self.options.replay = replay;
        self
    }
}
