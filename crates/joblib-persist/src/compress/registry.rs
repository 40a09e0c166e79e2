//! The compressors there are: those of this crate and those that the program registers. One list for the whole program.

use std::path::Path;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use joblib_array::names;

use super::{Compressor, FIRST_BYTES, missing};
use crate::error::{Error, Result};

type List = Vec<Arc<dyn Compressor>>;

/// Later entries come first where two are alike, which only a forced registration makes possible.
fn registry() -> &'static RwLock<List> {
    static REGISTRY: OnceLock<RwLock<List>> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        RwLock::new(vec![
            #[cfg(feature = "zlib")]
            Arc::new(super::zlib::Zlib),
            #[cfg(feature = "zlib")]
            Arc::new(super::gzip::Gzip),
            #[cfg(feature = "bz2")]
            Arc::new(super::bz2::Bz2),
            #[cfg(feature = "xz")]
            Arc::new(super::lzma::Lzma),
            #[cfg(feature = "xz")]
            Arc::new(super::xz::Xz),
            #[cfg(feature = "lz4")]
            Arc::new(super::lz4::Lz4),
            #[cfg(feature = "zstd")]
            Arc::new(super::zstd::Zst),
        ])
    })
}

fn list() -> RwLockReadGuard<'static, List> {
    // The list is whole whenever a thread could panic with the lock.
    registry().read().unwrap_or_else(PoisonError::into_inner)
}

fn find(wanted: impl Fn(&dyn Compressor) -> bool) -> Option<Arc<dyn Compressor>> {
    list().iter().rev().find(|compressor| wanted(&***compressor)).cloned()
}

/// Returns the compressor with this name.
///
/// # Errors
///
/// Returns an error if no compressor has that name; the error lists the names there are.
///
/// ```
/// use joblib_persist::compress::by_name;
///
/// assert_eq!(by_name("xz")?.default_level(), 3);
/// assert!(by_name("rot13").is_err());
/// # Ok::<(), joblib_persist::Error>(())
/// ```
pub fn by_name(name: &str) -> Result<Arc<dyn Compressor>> {
    find(|compressor| compressor.name() == name).ok_or_else(|| {
        if let Some(error) = missing::by_name(name) {
            return error;
        }
        let all: Vec<_> = list().iter().map(|known| known.name().to_owned()).collect();
        let all = all.join(", ");
        let bare = name.trim_start_matches('.');
        // Another case, or an extension: "GZIP", "gz", ".gz".
        let meant = find(|compressor| {
            compressor.name().eq_ignore_ascii_case(bare)
                || compressor
                    .extensions()
                    .iter()
                    .any(|extension| extension.trim_start_matches('.').eq_ignore_ascii_case(bare))
        });
        Error::value(match meant.or_else(|| find(|compressor| names::are_near(bare, compressor.name()))) {
            Some(meant) => {
                format!("unknown compressor {name:?}: did you mean {:?}? There are {all}", meant.name())
            }
            None => format!(
                "unknown compressor {name:?}: expected one of {all}; register_compressor adds one of your own"
            ),
        })
    })
}

/// The compressor whose extension the path ends with.
///
/// ```
/// use joblib_persist::compress::by_extension;
///
/// assert!(by_extension("model.joblib.bz2").is_some_and(|found| found.name() == "bz2"));
/// assert!(by_extension("model.joblib").is_none());
/// ```
pub fn by_extension(path: impl AsRef<Path>) -> Option<Arc<dyn Compressor>> {
    let name = path.as_ref().file_name()?.as_encoded_bytes();
    find(|compressor| {
        compressor.extensions().iter().any(|extension| {
            // A file that is named ".gz" has no extension.
            name.len() > extension.len() && name.ends_with(extension.as_bytes())
        })
    })
}

/// The compressor that recognises the first [`FIRST_BYTES`] bytes of a file.
///
/// ```
/// use joblib_persist::compress::detect;
///
/// assert!(detect(b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0").is_some_and(|found| found.name() == "gzip"));
/// assert!(detect(b"just text").is_none());
/// ```
pub fn detect(first: &[u8]) -> Option<Arc<dyn Compressor>> {
    find(|compressor| compressor.recognises(first))
}

