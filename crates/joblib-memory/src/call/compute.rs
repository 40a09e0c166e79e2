//! A result that is being computed: what happens to it when it is there.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use joblib_persist::Compress;
use joblib_store::{Blob, Claimed, Key};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::explain::explain;
use super::keep::{Keep, Storable};
use super::shelved::{MemorizedResult, NotMemorizedResult, Shelved};
use super::verbose::texts;
use super::{Call, Description};
use crate::entry::codec::{self, Entry, Mapping};
use crate::entry::metadata::{self, Argument, Metadata};
use crate::function::Function;
use crate::function::code::Code;
use crate::memory::Memory;
use crate::report::{self, Level, Readable};
use crate::single_flight;

/// A result that is being computed.
#[doc(hidden)]
pub struct Pending<R, K> {
    work: Option<Box<Work>>,
    span: tracing::Span,
    kind: PhantomData<fn(R) -> K>,
}

pub(crate) struct Work {
    pub(crate) memory: Memory,
    pub(crate) function: Arc<Function>,
    pub(crate) key: Key,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) own_code: Code,
    pub(crate) depends: &'static [(&'static str, Code)],
    pub(crate) claim: Option<Box<dyn Claimed>>,
    pub(crate) guard: Option<single_flight::Guard>,
    pub(crate) compress: Option<Compress>,
    pub(crate) mapping: Option<Mapping>,
    pub(crate) level: Level,
    pub(crate) store: bool,
    pub(crate) since: Instant,
}

impl<R, K> Pending<R, K> {
    pub(crate) fn of(work: Work, span: tracing::Span) -> Self {
        Self { work: Some(Box::new(work)), span, kind: PhantomData }
    }

    /// Of a call that is not cached.
    pub(crate) fn unstored() -> Self {
        Self { work: None, span: tracing::Span::none(), kind: PhantomData }
    }

    pub(crate) fn without_storing(mut self) -> Self {
        if let Some(work) = &mut self.work {
            work.store = false;
        }
        self
    }

    /// What is computed, for those who wait for it.
    pub(crate) fn flight(&self) -> Option<single_flight::FlightId> {
        self.work.as_ref()?.guard.as_ref().map(single_flight::Guard::id)
    }

    /// The span that the computation belongs in.
    pub fn span(&self) -> tracing::Span {
        self.span.clone()
    }
}

impl<R, K> Pending<R, K> {
    /// Stores the computed result, where it is one to keep, and hands it on.
    pub fn finish(self, result: R) -> R
    where
        K: Keep<R, Stored: Storable>,
    {
        let Some(work) = self.work else { return result };
        let _entered = self.span.enter();
        let mappable = work.mappable();
        let stored = work.finish(K::kept(&result)).is_some();
        match mappable.filter(|_| stored).and_then(|mappable| mappable.open::<K::Stored>()) {
            // Mapped, as later calls have it; the computed one's memory is given back.
            Some(mapped) => K::restore(mapped),
            None => result,
        }
    }

    /// Stores the computed result and hands on a reference to it.
    pub fn finish_and_shelve(self, result: R) -> K::Shelf<Shelved<K::Stored>>
    where
        K: Keep<R, Stored: Storable>,
    {
        let _entered = self.span.enter();
        let memorized = self.work.and_then(|work| {
            let (memory, key, mapping) = (work.memory.clone(), work.key.clone(), work.mapping);
            let metadata = work.finish(K::kept(&result))?;
            Some(MemorizedResult::new(memory, &key, mapping, Some(metadata)))
        });
        K::shelve(result, |stored| match memorized {
            Some(memorized) => Shelved::Memorized(memorized),
            None => Shelved::NotMemorized(NotMemorizedResult::new(stored)),
        })
    }
}

impl Work {
    /// Where the result can be mapped from once it is stored, if that is asked for.
    fn mappable(&self) -> Option<Mappable> {
        let mapping = self.mapping.filter(|_| self.compress.is_none())?;
        Some(Mappable { memory: self.memory.clone(), key: self.key.clone(), mapping })
    }

