//! Spans of time, and the units that numpy counts them in.

use std::fmt;

use super::calendar::DAY;
use crate::class::Known;
use crate::numpy::dtype::{Base, Unit};
use crate::tree::{Object, Tree};

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) nanoseconds: i128,
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

    /// `timedelta64`'s count; `None` for `NaT`, for the units without a length (years, months, none) and for what is not a
    /// whole number of nanoseconds.
    pub(crate) fn from_count(count: i64, unit: Unit) -> Option<Self> {
        if count == i64::MIN {
            return None;
        }
        let count = i128::from(count) * i128::from(unit.count);
        let nanoseconds = match unit.base {
            Base::Pico | Base::Femto | Base::Atto => {
                let (parts, _) = nano_parts(unit.base)?;
                (count % parts == 0).then_some(count / parts)?
            }
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
        // pandas has nanoseconds.
        match self.nanoseconds.rem_euclid(1000) {
            0 if micros == 0 => {}
            0 => write!(f, ".{micros:06}")?,
            nanos => write!(f, ".{micros:06}{nanos:03}")?,
        }
        Ok(())
    }
}

/// The length of a unit in nanoseconds.
pub(crate) fn unit_nanos(base: Base) -> Option<i128> {
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

/// How many of a unit are a nanosecond, and the digits of as many.
pub(crate) fn nano_parts(base: Base) -> Option<(i128, usize)> {
    Some(match base {
        Base::Pico => (1000, 3),
        Base::Femto => (1_000_000, 6),
        Base::Atto => (1_000_000_000, 9),
        _ => return None,
    })
}
