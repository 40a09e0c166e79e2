//! What a memory's store is opened with: the same in every process that opens it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use joblib_store::{Store, StoreOptions, Tiered, open};
use serde::{Deserialize, Serialize};

use super::shared::SharedCache;
use crate::error::Result;
use crate::report::{self, Warnings};

/// A store, and the shared ones behind it, the nearest first.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    backend: String,
    options: StoreOptions,
    shared: Vec<SharedCache>,
    /// Whether each upload is waited for: in a worker process, which ends without notice.
    wait: bool,
}

/// A source as plain data.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Form {
    pub(crate) backend: String,
    pub(crate) location: PathBuf,
    #[serde(default)]
    pub(crate) options: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) shared: Vec<SharedCache>,
}

impl Source {
    pub(super) fn new(backend: &str, options: StoreOptions) -> Self {
        Self { backend: backend.to_owned(), options, shared: Vec::new(), wait: false }
    }

    /// The same with one more store behind.
    pub(super) fn with_shared(&self, shared: SharedCache) -> Self {
        let mut source = self.clone();
        source.shared.push(shared);
        source
    }

    /// The source with the location that the store has, for other processes.
    pub(crate) fn form(&self, store: &dyn Store) -> Form {
        Form {
            backend: self.backend.clone(),
            location: store.location().into(),
            options: self
                .options
                .options()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            shared: self.shared.clone(),
        }
    }

    /// What another process opened.
    pub(crate) fn of_form(form: Form) -> Self {
        let options = StoreOptions::new(form.location);
        let options = form.options.into_iter().fold(options, |all, (name, value)| all.option(name, value));
        Self { backend: form.backend, options, shared: form.shared, wait: true }
    }

    /// Whether it has no location.
    pub(super) fn is_nowhere(&self) -> bool {
        self.options.location().as_os_str().is_empty()
    }

    /// Two spellings of one folder are one cache. What can't be made absolute the backend refuses.
    pub(super) fn id(&self) -> String {
        let absolute = match &*self.backend {
            "in_memory" => self.options.clone(),
            _ => self.options.clone().absolute().unwrap_or_else(|_| self.options.clone()),
        };
        let mut id = format!("{}\0{}", self.backend, absolute.location().display());
        for (name, value) in self.options.options() {
            id.extend(["\0", name, "=", value]);
        }
        for shared in &self.shared {
            id.extend(["\0\0", &shared.id()]);
        }
        // Where nothing is uploaded there is nothing to wait for.
        if self.wait && !self.shared.is_empty() {
            id.push_str("\0\0wait");
        }
        id
    }

    pub(super) fn store(&self) -> Result<Arc<dyn Store>> {
        let near = open(&self.backend, &self.options)?;
        self.shared.iter().try_fold(near, |near, shared| {
            let far = shared.open()?;
            let location = far.location().to_owned();
            let tiers = Tiered::builder(near, far)
                .read_only(shared.is_read_only())
                .compute_once(shared.computes_once())
                .wait_for_uploads(self.wait)
                .on_failure(move |error| warn(&location, error));
            Ok(Arc::new(tiers.build()) as Arc<dyn Store>)
        })
    }
}

/// Warns once that a shared cache fails.
fn warn(location: &str, error: &joblib_store::Error) {
    let (kind, what) = match error {
        error if error.is_unreachable() => {
            ("shared", "can't be reached, and this program goes on without it")
        }
        error if error.is_read_only() => ("shared: permission", "does not permit something"),
        _ => ("shared", "failed, and this program goes on without it"),
    };
    report::warn_once(
        Warnings::default(),
        kind,
        location,
        format_args!("the shared cache {location} {what}: {error}"),
    );
}
