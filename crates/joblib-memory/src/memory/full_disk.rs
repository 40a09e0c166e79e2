//! What is done when the disk is full.

use std::time::{Duration, Instant};

use joblib_store::{Limits, Store};

use super::Memory;
use crate::entry::codec;

impl Memory {
    /// Drops what the limits have no room for after storing failed because the disk is full.
    /// Returns whether storing is worth another attempt.
    pub(crate) fn makes_room(&self, store: &dyn Store, limits: &Limits) -> bool {
        /// Looking through a large cache takes a while, so it is not done for every result of a
        /// full disk.
        const AGAIN_AFTER: Duration = Duration::from_secs(10);
        let mut full_since = self.shared.full_since.lock();
        if full_since.is_some_and(|since| since.elapsed() < AGAIN_AFTER) {
            return false;
        }
        let dropped = store.make_room(limits, &codec::cost).is_ok_and(|reduced| reduced.items > 0);
        *full_since = (!dropped).then(Instant::now);
        dropped
    }
}
