//! The default `Memory`, which cached functions use unless they name another.

use std::path::PathBuf;

use joblib_store::ProcessRwLock;

use super::location::default_location;
use super::{Memory, SharedCache};
use crate::error::Result;
use crate::report::{self, Warnings};

static INSTALLED: ProcessRwLock<Option<Memory>> = ProcessRwLock::new();

impl Memory {
    /// Makes this the default `Memory` of this process, used by all cached functions that don't name another one.
    ///
    /// # Errors
    ///
    /// Returns an error if an option that was set is not valid.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// Memory::none().install()?;
    /// assert_eq!(Memory::installed().location(), None);
    /// # Ok::<(), joblib_memory::Error>(())
    /// ```
    pub fn install(&self) -> Result<()> {
        self.settings().invalid.check()?;
        *INSTALLED.write() = Some(self.clone());
        Ok(())
    }

    /// Returns the default `Memory`: the one that was installed; else one at the path or URL in `JOBLIB_CACHE_DIR`, or no
    /// cache if that is empty; else one in the folder `joblib` of the user's cache folder. `JOBLIB_CACHE_SHARED` names a
    /// [shared](Self::shared) cache behind it, and `JOBLIB_CACHE_SHARED_MODE` says how it is used: `read-write` (the
    /// default), `read-only` or `compute-once`. If the cache can't be opened, there is no cache, and a warning says why.
    pub fn installed() -> Self {
        if let Some(memory) = &*INSTALLED.read() {
            return memory.clone();
        }
        let mut installed = INSTALLED.write();
        installed.get_or_insert_with(default_memory).clone()
    }
}

/// Returns the default `Memory` if one was installed or a cached function has used it.
#[doc(hidden)]
pub fn already_installed() -> Option<Memory> {
    INSTALLED.read().clone()
}

/// The cache at this location, with the shared one that the environment names.
fn with_shared(location: PathBuf) -> Result<Memory> {
    let memory = Memory::open(location)?;
    match SharedCache::of_environment()? {
        Some(shared) => memory.shared(shared),
        None => Ok(memory),
    }
}

fn default_memory() -> Memory {
    let opened =
        default_location().and_then(|location| location.map_or_else(|| Ok(Memory::none()), with_shared));
    opened.unwrap_or_else(|error| {
        report::warn_once(
            Warnings::default(),
            "installed",
            "",
            format_args!("results are not cached: {error}"),
        );
        Memory::none()
    })
}
