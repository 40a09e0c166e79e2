//! [`RemoteError`]: what is left of an error that can't leave its thread or its process.

use std::error::Error as StdError;
use std::{fmt, io};

use serde::{Deserialize, Serialize};

use super::BoxError;

/// The error of a task in another process: its text, the texts of its sources, and the kinds of I/O errors. On threads the
/// error itself is returned, and can be downcast to its own type.
///
/// ```
/// use std::error::Error;
/// use std::io;
///
/// use joblib_parallel::{Parallel, RemoteError, delayed};
///
/// fn read(path: String) -> io::Result<String> {
///     std::fs::read_to_string(path)
/// }
///
/// let read = || [delayed(read, ("missing".to_owned(),))];
/// let error = Parallel::new().try_run(read()).unwrap_err();
/// let here = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
/// let error = Parallel::new().backend("loky").try_run(read()).unwrap_err();
/// let there = error.source().unwrap().downcast_ref::<RemoteError>().unwrap();
/// assert_eq!(there.to_string(), here.to_string());
/// assert_eq!(there.io_kind(), Some(io::ErrorKind::NotFound));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteError {
    message: String,
    /// How std writes the kind of an error of its own.
    io_kind: Option<String>,
    source: Option<Box<RemoteError>>,
}

/// The sources of an error that are kept: far more than any has, and an end for one that is its own source.
const MAX_SOURCES: usize = 64;

impl RemoteError {
    /// What `error` says, and its sources.
    pub(crate) fn of(error: &(dyn StdError + 'static)) -> Self {
        Self::with_sources(error, MAX_SOURCES)
    }

    fn with_sources(error: &(dyn StdError + 'static), most: usize) -> Self {
        let source = error.source().filter(|_| most > 0);
        RemoteError {
            message: error.to_string(),
            io_kind: error.downcast_ref::<io::Error>().map(|error| format!("{:?}", error.kind())),
            source: source.map(|source| Box::new(Self::with_sources(source, most - 1))),
        }
    }

    /// The kind of the error if it was an [`io::Error`]; [`Other`](io::ErrorKind::Other) for kinds that are unstable in the
    /// standard library.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        use io::ErrorKind as Kind;

        /// All that are stable, beside `Other`.
        const KINDS: [Kind; 38] = [
            Kind::NotFound,
            Kind::PermissionDenied,
            Kind::ConnectionRefused,
            Kind::ConnectionReset,
            Kind::HostUnreachable,
            Kind::NetworkUnreachable,
            Kind::ConnectionAborted,
            Kind::NotConnected,
            Kind::AddrInUse,
            Kind::AddrNotAvailable,
            Kind::NetworkDown,
            Kind::BrokenPipe,
            Kind::AlreadyExists,
            Kind::WouldBlock,
            Kind::NotADirectory,
            Kind::IsADirectory,
            Kind::DirectoryNotEmpty,
            Kind::ReadOnlyFilesystem,
            Kind::StaleNetworkFileHandle,
            Kind::InvalidInput,
            Kind::InvalidData,
            Kind::TimedOut,
            Kind::WriteZero,
            Kind::StorageFull,
            Kind::NotSeekable,
            Kind::QuotaExceeded,
            Kind::FileTooLarge,
            Kind::ResourceBusy,
            Kind::ExecutableFileBusy,
            Kind::Deadlock,
            Kind::CrossesDevices,
            Kind::TooManyLinks,
            Kind::InvalidFilename,
            Kind::ArgumentListTooLong,
            Kind::Interrupted,
            Kind::Unsupported,
            Kind::UnexpectedEof,
            Kind::OutOfMemory,
        ];
        let name = self.io_kind.as_ref()?;
        Some(KINDS.into_iter().find(|kind| format!("{kind:?}") == *name).unwrap_or(Kind::Other))
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for RemoteError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}

/// What the function of a task may return as its error: what converts into `Box<dyn Error + Send + Sync>` (every error that
/// a thread may own, `String`, `anyhow::Error`, `eyre::Report`), or a `Box<dyn Error>`.
///
/// `M` tells the two apart, and is inferred. Of an error that has only a text, that text is the error:
///
/// ```
/// use joblib_parallel::{Parallel, delayed};
///
/// /// An error that is `Display`, and not an `Error`.
/// struct Refusal(u32);
///
/// impl std::fmt::Display for Refusal {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         write!(f, "{} is refused", self.0)
///     }
/// }
///
/// fn check(n: u32) -> Result<u32, Refusal> {
///     if n == 2 { Err(Refusal(n)) } else { Ok(n) }
/// }
///
/// let check = |n| check(n).map_err(|error| error.to_string());
/// let error = Parallel::new().try_run((0..4).map(|n| delayed(check, (n,)))).unwrap_err();
/// assert!(error.to_string().ends_with("2 is refused"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an error that a task can return",
    note = "it has to convert into `Box<dyn Error + Send + Sync>`, as every type does that implements `std::error::Error` and is `Send + Sync`",
    note = "of what has only a text, return the text: `.map_err(|error| error.to_string())`"
)]
pub trait TaskFailure<M> {
    #[doc(hidden)]
    fn into_failure(self) -> BoxError;
}

/// The error converts.
#[doc(hidden)]
#[derive(Debug)]
pub enum Converts {}

/// The error is a box that can't leave its thread.
#[doc(hidden)]
#[derive(Debug)]
pub enum Boxed {}

// Not recommended, for the compiler would name `Error` as what is missing, which a text has no need of.
#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> TaskFailure<Converts> for E {
    fn into_failure(self) -> BoxError {
        self.into()
    }
}

impl TaskFailure<Boxed> for Box<dyn StdError> {
    fn into_failure(self) -> BoxError {
        Box::new(RemoteError::of(&*self))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io;

    use super::RemoteError;

    #[test]
    fn text_chain_and_kind_are_kept() {
        #[derive(Debug)]
        struct Outer(io::Error);
        impl std::fmt::Display for Outer {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("outer")
            }
        }
        impl std::error::Error for Outer {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                Some(&self.0)
            }
        }

        let remote = RemoteError::of(&Outer(io::Error::new(io::ErrorKind::InvalidData, "inner")));
        assert_eq!((remote.to_string().as_str(), remote.io_kind()), ("outer", None));
        let source = remote.source().unwrap().downcast_ref::<RemoteError>().unwrap();
        assert_eq!(
            (source.to_string().as_str(), source.io_kind()),
            ("inner", Some(io::ErrorKind::InvalidData))
        );
        assert!(source.source().is_none());
    }

    #[test]
    fn the_kind_of_every_error_of_the_system_is_kept_that_std_has_a_stable_name_for() {
        for code in 1..200 {
            let error = io::Error::from_raw_os_error(code);
            let kind = RemoteError::of(&error).io_kind().unwrap();
            // What std has no stable name for can't be written here.
            let is_unstable = ["Uncategorized", "FilesystemLoop", "InProgress"]
                .contains(&format!("{:?}", error.kind()).as_str());
            assert!(kind == error.kind() || (is_unstable && kind == io::ErrorKind::Other), "{error}");
        }
    }
}
