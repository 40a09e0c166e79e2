#![doc = include_str!("README.md")]

mod exit;
mod figures;
mod job;
mod queue;
mod shared;
mod upload;

use std::collections::HashSet;
use std::fmt;
use std::ops::{ControlFlow, RangeInclusive};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use self::figures::Counters;
use self::shared::Shared;
use self::upload::Uploads;
use crate::blob::Blob;
use crate::error::Error;
use crate::generation::generation;
use crate::key::Key;
use crate::limits::Limits;
use crate::process_lock::{AfterFork, ProcessLock};
use crate::store::{Claim, Claimed, CostOf, GetFuture, Item, Scope, Store, WriteBytes};
use crate::tier_figures::TierFigures;
use crate::usage::Reduced;

/// A near store in front of a far one. `tiered/README.md` beside the source describes how it works.
///
/// ```
/// use joblib_store::{FunctionVersion, Key, Store, StoreOptions, Tiered, open};
///
/// let near = open("in_memory", &StoreOptions::new("near"))?;
/// let far = open("in_memory", &StoreOptions::new("far"))?;
/// let tiers = Tiered::new(near.clone(), far.clone());
/// let key = Key::new(&FunctionVersion::new("demo::fit", 1, "fn fit() {}"), [7; 16]);
/// tiers.put(&key, &mut |out| out.write_all(b"result"))?;
/// tiers.flush()?;
/// assert!(far.contains(&key)?);
/// near.remove(&key)?;
/// assert!(tiers.get(&key)?.is_some() && near.contains(&key)?, "found far away, and then near");
/// # Ok::<(), joblib_store::Error>(())
/// ```
pub struct Tiered {
    inner: Arc<Inner>,
}

/// What claims need after the call that made them.
struct Inner {
    shared: Arc<Shared>,
    uploads: ProcessLock<Option<Uploads>>,
    compute_once: bool,
    wait: bool,
    /// The process that made it. A forked child waits for its uploads, as it may end without notice.
    generation: u64,
    /// Keys that this process has claimed after it asked the far store, which need not be asked again.
    claimed: ProcessLock<HashSet<Key>>,
    /// Whether the near store got results that the limits were not asked about.
    filled: AtomicBool,
}

impl fmt::Debug for Tiered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tiered")
            .field("near", &self.inner.shared.near)
            .field("far", &self.inner.shared.far)
            .field("read_only", &self.inner.shared.read_only)
            .field("compute_once", &self.inner.compute_once)
            .finish_non_exhaustive()
    }
}

/// Options of [`Tiered`], made by [`Tiered::builder`].
///
/// ```
/// use joblib_store::{StoreOptions, Tiered, TieredBuilder, open};
///
/// let near = open("in_memory", &StoreOptions::new("mine"))?;
/// let far = open("in_memory", &StoreOptions::new("a colleague's"))?;
/// let builder: TieredBuilder = Tiered::builder(near, far);
/// let tiers = builder.read_only(true).on_failure(|error| println!("{error}")).build();
/// # let _ = tiers;
/// # Ok::<(), joblib_store::Error>(())
/// ```
pub struct TieredBuilder {
    shared: Shared,
    compute_once: bool,
    wait: bool,
}

impl fmt::Debug for TieredBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TieredBuilder").field("near", &self.shared.near).finish_non_exhaustive()
    }
}

impl TieredBuilder {
    /// Only reads the far store.
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.shared.read_only = read_only;
        self
    }

    /// Claims results in the far store too, so that only one process on all machines computes each of them.
    pub fn compute_once(mut self, compute_once: bool) -> Self {
        self.compute_once = compute_once;
        self
    }

    /// Waits for each upload, instead of uploading in the background.
    pub fn wait_for_uploads(mut self, wait: bool) -> Self {
        self.wait = wait;
        self
    }

    /// Sets a function that is called with each failure of the far store, on any thread.
    pub fn on_failure(mut self, report: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.shared.report = Some(Box::new(report));
        self
    }

    /// Creates the store.
    pub fn build(self) -> Tiered {
        let inner = Inner {
            shared: Arc::new(self.shared),
            // What a parent has to upload, it uploads.
            uploads: ProcessLock::new(AfterFork::Renew),
            compute_once: self.compute_once,
            wait: self.wait,
            generation: generation(),
            claimed: ProcessLock::new(AfterFork::Renew),
            filled: AtomicBool::new(false),
        };
        Tiered { inner: Arc::new(inner) }
    }
}

