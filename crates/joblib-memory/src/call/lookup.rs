//! Looking the result up, and who computes it if it is missing: for callers that block.

use std::time::{Duration, Instant};

use joblib_store::{Claim, Key};

use super::compute::Pending;
use super::keep::{Keep, Storable};
use super::read::{Extract, Read, Wanted};
use super::shelved::{MemorizedResult, Shelved};
use super::verbose::texts;
use super::{Call, Description};
use crate::entry::codec::Entry;
use crate::entry::metadata::Metadata;
use crate::report::{self, Readable};
use crate::single_flight::{self, Joined};

/// What a lookup found.
#[doc(hidden)]
pub enum Lookup<H, R, K> {
    Hit(H),
    Compute(Pending<R, K>),
}

impl Call<'_> {
    /// Looks for the result.
    pub fn lookup<R, K: Keep<R, Stored: Storable>>(
        self,
        describe: impl FnOnce(&mut Description),
    ) -> Lookup<R, R, K> {
        let span = self.span();
        match span.in_scope(|| self.resolve(describe, Wanted::Brief, &Entry::result::<K::Stored>)) {
            Lookup::Hit((stored, _)) => Lookup::Hit(K::restore(stored)),
            Lookup::Compute(pending) => Lookup::Compute(pending),
        }
    }

    /// Looks for the result without loading it.
    pub fn find<R, K: Keep<R, Stored: Storable>>(
        self,
        describe: impl FnOnce(&mut Description),
    ) -> Lookup<K::Shelf<Shelved<K::Stored>>, R, K> {
        let (memory, mapping, span) = (self.memory.clone(), self.mapping(), self.span());
        let key = self.key();
        let found = span.in_scope(|| self.resolve(describe, Wanted::All, &|entry| Ok(((), entry.metadata))));
        match (found, key) {
            (Lookup::Hit(((), metadata)), Some(key)) => {
                let result = MemorizedResult::new(memory, &key, mapping, Some(metadata));
                Lookup::Hit(K::shelf(Shelved::Memorized(result)))
            }
            (Lookup::Hit(_), None) => Lookup::Compute(Pending::unstored()),
            (Lookup::Compute(pending), _) => Lookup::Compute(pending),
        }
    }

    /// Whether there is a valid result.
    pub fn check(self) -> bool {
        let Some(key) = self.key() else { return false };
        matches!(self.read(&key, Wanted::Brief, &|entry| Ok(((), entry.metadata))), Read::Hit(_))
    }

    /// Computes whatever is stored.
    pub fn force<R, K: Keep<R, Stored: Storable>>(
        self,
        describe: impl FnOnce(&mut Description),
    ) -> Pending<R, K> {
        match (self.memory.store(), self.key()) {
            (Some(_), Some(key)) => self.pending(key, describe, None, None),
            _ => Pending::unstored(),
        }
    }

    fn resolve<T, R, K: Keep<R, Stored: Storable>>(
        self,
        describe: impl FnOnce(&mut Description),
        wanted: Wanted,
        extract: &Extract<'_, T>,
    ) -> Lookup<(T, Metadata), R, K> {
        let (Some(store), Some(key)) = (self.memory.store(), self.key()) else {
            return Lookup::Compute(Pending::unstored());
        };
        self.tell_querying(&key);
        if let Read::Hit(found) = self.read(&key, wanted, extract) {
            return self.hit(&key, found);
        }
        let deadline = self.deadline();
        // First among the threads of this process …
        let guard = match single_flight::join(self.memory.flight_id(&key), deadline) {
            Joined::Leader(guard) => guard,
            Joined::Landed => {
                return match self.read(&key, wanted, extract) {
                    Read::Hit(found) => self.hit(&key, found),
                    // It failed, or is not kept: what others got is not for us.
                    _ => Lookup::Compute(self.pending(key, describe, None, None)),
                };
            }
            Joined::Alone | Joined::TimedOut => {
                return Lookup::Compute(self.pending(key, describe, None, None));
            }
        };
        // … then among processes.
        let mut step = Duration::from_micros(200);
        loop {
            match store.claim(&key) {
                Ok(Claim::Mine(claim)) => {
                    // It may have been stored between looking and claiming.
                    return match self.read(&key, wanted, extract) {
                        Read::Hit(found) => {
                            drop(claim);
                            self.hit(&key, found)
                        }
                        _ => Lookup::Compute(self.pending(key, describe, Some(claim), Some(guard))),
                    };
                }
                Ok(Claim::Taken(_)) if Instant::now() < deadline => {
                    single_flight::pause(step);
                    step = (step * 2).min(Duration::from_millis(20));
                    if let Read::Hit(found) = self.read(&key, wanted, extract) {
                        return self.hit(&key, found);
                    }
                }
                Ok(Claim::Taken(_)) => {
                    return Lookup::Compute(self.pending(key, describe, None, Some(guard)));
                }
                Err(error) => {
                    self.memory.cannot_write(&error);
                    return Lookup::Compute(self.pending(key, describe, None, Some(guard)).without_storing());
                }
            }
        }
    }

    /// Until when to wait for others.
    pub(crate) fn deadline(&self) -> Instant {
        // As good as without end, and a time that every clock has.
        const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);
        Instant::now() + self.waiting_time().min(LONGEST)
    }

    /// How long to wait for others. While others may be waiting for us, only so long that two processes that wait for
    /// each other part soon.
    fn waiting_time(&self) -> Duration {
        let limit = self.memory.settings().waiting_time;
        if single_flight::is_computing() { limit.min(Duration::from_secs(30)) } else { limit }
    }

    pub(crate) fn hit<T, R, K>(
        &self,
        key: &Key,
        (value, metadata): (T, Metadata),
    ) -> Lookup<(T, Metadata), R, K> {
        let reading = self.since.elapsed();
        let name = self.function.version.function();
        self.span.record("hit", true);
        tracing::debug!(target: "joblib::memory", function = name, hit = true, seconds = reading.as_secs_f64());
        let level = self.level();
        if level.loading() {
            let arguments = texts(&metadata.arguments);
            let from =
                if level.places() { format!(" from {}", self.memory.place_of(key)) } else { String::new() };
            report::say(format_args!("Loading {name}({arguments}){from}"));
        }
        if level.loading_time() {
            report::say(format_args!(
                "{name} cache loaded - {}; computing it took {}",
                Readable(reading),
                Readable(metadata.duration())
            ));
        }
        if let Some((reading, computing)) = self.function.counters.hit(reading, metadata.duration()) {
            report::warn_once(
                "does not pay",
                name,
                format_args!(
                    "caching {name} does not pay: a hit takes {} and computing takes {}",
                    Readable(reading),
                    Readable(computing)
                ),
            );
        }
        Lookup::Hit((value, metadata))
    }
}
