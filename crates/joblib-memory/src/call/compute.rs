//! A result that is being computed, and what happens to it afterwards.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use joblib_persist::{Compress, Writer};
use joblib_record::{Events, Listener, Position, Step};
use joblib_store::{Blob, Holder, Key, Limits, Store};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error_text::ErrorText;
use super::explain;
use super::keep::{Keep, Storable};
use super::kept::Room;
use super::recording::{self, Fate};
use super::replay;
use super::search::Right;
use super::settings::InMemory;
use super::shelved::{MemorizedResult, NotMemorizedResult, Shelved};
use super::verbose::texts;
use super::{Describe, Description, KeyedCall, stack};
use crate::entry::codec::{self, Body, Entry, Mapping, Wanted};
use crate::entry::metadata::{Argument, Metadata, Times};
use crate::files::Found;
use crate::function::Function;
use crate::function::code::Code;
use crate::function::site::Parts;
use crate::memory::Memory;
use crate::report::{self, Level, Readable};
use crate::single_flight;
use crate::tier::{Form, Keeper, Kept, Shared};

/// A result that is being computed. It is on the stack of every call of a recursion, and so no
/// larger than a pointer.
#[doc(hidden)]
pub struct Pending<R, K> {
    /// `None` of a call that is not cached.
    pub(super) computation: Option<Box<Computation>>,
    kind: PhantomData<fn(R) -> K>,
}

/// The computation of a call's result.
pub(super) struct Computation {
    pub(super) memory: Memory,
    function: Arc<Function>,
    pub(super) key: Key,
    arguments: Vec<Argument>,
    files: Vec<(String, [u8; 16])>,
    /// What the paths of its file arguments led to before it began.
    found: Vec<Found>,
    shape: u64,
    parts: Parts,
    pub(super) right: Right,
    pub(super) compress: Option<Compress>,
    pub(super) mapping: Option<Mapping>,
    level: Level,
    in_memory: InMemory,
    since: Instant,
    span: tracing::Span,
    /// What it is in the record of this run, if there is one.
    step: Option<Step>,
    /// What it logs, if that is stored.
    events: Option<Events>,
    /// Listens to what it logs, if that is stored or recorded.
    listener: Option<Listener>,
}

impl<R, K> Pending<R, K> {
    /// Of a call that is not cached.
    pub(crate) fn unstored() -> Self {
        Self { computation: None, kind: PhantomData }
    }

    pub(super) fn of(computation: Box<Computation>) -> Self {
        Self { computation: Some(computation), kind: PhantomData }
    }

    /// What others wait for while it is computed.
    pub(crate) fn flight(&self) -> Option<single_flight::FlightId> {
        self.computation.as_ref()?.right.guard.as_ref().map(single_flight::Guard::id)
    }

    /// The span of the computation.
    pub fn span(&self) -> tracing::Span {
        self.computation.as_ref().map_or_else(tracing::Span::none, |computation| computation.span.clone())
    }

    /// What the computation is in the record of this run.
    pub(crate) fn position(&self) -> Option<Position> {
        self.computation.as_ref()?.step.as_ref().map(Step::position)
    }

    /// What listens to the events of the computation.
    pub(crate) fn listener(&self) -> Option<Listener> {
        self.computation.as_ref()?.listener.clone()
    }

    /// Runs the function's body in the span of the computation, on a stack that grows with the
    /// depth of a recursion.
    pub fn compute<T>(&self, body: impl FnOnce() -> T) -> T {
        let (mut body, mut result) = (Some(body), None);
        run(self.computation.as_deref(), &mut || {
            if let Some(body) = body.take() {
                result = Some(body());
            }
        });
        match result {
            Some(result) => result,
            None => unreachable!("the body was run"),
        }
    }

    /// Stores the computed result, if it is one to keep, and returns it.
    #[inline(never)]
    pub fn finish(self, result: R, keeper: Keeper<K::Stored>, error: ErrorText<R>) -> R
    where
        K: Keep<R, Stored: Storable>,
    {
        let Some(computation) = self.computation else { return result };
        let span = computation.span.clone();
        let _entered = span.enter();
        let mappable = computation.mappable();
        let otherwise = computation.unstored::<R, K>(&result, error);
        let stored = computation.finish(K::stored_part(&result), keeper, otherwise).is_some();
        match mappable.filter(|_| stored).and_then(|mappable| mappable.open::<K::Stored>()) {
            // Mapped, as later calls have it; the computed one's memory is given back.
            Some(mapped) => K::wrap(mapped),
            None => result,
        }
    }

