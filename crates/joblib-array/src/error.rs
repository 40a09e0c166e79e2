//! What can go wrong with an array in memory.

use crate::dtype::DType;

/// The maximum number of dimensions of an array that is written or read: numpy's limit.
pub const MAX_NDIM: usize = 64;

/// A shape that does not fit the elements given for it.
///
/// ```
/// use joblib_array::{Array, ShapeError};
///
/// let error = Array::from_vec(vec![1, 2, 3], &[2, 2]).unwrap_err();
/// assert!(matches!(error, ShapeError::Length { expected: 4, found: 3, .. }));
/// assert_eq!(error.to_string(), "shape [2, 2] needs 4 elements, but 3 were given");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// The product of the dimensions is not the number of elements.
    #[error("shape {shape:?} needs {expected} elements, but {found} were given")]
    Length {
        /// The shape asked for.
        shape: Vec<usize>,
        /// Elements that the shape holds.
        expected: usize,
        /// Elements given.
        found: usize,
    },
    /// The product of the dimensions, in bytes, does not fit the address space.
    #[error(
        "shape {shape:?} of {dtype} is larger than the address space: the lengths that are not zero must make less than \
         {} bytes{}",
        isize::MAX,
        hint(shape)
    )]
    TooLarge {
        /// The shape asked for.
        shape: Vec<usize>,
        /// The element type.
        dtype: DType,
    },
    /// More dimensions than numpy and the file formats allow.
    #[error(
        "an array of {found} dimensions: expected at most {}; give it another shape with `reshape`",
        MAX_NDIM
    )]
    TooManyDimensions {
        /// The number of dimensions.
        found: usize,
    },
    /// The memory does not start at a multiple of the element's alignment.
    #[error(
        "the buffer starts at an address that is not aligned for {dtype}; copy it into a new buffer first"
    )]
    Misaligned {
        /// The element type.
        dtype: DType,
    },
    /// A byte other than 0 and 1 in an array of `bool`.
    #[error("element {index} of an array of bool is the byte {found}; expected 0 or 1")]
    NotBool {
        /// Its place.
        index: usize,
        /// The byte.
        found: u8,
    },
}

/// What to do about an empty array whose strides are too large.
fn hint(shape: &[usize]) -> &'static str {
    if shape.contains(&0) { "; give the empty array another shape, such as [0]" } else { "" }
}

/// The array's memory is a read-only mapping, or is shared with another array.
///
/// ```
/// use joblib_array::{Array, ReadOnly};
///
/// let mut a = Array::from(vec![1, 2]);
/// let shared = a.clone();
/// let error: ReadOnly = a.as_mut_slice().unwrap_err();
/// assert!(error.to_string().contains("make_mut()"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ReadOnly {
    pub(crate) reason: &'static str,
}