impl Tiered {
    /// Puts `near` in front of `far`.
    pub fn new(near: Arc<dyn Store>, far: Arc<dyn Store>) -> Self {
        Self::builder(near, far).build()
    }

    /// Puts `near` in front of `far`, with options.
    pub fn builder(near: Arc<dyn Store>, far: Arc<dyn Store>) -> TieredBuilder {
        let counters = Counters::default();
        let shared = Shared { near, far, read_only: false, counters, report: None };
        TieredBuilder { shared, compute_once: false, wait: false }
    }
}

impl Inner {
    /// Counts what the near store has.
    fn near(&self, found: Result<Option<Blob>, Error>) -> Result<Option<Blob>, Error> {
        let found = found?;
        if found.is_some() {
            self.shared.counters.near_hit();
        }
        Ok(found)
    }

    /// Whether the far store is known to have nothing.
    fn is_known_missing(&self, key: &Key) -> bool {
        let mut claimed = self.claimed.lock();
        !claimed.is_empty() && claimed.remove(key)
    }

    /// Reads what the far store has. A use is noted where that may be written.
    fn read_far(&self, key: &Key) -> Result<Option<Blob>, Error> {
        let Shared { far, read_only, .. } = &*self.shared;
        if *read_only { far.peek(key, u64::MAX) } else { far.get(key) }
    }

    /// Keeps what was found far away.
    fn fill(&self, key: &Key, found: Option<Blob>) -> Option<Blob> {
        let Some(blob) = found else {
            self.shared.counters.miss();
            return None;
        };
        let bytes = match blob.into_bytes() {
            Ok(bytes) => bytes,
            Err(error) => {
                self.shared.failed(&Error::backend(self.shared.far.location(), error));
                return None;
            }
        };
        self.shared.counters.far_hit(bytes.len() as u64);
        // A near store that can't take it is told of when something is computed.
        if self.shared.near.put(key, &mut |out| out.write_all(&bytes)).is_ok() {
            self.filled.store(true, Ordering::Relaxed);
            if key.is_mappable()
                && let Ok(Some(near)) = self.shared.near.get(key)
            {
                return Some(near);
            }
        }
        Some(Blob::Owned(Box::new(bytes)))
    }

    /// Uploads a result: before it returns, or in the background.
    fn upload(&self, key: &Key, claim: Option<Box<dyn Claimed>>) {
        if self.shared.read_only {
            return;
        }
        if self.wait || self.generation != generation() {
            return upload::upload(&self.shared, key, claim);
        }
        let uploads = self.uploads.lock().get_or_insert_with(|| Uploads::new(&self.shared)).clone();
        uploads.push(key.clone(), claim);
    }

    /// Claims a result far away. One that this process has computed and is uploading is waited for.
    fn claim_far(&self, key: &Key) -> Result<Claim, Error> {
        let claim = self.shared.far.claim(key)?;
        match (&claim, self.uploads()) {
            (Claim::Taken(holder), Some(uploads)) if holder.is_this_process() => {
                uploads.wait_for(key);
                self.shared.far.claim(key)
            }
            _ => Ok(claim),
        }
    }

    fn uploads(&self) -> Option<Uploads> {
        self.uploads.lock().clone()
    }

    /// Stores in the near store, then far away; if the near one fails, in the far one alone.
    fn stored(
        &self,
        key: &Key,
        near: Result<u64, Error>,
        far_claim: Option<Box<dyn Claimed>>,
        write: WriteBytes<'_>,
    ) -> Result<u64, Error> {
        match near {
            Ok(bytes) => {
                self.upload(key, far_claim);
                Ok(bytes)
            }
            Err(error) if error.is_of_store() && !self.shared.read_only => {
                let far = match far_claim {
                    Some(claim) => claim.write(write),
                    None => self.shared.far.put(key, write),
                };
                match far {
                    Ok(bytes) => self.shared.counters.uploaded(bytes),
                    Err(far) => self.shared.failed(&far),
                }
                // The near store's error is what the caller can do something about.
                Err(error)
            }
            Err(error) => Err(error),
        }
    }
}

