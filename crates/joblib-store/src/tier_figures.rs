//! What each tier of a store did for this process.

/// What one tier of a store did for this process.
///
/// ```
/// use joblib_store::{Store, StoreOptions, TierFigures, Tiered, open};
///
/// let near = open("in_memory", &StoreOptions::new("figures near"))?;
/// let tiers = Tiered::new(near, open("in_memory", &StoreOptions::new("figures far"))?);
/// let figures: Vec<TierFigures> = tiers.tiers();
/// assert_eq!((figures[0].location.as_str(), figures[1].hits), ("figures near", 0));
/// # Ok::<(), joblib_store::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TierFigures {
    /// The tier's backend.
    pub backend: String,
    /// Where it is.
    pub location: String,
    /// Results that it had.
    pub hits: u64,
    /// Times that it was asked and had none.
    pub misses: u64,
    /// Bytes that were read from it; of the nearest tier they are not counted.
    pub bytes_read: u64,
    /// Bytes that were uploaded to it; of the nearest tier they are not counted.
    pub bytes_written: u64,
    /// Results that were uploaded to it.
    pub uploaded: u64,
    /// Results that wait to be uploaded.
    pub waiting: u64,
    /// Operations that failed. Of the nearest tier they are the store's errors.
    pub failures: u64,
}
