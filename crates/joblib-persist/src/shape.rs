//! Which arrays a file can hold, so that none is written that could not be read.

use joblib_array::DType;

use crate::error::{Error, Result};

/// numpy's limit, and that of both formats.
pub(crate) const MAX_NDIM: usize = 64;

/// Refuses a shape that no reader takes. Python's readers have the same limits.
pub(crate) fn check_shape(dtype: DType, shape: &[usize]) -> Result<()> {
    if shape.len() > MAX_NDIM {
        return Err(Error::value(format!(
            "an array of {} dimensions can't be saved: expected at most {MAX_NDIM}; give it another shape with `reshape`",
            shape.len()
        )));
    }
    // A zero makes the array empty, but strides are products of the other lengths and must not overflow either.
    let bytes = shape
        .iter()
        .filter(|&&len| len != 0)
        .try_fold(dtype.size(), |bytes, &len| bytes.checked_mul(len))
        .filter(|&bytes| isize::try_from(bytes).is_ok());
    if bytes.is_none() {
        return Err(Error::value(format!(
            "an array of {dtype} and shape {shape:?} can't be saved: the lengths that are not zero must make less than \
             {} bytes; give the empty array another shape, such as [0]",
            isize::MAX
        )));
    }
    Ok(())
}
