//! The folder's names, what is made in it on first use, and the human-readable notes in it.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::journal;
use super::pack::Packs;
use super::root::{Access, Root, is_missing, not_a_folder};
use crate::claim_locks::ClaimLocks;
use crate::error::Error;
use crate::holder::Holder;
use crate::key::{FunctionVersion, Key, fnv64, push_hex};
use crate::process_lock::{AfterFork, ProcessLock};

/// All files of the store are in this folder of the location: a folder of the user's is never cleared.
const OWN: &str = "joblib-rs";
pub(super) const CLAIMS: &str = "claims";
/// The file whose bytes are locked for claims.
const LOCKS: &str = "claims.lock";
pub(super) const SUFFIX: &str = ".joblib";

const CACHEDIR_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # This file marks a cache of joblib for Rust, which backup programs may skip.\n\
    # For information see https://bford.info/cachedir/\n";

/// Where the store is.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) root: PathBuf,
    opened: ProcessLock<Option<Arc<Opened>>>,
}

/// The folder as it was when it was opened, and what this process knows of it.
#[derive(Debug)]
pub(super) struct Opened {
    root: Root,
    /// Versions whose folders this process has made here, or has found to be real.
    made: ProcessLock<HashSet<String>>,
    pub(super) packs: Packs,
    locks: ProcessLock<Option<Arc<ClaimLocks>>>,
}

impl Deref for Opened {
    type Target = Root;

    fn deref(&self) -> &Root {
        &self.root
    }
}

impl Folder {
    pub(super) fn new(location: &Path) -> Self {
        Self { root: location.join(OWN), opened: ProcessLock::new(AfterFork::Inherit) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.root
    }

    /// The folder, which may have been moved since it was opened; `None` if there is none.
    pub(super) fn opened(&self) -> Result<Option<Arc<Opened>>, Error> {
        if let Some(opened) = &*self.opened.lock() {
            return Ok(Some(Arc::clone(opened)));
        }
        match Root::open(&self.root) {
            Ok(root) => {
                let opened = Arc::new(Opened {
                    root,
                    made: ProcessLock::new(AfterFork::Inherit),
                    packs: Packs::default(),
                    locks: ProcessLock::new(AfterFork::Inherit),
                });
                *self.opened.lock() = Some(Arc::clone(&opened));
                Ok(Some(opened))
            }
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(Error::io("open the folder", &self.root, error)),
        }
    }

    /// The folder that the path leads to now; `None` if there is none.
    pub(super) fn current(&self) -> Result<Option<Arc<Opened>>, Error> {
        match self.opened()? {
            Some(opened) if opened.is_current() => Ok(Some(opened)),
            Some(_) => {
                self.forget();
                self.opened()
            }
            None => Ok(None),
        }
    }

    /// The folder that the path leads to now, which is made if it is missing.
    pub(super) fn made(&self) -> Result<Arc<Opened>, Error> {
        if let Some(opened) = self.current()? {
            return Ok(opened);
        }
        self.make()?;
        self.opened()?.ok_or_else(|| Error::io("open the folder", &self.root, io::ErrorKind::NotFound.into()))
    }

    /// Makes the folder, its marks and the folder of claims.
    pub(super) fn make(&self) -> Result<(), Error> {
        let claims = self.root.join(CLAIMS);
        let is_new = self.root.parent().is_some_and(|parent| fs::create_dir_all(parent).is_ok())
            && fs::create_dir(&self.root).is_ok();
        if is_new {
            journal::begin(&self.root);
        }
        fs::create_dir_all(&claims).map_err(|error| Error::io("create the folder", &claims, error))?;
        for path in [&self.root, &claims] {
            if !fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
                return Err(Error::io("use", path, not_a_folder()));
            }
        }
        for (name, text) in [(".gitignore", "*\n"), ("CACHEDIR.TAG", CACHEDIR_TAG)] {
            // The cache is used even if a mark can't be written; one that exists is left as it is.
            if let Ok(mut file) = OpenOptions::new().write(true).create_new(true).open(self.root.join(name)) {
                let _ = file.write_all(text.as_bytes());
            }
        }
        self.forget();
        Ok(())
    }

    /// Forgets what was known of the folder, after something was found missing.
    pub(super) fn forget(&self) {
        *self.opened.lock() = None;
    }
}

