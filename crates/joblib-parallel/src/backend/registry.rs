//! Backends that were registered, by name.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::choice::feature_of;
use super::{Backend, ParallelBackend};
use crate::error::{Error, Result};
use crate::sync::ForkSafe;

static BACKENDS: ForkSafe<BTreeMap<String, Arc<dyn ParallelBackend>>> = ForkSafe::new(BTreeMap::new());

/// Registers a backend under its name, for [`Parallel::backend`](crate::Parallel::backend),
/// [`parallel_config`](crate::parallel_config) and `JOBLIB_BACKEND`. It stays registered until the program ends.
/// The [module](crate::backend) has an example.
///
/// # Errors
///
/// Returns an error if the name is empty, or that of a built-in backend or of another registered
/// backend.
pub fn register_parallel_backend(backend: impl ParallelBackend + 'static) -> Result<()> {
    let name = backend.name().to_owned();
    let refused = |why: &str| Err(Error::usage(format!("no backend can be registered as {name:?}: {why}")));
    if name.is_empty() {
        return refused("a backend is chosen by its name");
    }
    if !matches!(Backend::from(name.as_str()), Backend::Named(_)) || feature_of(&name).is_some() {
        return refused("the name is that of a built-in backend");
    }
    let backend: Arc<dyn ParallelBackend> = Arc::new(backend);
    // One that is refused is dropped outside of the section.
    let added = BACKENDS.with(|backends| match backends.entry(name.clone()) {
        Entry::Occupied(_) => Err(backend),
        Entry::Vacant(place) => {
            place.insert(backend);
            Ok(())
        }
    });
    match added {
        Ok(()) => Ok(()),
        Err(_) => refused("another backend has that name"),
    }
}

/// The backend that was registered as `name`.
pub(super) fn find(name: &str) -> Option<Arc<dyn ParallelBackend>> {
    BACKENDS.with(|backends| backends.get(name).cloned())
}

pub(super) fn names() -> Vec<String> {
    BACKENDS.with(|backends| backends.keys().cloned().collect())
}
