//! Ridge regression from sums of products: the data is walked once for each fold, then every model is small algebra.

use joblib::prelude::*;
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
#[cached(key = (&matrix.digest, folds))]
pub(crate) fn moments(matrix: &Matrix, folds: usize) -> joblib::Result<Vec<Moments>> {
    let tasks = (0..folds).map(|fold| move || fold_moments(&matrix.x, &matrix.y, folds, fold));
    Ok(Parallel::new().require(SharedMem).run(tasks)?)
}

fn fold_moments(x: &Array<f32>, y: &Array<f64>, folds: usize, fold: usize) -> Moments {
    let width = x.shape()[1];
    let mut row = vec![0.0; width];
    let mut sums = vec![0.0; width];
    // The products of a column with itself and those after it; the matrix is symmetric.
    let mut products = vec![0.0; width * width];
    let mut with_target = vec![0.0; width];
    let (mut rows, mut y_sum, mut yy) = (0.0, 0.0, 0.0);
    for i in (fold..y.len()).step_by(folds) {
        let target = y[[i]];
        row.iter_mut().zip(x.row(i)).for_each(|(cell, &value)| *cell = f64::from(value));
        for (a, &cell) in row.iter().enumerate() {
            sums[a] += cell;
            with_target[a] += cell * target;
            let others = &mut products[a * width + a..(a + 1) * width];
            others.iter_mut().zip(&row[a..]).for_each(|(sum, other)| *sum += cell * other);
        }
        rows += 1.0;
        y_sum += target;
        yy += target * target;
    }
    for a in 0..width {
        for b in 0..a {
            products[a * width + b] = products[b * width + a];
        }
    }
    Moments {
        rows,
        x: sums.into(),
        y: y_sum,
        xx: Array::from_vec(products, &[width, width]).expect("a square"),
        xy: with_target.into(),
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
    let (n, width) = (train.rows, columns.len());
    let mean = |i: usize| train.x[[i]] / n;
    let gram = Array::from_fn(&[width, width], |index| {
        let (a, b) = (columns[index[0]], columns[index[1]]);
        let covariance = train.xx[[a, b]] - n * mean(a) * mean(b);
        if index[0] == index[1] { covariance + penalty } else { covariance }
    });
    let right: Array<f64> = columns.iter().map(|&a| train.xy[[a]] - mean(a) * train.y).collect();
    let coefficients = solve(gram, right).ok_or_else(|| {
        format!("the columns {columns:?} depend on each other; use a penalty above {penalty}")
    })?;
    let explained: f64 =
        columns.iter().zip(coefficients.iter()).map(|(&a, coefficient)| coefficient * mean(a)).sum();
    Ok(Model { columns: columns.to_vec(), intercept: train.y / n - explained, coefficients })
}

/// Solves `matrix * x = right` for a symmetric positive definite matrix, by its Cholesky decomposition; `None` if the
/// matrix is not positive definite.
fn solve(mut matrix: Array<f64>, mut right: Array<f64>) -> Option<Array<f64>> {
    let n = right.len();
    let lower = matrix.make_mut();
    let x = right.make_mut();
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| lower[i * n + k] * lower[j * n + k]).sum();
            let rest = lower[i * n + j] - dot;
            if i == j && (rest <= 0.0 || rest.is_nan()) {
                return None;
            }
            lower[i * n + j] = if i == j { rest.sqrt() } else { rest / lower[j * n + j] };
        }
        let dot: f64 = (0..i).map(|k| lower[i * n + k] * x[k]).sum();
        x[i] = (x[i] - dot) / lower[i * n + i];
    }
    for i in (0..n).rev() {
        let dot: f64 = (i + 1..n).map(|k| lower[k * n + i] * x[k]).sum();
        x[i] = (x[i] - dot) / lower[i * n + i];
    }
    Some(right)
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
