//! Looking the result up, for callers that block.

use std::time::Instant;

use super::compute::Pending;
use super::keep::{Keep, Storable};
use super::read::{Decode, Found, Read};
use super::replay;
use super::search::{Outcome, Right, Search, Step};
use super::shelved::{MemorizedResult, Shelved};
use super::verbose::texts;
use super::{Call, Description, KeyedCall};
use crate::entry::codec::Wanted;
use crate::report::{self, Readable};
use crate::single_flight::{self, Caller};
use crate::tier::Keeper;

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
        keeper: Keeper<K::Stored>,
    ) -> Lookup<R, R, K> {
        let Some(call) = self.keyed_or_warn() else { return Lookup::Compute(Pending::unstored()) };
        let span = call.call.span.clone();
        let _entered = span.enter();
        if let Some((stored, found)) = call.kept(Decode::value(keeper)) {
            call.hit(&found, describe);
            return Lookup::Hit(K::wrap(stored));
        }
        let (call, outcome) = search(call, Wanted::Times, Decode::value(keeper));
        match outcome {
            Outcome::Hit(stored, found) => {
                call.hit(&found, describe);
                Lookup::Hit(K::wrap(stored))
            }
            Outcome::Miss(right) => Lookup::Compute(call.pending(describe, right)),
        }
    }

    /// Looks for the result without loading it.
    pub fn find<R, K: Keep<R, Stored: Storable>>(
        self,
        describe: impl FnOnce(&mut Description),
    ) -> Lookup<K::Wrapped<Shelved<K::Stored>>, R, K> {
        let Some(call) = self.keyed_or_warn() else { return Lookup::Compute(Pending::unstored()) };
        let span = call.call.span.clone();
        let _entered = span.enter();
        let (call, outcome) = search(call, Wanted::Metadata, Decode::NOTHING);
        match outcome {
            Outcome::Hit((), found) => Lookup::Hit(call.reference::<R, K>(found, describe)),
            Outcome::Miss(right) => Lookup::Compute(call.pending(describe, right)),
        }
    }

    /// Returns `true` if the call would be answered from the cache. The result is read as the call
    /// would read it.
    pub fn check<R, K: Keep<R, Stored: Storable>>(self) -> bool {
        let Some(call) = self.keyed_or_warn() else { return false };
        matches!(call.read(Wanted::Times, Decode::test::<K::Stored>()), Read::Hit(..))
    }

    /// Computes the result even if it is stored.
    pub fn force<R, K: Keep<R, Stored: Storable>>(
        self,
        describe: impl FnOnce(&mut Description),
    ) -> Pending<R, K> {
        match self.keyed_or_warn() {
            Some(call) => call.pending(describe, Right::default()),
            None => Pending::unstored(),
        }
    }
}

/// Searches, and blocks while it waits.
fn search<T>(call: KeyedCall<'_>, wanted: Wanted, decode: Decode<T>) -> (KeyedCall<'_>, Outcome<T>) {
    let mut search = Search::new(call, wanted, Caller::Thread);
    loop {
        match search.step(decode) {
            Step::Done(outcome) => return (search.call, outcome),
            Step::WaitThread(wait) => {
                let since = Instant::now();
                let finished = wait.block(search.deadline);
                search.call.waited += since.elapsed();
                search.waited(finished);
            }
            Step::WaitProcess(pause) => {
                single_flight::pause(pause);
                search.call.waited += pause;
            }
            Step::Claim => {
                let answer = search.call.store.claim(&search.call.key);
                search.claimed(answer);
            }
        }
    }
}

impl KeyedCall<'_> {
    /// A reference to the stored result.
    pub(super) fn reference<R, K: Keep<R>>(
        &self,
        found: Found,
        describe: impl FnOnce(&mut Description),
    ) -> K::Wrapped<Shelved<K::Stored>> {
        self.hit(&found, describe);
        let memory = self.call.memory.clone();
        let metadata = found.metadata;
        let result = MemorizedResult::new(memory, &self.key, self.call.settings.mapping, metadata);
        K::wrap_reference(Shelved::Memorized(result))
    }

    /// Counts and reports a hit.
    pub(super) fn hit(&self, found: &Found, describe: impl FnOnce(&mut Description)) {
        let reading = self.call.since.elapsed();
        self.record_hit(reading, found, describe);
        if self.call.settings.replay
            && let Some(metadata) = &found.metadata
        {
            replay::emit(&metadata.events);
        }
        let name = self.call.name();
        let computing = found.times.duration();
        self.call.span.record("hit", true);
        tracing::debug!(target: "joblib::memory", function = name, hit = true, seconds = reading.as_secs_f64());
        let level = self.call.settings.level;
        if level.loading() {
            let arguments = found.metadata.as_deref().map(|metadata| texts(&metadata.arguments));
            let from = if level.locations() {
                format!(" from {}", self.call.memory.location_text_of(&self.key))
            } else {
                String::new()
            };
            report::print(format_args!("Loading {name}({}){from}", arguments.unwrap_or_default()));
        }
        if level.loading_time() {
            report::print(format_args!(
                "{name} cache loaded - {}; computing it took {}",
                Readable(reading),
                Readable(computing)
            ));
        }
        if let Some((reading, computing)) = self.call.function.counters.hit(reading, computing) {
            self.call.memory.warn_once(
                "does not pay",
                name,
                format_args!(
                    "caching {name} does not pay: a hit takes {} and computing takes {}",
                    Readable(reading),
                    Readable(computing)
                ),
            );
        }
    }
}
