//! Looking the result up, for tasks: the same steps, awaited on any executor.
//!
//! Tasks of this process wake each other; a claim of another process is asked for again and again,
//! in growing steps.

use std::time::Instant;

use tracing::Instrument;

use super::compute::Pending;
use super::keep::{Keep, Storable};
use super::lookup::Lookup;
use super::read::Decode;
use super::search::{Outcome, Search, Step};
use super::shelved::Shelved;
use super::{Call, Description, KeyedCall};
use crate::entry::codec::Wanted;
use crate::single_flight::Caller;
use crate::single_flight::timer::Timer;
use crate::tier::Keeper;

impl Call<'_> {
    /// [`Call::lookup`] for a task.
    pub async fn lookup_async<R, K: Keep<R, Stored: Storable>>(
        self,
        describe: impl FnOnce(&mut Description),
        keeper: Keeper<K::Stored>,
    ) -> Lookup<R, R, K> {
        let Some(call) = self.keyed_or_warn() else { return Lookup::Compute(Pending::unstored()) };
        let span = call.call.span.clone();
        let (call, outcome) =
            search(call, Wanted::Times, Decode::value(keeper)).instrument(span.clone()).await;
        span.in_scope(|| match outcome {
            Outcome::Hit(stored, found) => {
                call.hit(&found, describe);
                Lookup::Hit(K::wrap(stored))
            }
            Outcome::Miss(right) => Lookup::Compute(call.pending(describe, right)),
        })
    }

    /// [`Call::find`] for a task.
    pub async fn find_async<R, K: Keep<R, Stored: Storable>>(
        self,
        describe: impl FnOnce(&mut Description),
    ) -> Lookup<K::Wrapped<Shelved<K::Stored>>, R, K> {
        let Some(call) = self.keyed_or_warn() else { return Lookup::Compute(Pending::unstored()) };
        let span = call.call.span.clone();
        let (call, outcome) = search(call, Wanted::Metadata, Decode::NOTHING).instrument(span.clone()).await;
        span.in_scope(|| match outcome {
            Outcome::Hit((), found) => Lookup::Hit(call.reference::<R, K>(found, describe)),
            Outcome::Miss(right) => Lookup::Compute(call.pending(describe, right)),
        })
    }
}

/// Searches, and awaits what it waits for.
async fn search<T>(call: KeyedCall<'_>, wanted: Wanted, decode: Decode<T>) -> (KeyedCall<'_>, Outcome<T>) {
    let mut search = Search::new(call, wanted, Caller::Task);
    loop {
        if search.is_reading() {
            search.call.fetch().await;
        }
        let wait = match search.step(decode) {
            Step::Done(outcome) => return (search.call, outcome),
            Step::WaitThread(wait) => Ok(wait),
            Step::WaitProcess(pause) => Err(pause),
        };
        match wait {
            Ok(wait) => {
                let since = Instant::now();
                let finished = wait.finished(search.deadline).await;
                search.call.waited += since.elapsed();
                search.waited(finished);
            }
            Err(pause) => {
                Timer::at(Instant::now() + pause).await;
                search.call.waited += pause;
            }
        }
    }
}
