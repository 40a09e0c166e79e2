//! All output of this crate: `tracing` events, lines on standard error that `verbose` asks for, and
//! warnings. No other module prints.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, Write as _};
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Duration;

use joblib_store::{AfterFork, ProcessLock};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Where warnings about the cache go. Warnings report problems that don't stop the program.
///
/// Unless [`Memory::warnings`](crate::Memory::warnings) says otherwise, the environment variable
/// `JOBLIB_WARNINGS` decides: `stderr`, `events` or `off`.
///
/// ```
/// use joblib_memory::{Memory, Warnings};
///
/// let memory = Memory::with_backend("in_memory", "quiet")?.warnings(Warnings::Events);
/// assert_eq!("events".parse::<Warnings>()?, Warnings::Events);
/// assert_eq!(Warnings::Off.to_string(), "off");
/// # Ok::<(), joblib_memory::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Warnings {
    /// A `tracing` event for each, and a line on standard error for the first of each kind and function.
    Stderr,
    /// `tracing` events only, for programs that own the terminal.
    Events,
    /// Neither.
    Off,
}

/// What `JOBLIB_WARNINGS` says, else standard error.
impl Default for Warnings {
    fn default() -> Self {
        static DEFAULT: OnceLock<Warnings> = OnceLock::new();
        let mut invalid = None;
        let default = *DEFAULT.get_or_init(|| match std::env::var("JOBLIB_WARNINGS") {
            Ok(text) => text.parse().unwrap_or_else(|error| {
                invalid = Some(error);
                Self::Stderr
            }),
            Err(_) => Self::Stderr,
        });
        // A subscriber that receives the event may ask for the default itself, so it is known by then.
        if let Some(error) = invalid {
            warn_once(Self::Stderr, "JOBLIB_WARNINGS", "", format_args!("JOBLIB_WARNINGS: {error}"));
        }
        default
    }
}

impl fmt::Display for Warnings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stderr => "stderr",
            Self::Events => "events",
            Self::Off => "off",
        })
    }
}

impl FromStr for Warnings {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "stderr" => Ok(Self::Stderr),
            "events" => Ok(Self::Events),
            "off" => Ok(Self::Off),
            _ => Err(Error::option(format!("expected \"stderr\", \"events\" or \"off\", found {text:?}"))),
        }
    }
}

/// Warns about something that the program survives. A line is printed once per process for each
/// `kind` and `subject`.
pub(crate) fn warn_once(warnings: Warnings, kind: &'static str, subject: &str, message: impl fmt::Display) {
    /// A process that has printed this many lines has said enough.
    const MAX_LINES: usize = 1000;
    static PRINTED: ProcessLock<HashSet<(&'static str, String)>> = ProcessLock::new(AfterFork::Inherit);
    if warnings == Warnings::Off {
        return;
    }
    tracing::warn!(target: "joblib::memory", kind, subject, "{message}");
    if warnings == Warnings::Events {
        return;
    }
    let (is_new, is_first) = {
        let mut printed = PRINTED.lock();
        let is_first = printed.is_empty();
        (printed.len() < MAX_LINES && printed.insert((kind, subject.to_owned())), is_first)
    };
    if is_new {
        // Once is enough for whoever wants to know.
        let hint = if is_first { " (JOBLIB_WARNINGS=events or off stops these lines)" } else { "" };
        print_line(format_args!("warning: joblib: {message}{hint}"));
    }
}

/// Prints a line that `verbose` asked for.
pub(crate) fn print(message: fmt::Arguments<'_>) {
    print_line(format_args!("[Memory] {message}"));
}

/// Calls what it is given, when the terminal is free for lines.
type PrintBeside = fn(&mut dyn FnMut());

/// Whoever else draws on the terminal.
static BESIDE: OnceLock<PrintBeside> = OnceLock::new();

/// Makes `beside` print each line, by calling its argument: for a crate that draws on the terminal. Only the first call has
/// an effect.
pub fn print_beside(beside: PrintBeside) {
    let _ = BESIDE.set(beside);
}

/// A stream that takes nothing, such as a pipe that nobody reads, is no reason to end what the program does.
fn print_line(message: fmt::Arguments<'_>) {
    let mut print = || _ = writeln!(io::stderr(), "{message}");
    match BESIDE.get() {
        Some(beside) => beside(&mut print),
        None => print(),
    }
}

/// joblib's levels of `verbose`.
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

    /// The locations that results are loaded from.
    pub(crate) fn locations(self) -> bool {
        self.0 >= 10
    }

    /// Why calls are computed, where their results are stored, and what is dropped for them.
    pub(crate) fn reasons(self) -> bool {
        self.0 > 10
    }

    /// The hashes that are looked for.
    pub(crate) fn querying(self) -> bool {
        self.0 >= 20
    }
}

/// A duration in a form for display.
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