    /// Stores the computed result and returns a reference to it.
    #[inline(never)]
    pub fn finish_and_shelve(self, result: R, error: ErrorText<R>) -> K::Wrapped<Shelved<K::Stored>>
    where
        K: Keep<R, Stored: Storable>,
    {
        let span = self.span();
        let _entered = span.enter();
        let memorized = self.computation.and_then(|computation| {
            let (memory, key) = (computation.memory.clone(), computation.key.clone());
            let mapping = computation.mapping;
            let otherwise = computation.unstored::<R, K>(&result, error);
            let metadata = computation.finish(K::stored_part(&result), Keeper::BYTES, otherwise)?;
            Some(MemorizedResult::new(memory, &key, mapping, Some(Box::new(metadata))))
        });
        K::map_stored(result, |stored| match memorized {
            Some(memorized) => Shelved::Memorized(memorized),
            None => Shelved::NotMemorized(NotMemorizedResult::new(stored)),
        })
    }
}

/// Runs a body as a part of a computation, in code that is compiled here for all of them.
fn run(computation: Option<&Computation>, body: &mut dyn FnMut()) {
    let Some(computation) = computation else { return stack::with_room(body) };
    let _entered = computation.span.enter();
    let recorded = computation.step.as_ref().map(|step| joblib_record::enter(step.position()));
    let _listening = computation.listener.as_ref().map(Listener::enter);
    match &recorded {
        Some(_) => joblib_record::noting_panics(|| stack::with_room(body)),
        None => stack::with_room(body),
    }
}

impl KeyedCall<'_> {
    /// Begins the computation of the result.
    pub(super) fn begin(self, describe: Describe<'_>, right: Right) -> Box<Computation> {
        let mut description = Description::default();
        if !self.call.settings.redact {
            describe(&mut description);
        }
        Box::new(self.computation(description, right))
    }

    fn computation(self, description: Description, right: Right) -> Computation {
        let settings = &self.call.settings;
        let (level, mapping, compress) = (settings.level, settings.mapping, settings.compress());
        let in_memory = settings.in_memory;
        let name = self.call.name();
        if level.reasons() {
            report::print(format_args!(
                "Computing {name}, argument hash {}, in {}: {}",
                self.key.call_hex(),
                self.call.memory.location_text(),
                explain::of_miss(&self)
            ));
        }
        let mut texts_of = description.0.into_iter();
        let arguments: Vec<Argument> = self
            .call
            .content
            .arguments()
            .map(|(name, digest)| Argument {
                name: name.to_owned(),
                text: texts_of.next(),
                digest: digest.into(),
            })
            .collect();
        if level.computing() {
            report::print(format_args!("Calling {name}({})", texts(&arguments)));
        }
        if mapping.is_some() && compress.is_some() {
            self.call.memory.warn_once(
                "compressed",
                name,
                format_args!(
                    "results of {name} are compressed, and so can't be mapped: leave out `compress` or `mmap_mode`"
                ),
            );
        }
        self.call.span.record("hit", false);
        let step = self.record_begin(&arguments);
        let events = settings.replay.then(Events::default);
        let listener = Listener::new(events.clone(), step.is_some());
        Computation {
            memory: self.call.memory.clone(),
            function: Arc::clone(self.call.function),
            key: self.key,
            arguments,
            files: self.call.files,
            found: self.call.found,
            shape: self.call.shape,
            parts: self.call.parts,
            right,
            compress,
            mapping,
            level,
            in_memory,
            since: Instant::now(),
            span: self.call.span,
            step,
            events,
            listener,
        }
    }
}

impl Computation {
    /// The span of the computation.
    pub(super) fn span(&self) -> tracing::Span {
        self.span.clone()
    }

    /// How to map the result once it is stored, if that is wanted.
    pub(super) fn mappable(&self) -> Option<Mappable> {
        let mapping = self.mapping.filter(|_| self.compress.is_none())?;
        Some(Mappable { memory: self.memory.clone(), key: self.key.clone(), mapping })
    }

    /// What becomes of the result if it is not stored.
    pub(super) fn unstored<R, K: Keep<R>>(&self, result: &R, error: ErrorText<R>) -> Fate {
        Fate::unstored::<R, K>(self.step.as_ref(), result, error)
    }

