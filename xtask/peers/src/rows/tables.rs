//! The struct of columns, beside a table of polars in files of Arrow IPC and of Parquet.

use std::fs::{self, File};
use std::path::Path;

use joblib::{dump, load};
use polars::prelude::*;

use super::columns::COLUMNS;
use crate::Result;
use crate::measure::{Row, Sides, milliseconds};

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = beside("polars_ipc", ipc_dump, ipc_load);
    rows.extend(beside("polars_parquet", parquet_dump, parquet_load));
    rows
}

/// The same columns as polars has them: text side by side, and days as dates.
fn frame() -> Result<DataFrame> {
    let columns = &*COLUMNS;
    let day = Series::new("day".into(), columns.day.as_slice()).cast(&DataType::Date)?;
    Ok(DataFrame::new_infer_height(vec![
        Column::new("customer".into(), columns.customer.as_slice()),
        Column::new("city".into(), columns.city.as_slice()),
        day.into(),
        Column::new("price".into(), columns.price.as_slice()),
        Column::new("quantity".into(), columns.quantity.as_slice()),
        Column::new("order".into(), columns.order.as_slice()),
    ])?)
}

type Write = fn(&mut DataFrame, &Path) -> Result;

fn beside(peer: &str, write: Write, read: fn(&Path) -> Result<DataFrame>) -> Vec<Row> {
    let dump_row = Row::new(format!("columns.dump.{peer}"), "ms", move |folder| {
        let (ours, theirs, mut frame) = (folder.join("ours"), folder.join("theirs"), frame()?);
        Ok(Sides::new(
            move || milliseconds(|| Ok(dump(&*COLUMNS, &ours)?)),
            move || milliseconds(|| write(&mut frame, &theirs)),
        ))
    });
    let load_row = Row::new(format!("columns.load.{peer}"), "ms", move |folder| {
        let (ours, theirs) = (folder.join("ours"), folder.join("theirs"));
        dump(&*COLUMNS, &ours)?;
        write(&mut frame()?, &theirs)?;
        assert!(read(&theirs)?.equals(&frame()?), "{theirs:?} holds what was written");
        Ok(Sides::new(
            move || milliseconds(|| Ok(load::<super::columns::Columns>(&ours)?)),
            move || milliseconds(|| read(&theirs)),
        ))
    });
    let size_row = Row::new(format!("columns.size.{peer}"), "MB", move |folder| {
        let (ours, theirs) = (folder.join("ours"), folder.join("theirs"));
        dump(&*COLUMNS, &ours)?;
        write(&mut frame()?, &theirs)?;
        let [ours, theirs] = [fs::metadata(ours)?, fs::metadata(theirs)?].map(|file| file.len() as f64 / 1e6);
        Ok(Sides::new(move || Ok(ours), move || Ok(theirs)))
    });
    vec![dump_row, load_row, size_row]
}

fn ipc_dump(frame: &mut DataFrame, path: &Path) -> Result {
    Ok(IpcWriter::new(File::create(path)?).finish(frame)?)
}

fn ipc_load(path: &Path) -> Result<DataFrame> {
    Ok(IpcReader::new(File::open(path)?).finish()?)
}

fn parquet_dump(frame: &mut DataFrame, path: &Path) -> Result {
    ParquetWriter::new(File::create(path)?).finish(frame)?;
    Ok(())
}

fn parquet_load(path: &Path) -> Result<DataFrame> {
    Ok(ParquetReader::new(File::open(path)?).finish()?)
}
