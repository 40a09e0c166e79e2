//! numpy's arrays as files hold them: their element types, their bytes, and one element at a time.

pub(crate) mod array;
pub(crate) mod dtype;
mod dtype_parse;
pub(crate) mod element;
pub(crate) mod ndarray;
pub(crate) mod small;
