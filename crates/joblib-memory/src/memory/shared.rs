//! Caches behind a memory's own, that others share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use joblib_store::{Store, StoreOptions};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A cache that others share, for [`Memory::shared`](crate::Memory::shared): where it is and how it is used. A text or a
/// path converts into one with default settings.
///
/// ```
/// use joblib_memory::{Memory, SharedCache};
///
/// let folder = tempfile::tempdir()?;
/// let colleague = SharedCache::new(folder.path().join("colleague")).read_only(true);
/// let memory = Memory::new(folder.path().join("mine"))?.shared(colleague)?;
/// assert_eq!(memory.stats().tiers.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedCache {
    location: PathBuf,
    #[serde(default)]
    options: BTreeMap<String, String>,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    compute_once: bool,
}

impl SharedCache {
    /// The cache at a path or URL, as for [`Memory::open`](crate::Memory::open).
    pub fn new(location: impl Into<PathBuf>) -> Self {
        Self { location: location.into(), options: BTreeMap::new(), read_only: false, compute_once: false }
    }

    /// Only reads the cache: for a colleague's cache, or with credentials that allow only reading.
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Computes each result on one machine, while the others wait for it. A miss then needs one more request, and a waiting
    /// machine asks every quarter of a second at first and every few seconds later. By default, machines that need a result
    /// at the same time each compute it.
    pub fn compute_once(mut self, compute_once: bool) -> Self {
        self.compute_once = compute_once;
        self
    }

    /// Sets an option of its backend, such as `lease`.
    pub fn option(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.insert(name.into(), value.into());
        self
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.read_only
    }

    pub(super) fn computes_once(&self) -> bool {
        self.compute_once
    }

    /// What tells it apart from others.
    pub(super) fn id(&self) -> String {
        format!("{self:?}")
    }

    pub(super) fn open(&self) -> Result<Arc<dyn Store>> {
        if self.location.as_os_str().is_empty() {
            return Err(Error::option("the location of the shared cache is empty"));
        }
        let options = StoreOptions::new(&self.location);
        let options = self.options.iter().fold(options, |all, (name, value)| all.option(name, value));
        let (backend, options) = options.by_location()?;
        Ok(joblib_store::open(backend, &options)?)
    }

    /// The cache with its path made absolute, so that it is the same one in another folder and process.
    pub(super) fn absolute(mut self) -> Result<Self> {
        StoreOptions::new(&self.location).absolute()?.location().clone_into(&mut self.location);
        Ok(self)
    }

    /// The one that the environment names, if it names any.
    pub(super) fn of_environment() -> Result<Option<Self>> {
        let Some(location) = std::env::var_os("JOBLIB_CACHE_SHARED").filter(|location| !location.is_empty())
        else {
            return Ok(None);
        };
        let shared = Self::new(location);
        let mode = std::env::var("JOBLIB_CACHE_SHARED_MODE").unwrap_or_default();
        match &*mode {
            "" | "read-write" => Ok(Some(shared)),
            "read-only" => Ok(Some(shared.read_only(true))),
            "compute-once" => Ok(Some(shared.compute_once(true))),
            _ => Err(Error::option(format!(
                "JOBLIB_CACHE_SHARED_MODE is {mode:?}; expected \"read-write\", \"read-only\" or \"compute-once\""
            ))),
        }
    }
}

impl From<&str> for SharedCache {
    fn from(location: &str) -> Self {
        Self::new(location)
    }
}

impl From<String> for SharedCache {
    fn from(location: String) -> Self {
        Self::new(location)
    }
}

impl From<PathBuf> for SharedCache {
    fn from(location: PathBuf) -> Self {
        Self::new(location)
    }
}

impl From<&Path> for SharedCache {
    fn from(location: &Path) -> Self {
        Self::new(location)
    }
}
