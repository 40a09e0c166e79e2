//! All that this crate tells people: `tracing` events, and lines to the terminal where `verbose` asks for them or
//! something is wrong. Nothing else here prints.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Something is wrong that the program survives. Each `kind` of trouble with each `subject` is told once per process.
pub(crate) fn warn_once(kind: &'static str, subject: &str, message: impl fmt::Display) {
    static TOLD: Mutex<Option<HashSet<(&'static str, String)>>> = Mutex::new(None);
    tracing::warn!(target: "joblib::memory", kind, subject, "{message}");
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let told = told.get_or_insert_default();
    // A process that meets this many troubles has told enough.
    if told.len() < 1000 && told.insert((kind, subject.to_owned())) {
        print(format_args!("warning: joblib: {message}"));
    }
}

/// A line for people who asked for it with `verbose`.
pub(crate) fn say(message: fmt::Arguments<'_>) {
    print(format_args!("[Memory] {message}"));
}

#[allow(clippy::print_stderr, reason = "this is the one place that prints")]
fn print(message: fmt::Arguments<'_>) {
    eprintln!("{message}");
}

/// How much people want to be told: joblib's levels of `verbose`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level(pub(crate) u32);

impl Level {
    /// Calls that are computed, how long that took, and what is cleared.
    pub(crate) fn computing(self) -> bool {
        self.0 > 0
    }

    /// Calls that are loaded.
    pub(crate) fn loading(self) -> bool {
        self.0 > 1
    }

    /// How long loading took.
    pub(crate) fn loading_time(self) -> bool {
        self.0 > 4
    }

    /// Where results are loaded from.
    pub(crate) fn places(self) -> bool {
        self.0 >= 10
    }

    /// Why calls are computed, where their results are stored, and what is dropped for them.
    pub(crate) fn reasons(self) -> bool {
        self.0 > 10
    }

    /// What is looked for.
    pub(crate) fn querying(self) -> bool {
        self.0 >= 20
    }
}

/// A duration as people read it.
pub(crate) struct Readable(pub(crate) Duration);

impl fmt::Display for Readable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        match seconds {
            _ if seconds < 1e-3 => write!(f, "{:.0} µs", seconds * 1e6),
            _ if seconds < 1.0 => write!(f, "{:.1} ms", seconds * 1e3),
            _ if seconds < 120.0 => write!(f, "{seconds:.1} s"),
            _ => write!(f, "{:.1} min", seconds / 60.0),
        }
    }
}
