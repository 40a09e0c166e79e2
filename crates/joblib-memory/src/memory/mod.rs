//! `Memory`: a store, and how the results in it are made, checked and kept.

pub(crate) mod installed;
mod serialize;
pub(crate) mod settings;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use joblib_array::MmapMode;
use joblib_persist::Compress;
use joblib_store::{ByteSize, Item, Key, Limits, Policy, Reduced, Scope, Store, StoreOptions, open};

use self::settings::{Settings, check_mmap_mode};
use crate::entry::codec;
use crate::entry::metadata::Metadata;
use crate::error::{Error, Result};
use crate::function::Functions;
use crate::function::stats::Stats;
use crate::report::{self, Level};
use crate::single_flight::FlightId;

/// A cache of functions' results.
///
/// Cloning is cheap; clones, and memories opened at one location, share the store and the counters. The methods that set
/// something change this handle only.
///
/// ```
/// use joblib_memory::Memory;
///
/// let folder = tempfile::tempdir()?;
/// let memory = Memory::new(folder.path())?.bytes_limit("10G")?.items_limit(1_000_000);
/// let square = memory.cache("square", |x: f64| x * x);
/// assert_eq!(square.eval((3.0,)), 9.0);
/// assert_eq!(square.eval((3.0,)), 9.0);
/// assert_eq!((memory.stats().hits, memory.stats().misses), (1, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Memory {
    shared: Arc<Shared>,
    settings: Arc<Settings>,
}

#[derive(Debug)]
struct Shared {
    store: Option<Arc<dyn Store>>,
    /// What the store was opened with, besides its location.
    options: BTreeMap<String, String>,
    functions: Functions,
}

impl Shared {
    fn of(store: Option<Arc<dyn Store>>, options: BTreeMap<String, String>) -> Self {
        Self { store, options, functions: Functions::default() }
    }
}

