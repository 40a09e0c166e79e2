//! The store backends known by name: the built-in ones and those registered. One of the project's three registries.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use crate::{Error, InMemory, Local, Store};

/// Where to open a store, and options that only its backend understands.
///
/// ```
/// use joblib_store::StoreOptions;
///
/// let options = StoreOptions::new("cache").option("timeout", "5");
/// assert_eq!(options.location(), "cache");
/// assert_eq!(options.get("timeout"), Some("5"));
/// assert_eq!(options.options().collect::<Vec<_>>(), [("timeout", "5")]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreOptions {
    location: PathBuf,
    options: BTreeMap<String, String>,
}

impl StoreOptions {
    /// A store at `location`.
    pub fn new(location: impl Into<PathBuf>) -> Self {
        Self { location: location.into(), options: BTreeMap::new() }
    }

    /// Sets an option of the backend.
    pub fn option(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.insert(name.into(), value.into());
        self
    }

    /// Where the store is.
    pub fn location(&self) -> &Path {
        &self.location
    }

    /// An option of the backend.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    /// All options, by name.
    pub fn options(&self) -> impl Iterator<Item = (&str, &str)> {
        self.options.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// An error unless every option's name is among `known`: no backend accepts and ignores what it does not know.
    ///
    /// ```
    /// use joblib_store::StoreOptions;
    ///
    /// let options = StoreOptions::new("cache").option("timeoout", "5");
    /// let error = options.allow_only(&["timeout"]).unwrap_err();
    /// assert!(error.to_string().contains(r#"no option "timeoout"; known are ["timeout"]"#));
    /// ```
    pub fn allow_only(&self, known: &[&str]) -> Result<(), Error> {
        match self.options.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(Error::backend(
                self.location.display().to_string(),
                format!("there is no option {name:?}; known are {known:?}"),
            )),
        }
    }
}

type Open = Arc<dyn Fn(&StoreOptions) -> Result<Arc<dyn Store>, Error> + Send + Sync>;

static REGISTERED: RwLock<BTreeMap<String, Open>> = RwLock::new(BTreeMap::new());

const BUILT_IN: &[&str] =
    if cfg!(feature = "sqlite") { &["local", "in_memory", "sqlite"] } else { &["local", "in_memory"] };

/// Makes a backend known as `name`, or replaces the one registered under it. An error if `name` is a built-in backend's.
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
    REGISTERED.write().unwrap_or_else(PoisonError::into_inner).insert(name, Arc::new(open));
    Ok(())
}

/// The names of all backends that [`open`] knows.
///
/// ```
/// assert!(joblib_store::store_backends().contains(&"local".to_owned()));
/// ```
pub fn store_backends() -> Vec<String> {
    let registered = REGISTERED.read().unwrap_or_else(PoisonError::into_inner);
    BUILT_IN.iter().map(ToString::to_string).chain(registered.keys().cloned()).collect()
}

/// Opens a store of the backend called `name`. Errors are an unknown name, an option that the backend does not know, and
/// what the backend has against the location.
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
        #[cfg(feature = "sqlite")]
        "sqlite" => Ok(Arc::new(crate::Sqlite::open(options)?)),
        _ => {
            let found = REGISTERED.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
            match found {
                Some(open) => open(options),
                None => Err(Error::unknown_backend(name, store_backends())),
            }
        }
    }
}
