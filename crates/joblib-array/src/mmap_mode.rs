//! How a file's array is mapped: numpy's four modes.

use std::fmt;
use std::str::FromStr;

/// How an array is mapped from a file: numpy's modes, with numpy's names.
///
/// ```
/// use joblib_array::MmapMode;
///
/// assert_eq!("r+".parse(), Ok(MmapMode::ReadWrite));
/// assert_eq!(MmapMode::CopyOnWrite.to_string(), "c");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MmapMode {
    /// `r`: read only.
    Read,
    /// `r+`: writes change the file.
    ReadWrite,
    /// `w+`: as `r+` for a file that exists; numpy's mode for a file that the mapping creates.
    Write,
    /// `c`: writes stay in memory.
    CopyOnWrite,
}

impl MmapMode {
    /// numpy's name of the mode.
    ///
    /// ```
    /// use joblib_array::MmapMode;
    ///
    /// assert_eq!(MmapMode::ReadWrite.name(), "r+");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "r",
            Self::ReadWrite => "r+",
            Self::Write => "w+",
            Self::CopyOnWrite => "c",
        }
    }

    /// Returns `true` if writes to the array change the file.
    ///
    /// ```
    /// use joblib_array::MmapMode;
    ///
    /// assert!(MmapMode::ReadWrite.writes_to_file());
    /// assert!(!MmapMode::CopyOnWrite.writes_to_file());
    /// ```
    pub const fn writes_to_file(self) -> bool {
        matches!(self, Self::ReadWrite | Self::Write)
    }
}

impl fmt::Display for MmapMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The error for a string that is not one of numpy's mapping modes.
///
/// ```
/// use joblib_array::{MmapMode, ParseMmapModeError};
///
/// let error: ParseMmapModeError = "rw".parse::<MmapMode>().unwrap_err();
/// assert!(error.to_string().contains("\"r+\""));
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown mmap_mode {found:?}: expected \"r\", \"r+\", \"w+\" or \"c\"")]
pub struct ParseMmapModeError {
    found: String,
}

/// Writes the message, for a `main` that returns the error.
impl fmt::Debug for ParseMmapModeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ParseMmapModeError({self})")
    }
}

impl FromStr for MmapMode {
    type Err = ParseMmapModeError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::Read, Self::ReadWrite, Self::Write, Self::CopyOnWrite]
            .into_iter()
            .find(|mode| mode.name() == name)
            .ok_or_else(|| ParseMmapModeError { found: name.to_owned() })
    }
}
