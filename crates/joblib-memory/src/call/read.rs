//! One read of a stored result, validated.

use std::fmt;

use joblib_store::Subject;
use serde::de::DeserializeOwned;

use super::KeyedCall;
use super::settings::Validity;
use crate::entry::codec::{Body, Entry, Failure, Wanted};
use crate::entry::metadata::{Metadata, Times};

/// What is known of a stored result that was read.
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

/// Takes the result out of an entry.
pub(crate) type Decode<T> = fn(Body) -> Result<T, Failure>;

/// Reads the result.
pub(crate) fn value<T: DeserializeOwned>(body: Body) -> Result<T, Failure> {
    body.result()
}

impl KeyedCall<'_> {
    pub(crate) fn read<T>(&self, wanted: Wanted, decode: Decode<T>) -> Read<T> {
        match self.open(wanted) {
            Read::Hit(body, found) => match decode(body) {
                Ok(value) => Read::Hit(value, found),
                Err(error) => {
                    self.warn_failure(&error);
                    Read::Damaged
                }
            },
            Read::Missing => Read::Missing,
            Read::Expired(found) => Read::Expired(found),
            Read::Rejected(found) => Read::Rejected(found),
            Read::Damaged => Read::Damaged,
            Read::Failed(message) => Read::Failed(message),
        }
    }

    /// Everything but the result, which is the same code for all types.
    fn open(&self, wanted: Wanted) -> Read<Body> {
        let settings = &self.call.settings;
        let blob = match self.store.get(&self.key) {
            Ok(Some(blob)) => blob,
            Ok(None) => return Read::Missing,
            Err(error) if error.subject() == Subject::Entry => {
                self.warn_damaged("damaged", &error);
                return Read::Damaged;
            }
            Err(error) => {
                self.call.memory.warn_unreadable(&error);
                return Read::Failed(error.to_string());
            }
        };
        let wanted = if wanted == Wanted::Metadata { wanted } else { settings.wanted() };
        let Entry { times, metadata, body } = match Entry::open(blob, settings.mapping, wanted) {
            Ok(entry) => entry,
            Err(error) => {
                self.warn_failure(&error);
                return Read::Damaged;
            }
        };
        match settings.validity(times, metadata.as_deref()) {
            Validity::Valid => Read::Hit(body, Found { times, metadata }),
            Validity::Expired => Read::Expired(Found { times, metadata }),
            Validity::Rejected => Read::Rejected(Found { times, metadata }),
        }
    }

    fn warn_failure(&self, error: &Failure) {
        // The type concerns all results of the function, damage concerns one.
        self.warn_damaged(if error.is_wrong_type() { "wrong type" } else { "damaged" }, error);
    }

    fn warn_damaged(&self, kind: &'static str, error: &dyn fmt::Display) {
        let (name, hex) = (self.call.name(), self.key.call_hex());
        self.call.memory.warn_once(
            kind,
            if kind == "damaged" { &hex } else { name },
            format_args!("a stored result of {name} can't be used and is computed again: {error}"),
        );
    }
}
