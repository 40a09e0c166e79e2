//! Where to open a store, and options that only its backend understands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::Error;

/// Where to open a store, and options that only its backend understands.
///
/// ```
/// use joblib_store::StoreOptions;
///
/// let options = StoreOptions::new("cache").option("timeout", "5");
/// assert_eq!(options.location(), "cache");
/// assert_eq!(options.get("timeout"), Some("5"));
/// assert_eq!(options.options().collect::<Vec<_>>(), [("timeout", "5")]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreOptions {
    location: PathBuf,
    options: BTreeMap<String, String>,
}

impl StoreOptions {
    /// Options for a store at `location`.
    pub fn new(location: impl Into<PathBuf>) -> Self {
        Self { location: location.into(), options: BTreeMap::new() }
    }

    /// Sets an option of the backend.
    pub fn option(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.insert(name.into(), value.into());
        self
    }

    /// The location of the store.
    pub fn location(&self) -> &Path {
        &self.location
    }

    /// Returns an option of the backend.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    /// Returns all options with their names.
    pub fn options(&self) -> impl Iterator<Item = (&str, &str)> {
        self.options.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The scheme of the location, if it is a URL: `s3` in `s3://bucket/prefix`.
    ///
    /// ```
    /// use joblib_store::StoreOptions;
    ///
    /// assert_eq!(StoreOptions::new("s3://team/cache").scheme(), Some("s3"));
    /// assert_eq!(StoreOptions::new("cache").scheme(), None);
    /// ```
    pub fn scheme(&self) -> Option<&str> {
        let (scheme, _) = self.location.to_str()?.split_once("://")?;
        let is_scheme = !scheme.is_empty()
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        is_scheme.then_some(scheme)
    }

    /// Returns the backend for the location, and the options for it: `object` for the URLs of object stores, such as
    /// `s3://bucket/prefix`, `gs://…` and `az://…`, and `local` for `file:///…` and for paths.
    ///
    /// # Errors
    ///
    /// Returns an error if no backend of this crate supports URLs with that scheme, and for a `file://` URL with a host.
    ///
    /// ```
    /// use joblib_store::StoreOptions;
    ///
    /// let (backend, options) = StoreOptions::new("file:///tmp/cache").by_location()?;
    /// assert_eq!((backend, options.location()), ("local", "/tmp/cache".as_ref()));
    /// assert_eq!(StoreOptions::new("s3://team/cache").by_location()?.0, "object");
    /// assert!(StoreOptions::new("gopher://cache").by_location().is_err());
    /// # Ok::<(), joblib_store::Error>(())
    /// ```
    pub fn by_location(mut self) -> Result<(&'static str, Self), Error> {
        const OBJECT: [&str; 8] = ["s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "memory"];
        match self.scheme() {
            None => Ok(("local", self)),
            Some("file") => {
                let path = self.location.to_str().and_then(|text| text.strip_prefix("file://"));
                let path = path.map(|path| path.strip_prefix("localhost").unwrap_or(path).to_owned());
                match path.filter(|path| path.starts_with('/')) {
                    Some(path) => {
                        self.location = path.into();
                        Ok(("local", self))
                    }
                    None => Err(self.refused("a URL of a folder has three slashes: file:///home/me/cache")),
                }
            }
            Some(scheme) if OBJECT.contains(&scheme) => {
                let text = self.location.display().to_string();
                self.location = text.trim_end_matches('/').into();
                Ok(("object", self))
            }
            Some(scheme) => {
                let known = OBJECT.join("://, ");
                Err(self
                    .refused(&format!("no store serves URLs of {scheme}://; known are file://, {known}://")))
            }
        }
    }

    /// The options with a location that stays the same when the process changes its working directory: a relative path
    /// is made absolute, and a leading `~` is the home directory. A URL stays as it is.
    ///
    /// # Errors
    ///
    /// Returns an error if the working directory or the home directory can't be determined, for a path that begins with the
    /// home directory of another user, such as `~somebody/cache`, and for a path that is not valid UTF-8.
    ///
    /// ```
    /// use joblib_store::StoreOptions;
    ///
    /// let options = StoreOptions::new("cache").absolute()?;
    /// assert!(options.location().is_absolute());
    /// assert!(StoreOptions::new("~somebody/cache").absolute().is_err());
    /// # Ok::<(), joblib_store::Error>(())
    /// ```
    pub fn absolute(mut self) -> Result<Self, Error> {
        if self.scheme().is_some() {
            return Ok(self);
        }
        let first = self.location.components().next().map(|part| part.as_os_str().to_string_lossy());
        let home = match first.as_deref() {
            Some("~") => {
                let home = std::env::home_dir().filter(|home| home.is_absolute());
                home.ok_or_else(|| {
                    self.refused("the home directory is not known: set HOME, or name a folder")
                })?
            }
            Some(first) if first.starts_with('~') && !self.location.exists() => {
                return Err(self.refused(
                    "only the own home directory has a short form, `~/…`; write others in full, or `./~…` for a \
                     folder of that name",
                ));
            }
            _ => PathBuf::new(),
        };
        let rest = if home.as_os_str().is_empty() {
            self.location.clone()
        } else {
            self.location.components().skip(1).collect()
        };
        let location = home.join(rest);
        self.location = std::path::absolute(&location)
            .map_err(|error| Error::io("find the absolute path of", location, error))?;
        self.text()?;
        Ok(self)
    }

    /// The location as text. Another process is told of it, and messages show it: it must not be another's.
    pub(crate) fn text(&self) -> Result<&str, Error> {
        let text = self.location.to_str();
        text.ok_or_else(|| self.refused("the location is not in UTF-8: choose a folder whose path is"))
    }

    /// Checks that the backend knows all options, so that none is silently ignored.
    ///
    /// # Errors
    ///
    /// Returns an error if an option's name is not among `known`.
    ///
    /// ```
    /// use joblib_store::StoreOptions;
    ///
    /// let options = StoreOptions::new("cache").option("timeoout", "5");
    /// let error = options.allow_only(&["timeout"]).unwrap_err();
    /// assert!(error.to_string().contains(r#"no option "timeoout"; known are timeout"#));
    /// ```
    pub fn allow_only(&self, known: &[&str]) -> Result<(), Error> {
        match self.options.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) if known.is_empty() => {
                Err(self.refused(&format!("there is no option {name:?}; this backend has none")))
            }
            Some(name) => {
                Err(self.refused(&format!("there is no option {name:?}; known are {}", known.join(", "))))
            }
        }
    }

