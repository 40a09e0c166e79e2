//! Dates, times and spans of time: Python's packed states, numpy's counts, and the text that Python writes for them.

use std::fmt;

use crate::class::Known;
use crate::numpy::dtype::{Base, Unit};
use crate::tree::{Id, Node, Object, Tree};

const DAY: i128 = 86_400 * 1_000_000_000;

/// A date, a time of day, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) date: Option<Date>,
    pub(crate) time: Option<TimeOfDay>,
    pub(crate) zone: Zone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i64,
    pub(crate) month: u8,
    pub(crate) day: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeOfDay {
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
    pub(crate) nanosecond: u32,
}

/// What a moment says about its place on Earth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Zone {
    None,
    /// Microseconds east of UTC.
    Offset(i64),
    /// Microseconds east of UTC in a zone of that name.
    Both(i64, String),
    /// A zone of the tz database, whose offset only that database knows.
    Name(String),
    /// One of the tz database, where the clock shows this time twice and the second one is meant: Python's `fold`.
    Second(String),
}

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) nanoseconds: i128,
}

impl Moment {
    /// `datetime.datetime`, `date` and `time` from their packed bytes, `pandas.Timestamp` from its count.
    pub(crate) fn from_object(tree: &Tree, known: Known, object: &Object) -> Option<Self> {
        let args = tree.sequence(object.args)?;
        if known == Known::Timestamp {
            let value = tree.int_of(*args.first()?)?;
            let unit = match args.get(3).and_then(|&id| tree.int_of(id)) {
                Some(7) => Base::Second,
                Some(8) => Base::Milli,
                Some(9) => Base::Micro,
                _ => Base::Nano,
            };
            let mut moment = Self::from_count(value, Unit { base: unit, count: 1 })?;
            let zone = args.get(2).map_or(Some(Zone::None), |&id| zone(tree, id))?;
            // The count is of UTC; a named zone's offset is not known here, so UTC is what can be said.
            moment.zone = match zone {
                Zone::None => Zone::None,
                Zone::Offset(offset) | Zone::Both(offset, _) => {
                    let shifted = i128::from(value) * unit_nanos(unit)? + i128::from(offset) * 1000;
                    moment = Self::from_nanos(shifted)?;
                    zone
                }
                Zone::Name(_) | Zone::Second(_) => Zone::Offset(0),
            };
            return Some(moment);
        }
        // Text is what Latin-1 makes of Python 2's bytes.
        let latin1: Option<Vec<u8>> = match tree.node(*args.first()?) {
            Node::Str(span) => tree.text(span).chars().map(|c| u8::try_from(u32::from(c)).ok()).collect(),
            _ => None,
        };
        let packed = latin1.as_deref().or_else(|| tree.bytes_of(args[0]));
        let zone = args.get(1).map_or(Some(Zone::None), |&id| zone(tree, id))?;
        let is_second = match (known, packed) {
            (Known::DateTime, Some(bytes)) => bytes.get(2).is_some_and(|month| month & 0x80 != 0),
            (Known::Time, Some(bytes)) => bytes.first().is_some_and(|hour| hour & 0x80 != 0),
            _ => false,
        };
        let zone = match zone {
            Zone::Name(name) if is_second => Zone::Second(name),
            zone => zone,
        };
        match (known, packed) {
            (Known::DateTime, Some(&[y1, y2, month, day, hour, minute, second, u1, u2, u3])) => Some(Self {
                date: date(y1, y2, month & 0x7f, day),
                time: time(hour, minute, second, [u1, u2, u3]),
                zone,
            }),
            (Known::Date, Some(&[y1, y2, month, day])) => {
                Some(Self { date: date(y1, y2, month, day), time: None, zone })
            }
            (Known::Time, Some(&[hour, minute, second, u1, u2, u3])) => {
                Some(Self { date: None, time: time(hour & 0x7f, minute, second, [u1, u2, u3]), zone })
            }
            _ => None,
        }
        .filter(|moment| {
            (known == Known::Time || moment.date.is_some()) && (known == Known::Date || moment.time.is_some())
        })
    }

