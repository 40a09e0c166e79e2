//! The flight table: all 336,776 flights out of New York in 2013, read from the file that the peer reads.

use std::fs::File;
use std::path::Path;

use joblib_array::Array;
use serde::{Deserialize, Serialize};

use crate::Result;

/// The table in its two forms.
pub(crate) struct Flights {
    /// The 14 numeric columns side by side, a missing number as NaN: 37.7 MB.
    pub(crate) numeric: Array<f64>,
    /// All 19 columns.
    pub(crate) columns: Columns,
}

/// The 19 columns: numbers as pandas has them (floats where some are missing), text as strings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Columns {
    year: Vec<i64>,
    month: Vec<i64>,
    day: Vec<i64>,
    dep_time: Vec<f64>,
    sched_dep_time: Vec<i64>,
    dep_delay: Vec<f64>,
    arr_time: Vec<f64>,
    sched_arr_time: Vec<i64>,
    arr_delay: Vec<f64>,
    carrier: Vec<String>,
    flight: Vec<i64>,
    tailnum: Vec<String>,
    origin: Vec<String>,
    dest: Vec<String>,
    air_time: Vec<f64>,
    distance: Vec<i64>,
    hour: Vec<i64>,
    minute: Vec<i64>,
    time_hour: Vec<String>,
}

impl Flights {
    /// The first lines of the table, all of them if there are no more.
    pub(crate) fn read(lines: usize) -> Result<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/flights.csv.xz");
        let file = File::open(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        let mut reader = csv::Reader::from_reader(xz2::read::XzDecoder::new(file));
        let mut columns = Columns::default();
        let mut numeric = Vec::new();
        let mut line = csv::StringRecord::new();
        while columns.year.len() < lines && reader.read_record(&mut line)? {
            columns.push(line.iter(), &mut numeric)?;
        }
        let numeric = Array::from_vec(numeric, &[columns.year.len(), 14])?;
        Ok(Self { numeric, columns })
    }
}

impl Columns {
    /// Adds a line, its numbers to the matrix too.
    fn push<'l>(&mut self, mut fields: impl Iterator<Item = &'l str>, numeric: &mut Vec<f64>) -> Result {
        let mut field = || fields.next().ok_or("a line of the flight table ends early");
        let whole = |column: &mut Vec<i64>, field: &str| -> Result<f64> {
            column.push(field.parse()?);
            Ok(field.parse()?)
        };
        let real = |column: &mut Vec<f64>, field: &str| -> Result<f64> {
            column.push(if field.is_empty() || field == "NA" { f64::NAN } else { field.parse()? });
            Ok(column.last().copied().unwrap_or(f64::NAN))
        };
        numeric.push(whole(&mut self.year, field()?)?);
        numeric.push(whole(&mut self.month, field()?)?);
        numeric.push(whole(&mut self.day, field()?)?);
        numeric.push(real(&mut self.dep_time, field()?)?);
        numeric.push(whole(&mut self.sched_dep_time, field()?)?);
        numeric.push(real(&mut self.dep_delay, field()?)?);
        numeric.push(real(&mut self.arr_time, field()?)?);
        numeric.push(whole(&mut self.sched_arr_time, field()?)?);
        numeric.push(real(&mut self.arr_delay, field()?)?);
        self.carrier.push(field()?.to_owned());
        numeric.push(whole(&mut self.flight, field()?)?);
        self.tailnum.push(field()?.to_owned());
        self.origin.push(field()?.to_owned());
        self.dest.push(field()?.to_owned());
        numeric.push(real(&mut self.air_time, field()?)?);
        numeric.push(whole(&mut self.distance, field()?)?);
        numeric.push(whole(&mut self.hour, field()?)?);
        numeric.push(whole(&mut self.minute, field()?)?);
        self.time_hour.push(field()?.to_owned());
        Ok(())
    }
}
