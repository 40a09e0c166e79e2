//! Dump and load: one large array, a small struct, the flight table in every compressor and as columns.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use joblib_array::ndarray::{ArcArray, IxDyn};
use joblib_array::{Array, MmapMode};
use joblib_persist::{DumpOptions, LoadOptions, dump, load};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::flights::Columns;
use crate::limits;
use crate::measure::seconds;
use crate::row::{Bar, Peer, Row, Sides, Unit};
use crate::values::Small;

/// Name and level of each compressor, and the bars of its dump, load and size.
const COMPRESSORS: [(&str, u32, [Option<Bar>; 3]); 7] = [
    ("raw", 0, [None, None, None]),
    ("zlib", 3, [Some(Bar::AtLeast(4.0)), Some(Bar::AtLeast(1.4)), Some(Bar::AtMost(0.8))]),
    ("gzip", 3, [Some(Bar::AtLeast(4.0)), Some(Bar::AtLeast(3.0)), Some(Bar::AtMost(0.8))]),
    ("bz2", 3, [Some(Bar::AtLeast(1.8)), Some(Bar::AtLeast(1.8)), None]),
    ("lzma", 3, [Some(Bar::AtLeast(1.0)), Some(Bar::AtLeast(1.0)), None]),
    ("xz", 3, [Some(Bar::AtLeast(1.8)), Some(Bar::AtLeast(1.5)), None]),
    ("lz4", 1, [Some(Bar::AtLeast(2.5)), Some(Bar::AtLeast(1.5)), Some(Bar::AtMost(0.75))]),
];

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = vec![
        raw_dump("persist.raw.dump").bar(Bar::AtLeast(2.2)).bar(Bar::OfLimit(1.15)),
        raw_load("persist.raw.load").bar(Bar::AtLeast(1.1)).bar(Bar::OfLimit(1.15)),
        beside_an_array("persist.ndarray.load", |numbers| numbers.view().to_owned()).bar(Bar::AtLeast(0.8)),
        beside_an_array("persist.ndarray.in_a_struct.load", |numbers| Fit {
            name: "fit".to_owned(),
            weights: Some(numbers.view().to_owned().into_shared()),
        })
        .bar(Bar::AtLeast(0.8)),
        beside_an_array("persist.vec.load", Array::to_vec).bar(Bar::AtLeast(0.8)),
        raw_load_mmap("persist.raw.load_mmap").bar(Bar::AtMost(1.0 / 3.0)),
        small_dump().bar(Bar::AtMost(1.0)),
        small_dump_new().bar(Bar::AtMost(1.0 / 1.3)),
        small_load().bar(Bar::AtMost(0.25)),
        Row::new("persist.flights.bytes", Unit::Megabytes, |data| {
            let table = &data.flights()?.numeric;
            Ok(Sides::new(|| Ok(table.nbytes() as f64 / 1e6)))
        }),
    ];
    for (name, level, bars) in COMPRESSORS {
        let three = [flights_dump(name, level), flights_load(name, level), flights_size(name, level)];
        rows.extend(three.into_iter().zip(bars).map(|(row, bar)| match bar {
            Some(bar) => row.bar(bar),
            None => row,
        }));
    }
    rows.extend([
        columns_dump().bar(Bar::AtMost(0.1)),
        columns_load().bar(Bar::AtMost(0.2)),
        postcard_dump(),
        postcard_load(),
    ]);
    rows
}

fn raw_dump(name: &str) -> Row {
    Row::new(name, Unit::GigabytesPerSecond, |data| {
        let big = data.big()?;
        let (ours, plain) = (data.path("raw-dump.joblib"), data.path("raw-dump.plain"));
        dump(big, &ours)?;
        limits::replace(&plain, big.buffer().as_bytes())?;
        let gigabytes = big.nbytes() as f64 / 1e9;
        Ok(Sides::new(move || Ok(gigabytes / seconds(1, || Ok(dump(big, &ours)?))?))
            .limit(move || Ok(gigabytes / seconds(1, || limits::replace(&plain, big.buffer().as_bytes()))?)))
    })
}

