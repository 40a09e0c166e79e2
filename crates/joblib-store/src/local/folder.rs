//! The folder itself: names, files beneath it that are never reached through links, and what is made in it on first use.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Error;
use crate::holder::Holder;
use crate::key::{FunctionVersion, Key, push_hex};
use crate::process_lock::{AfterFork, ProcessLock};

/// All that is ours stands in this folder of the location: a folder of the user's is never cleared.
const OWN: &str = "joblib-rs";
pub(super) const CLAIMS: &str = "claims";
pub(super) const SUFFIX: &str = ".joblib";

/// How often a result finds the folder for it cleared away before that is an error: far more often than by chance.
const MOST_CLEARED: usize = 64;

const CACHEDIR_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # This file marks a cache of joblib for Rust, which backup programs may skip.\n\
    # For information see https://bford.info/cachedir/\n";

#[derive(Debug)]
pub(super) struct Folder {
    pub(super) root: PathBuf,
    /// The folder's handle, once it exists.
    handle: ProcessLock<Option<Arc<File>>>,
    /// Folders of versions that this process has made or found to be real.
    made: ProcessLock<HashSet<String>>,
}

impl Folder {
    pub(super) fn new(location: &Path) -> Result<Self, Error> {
        let location = std::path::absolute(location).map_err(|error| Error::io("find", location, error))?;
        Ok(Self {
            root: location.join(OWN),
            handle: ProcessLock::new(AfterFork::Inherit),
            made: ProcessLock::new(AfterFork::Inherit),
        })
    }

    pub(super) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The entry's path below the folder.
    pub(super) fn entry(key: &Key) -> String {
        let folder = key.version().path();
        let mut path = String::with_capacity(folder.len() + 33 + SUFFIX.len());
        path.push_str(folder);
        path.push('/');
        push_hex(&mut path, key.call());
        path.push_str(SUFFIX);
        path
    }

    /// Opens a file below the folder for reading, through no link.
    pub(super) fn open(&self, relative: &str) -> io::Result<File> {
        open_beneath(&*self.handle()?, &self.root, relative, O_RDONLY)
    }

    fn handle(&self) -> io::Result<Arc<File>> {
        if let Some(root) = &*self.handle.lock() {
            return Ok(Arc::clone(root));
        }
        let root = OpenOptions::new().read(true).custom_flags(O_DIRECTORY | O_NOFOLLOW).open(&self.root)?;
        let root = Arc::new(root);
        *self.handle.lock() = Some(Arc::clone(&root));
        Ok(root)
    }

    /// Whether the folder, or one in it, is a folder and no link to one.
    pub(super) fn is_real(&self, relative: &str) -> bool {
        let real = |path: &Path| fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
        real(&self.root) && (relative.is_empty() || real(&self.path(relative)))
    }

