//! One read of a result, validated: from memory if it is kept there, else from the store.

use std::fmt;
use std::io;
use std::sync::Arc;

use joblib_store::{Blob, Subject};

use super::KeyedCall;
use super::settings::Validity;
use super::target::{Target, Use};
use crate::entry::codec::{self, Body, Entry, Failure, Wanted};
use crate::entry::metadata::{Metadata, Times};
use crate::tier::{Form, Kept, id};

/// What is known of a result that was read.
pub(crate) struct Found {
    pub(crate) times: Times,
    /// The metadata, if the call wants it.
    pub(crate) metadata: Option<Box<Metadata>>,
}

/// The outcome of a read.
pub(crate) enum Read<T> {
    Hit(T, Found),
    Missing,
    Expired(Found),
    Rejected(Found),
    /// The entry is damaged, or holds another type.
    Damaged,
    /// The store could not be read; the message.
    Failed(String),
}

impl<T> Read<T> {
    /// The same with what was read, if anything was, replaced.
    fn and_then<U>(self, f: impl FnOnce(T, Found) -> Read<U>) -> Read<U> {
        match self {
            Self::Hit(value, found) => f(value, found),
            Self::Missing => Read::Missing,
            Self::Expired(found) => Read::Expired(found),
            Self::Rejected(found) => Read::Rejected(found),
            Self::Damaged => Read::Damaged,
            Self::Failed(message) => Read::Failed(message),
        }
    }
}