    /// Counts, stores and records the result. Returns its metadata if it was stored.
    fn finish<T: Serialize>(
        self: Box<Self>,
        stored: Option<&T>,
        keeper: Keeper<T>,
        otherwise: Fate,
    ) -> Option<Metadata> {
        match stored {
            Some(stored) => self.finish_with(Some(&Computed { stored, keeper }), otherwise),
            None => self.finish_with(None, otherwise),
        }
    }

    fn finish_with(mut self: Box<Self>, stored: Option<&dyn Stored>, otherwise: Fate) -> Option<Metadata> {
        let times = self.count();
        self.check_files();
        let stored = stored.and_then(|stored| self.keep(times, stored));
        self.record_end(stored, otherwise)
    }

    /// Records what became of the result. Returns its metadata if it was stored.
    pub(super) fn record_end(
        &mut self,
        stored: Option<(Metadata, u64)>,
        otherwise: Fate,
    ) -> Option<Metadata> {
        if let Some(step) = self.step.take() {
            recording::end(step, stored.as_ref().map_or(otherwise, |(_, bytes)| Fate::Stored(*bytes)));
        }
        stored.map(|(metadata, _)| metadata)
    }

    /// Stores the result, and keeps it in memory where that is wanted. Returns its metadata and its bytes if it
    /// was stored.
    fn keep(&mut self, times: Times, stored: &dyn Stored) -> Option<(Metadata, u64)> {
        if self.right.unstored {
            return None;
        }
        let metadata = self.metadata(times);
        let compress = self.compress.take();
        let (metadata, bytes) = self.store(metadata, &mut |metadata, out, refused| {
            let mut write = |writer: &mut Writer<'_>| stored.write(writer);
            codec::encode(metadata, &mut write, compress.as_ref(), out, refused)
        })?;
        self.keep_in_memory(times, &metadata, bytes, || stored.keep());
        Some((metadata, bytes))
    }

    /// Keeps a result that was stored also in memory, where that is wanted.
    pub(super) fn keep_in_memory(
        &self,
        times: Times,
        metadata: &Metadata,
        bytes: u64,
        value: impl FnOnce() -> Option<Shared>,
    ) {
        // A mapped result is kept once it is mapped, and stored bytes once they are read.
        if let (Some(room), None) = (self.room(), self.mapping)
            && let Some(value) = value()
        {
            let kept =
                Kept { times, metadata: Some(Arc::new(metadata.clone())), form: Form::Value(value), bytes };
            room.tier.keep(&self.key, kept, room.limit, self.memory.settings().limits.policy);
        } else {
            self.memory.forget(&self.function, &self.key);
        }
    }

