//! Matrices of faer, which serde does not know: cached functions take and give their columns, as an `Array` in Fortran order.

use faer::linalg::solvers::Solve;
use faer::{Mat, MatRef};
use joblib::array::Order;
use joblib::prelude::*;

/// A copy of a matrix, column by column.
fn to_array(matrix: MatRef<'_, f64>) -> Array<f64> {
    let rows = matrix.nrows();
    Array::from_fn(&[rows, matrix.ncols()], |at| matrix[(at[0], at[1])])
}

/// A copy of an array with two axes.
fn to_matrix(array: &Array<f64>) -> Mat<f64> {
    Mat::from_fn(array.shape()[0], array.shape()[1], |i, j| array[[i, j]])
}

#[cached]
fn solve(a: &Array<f64>, b: &Array<f64>) -> Array<f64> {
    to_array(to_matrix(a).partial_piv_lu().solve(to_matrix(b)).as_ref())
}

fn main() -> joblib::Result<()> {
    let again = std::env::args().nth(1).as_deref() == Some("again");
    Memory::new("cache")?.install()?;

    let a = Mat::from_fn(40, 40, |i, j| if i == j { 8.0 } else { 1.0 / (1 + i + j) as f64 });
    let b = Mat::from_fn(40, 2, |i, j| (i + j) as f64);
    let x = to_matrix(&solve(&to_array(a.as_ref()), &to_array(b.as_ref())));
    assert!((&a * &x - &b).norm_max() < 1e-9);
    assert_eq!(solve::stats().hits, u64::from(again));
    assert_eq!(to_array(x.as_ref()).order(), Order::C);
    Ok(())
}
