//! The results of this process only: for tests, and for programs that want the cache's other services without files.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::{Arc, MutexGuard, Weak};
use std::time::SystemTime;

use crate::blob::Blob;
use crate::error::Error;
use crate::generation::generation;
use crate::holder::Holder;
use crate::key::{FunctionVersion, Key};
use crate::limits::{Limits, choose};
use crate::options::StoreOptions;
use crate::policy::{Candidate, Policy};
use crate::process_lock::{AfterFork, ProcessLock};
use crate::store::{Claim, Claimed, CostOf, Item, Scope, Store, WriteBytes};
use crate::usage::{Reduced, Usage};

/// A store in this process's memory. Stores opened at the same location share their results as long as one of them exists.
///
/// ```
/// use joblib_store::{InMemory, Store, StoreOptions};
///
/// let store = InMemory::open(&StoreOptions::new("scratch"))?;
/// assert_eq!(store.location(), "scratch");
/// # Ok::<(), joblib_store::Error>(())
/// ```
#[derive(Debug)]
pub struct InMemory {
    shared: Arc<Shared>,
    location: String,
}

/// Dropped results that are remembered.
const MAX_EVICTED: usize = 100_000;

/// A forked child goes on with what its parent had, or with nothing if its parent was just changing it.
#[derive(Debug)]
struct Shared(ProcessLock<State>);

impl Default for Shared {
    fn default() -> Self {
        Self(ProcessLock::new(AfterFork::Inherit))
    }
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<Key, Entry>,
    current: HashMap<String, Arc<FunctionVersion>>,
    /// Claims, and the process that holds each: a forked child does not wait for its parent's.
    claims: HashMap<Key, u64>,
    evicted: HashSet<Key>,
    usage: Usage,
    /// When all were last looked at for those that are too old.
    looked: Option<SystemTime>,
}

#[derive(Debug)]
struct Entry {
    bytes: Arc<[u8]>,
    used: SystemTime,
}

impl InMemory {
    /// Opens the store at `options.location()`, which is any name.
    ///
    /// # Errors
    ///
    /// Returns an error if there are options, because this store has none, or if the location is not valid UTF-8.
    pub fn open(options: &StoreOptions) -> Result<Self, Error> {
        static KNOWN: ProcessLock<HashMap<String, Weak<Shared>>> = ProcessLock::new(AfterFork::Inherit);
        options.allow_only(&[])?;
        let location = options.text()?.to_owned();
        let mut known = KNOWN.lock();
        known.retain(|_, shared| shared.strong_count() > 0);
        let shared = known.get(&location).and_then(Weak::upgrade).unwrap_or_default();
        known.insert(location.clone(), Arc::downgrade(&shared));
        Ok(Self { shared, location })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock()
    }
}

fn put(shared: &Shared, key: &Key, write: WriteBytes<'_>) -> Result<u64, Error> {
    let mut bytes = Vec::new();
    write(&mut bytes).map_err(Error::value)?;
    let length = bytes.len() as u64;
    let mut state = shared.0.lock();
    state.current.insert(key.version().function().to_owned(), Arc::clone(key.version()));
    state.evicted.remove(key);
    state.usage = state.usage.plus(length);
    let entry = Entry { bytes: bytes.into(), used: SystemTime::now() };
    if let Some(before) = state.entries.insert(key.clone(), entry) {
        state.usage = state.usage.minus(before.bytes.len() as u64);
    }
    Ok(length)
}

impl State {
    fn remove(&mut self, key: &Key) -> Option<u64> {
        let bytes = self.entries.remove(key)?.bytes.len() as u64;
        self.usage = self.usage.minus(bytes);
        Some(bytes)
    }

    fn is_current(&self, key: &Key) -> bool {
        self.current
            .get(key.version().function())
            .is_none_or(|version| version.code() == key.version().code())
    }

    fn reduce(&mut self, limits: &Limits, cost: CostOf<'_>) -> Reduced {
        let limits = &limits.at_one_time();
        let (keys, candidates): (Vec<Key>, Vec<Candidate>) = self
            .entries
            .iter()
            .map(|(key, entry)| {
                let cost = match limits.policy {
                    Policy::CostAware => cost(Blob::Bytes(Arc::clone(&entry.bytes))),
                    Policy::LeastRecentlyUsed => None,
                };
                let candidate = Candidate {
                    bytes: entry.bytes.len() as u64,
                    idle: limits.idle(entry.used),
                    cost,
                    current: self.is_current(key),
                };
                (key.clone(), candidate)
            })
            .unzip();
        let mut reduced = Reduced::default();
        for index in choose(&candidates, self.usage, limits) {
            if let Some(bytes) = self.remove(&keys[index]) {
                // It only tells why a result is computed again.
                if self.evicted.len() >= MAX_EVICTED {
                    self.evicted.clear();
                }
                self.evicted.insert(keys[index].clone());
                reduced.add(bytes);
            }
        }
        reduced
    }
}

