//! Dates and times of day as the counts that Arrow has for them.

/// The text of a date or a time as Python and numpy write it.
pub(super) struct Moment {
    /// Days since 1970.
    pub(super) days: i64,
    /// Nanoseconds of the day; `None` for a date.
    pub(super) nanos: Option<i64>,
    /// Whether the text says its place on Earth, which the counts are freed of.
    pub(super) in_utc: bool,
}

impl Moment {
    /// `2024-07-01`, `2024-07-01T12:00:00.5`, `2024-07-01T12:00:00+02:00`; `None` for any other text.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let mut parts = date.split('-');
        let [year, month, day] = [parts.next()?, parts.next()?, parts.next()?];
        let (year, month, day): (i64, i64, i64) = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
        let days = days(year, month, day);
        if rest.is_empty() {
            return Some(Self { days, nanos: None, in_utc: false });
        }
        let rest = rest.strip_prefix(['T', ' '])?;
        let end = rest.find(['+', '-', 'Z', '[']).unwrap_or(rest.len());
        let (time, zone) = rest.split_at(end);
        let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
        let mut parts = clock.split(':').map(|part| number(part, 2));
        let hour = parts.next()??;
        let minute = parts.next().unwrap_or(Some(0))?;
        let second = parts.next().unwrap_or(Some(0))?;
        if fraction.len() > 9 {
            return None;
        }
        let fraction = if fraction.is_empty() { 0 } else { number(&format!("{fraction:0<9}"), 9)? };
        let offset = match zone {
            "" => None,
            "Z" => Some(0),
            zone => {
                let sign = if zone.starts_with('-') { -1 } else { 1 };
                let (hours, minutes) = zone.get(1..)?.split_once(':')?;
                Some(sign * (number(hours, 2)? * 3600 + number(minutes, 2)? * 60))
            }
        };
        let seconds = hour * 3600 + minute * 60 + second - offset.unwrap_or(0);
        Some(Self {
            days: days + seconds.div_euclid(86_400),
            nanos: Some(seconds.rem_euclid(86_400) * 1_000_000_000 + fraction),
            in_utc: offset.is_some(),
        })
    }
}

fn number(digits: &str, len: usize) -> Option<i64> {
    (digits.len() == len && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// Days since 1970, by Howard Hinnant's `days_from_civil` (<https://howardhinnant.github.io/date_algorithms.html>).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let of_era = year.rem_euclid(400) * 365 + year.rem_euclid(400) / 4 - year.rem_euclid(400) / 100 + of_year;
    era * 146_097 + of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::Moment;

    #[test]
    fn texts_are_counts_of_days_and_of_nanoseconds() {
        let read = |text| Moment::of(text).map(|moment| (moment.days, moment.nanos, moment.in_utc));
        assert_eq!(read("1970-01-02"), Some((1, None, false)));
        assert_eq!(read("2024-02-29T00:00:01.5"), Some((19_782, Some(1_500_000_000), false)));
        assert_eq!(read("1970-01-01T00:30:00+01:00"), Some((-1, Some(84_600_000_000_000), true)));
        assert_eq!(read("12:00:00"), None);
    }
}
