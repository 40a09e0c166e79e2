//! A memory in another process: where its store is, and its settings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use joblib_persist::Compress;
use joblib_store::{Limits, Policy, StoreOptions};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Memory;
use super::settings::Settings;
use crate::error;

#[derive(Serialize, Deserialize)]
struct Elsewhere {
    backend: Option<String>,
    location: Option<PathBuf>,
    #[serde(default)]
    options: BTreeMap<String, String>,
    #[serde(default)]
    settings: Fields,
}

/// The settings as plain data.
#[derive(Serialize, Deserialize)]
#[serde(default)]
struct Fields {
    mmap_mode: Option<String>,
    check_mapped: bool,
    compress: Option<Compress>,
    verbose: u32,
    waiting_time: Duration,
    bytes_limit: Option<u64>,
    items_limit: Option<u64>,
    age_limit: Option<Duration>,
    superseded_age_limit: Option<Duration>,
    cost_aware: bool,
}

impl From<&Settings> for Fields {
    fn from(settings: &Settings) -> Self {
        let Settings { mmap_mode, check_mapped, compress, verbose, waiting_time, limits } = settings.clone();
        let Limits { bytes, items, age, superseded_age, policy, as_of: _ } = limits;
        Self {
            mmap_mode: mmap_mode.map(|mode| mode.to_string()),
            check_mapped,
            compress,
            verbose,
            waiting_time,
            bytes_limit: bytes,
            items_limit: items,
            age_limit: age,
            superseded_age_limit: superseded_age,
            cost_aware: policy == Policy::CostAware,
        }
    }
}

impl Default for Fields {
    fn default() -> Self {
        Self::from(&Settings::default())
    }
}

impl Fields {
    fn set(self, memory: Memory) -> error::Result<Memory> {
        let mut memory = memory
            .check_mapped(self.check_mapped)
            .verbose(self.verbose)
            .waiting_time(self.waiting_time)
            .superseded_age_limit(self.superseded_age_limit)
            .policy(if self.cost_aware { Policy::CostAware } else { Policy::default() });
        if let Some(mode) = &self.mmap_mode {
            let mode = mode.parse().map_err(|error| error::Error::option(format!("{error}")))?;
            memory = memory.mmap_mode(mode)?;
        }
        if let Some(compress) = self.compress {
            memory = memory.compress(compress);
        }
        if let Some(limit) = self.bytes_limit {
            memory = memory.bytes_limit(limit)?;
        }
        if let Some(limit) = self.items_limit {
            memory = memory.items_limit(limit);
        }
        if let Some(limit) = self.age_limit {
            memory = memory.age_limit(limit);
        }
        Ok(memory)
    }
}

impl Serialize for Memory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let elsewhere = Elsewhere {
            backend: self.backend().map(str::to_owned),
            location: self.location().map(Path::to_owned),
            options: self.options().clone(),
            settings: Fields::from(self.settings()),
        };
        elsewhere.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Memory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Elsewhere { backend, location, options, settings } = Elsewhere::deserialize(deserializer)?;
        let memory = match (backend, location) {
            (Some(backend), Some(location)) => {
                let options = options
                    .into_iter()
                    .fold(StoreOptions::new(location), |given, (name, value)| given.option(name, value));
                Self::with_options(&backend, &options).map_err(D::Error::custom)?
            }
            _ => Self::none(),
        };
        settings.set(memory).map_err(D::Error::custom)
    }
}
