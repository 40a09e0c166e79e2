//! Stopping a call from outside: [`CancellationToken`], and what wakes a caller that waits.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::Instant;

use crate::sync::{ForkSafe, lock};

/// Wakes a waiting session from another thread.
///
/// A backend returns one from [`Session::waker`](crate::backend::Session::waker). It must be callable at any time, even
/// after the session was dropped.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// Stops the calls that have this token, from any thread. No more tasks are dispatched. Running tasks are killed in
/// processes; on threads they run to their end unless they check [`cancelled()`](crate::cancelled).
///
/// ```
/// use joblib_parallel::{CancellationToken, Parallel, delayed};
///
/// let token = CancellationToken::new();
/// let tasks = (0..1000).map(|n| {
///     if n == 10 {
///         token.cancel();
///     }
///     delayed(u32::wrapping_neg, (n,))
/// });
/// let error = Parallel::new().cancellation(&token).run(tasks).unwrap_err();
/// assert!(error.is_cancelled());
/// ```
#[derive(Clone, Default)]
pub struct CancellationToken {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    cancelled: AtomicBool,
    wakers: ForkSafe<Vec<Weak<dyn Fn() + Send + Sync>>>,
}

impl CancellationToken {
    /// Creates a token.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops every call that has this token, including later ones.
    pub fn cancel(&self) {
        self.shared.cancelled.store(true, Ordering::SeqCst);
        let wakers = self.shared.wakers.with(std::mem::take);
        for waker in wakers.iter().filter_map(Weak::upgrade) {
            waker();
        }
    }

    /// Returns `true` once [`cancel`](Self::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.shared.cancelled.load(Ordering::SeqCst)
    }

    /// Has `waker` called when the token is cancelled; it is forgotten when its last owner drops it.
    pub(crate) fn on_cancel(&self, waker: &Waker) {
        self.shared.wakers.with(|wakers| {
            wakers.retain(|waker| waker.strong_count() > 0);
            wakers.push(Arc::downgrade(waker));
        });
        // It may have been cancelled before the waker was in the list.
        if self.is_cancelled() {
            waker();
        }
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancellationToken").field("cancelled", &self.is_cancelled()).finish()
    }
}

/// A signal that wakes a waiting caller: set from any thread, and reset by the wait that sees it.
#[derive(Default)]
pub(crate) struct WakeSignal {
    set: Mutex<bool>,
    changed: Condvar,
}

impl WakeSignal {
    pub(crate) fn notify(&self) {
        *lock(&self.set) = true;
        self.changed.notify_one();
    }

    /// Waits for [`notify`](Self::notify), at most until `until`; returns whether it was called.
    pub(crate) fn wait(&self, until: Option<Instant>) -> bool {
        let mut set = lock(&self.set);
        while !*set {
            set = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self.changed.wait(set).unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => return false,
                Some(left) => self.changed.wait_timeout(set, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        *set = false;
        true
    }
}
