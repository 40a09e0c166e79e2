//! The path of a cached call: its key, looking the result up, and who computes it if it is missing.

pub(crate) mod compute;
pub(crate) mod explain;
pub(crate) mod keep;
pub(crate) mod lookup;
mod lookup_async;
mod read;
pub(crate) mod shelved;
mod verbose;

use std::sync::Arc;
use std::time::Instant;

use joblib_persist::Compress;
use joblib_store::Key;
use serde::{Serialize, Serializer};

use crate::entry::argument_text::short;
use crate::entry::codec::Mapping;
use crate::function::Function;
use crate::function::code::Code;
use crate::function::options::{CallOptions, Callback};
use crate::function::site::Site;
use crate::memory::Memory;
use crate::report::{self, Level};

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

    /// How the result's arrays are mapped, if they are.
    pub(crate) fn mapping(&self) -> Option<Mapping> {
        let settings = self.memory.settings();
        let mode = self.options.mmap_mode.or(settings.mmap_mode)?;
        Some(Mapping { mode, check: self.options.check_mapped || settings.check_mapped })
    }

    pub(crate) fn level(&self) -> Level {
        Level(self.options.verbose.unwrap_or(self.memory.settings().verbose))
    }

    pub(crate) fn arguments(&self) -> &[(&'static str, [u8; 16])] {
        &self.arguments
    }
}

struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}
