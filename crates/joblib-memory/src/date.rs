//! The time of a result in human-readable form, in UTC, without a calendar library.

use std::fmt;
use std::time::SystemTime;

/// A time as "3 Nov 14:02 UTC", with the year if that is not the current one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Date {
    pub(crate) at: SystemTime,
    pub(crate) now: SystemTime,
}

impl Date {
    pub(crate) fn of(at: SystemTime) -> Self {
        Self { at, now: SystemTime::now() }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let seconds = seconds(self.at);
        let (year, month, day) = civil(seconds / 86_400);
        let (this_year, _, _) = civil(self::seconds(self.now) / 86_400);
        write!(f, "{day} {}", MONTHS[month])?;
        if year != this_year {
            write!(f, " {year}")?;
        }
        write!(f, " {:02}:{:02} UTC", seconds / 3600 % 24, seconds / 60 % 60)
    }
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Year, month (from 0) and day (from 1) of a day counted from 1 January 1970, in the Gregorian calendar.
///
/// Howard Hinnant, "chrono-compatible low-level date algorithms": years begin in March, so that the leap day is the last.
fn civil(days: u64) -> (u64, usize, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12;
    let year = era * 400 + year_of_era + u64::from(month < 2);
    (year, usize::try_from(month).unwrap_or(0), day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_time_is_told_by_day_and_minute_and_another_year_too() {
        let at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let told = |seconds, now| Date { at: at(seconds), now: at(now) }.to_string();
        // As `date -u -d @…` gives them.
        assert_eq!(told(0, 5), "1 Jan 00:00 UTC");
        assert_eq!(told(1_762_178_520, 1_762_178_521), "3 Nov 14:02 UTC");
        assert_eq!(told(1_762_178_520, 1_800_000_000), "3 Nov 2025 14:02 UTC");
        assert_eq!(told(951_782_399, 951_782_400), "28 Feb 23:59 UTC");
        assert_eq!(told(951_782_400, 951_782_400), "29 Feb 00:00 UTC");
        assert_eq!(told(951_868_800, 951_868_800), "1 Mar 00:00 UTC");
        assert_eq!(told(1_735_689_599, 0), "31 Dec 2024 23:59 UTC");
    }
}