    fn room(&self) -> Option<Room<'_>> {
        Room::of(self.in_memory, &self.memory, &self.function)
    }

    /// A result is not stored if a file changed while it was computed: nobody knows which content it is of.
    pub(super) fn check_files(&mut self) {
        if !self.memory.files().hold(&self.found) {
            let name = self.function.version.function();
            tracing::debug!(target: "joblib::memory", function = name, "a file changed while the call was computed");
            self.right.unstored = true;
        }
    }

    /// Counts and reports the miss.
    pub(super) fn count(&self) -> Times {
        let duration = self.since.elapsed();
        let name = self.function.version.function();
        self.function.counters.miss();
        tracing::debug!(target: "joblib::memory", function = name, hit = false, seconds = duration.as_secs_f64());
        if self.level.computing() {
            report::print(format_args!("{name} - {}", Readable(duration)));
        }
        Times::now(duration, self.shape)
    }

    pub(super) fn metadata(&mut self, times: Times) -> Metadata {
        let hash_of = |code: Code| code.hash().into();
        Metadata {
            time: times.seconds(),
            duration: times.duration().as_secs_f64(),
            shape: times.shape(),
            function: self.function.version.function().to_owned(),
            code: self.key.version().code().into(),
            own_code: hash_of(self.parts.own),
            reached: self.parts.reached.to_owned(),
            depends: self
                .parts
                .depends
                .iter()
                .map(|&(name, code)| (name.to_owned(), hash_of(code)))
                .collect(),
            arguments: std::mem::take(&mut self.arguments),
            files: std::mem::take(&mut self.files)
                .into_iter()
                .map(|(path, half)| (path, half.into()))
                .collect(),
            host: Holder::host_name().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            events: self.events.take().map_or_else(Vec::new, |events| replay::stored(&events)),
        }
    }

    /// Stores what `encode` writes, and keeps the store within its limits.
    pub(super) fn store(&mut self, metadata: Metadata, encode: Encode<'_>) -> Option<(Metadata, u64)> {
        let memory = self.memory.clone();
        let store = memory.store()?;
        if self.level.reasons() {
            report::print(format_args!("Persisting in {}", memory.location_text_of(&self.key)));
        }
        let mut refused = None;
        let mut write = |out: &mut dyn std::io::Write| encode(&metadata, out, &mut refused);
        let limits = &memory.settings().limits;
        let stored = match self.right.claim.take() {
            Some(claim) => claim.write(&mut write),
            None => store.put(&self.key, &mut write),
        };
        let stored = match stored {
            Err(error) if error.is_full() && memory.makes_room(store, limits) => {
                store.put(&self.key, &mut write)
            }
            stored => stored,
        };
        // Those who wait can read it now, and don't wait for what follows.
        drop(self.right.guard.take());
        match stored {
            Ok(bytes) => {
                self.function.counters.wrote(bytes);
                if !metadata.files.is_empty() {
                    memory.files().write();
                }
                self.warn_larger_than_limit(bytes, limits);
                self.tidy(store);
                Some((metadata, bytes))
            }
            Err(error) => {
                let name = self.function.version.function();
                match refused {
                    Some(reason) => memory.warn_once(
                        "refused",
                        name,
                        format_args!(
                            "results of {name} can't be stored, and are computed each time: {reason}"
                        ),
                    ),
                    None => memory.warn_unwritable(&error),
                }
                None
            }
        }
    }

    fn warn_larger_than_limit(&self, bytes: u64, limits: &Limits) {
        let Some(limit) = limits.bytes.filter(|limit| bytes > *limit) else { return };
        let name = self.function.version.function();
        self.memory.warn_once(
            "larger than the limit",
            name,
            format_args!(
                "a result of {name} has {bytes} bytes, more than the {limit} bytes that the cache may have: it is not \
                 kept, and computed each time; raise `Memory::bytes_limit`"
            ),
        );
    }

    fn tidy(&self, store: &dyn Store) {
        match store.tidy(&self.key, &self.memory.settings().limits, &codec::cost) {
            Ok(reduced) if reduced.items > 0 => {
                if self.level.reasons() {
                    report::print(format_args!("Deleted {} results, {} bytes", reduced.items, reduced.bytes));
                }
                tracing::debug!(target: "joblib::memory", items = reduced.items, bytes = reduced.bytes, "evicted");
            }
            Ok(_) => {}
            Err(error) => self.memory.warn_untidy(&error),
        }
    }
}

/// Writes an entry; of an error that is the value's, the last argument gets the reason.
pub(super) type Encode<'e> =
    &'e mut dyn FnMut(&Metadata, &mut dyn std::io::Write, &mut Option<String>) -> std::io::Result<()>;

/// A result that was computed and is one to store.
trait Stored {
    fn write(&self, writer: &mut Writer<'_>) -> joblib_persist::Result<()>;

    /// It in the form in which it is kept in memory, if values are.
    fn keep(&self) -> Option<Shared>;
}

struct Computed<'r, T> {
    stored: &'r T,
    keeper: Keeper<T>,
}

impl<T: Serialize> Stored for Computed<'_, T> {
    fn write(&self, writer: &mut Writer<'_>) -> joblib_persist::Result<()> {
        writer.write(self.stored)
    }

    fn keep(&self) -> Option<Shared> {
        self.keeper.keep(self.stored)
    }
}

/// A stored result that is to be mapped.
pub(super) struct Mappable {
    memory: Memory,
    key: Key,
    mapping: Mapping,
}

impl Mappable {
    /// The mapped result, or nothing if it can't be mapped: the computed one is equal.
    pub(super) fn open<T: DeserializeOwned>(&self) -> Option<T> {
        self.body()?.result().ok()
    }

    fn body(&self) -> Option<Body> {
        let store = self.memory.store()?;
        // Without a file nothing can be mapped, and reading it may take a download.
        store.path_of(&self.key)?;
        let blob @ Blob::File { .. } = store.get(&self.key).ok()?? else { return None };
        Some(Entry::open(blob, Some(self.mapping), Wanted::Times).ok()?.body)
    }
}