    /// Creates a file below the folder that must not exist yet, and the folder itself if it is missing.
    pub(super) fn create(&self, relative: &str) -> Result<File, Error> {
        let path = self.path(relative);
        let create = || open_beneath(&*self.handle()?, &self.root, relative, CREATE);
        match create() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make_root()?;
                create()
            }
            other => other,
        }
        .map_err(|error| Error::io("create", &path, error))
    }

    /// Makes the folder, its marks and the folder of claims.
    pub(super) fn make_root(&self) -> Result<(), Error> {
        let claims = self.path(CLAIMS);
        fs::create_dir_all(&claims).map_err(|error| Error::io("create the folder", &claims, error))?;
        if !self.is_real(CLAIMS) {
            return Err(Error::io("use", &claims, not_real()));
        }
        for (name, text) in [(".gitignore", "*\n"), ("CACHEDIR.TAG", CACHEDIR_TAG)] {
            // A mark that can't be written is no reason to go without the cache; one that is there is its owner's.
            if let Ok(mut file) = OpenOptions::new().write(true).create_new(true).open(self.path(name)) {
                let _ = io::Write::write_all(&mut file, text.as_bytes());
            }
        }
        self.forget();
        Ok(())
    }

    /// Forgets what was known of the folder, after something was found missing.
    pub(super) fn forget(&self) {
        *self.handle.lock() = None;
        self.made.lock().clear();
    }

    /// Moves a finished file to its place.
    pub(super) fn settle(&self, from: &Path, key: &Key) -> Result<(), Error> {
        let target = self.path(&Self::entry(key));
        let settle = || {
            self.make_version(key.version())?;
            fs::rename(from, &target).map_err(|error| Error::io("rename a result to", &target, error))
        };
        for _ in 1..MOST_CLEARED {
            match settle() {
                // Somebody cleared the cache; make the version's folder once more.
                Err(error) if error.is_missing() && from.exists() => self.forget(),
                other => return other,
            }
        }
        settle()
    }

    /// Makes the folders of a function and of a version of its code, once per process.
    fn make_version(&self, version: &FunctionVersion) -> Result<(), Error> {
        if self.made.lock().contains(version.path()) {
            return Ok(());
        }
        let function = self.path(version.function_folder());
        let folder = self.path(version.path());
        for path in [&function, &folder] {
            match fs::create_dir(path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::io("create the folder", path, error)),
            }
            match fs::symlink_metadata(path) {
                Ok(found) if found.is_dir() => {}
                Ok(_) => return Err(Error::io("use", path, not_real())),
                Err(error) => return Err(Error::io("use", path, error)),
            }
        }
        self.note(&function.join("name"), version.function())?;
        self.note(&folder.join("code.rs"), &format!("// {}\n{}\n", version.function(), version.source()))?;
        self.note(&function.join("current"), version.code_folder())?;
        self.made.lock().insert(version.path().to_owned());
        Ok(())
    }

    /// Writes a small text whole, unless it already stands there.
    fn note(&self, path: &Path, text: &str) -> Result<(), Error> {
        if read_small(path).is_some_and(|found| found == text) {
            return Ok(());
        }
        let temporary = self.path(&temporary_name());
        let written = fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, path));
        written.map_err(|error| {
            let _ = fs::remove_file(&temporary);
            Error::io("write", path, error)
        })
    }

    /// The whole name of the function in a folder, if that is one.
    pub(super) fn function_in(&self, folder: &str) -> Option<String> {
        read_small(&self.root.join(folder).join("name"))
    }

    /// The folder of a function's latest code.
    pub(super) fn current_in(&self, folder: &str) -> Option<String> {
        read_small(&self.root.join(folder).join("current"))
    }

    /// The code in a version's folder, for people.
    pub(super) fn source_in(&self, path: &str) -> String {
        let text = read_small(&self.root.join(path).join("code.rs")).unwrap_or_default();
        text.split_once('\n').map(|(_, code)| code.trim_end().to_owned()).unwrap_or_default()
    }
}

pub(super) fn not_real() -> io::Error {
    io::Error::other("it is a link or a file where a folder is expected; remove it")
}

/// A name in the folder of claims that nobody else uses, on any host. It tells [`author`] who uses it.
pub(super) fn temporary_name() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let holder = Holder::this_process();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{CLAIMS}/{}-{}-{}-{count}.tmp", host_mark(&holder), holder.pid(), holder.started())
}

/// The process of this host that a temporary name, without its folder, was made by; `None` if that is elsewhere or not
/// told.
pub(super) fn author(temporary: &str) -> Option<Holder> {
    let mut parts = temporary.strip_suffix(".tmp")?.split('-');
    let (host, pid, started, _count) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let author = Holder::of_this_host(pid.parse().ok()?, started.parse().ok()?);
    (host_mark(&author) == host).then_some(author)
}

fn host_mark(holder: &Holder) -> String {
    format!("{:016x}", crate::key::fnv64(holder.host().as_bytes()))
}

