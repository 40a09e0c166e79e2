//! `Memory`: a store, the settings of its handles, and the functions that were cached in it. Calls
//! are made elsewhere.

mod full_disk;
pub(crate) mod installed;
pub(crate) mod location;
mod options;
mod serialize;
pub(crate) mod settings;
mod shared;
mod sharing;
pub(crate) mod source;
mod warnings;
mod with_metadata;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Instant;

use joblib_record::Recorder;
use joblib_store::{AfterFork, Item, Key, Limits, ProcessLock, Reduced, Scope, Store, StoreOptions};
use once_cell::race::OnceBox;

use self::location::runs_folder;
use self::settings::Settings;
pub use self::shared::SharedCache;
use self::source::Source;
use crate::entry::codec;
use crate::entry::metadata::Metadata;
use crate::error::{Error, Result};
use crate::files::FileDigests;
use crate::function::stats::Stats;
use crate::function::{Function, Functions};
use crate::lock::Inherited;
use crate::report::{self, Level};
use crate::single_flight::FlightId;
use crate::tier::Tier;

/// A cache of functions' results.
///
/// A `Memory` is a handle, and cheap to clone. Clones, and handles opened at the same location, share
/// the store and the counters. Methods that set an option affect only the handle that they return.
///
/// An invalid option, such as `bytes_limit("10 apples")`, is reported by the first of
/// [`install`](Self::install), [`checked`](Self::checked), [`clear`](Self::clear),
/// [`items`](Self::items) and [`reduce_size`](Self::reduce_size) that is called. Functions called
/// with such a handle warn once, compute and store nothing.
///
/// ```
/// use joblib_memory::Memory;
///
/// let folder = tempfile::tempdir()?;
/// let memory = Memory::new(folder.path())?.bytes_limit("10G").items_limit(1_000_000).checked()?;
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

/// What handles of one location share. What is made when it is first needed is in places without a lock that a fork could
/// leave held.
#[derive(Debug)]
struct Shared {
    store: Option<Arc<dyn Store>>,
    /// What the store was opened with.
    source: Option<Source>,
    functions: Functions,
    /// The results that are kept in memory.
    tier: OnceBox<Tier>,
    /// The digests of files that are arguments.
    files: OnceBox<FileDigests>,
    /// The record of this run, if calls are recorded and it can be written.
    recorder: OnceBox<Option<Recorder>>,
    /// Held by the thread that begins it: there is to be one.
    beginning: Inherited<()>,
    /// When the store was full and nothing could be dropped.
    full_since: Inherited<Option<Instant>>,
}

impl Shared {
    fn of(opened: Option<(Arc<dyn Store>, Source)>) -> Self {
        let (store, source) = opened.unzip();
        Self {
            store,
            source,
            functions: Functions::default(),
            tier: OnceBox::new(),
            files: OnceBox::new(),
            recorder: OnceBox::new(),
            beginning: Inherited::default(),
            full_since: Inherited::default(),
        }
    }
}

/// Bytes in which most metadata ends.
const HEAD: u64 = 16 * 1024;

impl Memory {
    /// A cache in the folder `location`, which is created when something is first stored in it.
    ///
    /// If the folder can't be written, functions compute each time, and one warning is printed.
    ///
    /// # Errors
    ///
    /// Returns an error if the location is empty.
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

