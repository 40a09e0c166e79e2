//! Results that this thread took a short time ago, which it takes again without a lock.
//!
//! A lock is passed on between the cores of all that take it, even where none of them waits. Only small values stay here
//! whose bytes are copied: dropping them calls nobody's code, whenever a thread does so.

use std::cell::RefCell;

use super::kept::{Id, Kept};

/// Results that a thread has here, one for each value of a byte of their digests.
const PLACES: usize = 256;
/// The most bytes of a result that stays here.
const MOST: u64 = 1024;

/// When a result was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// The tier it is from.
    pub(super) tier: u64,
    /// How often results of its shard had been replaced or removed.
    pub(super) changes: u64,
    /// The time of the tier, of which one use is noted.
    pub(super) time: u64,
}

struct Recent {
    moment: Moment,
    id: Id,
    kept: Kept,
}

thread_local! {
    static RECENT_RESULTS: RefCell<Vec<Option<Recent>>> = const { RefCell::new(Vec::new()) };
}

/// What `look` makes of the result, if this thread took it at this moment before. It must call nobody's code.
pub(super) fn with<R>(moment: Moment, id: &Id, look: &mut dyn FnMut(&Kept) -> R) -> Option<R> {
    let find = |recent: &RefCell<Vec<Option<Recent>>>| {
        let recent = recent.borrow();
        let found = recent.get(place(id))?.as_ref()?;
        (found.moment == moment && found.id == *id).then(|| look(&found.kept))
    };
    // A thread that ends has none left.
    RECENT_RESULTS.try_with(find).ok().flatten()
}

/// Notes that this thread took the result.
pub(super) fn note(moment: Moment, id: Id, kept: &Kept) {
    if kept.bytes > MOST {
        return;
    }
    let recent = Recent { moment, id, kept: kept.clone() };
    let _ = RECENT_RESULTS.try_with(|all| {
        let mut all = all.borrow_mut();
        all.resize_with(PLACES, || None);
        all[place(&id)] = Some(recent);
    });
}

fn place((_, call): &Id) -> usize {
    // Another byte of the digest than the one that the shard is chosen by.
    usize::from(call[1]) % PLACES
}
