//! Public items, all with documentation.

use joblib::{cached, tracked};

/// What a number is divided by.
#[tracked]
pub const BY: u64 = 2;

/// Half of a number.
#[cached(depends(BY))]
#[must_use]
pub fn halved(number: u64) -> u64 {
    number.checked_div(BY).unwrap_or_default()
}

/// A type with a cached associated function.
#[derive(Debug, Clone, Copy)]
pub struct Halves;

impl Halves {
    /// A quarter of a number.
    #[cached(associated)]
    #[must_use]
    pub fn quarter(number: u64) -> u64 {
        halved(halved(number))
    }
}