/// Whether a compressor may recognise a file that starts with these two bytes.
pub(crate) fn may_be_compressed(first: &[u8]) -> bool {
    let found = find(|compressor| {
        compressor.recognises(first) || (!first.is_empty() && compressor.magic().starts_with(first))
    });
    found.is_some() || missing::detect(first).is_some()
}

/// Registers a compressor for the whole program. If another compressor has its name, extension or magic number, that is an
/// error, and nothing changes. With `force` the new compressor replaces the one with its name, and takes precedence over
/// others with its extension or magic number.
///
/// # Errors
///
/// Returns an error if a compressor of that name, extension or magic number is registered already and `force` is not
/// set, or one of them is not allowed.
///
/// ```
/// use joblib_persist::compress::by_name;
/// use joblib_persist::register_compressor;
///
/// // One that has a name already is refused. How to write another one: see `Compressor`.
/// # struct Again(std::sync::Arc<dyn joblib_persist::Compressor>);
/// # impl joblib_persist::Compressor for Again {
/// #     fn name(&self) -> &str { self.0.name() }
/// #     fn extensions(&self) -> &[&str] { self.0.extensions() }
/// #     fn magic(&self) -> &[u8] { self.0.magic() }
/// #     fn encoder<'a>(&self, sink: joblib_persist::compress::Sink<'a>, level: u32) -> std::io::Result<Box<dyn joblib_persist::Encoder + 'a>> {
/// #         self.0.encoder(sink, level)
/// #     }
/// #     fn decoder<'a>(&self, source: joblib_persist::compress::Source<'a>) -> std::io::Result<Box<dyn std::io::Read + 'a>> {
/// #         self.0.decoder(source)
/// #     }
/// # }
/// let gzip = Again(by_name("gzip")?);
/// let error = register_compressor(gzip, false).unwrap_err();
/// assert!(error.to_string().contains("has the name of compressor \"gzip\" already"));
/// # Ok::<(), joblib_persist::Error>(())
/// ```
pub fn register_compressor(compressor: impl Compressor + 'static, force: bool) -> Result<()> {
    let refuse = |why: String| Err(Error::value(why));
    let name = compressor.name();
    if name.is_empty() {
        return refuse("a compressor needs a name".to_owned());
    }
    let magic = compressor.magic();
    if magic.is_empty() || magic.len() > FIRST_BYTES || !compressor.recognises(magic) {
        return refuse(format!(
            "compressor {name:?} must recognise its magic number, which has 1 to {FIRST_BYTES} bytes, \
             so that its files can be loaded"
        ));
    }
    if let Some(extension) =
        compressor.extensions().iter().find(|text| !text.starts_with('.') || text.len() < 2)
    {
        return refuse(format!(
            "extension {extension:?} of compressor {name:?} must start with a dot, as \".gz\" does"
        ));
    }
    if compressor.levels().is_empty() || !compressor.levels().contains(&compressor.default_level()) {
        return refuse(format!("the default level of compressor {name:?} must be one of its levels"));
    }
    let mut list = registry().write().unwrap_or_else(PoisonError::into_inner);
    if force {
        list.retain(|other| other.name() != name);
    } else {
        for other in list.iter() {
            let what = if other.name() == name {
                "name".to_owned()
            } else if let Some(extension) =
                compressor.extensions().iter().find(|extension| other.extensions().contains(extension))
            {
                format!("extension {extension:?}")
            } else if other.recognises(magic) || compressor.recognises(other.magic()) {
                "magic number".to_owned()
            } else {
                continue;
            };
            return refuse(format!(
                "compressor {:?} has the {what} of compressor {name:?} already; pass `true` as the second argument to have the \
                 new one used instead",
                other.name()
            ));
        }
    }
    list.push(Arc::new(compressor));
    Ok(())
}
