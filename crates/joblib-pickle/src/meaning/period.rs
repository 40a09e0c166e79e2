//! pandas' periods: counts of months, quarters, weeks, … since 1970, and what Python prints for them.

use super::moment::Moment;
use crate::numpy::dtype::{Base, Unit};
use crate::tree::{Id, Node, Tree};

/// What a period's number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freq {
    Year,
    Quarter,
    Month,
    /// The day on which weeks end, 0 for Sunday, 1 for Monday.
    Week(i64),
    BusinessDay,
    Day,
    Hour,
    Minute,
    Second,
    Milli,
    Micro,
    Nano,
}

impl Freq {
    /// The frequency of pandas' code for it, such as `M`, `2h` or `Q-DEC`.
    pub(crate) fn of(code: &str) -> Option<Self> {
        let code = code.trim_start_matches(|c: char| c.is_ascii_digit());
        let (base, anchor) = code.split_once('-').map_or((code, None), |(base, anchor)| (base, Some(anchor)));
        Some(match base {
            "Y" | "A" | "YE" => Self::Year,
            "Q" | "QE" => Self::Quarter,
            "M" | "ME" => Self::Month,
            "W" => {
                let days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
                Self::Week(days.iter().position(|day| *day == anchor.unwrap_or("SUN"))? as i64)
            }
            "B" => Self::BusinessDay,
            "D" => Self::Day,
            "h" | "H" => Self::Hour,
            "min" | "T" => Self::Minute,
            "s" | "S" => Self::Second,
            "ms" | "L" => Self::Milli,
            "us" | "U" => Self::Micro,
            "ns" | "N" => Self::Nano,
            _ => return None,
        })
    }

    /// The frequency of an offset's class, as the period itself keeps it.
    fn of_offset(name: &str) -> Option<Self> {
        Some(match name {
            "YearEnd" => Self::Year,
            "QuarterEnd" => Self::Quarter,
            "MonthEnd" => Self::Month,
            "BusinessDay" => Self::BusinessDay,
            "Day" => Self::Day,
            "Hour" => Self::Hour,
            "Minute" => Self::Minute,
            "Second" => Self::Second,
            "Milli" => Self::Milli,
            "Micro" => Self::Micro,
            "Nano" => Self::Nano,
            _ => return None,
        })
    }

    /// `str` of the period of a number; `None` where there is none (`NaT`).
    pub(crate) fn text(self, ordinal: i64) -> Option<String> {
        if ordinal == i64::MIN {
            return None;
        }
        let day = |days: i64| {
            Moment::from_count(days, Unit { base: Base::Day, count: 1 }).map(|day| day.to_string())
        };
        let instant = |base: Base, chars: usize| {
            let moment = Moment::from_count(ordinal, Unit { base, count: 1 })?;
            let mut text = moment.to_string().replace('T', " ");
            let digits = chars.saturating_sub(19);
            if digits > 0 {
                // isoformat leaves out a fraction that is zero, and has six digits or nine.
                let fraction = text.find('.').map_or("", |at| &text[at + 1..]).to_owned();
                text.truncate(19);
                return Some(format!("{text}.{fraction:0<digits$.digits$}"));
            }
            text.truncate(chars);
            Some(text)
        };
        match self {
            Self::Year => Some((1970 + i128::from(ordinal)).to_string()),
            Self::Quarter => {
                Some(format!("{}Q{}", 1970 + i128::from(ordinal.div_euclid(4)), ordinal.rem_euclid(4) + 1))
            }
            Self::Month => Some(format!(
                "{}-{:02}",
                1970 + i128::from(ordinal.div_euclid(12)),
                ordinal.rem_euclid(12) + 1
            )),
            Self::Week(end) => {
                let last = ordinal.checked_mul(7)?.checked_add(end - 4)?;
                Some(format!("{}/{}", day(last - 6)?, day(last)?))
            }
            Self::BusinessDay => {
                let days =
                    (ordinal.checked_add(3)?).div_euclid(5).checked_mul(7)? + (ordinal + 3).rem_euclid(5) - 3;
                day(days)
            }
            Self::Day => day(ordinal),
            Self::Hour => instant(Base::Hour, 13).map(|text| format!("{text}:00")),
            Self::Minute => instant(Base::Minute, 16),
            Self::Second => instant(Base::Second, 19),
            Self::Milli => instant(Base::Milli, 19 + 3),
            Self::Micro => instant(Base::Micro, 19 + 6),
            Self::Nano => instant(Base::Nano, 19 + 9),
        }
    }
}

/// The frequency of a `PeriodDtype('period[M]')`, or before pandas 2.1 of a `PeriodDtype(offset)`.
pub(crate) fn freq(tree: &Tree, dtype: Id) -> Option<Freq> {
    let Node::Object(dtype) = tree.node(dtype) else { return None };
    freq_of(tree, *tree.sequence(tree.object(dtype).args)?.first()?)
}

/// `Period(None, offset, ordinal)`.
pub(crate) fn scalar(tree: &Tree, args: &[Id]) -> Option<String> {
    let &[_, offset, ordinal] = args else { return None };
    freq_of(tree, offset)?.text(tree.int_of(ordinal)?)
}

/// The frequency that a code or an offset is.
fn freq_of(tree: &Tree, id: Id) -> Option<Freq> {
    let Node::Object(offset) = tree.node(id) else {
        let name = tree.text_of(id)?;
        return Freq::of(
            name.strip_prefix("period[").and_then(|rest| rest.strip_suffix(']')).unwrap_or(name),
        );
    };
    let offset = tree.object(offset);
    let class = tree.class_of(offset.class)?;
    // `Week(n, normalize, weekday)` ends on a weekday, 0 for Monday.
    if &*class.name == "Week" {
        let weekday = tree.int_of(*tree.sequence(offset.args)?.get(2)?)?;
        return (0..7).contains(&weekday).then_some(Freq::Week((weekday + 1) % 7));
    }
    Freq::of_offset(&class.name)
}
