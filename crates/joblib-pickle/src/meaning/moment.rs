//! Dates and times: Python's packed states, numpy's counts, and the text that Python writes for them.

use std::fmt;

use super::calendar::{DAY, Date, civil, days};
use super::span::{nano_parts, unit_nanos};
use super::zone::{Clock, Zone, zone};
use crate::class::Known;
use crate::numpy::dtype::{Base, Unit};
use crate::tree::{Id, Node, Object, Tree};

/// A date, a time of day, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) date: Option<Date>,
    pub(crate) time: Option<TimeOfDay>,
    pub(crate) zone: Zone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeOfDay {
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
    pub(crate) nanosecond: u32,
}

impl TimeOfDay {
    /// Nanoseconds since midnight.
    fn nanoseconds(self) -> i128 {
        let seconds = i128::from(self.hour) * 3600 + i128::from(self.minute) * 60 + i128::from(self.second);
        seconds * 1_000_000_000 + i128::from(self.nanosecond)
    }
}

impl Moment {
    /// `datetime.datetime`, `date` and `time` from their packed bytes, pendulum's from their numbers, `pandas.Timestamp` from
    /// its count.
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
            let zone = args.get(2).map_or(Some(Zone::None), |&id| zone(tree, id, None))?;
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
        let (date, time, is_second, zone_at) = match known {
            Known::DateTimeParts | Known::TimeParts => numbers(tree, known, args)?,
            _ => packed(tree, known, *args.first()?)?,
        };
        let clock = date.zip(time).map(|(date, time)| Clock { date, time: time.nanoseconds(), is_second });
        let zone = match args.get(zone_at).map_or(Some(Zone::None), |&id| zone(tree, id, clock))? {
            Zone::Name(name) if is_second => Zone::Second(name),
            zone => zone,
        };
        Some(Self { date, time, zone })
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
            Base::Pico | Base::Femto | Base::Atto => {
                Self::from_nanos(count.div_euclid(nano_parts(unit.base)?.0))
            }
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
        let time = self.time.map_or(0, TimeOfDay::nanoseconds);
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
            Base::Nano | Base::Generic => clock(9),
            // Finer than the nanoseconds that a moment has.
            Base::Pico | Base::Femto | Base::Atto => {
                let (parts, digits) = nano_parts(unit.base)?;
                let rest = (i128::from(count) * i128::from(unit.count)).rem_euclid(parts);
                Some(format!("{}{rest:0digits$}", clock(9)?))
            }
        }
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

/// A date, a time, whether its clocks show it for the second time, and which of the arguments is its zone.
type Parts = (Option<Date>, Option<TimeOfDay>, bool, usize);

/// The parts in Python's packed bytes.
fn packed(tree: &Tree, known: Known, id: Id) -> Option<Parts> {
    // Text is what Latin-1 makes of Python 2's bytes.
    let latin1: Option<Vec<u8>> = match tree.node(id) {
        Node::Str(span) => tree.text(span).chars().map(|c| u8::try_from(u32::from(c)).ok()).collect(),
        _ => None,
    };
    let packed = latin1.as_deref().or_else(|| tree.bytes_of(id));
    Some(match (known, packed?) {
        (Known::DateTime, &[y1, y2, month, day, hour, minute, second, u1, u2, u3]) => {
            let time = time(hour, minute, second, [u1, u2, u3])?;
            (Some(date(y1, y2, month & 0x7f, day)?), Some(time), month & 0x80 != 0, 1)
        }
        (Known::Date, &[y1, y2, month, day]) => (Some(date(y1, y2, month, day)?), None, false, 1),
        (Known::Time, &[hour, minute, second, u1, u2, u3]) => {
            (None, Some(time(hour & 0x7f, minute, second, [u1, u2, u3])?), hour & 0x80 != 0, 1)
        }
        _ => return None,
    })
}

/// The parts as the numbers of a call: those of a date, if it has one, and hour, minute, second and microsecond. The zone
/// follows.
fn numbers(tree: &Tree, known: Known, args: &[Id]) -> Option<Parts> {
    let number = |at: usize| tree.int_of(*args.get(at)?);
    let byte = |at| u8::try_from(number(at)?).ok();
    let (day, clock) = match known {
        Known::DateTimeParts => {
            let [y1, y2] = u16::try_from(number(0)?).ok()?.to_be_bytes();
            (Some(date(y1, y2, byte(1)?, byte(2)?)?), 3)
        }
        _ => (None, 0),
    };
    let [0, micros @ ..] = u32::try_from(number(clock + 3)?).ok()?.to_be_bytes() else { return None };
    // What is behind the zone is not known.
    if args.len() > clock + 5 {
        return None;
    }
    let time = time(byte(clock)?, byte(clock + 1)?, byte(clock + 2)?, micros)?;
    Some((day, Some(time), false, clock + 4))
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
