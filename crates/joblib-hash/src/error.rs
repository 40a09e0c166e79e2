//! Why a value could not be hashed.

use std::fmt;

use joblib_encoding::MAX_DEPTH;

/// The error of hashing: the value's `Serialize` implementation returned an error, or the value is nested too deep.
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
/// assert!(!error.is_too_deep());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashError(Reason);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Reason {
    /// What the value's `Serialize` said.
    Refused(String),
    TooDeep,
}

impl HashError {
    #[cold]
    pub(crate) fn too_deep() -> Self {
        Self(Reason::TooDeep)
    }

    /// Returns `true` if the value is nested deeper than [`MAX_DEPTH`] levels, which is also the limit for saving a value.
    ///
    /// ```
    /// let nested = (0..1_000).fold(serde_json::json!(0), |inner, _| serde_json::json!([inner]));
    /// assert!(joblib_hash::hash(&nested).unwrap_err().is_too_deep());
    /// ```
    pub fn is_too_deep(&self) -> bool {
        self.0 == Reason::TooDeep
    }
}

impl fmt::Display for HashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value can't be hashed: ")?;
        match &self.0 {
            Reason::Refused(message) => f.write_str(message),
            Reason::TooDeep => write!(
                f,
                "it nests deeper than {MAX_DEPTH} levels: expected fewer; \
                 keep what is nested in one sequence, each by its place in it"
            ),
        }
    }
}

impl std::error::Error for HashError {}

impl serde::ser::Error for HashError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(Reason::Refused(message.to_string()))
    }
}
