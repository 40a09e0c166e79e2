//! Models of smartcore as results: they are trained once.

use joblib::prelude::*;
use smartcore::ensemble::random_forest_regressor::{RandomForestRegressor, RandomForestRegressorParameters};
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linear::ridge_regression::{RidgeRegression, RidgeRegressionParameters};

type Forest = RandomForestRegressor<f64, f64, DenseMatrix<f64>, Vec<f64>>;
type Ridge = RidgeRegression<f64, f64, DenseMatrix<f64>, Vec<f64>>;

#[cached]
fn forest(x: &DenseMatrix<f64>, y: &Vec<f64>, trees: usize) -> Result<Forest, String> {
    let parameters = RandomForestRegressorParameters::default().with_n_trees(trees).with_seed(1);
    RandomForestRegressor::fit(x, y, parameters).map_err(|error| error.to_string())
}

#[cached]
fn ridge(x: &DenseMatrix<f64>, y: &Vec<f64>, alpha: f64) -> Result<Ridge, String> {
    let parameters = RidgeRegressionParameters::default().with_alpha(alpha);
    RidgeRegression::fit(x, y, parameters).map_err(|error| error.to_string())
}

/// The mean error of a fit: a task of its own.
fn error_of(x: &DenseMatrix<f64>, y: &Vec<f64>, alpha: f64) -> Result<f64, String> {
    let predicted = ridge(x, y, alpha)?.predict(x).map_err(|error| error.to_string())?;
    Ok(predicted.iter().zip(y).map(|(p, y)| (p - y).abs()).sum::<f64>() / y.len() as f64)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let again = std::env::args().nth(1).as_deref() == Some("again");
    Memory::new("cache")?.install()?;

    let rows: Vec<Vec<f64>> =
        (0..120).map(|i| vec![f64::from(i % 7), f64::from(i % 11), f64::from(i)]).collect();
    let y: Vec<f64> = rows.iter().map(|row| 2.0 * row[0] - row[1] + 0.1 * row[2]).collect();
    let x = DenseMatrix::from_2d_vec(&rows)?;
    let trained = forest(&x, &y, 5)?;
    let ridge_0 = ridge(&x, &y, 0.1)?;
    assert_eq!([forest::stats().hits, ridge::stats().hits], [u64::from(again); 2]);
    assert_eq!(forest(&x, &y, 5)?.predict(&x)?, trained.predict(&x)?);
    assert!((ridge_0.predict(&x)?[3] - y[3]).abs() < 0.5);

    let tasks = [0.1, 1.0, 10.0].map(|alpha| delayed!(error_of(&x, &y, alpha)));
    let errors = Parallel::new().n_jobs(2).backend("loky").try_run(tasks)?;
    assert!(errors[0] < errors[2], "{errors:?}");
    dump(&trained, "forest.joblib.zst")?;
    assert_eq!(load::<Forest>("forest.joblib.zst")?.predict(&x)?, trained.predict(&x)?);
    Ok(())
}
