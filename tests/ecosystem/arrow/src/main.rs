//! Tables of Arrow as arguments and results, in worker processes, in files that are mapped, and read from there by Python's
//! pyarrow.

use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use arrow::error::ArrowError;
use joblib::prelude::*;
use joblib_arrow::Table;

#[cached]
fn with_year(table: &Table, year: i64) -> Result<Table, ArrowError> {
    let batch = table.batch()?;
    let mask = batch["year"].as_primitive::<Int64Type>().iter().map(|found| Some(found? == year)).collect();
    Ok(filter_record_batch(&batch, &mask)?.into())
}

fn rows(table: &Table, year: i64) -> Result<usize, String> {
    with_year(table, year).map(|table| table.num_rows()).map_err(|error| error.to_string())
}

/// What a person does with such a file in Python.
const READ: &str = r#"
import mmap, sys
import pyarrow

def read_table(path):
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    start, end = data.find(b"ARROW1\0\0"), data.rfind(b"ARROW1") + len(b"ARROW1")
    return pyarrow.ipc.open_file(pyarrow.py_buffer(data)[start:end]).read_all()

table = read_table(sys.argv[1])
print(table.num_rows, table["year"].null_count, table["station"][1], sum(table["celsius"].to_pylist()))
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let again = std::env::args().nth(1).as_deref() == Some("again");
    Memory::new("cache")?.install()?;

    let years = Int64Array::from_iter((0..3000).map(|n| (n % 10 != 0).then_some(2020 + n % 7)));
    let stations = StringArray::from_iter_values((0..3000).map(|n| format!("station {}", n % 5)));
    let celsius = Float64Array::from_iter_values((0..3000).map(|n| f64::from(n) / 8.0));
    let batch = RecordBatch::try_from_iter([
        ("year", Arc::new(years) as ArrayRef),
        ("station", Arc::new(stations)),
        ("celsius", Arc::new(celsius)),
    ])?;
    let table = Table::from(batch.clone());
    let of_2021 = with_year(&table, 2021)?;
    assert_eq!(with_year::stats().hits, u64::from(again));
    let parts = Table::new(batch.schema(), vec![batch.slice(0, 1000), batch.slice(1000, 2000)])?;
    assert!(with_year::check_call_in_cache(&parts, 2021), "the batches do not count");
    assert!(!with_year::check_call_in_cache(&Table::from(batch.slice(0, 2999)), 2021));
    assert_eq!(with_year(&parts, 2021)?, of_2021);

    let parallel = Parallel::new().n_jobs(2).backend("loky");
    let counts = parallel.try_run((2020..2023).map(|year| delayed!(rows(&table, year))))?;
    assert_eq!(counts[1], of_2021.num_rows());

    dump(&table, "table.joblib")?;
    let mapped: Table = LoadOptions::new().mmap_mode(MmapMode::Read).load("table.joblib")?;
    assert_eq!(mapped, table);
    let python = std::env::var_os("PYTHON").ok_or("PYTHON names a Python with pyarrow")?;
    let output = Command::new(python).args(["-c", READ, "table.joblib"]).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "3000 300 station 1 562312.5\n", "{errors}");
    Ok(())
}
