//! The path of a cached call: its key, looking the result up, and who computes it if it is missing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use joblib_array::MmapMode;
use joblib_persist::Compress;
use joblib_store::{Claim, Claimed, Key};
use serde::{Serialize, Serializer};

use crate::code::{Code, Site};
use crate::codec::{Entry, Mapping};
use crate::flight::{self, Joined};
use crate::function::Function;
use crate::keep::{Keep, Storable};
use crate::memory::Memory;
use crate::metadata::{Argument, Metadata};
use crate::pending::{Pending, Work};
use crate::report::{self, Level, Readable};
use crate::shelved::{MemorizedResult, Shelved};
use crate::short::short;

/// How a function differs from its memory's settings. Made by `#[cached]`.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct CallOptions {
    pub mmap_mode: Option<MmapMode>,
    pub check_mapped: bool,
    pub compress: Option<fn() -> Compress>,
    pub verbose: Option<u32>,
    pub expires_after: Option<Duration>,
    pub validate: Option<fn(&Metadata) -> bool>,
    pub redact: bool,
}

impl CallOptions {
    pub const DEFAULT: Self = Self {
        mmap_mode: None,
        check_mapped: false,
        compress: None,
        verbose: None,
        expires_after: None,
        validate: None,
        redact: false,
    };
}

pub(crate) type Callback = Arc<dyn Fn(&Metadata) -> bool + Send + Sync>;

/// One call of a cached function, while its key is being made.
#[doc(hidden)]
pub struct Call<'m> {
    pub(crate) memory: &'m Memory,
    pub(crate) function: Arc<Function>,
    pub(crate) options: CallOptions,
    pub(crate) callback: Option<Callback>,
    pub(crate) compress: Option<Compress>,
    pub(crate) own_code: Code,
    pub(crate) depends: &'static [(&'static str, Code)],
    /// The arguments' names and digests.
    arguments: Vec<(&'static str, [u8; 16])>,
    /// What is hashed to the call's digest.
    content: Vec<u8>,
    /// What subscribers see of the call, hit or miss.
    span: tracing::Span,
    since: Instant,
    /// Why an argument can't be hashed.
    failed: Option<String>,
}

/// Collects the arguments' short texts; asked for on a miss only.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Description(Vec<String>);

impl Description {
    pub fn argument<T: Serialize + ?Sized>(&mut self, value: &T) {
        self.0.push(short(value));
    }
}

/// What a lookup found.
#[doc(hidden)]
pub enum Lookup<H, R, K> {
    Hit(H),
    Compute(Pending<R, K>),
}

impl<'m> Call<'m> {
    pub fn new(site: &'static Site, memory: &'m Memory, of_type: Option<&'static str>) -> Self {
        let function = memory.functions().of_site(site, of_type);
        Self::of_function(memory, function, site.options, site.own, site.depends)
    }

