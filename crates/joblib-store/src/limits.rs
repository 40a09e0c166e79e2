//! How much a store may hold, and sizes as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::{Policy, Usage};

/// How much a store may hold. Unset limits do not bind.
///
/// ```
/// use joblib_store::Limits;
/// use std::time::Duration;
///
/// let limits = Limits { bytes: Some("10G".parse::<joblib_store::ByteSize>()?.bytes()), ..Limits::default() };
/// assert_eq!(limits.bytes, Some(10 * 1024 * 1024 * 1024));
/// assert_eq!(limits.superseded_age, Some(Duration::from_secs(30 * 24 * 3600)));
/// # Ok::<(), joblib_store::ParseByteSizeError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Bytes of all results together.
    pub bytes: Option<u64>,
    /// The number of results.
    pub items: Option<u64>,
    /// Time since a result was last used.
    pub age: Option<Duration>,
    /// The same for results of earlier code; 30 days unless set.
    pub superseded_age: Option<Duration>,
    /// Which results go first.
    pub policy: Policy,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: None,
            items: None,
            age: None,
            superseded_age: Some(Duration::from_hours(30 * 24)),
            policy: Policy::default(),
        }
    }
}

impl Limits {
    /// At most so many bytes: a number, or a text such as `"10G"`. An error is a text that is no [`ByteSize`].
    ///
    /// ```
    /// use joblib_store::Limits;
    ///
    /// let limits = Limits::default().bytes_limit("10G")?.items_limit(1_000_000);
    /// assert_eq!(limits.bytes, Some(10 << 30));
    /// # Ok::<(), joblib_store::ParseByteSizeError>(())
    /// ```
    pub fn bytes_limit<S>(mut self, limit: S) -> Result<Self, ParseByteSizeError>
    where
        S: TryInto<ByteSize>,
        ParseByteSizeError: From<S::Error>,
    {
        self.bytes = Some(limit.try_into()?.bytes());
        Ok(self)
    }

    /// At most so many results.
    pub fn items_limit(mut self, limit: u64) -> Self {
        self.items = Some(limit);
        self
    }

    /// Nothing that was unused for longer.
    ///
    /// ```
    /// use joblib_store::Limits;
    /// use std::time::Duration;
    ///
    /// let hour = Duration::from_secs(3600);
    /// let limits = Limits::default().age_limit(24 * hour);
    /// assert!(limits.too_old(25 * hour, true) && !limits.too_old(23 * hour, true));
    /// ```
    pub fn age_limit(mut self, limit: Duration) -> Self {
        self.age = Some(limit);
        self
    }

    /// Whether `usage` is within the limits of bytes and items.
    ///
    /// ```
    /// use joblib_store::{Limits, Usage};
    ///
    /// let limits = Limits::default().bytes_limit("1K")?;
    /// assert!(limits.bound_usage() && !Limits::default().bound_usage());
    /// assert!(limits.allow(Usage { bytes: 1024, items: 1 }));
    /// assert!(!limits.allow(Usage { bytes: 1025, items: 1 }));
    /// # Ok::<(), joblib_store::ParseByteSizeError>(())
    /// ```
    pub fn allow(&self, usage: Usage) -> bool {
        self.bytes.is_none_or(|limit| usage.bytes <= limit)
            && self.items.is_none_or(|limit| usage.items <= limit)
    }

    /// Whether bytes or items are limited.
    pub fn bound_usage(&self) -> bool {
        self.bytes.is_some() || self.items.is_some()
    }

    /// Whether a result is too old to keep: unused for `idle`, made by its function's latest code (`current`) or by an
    /// earlier.
    ///
    /// ```
    /// use joblib_store::Limits;
    /// use std::time::Duration;
    ///
    /// let days = |days: u64| Duration::from_secs(days * 24 * 3600);
    /// assert!(Limits::default().too_old(days(31), false), "results of earlier code go after 30 days");
    /// assert!(!Limits::default().too_old(days(31), true));
    /// ```
    pub fn too_old(&self, idle: Duration, current: bool) -> bool {
        self.age.is_some_and(|limit| idle > limit)
            || (!current && self.superseded_age.is_some_and(|limit| idle > limit))
    }
}

/// A number of bytes, as a number or as joblib writes it: `"1024"`, `"512K"`, `"1.5M"`, `"10G"` (powers of 1024).
///
/// ```
/// use joblib_store::ByteSize;
///
/// assert_eq!("1.5K".parse::<ByteSize>()?.bytes(), 1536);
/// assert!("10X".parse::<ByteSize>().is_err());
/// # Ok::<(), joblib_store::ParseByteSizeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(u64);

impl ByteSize {
    /// The number of bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

/// A text that is no number of bytes.
///
/// ```
/// use joblib_store::ByteSize;
///
/// let error = "ten".parse::<ByteSize>().unwrap_err();
/// assert!(error.to_string().contains("ten"));
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("a size is a number of bytes, or a number and one of K, M, G, T, as in \"10G\"; found {0:?}")]
pub struct ParseByteSizeError(String);

/// With the message, which is what a `main` that returns the error prints.
impl fmt::Debug for ParseByteSizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ParseByteSizeError({self})")
    }
}

/// A number is a size without more ado.
impl From<std::convert::Infallible> for ParseByteSizeError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl FromStr for ByteSize {
    type Err = ParseByteSizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseByteSizeError(text.to_owned());
        let trimmed = text.trim();
        if let Ok(bytes) = trimmed.parse() {
            return Ok(Self(bytes));
        }
        let power = match trimmed.bytes().last() {
            Some(b'K' | b'k') => 1,
            Some(b'M' | b'm') => 2,
            Some(b'G' | b'g') => 3,
            Some(b'T' | b't') => 4,
            _ => return Err(wrong()),
        };
        let number: f64 = trimmed[..trimmed.len() - 1].trim_end().parse().map_err(|_| wrong())?;
        let bytes = number * 1024_f64.powi(power);
        // Beyond 2^63 a limit of bytes says nothing; NaN and negatives never did.
        if (0.0..9.2e18).contains(&bytes) { Ok(Self(bytes as u64)) } else { Err(wrong()) }
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = self.0 as f64;
        for unit in ["B", "K", "M", "G"] {
            if value < 1024.0 {
                return if unit == "B" { write!(f, "{value:.0}B") } else { write!(f, "{value:.1}{unit}") };
            }
            value /= 1024.0;
        }
        write!(f, "{value:.1}T")
    }
}

impl From<u64> for ByteSize {
    fn from(bytes: u64) -> Self {
        Self(bytes)
    }
}

impl TryFrom<&str> for ByteSize {
    type Error = ParseByteSizeError;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_joblib_reads_them() {
        for (text, bytes) in
            [("80G", 80 << 30), ("1.4M", 1_468_006), ("120M", 120 << 20), ("53K", 53 << 10), ("7", 7)]
        {
            assert_eq!(text.parse::<ByteSize>().map(ByteSize::bytes), Ok(bytes), "{text}");
        }
        for text in ["", "fooG", "1.4", "-1K", "1KB", "NaNK", "1e30T", "G"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    #[test]
    fn results_of_earlier_code_age_faster() {
        let limits = Limits::default();
        let month = Duration::from_hours(31 * 24);
        assert!(limits.too_old(month, false));
        assert!(!limits.too_old(month, true));
    }
}
