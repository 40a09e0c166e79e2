//! How much a pickle may make of itself.

/// Bounds on what reading a pickle may cost, beyond those that the file's own size sets.
///
/// A pickle's strings and containers can't be larger than the file that holds them, so a reader that trusts no length
/// stays within a few times the file's size. What a small file *can* do is nest, and refer to the same list again and
/// again ("billion laughs"); these limits bound that, and let a service set its own bounds for all the rest.
///
/// ```
/// use joblib_pickle::{Limits, Value, from_slice_with};
///
/// // For files of strangers: small, flat, and no list a thousand times over.
/// let limits = Limits::new().depth(64).memo(10_000).string(1 << 20).total(16 << 20).repeats(1 << 20);
/// // A list in a list in a list, …
/// let deep = [b"]".repeat(100), b"a".repeat(99), b".".to_vec()].concat();
/// let load = |limits| from_slice_with::<Value>(&deep, limits);
/// assert!(load(limits).unwrap_err().is_limit());
/// assert!(load(Limits::new()).is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub(crate) depth: usize,
    pub(crate) memo: usize,
    pub(crate) string: u64,
    pub(crate) total: u64,
    pub(crate) repeats: u64,
}

/// Levels of containers that are read by default, and the most that are written.
pub(crate) const DEPTH: usize = 256;

impl Limits {
    /// The defaults, which each method states.
    pub const fn new() -> Self {
        Self { depth: DEPTH, memo: u32::MAX as usize, string: u64::MAX, total: u64::MAX, repeats: 16 << 20 }
    }

    /// Levels of containers within containers; 256. Each level costs a few hundred bytes of stack while loading, up to
    /// 2 KiB in a debug build, so a larger value may ask for a thread with more.
    pub const fn depth(mut self, levels: usize) -> Self {
        self.depth = levels;
        self
    }

    /// Entries of the memo, by which a pickle refers back to objects; as many as the file makes.
    pub const fn memo(mut self, entries: usize) -> Self {
        self.memo = entries;
        self
    }

    /// Bytes of one string, `bytes` object or array; what the file holds.
    pub const fn string(mut self, bytes: u64) -> Self {
        self.string = bytes;
        self
    }

    /// Bytes of memory for the whole: strings, containers and arrays; unlimited. A container or number takes 16 to 64
    /// bytes before it becomes a Rust value.
    pub const fn total(mut self, bytes: u64) -> Self {
        self.total = bytes;
        self
    }

    /// Bytes that values may take which stand in the file once and in the result again and again, a container or
    /// number counting as 16; 16 MiB, and 64 times the size of the file on top.
    pub const fn repeats(mut self, bytes: u64) -> Self {
        self.repeats = bytes;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
