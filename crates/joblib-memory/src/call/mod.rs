//! The path of a cached call: its key, looking the result up, and who computes it if it is missing.

mod clock;
pub(crate) mod compute;
mod content;
pub(crate) mod error_text;
pub(crate) mod explain;
mod finish_async;
mod hit;
pub(crate) mod keep;
mod kept;
pub(crate) mod lookup;
mod lookup_async;
mod read;
mod recording;
mod replay;
mod search;
pub(crate) mod settings;
pub(crate) mod shelved;
pub(crate) mod stack;
pub(crate) mod target;
mod verbose;

use std::borrow::Cow;
use std::cell::Cell;
use std::mem::needs_drop;
use std::sync::Arc;
use std::time::Duration;

use joblib_encoding::Preview;
use joblib_hash::HashError;
use joblib_store::{Blob, Key, Store};

use self::clock::Clock;
use self::content::Content;
use self::keep::{Hashable, Keep, Storable};
use self::settings::{CallSettings, Given, InMemory};
use crate::files::Found;
use crate::files::argument::{FileArgument, texts};
use crate::function::Function;
use crate::function::options::CallOptions;
use crate::function::pointee::Pointee;
use crate::function::site::{Known, Parts};
use crate::function::types;
use crate::memory::Memory;
use crate::shape;

/// One call of a cached function, while its key is being made.
#[doc(hidden)]
pub struct Call<'m> {
    pub(crate) memory: &'m Memory,
    pub(crate) function: &'m Arc<Function>,
    pub(crate) settings: CallSettings<'m>,
    pub(crate) parts: Parts,
    /// Ends of the paths of types that have one name.
    ambiguous: &'static [&'static str],
    /// What is hashed to the call's digest.
    content: Content<'m>,
    /// The files that are arguments, and halves of their digests.
    files: Vec<(String, [u8; 16])>,
    /// What their paths led to.
    found: Vec<Found>,
    /// The names of the arguments that are known by files.
    file_arguments: Vec<&'static str>,
    /// The shape of what is stored.
    pub(crate) shape: u64,
    /// The span of the call's events, hit or miss.
    span: tracing::Span,
    clock: Clock,
    /// Why there is no key.
    failed: Option<Unkeyed>,
}

/// Why a call has no key, so that it is computed and not stored.
#[derive(Debug, Clone)]
pub(crate) enum Unkeyed {
    /// The memory has no store.
    NoCache,
    /// An option of the memory or the function is not valid; the message.
    InvalidOption(String),
    /// An argument can't be hashed; the message.
    Unhashable(String),
    /// The function captures values, and nobody said which; the message.
    UnknownCaptures(String),
}

/// A call whose key is known, of a memory that has a store.
pub(crate) struct KeyedCall<'m> {
    pub(crate) call: Call<'m>,
    pub(crate) key: Key,
    pub(crate) store: &'m dyn Store,
    /// What a task has awaited from the store, for the next read.
    fetched: Cell<Option<Fetched>>,
    /// How long it waited for others who compute the same.
    pub(crate) waited: Duration,
}

/// What the store answered.
type Fetched = Result<Option<Blob>, joblib_store::Error>;

/// The most characters of an argument's text.
pub(crate) const ARGUMENT_CHARS: usize = 80;

/// Collects the arguments as texts; called on a miss only.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Description(Vec<String>);

/// Collects the arguments' texts. It does so once.
pub(crate) type Describe<'d> = &'d mut dyn FnMut(&mut Description);

/// What generated code gives to collect them, as that.
pub(crate) fn once(describe: impl FnOnce(&mut Description)) -> impl FnMut(&mut Description) {
    let mut describe = Some(describe);
    move |description| {
        if let Some(describe) = describe.take() {
            describe(description);
        }
    }
}

impl Description {
    pub fn argument<T: Hashable + ?Sized>(&mut self, value: &T) {
        self.text(Preview::of(value).text(ARGUMENT_CHARS));
    }