fn raw_load(name: &str) -> Row {
    Row::new(name, Unit::GigabytesPerSecond, |data| {
        let path = data.path("raw-load.joblib");
        dump(data.big()?, &path)?;
        array_load(path, LoadOptions::new())
    })
}

/// Loading the large array of a file, ours or Python's.
pub(crate) fn array_load<'d>(path: std::path::PathBuf, options: LoadOptions) -> Result<Sides<'d>> {
    let len = fs::metadata(&path)?.len() as usize;
    let gigabytes = len as f64 / 1e9;
    let plain = path.clone();
    Ok(Sides::new(move || Ok(gigabytes / seconds(1, || Ok(options.load::<Array<f64>>(&path)?))?))
        .limit(move || Ok(gigabytes / seconds(1, || limits::read(&plain, len))?)))
}

/// An array of `ndarray` in a struct.
#[derive(Serialize, Deserialize)]
struct Fit {
    name: String,
    weights: Option<ArcArray<f64, IxDyn>>,
}

/// Loading the numbers of the large array in another form, beside loading the array.
fn beside_an_array<T: Serialize + DeserializeOwned + 'static>(name: &str, make: fn(&Array<f64>) -> T) -> Row {
    let in_form = format!("{name}.joblib");
    Row::new(name, Unit::GigabytesPerSecond, move |data| {
        let (big, path, array) = (data.big()?, data.path(&in_form), data.path("raw-load.joblib"));
        dump(&make(big), &path)?;
        dump(big, &array)?;
        let gigabytes = big.nbytes() as f64 / 1e9;
        Ok(Sides::new(move || Ok(gigabytes / seconds(1, || Ok(load::<T>(&path)?))?))
            .peer(move || Ok(gigabytes / seconds(1, || Ok(load::<Array<f64>>(&array)?))?)))
    })
    .against(Peer::Named("an array"))
}

fn raw_load_mmap(name: &str) -> Row {
    Row::new(name, Unit::Microseconds, |data| {
        let path = data.path("raw-mmap.joblib");
        dump(data.big()?, &path)?;
        let plain = path.clone();
        let options = LoadOptions::new().mmap_mode(MmapMode::Read);
        Ok(Sides::new(move || Ok(1e6 * seconds(50, || Ok(options.load::<Array<f64>>(&path)?))?))
            .limit(move || Ok(1e6 * seconds(50, || limits::map(&plain))?)))
    })
}

/// The bytes that a plain program would write for the small value: as many as ours.
fn small_bytes(folder: &Path) -> Result<Vec<u8>> {
    let path = folder.join("small-bytes.joblib");
    dump(&Small::new(), &path)?;
    Ok(fs::read(path)?)
}

fn small_dump() -> Row {
    Row::new("persist.small.dump", Unit::Microseconds, |data| {
        let (small, bytes) = (Small::new(), small_bytes(data.folder())?);
        let (ours, plain) = (data.path("small.joblib"), data.path("small.plain"));
        dump(&small, &ours)?;
        limits::replace(&plain, &bytes)?;
        Ok(Sides::new(move || Ok(1e6 * seconds(60, || Ok(dump(&small, &ours)?))?))
            .limit(move || Ok(1e6 * seconds(60, || limits::replace(&plain, &bytes))?)))
    })
}

fn small_dump_new() -> Row {
    Row::new("persist.small.dump_new", Unit::Microseconds, |data| {
        let (small, bytes) = (Small::new(), small_bytes(data.folder())?);
        let mut ours = (0..).map(|i| data.path(&format!("new-{i}.joblib")));
        let mut plain = (0..).map(|i| data.path(&format!("new-{i}.plain")));
        let mut next = move || ours.next().ok_or("names without end");
        Ok(Sides::new(move || Ok(1e6 * seconds(60, || Ok(dump(&small, next()?)?))?)).limit(move || {
            Ok(1e6 * seconds(60, || limits::replace(&plain.next().ok_or("names without end")?, &bytes))?)
        }))
    })
}

