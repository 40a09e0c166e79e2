//! What each tier of a store did for this process.

/// The counters of one tier of a store, for this process.
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
    /// The tier's location.
    pub location: String,
    /// The number of results that were found in it.
    pub hits: u64,
    /// The number of lookups that found nothing.
    pub misses: u64,
    /// Bytes that were read from it; not counted for the nearest tier.
    pub bytes_read: u64,
    /// Bytes that were uploaded to it; not counted for the nearest tier.
    pub bytes_written: u64,
    /// The number of results that were uploaded to it.
    pub uploaded: u64,
    /// The number of results that wait to be uploaded.
    pub waiting: u64,
    /// The number of operations that failed. Failures of the nearest tier are returned as errors of the store instead.
    pub failures: u64,
}
