//! The memory that cached functions use unless they name one: the only state of this crate that is global by nature.

use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

use super::Memory;
use crate::report;

static INSTALLED: RwLock<Option<Memory>> = RwLock::new(None);

impl Memory {
    /// Makes this the memory of all cached functions that name no other, in this process.
    ///
    /// ```
    /// use joblib_memory::Memory;
    ///
    /// Memory::none().install();
    /// assert_eq!(Memory::installed().location(), None);
    /// ```
    pub fn install(&self) {
        *INSTALLED.write().unwrap_or_else(PoisonError::into_inner) = Some(self.clone());
    }

    /// The installed memory; else one in the folder that `JOBLIB_CACHE_DIR` names (none if that is empty); else one in
    /// the folder `joblib` of the user's cache folder. Where none of these can be had, no cache, and a warning says why.
    pub fn installed() -> Self {
        if let Some(memory) = &*INSTALLED.read().unwrap_or_else(PoisonError::into_inner) {
            return memory.clone();
        }
        let mut installed = INSTALLED.write().unwrap_or_else(PoisonError::into_inner);
        installed.get_or_insert_with(default_memory).clone()
    }
}

/// The memory that [`Memory::install`] was called with, or that was made since because a cached function asked.
#[doc(hidden)]
pub fn already_installed() -> Option<Memory> {
    INSTALLED.read().unwrap_or_else(PoisonError::into_inner).clone()
}

fn default_memory() -> Memory {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let folder = match variable("JOBLIB_CACHE_DIR") {
        Some(folder) if folder.as_os_str().is_empty() => return Memory::none(),
        Some(folder) => Some(folder),
        None => variable("XDG_CACHE_HOME")
            .filter(|folder| folder.is_absolute())
            .or_else(|| {
                let caches = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
                variable("HOME").filter(|home| home.is_absolute()).map(|home| home.join(caches))
            })
            .map(|caches| caches.join("joblib")),
    };
    match folder.as_ref().map(Memory::new) {
        Some(Ok(memory)) => memory,
        other => {
            let reason = match other {
                Some(Err(error)) => error.to_string(),
                _ => "neither JOBLIB_CACHE_DIR nor HOME names a folder".to_owned(),
            };
            report::warn_once("installed", "", format_args!("results are not cached: {reason}"));
            Memory::none()
        }
    }
}