    /// An argument whose text is made.
    pub(crate) fn text(&mut self, text: String) {
        self.0.push(text);
    }

    /// An argument that is known by its files.
    pub fn file<T: FileArgument + ?Sized>(&mut self, value: &T) {
        match &texts(value)[..] {
            [one] => self.argument(one),
            several => self.argument(several),
        }
    }
}

impl<'m> Call<'m> {
    pub fn new(known: Known, memory: &'m Memory) -> Self {
        let site = known.site;
        let function = memory.functions().of_site(known, memory.settings().warnings);
        let mut call = Self::of_function(memory, function, site.options, Given::default());
        call.ambiguous = site.ambiguous;
        if site.fixed.is_some()
            && let Some((_, arguments)) = known.parent_path().split_once('<')
        {
            // One name stands for a method of many types.
            call.type_name(arguments.into());
        }
        call
    }

    pub(crate) fn of_function(
        memory: &'m Memory,
        function: &'m Arc<Function>,
        options: CallOptions,
        given: Given<'m>,
    ) -> Self {
        let name = function.version.function();
        let span = tracing::debug_span!(
            target: "joblib::memory", "call", function = name, hit = tracing::field::Empty
        );
        let settings = CallSettings::resolve(memory.settings(), options, given);
        let content = Content::new(name, settings.hasher, settings.in_memory != InMemory::Off);
        let failed = match (memory.settings().invalid.message(), memory.store()) {
            (Some(message), _) => Some(Unkeyed::InvalidOption(message.to_owned())),
            (None, None) => Some(Unkeyed::NoCache),
            (None, Some(_)) => None,
        };
        let mut call = Self {
            memory,
            function,
            settings,
            parts: function.parts,
            ambiguous: &[],
            content,
            files: Vec::new(),
            found: Vec::new(),
            file_arguments: Vec::new(),
            shape: 0,
            span,
            clock: Clock::Assumed(Duration::ZERO),
            failed,
        };
        call.clock = call.clock();
        call
    }

    fn type_name(&mut self, name: Cow<'static, str>) {
        self.content.type_name(name);
    }

    /// Adds the type that a generic parameter stands for.
    pub fn generic<T: ?Sized>(&mut self) {
        let name = types::name_of_chosen::<T>(self.ambiguous);
        self.type_name(name);
    }

    /// The same of one that has a size, with its layout.
    pub fn sized<T>(&mut self) {
        self.generic::<T>();
        self.layout(size_of::<T>(), align_of::<T>(), needs_drop::<T>());
    }

    /// Adds the type of an argument that the call chooses.
    pub fn type_of<T: ?Sized>(&mut self, value: &T) {
        self.generic::<T>();
        // The length of a slice is none of its type.
        let is_sized = size_of::<&T>() == size_of::<usize>();
        let size = if is_sized { size_of_val(value) } else { 0 };
        self.layout(size, align_of_val(value), needs_drop::<T>());
    }

    /// Adds the code that an argument leads to which is not in the key itself: that of a pointer to a function, or of the type
    /// behind a `dyn`.
    pub fn code_behind<T: ?Sized>(&mut self, value: &T) {
        if let Some(text) = Pointee::of(value).text() {
            self.type_name(text);
        }
    }

    /// Adds what the compiler tells a function of a type.
    fn layout(&mut self, size: usize, align: usize, needs_drop: bool) {
        self.content.number(size as u64);
        self.content.number((align as u64) << 1 | u64::from(needs_drop));
    }

    /// Adds the name and the shape of the type of what is stored.
    pub fn stored<R, K: Keep<R, Stored: Storable>>(&mut self) {
        self.content.result();
        let name = types::name_of::<K::Stored>(self.ambiguous);
        self.type_name(name);
        self.shape = shape::of::<K::Stored>();
        self.content.number(self.shape);
    }

