//! How much a store holds, and what keeping to the limits dropped.

/// The size and number of stored results.
///
/// ```
/// use joblib_store::Usage;
///
/// let usage = Usage { bytes: 10, items: 1 }.plus(5);
/// assert_eq!(usage.minus(10), Usage { bytes: 5, items: 1 });
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// The total size, in bytes.
    pub bytes: u64,
    /// The number of results.
    pub items: u64,
}

impl Usage {
    /// The usage with one more item of `bytes`.
    #[must_use]
    pub fn plus(self, bytes: u64) -> Self {
        Self { bytes: self.bytes.saturating_add(bytes), items: self.items.saturating_add(1) }
    }

    /// The usage with one item of `bytes` fewer.
    #[must_use]
    pub fn minus(self, bytes: u64) -> Self {
        Self { bytes: self.bytes.saturating_sub(bytes), items: self.items.saturating_sub(1) }
    }
}

/// What was dropped to enforce limits.
///
/// ```
/// use joblib_store::Reduced;
///
/// let mut reduced = Reduced::default();
/// reduced.add(100);
/// assert_eq!((reduced.items, reduced.bytes), (1, 100));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reduced {
    /// The number of dropped results.
    pub items: u64,
    /// Their size, in bytes.
    pub bytes: u64,
}

impl Reduced {
    /// Adds one dropped result of `bytes`.
    pub fn add(&mut self, bytes: u64) {
        self.items += 1;
        self.bytes += bytes;
    }
}