    /// `datetime64`'s count since 1970; `None` for `NaT`, and beyond what a calendar can say.
    pub(crate) fn from_count(count: i64, unit: Unit) -> Option<Self> {
        if count == i64::MIN {
            return None;
        }
        let count = i128::from(count) * i128::from(unit.count);
        match unit.base {
            Base::Year | Base::Month => {
                let months = if unit.base == Base::Year { count.checked_mul(12)? } else { count };
                let year = i64::try_from(months.div_euclid(12)).ok()?.checked_add(1970)?;
                let month = months.rem_euclid(12) as u8 + 1;
                Some(Self { date: Some(Date { year, month, day: 1 }), time: None, zone: Zone::None })
            }
            Base::Week | Base::Day => {
                let days = if unit.base == Base::Week { count.checked_mul(7)? } else { count };
                Some(Self { date: Some(civil(days)?), time: None, zone: Zone::None })
            }
            Base::Pico => Self::from_nanos(count.div_euclid(1000)),
            Base::Femto => Self::from_nanos(count.div_euclid(1_000_000)),
            Base::Atto => Self::from_nanos(count.div_euclid(1_000_000_000)),
            base => Self::from_nanos(count.checked_mul(unit_nanos(base)?)?),
        }
    }

    pub(crate) fn from_nanos(nanos: i128) -> Option<Self> {
        let rest = nanos.rem_euclid(DAY);
        let seconds = (rest / 1_000_000_000) as u32;
        Some(Self {
            date: Some(civil(nanos.div_euclid(DAY))?),
            time: Some(TimeOfDay {
                hour: (seconds / 3600) as u8,
                minute: (seconds / 60 % 60) as u8,
                second: (seconds % 60) as u8,
                nanosecond: (rest % 1_000_000_000) as u32,
            }),
            zone: Zone::None,
        })
    }

    /// Nanoseconds since 1970 in UTC; a moment without a zone is taken to be in UTC. `None` for a time without a date
    /// and in a zone known by name only.
    pub(crate) fn nanoseconds(&self) -> Option<i128> {
        let offset = match self.zone {
            Zone::None => 0,
            Zone::Offset(micros) | Zone::Both(micros, _) => i128::from(micros) * 1000,
            Zone::Name(_) | Zone::Second(_) => return None,
        };
        let time = self.time.map_or(0, |time| {
            (i128::from(time.hour) * 3600 + i128::from(time.minute) * 60 + i128::from(time.second))
                * 1_000_000_000
                + i128::from(time.nanosecond)
        });
        Some(days(self.date?) * DAY + time - offset)
    }

    /// As numpy writes a count of a unit: an hour has no minutes, a millisecond has three digits.
    pub(crate) fn numpy_text(count: i64, unit: Unit) -> Option<String> {
        let moment = Self::from_count(count, unit)?;
        let Date { year, month, day } = moment.date?;
        let time = moment.time;
        let clock = |digits: usize| {
            let time = time?;
            let whole = format!(
                "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
                time.hour, time.minute, time.second
            );
            let nanos = format!("{:09}", time.nanosecond);
            Some(if digits == 0 { whole } else { format!("{whole}.{}", &nanos[..digits]) })
        };
        match unit.base {
            Base::Year => Some(format!("{year:04}")),
            Base::Month => Some(format!("{year:04}-{month:02}")),
            Base::Week | Base::Day => Some(format!("{year:04}-{month:02}-{day:02}")),
            Base::Hour => Some(format!("{year:04}-{month:02}-{day:02}T{:02}", time?.hour)),
            Base::Minute => {
                Some(format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}", time?.hour, time?.minute))
            }
            Base::Second => clock(0),
            Base::Milli => clock(3),
            Base::Micro => clock(6),
            _ => clock(9),
        }
    }
}

impl Date {
    /// The day of a year, from 1 on.
    pub(crate) fn of_year(year: i64, day: i64) -> Option<Self> {
        civil(days(Self { year, month: 1, day: 1 }) + i128::from(day) - 1).filter(|date| date.year == year)
    }

    /// Which day of its year it is, from 1 on.
    pub(crate) fn day_of_year(self) -> i64 {
        (days(self) - days(Self { month: 1, day: 1, ..self }) + 1) as i64
    }
}