/// A small text file that is no link; `None` if it is missing or not that.
fn read_small(path: &Path) -> Option<String> {
    use std::io::Read;
    let file = OpenOptions::new().read(true).custom_flags(O_NOFOLLOW | O_NONBLOCK).open(path).ok()?;
    let found = file.metadata().ok()?;
    if !found.is_file() || found.size() > 1 << 20 {
        return None;
    }
    let mut text = String::new();
    file.take(1 << 20).read_to_string(&mut text).ok()?;
    Some(text)
}

mod flags {
    use nix::fcntl::OFlag;

    pub(in super::super) const O_NOFOLLOW: i32 = OFlag::O_NOFOLLOW.bits();
    pub(in super::super) const O_NONBLOCK: i32 = OFlag::O_NONBLOCK.bits();
    pub(super) const O_DIRECTORY: i32 = OFlag::O_DIRECTORY.bits();
    pub(super) const O_RDONLY: i32 = OFlag::O_RDONLY.bits();
    /// A new file, for reading and writing.
    pub(super) const CREATE: i32 = OFlag::O_RDWR.bits() | OFlag::O_CREAT.bits() | OFlag::O_EXCL.bits();
}

use flags::{CREATE, O_DIRECTORY, O_RDONLY};
pub(super) use flags::{O_NOFOLLOW, O_NONBLOCK};

#[cfg(target_os = "linux")]
fn open_beneath(root: &File, path: &Path, relative: &str, flags: i32) -> io::Result<File> {
    use nix::errno::Errno;
    use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
    use nix::sys::stat::Mode;
    let mut how = OpenHow::new()
        .flags(OFlag::from_bits_retain(flags) | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)
        .resolve(ResolveFlag::RESOLVE_NO_SYMLINKS | ResolveFlag::RESOLVE_BENEATH);
    if flags == CREATE {
        how = how.mode(Mode::from_bits_retain(0o666));
    }
    match openat2(root, relative, how) {
        Ok(file) => Ok(File::from(file)),
        // Kernels before 5.6, and sandboxes that don't know the call.
        Err(Errno::ENOSYS | Errno::EPERM) => open_checked(path, relative, flags),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn open_beneath(_root: &File, path: &Path, relative: &str, flags: i32) -> io::Result<File> {
    open_checked(path, relative, flags)
}

/// Looks at every step of the path before opening the file itself without following it.
fn open_checked(root: &Path, relative: &str, flags: i32) -> io::Result<File> {
    let mut path = root.to_owned();
    let mut steps = relative.split('/').peekable();
    while let Some(step) = steps.next() {
        path.push(step);
        if steps.peek().is_some() && !fs::symlink_metadata(&path)?.is_dir() {
            return Err(io::Error::other("a step of the path is no folder"));
        }
    }
    let create = flags == CREATE;
    let mut options = OpenOptions::new();
    options.read(true).write(create).create_new(create).mode(0o666);
    options.custom_flags(O_NOFOLLOW | O_NONBLOCK).open(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_followed_by_neither_way_of_opening() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path()).unwrap();
        folder.make_root().unwrap();
        fs::write(place.path().join("secret"), "x").unwrap();
        fs::create_dir(folder.path("real")).unwrap();
        fs::write(folder.path("real/file"), "y").unwrap();
        std::os::unix::fs::symlink(place.path(), folder.path("out")).unwrap();
        std::os::unix::fs::symlink(place.path().join("secret"), folder.path("real/link")).unwrap();
        for path in ["out/secret", "real/link"] {
            assert!(folder.open(path).is_err(), "{path}");
            assert!(open_checked(&folder.root, path, O_RDONLY).is_err(), "{path}");
        }
        assert!(folder.open("real/file").is_ok());
        assert!(folder.create("out/new").is_err());
        assert!(folder.create("real/new").is_ok());
        assert!(open_checked(&folder.root, "out/new", CREATE).is_err());
        assert!(open_checked(&folder.root, "real/newer", CREATE).is_ok());
        assert!(open_checked(&folder.root, "real/file", O_RDONLY).is_ok());
    }
}
