//! One read of a stored result, validated.

use joblib_store::Key;

use super::Call;
use crate::entry::codec::Entry;
use crate::entry::metadata::Metadata;
use crate::report;

impl Call<'_> {
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
}

pub(crate) type Extracted<T> = Result<(T, Metadata), Box<dyn std::error::Error + Send + Sync>>;
pub(crate) type Extract<'e, T> = dyn Fn(Entry<'static>) -> Extracted<T> + 'e;

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
