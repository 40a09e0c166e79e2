//! Zones: what `datetime.timezone`, `zoneinfo`, pytz and dateutil pickle of them.

use super::calendar::{DAY, Date, days};
use super::instance::attribute;
use super::span::Span;
use crate::class::Known;
use crate::tree::{Id, Node, Object, Tree};

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

const SECOND: i128 = 1_000_000_000;

/// What the clocks of a zone show.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) date: Date,
    /// Nanoseconds since midnight.
    pub(crate) time: i128,
    /// Whether the second of two times is meant that the clocks show: Python's `fold`.
    pub(crate) is_second: bool,
}

/// The zone that a `tzinfo` is, at the time that its clocks show; `None` when it is of a class whose meaning is not known.
pub(crate) fn zone(tree: &Tree, id: Id, clock: Option<Clock>) -> Option<Zone> {
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
                Known::FixedSeconds => delta(tree, *args.first()?).map(Zone::Offset),
                Known::TzOffset => delta(tree, *args.get(1)?).map(Zone::Offset),
                // The name is the path of a file of the tz database, or stands before it.
                Known::TzFile => args.iter().find_map(|&id| {
                    let path = tree.text_of(id)?;
                    let name = path.rsplit_once("zoneinfo/").map_or(path, |(_, name)| name);
                    (!name.starts_with('/')).then(|| named(name))
                }),
                Known::TzLocal => {
                    let part = |name| tree.get(object.state?, name);
                    // Without daylight saving time there is one offset.
                    match part("_hasdst").and_then(|id| tree.int_of(id)) {
                        Some(0) => delta(tree, part("_std_offset")?).map(Zone::Offset),
                        _ => None,
                    }
                }
                Known::ZoneInfo => Some(named(tree.text_of(*args.first()?)?)),
                // pytz adds the offset in seconds that holds at this moment.
                Known::PytzZone => {
                    if let Some(&seconds) = args.get(1) {
                        Some(Zone::Offset(tree.int_of(seconds)?.checked_mul(1_000_000)?))
                    } else {
                        Some(named(tree.text_of(*args.first()?)?))
                    }
                }
                Known::TzRule => rule(tree, object, clock),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The zone of a name of the tz database.
fn named(name: &str) -> Zone {
    fixed(name).unwrap_or_else(|| Zone::Name(name.to_owned()))
}

/// The zone of a name of the tz database that has one offset by its definition.
fn fixed(name: &str) -> Option<Zone> {
    let short = name.strip_prefix("Etc/").unwrap_or(name);
    let hours: i8 = match short {
        "UTC" | "UCT" | "Universal" | "Zulu" | "GMT" | "GMT0" | "GMT+0" | "GMT-0" | "Greenwich" => 0,
        // To the west of Greenwich, in spite of the sign.
        _ if short != name => {
            let west = short.strip_prefix("GMT").filter(|rest| rest.starts_with(['+', '-']))?;
            // The database has no others.
            -west.parse::<i8>().ok().filter(|west| (-14..=12).contains(west))?
        }
        _ => return None,
    };
    Some(Zone::Offset(i64::from(hours) * 3_600_000_000))
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

/// dateutil's `tzrange` and `tzstr`: an offset, and another one from a time of the year to another.
fn rule(tree: &Tree, object: &Object, clock: Option<Clock>) -> Option<Zone> {
    let part = |name| tree.get(object.state?, name);
    let standard = delta(tree, part("_std_offset")?)?;
    if part("hasdst").and_then(|id| tree.int_of(id)) == Some(0) {
        return Some(Zone::Offset(standard));
    }
    let summer = delta(tree, part("_dst_offset")?)?;
    let Some(clock) = clock else {
        let name = part("_s").or_else(|| part("_std_abbr")).and_then(|id| tree.text_of(id))?;
        return Some(Zone::Name(name.to_owned()));
    };
    let year = clock.date.year;
    let (on, off) = (in_year(tree, year, part("_start_delta")?)?, in_year(tree, year, part("_end_delta")?)?);
    let now = days(clock.date) * DAY + clock.time;
    let is_summer = if on < off { (on..off).contains(&now) } else { !(off..on).contains(&now) };
    // What the clocks show twice is summer time at first.
    let shown_twice = (off..off + (i128::from(summer) - i128::from(standard)) * 1000).contains(&now);
    let is_summer = is_summer || (shown_twice && !clock.is_second);
    Some(Zone::Offset(if is_summer { summer } else { standard }))
}

/// The time that a `relativedelta` is after the start of a year, in nanoseconds since 1970.
fn in_year(tree: &Tree, year: i64, delta: Id) -> Option<i128> {
    let Node::Object(delta) = tree.node(delta) else { return None };
    let state = tree.object(delta).state?;
    let number = |name| tree.get(state, name).and_then(|id| tree.int_of(id));
    let month = number("month").unwrap_or(1).checked_add(number("months").unwrap_or(0))?.checked_sub(1)?;
    let year = year.checked_add(number("years").unwrap_or(0))?.checked_add(month.div_euclid(12))?;
    let month = u8::try_from(month.rem_euclid(12) + 1).ok()?;
    let first = days(Date { year, month, day: 1 });
    let next = if month == 12 { (year.checked_add(1)?, 1) } else { (year, month + 1) };
    let length = days(Date { year: next.0, month: next.1, day: 1 }) - first;
    let is_leap = days(Date { year, month: 3, day: 1 }) - days(Date { year, month: 2, day: 1 }) == 29;
    let leap_days = if month > 2 && is_leap { number("leapdays").unwrap_or(0) } else { 0 };
    let part = |name, unit: i128| i128::from(number(name).unwrap_or(0)) * unit;
    let clock = part("hour", 3600 * SECOND) + part("minute", 60 * SECOND) + part("second", SECOND);
    let later = part("hours", 3600 * SECOND) + part("minutes", 60 * SECOND) + part("seconds", SECOND);
    let day = first + i128::from(number("day").unwrap_or(1)).min(length) - 1;
    let time =
        (day + part("days", 1) + i128::from(leap_days)) * DAY + clock + later + part("microseconds", 1000);
    let Some(Node::Object(weekday)) = tree.get(state, "weekday").map(|id| tree.node(id)) else {
        return Some(time);
    };
    // The first, second, … or last such day from there on.
    let weekday = tree.object(weekday);
    let number = |name| attribute(tree, weekday, name).and_then(|id| tree.int_of(id));
    let (wanted, count) = (i128::from(number("weekday")?), i128::from(number("n").unwrap_or(1)));
    // 1970-01-01 was a Thursday.
    let found = (time.div_euclid(DAY) + 3).rem_euclid(7);
    let weeks = (count.abs() - 1) * 7;
    let jump = if count > 0 {
        weeks + (wanted - found).rem_euclid(7)
    } else {
        -(weeks + (found - wanted).rem_euclid(7))
    };
    Some(time + jump * DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_offset_are_those_of_the_database() {
        let hours = |hours: i64| Some(Zone::Offset(hours * 3_600_000_000));
        for (name, expected) in [
            ("UTC", hours(0)),
            ("Etc/GMT+5", hours(-5)),
            ("Etc/GMT-14", hours(14)),
            ("Etc/GMT-15", None),
            ("Etc/GMT+5000", None),
            ("Etc/GMT-9223372036854775808", None),
            ("Europe/Oslo", None),
        ] {
            assert_eq!(fixed(name), expected, "{name}");
        }
    }
}