    /// A cache at a location that is a path or a URL: `s3://bucket/prefix`, `gs://…` and `az://…`, with the features `s3`,
    /// `gcs` and `azure`, for a cache in a bucket; `file:///home/me/cache` or a path for one in a folder.
    ///
    /// Credentials come from each machine's environment. If the bucket can't be reached, one warning is printed and
    /// functions compute.
    ///
    /// # Errors
    ///
    /// Returns an error if the location is empty, no backend supports such URLs, or the URL contains a key.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let memory = Memory::open(format!("file://{}", folder.path().display()))?;
    /// assert_eq!(memory.location(), Some(folder.path()));
    /// assert!(Memory::open("gopher://cache").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(location: impl Into<PathBuf>) -> Result<Self> {
        let (backend, options) = StoreOptions::new(location).by_location()?;
        Self::with_options(backend, &options)
    }

    /// No cache: every call computes.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// assert_eq!(Memory::none().eval("double", |x: i32| 2 * x, (4,)), 8);
    /// ```
    pub fn none() -> Self {
        Self { shared: Arc::new(Shared::of(None)), settings: Arc::default() }
    }

    /// A cache in a store of another backend: `"in_memory"`, `"sqlite"` (with that feature), or your own, registered with
    /// `register_store_backend`.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such backend, the location is empty, or the backend can't
    /// open it.
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

    /// A cache in a store of another backend, with options of that backend.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`with_backend`](Self::with_backend), and an error if the backend doesn't
    /// know an option.
    ///
    /// ```
    /// use joblib_memory::{Memory, StoreOptions};
    ///
    /// let options = StoreOptions::new("scratch").option("colour", "blue");
    /// assert!(Memory::with_options("in_memory", &options).is_err(), "no backend ignores what it does not know");
    /// ```
    pub fn with_options(backend: &str, options: &StoreOptions) -> Result<Self> {
        Self::of_source(Source::new(backend, options.clone()))
    }

    /// The memory of a source, which is one for all that open it in this process.
    pub(crate) fn of_source(source: Source) -> Result<Self> {
        /// What is open of a source. It has a lock of its own: a store that takes long to open, as one behind a network,
        /// must not keep others waiting.
        type Place = Arc<ProcessLock<Weak<Shared>>>;
        static OPENED: ProcessLock<HashMap<String, Place>> = ProcessLock::new(AfterFork::Inherit);
        if source.is_nowhere() {
            return Err(Error::option(
                "the cache's location is empty: name a folder, or use `Memory::none()` for no cache",
            ));
        }
        let place = {
            let mut opened = OPENED.lock();
            opened.retain(|_, place| Arc::strong_count(place) > 1 || place.lock().strong_count() > 0);
            let new = || Arc::new(ProcessLock::new(AfterFork::Inherit));
            Arc::clone(opened.entry(source.id()).or_insert_with(new))
        };
        let mut opened = place.lock();
        let shared = if let Some(shared) = opened.upgrade() {
            shared
        } else {
            let store = source.store()?;
            let shared = Arc::new(Shared::of(Some((store, source))));
            *opened = Arc::downgrade(&shared);
            shared
        };
        Ok(Self { shared, settings: Arc::default() })
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    /// The limits that are enforced while results are stored.
    pub fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    /// The location of the store; `None` if there is no cache.
    pub fn location(&self) -> Option<&Path> {
        self.store().map(|store| Path::new(store.location()))
    }

    /// The store's backend; `None` if there is no cache.
    pub fn backend(&self) -> Option<&str> {
        self.store().map(Store::backend)
    }

    /// Drops all results. Returns how many there were. Those of a [shared](Self::shared) cache are
    /// dropped too, unless it is read-only.
    ///
    /// # Errors
    ///
    /// Returns an error if the store can't be written, or an option that was set is not valid.
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
            report::print(format_args!("Flushing completely the cache in {}", self.location_text()));
        }
        self.clear_scope(Scope::All)
    }

    pub(crate) fn clear_scope(&self, scope: Scope<'_>) -> Result<u64> {
        self.settings.invalid.check()?;
        let Some(store) = self.store() else { return Ok(0) };
        let cleared = store.clear(scope)?;
        self.for_each_tier(|tier| match scope {
            Scope::Function(name) => tier.clear(|function| function == name),
            _ => tier.clear(|_| true),
        });
        Ok(cleared)
    }

    /// Drops results until the cache is within `limits`, looking at all results. The limits of the handle are enforced
    /// without this method; use it for other limits, or to enforce them exactly and at once.
    ///
    /// # Errors
    ///
    /// Returns an error if the store can't be written, or an option that was set is not valid.
    ///
    /// ```
    /// use joblib_memory::{Limits, Memory};
    ///
    /// let memory = Memory::with_backend("in_memory", "reduced")?;
    /// memory.eval("half", |x: f64| x / 2.0, (3.0,));
    /// assert_eq!(memory.reduce_size(&Limits::default().items_limit(0))?.items, 1);
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn reduce_size(&self, limits: &Limits) -> Result<Reduced> {
        self.settings.invalid.check()?;
        match self.store() {
            Some(store) => {
                let reduced = store.reduce(limits, &codec::cost)?;
                // What is gone from the store must not be found in memory; what is not is read
                // again.
                self.for_each_tier(|tier| tier.clear(|_| true));
                Ok(reduced)
            }
            None => Ok(Reduced::default()),
        }
    }

    /// The statistics of this process: since it started, or since the last handle of this cache was
    /// dropped.
    pub fn stats(&self) -> Stats {
        let tiers = self.store().map(Store::tiers).unwrap_or_default();
        Stats { tiers, ..self.shared.functions.stats() }
    }

    /// Returns the stored results, each with its metadata if that can be read. This reads the whole cache.
    ///
    /// # Errors
    ///
    /// Returns an error if the store can't be read, or an option that was set is not valid.
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
        self.settings.invalid.check()?;
        let mut items = Vec::new();
        if let Some(store) = self.store() {
            store.visit(&mut |item| {
                items.push(item);
                std::ops::ControlFlow::Continue(())
            })?;
        }
        Ok(with_metadata::with_metadata(items, |items| self.metadata_of(items)))
    }

    /// Waits until everything that was stored can be found by other processes, for stores that write in the background,
    /// such as a [shared](Self::shared) cache. The end of the process waits too, for at most a minute.
    ///
    /// # Errors
    ///
    /// Returns an error if something could not be written.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// Memory::with_backend("in_memory", "flushed")?.flush()?;
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn flush(&self) -> Result<()> {
        self.store().map_or(Ok(()), |store| Ok(store.flush()?))
    }

    /// The metadata of a stored result, if it can be read. Not a use of the result.
    pub(crate) fn metadata(&self, key: &Key) -> Option<Metadata> {
        let store = self.store()?;
        [HEAD, u64::MAX].into_iter().find_map(|bytes| codec::metadata(store.peek(key, bytes).ok()??))
    }

    /// The same of many results, in their order.
    pub(crate) fn metadata_of(&self, items: &[Item]) -> Vec<Option<Metadata>> {
        let Some(store) = self.store() else { return vec![None; items.len()] };
        let keys: Vec<Key> = items.iter().map(Item::key).collect();
        let whole = |key| codec::metadata(store.peek(key, u64::MAX).ok()??);
        let heads = store.peek_all(&keys, HEAD).into_iter().zip(&keys);
        heads.map(|(head, key)| codec::metadata(head.ok()??).or_else(|| whole(key))).collect()
    }

    pub(crate) fn store(&self) -> Option<&dyn Store> {
        self.shared.store.as_deref()
    }

    pub(crate) fn source(&self) -> Option<&Source> {
        self.shared.source.as_ref()
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn with_settings(mut self, settings: Settings) -> Self {
        self.settings = Arc::new(settings);
        self
    }

    /// The location of the store, for display.
    pub(crate) fn location_text(&self) -> &str {
        self.store().map_or("no cache", Store::location)
    }

    /// The location of one result, for display: its file, if it has one.
    pub(crate) fn location_text_of(&self, key: &Key) -> String {
        let file = self.store().and_then(|store| store.path_of(key));
        file.map_or_else(|| self.location_text().to_owned(), |path| path.display().to_string())
    }

    /// The results that are kept in memory, of all functions that have no limit of their own.
    pub(crate) fn tier(&self) -> &Tier {
        self.shared.tier.get_or_init(Box::default)
    }

    /// The record of this run, if calls are recorded.
    #[doc(hidden)]
    pub fn recorder(&self) -> Option<&Recorder> {
        if !self.settings.record {
            return None;
        }
        if let Some(recorder) = self.shared.recorder.get() {
            return recorder.as_ref();
        }
        let beginning = self.shared.beginning.lock();
        let mut failed = None;
        let open = || {
            Box::new(self.open_record().unwrap_or_else(|error| {
                failed = Some(error);
                None
            }))
        };
        let recorder = self.shared.recorder.get_or_init(open).as_ref();
        drop(beginning);
        // A subscriber that receives the event may call a function of this cache.
        if let Some(error) = failed {
            let message = format_args!(
                "what runs is not recorded: {error}; make the folder writable, or unset JOBLIB_RECORD"
            );
            self.warn_once("record", self.location_text(), message);
        }
        recorder
    }

    fn open_record(&self) -> Result<Option<Recorder>> {
        let Some(store) = self.store() else { return Ok(None) };
        let folder = runs_folder(store)?;
        let recorder = Recorder::for_folder(&folder);
        recorder.map(Some).map_err(|error| Error::option(format!("{}: {error}", folder.display())))
    }

    fn for_each_tier(&self, mut f: impl FnMut(&Tier)) {
        if let Some(tier) = self.shared.tier.get() {
            f(tier);
        }
        self.functions().for_each_tier(f);
    }

    /// Drops a result from the store and from memory.
    pub(crate) fn remove(&self, key: &Key) -> Result<()> {
        if let Some(store) = self.store() {
            store.remove(key)?;
            self.for_each_tier(|tier| tier.remove(key));
        }
        Ok(())
    }

    /// Drops a result of a function from memory.
    pub(crate) fn forget(&self, function: &Function, key: &Key) {
        let tiers = [self.shared.tier.get(), function.tier_in_use()];
        tiers.into_iter().flatten().for_each(|tier| tier.remove(key));
    }

    pub(crate) fn functions(&self) -> &Functions {
        &self.shared.functions
    }

    /// The digests of files that are arguments.
    pub(crate) fn files(&self) -> &FileDigests {
        self.shared.files.get_or_init(|| Box::new(FileDigests::new(self.store().and_then(Store::folder))))
    }

    pub(crate) fn flight_id(&self, key: &Key) -> FlightId {
        let code = key.version().code();
        FlightId {
            store: Arc::as_ptr(&self.shared) as usize,
            code: (code >> 64) as u64 ^ code as u64,
            call: *key.call(),
        }
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

impl AsRef<Memory> for Memory {
    fn as_ref(&self) -> &Memory {
        self
    }
}