impl Store for InMemory {
    fn backend(&self) -> &'static str {
        "in_memory"
    }

    fn location(&self) -> &str {
        &self.location
    }

    fn get(&self, key: &Key) -> Result<Option<Blob>, Error> {
        let mut shared = self.lock();
        Ok(shared.entries.get_mut(key).map(|entry| {
            entry.used = SystemTime::now();
            Blob::Bytes(Arc::clone(&entry.bytes))
        }))
    }

    fn peek(&self, key: &Key, _bytes: u64) -> Result<Option<Blob>, Error> {
        Ok(self.lock().entries.get(key).map(|entry| Blob::Bytes(Arc::clone(&entry.bytes))))
    }

    fn contains(&self, key: &Key) -> Result<bool, Error> {
        Ok(self.lock().entries.contains_key(key))
    }

    fn claim(&self, key: &Key) -> Result<Claim, Error> {
        let generation = generation();
        if self.lock().claims.insert(key.clone(), generation) == Some(generation) {
            return Ok(Claim::Taken(Holder::this_process()));
        }
        let shared = Arc::clone(&self.shared);
        Ok(Claim::Mine(Box::new(MemoryClaim { shared, key: key.clone(), generation })))
    }

    fn put(&self, key: &Key, write: WriteBytes<'_>) -> Result<u64, Error> {
        put(&self.shared, key, write)
    }

    fn remove(&self, key: &Key) -> Result<bool, Error> {
        Ok(self.lock().remove(key).is_some())
    }

    fn clear(&self, scope: Scope<'_>) -> Result<u64, Error> {
        let mut shared = self.lock();
        let wanted = |key: &Key| match scope {
            Scope::All => true,
            Scope::Function(name) => key.version().function() == name,
        };
        let keys: Vec<Key> = shared.entries.keys().filter(|key| wanted(key)).cloned().collect();
        for key in &keys {
            shared.remove(key);
        }
        Ok(keys.len() as u64)
    }

    fn visit(&self, visit: &mut dyn FnMut(Item) -> ControlFlow<()>) -> Result<Vec<Error>, Error> {
        let items: Vec<Item> = {
            let shared = self.lock();
            let item = |(key, entry): (&Key, &Entry)| {
                let bytes = entry.bytes.len() as u64;
                Item::new(Arc::clone(key.version()), *key.call(), bytes, entry.used, shared.is_current(key))
            };
            shared.entries.iter().map(item).collect()
        };
        let _ = items.into_iter().try_for_each(visit);
        Ok(Vec::new())
    }

    fn reduce(&self, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        Ok(self.lock().reduce(limits, cost))
    }

    fn tidy(&self, key: &Key, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        let mut state = self.lock();
        if !limits.allow(state.usage) {
            return Ok(state.reduce(&limits.lowered(8), cost));
        }
        // Digests are uniform, so ages are looked at with every 256th miss, and then only after a part of what they may be.
        let ages = [limits.age, limits.superseded_age];
        let Some(age) = ages.into_iter().flatten().min().filter(|_| key.call()[0] == 0) else {
            return Ok(Reduced::default());
        };
        let now = limits.now();
        if state.looked.is_some_and(|looked| now.duration_since(looked).is_ok_and(|since| since < age / 32)) {
            return Ok(Reduced::default());
        }
        state.looked = Some(now);
        Ok(state.reduce(limits, cost))
    }

    fn was_evicted(&self, key: &Key) -> Result<bool, Error> {
        Ok(self.lock().evicted.contains(key))
    }
}

#[derive(Debug)]
struct MemoryClaim {
    shared: Arc<Shared>,
    key: Key,
    /// The process that claimed: a forked child drops what it has of its parent's, too.
    generation: u64,
}

impl Claimed for MemoryClaim {
    fn write(self: Box<Self>, write: WriteBytes<'_>) -> Result<u64, Error> {
        put(&self.shared, &self.key, write)
    }
}

impl Drop for MemoryClaim {
    fn drop(&mut self) {
        if self.generation == generation() {
            self.shared.0.lock().claims.remove(&self.key);
        }
    }
}
