//! Backends that were registered, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ParallelBackend;
use crate::sync::ForkSafe;

static BACKENDS: ForkSafe<BTreeMap<String, Arc<dyn ParallelBackend>>> = ForkSafe::new(BTreeMap::new());

/// Makes a backend known under its name, for [`Parallel::backend`](crate::Parallel::backend),
/// [`parallel_config`](crate::parallel_config) and `JOBLIB_BACKEND`. A later one of the same name replaces it; the built-in
/// backends keep their names. The [module](crate::backend) has an example.
pub fn register_parallel_backend(backend: impl ParallelBackend + 'static) {
    let name = backend.name().to_owned();
    // The one that is replaced is dropped outside of the section.
    let _replaced = BACKENDS.with(|backends| backends.insert(name, Arc::new(backend)));
}

/// The backend that was registered as `name`.
pub(super) fn find(name: &str) -> Option<Arc<dyn ParallelBackend>> {
    BACKENDS.with(|backends| backends.get(name).cloned())
}

pub(super) fn names() -> Vec<String> {
    BACKENDS.with(|backends| backends.keys().cloned().collect())
}
