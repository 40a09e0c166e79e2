#![doc = include_str!("README.md")]

mod claim;
mod folder;
mod journal;
mod sweep;
mod touch;

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::{Duration, SystemTime};

use crate::blob::Blob;
use crate::error::Error;
use crate::key::Key;
use crate::lease::{Watch, lease};
use crate::limits::Limits;
use crate::options::StoreOptions;
use crate::process_lock::{AfterFork, ProcessLock};
use crate::store::{Claim, CostOf, Item, Scope, Store, WriteBytes};
use crate::usage::{Reduced, Usage};
use folder::Folder;
use journal::Journal;

/// A folder with one file per result. `local/README.md` beside the source tells how it works.
///
/// ```
/// use joblib_store::{FunctionVersion, Key, Local, Store, StoreOptions};
///
/// let folder = tempfile::tempdir()?;
/// let store = Local::open(&StoreOptions::new(folder.path()))?;
/// let key = Key::new(&FunctionVersion::new("demo::fit", 1, "fn fit() {}"), [7; 16]);
/// assert_eq!(store.put(&key, &mut |out| out.write_all(b"result"))?, 6);
/// assert!(store.contains(&key)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Local {
    shared: Arc<Shared>,
    location: String,
}

/// What claims need after the call that made them.
#[derive(Debug)]
struct Shared {
    folder: Folder,
    journal: Journal,
    watch: Watch<SystemTime>,
    /// How long an unchanged claim is believed.
    lease: Duration,
    touched: touch::Touched,
    sweep: ProcessLock<Arc<Mutex<sweep::Sweep>>>,
    /// Whether this process has looked for what dead ones left.
    tidied: AtomicBool,
}

impl Shared {
    fn added(&self, key: &Key, bytes: u64) {
        self.journal.added(&journal_id(key), bytes);
    }
}

impl Local {
    /// The store in the folder `options.location()`, which is made when something is first stored.
    ///
    /// The option `lease` is the number of seconds after which a claim is taken over whose holder can't be seen, as on
    /// another machine, and does not refresh it: 30 unless set.
    ///
    /// # Errors
    ///
    /// Returns an error if an option is unknown or has an invalid value, or if the location can't be made absolute.
    pub fn open(options: &StoreOptions) -> Result<Self, Error> {
        options.allow_only(&["lease"])?;
        let lease = lease(options)?;
        let options = options.clone().absolute()?;
        let folder = Folder::new(options.location())?;
        let journal = Journal::new(folder.path("usage"));
        let location = folder.root.parent().unwrap_or(&folder.root).display().to_string();
        Ok(Self {
            shared: Arc::new(Shared {
                folder,
                journal,
                watch: Watch::default(),
                lease,
                touched: touch::Touched::default(),
                sweep: ProcessLock::new(AfterFork::Renew),
                tidied: AtomicBool::new(false),
            }),
            location,
        })
    }
}

fn put(shared: &Shared, key: &Key, write: WriteBytes<'_>) -> Result<u64, Error> {
    let name = folder::temporary_name();
    let path = shared.folder.path(&name);
    let file = shared.folder.create(&name)?;
    let stored = claim::write_over(&file, 0, write)
        .map_err(|error| Error::io("write", &path, error))
        .and_then(|bytes| shared.folder.settle(&path, key).map(|()| bytes));
    match stored {
        Ok(bytes) => {
            shared.added(key, bytes);
            Ok(bytes)
        }
        Err(error) => {
            let _ = fs::remove_file(&path);
            Err(error)
        }
    }
}

impl Store for Local {
    fn backend(&self) -> &'static str {
        "local"
    }

    fn location(&self) -> &str {
        &self.location
    }

    fn get(&self, key: &Key) -> Result<Option<Blob>, Error> {
        let relative = Folder::entry(key);
        match self.shared.folder.open(&relative) {
            Ok(file) => {
                self.shared.touched.touch(key.call(), &file);
                Ok(Some(Blob::File { file, path: self.shared.folder.path(&relative) }))
            }
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(Error::io("open", self.shared.folder.path(&relative), error)),
        }
    }

    fn contains(&self, key: &Key) -> Result<bool, Error> {
        let relative = Folder::entry(key);
        match self.shared.folder.open(&relative) {
            Ok(_) => Ok(true),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(Error::io("open", self.shared.folder.path(&relative), error)),
        }
    }

    fn claim(&self, key: &Key) -> Result<Claim, Error> {
        if !self.shared.tidied.swap(true, Ordering::Relaxed) {
            claim::remove_litter(&self.shared);
        }
        claim::claim(&self.shared, key)
    }

    fn put(&self, key: &Key, write: WriteBytes<'_>) -> Result<u64, Error> {
        put(&self.shared, key, write)
    }

    fn remove(&self, key: &Key) -> Result<bool, Error> {
        let path = self.shared.folder.path(&Folder::entry(key));
        let bytes = fs::symlink_metadata(&path).map_or(0, |found| found.len());
        match fs::remove_file(&path) {
            Ok(()) => {
                self.shared.journal.dropped(&journal_id(key), bytes);
                Ok(true)
            }
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(Error::io("remove", path, error)),
        }
    }

    fn clear(&self, scope: Scope<'_>) -> Result<u64, Error> {
        let cleared = sweep::clear(&self.shared, scope);
        self.shared.folder.forget();
        cleared
    }

    fn visit(&self, visit: &mut dyn FnMut(Item) -> ControlFlow<()>) -> Result<(), Error> {
        sweep::visit(&self.shared, visit);
        Ok(())
    }

    fn reduce(&self, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        claim::remove_litter(&self.shared);
        sweep::reduce(&self.shared, limits, cost)
    }

    fn tidy(&self, key: &Key, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        // One thread at a time; the others need not wait for it.
        let sweep = Arc::clone(&*self.shared.sweep.lock());
        match sweep.try_lock() {
            Ok(mut sweep) => Ok(sweep.step(&self.shared, key, limits, cost)),
            Err(TryLockError::Poisoned(poisoned)) => {
                Ok(poisoned.into_inner().step(&self.shared, key, limits, cost))
            }
            Err(TryLockError::WouldBlock) => Ok(Reduced::default()),
        }
    }

    fn path_of(&self, key: &Key) -> Option<PathBuf> {
        Some(self.shared.folder.path(&Folder::entry(key)))
    }

    fn was_evicted(&self, key: &Key) -> Result<bool, Error> {
        Ok(self.shared.journal.was_evicted(&journal_id(key)))
    }
}

/// A file where the cache's folder should be holds no results either; storing one will say so.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn journal_id(key: &Key) -> [u8; 16] {
    journal::id(key.version().path(), key.call())
}

/// All results of the cache, by counting.
fn count(found: &[sweep::Found]) -> Usage {
    found.iter().fold(Usage::default(), |usage, item| usage.plus(item.bytes))
}
