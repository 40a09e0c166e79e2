//! A worker's standard output and error, where its parent captures what tasks print.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::unistd::{close, dup2_stderr, dup2_stdout};

use crate::wire::function_id::WorkerKind;
use crate::wire::output::{Introduction, Secret, StreamName, mark};

/// The pipes that lead to the parent, as they arrive.
#[derive(Default)]
pub(super) struct Pipes {
    stdout: Option<File>,
    stderr: Option<File>,
    secret: Secret,
}

impl Pipes {
    /// Takes one of them.
    pub(super) fn introduce(&mut self, introduction: Introduction, pipe: OwnedFd) {
        self.secret = introduction.secret;
        let slot = match introduction.stream {
            StreamName::Stdout => &mut self.stdout,
            StreamName::Stderr => &mut self.stderr,
        };
        *slot = Some(File::from(pipe));
    }

    /// Has this process print to them until what is returned is dropped. What the C library has buffered is only a
    /// started worker's own: a forked one has copies of what its parent will print.
    ///
    /// # Errors
    ///
    /// Returns an error if a pipe is missing, or the process has no descriptor left.
    pub(super) fn redirect(&self, kind: WorkerKind) -> Result<Redirected<'_>, String> {
        let (Some(stdout), Some(stderr)) = (&self.stdout, &self.stderr) else {
            return Err("output is to be captured, and a pipe is missing".to_owned());
        };
        let redirect = || {
            flush(kind);
            let before = (keep(io::stdout().as_fd())?, keep(io::stderr().as_fd())?);
            // Made first, so that an error below undoes what was done.
            let redirected = Redirected { pipes: [stdout, stderr], secret: &self.secret, kind, before };
            dup2_stdout(stdout)?;
            dup2_stderr(stderr)?;
            Ok(redirected)
        };
        redirect().map_err(|error: io::Error| format!("its output can't be redirected: {error}"))
    }
}

/// Keeps the standard output and error of this process redirected.
pub(super) struct Redirected<'a> {
    pipes: [&'a File; 2],
    secret: &'a Secret,
    kind: WorkerKind,
    before: (Option<OwnedFd>, Option<OwnedFd>),
}

impl Redirected<'_> {
    /// What is printed from now on is the task's of this index; or, with `None`, no task's any more.
    pub(super) fn mark(&self, task: Option<usize>) {
        flush(self.kind);
        for mut pipe in self.pipes {
            // A parent that is gone reads nothing.
            let _ = pipe.write_all(&mark(self.secret, task));
        }
    }
}

impl Drop for Redirected<'_> {
    fn drop(&mut self) {
        flush(self.kind);
        let (stdout, stderr) = &self.before;
        // What was closed before is closed again.
        let _ = stdout.as_ref().map_or_else(|| close(libc::STDOUT_FILENO), dup2_stdout);
        let _ = stderr.as_ref().map_or_else(|| close(libc::STDERR_FILENO), dup2_stderr);
    }
}

/// Another descriptor of a stream; none of one that is closed.
fn keep(stream: BorrowedFd<'_>) -> io::Result<Option<OwnedFd>> {
    match stream.try_clone_to_owned() {
        Ok(copy) => Ok(Some(copy)),
        Err(error) if error.raw_os_error() == Some(libc::EBADF) => Ok(None),
        // Taken for a closed one it would be closed afterwards, and its number be that of the next file.
        Err(error) => Err(error),
    }
}

/// Has what was printed leave this process.
fn flush(kind: WorkerKind) {
    // A closed stdout is for tasks to notice.
    let _ = io::stdout().flush();
    if kind == WorkerKind::Started {
        // SAFETY: null stands for all streams.
        unsafe { libc::fflush(std::ptr::null_mut()) };
    }
}
