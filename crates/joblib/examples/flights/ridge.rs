//! Ridge regression from sums of products: the data is walked once for each fold, then every model is small algebra.

use joblib::prelude::*;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use crate::features::Matrix;

/// Sums over some rows of a matrix `x` and a target `y`: all that least squares needs of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Moments {
    pub(crate) rows: f64,
    /// Sum of each column.
    pub(crate) x: Array<f64>,
    pub(crate) y: f64,
    /// Sums of products of columns, shape (columns, columns).
    pub(crate) xx: Array<f64>,
    /// Sums of products of a column and the target.
    pub(crate) xy: Array<f64>,
    pub(crate) yy: f64,
}

/// The sums over each fold's rows: those whose number is the fold modulo `folds`. The folds run in parallel.
#[cached(key = (&matrix.digest, folds), depends(fold_moments))]
pub(crate) fn moments(matrix: &Matrix, folds: usize) -> joblib::Result<Vec<Moments>> {
    let tasks = (0..folds).map(|fold| move || fold_moments(&matrix.x, &matrix.y, folds, fold));
    Ok(Parallel::new().require(SharedMem).run(tasks)?)
}

#[tracked]
fn fold_moments(x: &Array<f32>, y: &Array<f64>, folds: usize, fold: usize) -> Moments {
    const BLOCK: usize = 1024;
    let width = x.shape()[1];
    let chosen: Vec<usize> = (fold..y.len()).step_by(folds).collect();
    let mut sum = DVector::zeros(width);
    let mut products = DMatrix::zeros(width, width);
    let mut with_target = DVector::zeros(width);
    let (mut y_sum, mut yy) = (0.0, 0.0);
    for rows in chosen.chunks(BLOCK) {
        // A row of `x` is a column here, because nalgebra stores columns together.
        let mut block = DMatrix::zeros(width, rows.len());
        for (mut column, &row) in block.column_iter_mut().zip(rows) {
            column.iter_mut().zip(x.row(row)).for_each(|(cell, &value)| *cell = f64::from(value));
        }
        let target = DVector::from_iterator(rows.len(), rows.iter().map(|&row| y[[row]]));
        products.gemm(1.0, &block, &block.transpose(), 1.0);
        with_target.gemv(1.0, &block, &target, 1.0);
        sum += block.column_sum();
        y_sum += target.sum();
        yy += target.norm_squared();
    }
    Moments {
        rows: chosen.len() as f64,
        x: vector(&sum),
        y: y_sum,
        xx: Array::from_slice(products.as_slice(), &[width, width]).expect("a square"),
        xy: vector(&with_target),
        yy,
    }
}

impl Moments {
    /// The sums over the rows of all parts.
    pub(crate) fn total<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        parts
            .into_iter()
            .cloned()
            .reduce(|total, part| total.combined(&part, 1.0))
            .expect("at least one part")
    }

    /// The sums over the rows that are not among `part`'s.
    pub(crate) fn without(&self, part: &Self) -> Self {
        self.combined(part, -1.0)
    }

    fn combined(&self, other: &Self, sign: f64) -> Self {
        let add = |a: &Array<f64>, b: &Array<f64>| {
            let sums = a.iter().zip(b.iter()).map(|(a, b)| a + sign * b).collect();
            Array::from_vec(sums, a.shape()).expect("the same shape")
        };
        Self {
            rows: self.rows + sign * other.rows,
            x: add(&self.x, &other.x),
            y: self.y + sign * other.y,
            xx: add(&self.xx, &other.xx),
            xy: add(&self.xy, &other.xy),
            yy: self.yy + sign * other.yy,
        }
    }
}

/// A linear model of some of the columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    /// Which columns of the matrix it uses.
    pub(crate) columns: Vec<usize>,
    pub(crate) intercept: f64,
    /// One for each of its columns.
    pub(crate) coefficients: Array<f64>,
}

/// The model of the training rows: all that are not in the fold, or simply all.
///
/// Least squares with `penalty` times the squared coefficients added; the intercept is free. Solves the normal
/// equations of the centred columns.
#[cached]
pub(crate) fn fit(train: &Moments, columns: &[usize], penalty: f64) -> Result<Model, String> {
    let n = train.rows;
    let mean = |i: usize| train.x[[i]] / n;
    let gram = DMatrix::from_fn(columns.len(), columns.len(), |i, j| {
        let (a, b) = (columns[i], columns[j]);
        train.xx[[a, b]] - n * mean(a) * mean(b) + if i == j { penalty } else { 0.0 }
    });
    let right =
        DVector::from_iterator(columns.len(), columns.iter().map(|&a| train.xy[[a]] - mean(a) * train.y));
    let coefficients = gram
        .cholesky()
        .ok_or_else(|| {
            format!("the columns {columns:?} depend on each other; use a penalty above {penalty}")
        })?
        .solve(&right);
    let explained: f64 =
        columns.iter().zip(&coefficients).map(|(&a, coefficient)| coefficient * mean(a)).sum();
    Ok(Model {
        columns: columns.to_vec(),
        intercept: train.y / n - explained,
        coefficients: vector(&coefficients),
    })
}

/// How well a model does on rows it has not seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Score {
    /// Root of the mean squared error, in minutes.
    pub(crate) rmse: f64,
    /// Share of the variance that is explained.
    pub(crate) r2: f64,
}

/// The model's score on the rows of `test`.
pub(crate) fn score(model: &Model, test: &Moments) -> Score {
    let terms = || model.columns.iter().zip(model.coefficients.iter());
    let linear = |sums: &Array<f64>| terms().map(|(&a, coefficient)| coefficient * sums[[a]]).sum::<f64>();
    let (n, intercept) = (test.rows, model.intercept);
    let quadratic: f64 = terms()
        .map(|(&a, left)| terms().map(|(&b, right)| left * right * test.xx[[a, b]]).sum::<f64>())
        .sum();
    let squared_error = test.yy - 2.0 * (intercept * test.y + linear(&test.xy))
        + n * intercept * intercept
        + 2.0 * intercept * linear(&test.x)
        + quadratic;
    let variance = test.yy - test.y * test.y / n;
    Score { rmse: (squared_error / n).max(0.0).sqrt(), r2: 1.0 - squared_error / variance }
}

fn vector(values: &DVector<f64>) -> Array<f64> {
    Array::from_slice(values.as_slice(), &[values.len()]).expect("a vector's own length")
}
