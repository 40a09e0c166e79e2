//! Writing: one `write` for one record.

use std::cell::RefCell;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Once, OnceLock, RwLock};

use crate::codec::{Full, Written, put};
use crate::process::{generation, watch_forks};
use crate::program::{describe, now, peak_memory};
use crate::record::{Exit, Process};
use crate::{folder, frame};

/// Bytes that one run writes, at most.
const MOST_BYTES: u64 = 50_000_000;
/// Bytes that a process writes between two looks at the sizes of the file and its folder.
const BETWEEN_LOOKS: u64 = 1 << 20;

/// The record of a run, as one of its processes writes it. Cloning is cheap.
#[derive(Clone)]
pub struct Recorder(Arc<Shared>);

struct Shared {
    file: File,
    path: PathBuf,
    /// When the run began, in microseconds since the Unix epoch.
    start: u64,
    /// This process, and its generation: a forked child has another.
    pid: AtomicU32,
    generation: AtomicU32,
    steps: AtomicU64,
    /// Bytes that this process has written.
    written: AtomicU64,
    /// Bytes of the file at the last look: other processes write to it too.
    size: AtomicU64,
    /// Whether nothing more is written: the record is full, or the file could not be written.
    closed: AtomicBool,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recorder").field(&self.0.path).finish()
    }
}

/// The runs that this process began, the latest last. Only tried: a forked child may find it locked for good, and
/// then does without.
static BEGUN: RwLock<Vec<Recorder>> = RwLock::new(Vec::new());

/// Tells the record of the default cache.
static DEFAULT: OnceLock<fn() -> Option<Recorder>> = OnceLock::new();

/// Whether the environment asks for records: `JOBLIB_RECORD=1`.
///
/// # Errors
///
/// Returns an error if `JOBLIB_RECORD` is neither empty nor one of `1`, `on`, `true`, `0`, `off` and `false`.
pub fn is_wanted() -> Result<bool, &'static str> {
    static WANTED: OnceLock<Result<bool, String>> = OnceLock::new();
    let wanted = WANTED.get_or_init(|| match std::env::var("JOBLIB_RECORD").as_deref().unwrap_or_default() {
        "" | "0" | "off" | "false" => Ok(false),
        "1" | "on" | "true" => Ok(true),
        other => Err(format!("JOBLIB_RECORD: expected 1 or 0, found {other:?}; nothing is recorded")),
    });
    wanted.as_ref().copied().map_err(String::as_str)
}

/// Sets how the record of the default cache is found, which is `None` if that cache keeps none. The first call counts.
pub fn set_default(find: fn() -> Option<Recorder>) {
    let _ = DEFAULT.set(find);
}

/// The record of the default cache, if it keeps one.
pub(crate) fn of_default() -> Option<Recorder> {
    DEFAULT.get().and_then(|find| find())
}

/// The record that this process began last.
pub(crate) fn latest() -> Option<Recorder> {
    BEGUN.try_read().ok().and_then(|begun| begun.last().cloned())
}

/// The record that this process, or the one that it was forked from, began in a folder.
pub(crate) fn begun_in(folder: &Path) -> Option<Recorder> {
    let begun = BEGUN.try_read().ok()?;
    let is_there =
        |recorder: &&Recorder| recorder.path().parent() == Some(folder) && recorder.path().exists();
    begun.iter().find(is_there).cloned()
}

impl Recorder {
    /// Begins the record of a run of this program, in a folder that is made if it is missing.
    ///
    /// # Errors
    ///
    /// Returns an error if the file can't be made or written.
    pub fn begin_run(folder: &Path) -> io::Result<Self> {
        let start = now();
        folder::make_room(folder);
        let (mut file, path, id) = folder::create(folder, start)?;
        folder::say_alive(&file);
        file.write_all(&frame::MAGIC)?;
        let recorder = Self::new(file, path, start);
        recorder.append(&describe(&id, start));
        if recorder.0.closed.load(Ordering::Relaxed) {
            return Err(io::Error::other("the first record could not be written"));
        }
        end_with_the_process();
        if let Ok(mut begun) = BEGUN.try_write() {
            begun.push(recorder.clone());
        }
        Ok(recorder)
    }

