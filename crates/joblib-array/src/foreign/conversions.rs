//! To and from `ndarray`'s arrays.

use ndarray::{ArrayD, ArrayViewD, Dimension, IxDyn, ShapeBuilder};

use crate::{Array, Element, Order};

impl<T: Element> Array<T> {
    /// The array as `ndarray` sees it, in the same memory.
    ///
    /// ```
    /// # use joblib_array::Array;
    /// let a = Array::from_vec(vec![1.0, 2.0, 3.0, 4.0], &[2, 2])?;
    /// assert_eq!(a.view().sum(), 10.0);
    /// # Ok::<(), joblib_array::ShapeError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Never panics, because the shape was checked when the array was created.
    pub fn view(&self) -> ArrayViewD<'_, T> {
        let shape = IxDyn(self.shape()).set_f(self.order() == Order::F);
        match ArrayViewD::from_shape(shape, self.as_slice()) {
            Ok(view) => view,
            Err(error) => unreachable!("a checked shape: {error}"),
        }
    }
}

impl<T: Element> From<Array<T>> for ArrayD<T> {
    fn from(array: Array<T>) -> Self {
        array.view().to_owned()
    }
}

impl<T: Element, D: Dimension> From<ndarray::Array<T, D>> for Array<T> {
    /// Keeps the memory of an array in standard (C) order that starts at its allocation's start; copies others.
    fn from(array: ndarray::Array<T, D>) -> Self {
        let shape = array.shape().to_vec();
        let elements = if array.is_standard_layout() {
            match array.into_raw_vec_and_offset() {
                (elements, None | Some(0)) if elements.len() == shape.iter().product() => elements,
                (elements, offset) => {
                    let start = offset.unwrap_or(0);
                    let len: usize = shape.iter().product();
                    elements[start..start + len].to_vec()
                }
            }
        } else {
            array.iter().copied().collect()
        };
        match Self::from_vec(elements, &shape) {
            Ok(array) => array,
            Err(error) => unreachable!("a shape and its elements: {error}"),
        }
    }
}