impl Store for Tiered {
    fn backend(&self) -> &str {
        self.inner.shared.near.backend()
    }

    fn location(&self) -> &str {
        self.inner.shared.near.location()
    }

    fn get(&self, key: &Key) -> Result<Option<Blob>, Error> {
        if let Some(blob) = self.inner.near(self.inner.shared.near.get(key))? {
            return Ok(Some(blob));
        }
        if self.inner.is_known_missing(key) {
            return Ok(None);
        }
        let found = self.inner.shared.far(self.inner.read_far(key));
        Ok(self.inner.fill(key, found))
    }

    fn get_async<'a>(&'a self, key: &'a Key) -> Option<GetFuture<'a>> {
        Some(Box::pin(async move {
            let Shared { near, far, read_only, .. } = &*self.inner.shared;
            // The near store may be tiers too.
            let found = match near.get_async(key) {
                Some(found) => found.await,
                None => near.get(key),
            };
            if let Some(blob) = self.inner.near(found)? {
                return Ok(Some(blob));
            }
            if self.inner.is_known_missing(key) {
                return Ok(None);
            }
            let found = if *read_only { far.peek_async(key, u64::MAX) } else { far.get_async(key) };
            let found = match found {
                Some(found) => found.await,
                None => self.inner.read_far(key),
            };
            let found = self.inner.shared.far(found);
            Ok(self.inner.fill(key, found))
        }))
    }

    fn peek(&self, key: &Key, bytes: u64) -> Result<Option<Blob>, Error> {
        match self.inner.shared.near.peek(key, bytes)? {
            Some(blob) => Ok(Some(blob)),
            None => Ok(self.inner.shared.far(self.inner.shared.far.peek(key, bytes))),
        }
    }

    fn peek_all(&self, keys: &[Key], bytes: u64) -> Vec<Result<Option<Blob>, Error>> {
        let shared = &self.inner.shared;
        let mut found = shared.near.peek_all(keys, bytes);
        let missing: Vec<usize> =
            (0..found.len()).filter(|place| matches!(found[*place], Ok(None))).collect();
        let keys: Vec<Key> = missing.iter().map(|place| keys[*place].clone()).collect();
        for (place, far) in missing.into_iter().zip(shared.far.peek_all(&keys, bytes)) {
            found[place] = Ok(shared.far(far));
        }
        found
    }

    fn contains(&self, key: &Key) -> Result<bool, Error> {
        Ok(self.inner.shared.near.contains(key)?
            || self.inner.shared.far(self.inner.shared.far.contains(key)))
    }

    fn location_with(&self, key: &Key) -> Result<Option<String>, Error> {
        match self.inner.shared.near.location_with(key)? {
            Some(location) => Ok(Some(location)),
            None => Ok(self.inner.shared.far(self.inner.shared.far.location_with(key))),
        }
    }

    fn claim(&self, key: &Key) -> Result<Claim, Error> {
        let near = match self.inner.shared.near.claim(key)? {
            Claim::Mine(near) => near,
            taken @ Claim::Taken(_) => return Ok(taken),
        };
        let far = if self.inner.compute_once && !self.inner.shared.read_only {
            match self.inner.claim_far(key) {
                Ok(Claim::Mine(far)) => Some(far),
                // The near claim is dropped, and asked for again with the far one.
                Ok(Claim::Taken(holder)) => return Ok(Claim::Taken(holder)),
                Err(error) => {
                    self.inner.shared.failed(&error);
                    None
                }
            }
        } else {
            self.inner.claimed.lock().insert(key.clone());
            None
        };
        Ok(Claim::Mine(Box::new(TieredClaim {
            near: Some(near),
            far,
            key: key.clone(),
            tiers: Arc::clone(&self.inner),
        })))
    }

    fn waits_for_network(&self) -> bool {
        let Inner { shared, compute_once, wait, .. } = &*self.inner;
        let waits_for_far = (*compute_once || *wait) && !shared.read_only && shared.far.waits_for_network();
        shared.near.waits_for_network() || waits_for_far
    }

