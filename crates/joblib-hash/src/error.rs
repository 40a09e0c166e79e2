//! Why a value could not be hashed.

/// The value's own `Serialize` implementation refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the value can't be hashed: {0}")]
pub struct HashError(String);

impl serde::ser::Error for HashError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}
