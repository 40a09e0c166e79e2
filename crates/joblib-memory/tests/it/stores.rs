//! The stores that the tests run on, and one that fails on request.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::{io, mem};

use joblib_memory::{Limits, Memory, Reduced, StoreOptions, register_store_backend};
use joblib_store::{Blob, Claim, Claimed, CostOf, Error, Item, Key, Scope, Store, Subject, WriteBytes, open};
use tempfile::TempDir;

/// Every kind of store: the built-in backends, and a folder behind another.
pub(crate) const KINDS: &[&str] = if cfg!(feature = "sqlite") {
    &["in_memory", "local", "object", "tiers", "sqlite"]
} else {
    &["in_memory", "local", "object", "tiers"]
};

/// Those of them whose results are files.
pub(crate) const ON_DISK: &[&str] =
    if cfg!(feature = "sqlite") { &["local", "tiers", "sqlite"] } else { &["local", "tiers"] };

/// A memory on a store of this kind, in a folder or under a name.
pub(crate) fn memory_of(kind: &str, name: &str, folder: &Path) -> Memory {
    match kind {
        "in_memory" => Memory::with_backend("in_memory", name.to_owned()).unwrap(),
        "object" => {
            // Its limits are kept from time to time, unless it is asked to look after each result.
            let options = StoreOptions::new(format!("memory://tests/{}", name.replace(' ', "-")));
            Memory::with_options("object", &options.option("sweep_every", "0")).unwrap()
        }
        "tiers" => Memory::new(folder.join("near")).unwrap().shared(folder.join("far")).unwrap(),
        backend => Memory::with_backend(backend, folder.join(backend)).unwrap(),
    }
}

/// A memory on every kind of store, each at a location of its own.
pub(crate) fn memories(name: &str) -> Vec<(Memory, TempDir)> {
    KINDS
        .iter()
        .map(|kind| {
            let folder = tempfile::tempdir().unwrap();
            (memory_of(kind, name, folder.path()), folder)
        })
        .collect()
}

/// The same without tiers, for what they don't promise: that a result which was dropped is gone.
pub(crate) fn memories_alone(name: &str) -> Vec<(Memory, TempDir)> {
    let mut all = memories(name);
    all.retain(|(memory, _)| memory.stats().tiers.is_empty());
    all
}

/// How a store fails.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Claims are left behind instead of being written or given up.
    pub(crate) leaves_claims: AtomicBool,
    /// The results that there is room for, if there is a bound.
    pub(crate) room: AtomicU64,
    /// Reading fails.
    pub(crate) unreadable: AtomicBool,
    /// Results are in files that the system can't read.
    pub(crate) on_bad_disk: AtomicBool,
    /// Listing what is stored takes until this is unset.
    pub(crate) lists_slowly: AtomicBool,
    /// Whether it is being listed.
    pub(crate) is_listed: AtomicBool,
    /// How often it was asked to make room.
    pub(crate) rooms_made: AtomicU64,
}

/// A memory on every kind of store, which fails as its faults say; of tiers the near one fails.
pub(crate) fn failing(name: &str) -> Vec<(Memory, Arc<Faults>, TempDir)> {
    KINDS
        .iter()
        .map(|kind| {
            let folder = tempfile::tempdir().unwrap();
            let faults = Arc::new(Faults { room: u64::MAX.into(), ..Faults::default() });
            let (known, id) = (Arc::clone(&faults), format!("{name} {kind}"));
            let (backend, bucket) = (if *kind == "tiers" { "local" } else { kind }, name.replace(' ', "-"));
            register_store_backend(id.clone(), move |options: &StoreOptions| {
                let inner = if backend == "object" {
                    open(backend, &StoreOptions::new(format!("memory://failing/{bucket}")))?
                } else {
                    open(backend, options)?
                };
                Ok(Arc::new(Failing { inner, faults: Arc::clone(&known) }))
            })
            .unwrap();
            let memory = Memory::with_backend(&id, folder.path().join("cache")).unwrap();
            let memory =
                if *kind == "tiers" { memory.shared(folder.path().join("far")).unwrap() } else { memory };
            (memory, faults, folder)
        })
        .collect()
}

