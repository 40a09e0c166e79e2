//! What a memory warns of, each once for what it is about.

use std::fmt;
use std::path::Path;

use joblib_store::Subject;

use super::Memory;
use crate::report;

impl Memory {
    pub(crate) fn warn_once(&self, kind: &'static str, subject: &str, message: impl fmt::Display) {
        report::warn_once(self.settings.warnings, kind, subject, message);
    }

    /// Warns that a result can't be stored. An error about the store is told once for the store.
    pub(crate) fn warn_unwritable(&self, error: &joblib_store::Error) {
        let location = self.location_text();
        let help = if error.is_full() {
            "make room, or set a limit with `Memory::bytes_limit`".to_owned()
        } else if let Some(file) = Path::new(location).ancestors().find(|path| path.is_file()) {
            format!(
                "{} is a file and not a folder: choose another location with `Memory::new` or JOBLIB_CACHE_DIR",
                file.display()
            )
        } else {
            "make it writable, or choose another location with `Memory::new` or JOBLIB_CACHE_DIR".to_owned()
        };
        self.warn_store(
            error,
            format_args!(
                "the cache in {location} can't store results, which are computed each time: {error}; {help}"
            ),
        );
    }

    /// Warns that the store can't be read.
    pub(crate) fn warn_unreadable(&self, error: &joblib_store::Error) {
        let location = self.location_text();
        self.warn_store(
            error,
            format_args!("the cache in {location} can't be read, and results are computed: {error}"),
        );
    }

    /// Warns of what the store turned out not to do.
    pub(crate) fn warn_shortcoming(&self, reason: &str) {
        let location = self.location_text();
        self.warn_once("shortcoming", location, format_args!("the cache in {location}: {reason}"));
    }

    /// Warns that the limits can't be kept.
    pub(crate) fn warn_untidy(&self, error: &joblib_store::Error) {
        let location = self.location_text();
        let message = format_args!("could not keep the cache in {location} within its limits: {error}");
        self.warn_once("tidy", location, message);
    }

    fn warn_store(&self, error: &joblib_store::Error, message: fmt::Arguments<'_>) {
        let location = self.location_text();
        let subject = match (error.subject(), error.path()) {
            (Subject::Store, _) | (_, None) => location.to_owned(),
            (_, Some(path)) => path.display().to_string(),
        };
        let kind = if error.is_full() { "full" } else { "store" };
        self.warn_once(kind, &subject, message);
    }
}
