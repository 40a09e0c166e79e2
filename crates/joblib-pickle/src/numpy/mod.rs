//! numpy's arrays as files hold them: their element types, their bytes, and one element at a time; and those of Python's own
//! module `array`.

pub(crate) mod array;
pub(crate) mod dtype;
mod dtype_parse;
pub(crate) mod element;
pub(crate) mod ndarray;
pub(crate) mod small;
pub(crate) mod std_array;
