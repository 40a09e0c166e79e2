//! Forked processes: started anew for each call as copies of the caller, so that tasks may capture anything.
//!
//! A fork has one thread, the caller's. A lock that another thread held stays locked in it for good. This crate's own
//! locks are safe; those of others may not be. Nothing is kept between calls.

use std::ffi::{CString, OsStr};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;

use nix::unistd::{ForkResult, setpgid};

use super::config::{Config, call_message, config};
use super::handle::WorkerHandle;
use super::idle;
use super::session::{BATCH_TIME, ProcessSession, Starter};
#[cfg(feature = "cluster")]
use crate::backend::cluster;
use crate::backend::threads::pool::{Shape, with_rayon_pool};
use crate::backend::threads::{self, pools};
use crate::backend::{Batch, Call, Capabilities, ParallelBackend, Session};
use crate::error::{Error, Result};
use crate::sys::fork::fork;
use crate::sys::{interrupt, job_control, terminal};
use crate::wire::status_page::StatusPage;
use crate::worker::entry;

pub(crate) struct Multiprocessing;

impl ParallelBackend for Multiprocessing {
    fn name(&self) -> &'static str {
        "multiprocessing"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { worker_settings: true, captures_output: true, ..Capabilities::remote(BATCH_TIME) }
    }

    fn open(&self, call: Call) -> Result<Box<dyn Session>> {
        let mut config = config(&call)?;
        config.setup.idle_seconds = None;
        // The fork itself starts the thread, which is to be the one of the rayon pool.
        config.setup.stack_size = None;
        let starter = Fork {
            shape: threads::shape(&call),
            own_thread: call.stack_size.is_some(),
            siblings: Vec::new(),
        };
        let message = call_message(&call);
        Ok(Box::new(ProcessSession::<_, Batch>::new(starter, config, call, message)?))
    }
}

/// Whether the environment forbids forks, as in joblib; threads then take their place.
pub(crate) fn is_disabled() -> bool {
    std::env::var("JOBLIB_MULTIPROCESSING").is_ok_and(|value| value.trim() == "0")
}

/// Copies this process.
struct Fork {
    /// Of the thread that runs tasks, and its rayon pool.
    shape: Shape,
    /// Whether tasks need another stack than the one that the fork has.
    own_thread: bool,
    /// The parent's ends of the sockets of workers that were started before, and their inodes: of one that is gone, the
    /// number may be that of another file by now.
    siblings: Vec<(i32, u64)>,
}

impl Starter for Fork {
    fn start(&mut self, config: &Config, name: &str) -> Result<WorkerHandle> {
        let failed = |error: std::io::Error| Error::backend("fork a worker process", Some(error.into()));
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        let page = StatusPage::inherited().map_err(failed)?;
        // What is in these buffers would be written by the copy as well.
        let _ = std::io::stdout().flush();
        // SAFETY: the child runs `serve_forked`, which never returns. That it may run more than the few functions
        // that are safe after a fork with other threads is the documented caveat of this backend: the C library's
        // allocator is prepared for it, the locks of this crate and of the standard streams are held by this very
        // thread, and other locks are the concern of the user who chose it.
        let forked = unsafe { fork() };
        match forked {
            Err(error) => Err(failed(error.into())),
            Ok(ForkResult::Parent { child }) => {
                drop(theirs);
                // As the worker does itself; whoever comes first.
                let _ = setpgid(child, child);
                let worker = WorkerHandle::new(child, ours.into(), (page, None), config, name)?;
                let descriptor = worker.descriptor();
                self.siblings.extend(inode(descriptor).map(|inode| (descriptor, inode)));
                Ok(worker)
            }
            Ok(ForkResult::Child) => {
                drop(ours);
                self.serve_forked(config, theirs.into(), page)
            }
        }
    }

    fn park(&mut self, _config: &Config, worker: WorkerHandle) {
        // A copy of how things were: of no use to a later call.
        worker.end_later();
    }
}

/// The inode of an open file.
fn inode(descriptor: i32) -> Option<u64> {
    let mut found = std::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the number may be that of no open file, which is an error; otherwise the place is filled.
    unsafe { (libc::fstat(descriptor, found.as_mut_ptr()) == 0).then(|| found.assume_init().st_ino) }
}

impl Fork {
    /// The child's life.
    fn serve_forked(&self, config: &Config, socket: OwnedFd, page: StatusPage) -> ! {
        for (name, value) in &config.env {
            set_variable(name, value);
        }
        for (sibling, _) in self.siblings.iter().filter(|(sibling, found)| inode(*sibling) == Some(*found)) {
            // SAFETY: these are copies of descriptors that belong to handles in the parent, which no code in this
            // process will use or drop: it never returns to where they are. Open, they would hide a parent's end.
            unsafe { libc::close(*sibling) };
        }
        interrupt::forget();
        job_control::forget();
        terminal::forget();
        // Threads did not survive the fork, and neither did the pools made of them.
        pools::forget();
        idle::forget();
        #[cfg(feature = "cluster")]
        cluster::idle::forget();
        let shape = self.shape;
        let serve = move || {
            let serve = || with_rayon_pool(shape, || entry::run(socket, Some(page)));
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(serve)).unwrap_or(1)
        };
        // A thread that belongs to a rayon pool of the parent would run the parent's jobs whenever a task waits in rayon.
        // Another thread does not, and this one waits for it without rayon.
        let code = if self.own_thread || rayon::current_thread_index().is_some() {
            let thread = std::thread::Builder::new().stack_size(shape.stack_size);
            thread.spawn(serve).map_or(1, |thread| thread.join().unwrap_or(1))
        } else {
            serve()
        };
        // SAFETY: ends the process without running what the parent registered for its own end.
        unsafe { libc::_exit(code) }
    }
}

/// Sets a variable of a forked process, past the standard library: its lock around the environment may have been held
/// by another thread when the process was forked.
fn set_variable(name: &OsStr, value: &OsStr) {
    let (Ok(name), Ok(value)) = (CString::new(name.as_bytes()), CString::new(value.as_bytes())) else {
        return;
    };
    // SAFETY: both are C strings, and a fork has one thread, so nobody reads the environment meanwhile.
    unsafe { libc::setenv(name.as_ptr(), value.as_ptr(), 1) };
}
