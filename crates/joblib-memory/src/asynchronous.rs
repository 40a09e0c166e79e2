//! Looking up for `async fn`: waiting without blocking, on any executor.
//!
//! Tasks of this process wake each other. A claim of another process is waited for on a thread of its own, as there is no
//! timer without a runtime; that is as rare as it is cheap next to what is being waited for.

use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use joblib_store::{Claim, Claimed, Key};

use crate::call::{Call, Description, Extracted, Lookup, Pending, Read, Wanted};
use crate::codec::Entry;
use crate::flight::{self, Guard};
use crate::keep::Keep;
use crate::memory::Memory;
use crate::metadata::Metadata;
use crate::shelved::{MemorizedResult, Shelved};

impl Call<'_> {
    /// [`Call::lookup`] for a task.
    pub async fn lookup_async<R, K: Keep<R>>(
        self,
        describe: impl FnOnce(&mut Description),
    ) -> Lookup<R, R, K> {
        match self.resolve_async(describe, Wanted::Brief, Entry::result::<K::Stored>).await {
            Lookup::Hit((stored, _)) => Lookup::Hit(K::restore(stored)),
            Lookup::Compute(pending) => Lookup::Compute(pending),
        }
    }

    /// [`Call::find`] for a task.
    pub async fn find_async<R, K: Keep<R>>(
        self,
        describe: impl FnOnce(&mut Description),
    ) -> Lookup<K::Shelf<Shelved<K::Stored>>, R, K> {
        let (memory, mapping, key) = (self.memory.clone(), self.mapping(), self.key());
        match (self.resolve_async(describe, Wanted::All, |entry| Ok(((), entry.metadata))).await, key) {
            (Lookup::Hit(((), metadata)), Some(key)) => {
                let result = MemorizedResult::new(memory, &key, mapping, Some(metadata));
                Lookup::Hit(K::shelf(Shelved::Memorized(result)))
            }
            (Lookup::Hit(_), None) => Lookup::Compute(Pending::unstored()),
            (Lookup::Compute(pending), _) => Lookup::Compute(pending),
        }
    }

    async fn resolve_async<T, R, K: Keep<R>>(
        self,
        describe: impl FnOnce(&mut Description),
        wanted: Wanted,
        extract: fn(Entry<'static>) -> Extracted<T>,
    ) -> Lookup<(T, Metadata), R, K> {
        let (Some(_), Some(key)) = (self.memory.store(), self.key()) else {
            return Lookup::Compute(Pending::unstored());
        };
        if let Read::Hit(found) = self.read(&key, wanted, &extract) {
            return self.hit(found);
        }
        let deadline = Instant::now() + self.memory.settings().waiting_time;
        let guard = lead(self.memory, &key).await;
        if let Read::Hit(found) = self.read(&key, wanted, &extract) {
            return self.hit(found);
        }
        match claim(self.memory, &key, deadline).await {
            Ok(claim) => match self.read(&key, wanted, &extract) {
                Read::Hit(found) => self.hit(found),
                _ => Lookup::Compute(self.pending(key, describe, claim, Some(guard))),
            },
            Err(error) => {
                self.memory.cannot_write(&error);
                Lookup::Compute(self.pending(key, describe, None, Some(guard)).without_storing())
            }
        }
    }
}

/// Waits until no other task or thread of this process computes it.
async fn lead(memory: &Memory, key: &Key) -> Guard {
    let id = memory.flight_id(key);
    poll_fn(|context| match flight::poll_join(id, context.waker()) {
        Some(guard) => Poll::Ready(guard),
        None => Poll::Pending,
    })
    .await
}

type Claiming = Result<Option<Box<dyn Claimed>>, joblib_store::Error>;

fn try_claim(memory: &Memory, key: &Key) -> Option<Claiming> {
    match memory.store()?.claim(key) {
        Ok(Claim::Mine(claim)) => Some(Ok(Some(claim))),
        Ok(Claim::Taken(_)) => None,
        Err(error) => Some(Err(error)),
    }
}

/// The claim, or none where another process keeps it beyond the deadline.
async fn claim(memory: &Memory, key: &Key, deadline: Instant) -> Claiming {
    if let Some(claim) = try_claim(memory, key) {
        return claim;
    }
    wait_on_a_thread(memory.clone(), key.clone(), deadline).await
}

#[derive(Default)]
struct Waiting {
    claim: Option<Claiming>,
    waker: Option<Waker>,
}

fn wait_on_a_thread(memory: Memory, key: Key, deadline: Instant) -> impl Future<Output = Claiming> + Send {
    let waiting = Arc::new(Mutex::new(Waiting::default()));
    let of_thread = Arc::downgrade(&waiting);
    let wait = move || {
        let mut step = Duration::from_millis(1);
        loop {
            // Nobody listens any more.
            if of_thread.strong_count() == 0 {
                return;
            }
            let claim = try_claim(&memory, &key).or_else(|| (Instant::now() >= deadline).then_some(Ok(None)));
            if let Some(claim) = claim {
                let Some(waiting) = of_thread.upgrade() else { return };
                let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                waiting.claim = Some(claim);
                if let Some(waker) = waiting.waker.take() {
                    waker.wake();
                }
                return;
            }
            thread::sleep(step);
            step = (step * 2).min(Duration::from_millis(20));
        }
    };
    let started = thread::Builder::new().name("joblib-wait".into()).spawn(wait).is_ok();
    poll_fn(move |context| {
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.claim.take() {
            Some(claim) => Poll::Ready(claim),
            // Without a thread to wait on there is no waiting: compute it.
            None if !started => Poll::Ready(Ok(None)),
            None => {
                waiting.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    })
}
