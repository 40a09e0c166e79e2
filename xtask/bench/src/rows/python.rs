//! Files that Python's joblib wrote: its array of 256 MB, and its list of dicts as a list of structs; and that list
//! written for Python.

use joblib_persist::{LoadOptions, dump_python, load};

use super::persist::array_load;
use crate::measure::seconds;
use crate::row::{Bar, Row, Sides, Unit};
use crate::values::Record;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new("python.raw.load", Unit::GigabytesPerSecond, |data| {
            let path = data.path("python-raw.joblib");
            data.joblib().write("big", &path)?;
            array_load(path, LoadOptions::new())
        })
        .bar(Bar::AtLeast(1.1)),
        Row::new("python.records.load", Unit::Milliseconds, |data| {
            let path = data.path("python-records.joblib");
            data.joblib().write("records", &path)?;
            Ok(Sides::new(move || Ok(1e3 * seconds(1, || Ok(load::<Vec<Record>>(&path)?))?)))
        })
        .bar(Bar::AtMost(1.0 / 5.0)),
        Row::new("python.records.dump", Unit::Milliseconds, |data| {
            let (theirs, path) = (data.path("python-records.joblib"), data.path("records-dump.joblib"));
            data.joblib().write("records", &theirs)?;
            let records: Vec<Record> = load(&theirs)?;
            Ok(Sides::new(move || Ok(1e3 * seconds(1, || Ok(dump_python(&records, &path)?))?)))
        })
        .bar(Bar::AtMost(1.0 / 3.0)),
    ]
}
