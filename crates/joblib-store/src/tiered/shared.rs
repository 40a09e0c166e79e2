//! A near and a far store, for those who call and for uploads.

use std::sync::Arc;

use super::figures::Counters;
use crate::error::Error;
use crate::store::Store;

/// Told of failures of the far store.
type Report = dyn Fn(&Error) + Send + Sync;

/// The stores, and what is known of the far one's work.
pub(super) struct Shared {
    pub(super) near: Arc<dyn Store>,
    pub(super) far: Arc<dyn Store>,
    pub(super) read_only: bool,
    pub(super) counters: Counters,
    pub(super) report: Option<Box<Report>>,
}

impl Shared {
    /// A failure of the far store.
    pub(super) fn failed(&self, error: &Error) {
        self.counters.failed();
        if let Some(report) = &self.report {
            report(error);
        }
    }

    /// What the far store answers; nothing if it fails.
    pub(super) fn far<T: Default>(&self, answer: Result<T, Error>) -> T {
        answer.unwrap_or_else(|error| {
            self.failed(&error);
            T::default()
        })
    }
}
