//! Dates, times and spans of chrono, time and jiff, in one program.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use joblib::prelude::*;

#[cached]
fn workdays(from: NaiveDate, days: i64) -> Vec<NaiveDate> {
    let all = (0..days).map(|day| from + TimeDelta::days(day));
    all.filter(|day| day.weekday().number_from_monday() < 6).collect()
}

#[cached]
fn year_before(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    at.with_year(at.year() - 1)
}

#[cached]
fn span(from: time::OffsetDateTime, to: time::OffsetDateTime) -> time::Duration {
    to - from
}

#[cached]
fn in_zone(at: jiff::Timestamp, zone: &str) -> Result<jiff::Zoned, String> {
    at.in_tz(zone).map_err(|error| error.to_string())
}

#[task]
fn weekday(day: NaiveDate) -> u32 {
    day.weekday().number_from_monday()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let again = std::env::args().nth(1).as_deref() == Some("again");
    Memory::new("cache")?.install()?;

    let start = NaiveDate::from_ymd_opt(2026, 3, 2).ok_or("no such day")?;
    let days = workdays(start, 28);
    assert_eq!(days.len(), 20);
    let at: DateTime<Utc> = "2024-02-29T12:00:00Z".parse()?;
    assert_eq!(year_before(at), None, "no leap year");
    assert!(year_before(at + TimeDelta::days(1)).is_some());
    let from = time::macros::datetime!(2026-01-01 00:00 UTC);
    assert_eq!(span(from, from + time::Duration::hours(36)), time::Duration::hours(36));
    let zoned = in_zone("2026-07-01T10:00:00Z".parse()?, "Europe/Paris")?;
    assert_eq!(zoned.hour(), 12);
    assert!(in_zone(jiff::Timestamp::UNIX_EPOCH, "Nowhere/Else").is_err());
    let hits = [workdays::stats().hits, year_before::stats().hits, span::stats().hits, in_zone::stats().hits];
    // `None` and errors are computed each time.
    assert_eq!(hits, [u64::from(again); 4]);
    assert_eq!(in_zone("2026-07-01T10:00:00Z".parse()?, "Europe/Paris")?, zoned);

    let weekdays = days.iter().map(|&day| weekday::delayed(day));
    let weekdays = Parallel::new().n_jobs(2).backend("loky").run(weekdays)?;
    assert!(weekdays.iter().all(|&day| day < 6));
    dump(&(days, zoned), "dates.joblib")?;
    let (days, _): (Vec<NaiveDate>, jiff::Zoned) = load("dates.joblib")?;
    assert_eq!(days[0], start);
    Ok(())
}
