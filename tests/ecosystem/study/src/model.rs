//! Ridge regression, by the normal equations.

use anyhow::{Context, Result, ensure};
use joblib::prelude::*;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    lambda: f64,
    weights: Array1<f64>,
}

impl Model {
    pub fn predict(&self, x: &Array2<f64>) -> Array1<f64> {
        x.dot(&self.weights)
    }
}

/// The weights with the least squares and this penalty on their size.
#[cached]
pub fn fit(x: &Array2<f64>, y: &Array1<f64>, lambda: f64) -> Result<Model> {
    ensure!(x.nrows() == y.len(), "{} rows and {} values", x.nrows(), y.len());
    let normal = x.t().dot(x) + Array2::<f64>::eye(x.ncols()) * lambda;
    let weights = solve(normal, x.t().dot(y)).context("the columns depend on each other")?;
    Ok(Model { lambda, weights })
}

/// The mean absolute error.
#[cached]
pub fn score(model: &Model, x: &Array2<f64>, y: &Array1<f64>) -> f64 {
    (model.predict(x) - y).mapv(f64::abs).mean().unwrap_or(f64::NAN)
}

/// Gaussian elimination with the largest pivot of each column.
fn solve(mut a: Array2<f64>, mut b: Array1<f64>) -> Option<Array1<f64>> {
    let n = b.len();
    for column in 0..n {
        let pivot = (column..n).max_by(|&i, &j| a[[i, column]].abs().total_cmp(&a[[j, column]].abs()))?;
        if a[[pivot, column]].abs() < 1e-12 {
            return None;
        }
        for other in 0..n {
            a.swap([column, other], [pivot, other]);
        }
        b.swap(column, pivot);
        for row in column + 1..n {
            let factor = a[[row, column]] / a[[column, column]];
            for other in column..n {
                a[[row, other]] -= factor * a[[column, other]];
            }
            b[row] -= factor * b[column];
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|other| a[[row, other]] * b[other]).sum();
        b[row] = (b[row] - known) / a[[row, row]];
    }
    Some(b)
}
