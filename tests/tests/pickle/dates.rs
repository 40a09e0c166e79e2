//! Dates, times, spans, UUIDs, decimals and paths: Python's own objects there, the crates' types here.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use joblib_persist::{dump_python, load};
use joblib_tests::python::{self, Release};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Record {
    chrono_date: NaiveDate,
    chrono_time: NaiveTime,
    chrono_naive: NaiveDateTime,
    chrono_utc: DateTime<Utc>,
    chrono_offset: DateTime<FixedOffset>,
    chrono_delta: TimeDelta,
    time_date: time::Date,
    time_time: time::Time,
    time_naive: time::PrimitiveDateTime,
    time_offset: time::OffsetDateTime,
    time_utc: time::UtcDateTime,
    time_span: time::Duration,
    time_negative: time::Duration,
    jiff_date: jiff::civil::Date,
    jiff_time: jiff::civil::Time,
    jiff_naive: jiff::civil::DateTime,
    jiff_instant: jiff::Timestamp,
    jiff_span: jiff::SignedDuration,
    span: Duration,
    instant: SystemTime,
    uuid: Uuid,
    large_uuid: Uuid,
    decimal: Decimal,
    path: PathBuf,
    none: Option<NaiveDate>,
    some: Option<Uuid>,
    list: Vec<NaiveDate>,
    keys: std::collections::BTreeMap<NaiveDate, Decimal>,
}

fn record() -> Record {
    let date = NaiveDate::from_ymd_opt(2024, 7, 1).unwrap();
    let clock = NaiveTime::from_hms_micro_opt(12, 30, 5, 250).unwrap();
    let time_date = time::Date::from_calendar_date(2024, time::Month::December, 31).unwrap();
    let time_time = time::Time::from_hms_micro(23, 59, 59, 999_999).unwrap();
    let offset = time::UtcOffset::from_hms(-3, -30, 0).unwrap();
    Record {
        chrono_date: date,
        chrono_time: clock,
        chrono_naive: date.and_time(clock),
        chrono_utc: date.and_time(clock).and_utc(),
        chrono_offset: DateTime::parse_from_rfc3339("2024-07-01T12:30:05+05:45").unwrap(),
        chrono_delta: TimeDelta::microseconds(-1_500_001),
        time_date,
        time_time,
        time_naive: time::PrimitiveDateTime::new(time_date, time_time),
        time_offset: time::PrimitiveDateTime::new(time_date, time_time).assume_offset(offset),
        time_utc: time::PrimitiveDateTime::new(time_date, time_time).as_utc(),
        time_span: time::Duration::new(86_401, 5000),
        time_negative: time::Duration::microseconds(-1_500_001),
        jiff_date: "0001-01-01".parse().unwrap(),
        jiff_time: "00:00:00.5".parse().unwrap(),
        jiff_naive: "2024-07-01T12:00:00".parse().unwrap(),
        jiff_instant: "2024-07-01T12:00:00Z".parse().unwrap(),
        jiff_span: jiff::SignedDuration::from_micros(-90_000_001),
        span: Duration::from_micros(86_400_000_001),
        instant: SystemTime::UNIX_EPOCH + Duration::from_secs(1_719_835_205),
        uuid: Uuid::from_u128(5),
        large_uuid: Uuid::max(),
        decimal: "-1.50".parse().unwrap(),
        path: "data/a b.csv".into(),
        none: None,
        some: Some(Uuid::from_u128(7)),
        list: vec![date; 3],
        keys: [(date, Decimal::ONE)].into(),
    }
}

#[test]
fn types_that_python_has_are_its_own_there_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let (there, back) = (folder.path().join("there"), folder.path().join("back"));
    dump_python(&record(), &there).unwrap();
    let script = r#"
import joblib, sys
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from uuid import UUID

found = joblib.load(sys.argv[1])
day, clock = date(2024, 7, 1), time(12, 30, 5, 250)
last, end = date(2024, 12, 31), time(23, 59, 59, 999999)
expected = {
    "chrono_date": day,
    "chrono_time": clock,
    "chrono_naive": datetime.combine(day, clock),
    "chrono_utc": datetime.combine(day, clock, timezone.utc),
    "chrono_offset": datetime(2024, 7, 1, 12, 30, 5, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    "chrono_delta": timedelta(microseconds=-1_500_001),
    "time_date": last,
    "time_time": end,
    "time_naive": datetime.combine(last, end),
    "time_offset": datetime.combine(last, end, timezone(-timedelta(hours=3, minutes=30))),
    "time_utc": datetime.combine(last, end, timezone.utc),
    "time_span": timedelta(days=1, seconds=1, microseconds=5),
    "time_negative": timedelta(microseconds=-1_500_001),
    "jiff_date": date.min,
    "jiff_time": time(microsecond=500000),
    "jiff_naive": datetime(2024, 7, 1, 12),
    "jiff_instant": datetime(2024, 7, 1, 12, tzinfo=timezone.utc),
    "jiff_span": timedelta(microseconds=-90_000_001),
    "span": timedelta(days=1, microseconds=1),
    "instant": datetime(2024, 7, 1, 12, 0, 5, tzinfo=timezone.utc),
    "uuid": UUID(int=5),
    "large_uuid": UUID(int=2**128 - 1),
    "decimal": Decimal("-1.50"),
    "path": Path("data/a b.csv"),
    "none": None,
    "some": UUID(int=7),
    "list": [day] * 3,
    "keys": {day: Decimal(1)},
}
for name, value in expected.items():
    assert type(found[name]) is type(value) and found[name] == value, (name, found[name], value)
    if isinstance(value, datetime):
        assert found[name].isoformat() == value.isoformat(), (name, found[name])
assert str(found["decimal"]) == "-1.50" and hash(found["uuid"]) == hash(UUID(int=5))
joblib.dump(expected, sys.argv[2])
"#;
    for release in Release::ALL {
        python::run(release, script, &[there.to_str().unwrap(), back.to_str().unwrap()]);
        assert_eq!(load::<Record>(&there).unwrap(), record());
        assert_eq!(load::<Record>(&back).unwrap(), record());
    }
}

