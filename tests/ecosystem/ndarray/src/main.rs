//! Arrays of ndarray 0.17, for which joblib has a feature: owned, shared and borrowed, in any layout, as arguments and results
//! of cached functions, as arguments of tasks in worker processes, and in files.

use joblib::prelude::*;
use ndarray::{ArcArray2, Array1, Array2, ArrayView2, Axis, s};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Fit {
    weights: Array1<f64>,
    residuals: Array2<f64>,
}

/// Takes a view, and gives an owned array.
#[cached]
fn centred(x: ArrayView2<'_, f64>) -> Array2<f64> {
    let means = x.mean_axis(Axis(0)).expect("there are rows");
    &x - &means
}

/// Takes references, and gives arrays in a struct.
#[cached]
fn fit(x: &Array2<f64>, y: &Array1<f64>) -> Fit {
    let weights = x.t().dot(y) / x.mapv(|x| x * x).sum();
    let residuals = (y - &x.dot(&weights)).insert_axis(Axis(1));
    Fit { weights, residuals }
}

/// Takes a shared array, and fails.
#[cached]
fn share(x: &ArcArray2<f32>, row: usize) -> Result<Array1<f32>, String> {
    x.rows().into_iter().nth(row).map(|row| row.to_owned()).ok_or_else(|| format!("no row {row}"))
}

fn total(x: &Array2<f64>, power: i32) -> f64 {
    x.iter().map(|x| x.powi(power)).sum()
}

#[task]
fn shape(x: &Array2<f64>) -> Vec<usize> {
    centred(x.view()).shape().to_vec()
}

fn main() -> joblib::Result<()> {
    let again = std::env::args().nth(1).as_deref() == Some("again");
    Memory::new("cache")?.install()?;

    let x = Array2::from_shape_fn((400, 50), |(i, j)| ((i * 7 + j * 3) % 11) as f64);
    let y = Array1::from_shape_fn(400, |i| (i % 5) as f64);
    let x = centred(x.view());
    let first = fit(&x, &y);
    assert_eq!(first.residuals.shape(), [400, 1]);
    let shared = x.mapv(|x| x as f32).into_shared();
    assert_eq!(share(&shared, 3).map(|row| row.len()), Ok(50));
    assert!(share(&shared, 400).is_err());
    assert!(fit::check_call_in_cache(&x, &y));
    assert_eq!([centred::stats().hits, fit::stats().hits, share::stats().hits], [u64::from(again); 3]);
    assert_eq!(fit(&x, &y), first);

    // The same elements are the same argument, whatever their layout; other elements are another.
    let mut fortran = Array2::zeros((50, 400));
    fortran.assign(&x.t());
    let transposed = fortran.t();
    assert!(!transposed.is_standard_layout());
    let twice = centred(x.view());
    assert!(centred::check_call_in_cache(transposed) && centred(transposed) == twice);
    assert!(!centred::check_call_in_cache(x.slice(s![..200, ..])));

    // In worker processes.
    let parallel = Parallel::new().n_jobs(2).backend("loky");
    let totals = parallel.run((1..4).map(|power| delayed!(total(&x, power))))?;
    assert_eq!(totals[1], total(&x, 2));
    let shapes = parallel.run((1..3).map(|rows| delayed!(shape(&x.slice(s![..rows, ..]).to_owned()))))?;
    assert_eq!(shapes[1], [2, 50]);

    // A file of one is a file of the other.
    dump(&x, "x.joblib")?;
    let mapped: Array<f64> = LoadOptions::new().mmap_mode(MmapMode::Read).load("x.joblib")?;
    assert!(mapped.is_mapped() && mapped.shape() == [400, 50]);
    assert_eq!(mapped.view().into_dimensionality::<ndarray::Ix2>().expect("two axes"), x);
    dump(&mapped, "y.joblib")?;
    assert_eq!(load::<Array2<f64>>("y.joblib")?, x);
    assert_eq!(hash(&x)?, hash(&mapped)?);
    joblib::dump_numpy(&mapped, "x.npy")?;
    assert_eq!(load::<Array2<f64>>("x.npy")?, x);
    // The crate that the feature is for.
    let _: joblib::array::ndarray::Array2<f64> = x;
    Ok(())
}
