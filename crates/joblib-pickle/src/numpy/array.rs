//! An array as it is in memory.

use std::rc::Rc;

use joblib_array::{Buffer, Order};

use super::dtype::Layout;
use crate::machine::fault::Fault;
use crate::tree::ids::{Id, Items};

/// An array, or a numpy scalar.
#[derive(Debug, Clone)]
pub(crate) struct NdArray {
    pub(crate) layout: Rc<Layout>,
    pub(crate) shape: Vec<usize>,
    pub(crate) order: Order,
    pub(crate) data: Data,
    /// Whether it is a scalar such as `numpy.float64(1.0)` and not an array of no dimensions.
    pub(crate) scalar: bool,
}

/// The elements of an array, in its order.
#[derive(Debug, Clone)]
pub(crate) enum Data {
    Bytes(Buffer),
    Objects(Items),
    /// Objects that did not lie together.
    Gathered(Rc<[Id]>),
}

impl NdArray {
    /// An array over bytes, whose number must fit.
    pub(crate) fn new(
        layout: Rc<Layout>,
        shape: Vec<usize>,
        order: Order,
        buffer: Buffer,
    ) -> Result<Self, Fault> {
        let expected = byte_len(&layout, &shape)?;
        if expected != buffer.len() as u64 {
            return Err(Fault::corrupt(format!(
                "an array of shape {shape:?} and dtype {} takes {expected} bytes, and has {}",
                layout.name(),
                buffer.len()
            )));
        }
        Ok(Self { layout, shape, order, data: Data::Bytes(buffer), scalar: false })
    }

    /// Number of elements.
    pub(crate) fn len(&self) -> usize {
        // Checked when the array was made.
        self.shape.iter().product()
    }
}

/// Elements of a shape.
pub(crate) fn element_count(shape: &[usize]) -> Result<u64, Fault> {
    // A zero makes the array empty, but the product of some of the lengths must not overflow either: strides are such
    // products. numpy has the same rule.
    let count = shape
        .iter()
        .filter(|&&len| len != 0)
        .try_fold(1_u64, |count, &len| count.checked_mul(len as u64))
        .filter(|&count| isize::try_from(count).is_ok())
        .ok_or_else(|| Fault::corrupt(format!("an array of shape {shape:?} is larger than any memory")))?;
    Ok(if shape.contains(&0) { 0 } else { count })
}

/// Bytes of an array.
pub(crate) fn byte_len(layout: &Layout, shape: &[usize]) -> Result<u64, Fault> {
    element_count(shape)?
        .checked_mul(layout.size as u64)
        .filter(|&len| isize::try_from(len).is_ok())
        .ok_or_else(|| {
            Fault::corrupt(format!(
                "an array of shape {shape:?} and dtype {} is larger than any memory",
                layout.name()
            ))
        })
}
