#![doc = include_str!("README.md")]

mod claim;
mod folder;
mod journal;
mod pack;
mod root;
mod store;
mod sweep;
mod touch;
mod walk;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::{Duration, SystemTime};

use self::folder::{Folder, Opened, entry_of};
use self::journal::Journal;
use self::root::{Access, is_missing};
use crate::blob::Blob;
use crate::byte_size::ByteSize;
use crate::error::Error;
use crate::file_size_limit::survive_file_size_limit;
use crate::key::Key;
use crate::lease::{Watch, lease};
use crate::limits::Limits;
use crate::options::StoreOptions;
use crate::process_lock::{AfterFork, ProcessLock};
use crate::store::{Claim, CostOf, Item, Scope, Store, WriteBytes};
use crate::usage::Reduced;

/// Results of fewer bytes are packed, unless the option `pack_below` says otherwise.
const PACK_BELOW: u64 = 4096;
/// The largest value of that option.
const MAX_PACK_BELOW: u64 = 16 * 1024;

/// A store in a folder: small results are packed together, larger ones have a file each. `local/README.md` beside the
/// source describes how it works.
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
    claims: claim::Kind,
    /// Whether locks were found not to work here.
    locks_fail: AtomicBool,
    /// How long an unchanged claim is believed.
    lease: Duration,
    /// Results of fewer bytes are packed.
    pack_below: u64,
    touched: touch::Touched,
    sweep: ProcessLock<Arc<Mutex<sweep::Sweep>>>,
    /// Whether this process has looked for what dead ones left.
    tidied: AtomicBool,
}

impl Local {
    /// Opens the store in the folder `options.location()`, which is created when something is first stored. Its options:
    /// - `claims`: how other processes learn that a result is being computed: by kernel `locks` (the default), which end
    ///   with their process, or by `files`. If locks don't work, files are used. Set `files` for a network file system
    ///   whose locks work but are not seen by other machines (`nolock` or `local_lock` of NFS).
    /// - `lease`: the time after which a claim in a file is taken over if its holder can't be seen, for example on another
    ///   machine, and does not refresh it. A number of seconds, or a time such as `2min`; `30` by default.
    /// - `pack_below`: results of fewer bytes are packed together instead of having a file each. `4K` by default, at most
    ///   `16K`; 0 turns packing off.
    ///
    /// # Errors
    ///
    /// Returns an error if an option is unknown or has an invalid value, or if the location is a URL, can't be made
    /// absolute, or is not valid UTF-8.
    pub fn open(options: &StoreOptions) -> Result<Self, Error> {
        options.allow_only(&["claims", "lease", "pack_below"])?;
        let (claims, lease, pack_below) = (claim::kind(options)?, lease(options)?, pack_below(options)?);
        let location = options.folder()?;
        let folder = Folder::new(&location);
        let journal = Journal::new(&folder.root);
        survive_file_size_limit();
        Ok(Self {
            location: location.display().to_string(),
            shared: Arc::new(Shared {
                folder,
                journal,
                watch: Watch::default(),
                claims,
                locks_fail: AtomicBool::new(false),
                lease,
                pack_below,
                touched: touch::Touched::default(),
                sweep: ProcessLock::new(AfterFork::Renew),
                tidied: AtomicBool::new(false),
            }),
        })
    }

    /// The bytes under a key, wherever they are.
    fn find(&self, key: &Key, touch: bool) -> Result<Option<Blob>, Error> {
        let mut folder = self.shared.folder.opened()?;
        loop {
            let Some(opened) = folder else { return Ok(None) };
            if let Some(blob) = self.find_in(&opened, key, touch)? {
                return Ok(Some(blob));
            }
            // The folder may have been moved away, and another made in its place.
            if opened.is_current() {
                return Ok(None);
            }
            folder = self.shared.folder.current()?;
        }
    }

    fn find_in(&self, folder: &Opened, key: &Key, touch: bool) -> Result<Option<Blob>, Error> {
        let version = key.version().path();
        let pack = folder.packs.of(version);
        let packed = || {
            let due = || touch && self.shared.touched.is_due(key.call());
            let content = pack.read(folder, key.call(), due);
            content
                .map(|content| content.map(Blob::Bytes))
                .map_err(|error| Error::io("read from", folder.path(version), error))
        };
        let file = || {
            let entry = entry_of(key);
            match folder.file(&entry, Access::Read) {
                Ok(file) => {
                    if touch && self.shared.touched.is_due(key.call()) {
                        touch::touch(&file);
                    }
                    Ok(Some(Blob::File { file, path: folder.path(&entry) }))
                }
                Err(error) if is_missing(&error) => Ok(None),
                Err(error) => Err(Error::io("open", folder.path(&entry), error)),
            }
        };
        let files_first = pack.files_first();
        let first = if files_first { file() } else { packed() };
        if let Ok(Some(blob)) = first {
            return Ok(Some(blob));
        }
        let second = if files_first { packed() } else { file() };
        if let Ok(Some(blob)) = second {
            pack.set_files_first(!files_first);
            return Ok(Some(blob));
        }
        first.and(second)
    }
}

