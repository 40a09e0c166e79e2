//! The two tables, read from CSV: columns of numbers, and names as indices.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use joblib::prelude::*;
use serde::{Deserialize, Serialize};

/// Departures, one row each, in the file's order. Missing delays are NaN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Flights {
    pub(crate) month: Array<u8>,
    pub(crate) day: Array<u8>,
    /// Local time as hhmm.
    pub(crate) sched_dep_time: Array<u16>,
    /// Minutes.
    pub(crate) dep_delay: Array<f32>,
    /// Minutes.
    pub(crate) arr_delay: Array<f32>,
    pub(crate) carrier: Names,
    pub(crate) origin: Names,
    pub(crate) dest: Names,
    /// Miles.
    pub(crate) distance: Array<u16>,
}

/// What the weather table says of an hour, by name.
pub(crate) const MEASUREMENTS: [&str; 7] =
    ["temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"];

/// Hours at the three airports, one row each. Missing measurements are NaN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Weather {
    pub(crate) origin: Names,
    pub(crate) month: Array<u8>,
    pub(crate) day: Array<u8>,
    pub(crate) hour: Array<u8>,
    /// Shape (hours, measurements).
    pub(crate) measured: Array<f64>,
}

/// A column of names: for each row an index into the sorted list of names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Names {
    pub(crate) names: Vec<String>,
    pub(crate) index: Array<u8>,
}

/// Reads the table of flights. The path stands for the content of the file: a changed file is read again, and a renamed
/// one is not.
#[cached(mmap_mode = "r", verify_mapped)]
pub(crate) fn read_flights(#[cached(file)] file: &Path) -> Result<Flights, String> {
    const COLUMNS: [&str; 9] =
        ["month", "day", "sched_dep_time", "dep_delay", "arr_delay", "carrier", "origin", "dest", "distance"];
    let (mut month, mut day, mut sched_dep_time, mut distance) = (vec![], vec![], vec![], vec![]);
    let (mut dep_delay, mut arr_delay) = (vec![], vec![]);
    let (mut carrier, mut origin, mut dest) =
        (NameColumn::default(), NameColumn::default(), NameColumn::default());
    for_each_row(&decompress(file)?, COLUMNS, |row| {
        month.push(row.number(0)?);
        day.push(row.number(1)?);
        sched_dep_time.push(row.number(2)?);
        dep_delay.push(row.number_or_missing(3)? as f32);
        arr_delay.push(row.number_or_missing(4)? as f32);
        carrier.push(row.cells[5]);
        origin.push(row.cells[6]);
        dest.push(row.cells[7]);
        distance.push(row.number(8)?);
        Ok(())
    })?;
    Ok(Flights {
        month: month.into(),
        day: day.into(),
        sched_dep_time: sched_dep_time.into(),
        dep_delay: dep_delay.into(),
        arr_delay: arr_delay.into(),
        carrier: carrier.finish()?,
        origin: origin.finish()?,
        dest: dest.finish()?,
        distance: distance.into(),
    })
}

/// Reads the table of weather.
#[cached(mmap_mode = "r", verify_mapped)]
pub(crate) fn read_weather(#[cached(file)] file: &Path) -> Result<Weather, String> {
    const COLUMNS: [&str; 11] = [
        "origin",
        "month",
        "day",
        "hour",
        "temp",
        "dewp",
        "humid",
        "wind_speed",
        "precip",
        "pressure",
        "visib",
    ];
    let mut origin = NameColumn::default();
    let (mut month, mut day, mut hour, mut measured) = (vec![], vec![], vec![], vec![]);
    for_each_row(&decompress(file)?, COLUMNS, |row| {
        origin.push(row.cells[0]);
        month.push(row.number(1)?);
        day.push(row.number(2)?);
        hour.push(row.number(3)?);
        for column in 0..MEASUREMENTS.len() {
            measured.push(row.number_or_missing(4 + column)?);
        }
        Ok(())
    })?;
    let hours = month.len();
    Ok(Weather {
        origin: origin.finish()?,
        month: month.into(),
        day: day.into(),
        hour: hour.into(),
        measured: Array::from_vec(measured, &[hours, MEASUREMENTS.len()])
            .map_err(|error| error.to_string())?,
    })
}

fn decompress(file: &Path) -> Result<String, String> {
    let mut text = String::new();
    let file = File::open(file).map_err(|error| error.to_string())?;
    xz2::read::XzDecoder::new(file)
        .read_to_string(&mut text)
        .map_err(|error| format!("expected CSV text compressed by xz: {error}"))?;
    Ok(text)
}

/// A line of the file, cut into the columns that were asked for.
struct Row<'a, const N: usize> {
    line: usize,
    names: [&'static str; N],
    cells: [&'a str; N],
}

impl<const N: usize> Row<'_, N> {
    fn number<T: std::str::FromStr>(&self, column: usize) -> Result<T, String> {
        self.cells[column].parse().map_err(|_| self.wrong(column, "a whole number in range"))
    }

    fn number_or_missing(&self, column: usize) -> Result<f64, String> {
        match self.cells[column] {
            "NA" | "" => Ok(f64::NAN),
            cell => cell.parse().map_err(|_| self.wrong(column, "a number or NA")),
        }
    }

    fn wrong(&self, column: usize, expected: &str) -> String {
        format!(
            "line {}, column {}: expected {expected}, found {:?}",
            self.line, self.names[column], self.cells[column]
        )
    }
}

/// Calls `visit` with each row after the header, the cells in the order of `columns`.
fn for_each_row<'a, const N: usize>(
    text: &'a str,
    columns: [&'static str; N],
    mut visit: impl FnMut(Row<'a, N>) -> Result<(), String>,
) -> Result<(), String> {
    let mut lines = text.lines().enumerate();
    let (_, header) = lines.next().ok_or("the file is empty; expected a line with the columns' names")?;
    let header: Vec<&str> = header.split(',').collect();
    let mut places = [0; N];
    for (place, name) in places.iter_mut().zip(columns) {
        *place = header
            .iter()
            .position(|found| *found == name)
            .ok_or_else(|| format!("line 1: expected a column {name:?}, found only {header:?}"))?;
    }
    let mut cells = Vec::with_capacity(header.len());
    for (number, line) in lines {
        let line_number = number + 1;
        cells.clear();
        cells.extend(line.split(','));
        if cells.len() != header.len() {
            return Err(format!(
                "line {line_number}: expected {} cells, as the first line has, found {}",
                header.len(),
                cells.len()
            ));
        }
        visit(Row { line: line_number, names: columns, cells: places.map(|place| cells[place]) })?;
    }
    Ok(())
}

/// Collects names in the order they come, and sorts them in the end.
#[derive(Default)]
struct NameColumn {
    names: Vec<String>,
    index: Vec<usize>,
}

impl NameColumn {
    fn push(&mut self, name: &str) {
        let found = self.names.iter().position(|known| known == name);
        self.index.push(found.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        }));
    }

    fn finish(self) -> Result<Names, String> {
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        order.sort_by_key(|&i| &self.names[i]);
        if order.len() > usize::from(u8::MAX) {
            return Err(format!("expected at most 255 different names in a column, found {}", order.len()));
        }
        let mut rank = vec![0_u8; order.len()];
        for (place, &i) in order.iter().enumerate() {
            rank[i] = place as u8;
        }
        Ok(Names {
            index: self.index.iter().map(|&i| rank[i]).collect(),
            names: order.iter().map(|&i| self.names[i].clone()).collect(),
        })
    }
}