    /// Takes part in a run that another process began.
    pub(crate) fn join(path: &Path, parent: u32) -> io::Result<Self> {
        let file = OpenOptions::new()
            .append(true)
            .read(true)
            .custom_flags(libc::O_CLOEXEC | libc::O_NOFOLLOW)
            .open(path)?;
        folder::say_alive(&file);
        let run = crate::reader::first(&file)?;
        let recorder = Self::new(file, path.to_owned(), run.start);
        recorder.look();
        if recorder.pid() != parent {
            recorder.append(&Process { parent });
        }
        Ok(recorder)
    }

    fn new(file: File, path: PathBuf, start: u64) -> Self {
        watch_forks();
        Self(Arc::new(Shared {
            file,
            path,
            start,
            pid: AtomicU32::new(std::process::id()),
            generation: AtomicU32::new(generation()),
            steps: AtomicU64::new(1),
            written: AtomicU64::new(0),
            size: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        }))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.path == other.0.path
    }

    /// This process.
    pub(crate) fn pid(&self) -> u32 {
        self.0.pid.load(Ordering::Relaxed)
    }

    /// A number that no other step of this process has.
    pub(crate) fn next_step(&self) -> u64 {
        self.0.steps.fetch_add(1, Ordering::Relaxed)
    }

    /// A forked child says first that it is another process.
    pub(crate) fn check_process(&self) {
        let now = generation();
        if self.0.generation.load(Ordering::Relaxed) != now
            && self.0.generation.swap(now, Ordering::Relaxed) != now
        {
            let parent = self.0.pid.swap(std::process::id(), Ordering::Relaxed);
            self.append(&Process { parent });
        }
    }

    /// Writes a record.
    pub(crate) fn append<W: Written>(&self, record: &W) {
        thread_local! {
            static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        if self.0.closed.load(Ordering::Relaxed) {
            return;
        }
        self.check_process();
        let time = now().saturating_sub(self.0.start);
        let write = |buffer: &mut Vec<u8>| {
            frame::open(buffer);
            put(buffer, self.pid(), time, record);
            // A record that is too long, as of a text of megabytes, is left out.
            if frame::close(buffer) {
                self.write(buffer);
            }
            if buffer.capacity() > 64 << 10 {
                *buffer = Vec::new();
            }
        };
        // A thread that ends has no buffer any more.
        if BUFFER.try_with(|buffer| write(&mut buffer.borrow_mut())).is_err() {
            write(&mut Vec::new());
        }
    }

    fn write(&self, bytes: &[u8]) {
        let before = self.0.written.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if before / BETWEEN_LOOKS != (before + bytes.len() as u64) / BETWEEN_LOOKS {
            self.look();
        }
        let mut file = &self.0.file;
        if self.0.size.load(Ordering::Relaxed) > MOST_BYTES && !self.0.closed.swap(true, Ordering::Relaxed) {
            let mut last = Vec::new();
            frame::open(&mut last);
            put(&mut last, self.pid(), now().saturating_sub(self.0.start), &Full);
            let _ = frame::close(&mut last) && file.write_all(&last).is_ok();
            return;
        }
        // What was written in part is of no use, and what follows would be as well.
        match file.write(bytes) {
            Ok(written) if written == bytes.len() => {}
            _ => self.0.closed.store(true, Ordering::Relaxed),
        }
    }

    /// Looks how large the file is by now, and makes room for what it grows by.
    fn look(&self) {
        if let Ok(found) = self.0.file.metadata() {
            self.0.size.store(found.len(), Ordering::Relaxed);
        }
        if let Some(folder) = self.0.path.parent() {
            folder::keep_within_limits(folder);
        }
    }
}

/// Has the end of this process recorded, unless it is killed.
fn end_with_the_process() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the function is there for as long as the program.
        unsafe { libc::atexit(end) };
    });
}

extern "C" fn end() {
    let Ok(begun) = BEGUN.try_read() else { return };
    for recorder in &*begun {
        recorder.append(&Exit { memory: peak_memory() });
    }
}
