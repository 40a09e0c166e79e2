//! Arrays of ndarray 0.16, for which joblib has no feature: known by their serde form, they come back from everywhere.

use joblib::prelude::*;
use ndarray::{Array1, Array2, ArrayView1, Axis};

#[cached]
fn normalised(x: &Array2<f64>) -> Array2<f64> {
    let scale = x.map_axis(Axis(0), |column| column.dot(&column).sqrt());
    x / &scale
}

#[cached]
fn norm(x: ArrayView1<'_, f64>, power: i32) -> f64 {
    x.iter().map(|x| x.abs().powi(power)).sum::<f64>().powf(1.0 / f64::from(power))
}

fn column(x: &Array2<f64>, j: usize) -> Array1<f64> {
    x.column(j).to_owned()
}

fn main() -> joblib::Result<()> {
    let again = std::env::args().nth(1).as_deref() == Some("again");
    Memory::new("cache")?.install()?;

    let x = Array2::from_shape_fn((300, 20), |(i, j)| (i + j + 1) as f64);
    let normalised_x = normalised(&x);
    assert!((norm(normalised_x.column(3), 2) - 1.0).abs() < 1e-12);
    assert_eq!([normalised::stats().hits, norm::stats().hits], [u64::from(again); 2]);
    assert_eq!(normalised(&x), normalised_x);

    let columns = Parallel::new().n_jobs(2).backend("loky").run((0..3).map(|j| delayed!(column(&x, j))))?;
    assert_eq!(columns[2], x.column(2));
    dump(&x, "x.joblib.zst")?;
    assert_eq!(load::<Array2<f64>>("x.joblib.zst")?, x);
    // The elements are a block of the file, which is an array for everybody else.
    assert_eq!(load::<Array<f64>>("x.joblib.zst")?.shape(), [300, 20]);
    Ok(())
}
