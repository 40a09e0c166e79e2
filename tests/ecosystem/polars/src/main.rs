//! Frames and series of polars as arguments and results, in worker processes, in files that are mapped, and read from there by
//! Python's pyarrow.

use std::process::Command;

use joblib::prelude::*;
use joblib_polars::Polars;
use polars::prelude::*;

#[cached]
fn of_station(weather: &Polars<DataFrame>, station: &str) -> Result<Polars<DataFrame>, PolarsError> {
    let mask = weather.column("station")?.str()?.iter().map(|found| found == Some(station)).collect();
    Ok(weather.filter(&mask)?.into())
}

#[cached]
fn fahrenheit(celsius: &Polars<Series>) -> Polars<Series> {
    let values: Float64Chunked =
        celsius.f64().expect("numbers").iter().map(|c| c.map(|c| c * 1.8 + 32.0)).collect();
    values.into_series().with_name("fahrenheit".into()).into()
}

fn rows(weather: &Polars<DataFrame>, station: &str) -> Result<usize, String> {
    of_station(weather, station).map(|found| found.height()).map_err(|error| error.to_string())
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
print(table.num_rows, table["year"].null_count, table["station"][1], sum(table["celsius"].to_pylist()), table["sky"][2])
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let again = std::env::args().nth(1).as_deref() == Some("again");
    Memory::new("cache")?.install()?;

    let years: Vec<Option<i64>> = (0..3000).map(|n| (n % 10 != 0).then_some(2020 + n % 7)).collect();
    let stations: Vec<String> = (0..3000).map(|n| format!("station {}", n % 5)).collect();
    let celsius: Vec<f64> = (0..3000).map(|n| f64::from(n) / 8.0).collect();
    let sky: Vec<&str> = (0..3000).map(|n| ["clear", "clouds", "rain"][n % 3]).collect();
    // Categories have numbers in the order in which a process meets them, which is another one in the second run.
    let categories = DataType::from_categories(Categories::global());
    let _met_before = Series::new("sky".into(), if again { ["rain", "snow"] } else { ["clouds", "fog"] })
        .cast(&categories)?;
    let sky = Series::new("sky".into(), sky).cast(&categories)?;
    let weather = Polars(df!("year" => years, "station" => stations, "celsius" => celsius, "sky" => sky)?);
    let second = of_station(&weather, "station 2")?;
    assert_eq!(second.shape(), (600, 4));
    assert_eq!(of_station::stats().hits, u64::from(again));

    // The chunks do not count, and each value does.
    let parts = Polars(weather.slice(0, 1000).vstack(&weather.slice(1000, 2000))?);
    assert_eq!(parts.first_col_n_chunks(), 2);
    assert!(of_station::check_call_in_cache(&parts, "station 2"));
    assert_eq!(of_station(&parts, "station 2")?, second);
    let mut changed = weather.clone();
    changed.apply("year", |year| year + 1)?;
    assert!(!of_station::check_call_in_cache(&changed, "station 2"));
    assert!(!of_station::check_call_in_cache(&Polars(weather.slice(0, 2999)), "station 2"));

    let celsius = Polars(weather.column("celsius")?.as_materialized_series().clone());
    assert_eq!(fahrenheit(&celsius).f64()?.get(8), Some(33.8));
    assert_eq!(fahrenheit::stats().hits, u64::from(again));

    let parallel = Parallel::new().n_jobs(2).backend("loky");
    let counts =
        parallel.try_run(["station 1", "station 2"].map(|station| delayed!(rows(&weather, station))))?;
    assert_eq!(counts, [600, 600]);

    let folder = tempfile::tempdir()?;
    let path = folder.path().join("weather.joblib");
    dump(&weather, &path)?;
    let mut mapped: Polars<DataFrame> = LoadOptions::new().mmap_mode(MmapMode::Read).load(&path)?;
    assert_eq!(mapped, weather);
    // What is mapped is copied before it is changed.
    mapped.apply("celsius", |celsius| celsius * 2.0)?;
    assert_eq!(load::<Polars<DataFrame>>(&path)?, weather);

    let python = std::env::var_os("PYTHON").ok_or("PYTHON names a Python with pyarrow")?;
    let output = Command::new(python).args(["-c", READ]).arg(&path).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "3000 300 station 1 562312.5 rain\n", "{errors}");
    Ok(())
}
