//! The calendar: days since 1970-01-01 and their dates.

/// Nanoseconds of a day.
pub(crate) const DAY: i128 = 86_400 * 1_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i64,
    pub(crate) month: u8,
    pub(crate) day: u8,
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

/// The date that is `days` after 1970-01-01, by Howard Hinnant's `civil_from_days`
/// (<https://howardhinnant.github.io/date_algorithms.html>).
pub(crate) fn civil(days: i128) -> Option<Date> {
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
pub(crate) fn days(date: Date) -> i128 {
    let year = i128::from(date.year) - i128::from(date.month <= 2);
    let era = year.div_euclid(400);
    let yoe = year.rem_euclid(400);
    let month = i128::from(date.month);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + i128::from(date.day) - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}