#[test]
fn a_zone_keeps_its_name_and_the_moment_is_the_same_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zoned");
    // The second time that this clock shows half past two that night.
    let zoned: jiff::Zoned = "2024-10-27T02:30:00+01:00[Europe/Paris]".parse().unwrap();
    dump_python(&zoned, &path).unwrap();
    let script =
        "import joblib, sys; t = joblib.load(sys.argv[1]); print(t.isoformat(), t.tzname(), t.timestamp())";
    let shown = python::run(Release::Today, script, &[path.to_str().unwrap()]);
    assert_eq!(shown.trim(), "2024-10-27T02:30:00+01:00 Europe/Paris 1729992600.0");
    assert_eq!(load::<jiff::Zoned>(&path).unwrap(), zoned);
}

#[test]
fn what_pythons_classes_can_not_hold_stays_a_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nanoseconds");
    let nanos: jiff::Timestamp = "2024-07-01T12:00:00.123456789Z".parse().unwrap();
    let years = NaiveDate::from_ymd_opt(12_024, 1, 1).unwrap();
    dump_python(&(nanos, years, Duration::from_nanos(1)), &path).unwrap();
    let script = "import joblib, sys; print(joblib.load(sys.argv[1]))";
    let shown = python::run(Release::Today, script, &[path.to_str().unwrap()]);
    assert_eq!(shown.trim(), "('2024-07-01T12:00:00.123456789Z', '+12024-01-01', {'secs': 0, 'nanos': 1})");
    let back: (jiff::Timestamp, NaiveDate, Duration) = load(&path).unwrap();
    assert_eq!(back, (nanos, years, Duration::from_nanos(1)));
}

#[test]
fn columns_of_dates_load_into_the_crates_types() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        day: NaiveDate,
        at: Option<NaiveDateTime>,
        utc: DateTime<Utc>,
        span: TimeDelta,
        time_day: time::Date,
        time_at: time::OffsetDateTime,
        jiff_span: jiff::SignedDuration,
    }

    let folder = tempfile::tempdir().unwrap();
    let script = r#"
import joblib, sys, pandas as pd
day = pd.to_datetime(["2024-02-29", "2024-12-31"])
at = pd.to_datetime(["2024-02-29 12:30:00.000005", None])
utc = at.fillna(pd.Timestamp(0)).tz_localize("UTC")
span = pd.to_timedelta([1500, -1], unit="ms")
joblib.dump(pd.DataFrame(dict(day=day, at=at, utc=utc, span=span, time_day=day, time_at=utc, jiff_span=span)), sys.argv[1])
"#;
    for release in Release::ALL {
        let path = folder.path().join("frame");
        python::run(release, script, &[path.to_str().unwrap()]);
        let rows: Vec<Row> = load(&path).unwrap();
        assert_eq!(rows[0].day.to_string(), "2024-02-29");
        assert_eq!((rows[0].time_day.ordinal(), rows[1].time_day.ordinal()), (60, 366));
        assert_eq!(rows[0].at.unwrap().and_utc(), rows[0].utc);
        assert_eq!(rows[0].time_at.unix_timestamp_nanos(), i128::from(rows[0].utc.timestamp_micros()) * 1000);
        assert_eq!((rows[1].at, rows[1].span), (None, TimeDelta::milliseconds(-1)));
        assert_eq!(rows[0].jiff_span.as_millis(), 1500);
    }
}

#[test]
fn a_zone_is_not_lost_in_a_type_that_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("aware");
    let aware = time::OffsetDateTime::UNIX_EPOCH;
    dump_python(&aware, &path).unwrap();
    assert!(load::<time::PrimitiveDateTime>(&path).unwrap_err().is_wrong_type());
    assert!(load::<NaiveDateTime>(&path).unwrap_err().is_wrong_type());
    assert_eq!(load::<time::UtcDateTime>(&path).unwrap(), time::UtcDateTime::UNIX_EPOCH);
    assert_eq!(load::<String>(&path).unwrap(), "1970-01-01T00:00:00+00:00");
}