impl Opened {
    /// Makes the folders of a function and of a version of its code, once per process.
    pub(super) fn make_version(&self, version: &FunctionVersion) -> Result<(), Error> {
        if self.made.lock().contains(version.path()) {
            return Ok(());
        }
        for folder in [version.function_folder(), version.path()] {
            self.root
                .make_folder(folder)
                .map_err(|error| Error::io("create the folder", self.root.path(folder), error))?;
        }
        let (function, folder) = (version.function_folder(), version.path());
        self.note(&format!("{function}/name"), version.function())?;
        self.note(
            &format!("{folder}/code.rs"),
            &format!("// {}\n{}\n", version.function(), version.source()),
        )?;
        self.note(&format!("{function}/current"), version.code_folder())?;
        self.made.lock().insert(version.path().to_owned());
        Ok(())
    }

    /// The file of the claims' locks.
    pub(super) fn locks(&self) -> io::Result<Arc<ClaimLocks>> {
        let mut locks = self.locks.lock();
        if let Some(locks) = &*locks {
            return Ok(Arc::clone(locks));
        }
        let open = || self.root.plain_file(LOCKS, Access::Make);
        let opened = ClaimLocks::open(|| self.root.identity(LOCKS), open)?;
        Ok(Arc::clone(locks.insert(opened)))
    }

    /// Forgets the file of locks, after it was removed.
    pub(super) fn forget_locks(&self) {
        *self.locks.lock() = None;
    }

    pub(super) fn locks_path(&self) -> PathBuf {
        self.root.path(LOCKS)
    }

    /// Forgets that the folders of a version were made, after something in them was found missing.
    pub(super) fn forget_version(&self, version: &FunctionVersion) {
        self.made.lock().remove(version.path());
    }

    /// Writes a small text whole, unless it already stands there.
    fn note(&self, relative: &str, text: &str) -> Result<(), Error> {
        if self.root.small_text(relative).is_some_and(|found| found == text) {
            return Ok(());
        }
        let temporary = temporary_name();
        let written = self
            .root
            .file(&temporary, Access::Create)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .and_then(|()| self.root.rename(&temporary, relative));
        written.map_err(|error| {
            let _ = self.root.remove(&temporary);
            Error::io("write", self.root.path(relative), error)
        })
    }

    /// The whole name of the function in a folder, if it is a function's.
    pub(super) fn function_in(&self, folder: &str) -> Option<String> {
        self.root.small_text(&format!("{folder}/name"))
    }

    /// The folder of a function's latest code.
    pub(super) fn current_in(&self, folder: &str) -> Option<String> {
        self.root.small_text(&format!("{folder}/current"))
    }

    /// The code in a version's folder, in human-readable form.
    pub(super) fn source_in(&self, path: &str) -> String {
        let text = self.root.small_text(&format!("{path}/code.rs")).unwrap_or_default();
        text.split_once('\n').map(|(_, code)| code.trim_end().to_owned()).unwrap_or_default()
    }
}

/// The path of a result's own file below the folder.
pub(super) fn entry(version: &str, call: &[u8; 16]) -> String {
    let mut path = String::with_capacity(version.len() + 33 + SUFFIX.len());
    path.push_str(version);
    path.push('/');
    push_hex(&mut path, call);
    path.push_str(SUFFIX);
    path
}

pub(super) fn entry_of(key: &Key) -> String {
    entry(key.version().path(), key.call())
}

/// A name in the folder of claims that nobody else uses, on any host. It tells [`author`] who uses it.
pub(super) fn temporary_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let holder = Holder::this_process();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{CLAIMS}/{}-{}-{}-{count}.tmp", host_mark(&holder), holder.pid(), holder.started())
}

/// The process of this host that made a temporary name, without its folder; `None` if it is of another host or unknown.
pub(super) fn author(temporary: &str) -> Option<Holder> {
    let mut parts = temporary.strip_suffix(".tmp")?.split('-');
    let (host, pid, started, _count) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let author = Holder::of_this_host(pid.parse().ok()?, started.parse().ok()?);
    (host_mark(&author) == host).then_some(author)
}

fn host_mark(holder: &Holder) -> String {
    format!("{:016x}", fnv64(holder.host().as_bytes()))
}