impl Span {
    /// `datetime.timedelta(days, seconds, microseconds)` or `pandas.Timedelta`.
    pub(crate) fn from_object(tree: &Tree, known: Known, object: &Object) -> Option<Self> {
        let args = tree.sequence(object.args)?;
        let at = |index: usize| args.get(index).and_then(|&id| tree.int_of(id)).map(i128::from);
        if known == Known::Timedelta {
            let unit = match at(1) {
                Some(7) => Base::Second,
                Some(8) => Base::Milli,
                Some(9) => Base::Micro,
                _ => Base::Nano,
            };
            return Some(Self { nanoseconds: at(0)?.checked_mul(unit_nanos(unit)?)? });
        }
        let (days, seconds, micros) = (at(0).unwrap_or(0), at(1).unwrap_or(0), at(2).unwrap_or(0));
        Some(Self { nanoseconds: days * DAY + seconds * 1_000_000_000 + micros * 1000 })
    }

    /// `timedelta64`'s count; `None` for `NaT` and for the units without a length (years, months, none).
    pub(crate) fn from_count(count: i64, unit: Unit) -> Option<Self> {
        if count == i64::MIN {
            return None;
        }
        let count = i128::from(count) * i128::from(unit.count);
        let nanoseconds = match unit.base {
            Base::Pico => count / 1000,
            Base::Femto => count / 1_000_000,
            Base::Atto => count / 1_000_000_000,
            base => count.checked_mul(unit_nanos(base)?)?,
        };
        Some(Self { nanoseconds })
    }

    pub(crate) fn seconds(self) -> f64 {
        // Whole and broken seconds apart, so that a long span keeps its microseconds.
        (self.nanoseconds / 1_000_000_000) as f64 + (self.nanoseconds % 1_000_000_000) as f64 / 1e9
    }

    /// `(days, seconds, microseconds)` as Python normalizes them.
    pub(crate) fn parts(self) -> (i64, i64, i64) {
        let rest = self.nanoseconds.rem_euclid(DAY);
        (
            self.nanoseconds.div_euclid(DAY) as i64,
            (rest / 1_000_000_000) as i64,
            (rest % 1_000_000_000 / 1000) as i64,
        )
    }
}

/// As Python's `isoformat()`. A zone known by name follows in brackets (RFC 9557).
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Date { year, month, day }) = self.date {
            write!(f, "{year:04}-{month:02}-{day:02}")?;
        }
        if let Some(TimeOfDay { hour, minute, second, nanosecond }) = self.time {
            if self.date.is_some() {
                f.write_str("T")?;
            }
            write!(f, "{hour:02}:{minute:02}:{second:02}")?;
            if nanosecond % 1000 != 0 {
                write!(f, ".{nanosecond:09}")?;
            } else if nanosecond != 0 {
                write!(f, ".{:06}", nanosecond / 1000)?;
            }
        }
        match &self.zone {
            Zone::None => Ok(()),
            Zone::Offset(micros) | Zone::Both(micros, _) => {
                let sign = if *micros < 0 { '-' } else { '+' };
                let micros = micros.unsigned_abs();
                let seconds = micros / 1_000_000;
                write!(f, "{sign}{:02}:{:02}", seconds / 3600, seconds / 60 % 60)?;
                if micros % 60_000_000 != 0 {
                    write!(f, ":{:02}", seconds % 60)?;
                }
                if micros % 1_000_000 != 0 {
                    write!(f, ".{:06}", micros % 1_000_000)?;
                }
                match &self.zone {
                    Zone::Both(_, name) => write!(f, "[{name}]"),
                    _ => Ok(()),
                }
            }
            Zone::Name(name) => write!(f, "[{name}]"),
            // Whoever does not know this tag must not take the text for the first of the two (RFC 9557).
            Zone::Second(name) => write!(f, "[{name}][!fold=1]"),
        }
    }
}

/// As Python's `str(timedelta)`: `1 day, 0:00:02.000003`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, seconds, micros) = self.parts();
        match days {
            0 => {}
            1 | -1 => write!(f, "{days} day, ")?,
            _ => write!(f, "{days} days, ")?,
        }
        write!(f, "{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        if micros != 0 {
            write!(f, ".{micros:06}")?;
        }
        Ok(())
    }
}

fn unit_nanos(base: Base) -> Option<i128> {
    Some(match base {
        Base::Week => 7 * DAY,
        Base::Day => DAY,
        Base::Hour => 3600 * 1_000_000_000,
        Base::Minute => 60 * 1_000_000_000,
        Base::Second => 1_000_000_000,
        Base::Milli => 1_000_000,
        Base::Micro => 1000,
        Base::Nano => 1,
        _ => return None,
    })
}

