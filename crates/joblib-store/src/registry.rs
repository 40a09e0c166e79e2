//! The store backends known by name: the built-in ones and those registered.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Error;
use crate::in_memory::InMemory;
use crate::local::Local;
#[cfg(feature = "object")]
use crate::object::ObjectStore;
use crate::options::StoreOptions;
use crate::process_lock::{AfterFork, ProcessLock};
#[cfg(feature = "sqlite")]
use crate::sqlite::Sqlite;
use crate::store::Store;

type Open = Arc<dyn Fn(&StoreOptions) -> Result<Arc<dyn Store>, Error> + Send + Sync>;

static REGISTERED: ProcessLock<BTreeMap<String, Open>> = ProcessLock::new(AfterFork::Inherit);

const BUILT_IN: &[&str] = &[
    "local",
    "in_memory",
    #[cfg(feature = "object")]
    "object",
    #[cfg(feature = "sqlite")]
    "sqlite",
];

/// Registers a backend as `name`. It replaces a backend that was registered with this name before.
///
/// # Errors
///
/// Returns an error if `name` is that of a built-in backend.
///
/// ```
/// use joblib_store::{InMemory, StoreOptions, open, register_store_backend};
/// use std::sync::Arc;
///
/// register_store_backend("mine", |options| Ok(Arc::new(InMemory::open(options)?)))?;
/// assert_eq!(open("mine", &StoreOptions::new("anywhere"))?.location(), "anywhere");
/// # Ok::<(), joblib_store::Error>(())
/// ```
pub fn register_store_backend(
    name: impl Into<String>,
    open: impl Fn(&StoreOptions) -> Result<Arc<dyn Store>, Error> + Send + Sync + 'static,
) -> Result<(), Error> {
    let name = name.into();
    if BUILT_IN.contains(&name.as_str()) {
        return Err(Error::built_in(&name));
    }
    REGISTERED.lock().insert(name, Arc::new(open));
    Ok(())
}

/// The names of all backends that [`open`] knows.
///
/// ```
/// assert!(joblib_store::store_backends().contains(&"local".to_owned()));
/// ```
pub fn store_backends() -> Vec<String> {
    let registered = REGISTERED.lock();
    BUILT_IN.iter().map(ToString::to_string).chain(registered.keys().cloned()).collect()
}

/// Opens a store of the backend named `name`.
///
/// # Errors
///
/// Returns an error if no backend has this name, or if the backend does not know an option or can't use the location.
///
/// ```
/// use joblib_store::{StoreOptions, open};
///
/// let folder = tempfile::tempdir()?;
/// assert_eq!(open("local", &StoreOptions::new(folder.path()))?.backend(), "local");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn open(name: &str, options: &StoreOptions) -> Result<Arc<dyn Store>, Error> {
    match name {
        "local" => Ok(Arc::new(Local::open(options)?)),
        "in_memory" => Ok(Arc::new(InMemory::open(options)?)),
        #[cfg(feature = "object")]
        "object" => Ok(Arc::new(ObjectStore::open(options)?)),
        #[cfg(feature = "sqlite")]
        "sqlite" => Ok(Arc::new(Sqlite::open(options)?)),
        _ => {
            let found = REGISTERED.lock().get(name).cloned();
            match found {
                Some(open) => open(options),
                None => Err(Error::unknown_backend(name, store_backends())),
            }
        }
    }
}
