//! The forms that `compress` takes, and the compressor and level they mean.

use std::convert::Infallible;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::compress::{Compressor, by_extension, by_name, missing, no_level};
use crate::error::{Error, Result};

/// A compressor, a level or both: see [`DumpOptions::compress`](crate::DumpOptions::compress).
///
/// ```
/// use joblib_persist::Compress;
///
/// let forms: [Compress; 4] = [true.into(), 6.into(), "gzip".into(), ("gzip", 6).into()];
/// assert_eq!("gzip:6".parse(), Ok(Compress::from(("gzip", 6))));
/// ```
///
/// It serializes as the value that it was converted from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compress(Form);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Form {
    On(bool),
    /// Any number, so that the error of a wrong one can say which.
    Level(i64),
    Name(String),
    NameAndLevel(String, u32),
}

impl Compress {
    /// Returns `true` if it compresses: `false` and level 0 turn compression off.
    ///
    /// ```
    /// use joblib_persist::Compress;
    ///
    /// assert!(Compress::from("lz4").compresses());
    /// assert!(!Compress::from(("xz", 0)).compresses());
    /// ```
    pub fn compresses(&self) -> bool {
        !matches!(self.0, Form::On(false) | Form::Level(0) | Form::NameAndLevel(_, 0))
    }
}

impl From<bool> for Compress {
    fn from(on: bool) -> Self {
        Self(Form::On(on))
    }
}

impl From<u32> for Compress {
    fn from(level: u32) -> Self {
        Self(Form::Level(level.into()))
    }
}

impl From<i32> for Compress {
    /// A negative level is as wrong as one that is too high, and the same error when it is used.
    fn from(level: i32) -> Self {
        Self(Form::Level(level.into()))
    }
}

impl From<&str> for Compress {
    fn from(name: &str) -> Self {
        Self(Form::Name(name.to_owned()))
    }
}

impl From<String> for Compress {
    fn from(name: String) -> Self {
        Self(Form::Name(name))
    }
}

impl<N: Into<String>> From<(N, u32)> for Compress {
    fn from((name, level): (N, u32)) -> Self {
        Self(Form::NameAndLevel(name.into(), level))
    }
}

impl fmt::Display for Compress {
    /// `true`, `false`, a level, a name, or a name and a level as in `xz:6`; [`from_str`](Self::from_str) reads them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::On(on) => on.fmt(f),
            Form::Level(level) => level.fmt(f),
            Form::Name(name) => f.write_str(name),
            Form::NameAndLevel(name, level) => write!(f, "{name}:{level}"),
        }
    }
}

impl FromStr for Compress {
    type Err = Infallible;

    /// The choice that this text names. Whether there is such a compressor or level shows when it is used.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        if let Ok(on) = text.parse() {
            return Ok(Self(Form::On(on)));
        }
        if let Ok(level) = text.parse() {
            return Ok(Self(Form::Level(level)));
        }
        if let Some((name, level)) = text.split_once(':')
            && let Ok(level) = level.parse()
        {
            return Ok(Self(Form::NameAndLevel(name.to_owned(), level)));
        }
        Ok(Self(Form::Name(text.to_owned())))
    }
}

/// The compressor and level that are meant; `None` for an uncompressed file.
pub(crate) fn choose(
    compress: Option<&Compress>,
    path: Option<&Path>,
) -> Result<Option<(Arc<dyn Compressor>, u32)>> {
    if compress.is_none_or(Compress::compresses)
        && let Some(error) = path.and_then(missing::by_extension)
        && path.and_then(by_extension).is_none()
        && !matches!(compress.map(|compress| &compress.0), Some(Form::Name(_) | Form::NameAndLevel(..)))
    {
        return Err(error);
    }
    let by_path = || path.and_then(by_extension);
    let or_zlib = || by_path().map_or_else(|| by_name("zlib"), Ok);
    let (compressor, level) = match compress.map(|compress| &compress.0) {
        None => match by_path() {
            Some(compressor) => (compressor, None),
            None => return Ok(None),
        },
        Some(Form::On(false) | Form::Level(0)) => return Ok(None),
        // A name that is wrong is wrong at any level.
        Some(Form::NameAndLevel(name, 0)) => return by_name(name).map(|_| None),
        // Level 3, where there is more than one.
        Some(Form::On(true)) => {
            let compressor = or_zlib()?;
            let level = compressor.levels().contains(&3).then_some(3);
            (compressor, level)
        }
        Some(Form::Level(level)) => (or_zlib()?, Some(*level)),
        Some(Form::Name(name)) => (by_name(name)?, None),
        Some(Form::NameAndLevel(name, level)) => (by_name(name)?, Some(i64::from(*level))),
    };
    let level = level.unwrap_or_else(|| compressor.default_level().into());
    match u32::try_from(level) {
        Ok(level) if compressor.levels().contains(&level) => Ok(Some((compressor, level))),
        _ => Err(Error::value(no_level(&*compressor, level))),
    }
}
