//! Files that Python's joblib wrote: its array of 256 MB, and its list of dicts as a list of structs.

use joblib_persist::{LoadOptions, load};

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
    ]
}
