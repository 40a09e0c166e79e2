//! Shapes and the order of elements in memory: pure arithmetic.

use std::fmt;
use std::str::FromStr;

use crate::dtype::DType;
use crate::error::{MAX_NDIM, ShapeError};

/// The order of an array's elements in memory.
///
/// ```
/// use joblib_array::Order;
///
/// assert_eq!(Order::default(), Order::C);
/// assert_eq!(Order::F.name(), "F");
/// assert_eq!("F".parse(), Ok(Order::F));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// Row-major: the last index varies fastest.
    #[default]
    C,
    /// Column-major (Fortran): the first index varies fastest.
    F,
}

impl Order {
    /// numpy's letter: `C` or `F`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::C => "C",
            Self::F => "F",
        }
    }
}

/// A text that is not the letter of an order.
///
/// ```
/// use joblib_array::{Order, ParseOrderError};
///
/// let error: ParseOrderError = "K".parse::<Order>().unwrap_err();
/// assert_eq!(error.to_string(), r#"unknown order "K": expected C or F"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown order {found:?}: expected C or F")]
pub struct ParseOrderError {
    pub(crate) found: String,
}

impl FromStr for Order {
    type Err = ParseOrderError;

    fn from_str(name: &str) -> Result<Self, ParseOrderError> {
        match name {
            "C" => Ok(Self::C),
            "F" => Ok(Self::F),
            _ => Err(ParseOrderError { found: name.to_owned() }),
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Checks that every reader can hold an array of this shape: at most [`MAX_NDIM`] dimensions, and strides that fit the
/// address space even where the array is empty. numpy has the same limits.
pub(crate) fn check_portable(dtype: DType, shape: &[usize]) -> Result<(), ShapeError> {
    if shape.len() > MAX_NDIM {
        return Err(ShapeError::TooManyDimensions { found: shape.len() });
    }
    // A zero makes the array empty, but strides are products of the other lengths and must not overflow either.
    shape
        .iter()
        .filter(|&&len| len != 0)
        .try_fold(dtype.size(), |bytes, &len| bytes.checked_mul(len))
        .filter(|&bytes| isize::try_from(bytes).is_ok())
        .map(|_| ())
        .ok_or_else(|| ShapeError::TooLarge { shape: shape.to_vec(), dtype })
}

/// Elements of a shape, or an error when their bytes would not fit the address space.
pub(crate) fn checked_len(shape: &[usize], dtype: DType) -> Result<usize, ShapeError> {
    // An empty dimension makes the array empty, however large the others are.
    if shape.contains(&0) {
        return Ok(0);
    }
    shape
        .iter()
        .try_fold(1_usize, |len, &dimension| len.checked_mul(dimension))
        .filter(|len| len.checked_mul(dtype.size()).is_some_and(|bytes| isize::try_from(bytes).is_ok()))
        .ok_or_else(|| ShapeError::TooLarge { shape: shape.to_vec(), dtype })
}

/// The place in memory of an index, or `None` when it lies outside of the shape.
pub(crate) fn offset(index: &[usize], shape: &[usize], order: Order) -> Option<usize> {
    if index.len() != shape.len() || index.iter().zip(shape).any(|(i, dimension)| i >= dimension) {
        return None;
    }
    let step = |offset: usize, (&i, &dimension): (&usize, &usize)| offset * dimension + i;
    let pairs = index.iter().zip(shape);
    Some(match order {
        Order::C => pairs.fold(0, step),
        Order::F => pairs.rev().fold(0, step),
    })
}

/// Calls `visit` with the memory offsets of a Fortran-ordered array's elements, taken in C order.
pub(crate) fn for_each_in_c_order(shape: &[usize], order: Order, mut visit: impl FnMut(usize)) {
    let len = if shape.contains(&0) { 0 } else { shape.iter().product() };
    if order == Order::C || shape.len() < 2 {
        (0..len).for_each(visit);
        return;
    }
    let strides: Vec<usize> = shape
        .iter()
        .scan(1, |stride, &dimension| {
            let this = *stride;
            *stride *= dimension;
            Some(this)
        })
        .collect();
    let mut index = vec![0; shape.len()];
    let mut offset = 0;
    for _ in 0..len {
        visit(offset);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            offset += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            offset -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
}
