//! The settings of one call: the function's options, else its memory's.

use std::time::{Duration, SystemTime};

use joblib_hash::Algorithm;
use joblib_persist::Compress;

use crate::entry::codec::{Mapping, Wanted};
use crate::entry::metadata::{Metadata, Times};
use crate::function::options::{CallOptions, Callback};
use crate::memory::settings::Settings;
use crate::report::Level;

/// The settings of one call, resolved once when it begins.
pub(crate) struct CallSettings<'m> {
    pub(crate) mapping: Option<Mapping>,
    pub(crate) level: Level,
    pub(crate) redact: bool,
    /// Whether the events of a computation are stored, and emitted again on a hit.
    pub(crate) replay: bool,
    pub(crate) waiting_time: Duration,
    pub(crate) in_memory: InMemory,
    /// What arguments are hashed with.
    pub(crate) hasher: Algorithm,
    compress: CompressWith<'m>,
    expires_after: Option<Duration>,
    validate: Option<fn(&Metadata) -> bool>,
    callback: Option<&'m Callback>,
}

/// What a result is compressed with. Results are stored more rarely than looked up, so it is made
/// when it is needed.
enum CompressWith<'m> {
    Nothing,
    Made(fn() -> Compress),
    Given(&'m Compress),
}

/// Where results are kept in memory, and how many bytes of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InMemory {
    Off,
    /// With those of all functions of the memory.
    OfMemory(u64),
    /// Apart from other functions.
    OfFunction(u64),
}

/// Whether a stored result may be used.
pub(crate) enum Validity {
    Valid,
    Expired,
    Rejected,
}

/// What a function made at run time was given besides [`CallOptions`].
#[derive(Default, Clone, Copy)]
pub(crate) struct Given<'m> {
    pub(crate) compress: Option<&'m Compress>,
    pub(crate) callback: Option<&'m Callback>,
}

impl<'m> CallSettings<'m> {
    pub(crate) fn resolve(settings: &'m Settings, options: CallOptions, given: Given<'m>) -> Self {
        let compress = match (given.compress, options.compress, &settings.compress) {
            (Some(compress), _, _) | (None, None, Some(compress)) => CompressWith::Given(compress),
            (None, Some(make), _) => CompressWith::Made(make),
            (None, None, None) => CompressWith::Nothing,
        };
        Self {
            mapping: settings.mapping(options.mmap_mode, options.verify_mapped),
            level: Level(options.verbose.unwrap_or(settings.verbose)),
            redact: options.redact,
            replay: options.replay,
            waiting_time: settings.waiting_time,
            in_memory: match (options.in_memory, settings.in_memory) {
                (Some(limit), _) => InMemory::OfFunction(limit),
                (None, Some(limit)) => InMemory::OfMemory(limit),
                (None, None) => InMemory::Off,
            },
            hasher: options.hasher.unwrap_or(settings.hasher),
            compress,
            expires_after: options.expires_after,
            validate: options.validate,
            callback: given.callback,
        }
    }

    /// What the result is compressed with, if it is.
    pub(crate) fn compress(&self) -> Option<Compress> {
        let compress = match self.compress {
            CompressWith::Nothing => return None,
            CompressWith::Made(make) => make(),
            CompressWith::Given(compress) => compress.clone(),
        };
        Some(compress).filter(Compress::compresses)
    }

    /// How much of a stored result's metadata a hit needs.
    pub(crate) fn wanted(&self) -> Wanted {
        let validates = self.validate.is_some() || self.callback.is_some();
        if validates || self.replay || self.level.loading() { Wanted::Metadata } else { Wanted::Times }
    }

    /// Whether a stored result may be used. `metadata` is there if [`wanted`](Self::wanted) says
    /// so.
    pub(crate) fn validity(&self, times: Times, metadata: Option<&Metadata>) -> Validity {
        if self.expires_after.is_some_and(|limit| times.age(SystemTime::now()) >= limit) {
            return Validity::Expired;
        }
        let Some(metadata) = metadata else { return Validity::Valid };
        let valid = self.validate.is_none_or(|validate| validate(metadata))
            && self.callback.is_none_or(|callback| callback(metadata));
        if valid { Validity::Valid } else { Validity::Rejected }
    }
}
