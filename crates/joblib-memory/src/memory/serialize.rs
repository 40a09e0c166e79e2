//! The serialized form of a memory, for other processes: its store's location and its settings.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use joblib_persist::Compress;
use joblib_store::{Limits, Policy};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Memory;
use super::settings::{Invalid, Settings, valid_mmap_mode};
use super::shared::SharedCache;
use super::source::{self, Source};
use crate::error::Error;
use crate::report::Warnings;

#[derive(Serialize, Deserialize)]
struct Form {
    /// `None` of a memory without a store, as is the location.
    backend: Option<String>,
    location: Option<PathBuf>,
    #[serde(default)]
    options: BTreeMap<String, String>,
    #[serde(default)]
    shared: Vec<SharedCache>,
    #[serde(default)]
    settings: Fields,
}

/// The settings as plain data.
#[derive(Serialize, Deserialize)]
#[serde(default)]
struct Fields {
    mmap_mode: Option<String>,
    verify_mapped: bool,
    compress: Option<Compress>,
    verbose: u32,
    waiting_time: Duration,
    bytes_limit: Option<u64>,
    items_limit: Option<u64>,
    age_limit: Option<Duration>,
    superseded_age_limit: Option<Duration>,
    cost_aware: bool,
    warnings: Warnings,
    in_memory: Option<u64>,
    hasher: String,
    record: bool,
    invalid: Option<String>,
}

impl From<&Settings> for Fields {
    fn from(settings: &Settings) -> Self {
        let Settings {
            mmap_mode,
            verify_mapped,
            compress,
            verbose,
            waiting_time,
            limits,
            warnings,
            in_memory,
            hasher,
            record,
            invalid,
        } = settings.clone();
        Self {
            mmap_mode: mmap_mode.map(|mode| mode.to_string()),
            verify_mapped,
            compress,
            verbose,
            waiting_time,
            bytes_limit: limits.bytes,
            items_limit: limits.items,
            age_limit: limits.age,
            superseded_age_limit: limits.superseded_age,
            cost_aware: limits.policy == Policy::CostAware,
            warnings,
            in_memory,
            hasher: hasher.to_string(),
            record,
            invalid: invalid.message().map(str::to_owned),
        }
    }
}

impl Default for Fields {
    fn default() -> Self {
        Self::from(&Settings::default())
    }
}

impl From<Fields> for Settings {
    #[allow(clippy::field_reassign_with_default, reason = "`Limits` is non-exhaustive")]
    fn from(fields: Fields) -> Self {
        let mut invalid = Invalid::restore(fields.invalid);
        let mmap_mode = fields.mmap_mode.and_then(|mode| {
            let mode = mode.parse().map_err(|error| Error::option(format!("{error}")));
            invalid.note(mode.and_then(valid_mmap_mode))
        });
        let hasher = fields.hasher.parse().map_err(|error| Error::option(format!("{error}")));
        let hasher = invalid.note(hasher).unwrap_or_default();
        let mut limits = Limits::default();
        limits.bytes = fields.bytes_limit;
        limits.items = fields.items_limit;
        limits.age = fields.age_limit;
        limits.superseded_age = fields.superseded_age_limit;
        limits.policy = if fields.cost_aware { Policy::CostAware } else { Policy::default() };
        Self {
            mmap_mode,
            verify_mapped: fields.verify_mapped,
            compress: fields.compress,
            verbose: fields.verbose,
            waiting_time: fields.waiting_time,
            limits,
            warnings: fields.warnings,
            in_memory: fields.in_memory,
            hasher,
            record: fields.record,
            invalid,
        }
    }
}

impl Serialize for Memory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let settings = Fields::from(self.settings());
        let form = match self.source().zip(self.store()) {
            Some((source, store)) => {
                let source::Form { backend, location, options, shared } = source.form(store);
                Form { backend: Some(backend), location: Some(location), options, shared, settings }
            }
            None => {
                Form { backend: None, location: None, options: BTreeMap::new(), shared: Vec::new(), settings }
            }
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Memory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Form { backend, location, options, shared, settings } = Form::deserialize(deserializer)?;
        let memory = match backend.zip(location) {
            Some((backend, location)) => {
                let source = Source::of_form(source::Form { backend, location, options, shared });
                Self::of_source(source).map_err(D::Error::custom)?
            }
            None => Self::none(),
        };
        Ok(memory.with_settings(settings.into()))
    }
}
