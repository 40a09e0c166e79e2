//! The counters of a near and a far store.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::store::Store;
use crate::tier_figures::TierFigures;

/// The counters behind the figures of a near and a far store.
#[derive(Debug, Default)]
pub(super) struct Counters {
    near_hits: AtomicU64,
    far_hits: AtomicU64,
    misses: AtomicU64,
    bytes_read: AtomicU64,
    uploaded: AtomicU64,
    bytes_written: AtomicU64,
    failures: AtomicU64,
}

impl Counters {
    pub(super) fn near_hit(&self) {
        self.near_hits.fetch_add(1, Relaxed);
    }

    pub(super) fn far_hit(&self, bytes: u64) {
        self.far_hits.fetch_add(1, Relaxed);
        self.bytes_read.fetch_add(bytes, Relaxed);
    }

    pub(super) fn miss(&self) {
        self.misses.fetch_add(1, Relaxed);
    }

    pub(super) fn uploaded(&self, bytes: u64) {
        self.uploaded.fetch_add(1, Relaxed);
        self.bytes_written.fetch_add(bytes, Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Relaxed);
    }

    /// The figures of both tiers.
    pub(super) fn read(
        &self,
        near: &dyn Store,
        far: &dyn Store,
        waiting: usize,
    ) -> (TierFigures, TierFigures) {
        let (far_hits, misses) = (self.far_hits.load(Relaxed), self.misses.load(Relaxed));
        let tier = |store: &dyn Store, hits, misses| TierFigures {
            backend: store.backend().to_owned(),
            location: store.location().to_owned(),
            hits,
            misses,
            ..TierFigures::default()
        };
        let near = tier(near, self.near_hits.load(Relaxed), far_hits + misses);
        let far = TierFigures {
            bytes_read: self.bytes_read.load(Relaxed),
            bytes_written: self.bytes_written.load(Relaxed),
            uploaded: self.uploaded.load(Relaxed),
            waiting: waiting as u64,
            failures: self.failures.load(Relaxed),
            ..tier(far, far_hits, misses)
        };
        (near, far)
    }
}