    /// Returns what was stored about the result, if it was.
    fn finish<T: Serialize>(mut self: Box<Self>, kept: Option<&T>) -> Option<Metadata> {
        let duration = self.since.elapsed();
        let name = self.function.version.function();
        self.function.counters.miss();
        tracing::debug!(target: "joblib::memory", function = name, hit = false, seconds = duration.as_secs_f64());
        if self.level.computing() {
            report::say(format_args!("{name} - {}", Readable(duration)));
        }
        let (true, Some(kept), Some(store)) = (self.store, kept, self.memory.store()) else { return None };
        let hash_of = |code: Code| code.hash().into();
        let metadata = Metadata {
            time: metadata::now(),
            duration: duration.as_secs_f64(),
            function: name.to_owned(),
            code: self.key.version().code().into(),
            own_code: hash_of(self.own_code),
            depends: self.depends.iter().map(|&(name, code)| (name.to_owned(), hash_of(code))).collect(),
            arguments: std::mem::take(&mut self.arguments),
            host: metadata::host().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let mut refused = None;
        let mut write = |out: &mut dyn std::io::Write| {
            codec::encode(&metadata, kept, self.compress.as_ref(), out, &mut refused)
        };
        if self.level.reasons() {
            report::say(format_args!("Persisting in {}", self.memory.place_of(&self.key)));
        }
        let stored = match self.claim.take() {
            Some(claim) => claim.write(&mut write),
            None => store.put(&self.key, &mut write),
        };
        // Those who wait can read it now; what follows is none of their business.
        drop(self.guard.take());
        match stored {
            Ok(bytes) => {
                self.function.counters.wrote(bytes);
                self.tidy();
                Some(metadata)
            }
            Err(error) => {
                match refused {
                    Some(reason) => report::warn_once(
                        "refused",
                        &metadata.function,
                        format_args!(
                            "results of {} can't be stored, and are computed each time: {reason}",
                            metadata.function
                        ),
                    ),
                    None => self.memory.cannot_write(&error),
                }
                None
            }
        }
    }

    fn tidy(&self) {
        let Some(store) = self.memory.store() else { return };
        match store.tidy(&self.key, &self.memory.settings().limits, &codec::cost) {
            Ok(reduced) if reduced.items > 0 => {
                if self.level.reasons() {
                    report::say(format_args!("Deleted {} results, {} bytes", reduced.items, reduced.bytes));
                }
                tracing::debug!(target: "joblib::memory", items = reduced.items, bytes = reduced.bytes, "evicted");
            }
            Ok(_) => {}
            Err(error) => report::warn_once(
                "tidy",
                store.location(),
                format_args!("could not keep the cache in {} within its limits: {error}", store.location()),
            ),
        }
    }
}

/// A stored result that is to be mapped.
struct Mappable {
    memory: Memory,
    key: Key,
    mapping: Mapping,
}

impl Mappable {
    /// The result, or nothing where it can't be mapped: the computed one is as good.
    fn open<T: DeserializeOwned>(&self) -> Option<T> {
        let blob @ Blob::File { .. } = self.memory.store()?.get(&self.key).ok()?? else { return None };
        let (result, _) = Entry::open_in_brief(blob, Some(self.mapping)).ok()?.result().ok()?;
        Some(result)
    }
}

impl Call<'_> {
    pub(crate) fn pending<R, K>(
        self,
        key: Key,
        describe: impl FnOnce(&mut Description),
        claim: Option<Box<dyn Claimed>>,
        guard: Option<single_flight::Guard>,
    ) -> Pending<R, K> {
        let level = self.level();
        if level.reasons() {
            report::say(format_args!(
                "Computing {}, argument hash {}, in {}: {}",
                self.function.version.function(),
                key.call_hex(),
                self.memory.place(),
                explain(&self)
            ));
        }
        let mut description = Description::default();
        if !self.options.redact {
            describe(&mut description);
        }
        let mut texts_of = description.0.into_iter();
        let arguments: Vec<Argument> = self
            .arguments
            .iter()
            .map(|&(name, digest)| Argument {
                name: name.to_owned(),
                text: texts_of.next().unwrap_or_default(),
                digest: digest.into(),
            })
            .collect();
        if level.computing() {
            report::say(format_args!("Calling {}({})", self.function.version.function(), texts(&arguments)));
        }
        let compress = self
            .compress
            .clone()
            .or_else(|| self.options.compress.map(|make| make()))
            .or_else(|| self.memory.settings().compress.clone())
            .filter(Compress::compresses);
        let mapping = self.mapping();
        if mapping.is_some() && compress.is_some() {
            let name = self.function.version.function();
            report::warn_once(
                "compressed",
                name,
                format_args!(
                    "results of {name} are compressed, and so can't be mapped: leave out `compress` or `mmap_mode`"
                ),
            );
        }
        self.span.record("hit", false);
        let work = Work {
            memory: self.memory.clone(),
            function: self.function,
            key,
            arguments,
            own_code: self.own_code,
            depends: self.depends,
            claim,
            guard,
            compress,
            mapping,
            level,
            store: true,
            since: Instant::now(),
        };
        Pending::of(work, self.span)
    }
}
