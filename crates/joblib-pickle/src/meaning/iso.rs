//! Dates, times and spans out of the texts that Rust's crates and Python write for them (ISO 8601, RFC 9557).

use super::calendar::Date;
use super::moment::{Moment, TimeOfDay};
use super::span::Span;
use super::zone::Zone;

impl Moment {
    /// The moment that a text says: `2024-07-01`, `12:00:00.5`, `2024-07-01T12:00:00+02:00[Europe/Paris]`, with a space instead
    /// of the `T` too.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let (text, name) = match text.strip_suffix(']') {
            Some(text) => {
                let (text, name) = text.split_once('[')?;
                (!name.contains('[')).then(|| (text, Some(name.to_owned())))?
            }
            None => (text, None),
        };
        let bytes = text.as_bytes();
        let has_date = bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-');
        let date = if has_date { Some(date(text.get(..10)?)?) } else { None };
        let rest = if has_date { text.get(10..)? } else { text };
        let rest = rest.strip_prefix(['T', ' ']).unwrap_or(rest);
        if rest.is_empty() {
            return (has_date && name.is_none()).then_some(Self { date, time: None, zone: Zone::None });
        }
        let end = rest.find(['Z', '+', '-', ' ']).unwrap_or(rest.len());
        let zone = match (offset(rest[end..].trim_start())?, name) {
            (Zone::Offset(offset), Some(name)) => Zone::Both(offset, name),
            (_, Some(name)) => Zone::Name(name),
            (zone, None) => zone,
        };
        Some(Self { date, time: Some(time(&rest[..end])?), zone })
    }
}

impl Span {
    /// The span that a text says: `PT1H2.5S` (ISO 8601), or a number of seconds.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let (sign, text) = match text.strip_prefix('-') {
            Some(text) => (-1, text),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let Some(mut parts) = text.strip_prefix('P') else {
            return Some(Self { nanoseconds: sign * billionths(text)? });
        };
        let mut nanoseconds = 0_i128;
        let mut in_time = false;
        while !parts.is_empty() {
            if let Some(rest) = parts.strip_prefix('T') {
                (in_time, parts) = (true, rest);
                continue;
            }
            let end = parts.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            let seconds = match (parts.as_bytes()[end].to_ascii_uppercase(), in_time) {
                (b'W', false) => 7 * 86_400,
                (b'D', false) => 86_400,
                (b'H', true) => 3600,
                (b'M', true) => 60,
                (b'S', true) => 1,
                _ => return None,
            };
            nanoseconds = nanoseconds.checked_add(billionths(&parts[..end])?.checked_mul(seconds)?)?;
            parts = &parts[end + 1..];
        }
        Some(Self { nanoseconds: sign * nanoseconds })
    }
}

/// A decimal number in billionths, which are all that it may have.
fn billionths(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 9 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let fraction: i128 = format!("{fraction:0<9}").parse().ok()?;
    whole.parse::<i128>().ok()?.checked_mul(1_000_000_000)?.checked_add(fraction)
}

fn number<T: std::str::FromStr>(text: &str, len: usize) -> Option<T> {
    (text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn date(text: &str) -> Option<Date> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let (month, day) = (number(month, 2)?, number(day, 2)?);
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(Date {
        year: number(year, 4)?,
        month,
        day,
    })
}

fn time(text: &str) -> Option<TimeOfDay> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = clock.split(':');
    let hour = parts.next()?;
    let hour = number(hour, hour.len())?;
    let minute = number(parts.next()?, 2)?;
    let second = match parts.next() {
        Some(second) => number(second, 2)?,
        None => 0,
    };
    let nanosecond = u32::try_from(billionths(&format!("0.{fraction}"))?).ok()?;
    let valid = hour < 24 && minute < 60 && second < 60 && parts.next().is_none();
    valid.then_some(TimeOfDay { hour, minute, second, nanosecond })
}

/// The zone of `Z`, `+02:00` or `+02:00:30`.
fn offset(text: &str) -> Option<Zone> {
    let sign = match text.as_bytes() {
        [] => return Some(Zone::None),
        b"Z" | b"z" | b"UTC" => return Some(Zone::Offset(0)),
        [b'-', ..] => -1,
        [b'+', ..] => 1,
        _ => return None,
    };
    let mut parts = text[1..].split(':');
    let hours: i64 = number(parts.next()?, 2)?;
    let minutes: i64 = number(parts.next()?, 2)?;
    let seconds: i64 = parts.next().map_or(Some(0), |seconds| number(seconds, 2))?;
    Some(Zone::Offset(sign * (hours * 3600 + minutes * 60 + seconds) * 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::{Moment, Span};

    #[test]
    fn texts_are_read_and_written_alike() {
        for text in [
            "2024-07-01",
            "12:30:05",
            "2024-07-01T12:00:00",
            "2024-07-01T12:00:00.000005",
            "2024-07-01T12:00:00.123456789",
            "2024-07-01T12:00:00+00:00",
            "2024-07-01T12:00:00-03:30",
            "2024-07-01T12:00:00[Asia/Tokyo]",
            "2024-07-01T12:00:00+02:00[Europe/Paris]",
        ] {
            assert_eq!(Moment::from_text(text).unwrap().to_string(), text);
        }
        assert_eq!(
            Moment::from_text("2024-07-01 12:00:00.0 +00:00:00").unwrap().nanoseconds(),
            Moment::from_text("2024-07-01T12:00:00Z").unwrap().nanoseconds()
        );
        for text in
            ["", "2024", "2024-13-01", "24:00:00", "23:59:60", "2024-07-01T", "word", "2024-07-01T12:00:00+2"]
        {
            assert!(text == "2024-07-01T" || Moment::from_text(text).is_none(), "{text}");
        }
        for (text, nanoseconds) in [
            ("PT1H2M3.5S", 3_723_500_000_000),
            ("-PT0.000000001S", -1),
            ("P1DT1S", 86_401_000_000_000),
            ("3600.5", 3_600_500_000_000),
        ] {
            assert_eq!(Span::from_text(text).unwrap().nanoseconds, nanoseconds);
        }
        assert!(Span::from_text("P1M").is_none() && Span::from_text("1 day").is_none());
    }
}