    pub(crate) fn of_function(
        memory: &'m Memory,
        function: Arc<Function>,
        options: CallOptions,
        own_code: Code,
        depends: &'static [(&'static str, Code)],
    ) -> Self {
        let name = function.version.function();
        let span = tracing::debug_span!(
            target: "joblib::memory", "call", function = name, hit = tracing::field::Empty
        );
        let mut content = Vec::with_capacity(256);
        content.extend_from_slice(name.as_bytes());
        Self {
            memory,
            function,
            options,
            callback: None,
            compress: None,
            own_code,
            depends,
            arguments: Vec::with_capacity(8),
            content,
            span,
            since: Instant::now(),
            failed: None,
        }
    }

    /// A generic parameter is this type.
    pub fn generic(&mut self, name: &'static str) {
        self.content.push(0);
        self.content.extend_from_slice(name.as_bytes());
    }

    /// An argument, or what stands for it in the key.
    pub fn argument<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) {
        if self.failed.is_some() || self.memory.store().is_none() {
            return;
        }
        match joblib_hash::hash(value) {
            Ok(digest) => {
                let mut half = [0; 16];
                half.copy_from_slice(&digest.as_bytes()[..16]);
                self.content.push(1);
                self.content.extend_from_slice(name.as_bytes());
                self.content.push(0);
                self.content.extend_from_slice(digest.as_bytes());
                self.arguments.push((name, half));
            }
            Err(error) => {
                let function = self.function.version.function();
                self.failed = Some(format!("could not hash the argument {name} of {function}: {error}"));
            }
        }
    }

    pub(crate) fn key(&self) -> Option<Key> {
        match self.key_or_error() {
            Ok(key) => Some(key),
            Err(reason) => {
                let name = self.function.version.function();
                report::warn_once("hash", name, format_args!("{reason}; the call is computed each time"));
                None
            }
        }
    }

    pub(crate) fn key_or_error(&self) -> Result<Key, String> {
        if let Some(reason) = &self.failed {
            return Err(reason.clone());
        }
        let digest = joblib_hash::hash(&Bytes(&self.content)).map_err(|error| error.to_string())?;
        let mut call = [0; 16];
        call.copy_from_slice(&digest.as_bytes()[..16]);
        Ok(Key::new(&self.function.version, call))
    }

    /// The span that the call's events are in.
    pub(crate) fn span(&self) -> tracing::Span {
        self.span.clone()
    }

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

    /// How the result's arrays are mapped, if they are.
    pub(crate) fn mapping(&self) -> Option<Mapping> {
        let settings = self.memory.settings();
        let mode = self.options.mmap_mode.or(settings.mmap_mode)?;
        Some(Mapping { mode, check: self.options.check_mapped || settings.check_mapped })
    }

    pub(crate) fn level(&self) -> Level {
        Level(self.options.verbose.unwrap_or(self.memory.settings().verbose))
    }

    /// Whether people want to know that the function's results are dropped.
    pub(crate) fn tell_clearing(&self) {
        if self.level().computing() {
            report::say(format_args!("Clearing the results of {}", self.function.version.function()));
        }
    }

    pub(crate) fn tell_querying(&self, key: &Key) {
        if !self.level().querying() {
            return;
        }
        let digests: Vec<String> = self
            .arguments
            .iter()
            .map(|(name, digest)| format!("{name} {:016x}", u128::from_be_bytes(*digest) >> 64))
            .collect();
        report::say(format_args!(
            "Querying {} with the hashes {} (argument hash {}) in {}",
            self.function.version.function(),
            digests.join(", "),
            key.call_hex(),
            self.memory.place()
        ));
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
        let guard = match flight::join(self.memory.flight_id(&key), deadline) {
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
                    flight::pause(step);
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
        if flight::is_computing() { limit.min(Duration::from_secs(30)) } else { limit }
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

    pub(crate) fn read<T>(&self, key: &Key, wanted: Wanted, extract: &Extract<'_, T>) -> Read<T> {
        let Some(store) = self.memory.store() else { return Read::Missing };
        let blob = match store.get(key) {
            Ok(Some(blob)) => blob,
            Ok(None) => return Read::Missing,
            Err(error) => {
                self.corrupt(key, &error);
                return Read::Corrupt;
            }
        };
        let all = wanted == Wanted::All
            || self.options.validate.is_some()
            || self.callback.is_some()
            || self.level().loading();
        let open = if all { Entry::open } else { Entry::open_in_brief };
        let entry = match open(blob, self.mapping()) {
            Ok(entry) => entry,
            Err(error) => {
                self.corrupt(key, &*error);
                return Read::Corrupt;
            }
        };
        match self.validity(&entry.metadata) {
            Validity::Valid => {}
            Validity::Expired => return Read::Expired(Box::new(entry.metadata)),
            Validity::Rejected => return Read::Rejected(Box::new(entry.metadata)),
        }
        match extract(entry) {
            Ok(found) => Read::Hit(found),
            Err(error) => {
                self.corrupt(key, &*error);
                Read::Corrupt
            }
        }
    }

    fn validity(&self, metadata: &Metadata) -> Validity {
        if self.options.expires_after.is_some_and(|limit| metadata.age() >= limit) {
            return Validity::Expired;
        }
        let valid = self.options.validate.is_none_or(|validate| validate(metadata))
            && self.callback.as_ref().is_none_or(|callback| callback(metadata));
        if valid { Validity::Valid } else { Validity::Rejected }
    }

    fn corrupt(&self, key: &Key, error: &dyn std::error::Error) {
        let name = self.function.version.function();
        report::warn_once(
            "corrupt",
            &key.call_hex(),
            format_args!("a stored result of {name} can't be used and is computed again: {error}"),
        );
    }

    pub(crate) fn pending<R, K>(
        self,
        key: Key,
        describe: impl FnOnce(&mut Description),
        claim: Option<Box<dyn Claimed>>,
        guard: Option<flight::Guard>,
    ) -> Pending<R, K> {
        let level = self.level();
        if level.reasons() {
            report::say(format_args!(
                "Computing {}, argument hash {}, in {}: {}",
                self.function.version.function(),
                key.call_hex(),
                self.memory.place(),
                crate::explain::explain(&self)
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

    pub(crate) fn arguments(&self) -> &[(&'static str, [u8; 16])] {
        &self.arguments
    }
}

pub(crate) type Extracted<T> = Result<(T, Metadata), Box<dyn std::error::Error + Send + Sync>>;
type Extract<'e, T> = dyn Fn(Entry<'static>) -> Extracted<T> + 'e;

/// What reading an entry gave.
pub(crate) enum Read<T> {
    Hit((T, Metadata)),
    Missing,
    Expired(Box<Metadata>),
    Rejected(Box<Metadata>),
    Corrupt,
}

/// How much of the metadata the caller needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Brief,
    All,
}

enum Validity {
    Valid,
    Expired,
    Rejected,
}

struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

fn texts(arguments: &[Argument]) -> String {
    let texts: Vec<String> =
        arguments.iter().map(|argument| format!("{}={}", argument.name, argument.text)).collect();
    texts.join(", ")
}