    fn shortcoming(&self) -> Option<String> {
        let shared = &self.inner.shared;
        shared.near.shortcoming().or_else(|| {
            let reason = shared.far.shortcoming()?;
            Some(format!("the shared cache {} behind it: {reason}", shared.far.location()))
        })
    }

    fn poll_interval(&self) -> RangeInclusive<Duration> {
        if self.inner.compute_once {
            self.inner.shared.far.poll_interval()
        } else {
            self.inner.shared.near.poll_interval()
        }
    }

    fn put(&self, key: &Key, write: WriteBytes<'_>) -> Result<u64, Error> {
        let near = self.inner.shared.near.put(key, write);
        self.inner.stored(key, near, None, write)
    }

    fn remove(&self, key: &Key) -> Result<bool, Error> {
        if let Some(uploads) = self.inner.uploads() {
            uploads.cancel(|waiting| waiting == key);
        }
        let near = self.inner.shared.near.remove(key)?;
        Ok(if self.inner.shared.read_only { near } else { self.inner.shared.far.remove(key)? || near })
    }

    fn clear(&self, scope: Scope<'_>) -> Result<u64, Error> {
        if let Some(uploads) = self.inner.uploads() {
            uploads.cancel(|waiting| match scope {
                Scope::All => true,
                Scope::Function(name) => waiting.version().function() == name,
            });
        }
        let near = self.inner.shared.near.clear(scope)?;
        // Which are in both is not known.
        Ok(if self.inner.shared.read_only { near } else { self.inner.shared.far.clear(scope)?.max(near) })
    }

    fn visit(&self, visit: &mut dyn FnMut(Item) -> ControlFlow<()>) -> Result<Vec<Error>, Error> {
        self.inner.shared.near.visit(visit)
    }

    fn reduce(&self, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        self.inner.shared.near.reduce(limits, cost)
    }

    fn tidy(&self, key: &Key, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        self.inner.filled.store(false, Ordering::Relaxed);
        self.inner.shared.near.tidy(key, limits, cost)
    }

    fn is_tidying_due(&self) -> bool {
        self.inner.filled.load(Ordering::Relaxed)
    }

    fn make_room(&self, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        self.inner.shared.near.make_room(limits, cost)
    }

    fn flush(&self) -> Result<(), Error> {
        self.inner.shared.near.flush()?;
        if let Some(uploads) = self.inner.uploads() {
            uploads.wait(None)?;
        }
        if self.inner.shared.read_only { Ok(()) } else { self.inner.shared.far.flush() }
    }

    fn folder(&self) -> Option<PathBuf> {
        self.inner.shared.near.folder()
    }

    fn path_of(&self, key: &Key) -> Option<PathBuf> {
        self.inner.shared.near.path_of(key)
    }

    fn was_evicted(&self, key: &Key) -> Result<bool, Error> {
        self.inner.shared.near.was_evicted(key)
    }

    fn tiers(&self) -> Vec<TierFigures> {
        let waiting = self.inner.uploads().map_or(0, |uploads| uploads.len());
        let (near, far) =
            self.inner.shared.counters.read(&*self.inner.shared.near, &*self.inner.shared.far, waiting);
        let nearer = self.inner.shared.near.tiers();
        let mut tiers = if nearer.is_empty() { vec![near] } else { nearer };
        tiers.push(far);
        tiers
    }
}

/// The claim on the near store, and on the far one if it was asked.
struct TieredClaim {
    near: Option<Box<dyn Claimed>>,
    far: Option<Box<dyn Claimed>>,
    key: Key,
    tiers: Arc<Inner>,
}

impl fmt::Debug for TieredClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TieredClaim").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Claimed for TieredClaim {
    fn write(mut self: Box<Self>, write: WriteBytes<'_>) -> Result<u64, Error> {
        let near = match self.near.take() {
            Some(near) => near.write(write),
            None => self.tiers.shared.near.put(&self.key, write),
        };
        let far = self.far.take();
        self.tiers.stored(&self.key, near, far, write)
    }
}

impl Drop for TieredClaim {
    fn drop(&mut self) {
        self.tiers.claimed.lock().remove(&self.key);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(uploads) = self.uploads() {
            // An error was reported when it happened.
            let _ = uploads.wait(Some(exit::LONGEST));
        }
    }
}
