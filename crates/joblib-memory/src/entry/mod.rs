//! An entry of the store: what is known of a result, and the result.

pub(crate) mod codec;
pub(crate) mod metadata;
pub(crate) mod stored;
