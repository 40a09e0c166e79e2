//! The events of a computation: stored with its result, and emitted again on a hit.

use joblib_record::{Events, Level};

use crate::entry::metadata::StoredEvent;

/// What a computation logged, as it is stored.
pub(super) fn stored(events: &Events) -> Vec<StoredEvent> {
    let events = events.take().into_iter();
    let stored = events.map(|event| StoredEvent {
        level: match event.level {
            Level::Error => 1,
            Level::Warn => 2,
            _ => 3,
        },
        target: event.target,
        message: event.message,
    });
    stored.collect()
}

/// Emits events again. Their level is fixed where they are emitted, their target is a field.
pub(super) fn emit(events: &[StoredEvent]) {
    for StoredEvent { level, target, message } in events {
        match level {
            1 => tracing::error!(target: "joblib::memory", replayed = true, origin = %target, "{message}"),
            2 => tracing::warn!(target: "joblib::memory", replayed = true, origin = %target, "{message}"),
            _ => tracing::info!(target: "joblib::memory", replayed = true, origin = %target, "{message}"),
        }
    }
}
