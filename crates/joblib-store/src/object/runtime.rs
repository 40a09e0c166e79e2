//! The threads that requests run on: of this process, made when they are first needed.

use std::io;
use std::sync::mpsc;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::process_lock::{AfterFork, ProcessLock};

/// Threads for requests. They wait for the network most of the time.
const THREADS: usize = 2;

/// The runtime of this process. It is never dropped: that would block, which asynchronous code may not.
pub(super) fn handle() -> io::Result<Handle> {
    static RUNTIME: ProcessLock<Option<Runtime>> = ProcessLock::new(AfterFork::Renew);
    let mut runtime = RUNTIME.lock();
    if let Some(runtime) = &*runtime {
        return Ok(runtime.handle().clone());
    }
    let new = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("joblib-object-store")
        .enable_all()
        .build()?;
    Ok(runtime.insert(new).handle().clone())
}

/// Runs a future on the runtime and blocks until it is done. Unlike `block_on` it may be called on a thread that belongs to a
/// runtime of the program's.
pub(super) fn wait<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> io::Result<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    handle()?.spawn(async move {
        // The receiver waits below.
        let _ = sender.send(future.await);
    });
    receiver.recv().map_err(|_| io::Error::other("the request was given up"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_waited_for_inside_another_runtime() {
        let outer = Builder::new_current_thread().build().unwrap();
        assert_eq!(outer.block_on(async { wait(async { 7 }).unwrap() }), 7);
    }

    #[test]
    fn a_forked_child_has_threads_of_its_own() {
        assert_eq!(wait(async { 1 }).unwrap(), 1);
        assert!(crate::process_lock::in_a_fork(|| wait(async { 2 }).is_ok_and(|two| two == 2)));
    }
}
