//! Why a value could not be hashed.

/// The value's own `Serialize` implementation refused.
///
/// ```
/// use std::cell::RefCell;
///
/// use joblib_hash::{HashError, hash};
///
/// let busy = RefCell::new(1);
/// let _writer = busy.borrow_mut();
/// let error: HashError = hash(&busy).unwrap_err();
/// assert!(error.to_string().starts_with("the value can't be hashed"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the value can't be hashed: {0}")]
pub struct HashError(String);

impl serde::ser::Error for HashError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}
