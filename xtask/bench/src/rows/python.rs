//! Files that Python's joblib wrote: its array of 256 MB, its list of dicts as a list of structs, and a frame of pandas; that
//! list written for Python; and what memory a check of the array's file takes.

use std::path::Path;

use joblib_array::Array;
use joblib_array::ndarray::ArrayD;
use joblib_persist::pickle::Texts;
use joblib_persist::{LoadOptions, dump_python, load};
use serde::Deserialize;

use super::persist::array_load;
use crate::Result;
use crate::measure::seconds;
use crate::probe;
use crate::row::{Bar, Peer, Row, Sides, Unit};
use crate::values::Record;

/// The row whose Python has pyarrow.
const ARROW: &str = "python.frame.load.arrow";

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new("python.raw.load", Unit::GigabytesPerSecond, |data| {
            let path = data.path("python-raw.joblib");
            data.joblib().write("big", &path)?;
            array_load(path, LoadOptions::new())
        })
        .bar(Bar::AtLeast(1.1)),
        Row::new("python.ndarray.load", Unit::GigabytesPerSecond, |data| {
            let path = data.path("python-raw.joblib");
            data.joblib().write("big", &path)?;
            let gigabytes = std::fs::metadata(&path)?.len() as f64 / 1e9;
            let same = path.clone();
            Ok(Sides::new(move || Ok(gigabytes / seconds(1, || Ok(load::<ArrayD<f64>>(&path)?))?))
                .peer(move || Ok(gigabytes / seconds(1, || Ok(load::<Array<f64>>(&same)?))?)))
        })
        .against(Peer::Named("an array"))
        // The elements are copied once more, for the pickle says what they are before the type is known.
        .bar(Bar::AtLeast(0.3)),
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
        Row::new("python.frame.load.object", Unit::Milliseconds, |data| {
            let path = data.path("python-frame-object.joblib");
            data.joblib().write("frame.object", &path)?;
            Ok(Sides::new(move || frame_load(&path)))
        })
        .bar(Bar::AtMost(1.0 / 3.0)),
        Row::new(ARROW, Unit::Milliseconds, |data| {
            let path = data.path("python-frame-arrow.joblib");
            let peer = data.arrow()?;
            peer.write("frame.arrow", &path)?;
            Ok(Sides::new(move || frame_load(&path))
                .peer(move || peer.sample(ARROW, Unit::Milliseconds.name())))
        })
        .against(Peer::Named("joblib with pyarrow"))
        .bar(Bar::AtMost(1.0 / 3.0)),
        Row::new("python.verify.peak", Unit::Megabytes, |data| {
            let path = data.path("python-verify.joblib");
            data.joblib().write("big", &path)?;
            let path = path.to_str().ok_or("the folder's name is not UTF-8")?.to_owned();
            Ok(Sides::new(move || probe::alone(&["verify", &path])))
        })
        .against(Peer::Nobody)
        // What its largest array takes.
        .bar(Bar::Under(256.0)),
    ]
}

/// Milliseconds that a load of 1,000,000 rows of numbers, a date and text takes.
fn frame_load(path: &Path) -> Result<f64> {
    Ok(1e3 * seconds(1, || Ok(load::<Frame>(path)?))?)
}

/// The frame of `python.frame.load.*`.
#[derive(Deserialize)]
#[expect(dead_code, reason = "loading it is what is measured")]
struct Frame {
    id: Array<i64>,
    name: Texts,
    at: Array<i64>,
    x: Array<f64>,
    y: Array<f64>,
    city: Texts,
    ok: Array<bool>,
}