    /// Adds an argument, or what stands for it in the key.
    pub fn argument<T: Hashable + ?Sized>(&mut self, name: &'static str, value: &T) {
        if self.failed.is_some() {
            return;
        }
        let pointee = Pointee::of(value);
        if pointee != Pointee::Nothing {
            let Some(lasting) = pointee.lasting() else {
                let message = format!(
                    "the argument {name} of {} holds a `dyn` whose type can't be known in the next run: take \
                     `impl Trait` or an enum, or write `key = …`",
                    self.name()
                );
                return self.fail(Unkeyed::Unhashable(message));
            };
            self.type_name(lasting.into());
        }
        if let Err(error) = self.content.argument(name, value) {
            let message = format!("could not hash the argument {name} of {}: {error}", self.name());
            self.fail(Unkeyed::Unhashable(message));
        }
    }

    /// Adds an argument that is known by the content of the files it names.
    pub fn file<T: FileArgument + ?Sized>(&mut self, name: &'static str, value: &T) {
        if self.failed.is_some() {
            return;
        }
        match self.memory.files().contents(value) {
            Ok(contents) => {
                self.content.digest_of_argument(name, contents.digest);
                self.files.extend(contents.files);
                self.found.extend(contents.found);
                self.file_arguments.push(name);
            }
            Err(error) => {
                let message = format!("the file {name} of {} can't be read: {error}", self.name());
                self.fail(Unkeyed::Unhashable(message));
            }
        }
    }

    /// Adds an argument whose digest is made, and what a `dyn` in it leads to.
    pub(crate) fn digest_of_argument(
        &mut self,
        name: &'static str,
        digest: [u8; 32],
        behind: Option<Cow<'static, str>>,
    ) {
        if let Some(behind) = behind {
            self.type_name(behind);
        }
        self.content.digest_of_argument(name, digest);
    }

    /// Says that there is no key: the call is computed and not stored. The first reason counts.
    pub(crate) fn fail(&mut self, reason: Unkeyed) {
        self.failed.get_or_insert(reason);
    }

    pub(crate) fn name(&self) -> &str {
        self.function.version.function()
    }

    /// The digest of the function's name, the types and the arguments.
    fn digest(&self) -> Result<[u8; 16], HashError> {
        let Some(encoding) = self.content.encoding() else { return self.content.digest() };
        let memo = self.function.memo();
        if let Some(call) = memo.get(encoding) {
            return Ok(call);
        }
        let call = self.content.digest()?;
        memo.remember(encoding, call);
        Ok(call)
    }

    /// The key of the call with this digest.
    fn key(&self, call: [u8; 16]) -> Key {
        Key::new(&self.function.version, call).mappable(self.settings.mapping.is_some())
    }

    /// Makes the key.
    pub(crate) fn keyed(mut self) -> Result<KeyedCall<'m>, Unkeyed> {
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        let Some(store) = self.memory.store() else { return Err(Unkeyed::NoCache) };
        let call = self.digest().map_err(|error| Unkeyed::Unhashable(error.to_string()))?;
        let key = self.key(call);
        Ok(KeyedCall { call: self, key, store, fetched: Cell::default(), waited: Duration::ZERO })
    }

    /// Makes the key, and warns if that is not possible.
    pub(crate) fn keyed_or_warn(self) -> Option<KeyedCall<'m>> {
        let (memory, function) = (self.memory, self.function);
        let reason = match self.keyed() {
            Ok(call) => return Some(call),
            Err(Unkeyed::NoCache) => return None,
            Err(reason) => reason,
        };
        let name = function.version.function();
        match reason {
            Unkeyed::NoCache => {}
            Unkeyed::InvalidOption(message) => memory.warn_once(
                "option",
                &message,
                format_args!("results of {name} are not cached, because of an option: {message}"),
            ),
            Unkeyed::Unhashable(message) => {
                memory.warn_once("hash", name, format_args!("{message}; the call is computed each time"));
            }
            Unkeyed::UnknownCaptures(message) => memory.warn_once(
                "captures",
                name,
                format_args!("{message}; until then each call is computed"),
            ),
        }
        None
    }
}
