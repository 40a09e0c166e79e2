//! numpy's arrays as files hold them: their element types, their bytes, and one element at a time.

pub(in crate::pickle) mod dtype;
pub(in crate::pickle) mod element;
pub(in crate::pickle) mod ndarray;
