//! Looking the result up, for callers that block.

use std::time::{Duration, Instant};

use super::compute::{Computation, Pending};
use super::keep::{Keep, Storable};
use super::read::{Found, Read};
use super::search::{Outcome, Right, Search, Step};
use super::shelved::{MemorizedResult, Shelved};
use super::target::{Target, Tested, Untouched, Value};
use super::{Call, Describe, KeyedCall};
use crate::entry::codec::Wanted;
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
        describe: Describe<'_>,
        keeper: Keeper<K::Stored>,
    ) -> Lookup<R, R, K> {
        let mut target = Value::new(keeper);
        let computation = self.look_up(&mut target, describe);
        match (target.into_value(), computation) {
            (Some(stored), _) => Lookup::Hit(K::wrap(stored)),
            (None, Some(computation)) => Lookup::Compute(Pending::of(computation)),
            (None, None) => Lookup::Compute(Pending::unstored()),
        }
    }

    /// Looks for the result without loading it.
    pub fn find<R, K: Keep<R, Stored: Storable>>(
        self,
        describe: Describe<'_>,
    ) -> Lookup<K::Wrapped<Shelved<K::Stored>>, R, K> {
        let Some(call) = self.keyed_or_warn() else { return Lookup::Compute(Pending::unstored()) };
        let span = call.call.span.clone();
        let _entered = span.enter();
        let (call, outcome) = search(call, Wanted::Metadata, &mut Untouched);
        match outcome {
            Outcome::Hit(found) => Lookup::Hit(call.reference::<R, K>(found, describe)),
            Outcome::Miss(right) => Lookup::Compute(Pending::of(call.begin(describe, right))),
        }
    }

    /// Returns `true` if the call would be answered from the cache. The result is read as the call
    /// would read it.
    pub fn check<R, K: Keep<R, Stored: Storable>>(self) -> bool {
        let Some(call) = self.keyed_or_warn() else { return false };
        matches!(call.read(Wanted::Times, &mut Tested::<K::Stored>::new()), Read::Hit(..))
    }

    /// Computes the result even if it is stored.
    pub fn force<R, K: Keep<R, Stored: Storable>>(self, describe: Describe<'_>) -> Pending<R, K> {
        match self.keyed_or_warn() {
            Some(call) => Pending::of(call.begin(describe, Right::default())),
            None => Pending::unstored(),
        }
    }

    /// Looks the result up, and brings it into `target`. If it is not there, its computation begins; `None` too if the call
    /// is not cached.
    fn look_up(self, target: &mut dyn Target, describe: Describe<'_>) -> Option<Box<Computation>> {
        if let Some((call, found)) = self.kept_value(target) {
            let _entered = self.span.enter();
            self.hit(call, Duration::ZERO, &found, describe);
            return None;
        }
        let call = self.keyed_or_warn()?;
        let span = call.call.span.clone();
        let _entered = span.enter();
        if let Some(found) = call.kept_bytes(target) {
            call.hit(&found, describe);
            return None;
        }
        let (call, outcome) = search(call, Wanted::Times, target);
        match outcome {
            Outcome::Hit(found) => {
                call.hit(&found, describe);
                None
            }
            Outcome::Miss(right) => Some(call.begin(describe, right)),
        }
    }
}

/// Searches, and blocks while it waits.
fn search<'m>(call: KeyedCall<'m>, wanted: Wanted, target: &mut dyn Target) -> (KeyedCall<'m>, Outcome) {
    let mut search = Search::new(call, wanted, Caller::Thread);
    loop {
        match search.step(target) {
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
        describe: Describe<'_>,
    ) -> K::Wrapped<Shelved<K::Stored>> {
        self.hit(&found, describe);
        let memory = self.call.memory.clone();
        let metadata = found.metadata;
        let result = MemorizedResult::new(memory, &self.key, self.call.settings.mapping, metadata);
        K::wrap_reference(Shelved::Memorized(result))
    }
}
