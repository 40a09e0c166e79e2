//! Looking the result up, for tasks: the same steps, awaited on any executor.
//!
//! Tasks of this process wake each other; a claim of another process is asked for again and again,
//! in growing steps.

use std::time::{Duration, Instant};

use joblib_store::{Claim, Claimed, Error, Holder, Key, WriteBytes};
use tracing::Instrument;

use super::compute::Pending;
use super::keep::{Keep, Storable};
use super::lookup::Lookup;
use super::search::{Outcome, Search, Step};
use super::shelved::Shelved;
use super::target::{Target, Untouched, Value};
use super::{Call, Description, KeyedCall, once};
use crate::elsewhere;
use crate::entry::codec::Wanted;
use crate::memory::Memory;
use crate::single_flight::timer::Timer;
use crate::single_flight::{Caller, Wait};
use crate::tier::Keeper;

impl Call<'_> {
    /// [`Call::lookup`] for a task.
    pub async fn lookup_async<R, K: Keep<R, Stored: Storable>>(
        self,
        describe: impl FnOnce(&mut Description),
        keeper: Keeper<K::Stored>,
    ) -> Lookup<R, R, K> {
        // No target is held while something is awaited: the future may then be `Send` though the result is not.
        {
            let mut target = Value::new(keeper);
            if let Some((call, found)) = self.kept_value(&mut target)
                && let Some(stored) = target.into_value()
            {
                self.span.in_scope(|| self.hit(call, Duration::ZERO, &found, &mut once(describe)));
                return Lookup::Hit(K::wrap(stored));
            }
        }
        let Some(call) = self.keyed_or_warn() else { return Lookup::Compute(Pending::unstored()) };
        let span = call.call.span.clone();
        {
            let mut target = Value::new(keeper);
            if let Some(found) = call.kept_bytes(&mut target)
                && let Some(stored) = target.into_value()
            {
                span.in_scope(|| call.hit(&found, &mut once(describe)));
                return Lookup::Hit(K::wrap(stored));
            }
        }
        let made = || Value::new(keeper);
        let (call, target, outcome) = search(call, Wanted::Times, made).instrument(span.clone()).await;
        span.in_scope(|| match (outcome, target.into_value()) {
            (Outcome::Hit(found), Some(stored)) => {
                call.hit(&found, &mut once(describe));
                Lookup::Hit(K::wrap(stored))
            }
            (Outcome::Hit(_), None) => Lookup::Compute(Pending::unstored()),
            (Outcome::Miss(right), _) => Lookup::Compute(Pending::of(call.begin(&mut once(describe), right))),
        })
    }

    /// [`Call::find`] for a task.
    pub async fn find_async<R, K: Keep<R, Stored: Storable>>(
        self,
        describe: impl FnOnce(&mut Description),
    ) -> Lookup<K::Wrapped<Shelved<K::Stored>>, R, K> {
        let Some(call) = self.keyed_or_warn() else { return Lookup::Compute(Pending::unstored()) };
        let span = call.call.span.clone();
        let (call, _, outcome) = search(call, Wanted::Metadata, || Untouched).instrument(span.clone()).await;
        span.in_scope(|| match outcome {
            Outcome::Hit(found) => Lookup::Hit(call.reference::<R, K>(found, &mut once(describe))),
            Outcome::Miss(right) => Lookup::Compute(Pending::of(call.begin(&mut once(describe), right))),
        })
    }
}

/// Searches, and awaits what it waits for.
async fn search<T: Target>(
    call: KeyedCall<'_>,
    wanted: Wanted,
    make: impl Fn() -> T,
) -> (KeyedCall<'_>, T, Outcome) {
    let mut search = Search::new(call, wanted, Caller::Task);
    loop {
        if search.is_reading() {
            search.call.fetch().await;
        }
        // What a step found is not held while something is awaited.
        let next = {
            let mut target = make();
            match search.step(&mut target) {
                Step::Done(outcome) => return (search.call, target, outcome),
                Step::WaitThread(wait) => Next::Thread(wait),
                Step::WaitProcess(pause) => Next::Process(pause),
                Step::Claim => Next::Claim,
            }
        };
        match next {
            Next::Thread(wait) => {
                let since = Instant::now();
                let finished = wait.finished(search.deadline).await;
                search.call.waited += since.elapsed();
                search.waited(finished);
            }
            Next::Process(pause) => {
                Timer::at(Instant::now() + pause).await;
                search.call.waited += pause;
            }
            Next::Claim => {
                let answer = if search.call.store.waits_for_network() {
                    claim_elsewhere(search.call.call.memory.clone(), search.call.key.clone()).await
                } else {
                    search.call.store.claim(&search.call.key)
                };
                search.claimed(answer);
            }
        }
    }
}

enum Next {
    Thread(Wait),
    Process(Duration),
    Claim,
}

/// Asks for the claim on another thread, which also gives it back.
async fn claim_elsewhere(memory: Memory, key: Key) -> Result<Claim, Error> {
    let answer = elsewhere::run(move || memory.store().map(|store| store.claim(&key))).await;
    match answer.flatten() {
        Some(Ok(Claim::Mine(claim))) => Ok(Claim::Mine(Box::new(GivenBackElsewhere(Some(claim))))),
        Some(answer) => answer,
        // Computing is always right.
        None => Ok(Claim::Taken(Holder::this_process())),
    }
}

/// A claim that is given back on another thread, as that waits for a network.
#[derive(Debug)]
struct GivenBackElsewhere(Option<Box<dyn Claimed>>);

impl Claimed for GivenBackElsewhere {
    fn write(mut self: Box<Self>, write: WriteBytes<'_>) -> Result<u64, Error> {
        match self.0.take() {
            Some(claim) => claim.write(write),
            // It is taken here and below only.
            None => Ok(0),
        }
    }
}

impl Drop for GivenBackElsewhere {
    fn drop(&mut self) {
        if let Some(claim) = self.0.take() {
            elsewhere::spawn(Box::new(move || drop(claim)));
        }
    }
}
