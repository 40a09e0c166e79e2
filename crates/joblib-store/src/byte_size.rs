//! Sizes as people write them.

use std::fmt;
use std::str::FromStr;

/// A number of bytes, given as a number or as text: `"1024"`, `"512K"`, `"1.5M"`, `"10G"` (powers of 1024, as in joblib).
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

/// The error for a text that is not a valid [`ByteSize`].
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

/// Writes the message, for a `main` that returns the error.
impl fmt::Debug for ParseByteSizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ParseByteSizeError({self})")
    }
}

/// A number converts directly.
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
            Some(b'B' | b'b') => 0,
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
        for (text, bytes) in [
            ("80G", 80 << 30),
            ("1.4M", 1_468_006),
            ("120M", 120 << 20),
            ("53K", 53 << 10),
            ("7", 7),
            ("7B", 7),
        ] {
            assert_eq!(text.parse::<ByteSize>().map(ByteSize::bytes), Ok(bytes), "{text}");
        }
        for text in ["", "fooG", "1.4", "-1K", "1KB", "NaNK", "1e30T", "G"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }
}
