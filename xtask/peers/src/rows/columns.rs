//! Dump, load and size of a struct of columns: 1,000,000 rows with text, dates and numbers.

use std::fs;
use std::sync::LazyLock;

use bitcode::{Decode, Encode};
use joblib::{dump, load};
use serde::{Deserialize, Serialize};
use wincode::{SchemaRead, SchemaWrite};

use crate::Result;
use crate::measure::{Row, Sides, milliseconds};

const ROWS: usize = 1_000_000;

/// `wincode` refuses vectors of more than 4 MB by default.
const WINCODE: wincode::config::Configuration<true, { usize::MAX }> = wincode::config::Configuration::new();

/// Orders of a shop.
#[derive(Debug, PartialEq, Serialize, Deserialize, SchemaWrite, SchemaRead, Encode, Decode)]
pub(crate) struct Columns {
    pub(crate) customer: Vec<String>,
    pub(crate) city: Vec<String>,
    /// Days since 1970, as Arrow has dates.
    pub(crate) day: Vec<i32>,
    pub(crate) price: Vec<f64>,
    pub(crate) quantity: Vec<u32>,
    pub(crate) order: Vec<i64>,
}

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = beside("rmp-serde", rmp_dump, rmp_load);
    rows.extend(beside("postcard", postcard_dump, postcard_load));
    rows.extend(beside("wincode", wincode_dump, wincode_load));
    rows.extend(beside("bitcode", bitcode_dump, bitcode_load));
    rows
}

pub(crate) static COLUMNS: LazyLock<Columns> = LazyLock::new(|| {
    const CITIES: [&str; 8] =
        ["Lisbon", "Rotterdam", "Naples", "Lyon", "Gdańsk", "Bergen", "Seville", "Antwerp"];
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % below
    };
    Columns {
        customer: (0..ROWS).map(|_| format!("customer {}", next(50_000))).collect(),
        city: (0..ROWS).map(|_| CITIES[next(8) as usize].to_owned()).collect(),
        // From 2020 on, in order.
        day: (0..ROWS).map(|i| 18_262 + (i / 500) as i32).collect(),
        price: (0..ROWS).map(|_| next(100_000) as f64 / 100.0).collect(),
        quantity: (0..ROWS).map(|_| 1 + next(20) as u32).collect(),
        order: (0..ROWS).map(|i| 1_000_000_000 + i as i64).collect(),
    }
});

/// The struct dumped and loaded, beside a crate that makes bytes of it, which the row writes to a file.
fn beside(
    peer: &'static str,
    write: fn(&Columns) -> Result<Vec<u8>>,
    read: fn(&[u8]) -> Result<Columns>,
) -> Vec<Row> {
    let dump_row = Row::new(format!("columns.dump.{peer}"), "ms", move |folder| {
        let (ours, theirs) = (folder.join("ours"), folder.join("theirs"));
        Ok(Sides::new(
            move || milliseconds(|| Ok(dump(&*COLUMNS, &ours)?)),
            move || milliseconds(|| Ok(fs::write(&theirs, write(&COLUMNS)?)?)),
        ))
    });
    let load_row = Row::new(format!("columns.load.{peer}"), "ms", move |folder| {
        let (ours, theirs) = (folder.join("ours"), folder.join("theirs"));
        dump(&*COLUMNS, &ours)?;
        fs::write(&theirs, write(&COLUMNS)?)?;
        assert!(read(&fs::read(&theirs)?)? == *COLUMNS, "{peer} reads what it wrote");
        Ok(Sides::new(
            move || milliseconds(|| Ok(load::<Columns>(&ours)?)),
            move || milliseconds(|| read(&fs::read(&theirs)?)),
        ))
    });
    let size_row = Row::new(format!("columns.size.{peer}"), "MB", move |folder| {
        let file = folder.join("ours");
        dump(&*COLUMNS, &file)?;
        let (ours, theirs) = (fs::metadata(&file)?.len() as f64 / 1e6, write(&COLUMNS)?.len() as f64 / 1e6);
        Ok(Sides::new(move || Ok(ours), move || Ok(theirs)))
    });
    vec![dump_row, load_row, size_row]
}

fn rmp_dump(columns: &Columns) -> Result<Vec<u8>> {
    Ok(rmp_serde::to_vec(columns)?)
}

fn rmp_load(bytes: &[u8]) -> Result<Columns> {
    Ok(rmp_serde::from_slice(bytes)?)
}

fn postcard_dump(columns: &Columns) -> Result<Vec<u8>> {
    Ok(postcard::to_stdvec(columns)?)
}

fn postcard_load(bytes: &[u8]) -> Result<Columns> {
    Ok(postcard::from_bytes(bytes)?)
}

fn wincode_dump(columns: &Columns) -> Result<Vec<u8>> {
    Ok(wincode::config::serialize(columns, WINCODE)?)
}

fn wincode_load(bytes: &[u8]) -> Result<Columns> {
    Ok(wincode::config::deserialize(bytes, WINCODE)?)
}

fn bitcode_dump(columns: &Columns) -> Result<Vec<u8>> {
    Ok(bitcode::encode(columns))
}

fn bitcode_load(bytes: &[u8]) -> Result<Columns> {
    Ok(bitcode::decode(bytes)?)
}
