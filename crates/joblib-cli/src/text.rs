//! Texts that others chose, made safe for a terminal, and numbers as people read them.

use std::fmt::{self, Display, Write as _};
use std::io;
use std::time::{Duration, SystemTime};

/// Shows a text without the characters that a terminal would obey: control characters, and those that
/// change the direction of what follows.
pub(crate) struct Visible<T>(pub(crate) T);

impl<T: Display> Display for Visible<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping { out: f, lines: false }, "{}", self.0)
    }
}

/// Whether a terminal would obey a character instead of showing it.
pub(crate) fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// A sink of texts that escapes what a terminal would obey, but for the ends of lines if `lines`.
pub(crate) struct Escaping<W> {
    pub(crate) out: W,
    pub(crate) lines: bool,
}

impl<W: fmt::Write> fmt::Write for Escaping<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let lines = self.lines;
        let is_shown = |character: char| !is_obeyed(character) || (lines && character == '\n');
        let mut rest = text;
        while let Some(at) = rest.find(|character| !is_shown(character)) {
            self.out.write_str(&rest[..at])?;
            let Some(character) = rest[at..].chars().next() else { break };
            write!(self.out, "{}", character.escape_default())?;
            rest = &rest[at + character.len_utf8()..];
        }
        self.out.write_str(rest)
    }
}

/// Writes a text of several lines, made safe.
pub(crate) fn write_lines(out: &mut dyn io::Write, text: &str) -> io::Result<()> {
    out.write_all(lines(text).as_bytes())
}

/// A text of several lines, made safe.
pub(crate) fn lines(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    // Writing to a `String` does not fail.
    let _ = Escaping { out: &mut safe, lines: true }.write_str(text);
    safe
}

/// A size that a person reads at once, in powers of ten.
pub(crate) fn bytes(count: u64) -> String {
    let mut size = count as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if size < 999.95 {
            return if unit == "B" { format!("{count} B") } else { format!("{size:.1} {unit}") };
        }
        size /= 1000.0;
    }
    format!("{size:.1} TB")
}

/// A duration in a few characters.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        0.0 => "0 s".to_owned(),
        _ if seconds < 1e-3 => format!("{:.0} µs", seconds * 1e6),
        _ if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
        _ if seconds < 120.0 => format!("{seconds:.1} s"),
        _ if seconds < 7200.0 => format!("{:.1} min", seconds / 60.0),
        _ if seconds < 172_800.0 => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.1} days", seconds / 86_400.0),
    }
}

/// The same of a number of seconds.
pub(crate) fn seconds(seconds: f64) -> String {
    duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

/// How long ago a time was. One in the future, by a clock that was wrong, counts as now.
pub(crate) fn ago(time: SystemTime) -> String {
    let seconds = time.elapsed().unwrap_or_default().as_secs();
    let (count, unit) = match seconds {
        0..60 => return "just now".to_owned(),
        60..7200 => (seconds / 60, "min"),
        7200..172_800 => (seconds / 3600, "h"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit} ago")
}

/// A time of the day, in UTC.
pub(crate) fn time(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    // The formatter refuses years of five digits.
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(253_402_300_799));
    humantime::format_rfc3339_seconds(time).to_string().replace('T', " ").replace('Z', " UTC")
}

/// Seconds since the Unix epoch, for programs.
pub(crate) fn epoch(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// A number and what it counts.
pub(crate) fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        let hostile = "a\x1b]0;title\x07b\u{9b}31m\u{202e}c\nd";
        assert_eq!(Visible(hostile).to_string(), r"a\u{1b}]0;title\u{7}b\u{9b}31m\u{202e}c\nd");
        let mut out = Vec::new();
        write_lines(&mut out, "é…\n\x1b[2J").unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "é…\n\\u{1b}[2J");
    }

    #[test]
    fn times_of_the_day_are_those_of_the_calendar() {
        assert_eq!(time(SystemTime::UNIX_EPOCH + Duration::from_hours(24)), "1970-01-02 00:00:00 UTC");
        assert_eq!(time(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 60)), "9999-12-31 23:59:59 UTC");
    }
}