#[derive(Debug)]
struct Failing {
    inner: Arc<dyn Store>,
    faults: Arc<Faults>,
}

impl Failing {
    fn check_room(&self) -> Result<(), Error> {
        let mut items = 0;
        self.inner.visit(&mut |_| {
            items += 1;
            ControlFlow::Continue(())
        })?;
        if items < self.faults.room.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(Error::backend(self.location(), "no space left").with_kind(io::ErrorKind::StorageFull))
    }

    fn check_readable(&self) -> Result<(), Error> {
        if self.faults.unreadable.load(Ordering::SeqCst) {
            return Err(Error::backend(self.location(), "too many open files").about(Subject::Store));
        }
        Ok(())
    }
}

impl Store for Failing {
    fn backend(&self) -> &'static str {
        "failing"
    }

    fn location(&self) -> &str {
        self.inner.location()
    }

    fn get(&self, key: &Key) -> Result<Option<Blob>, Error> {
        self.check_readable()?;
        if self.faults.on_bad_disk.load(Ordering::SeqCst) {
            // Nothing is at its start, where reading is an I/O error.
            let path = std::path::PathBuf::from("/proc/self/mem");
            return Ok(Some(Blob::File { file: std::fs::File::open(&path).unwrap(), path }));
        }
        self.inner.get(key)
    }

    fn contains(&self, key: &Key) -> Result<bool, Error> {
        self.check_readable()?;
        self.inner.contains(key)
    }

    fn claim(&self, key: &Key) -> Result<Claim, Error> {
        self.check_readable()?;
        let full = self.check_room().err();
        let faults = Arc::clone(&self.faults);
        Ok(match self.inner.claim(key)? {
            Claim::Mine(inner) => Claim::Mine(Box::new(FailingClaim { inner: Some(inner), full, faults })),
            taken @ Claim::Taken(_) => taken,
        })
    }

    fn put(&self, key: &Key, write: WriteBytes<'_>) -> Result<u64, Error> {
        self.check_room()?;
        self.inner.put(key, write)
    }

    fn remove(&self, key: &Key) -> Result<bool, Error> {
        self.inner.remove(key)
    }

    fn clear(&self, scope: Scope<'_>) -> Result<u64, Error> {
        self.inner.clear(scope)
    }

    fn visit(&self, visit: &mut dyn FnMut(Item) -> ControlFlow<()>) -> Result<Vec<Error>, Error> {
        self.faults.is_listed.store(true, Ordering::SeqCst);
        while self.faults.lists_slowly.load(Ordering::SeqCst) {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        self.inner.visit(visit)
    }

    fn reduce(&self, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        self.inner.reduce(limits, cost)
    }

    fn tidy(&self, key: &Key, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        self.inner.tidy(key, limits, cost)
    }

    fn make_room(&self, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        self.faults.rooms_made.fetch_add(1, Ordering::SeqCst);
        self.inner.make_room(limits, cost)
    }

    fn was_evicted(&self, key: &Key) -> Result<bool, Error> {
        self.inner.was_evicted(key)
    }
}

#[derive(Debug)]
struct FailingClaim {
    inner: Option<Box<dyn Claimed>>,
    full: Option<Error>,
    faults: Arc<Faults>,
}

impl Claimed for FailingClaim {
    fn write(mut self: Box<Self>, write: WriteBytes<'_>) -> Result<u64, Error> {
        if let Some(full) = self.full.take() {
            return Err(full);
        }
        if self.faults.leaves_claims.load(Ordering::SeqCst) {
            return Err(Error::backend("a failing store", "it was moved away"));
        }
        self.inner.take().expect("it is written once").write(write)
    }
}

impl Drop for FailingClaim {
    fn drop(&mut self) {
        if self.faults.leaves_claims.load(Ordering::SeqCst) {
            mem::forget(self.inner.take());
        }
    }
}