    /// The absolute path of a store in a folder.
    pub(crate) fn folder(&self) -> Result<PathBuf, Error> {
        if self.scheme().is_some() {
            return Err(self.refused("this backend needs a folder; `Memory::open` takes URLs"));
        }
        Ok(self.clone().absolute()?.location)
    }

    /// An option that is a time: a number of seconds, or one with a unit.
    pub(crate) fn duration(&self, name: &str) -> Result<Option<Duration>, Error> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match duration(text) {
            Some(duration) => Ok(Some(duration)),
            None => Err(self
                .invalid(name, "a time such as \"30\", in seconds, \"500ms\", \"10min\", \"2h\" or \"7d\"")),
        }
    }

    /// An error for an option whose value is not what was expected.
    pub(crate) fn invalid(&self, name: &str, expected: &str) -> Error {
        let found = self.get(name).unwrap_or_default();
        self.refused(&format!("the option {name:?} is {found:?}, but should be {expected}"))
    }

    fn refused(&self, reason: &str) -> Error {
        Error::backend(self.shown(), reason)
    }

    /// The location for messages: a URL without what may be a key in it.
    fn shown(&self) -> String {
        let text = self.location.display().to_string();
        let Some((scheme, rest)) = text.split_once("://").filter(|_| self.scheme().is_some()) else {
            return text;
        };
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = authority.rsplit('@').next().unwrap_or_default();
        format!("{scheme}://{host}{path}")
    }
}

/// The time that a text names.
fn duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 6] =
        [("ms", 1e-3), ("min", 60.0), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86_400.0)];
    let text = text.trim();
    let (number, seconds) = UNITS
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, *seconds)))
        .unwrap_or((text, 1.0));
    Duration::try_from_secs_f64(number.trim_end().parse::<f64>().ok()? * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilde_is_the_home_directory_at_the_start_alone() {
        let home = std::env::home_dir().unwrap();
        let absolute = |path: &str| StoreOptions::new(path).absolute().unwrap().location().to_owned();
        assert_eq!(absolute("~/cache"), home.join("cache"));
        assert_eq!(absolute("~"), home);
        let here = std::env::current_dir().unwrap();
        assert_eq!(absolute("./~/cache"), here.join("~/cache"));
        assert_eq!(absolute("a/~"), here.join("a/~"));
        assert_eq!(absolute("s3://bucket/~"), Path::new("s3://bucket/~"));
        let refused = StoreOptions::new("s3://bucket/cache").folder().unwrap_err();
        assert!(refused.to_string().contains("needs a folder"), "{refused}");
    }

    #[cfg(unix)]
    #[test]
    fn a_location_that_is_not_utf8_is_refused_by_every_backend() {
        use std::os::unix::ffi::OsStrExt;
        let location = Path::new(std::ffi::OsStr::from_bytes(b"/tmp/caf\xe9"));
        let backends = crate::store_backends();
        assert!(backends.len() > 1);
        for backend in backends {
            let error = crate::open(&backend, &StoreOptions::new(location)).unwrap_err();
            assert!(error.to_string().contains("UTF-8"), "{backend}: {error}");
        }
        let url = Path::new(std::ffi::OsStr::from_bytes(b"s3://bucket/caf\xe9"));
        let opened = StoreOptions::new(url).by_location();
        assert!(opened.and_then(|(backend, options)| crate::open(backend, &options)).is_err());
    }

    #[test]
    fn a_time_is_a_number_of_seconds_or_has_a_unit() {
        for (text, milliseconds) in [
            ("30", 30_000),
            (" 0.5 ", 500),
            ("250ms", 250),
            ("10 s", 10_000),
            ("1.5m", 90_000),
            ("10min", 600_000),
            ("2h", 7_200_000),
            ("7d", 604_800_000),
            ("0", 0),
        ] {
            assert_eq!(duration(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "d", "-1", "soon", "1w", "inf", "NaN", "1e300d", "7 d d"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
