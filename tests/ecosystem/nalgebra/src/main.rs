//! Matrices of nalgebra, of sizes that the program or the compiler knows.

use joblib::prelude::*;
use nalgebra::{DMatrix, DVector, Matrix3, Vector3};

#[cached]
fn solve(a: &DMatrix<f64>, b: &DVector<f64>) -> Option<DVector<f64>> {
    a.clone().lu().solve(b)
}

#[cached]
fn rotated(axis: Vector3<f64>, angle: f64) -> Matrix3<f64> {
    *nalgebra::Rotation3::from_scaled_axis(axis.normalize() * angle).matrix()
}

fn trace(matrix: &DMatrix<f64>, scale: f64) -> f64 {
    matrix.trace() * scale
}

fn main() -> joblib::Result<()> {
    let again = std::env::args().nth(1).as_deref() == Some("again");
    Memory::new("cache")?.install()?;

    let a = DMatrix::from_fn(60, 60, |i, j| if i == j { 10.0 } else { 1.0 / (1 + i + j) as f64 });
    let b = DVector::from_fn(60, |i, _| i as f64);
    let x = solve(&a, &b).expect("the matrix is regular");
    assert!((&a * &x - &b).norm() < 1e-9);
    let turn = rotated(Vector3::z(), std::f64::consts::PI);
    assert!((turn * Vector3::x() + Vector3::x()).norm() < 1e-12);
    assert_eq!([solve::stats().hits, rotated::stats().hits], [u64::from(again); 2]);
    assert_eq!(solve(&a, &b), Some(x));

    let scales = (0..3).map(|scale| delayed!(trace(&a, f64::from(scale))));
    assert_eq!(
        Parallel::new().n_jobs(2).backend("loky").run(scales)?,
        [0.0, 1.0, 2.0].map(|scale| a.trace() * scale)
    );
    dump(&(&a, &turn), "matrices.joblib")?;
    assert_eq!(load::<(DMatrix<f64>, Matrix3<f64>)>("matrices.joblib")?, (a, turn));
    Ok(())
}
