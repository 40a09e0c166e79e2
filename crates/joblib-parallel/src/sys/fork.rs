//! Forking this process while no other thread holds a lock that the copy needs.

use std::time::Duration;

use nix::unistd::{self, ForkResult};

use crate::sync;

/// Between two attempts to find no thread in an undivided section. Most sections are far shorter.
const PAUSE: Duration = Duration::from_micros(50);

/// Copies this process, holding the locks of [`sync`] and of the standard streams.
///
/// # Safety
///
/// The new process may call only what works with a single thread of the ones that were there: other locks than those
/// named above may be held by threads that it does not have.
pub(crate) unsafe fn fork() -> nix::Result<ForkResult> {
    let (_streams, _all) = loop {
        let streams = (std::io::stdout().lock(), std::io::stderr().lock());
        if let Some(all) = sync::hold_all() {
            break (streams, all);
        }
        // A section may be about to print, so the streams are not held while waiting for its end.
        drop(streams);
        std::thread::sleep(PAUSE);
    };
    // SAFETY: as the caller promises.
    unsafe { unistd::fork() }
}
