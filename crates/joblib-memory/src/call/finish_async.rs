//! Storing a computed result, for tasks.
//!
//! Where storing waits for a network it is done on another thread, so that the task's executor is free meanwhile. What is
//! stored is encoded by the task, as the result stays with it.

use std::io;

use joblib_persist::Writer;
use serde::Serialize;

use super::compute::{Computation, Pending};
use super::error_text::ErrorText;
use super::keep::{Keep, Storable};
use super::recording::Fate;
use super::shelved::{MemorizedResult, NotMemorizedResult, Shelved};
use crate::elsewhere;
use crate::entry::codec;
use crate::entry::metadata::{Metadata, Times};
use crate::tier::{Keeper, Shared};

impl<R, K> Pending<R, K> {
    /// [`Pending::finish`] for a task.
    pub async fn finish_async(self, result: R, keeper: Keeper<K::Stored>, error: ErrorText<R>) -> R
    where
        K: Keep<R, Stored: Storable>,
    {
        let Some(computation) = self.computation else { return result };
        if !computation.waits_for_network() {
            return Self::of(computation).finish(result, keeper, error);
        }
        let mappable = computation.mappable();
        let otherwise = computation.unstored::<R, K>(&result, error);
        let encoded = computation.encoded(K::stored_part(&result), keeper, otherwise);
        let stored = encoded.store_elsewhere().await;
        match mappable.filter(|_| stored.is_some()).and_then(|mappable| mappable.open::<K::Stored>()) {
            Some(mapped) => K::wrap(mapped),
            None => result,
        }
    }

    /// [`Pending::finish_and_shelve`] for a task.
    pub async fn finish_and_shelve_async(
        self,
        result: R,
        error: ErrorText<R>,
    ) -> K::Wrapped<Shelved<K::Stored>>
    where
        K: Keep<R, Stored: Storable>,
    {
        let Some(computation) = self.computation else {
            return Self::unstored().finish_and_shelve(result, error);
        };
        if !computation.waits_for_network() {
            return Self::of(computation).finish_and_shelve(result, error);
        }
        let (memory, key) = (computation.memory.clone(), computation.key.clone());
        let mapping = computation.mapping;
        let otherwise = computation.unstored::<R, K>(&result, error);
        let encoded = computation.encoded(K::stored_part(&result), Keeper::BYTES, otherwise);
        let metadata = encoded.store_elsewhere().await;
        K::map_stored(result, |stored| match metadata {
            Some(metadata) => {
                Shelved::Memorized(MemorizedResult::new(memory, &key, mapping, Some(Box::new(metadata))))
            }
            None => Shelved::NotMemorized(NotMemorizedResult::new(stored)),
        })
    }
}

/// A computation whose result is encoded.
struct Encoded {
    computation: Box<Computation>,
    times: Times,
    /// `None` if the result is not one to store.
    entry: Option<EncodedEntry>,
    /// What becomes of the result if it is not stored.
    otherwise: Fate,
}

struct EncodedEntry {
    metadata: Metadata,
    /// The entry's bytes, or why the result can't be stored.
    bytes: Result<Vec<u8>, String>,
    /// The result in the form in which it is kept in memory.
    kept: Option<Shared>,
}

impl Computation {
    fn waits_for_network(&self) -> bool {
        self.memory.store().is_some_and(joblib_store::Store::waits_for_network)
    }

    fn encoded<T: Serialize>(
        mut self: Box<Self>,
        stored: Option<&T>,
        keeper: Keeper<T>,
        otherwise: Fate,
    ) -> Encoded {
        let span = self.span();
        let _entered = span.enter();
        let times = self.count();
        self.check_files();
        let entry = stored.filter(|_| !self.right.unstored).map(|stored| {
            let metadata = self.metadata(times);
            let compress = self.compress.take();
            let (mut bytes, mut refused) = (Vec::new(), None);
            let mut write = |writer: &mut Writer<'_>| writer.write(stored);
            let encoded = codec::encode(&metadata, &mut write, compress.as_ref(), &mut bytes, &mut refused);
            let bytes = encoded.map(|()| bytes).map_err(|error| refused.unwrap_or_else(|| error.to_string()));
            EncodedEntry { metadata, bytes, kept: keeper.keep(stored) }
        });
        Encoded { computation: self, times, entry, otherwise }
    }
}

impl Encoded {
    /// Stores the result on another thread. Returns its metadata if it was stored.
    async fn store_elsewhere(self) -> Option<Metadata> {
        elsewhere::run(move || self.store()).await.flatten()
    }

    fn store(self) -> Option<Metadata> {
        let Self { mut computation, times, entry, otherwise } = self;
        let span = computation.span();
        let _entered = span.enter();
        let stored = entry.and_then(|EncodedEntry { metadata, bytes, kept }| {
            let (metadata, length) = computation.store(metadata, &mut |_, out, refused| match &bytes {
                Ok(bytes) => out.write_all(bytes),
                Err(reason) => {
                    *refused = Some(reason.clone());
                    Err(io::Error::other(reason.clone()))
                }
            })?;
            computation.keep_in_memory(times, &metadata, length, || kept);
            Some((metadata, length))
        });
        computation.record_end(stored, otherwise)
    }
}