fn small_load() -> Row {
    Row::new("persist.small.load", Unit::Microseconds, |data| {
        let path = data.path("small-load.joblib");
        dump(&Small::new(), &path)?;
        let plain = path.clone();
        Ok(Sides::new(move || Ok(1e6 * seconds(500, || Ok(load::<Small>(&path)?))?))
            .limit(move || Ok(1e6 * seconds(500, || Ok(fs::read(&plain)?))?)))
    })
}

fn options(name: &str, level: u32) -> DumpOptions {
    if name == "raw" { DumpOptions::new() } else { DumpOptions::new().compress((name, level)) }
}

fn flights_dump(name: &'static str, level: u32) -> Row {
    Row::new(format!("persist.flights.{name}.dump"), Unit::MegabytesPerSecond, move |data| {
        let (table, path) = (&data.flights()?.numeric, data.path(&format!("flights-dump.{name}")));
        let (megabytes, options) = (table.nbytes() as f64 / 1e6, options(name, level));
        Ok(Sides::new(move || Ok(megabytes / seconds(1, || Ok(options.dump(table, &path)?))?)))
    })
}

fn flights_load(name: &'static str, level: u32) -> Row {
    Row::new(format!("persist.flights.{name}.load"), Unit::MegabytesPerSecond, move |data| {
        let (table, path) = (&data.flights()?.numeric, data.path(&format!("flights-load.{name}")));
        options(name, level).dump(table, &path)?;
        let megabytes = table.nbytes() as f64 / 1e6;
        Ok(Sides::new(move || Ok(megabytes / seconds(1, || Ok(load::<Array<f64>>(&path)?))?)))
    })
}

fn flights_size(name: &'static str, level: u32) -> Row {
    Row::new(format!("persist.flights.{name}.size"), Unit::Megabytes, move |data| {
        let path = data.path(&format!("flights-size.{name}"));
        options(name, level).dump(&data.flights()?.numeric, &path)?;
        let size = fs::metadata(&path)?.len() as f64 / 1e6;
        Ok(Sides::new(move || Ok(size)))
    })
}

fn columns_dump() -> Row {
    Row::new("persist.columns.dump", Unit::Milliseconds, |data| {
        let (columns, path) = (&data.flights()?.columns, data.path("columns.joblib"));
        Ok(Sides::new(move || Ok(1e3 * seconds(1, || Ok(dump(columns, &path)?))?)))
    })
}

fn columns_load() -> Row {
    Row::new("persist.columns.load", Unit::Milliseconds, |data| {
        let path = data.path("columns-load.joblib");
        dump(&data.flights()?.columns, &path)?;
        Ok(Sides::new(move || Ok(1e3 * seconds(1, || Ok(load::<Columns>(&path)?))?)))
    })
}

/// What a Rust user writes today: the value in postcard's encoding, written to a file.
fn postcard_write(columns: &Columns, path: &Path) -> Result {
    let mut file = fs::File::create(path)?;
    file.write_all(&postcard::to_stdvec(columns)?)?;
    Ok(())
}

fn postcard_dump() -> Row {
    Row::new("persist.postcard.columns.dump", Unit::Milliseconds, |data| {
        let columns = &data.flights()?.columns;
        let (path, theirs) = (data.path("columns.joblib"), data.path("columns.postcard"));
        Ok(Sides::new(move || Ok(1e3 * seconds(1, || Ok(dump(columns, &path)?))?))
            .peer(move || Ok(1e3 * seconds(1, || postcard_write(columns, &theirs))?)))
    })
    .against(Peer::Named("postcard"))
}

fn postcard_load() -> Row {
    Row::new("persist.postcard.columns.load", Unit::Milliseconds, |data| {
        let (path, theirs) = (data.path("columns-load.joblib"), data.path("columns-load.postcard"));
        dump(&data.flights()?.columns, &path)?;
        postcard_write(&data.flights()?.columns, &theirs)?;
        Ok(Sides::new(move || Ok(1e3 * seconds(1, || Ok(load::<Columns>(&path)?))?)).peer(move || {
            Ok(1e3 * seconds(1, || Ok(postcard::from_bytes::<Columns>(&fs::read(&theirs)?)?))?)
        }))
    })
    .against(Peer::Named("postcard"))
}
