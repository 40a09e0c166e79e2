//! What the operations of one store have in common.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::client::{Action, Answer, Client, Refused};
use super::layout::{Layout, id};
use super::notes::{Notes, modified_us, now_us};
use super::total::Total;
use super::transfer::{self, Object, Whole};
use super::versions::Versions;
use super::{held, runtime};
use crate::blob::Blob;
use crate::error::Error;
use crate::lease::Watch;
use crate::process_lock::ProcessLock;

/// What claims need after the call that made them.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) client: Client,
    pub(super) layout: Layout,
    pub(super) lease: Duration,
    pub(super) sweep_every: Duration,
    /// The age at which a result that is used is written again.
    pub(super) refresh: Option<Duration>,
    /// Whether the server keeps the conditions of requests, once that was asked.
    pub(super) keeps_conditions: ProcessLock<Option<bool>>,
    /// Claims of others, by their objects' names, and their entity tags.
    pub(super) watch: Watch<String>,
    pub(super) versions: Versions,
    pub(super) notes: Notes,
    pub(super) total: Total,
    /// The ids of results that this process dropped for the limits.
    pub(super) evicted: ProcessLock<HashSet<u64>>,
}

impl Shared {
    /// Notes that a result was stored.
    pub(super) fn stored(&self, path: &Path, bytes: u64) {
        held::is_stored(self.client.location(), path);
        let id = id(path);
        self.evicted.lock().remove(&id);
        self.notes.stored(id, bytes);
    }

    /// The answer to reading an object.
    pub(super) fn found(
        &self,
        path: &Path,
        answer: Answer<Object>,
        counts: bool,
    ) -> Result<Option<Blob>, Error> {
        match answer? {
            Ok(Object::Result(blob, whole)) => {
                if counts {
                    let is_first = self.notes.used(id(path));
                    self.write_notes(false);
                    if let Some(whole) = whole.filter(|whole| is_first && self.is_to_be_refreshed(whole)) {
                        self.write_again(whole);
                    }
                }
                Ok(Some(blob))
            }
            Ok(Object::Claim(tag)) => {
                // Those who wait for a claim look at it this way.
                self.watch.unchanged_for(path.as_ref(), tag.unwrap_or_default(), Instant::now());
                Ok(None)
            }
            Err(Refused::Missing) => Ok(None),
            Err(refused) => Err(self.client.refused(Action::Read, refused)),
        }
    }

    /// Whether an object that is used is so old that the bucket's own rules may soon drop it.
    fn is_to_be_refreshed(&self, object: &Whole) -> bool {
        self.refresh.is_some_and(|after| {
            let age = now_us().saturating_sub(modified_us(&object.meta));
            u128::from(age) >= after.as_micros()
        })
    }

    fn write_again(&self, object: Whole) {
        let Ok(connection) = self.client.connection(Action::Write) else { return };
        if let Ok(handle) = runtime::handle() {
            handle.spawn(transfer::write_again(connection.bucket(), object));
        }
    }

    /// Whether claims hold in this bucket, as far as that was asked.
    pub(super) fn has_no_claims(&self) -> bool {
        *self.keeps_conditions.lock() == Some(false)
    }

    /// Asks once whether the bucket keeps conditions.
    pub(super) fn ask_for_conditions(&self) {
        let mut known = self.keeps_conditions.lock();
        if known.is_none() {
            *known = self.client.keeps_conditions();
        }
    }

    /// Writes what is noted in the background, if it is time.
    pub(super) fn write_notes(&self, all: bool) {
        let Some(written) = self.notes.take(all) else { return };
        let path = self.layout.notes().join(written.name.as_str());
        self.total.noted(written.change);
        let Ok(connection) = self.client.connection(Action::Write) else { return };
        if let Ok(handle) = runtime::handle() {
            let bucket = connection.bucket();
            // What is lost is the order of some uses, and a part of the total until the next sweep.
            handle.spawn(async move { bucket.put(&path, written.bytes.into()).await.map(|_| ()) });
        }
    }

    /// Writes all that is noted, and waits for it.
    pub(super) fn flush(&self) -> Result<(), Error> {
        let Some(written) = self.notes.take(true) else { return Ok(()) };
        let path = self.layout.notes().join(written.name.as_str());
        let put = transfer::put(&self.client, &path, written.bytes.into());
        match put {
            Ok(()) => self.total.noted(written.change),
            Err(_) => self.notes.put_back(written.change),
        }
        put
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // What is lost otherwise is the order of the latest uses.
        let _ = self.flush();
    }
}