impl KeyedCall<'_> {
    pub(crate) fn read(&self, wanted: Wanted, target: &mut dyn Target) -> Read<()> {
        let wanted = if wanted == Wanted::Metadata { wanted } else { self.call.settings.wanted() };
        let (usage, Some(room)) = (target.in_memory(), self.call.room()) else {
            return self.decode(self.open(wanted, &mut Ok), target);
        };
        if usage != Use::Nothing
            && let Some(kept) = room.tier.get(id(&self.key), wanted == Wanted::Metadata)
            && let Some(read) = self.read_kept(kept, wanted, target)
        {
            if usage != Use::Look && matches!(read, Read::Hit(..)) {
                self.call.function.counters.in_memory(None);
            }
            return read;
        }
        let Use::Keep { values } = usage else {
            return self.decode(self.open(wanted, &mut Ok), target);
        };
        let (mut bytes, mut kept) = (None, None);
        let opened = self.open(wanted, &mut |blob| {
            bytes = size(&blob).filter(|bytes| *bytes <= room.limit);
            let as_bytes = bytes.is_some() && !values && self.call.settings.mapping.is_none();
            if !as_bytes {
                return Ok(blob);
            }
            let all = into_memory(blob)?;
            kept = Some(Arc::clone(&all));
            Ok(Blob::Bytes(all))
        });
        let read = self.decode(opened, target);
        if let (Read::Hit((), found), Some(bytes)) = (&read, bytes)
            && let Some(form) = target.keep().map(Form::Value).or(kept.map(Form::Bytes))
        {
            let metadata = found.metadata.as_deref().cloned().map(Arc::new);
            let policy = self.call.memory.settings().limits.policy;
            room.tier.keep(&self.key, Kept { times: found.times, metadata, form, bytes }, room.limit, policy);
        }
        read
    }

    /// Awaits what the store has, for the next read, if the store is one that is waited for.
    pub(super) async fn fetch(&mut self) {
        if self.call.room().is_some_and(|room| room.tier.get(id(&self.key), false).is_some()) {
            return;
        }
        if let Some(found) = self.store.get_async(&self.key) {
            let found = found.await;
            self.fetched.set(Some(found));
        }
    }

    /// Reads what is kept in memory; `None` if that lacks the metadata that the call wants.
    pub(super) fn read_kept(&self, kept: Kept, wanted: Wanted, target: &mut dyn Target) -> Option<Read<()>> {
        let value = match kept.form {
            Form::Bytes(bytes) => {
                return Some(self.decode(self.open_entry(Blob::Bytes(bytes), wanted), target));
            }
            Form::Value(value) => value,
        };
        let metadata = match (wanted, kept.metadata) {
            (Wanted::Times, _) => None,
            (Wanted::Metadata, Some(metadata)) => Some(Box::new((*metadata).clone())),
            (Wanted::Metadata, None) => return None,
        };
        let read = self.validated((), Found { times: kept.times, metadata });
        let read =
            read.and_then(|(), found| if target.take(&value) { Read::Hit((), found) } else { Read::Missing });
        match read {
            // Another type has the key, which can't be: the store knows what it is.
            Read::Missing => None,
            read => Some(read),
        }
    }

    /// Opens the stored entry: everything but the result, which is the same code for all types.
    fn open(&self, wanted: Wanted, with: &mut dyn FnMut(Blob) -> io::Result<Blob>) -> Read<Body> {
        match self.fetched.take().unwrap_or_else(|| self.store.get(&self.key)) {
            Ok(Some(blob)) => {
                if self.store.is_tidying_due() {
                    self.tidy();
                }
                match with(blob) {
                    Ok(blob) => self.open_entry(blob, wanted),
                    Err(error) => self.fail(&Failure::Io(error)),
                }
            }
            Ok(None) => Read::Missing,
            Err(error) if error.subject() == Subject::Entry => {
                self.warn_unusable("damaged", &error);
                Read::Damaged
            }
            Err(error) => {
                self.call.memory.warn_unreadable(&error);
                Read::Failed(error.to_string())
            }
        }
    }

    /// Keeps the store within its limits after a result came in from a shared cache.
    fn tidy(&self) {
        let memory = self.call.memory;
        if let Err(error) = self.store.tidy(&self.key, &memory.settings().limits, &codec::cost) {
            memory.warn_untidy(&error);
        }
    }

    fn open_entry(&self, blob: Blob, wanted: Wanted) -> Read<Body> {
        match Entry::open(blob, self.call.settings.mapping, wanted) {
            Ok(Entry { times, metadata, body }) => self.validated(body, Found { times, metadata }),
            Err(error) => self.fail(&error),
        }
    }

    fn validated<T>(&self, value: T, found: Found) -> Read<T> {
        match self.call.settings.validity(found.times, found.metadata.as_deref()) {
            Validity::Valid => Read::Hit(value, found),
            Validity::Expired => Read::Expired(found),
            Validity::Rejected => Read::Rejected(found),
        }
    }

    fn decode(&self, opened: Read<Body>, target: &mut dyn Target) -> Read<()> {
        opened.and_then(|body, found| match target.decode(body) {
            Ok(()) => Read::Hit((), found),
            Err(error) => self.fail(&error),
        })
    }

    /// Warns of an entry that can't be used, and says why it can't.
    fn fail<T>(&self, error: &Failure) -> Read<T> {
        if error.io_kind().is_some() {
            self.warn_unusable("unreadable", error);
            return Read::Failed(error.to_string());
        }
        // The type concerns all results of the function, damage concerns one.
        self.warn_unusable(if error.is_wrong_type() { "wrong type" } else { "damaged" }, error);
        Read::Damaged
    }

    fn warn_unusable(&self, kind: &'static str, error: &dyn fmt::Display) {
        let (name, hex) = (self.call.name(), self.key.call_hex());
        self.call.memory.warn_once(
            kind,
            if kind == "wrong type" { name } else { &hex },
            format_args!("a stored result of {name} can't be used and is computed again: {error}"),
        );
    }
}

/// The bytes of a stored entry.
fn size(blob: &Blob) -> Option<u64> {
    match blob {
        Blob::File { file, .. } => file.metadata().ok().map(|metadata| metadata.len()),
        Blob::Bytes(bytes) => Some(bytes.len() as u64),
        Blob::Owned(bytes) => Some((**bytes).as_ref().len() as u64),
        _ => None,
    }
}

/// The bytes of the entry in memory.
fn into_memory(blob: Blob) -> io::Result<Arc<[u8]>> {
    match blob {
        Blob::Bytes(bytes) => Ok(bytes),
        other => Ok(other.into_bytes()?.into()),
    }
}
