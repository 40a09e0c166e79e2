//! The results of this process only: for tests, and for programs that want the cache's other services without files.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::store::WriteBytes;
use crate::{
    Blob, Candidate, Claim, Claimed, CostOf, Error, FunctionVersion, Holder, Item, Key, Limits, Policy,
    Reduced, Scope, Store, StoreOptions, Usage, choose,
};

/// Results in this process's memory. All stores opened at one location are one store while one of them lives.
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
    shared: Arc<Mutex<Shared>>,
    location: String,
}

#[derive(Debug, Default)]
struct Shared {
    entries: HashMap<Key, Entry>,
    current: HashMap<String, Arc<FunctionVersion>>,
    claims: HashSet<Key>,
    evicted: HashSet<Key>,
    usage: Usage,
}

#[derive(Debug)]
struct Entry {
    bytes: Arc<[u8]>,
    used: SystemTime,
}

impl InMemory {
    /// The store at `options.location()`, which is a name without a meaning beyond this process.
    pub fn open(options: &StoreOptions) -> Result<Self, Error> {
        type Known = HashMap<String, std::sync::Weak<Mutex<Shared>>>;
        static KNOWN: Mutex<Option<Known>> = Mutex::new(None);
        options.allow_only(&[])?;
        let location = options.location().display().to_string();
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_default();
        known.retain(|_, shared| shared.strong_count() > 0);
        let shared = known.get(&location).and_then(std::sync::Weak::upgrade).unwrap_or_default();
        known.insert(location.clone(), Arc::downgrade(&shared));
        Ok(Self { shared, location })
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn put(shared: &Mutex<Shared>, key: &Key, write: WriteBytes<'_>) -> Result<u64, Error> {
    let mut bytes = Vec::new();
    write(&mut bytes).map_err(|error| Error::backend("memory", error))?;
    let length = bytes.len() as u64;
    let mut shared = lock(shared);
    shared.current.insert(key.version().function().to_owned(), Arc::clone(key.version()));
    shared.evicted.remove(key);
    shared.usage = shared.usage.plus(length);
    let entry = Entry { bytes: bytes.into(), used: SystemTime::now() };
    if let Some(before) = shared.entries.insert(key.clone(), entry) {
        shared.usage = shared.usage.minus(before.bytes.len() as u64);
    }
    Ok(length)
}

impl Shared {
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
        let now = SystemTime::now();
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
                    idle: now.duration_since(entry.used).unwrap_or_default(),
                    cost,
                    current: self.is_current(key),
                };
                (key.clone(), candidate)
            })
            .unzip();
        let mut reduced = Reduced::default();
        for index in choose(&candidates, self.usage, limits) {
            if let Some(bytes) = self.remove(&keys[index]) {
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

    fn contains(&self, key: &Key) -> Result<bool, Error> {
        Ok(self.lock().entries.contains_key(key))
    }

    fn claim(&self, key: &Key) -> Result<Claim, Error> {
        if self.lock().claims.insert(key.clone()) {
            Ok(Claim::Mine(Box::new(MemoryClaim { shared: Arc::clone(&self.shared), key: key.clone() })))
        } else {
            Ok(Claim::Taken(Holder::this_process()))
        }
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

    fn visit(&self, visit: &mut dyn FnMut(Item) -> ControlFlow<()>) -> Result<(), Error> {
        let items: Vec<Item> = {
            let shared = self.lock();
            let item = |(key, entry): (&Key, &Entry)| {
                let bytes = entry.bytes.len() as u64;
                Item::new(Arc::clone(key.version()), *key.call(), bytes, entry.used, shared.is_current(key))
            };
            shared.entries.iter().map(item).collect()
        };
        let _ = items.into_iter().try_for_each(visit);
        Ok(())
    }

    fn reduce(&self, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        Ok(self.lock().reduce(limits, cost))
    }

    fn tidy(&self, _key: &Key, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        let mut shared = self.lock();
        if limits.allow(shared.usage) {
            return Ok(Reduced::default());
        }
        // Going an eighth below the limit pays for looking at everything.
        let lower = |limit: Option<u64>| limit.map(|limit| limit - limit / 8);
        let lower = Limits { bytes: lower(limits.bytes), items: lower(limits.items), ..limits.clone() };
        Ok(shared.reduce(&lower, cost))
    }

    fn was_evicted(&self, key: &Key) -> Result<bool, Error> {
        Ok(self.lock().evicted.contains(key))
    }
}

#[derive(Debug)]
struct MemoryClaim {
    shared: Arc<Mutex<Shared>>,
    key: Key,
}

impl Claimed for MemoryClaim {
    fn write(self: Box<Self>, write: WriteBytes<'_>) -> Result<u64, Error> {
        put(&self.shared, &self.key, write)
    }
}

impl Drop for MemoryClaim {
    fn drop(&mut self) {
        lock(&self.shared).claims.remove(&self.key);
    }
}