fn pack_below(options: &StoreOptions) -> Result<u64, Error> {
    let Some(text) = options.get("pack_below") else { return Ok(PACK_BELOW) };
    let size = text.parse::<ByteSize>().map(ByteSize::bytes).ok().filter(|size| *size <= MAX_PACK_BELOW);
    size.ok_or_else(|| options.invalid("pack_below", "a size from 0 to 16K"))
}

impl Store for Local {
    fn backend(&self) -> &'static str {
        "local"
    }

    fn location(&self) -> &str {
        &self.location
    }

    fn folder(&self) -> Option<PathBuf> {
        Some(self.shared.folder.path().to_owned())
    }

    fn is_there(&self) -> Result<bool, Error> {
        Ok(self.shared.folder.current()?.is_some())
    }

    fn get(&self, key: &Key) -> Result<Option<Blob>, Error> {
        self.find(key, true)
    }

    fn peek(&self, key: &Key, _bytes: u64) -> Result<Option<Blob>, Error> {
        self.find(key, false)
    }

    fn contains(&self, key: &Key) -> Result<bool, Error> {
        let Some(folder) = self.shared.folder.current()? else { return Ok(false) };
        let (version, entry) = (key.version().path(), entry_of(key));
        match folder.file(&entry, Access::Read) {
            Ok(_) => return Ok(true),
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(Error::io("open", folder.path(&entry), error)),
        }
        let packed = folder.packs.of(version).contains(&folder, key.call());
        packed.map_err(|error| Error::io("read from", folder.path(version), error))
    }

    fn claim(&self, key: &Key) -> Result<Claim, Error> {
        if !self.shared.tidied.swap(true, Ordering::Relaxed) {
            claim::remove_litter(&self.shared);
        }
        claim::claim(&self.shared, key)
    }

    fn put(&self, key: &Key, write: WriteBytes<'_>) -> Result<u64, Error> {
        store::put(&self.shared, key, write)
    }

    fn remove(&self, key: &Key) -> Result<bool, Error> {
        let Some(folder) = self.shared.folder.current()? else { return Ok(false) };
        let (version, entry) = (key.version().path(), entry_of(key));
        let bytes = folder.stat(&entry).map_or(0, |found| u64::try_from(found.st_size).unwrap_or(0));
        let had_file = match folder.remove(&entry) {
            Ok(()) => true,
            Err(error) if is_missing(&error) => false,
            Err(error) => return Err(Error::io("remove", folder.path(&entry), error)),
        };
        let pack = folder.packs.of(version);
        let removed = pack.remove(&folder, std::iter::once(key.call()), |_, _| true);
        let removed =
            removed.map_err(|error| Error::io("remove a result from", folder.path(version), error))?;
        if had_file || !removed.is_empty() {
            self.shared.journal.dropped(&journal_id(key), bytes);
        }
        Ok(had_file || !removed.is_empty())
    }

    fn clear(&self, scope: Scope<'_>) -> Result<u64, Error> {
        let cleared = sweep::clear(&self.shared, scope);
        self.shared.folder.forget();
        cleared
    }

    fn visit(&self, visit: &mut dyn FnMut(Item) -> ControlFlow<()>) -> Result<Vec<Error>, Error> {
        sweep::visit(&self.shared, visit)
    }

    fn reduce(&self, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        claim::remove_litter(&self.shared);
        sweep::reduce(&self.shared, limits, cost)
    }

    fn evict(&self, items: &[Item]) -> Result<Reduced, Error> {
        sweep::evict(&self.shared, items)
    }

    fn tidy(&self, key: &Key, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        // One thread at a time; the others need not wait for it.
        let sweep = Arc::clone(&*self.shared.sweep.lock());
        match sweep.try_lock() {
            Ok(mut sweep) => sweep.step(&self.shared, key, limits, cost),
            Err(TryLockError::Poisoned(poisoned)) => {
                poisoned.into_inner().step(&self.shared, key, limits, cost)
            }
            Err(TryLockError::WouldBlock) => Ok(Reduced::default()),
        }
    }

    fn path_of(&self, key: &Key) -> Option<PathBuf> {
        let entry = entry_of(key);
        let folder = self.shared.folder.opened().ok()??;
        let is_packed = folder.packs.of(key.version().path()).contains(&folder, key.call());
        (!is_packed.unwrap_or(false)).then(|| folder.path(&entry))
    }

    fn was_evicted(&self, key: &Key) -> Result<bool, Error> {
        Ok(self.shared.journal.was_evicted(&journal_id(key)))
    }
}

fn journal_id(key: &Key) -> [u8; 16] {
    journal::id(key.version().path(), key.call())
}
