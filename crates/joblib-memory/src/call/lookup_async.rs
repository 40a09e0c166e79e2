//! Looking up for `async fn`: waiting without blocking, on any executor.
//!
//! Tasks of this process wake each other; a claim of another process is asked for again and again, in growing steps.

use std::time::{Duration, Instant};

use joblib_store::{Claim, Claimed, Key};
use tracing::Instrument;

use super::compute::Pending;
use super::keep::{Keep, Storable};
use super::lookup::Lookup;
use super::read::{Extracted, Read, Wanted};
use super::shelved::{MemorizedResult, Shelved};
use super::{Call, Description};
use crate::entry::codec::Entry;
use crate::entry::metadata::Metadata;
use crate::memory::Memory;
use crate::single_flight::timer::Timer;
use crate::single_flight::{self, Joined};

impl Call<'_> {
    /// [`Call::lookup`] for a task.
    pub async fn lookup_async<R, K: Keep<R, Stored: Storable>>(
        self,
        describe: impl FnOnce(&mut Description),
    ) -> Lookup<R, R, K> {
        let span = self.span();
        match self.resolve_async(describe, Wanted::Brief, Entry::result::<K::Stored>).instrument(span).await {
            Lookup::Hit((stored, _)) => Lookup::Hit(K::restore(stored)),
            Lookup::Compute(pending) => Lookup::Compute(pending),
        }
    }

    /// [`Call::find`] for a task.
    pub async fn find_async<R, K: Keep<R, Stored: Storable>>(
        self,
        describe: impl FnOnce(&mut Description),
    ) -> Lookup<K::Shelf<Shelved<K::Stored>>, R, K> {
        let (memory, mapping, key) = (self.memory.clone(), self.mapping(), self.key());
        let span = self.span();
        let found = self.resolve_async(describe, Wanted::All, |entry| Ok(((), entry.metadata)));
        match (found.instrument(span).await, key) {
            (Lookup::Hit(((), metadata)), Some(key)) => {
                let result = MemorizedResult::new(memory, &key, mapping, Some(metadata));
                Lookup::Hit(K::shelf(Shelved::Memorized(result)))
            }
            (Lookup::Hit(_), None) => Lookup::Compute(Pending::unstored()),
            (Lookup::Compute(pending), _) => Lookup::Compute(pending),
        }
    }

    async fn resolve_async<T, R, K: Keep<R, Stored: Storable>>(
        self,
        describe: impl FnOnce(&mut Description),
        wanted: Wanted,
        extract: fn(Entry<'static>) -> Extracted<T>,
    ) -> Lookup<(T, Metadata), R, K> {
        let (Some(_), Some(key)) = (self.memory.store(), self.key()) else {
            return Lookup::Compute(Pending::unstored());
        };
        self.tell_querying(&key);
        if let Read::Hit(found) = self.read(&key, wanted, &extract) {
            return self.hit(&key, found);
        }
        let deadline = self.deadline();
        let guard = match single_flight::join_async(self.memory.flight_id(&key), deadline).await {
            Joined::Leader(guard) => guard,
            Joined::Landed => {
                return match self.read(&key, wanted, &extract) {
                    Read::Hit(found) => self.hit(&key, found),
                    _ => Lookup::Compute(self.pending(key, describe, None, None)),
                };
            }
            Joined::Alone | Joined::TimedOut => {
                return Lookup::Compute(self.pending(key, describe, None, None));
            }
        };
        match claim(self.memory, &key, deadline).await {
            Ok(claim) => match self.read(&key, wanted, &extract) {
                Read::Hit(found) => self.hit(&key, found),
                _ => Lookup::Compute(self.pending(key, describe, claim, Some(guard))),
            },
            Err(error) => {
                self.memory.cannot_write(&error);
                Lookup::Compute(self.pending(key, describe, None, Some(guard)).without_storing())
            }
        }
    }
}

/// The claim, or none where another process keeps it beyond the deadline.
async fn claim(
    memory: &Memory,
    key: &Key,
    deadline: Instant,
) -> Result<Option<Box<dyn Claimed>>, joblib_store::Error> {
    let Some(store) = memory.store() else { return Ok(None) };
    let mut step = Duration::from_millis(1);
    loop {
        match store.claim(key)? {
            Claim::Mine(claim) => return Ok(Some(claim)),
            Claim::Taken(_) if Instant::now() >= deadline => return Ok(None),
            Claim::Taken(_) => {}
        }
        Timer::at((Instant::now() + step).min(deadline)).await;
        step = (step * 2).min(Duration::from_millis(20));
    }
}
