//! Where a program without options has its cache, and where the records of runs are.

use std::path::PathBuf;

use joblib_record::FOLDER;
use joblib_store::Store;

use crate::error::{Error, Result};

/// Returns the location of the cache that functions use if no `Memory` is installed: the folder in `JOBLIB_CACHE_DIR`, else
/// the folder `joblib` in the user's cache folder. `None` if `JOBLIB_CACHE_DIR` is empty, which means no cache.
///
/// # Errors
///
/// Returns an error if neither `JOBLIB_CACHE_DIR` nor `HOME` names a folder.
///
/// ```
/// let location = joblib_memory::default_location()?;
/// println!("results are in {location:?}");
/// # Ok::<(), joblib_memory::Error>(())
/// ```
pub fn default_location() -> Result<Option<PathBuf>> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    if let Some(folder) = variable("JOBLIB_CACHE_DIR") {
        return Ok(Some(folder).filter(|folder| !folder.as_os_str().is_empty()));
    }
    let caches = variable("XDG_CACHE_HOME").filter(|folder| folder.is_absolute()).or_else(|| {
        let caches = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
        variable("HOME").filter(|home| home.is_absolute()).map(|home| home.join(caches))
    });
    match caches {
        Some(caches) => Ok(Some(caches.join("joblib"))),
        None => Err(Error::option("neither JOBLIB_CACHE_DIR nor HOME names a folder")),
    }
}

/// Returns the folder with the records of the runs that used a store: `joblib-runs` in the store's folder, or, for a
/// store that is not in a folder, in the folder of the default cache.
///
/// # Errors
///
/// Returns an error if the store is not in a folder and there is no default cache.
///
/// ```
/// use joblib_memory::runs_folder;
/// use joblib_store::{StoreOptions, open};
///
/// let store = open("local", &StoreOptions::new("/srv/cache"))?;
/// assert_eq!(runs_folder(&*store)?, std::path::Path::new("/srv/cache/joblib-runs"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn runs_folder(store: &dyn Store) -> Result<PathBuf> {
    let location = match store.backend() {
        "local" | "sqlite" => Some(PathBuf::from(store.location())),
        _ => default_location()?,
    };
    let location = location
        .ok_or_else(|| Error::option("JOBLIB_CACHE_DIR is empty, so there is no folder for records"))?;
    Ok(location.join(FOLDER))
}