fn date(y1: u8, y2: u8, month: u8, day: u8) -> Option<Date> {
    let year = u16::from_be_bytes([y1, y2]);
    let valid = (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    valid.then(|| Date { year: i64::from(year), month, day })
}

fn time(hour: u8, minute: u8, second: u8, micros: [u8; 3]) -> Option<TimeOfDay> {
    let micros = u32::from_be_bytes([0, micros[0], micros[1], micros[2]]);
    let valid = hour < 24 && minute < 60 && second < 60 && micros < 1_000_000;
    valid.then(|| TimeOfDay { hour, minute, second, nanosecond: micros * 1000 })
}

/// The zone that a `tzinfo` is; `None` when it is of a class whose meaning is not known.
pub(crate) fn zone(tree: &Tree, id: Id) -> Option<Zone> {
    match tree.node(id) {
        Node::None => Some(Zone::None),
        Node::Object(index) => {
            let object = tree.object(index);
            let args = tree.sequence(object.args)?;
            match tree.known(object.class) {
                Known::Utc => Some(Zone::Offset(0)),
                Known::TimeZone => {
                    let offset = delta(tree, *args.first()?)?;
                    // Names of the tz database are of a continent and a place; any other may be of several zones.
                    match args.get(1).and_then(|&name| tree.text_of(name)).filter(|name| name.contains('/')) {
                        Some(name) => Some(Zone::Both(offset, name.to_owned())),
                        None => Some(Zone::Offset(offset)),
                    }
                }
                Known::FixedOffset => {
                    Some(Zone::Offset(tree.int_of(*args.first()?)?.checked_mul(60_000_000)?))
                }
                Known::TzOffset => delta(tree, *args.get(1)?).map(Zone::Offset),
                // The name is the path of a file of the tz database, or stands before it.
                Known::TzFile => args.iter().find_map(|&id| {
                    let path = tree.text_of(id)?;
                    let name = path.rsplit_once("zoneinfo/").map_or(path, |(_, name)| name);
                    (!name.starts_with('/')).then(|| Zone::Name(name.to_owned()))
                }),
                Known::TzLocal => {
                    let part = |name| tree.get(object.state?, name);
                    // Without daylight saving time there is one offset.
                    match part("_hasdst").and_then(|id| tree.int_of(id)) {
                        Some(0) => delta(tree, part("_std_offset")?).map(Zone::Offset),
                        _ => None,
                    }
                }
                Known::ZoneInfo => Some(Zone::Name(tree.text_of(*args.first()?)?.to_owned())),
                // pytz adds the offset in seconds that holds at this moment.
                Known::PytzZone => match args.get(1) {
                    Some(&seconds) => Some(Zone::Offset(tree.int_of(seconds)?.checked_mul(1_000_000)?)),
                    None => Some(Zone::Name(tree.text_of(*args.first()?)?.to_owned())),
                },
                Known::TzStr => {
                    let name = tree.get(object.state?, "_s").and_then(|id| tree.text_of(id))?;
                    Some(Zone::Name(name.to_owned()))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// The microseconds of a `timedelta`, or of a number of seconds.
fn delta(tree: &Tree, id: Id) -> Option<i64> {
    match tree.node(id) {
        Node::Object(delta) => {
            let delta = Span::from_object(tree, Known::TimeDelta, tree.object(delta))?;
            i64::try_from(delta.nanoseconds / 1000).ok()
        }
        _ => tree.int_of(id)?.checked_mul(1_000_000),
    }
}

/// The date that is `days` after 1970-01-01, by Howard Hinnant's `civil_from_days`
/// (<https://howardhinnant.github.io/date_algorithms.html>).
fn civil(days: i128) -> Option<Date> {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as u8;
    let month = if mp < 10 { mp + 3 } else { mp - 9 } as u8;
    let year = i64::try_from(yoe + era * 400).ok()? + i64::from(month <= 2);
    Some(Date { year, month, day })
}

/// The inverse of [`civil`].
fn days(date: Date) -> i128 {
    let year = i128::from(date.year) - i128::from(date.month <= 2);
    let era = year.div_euclid(400);
    let yoe = year.rem_euclid(400);
    let month = i128::from(date.month);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + i128::from(date.day) - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}
