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