impl Memory {
    /// A cache in the folder `location`, which is made when something is first stored in it.
    ///
    /// That the folder can't be written is not an error: functions then compute each time, and one warning says so. An
    /// error is an empty location.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let memory = Memory::new(folder.path().join("cache"))?;
    /// assert_eq!(memory.eval("one", || 1, ()), 1);
    /// assert!(folder.path().join("cache/joblib-rs/CACHEDIR.TAG").exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(location: impl AsRef<Path>) -> Result<Self> {
        Self::with_backend("local", location.as_ref())
    }

    /// No cache: every call computes.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// assert_eq!(Memory::none().eval("double", |x: i32| 2 * x, (4,)), 8);
    /// ```
    pub fn none() -> Self {
        Self { shared: Arc::new(Shared::of(None, BTreeMap::new())), settings: Arc::default() }
    }

    /// A cache in a store of another backend: `"in_memory"`, `"sqlite"` (with that feature), or one of your own that was
    /// made known with `register_store_backend`. Errors are an unknown backend, an empty location, and what the backend has
    /// against the location.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// assert_eq!(Memory::with_backend("in_memory", "scratch")?.location(), Some("scratch".as_ref()));
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn with_backend(backend: &str, location: impl Into<PathBuf>) -> Result<Self> {
        Self::with_options(backend, &StoreOptions::new(location))
    }

    /// The same with options that the backend understands; another is an error.
    ///
    /// ```
    /// use joblib_memory::{Memory, StoreOptions};
    ///
    /// let options = StoreOptions::new("scratch").option("colour", "blue");
    /// assert!(Memory::with_options("in_memory", &options).is_err(), "no backend ignores what it does not know");
    /// ```
    pub fn with_options(backend: &str, options: &StoreOptions) -> Result<Self> {
        type Opened = HashMap<String, Weak<Shared>>;
        static OPENED: Mutex<Option<Opened>> = Mutex::new(None);
        if options.location().as_os_str().is_empty() {
            return Err(Error::option(
                "the cache's location is empty: name a folder, or use `Memory::none()` for no cache",
            ));
        }
        let mut id = format!("{backend}\0{}", std::path::absolute(options.location()).map_or_else(
            |_| options.location().display().to_string(),
            |path| path.display().to_string(),
        ));
        for (name, value) in options.options() {
            id.extend(["\0", name, "=", value]);
        }
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = opened.get_or_insert_default();
        let shared = if let Some(shared) = opened.get(&id).and_then(Weak::upgrade) {
            shared
        } else {
            let store = Some(open(backend, options)?);
            let given = options.options().map(|(name, value)| (name.to_owned(), value.to_owned()));
            let shared = Arc::new(Shared::of(store, given.collect()));
            opened.retain(|_, shared| shared.strong_count() > 0);
            opened.insert(id, Arc::downgrade(&shared));
            shared
        };
        Ok(Self { shared, settings: Arc::default() })
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    /// Maps arrays of results into memory instead of reading them: `MmapMode::Read` or `MmapMode::CopyOnWrite`.
    ///
    /// The modes that change the file are an error: a stored result is never changed.
    ///
    /// ```
    /// use joblib_array::MmapMode;
    /// use joblib_memory::Memory;
    ///
    /// assert!(Memory::none().mmap_mode(MmapMode::Read).is_ok());
    /// assert!(Memory::none().mmap_mode(MmapMode::ReadWrite).is_err());
    /// ```
    pub fn mmap_mode(self, mode: MmapMode) -> Result<Self> {
        check_mmap_mode(mode)?;
        Ok(self.set(|settings| settings.mmap_mode = Some(mode)))
    }

    /// Holds mapped arrays against their checksums before a result is used, so that a damaged one is computed again, as one
    /// that is not mapped always is. It reads them once: several times faster than loading them, but not free.
    ///
    /// ```
    /// use joblib_array::{Array, MmapMode};
    /// use joblib_memory::Memory;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let memory = Memory::new(folder.path())?.mmap_mode(MmapMode::Read)?.check_mapped(true);
    /// assert!(memory.eval("zeros", |n: usize| Array::<f64>::zeros(&[n]), (1000,)).is_mapped());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check_mapped(self, check: bool) -> Self {
        self.set(|settings| settings.check_mapped = check)
    }

    /// Compresses stored results: by a level, a compressor's name or both. Compressed results can't be mapped.
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

    /// How much to tell on standard error, by joblib's levels: 0 nothing; 1 calls that are computed, how long that took, and
    /// what is cleared; 2 also calls that are loaded; 5 how long loading took; 10 from where; 11 why calls are computed (which
    /// looks through the cache), where results are stored and what limits drop; 20 the hashes that are looked for.
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

    /// Bytes that the cache may hold: a number, or a text such as `"10G"` (powers of 1024). An error is a text that is none.
    pub fn bytes_limit<S>(self, limit: S) -> Result<Self>
    where
        S: TryInto<ByteSize>,
        Error: From<S::Error>,
    {
        let bytes = limit.try_into()?.bytes();
        Ok(self.set(|settings| settings.limits.bytes = Some(bytes)))
    }

    /// Results that the cache may hold.
    pub fn items_limit(self, limit: u64) -> Self {
        self.set(|settings| settings.limits.items = Some(limit))
    }

    /// For how long a result is kept that nobody uses.
    ///
    /// ```
    /// use joblib_memory::Memory;
    /// use std::time::Duration;
    ///
    /// let day = Duration::from_secs(24 * 3600);
    /// let memory = Memory::none().age_limit(90 * day).superseded_age_limit(Some(7 * day));
    /// assert_eq!((memory.limits().age, memory.limits().superseded_age), (Some(90 * day), Some(7 * day)));
    /// ```
    pub fn age_limit(self, limit: Duration) -> Self {
        self.set(|settings| settings.limits.age = Some(limit))
    }

    /// The same for results of earlier code: 30 days unless set; `None` keeps them as others.
    pub fn superseded_age_limit(self, limit: Option<Duration>) -> Self {
        self.set(|settings| settings.limits.superseded_age = limit)
    }

    /// Which results go first when a limit is reached.
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

    /// How long a call waits for another thread or process that computes the same result, before it computes the result
    /// itself: ten minutes unless set; with `Duration::MAX` as long as it takes.
    ///
    /// ```
    /// use joblib_memory::Memory;
    /// use std::{sync::Barrier, thread, time::Duration};
    ///
    /// let memory = Memory::with_backend("in_memory", "impatient")?.waiting_time(Duration::from_millis(10));
    /// let both = Barrier::new(2);
    /// let meet = memory.cache("meet", || both.wait().is_leader());
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

    /// The limits that are kept while results are stored.
    pub fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    /// Where the results are; `None` where there is no cache.
    pub fn location(&self) -> Option<&Path> {
        self.store().map(|store| Path::new(store.location()))
    }

    /// The store's backend; `None` where there is no cache.
    pub fn backend(&self) -> Option<&str> {
        self.store().map(Store::backend)
    }

    /// Drops all results. Returns how many there were. An error is the store's.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// let memory = Memory::with_backend("in_memory", "cleared")?;
    /// memory.eval("half", |x: f64| x / 2.0, (3.0,));
    /// assert_eq!(memory.clear()?, 1);
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn clear(&self) -> Result<u64> {
        if Level(self.settings.verbose).computing() {
            report::say(format_args!("Flushing completely the cache in {}", self.place()));
        }
        self.clear_scope(Scope::All)
    }

    pub(crate) fn clear_scope(&self, scope: Scope<'_>) -> Result<u64> {
        match self.store() {
            Some(store) => Ok(store.clear(scope)?),
            None => Ok(0),
        }
    }

    /// Drops what `limits` have no room for, looking at the whole cache. [`Memory::limits`] holds by itself; this is for
    /// other limits, or to hold them to the byte at once. An error is the store's.
    ///
    /// ```
    /// use joblib_memory::{Limits, Memory};
    ///
    /// let memory = Memory::with_backend("in_memory", "reduced")?;
    /// memory.eval("half", |x: f64| x / 2.0, (3.0,));
    /// assert_eq!(memory.reduce_size(&Limits { items: Some(0), ..Limits::default() })?.items, 1);
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn reduce_size(&self, limits: &Limits) -> Result<Reduced> {
        match self.store() {
            Some(store) => Ok(store.reduce(limits, &codec::cost)?),
            None => Ok(Reduced::default()),
        }
    }

    /// What the cache did since the process started, or since no handle of this cache was left.
    pub fn stats(&self) -> Stats {
        self.shared.functions.stats()
    }

    /// The stored results, each with what is known of it where that can be read. This walks the whole cache, and counts as a
    /// use of each result. An error is the store's.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// let memory = Memory::with_backend("in_memory", "listed")?;
    /// memory.eval("half", |x: f64| x / 2.0, (3.0,));
    /// for (item, metadata) in memory.items()? {
    ///     assert_eq!(metadata.map(|metadata| metadata.function().to_owned()).as_deref(), Some("half"));
    ///     assert!(item.bytes > 0);
    /// }
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn items(&self) -> Result<Vec<(Item, Option<Metadata>)>> {
        let mut items = Vec::new();
        if let Some(store) = self.store() {
            store.visit(&mut |item| {
                items.push(item);
                std::ops::ControlFlow::Continue(())
            })?;
        }
        let metadata = |item: &Item| self.metadata(&item.key());
        Ok(items.into_iter().map(|item| (item.clone(), metadata(&item))).collect())
    }

    pub(crate) fn metadata(&self, key: &Key) -> Option<Metadata> {
        let blob = self.store()?.get(key).ok()??;
        codec::Entry::open(blob, None).ok().map(|entry| entry.metadata)
    }

    pub(crate) fn store(&self) -> Option<&dyn Store> {
        self.shared.store.as_deref()
    }

    pub(crate) fn options(&self) -> &BTreeMap<String, String> {
        &self.shared.options
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where the results are, for people.
    pub(crate) fn place(&self) -> &str {
        self.store().map_or("no cache", Store::location)
    }

    /// The same for one result: its file, where it has one by now.
    pub(crate) fn place_of(&self, key: &Key) -> String {
        let file = self.store().and_then(|store| store.path_of(key));
        file.map_or_else(|| self.place().to_owned(), |path| path.display().to_string())
    }

    pub(crate) fn functions(&self) -> &Functions {
        &self.shared.functions
    }

    pub(crate) fn flight_id(&self, key: &Key) -> FlightId {
        let code = key.version().code();
        (Arc::as_ptr(&self.shared) as usize, (code >> 64) as u64 ^ code as u64, *key.call())
    }

    pub(crate) fn cannot_write(&self, error: &joblib_store::Error) {
        let place = self.store().map(|store| store.location().to_owned()).unwrap_or_default();
        let help = if error.is_full() {
            "make room, or set a limit with `Memory::bytes_limit`".to_owned()
        } else if let Some(file) = Path::new(&place).ancestors().find(|path| path.is_file()) {
            format!(
                "{} is a file and not a folder: choose another location with `Memory::new` or JOBLIB_CACHE_DIR",
                file.display()
            )
        } else {
            "make it writable, or choose another location with `Memory::new` or JOBLIB_CACHE_DIR".to_owned()
        };
        report::warn_once(
            "store",
            &place,
            format_args!(
                "the cache in {place} can't store results, which are computed each time: {error}; {help}"
            ),
        );
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("location", &self.location())
            .field("backend", &self.backend())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// `Memory(location="cache")`, as joblib prints it.
impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.location() {
            Some(location) => write!(f, "Memory(location={:?})", location.display().to_string()),
            None => f.write_str("Memory(location=None)"),
        }
    }
}

impl AsRef<Memory> for Memory {
    fn as_ref(&self) -> &Memory {
        self
    }
}
