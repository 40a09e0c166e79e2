//! The end of the process waits for uploads, as far as it ends by returning from `main` or by `exit`.

use std::sync::{Once, Weak};
use std::time::Duration;

use super::queue::Queue;
use crate::process_lock::{AfterFork, ProcessLock};

/// How long dropping a store and the end of the process wait.
pub(super) const LONGEST: Duration = Duration::from_mins(1);

static QUEUES: ProcessLock<Vec<Weak<Queue>>> = ProcessLock::new(AfterFork::Renew);

/// Has the end of the process wait for the queue.
pub(super) fn wait_for(queue: Weak<Queue>) {
    static REGISTERED: Once = Once::new();
    let mut queues = QUEUES.lock();
    queues.retain(|queue| queue.strong_count() > 0);
    queues.push(queue);
    drop(queues);
    REGISTERED.call_once(|| {
        // SAFETY: it registers a function that is there for as long as the program. Where that fails, the last uploads may be
        // lost.
        unsafe { libc::atexit(wait) };
    });
}

extern "C" fn wait() {
    // A panic here would abort the process, whose work is done.
    let _ = std::panic::catch_unwind(|| {
        let queues = std::mem::take(&mut *QUEUES.lock());
        for queue in queues.iter().filter_map(Weak::upgrade) {
            let _ = queue.wait(Some(LONGEST));
        }
    });
}
