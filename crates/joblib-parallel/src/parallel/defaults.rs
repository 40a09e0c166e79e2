//! What a call, a scope and the environment can each say; the innermost that says something decides.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use joblib_array::MmapMode;

use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::wire::arrays::{ArraySharing, Sharing};

/// A preference for threads or processes.
///
/// ```
/// use joblib_parallel::{Parallel, Prefer, delayed};
///
/// let parallel = Parallel::new().n_jobs(2).prefer(Prefer::Threads);
/// assert_eq!(parallel.run([delayed(std::process::id, ())])?, [std::process::id()]);
/// assert_eq!("processes".parse::<Prefer>()?, Prefer::Processes);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefer {
    /// Threads: no encoding, and memory is shared.
    Threads,
    /// Processes: crashes are contained, and tasks that are too slow can be killed.
    Processes,
}

impl FromStr for Prefer {
    type Err = Error;

    /// # Errors
    ///
    /// Returns an error if `text` is neither `threads` nor `processes`.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "threads" => Ok(Prefer::Threads),
            "processes" => Ok(Prefer::Processes),
            _ => Err(Error::usage(format!("prefer = {text:?} is neither \"threads\" nor \"processes\""))),
        }
    }
}

impl fmt::Display for Prefer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Prefer::Threads => "threads",
            Prefer::Processes => "processes",
        })
    }
}

/// What was said, where something was said.
#[derive(Debug, Clone, Default)]
pub(crate) struct Defaults {
    pub(crate) backend: Option<Backend>,
    pub(crate) n_jobs: Option<i32>,
    pub(crate) prefer: Option<Prefer>,
    pub(crate) verbose: Option<u32>,
    pub(crate) inner_max_num_threads: Option<usize>,
    /// From how many bytes on arrays are shared with worker processes.
    pub(crate) max_nbytes: Option<Sharing<usize>>,
    /// How they are mapped.
    pub(crate) mmap_mode: Option<Sharing<MmapMode>>,
    /// Where copies of them are made.
    pub(crate) temp_folder: Option<PathBuf>,
}

impl Defaults {
    /// What this says, and what `outer` says where this says nothing.
    pub(crate) fn or(self, outer: Defaults) -> Defaults {
        Defaults {
            backend: self.backend.or(outer.backend),
            n_jobs: self.n_jobs.or(outer.n_jobs),
            prefer: self.prefer.or(outer.prefer),
            verbose: self.verbose.or(outer.verbose),
            inner_max_num_threads: self.inner_max_num_threads.or(outer.inner_max_num_threads),
            max_nbytes: self.max_nbytes.or(outer.max_nbytes),
            mmap_mode: self.mmap_mode.or(outer.mmap_mode),
            temp_folder: self.temp_folder.or(outer.temp_folder),
        }
    }

    /// What this says, and what the environment says where this says nothing.
    ///
    /// # Errors
    ///
    /// Returns an error if `JOBLIB_N_JOBS` is looked at and not a number.
    pub(crate) fn or_environment(self) -> Result<Defaults> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let text = |name: &str| Some(variable(name)?.to_string_lossy().trim().to_owned());
        let n_jobs = match text("JOBLIB_N_JOBS").filter(|_| self.n_jobs.is_none()).as_deref() {
            None | Some("" | "None") => None,
            Some(number) => Some(number.parse().map_err(|_| {
                Error::usage(format!("JOBLIB_N_JOBS = {number:?} is not a whole number such as 4 or -1"))
            })?),
        };
        Ok(self.or(Defaults {
            backend: text("JOBLIB_BACKEND").filter(|name| !name.is_empty()).map(Backend::from),
            n_jobs,
            temp_folder: variable("JOBLIB_TEMP_FOLDER").map(PathBuf::from),
            ..Defaults::default()
        }))
    }

    /// How arrays are shared: by default those of 1 MiB and more, read-only, as in joblib.
    pub(crate) fn array_sharing(&self) -> ArraySharing {
        let mode = self.mmap_mode.unwrap_or(Sharing::On(MmapMode::Read)).value();
        let from_bytes = self.max_nbytes.unwrap_or(Sharing::On(1 << 20)).value().filter(|_| mode.is_some());
        ArraySharing {
            from_bytes: from_bytes.map(|bytes| bytes as u64),
            mode: mode.unwrap_or(MmapMode::Read).name().to_owned(),
            folder: self.temp_folder.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use joblib_array::MmapMode;

    use super::Defaults;
    use crate::wire::arrays::Sharing;

    #[test]
    fn the_inner_one_decides_where_it_says_something() {
        let inner = Defaults { verbose: Some(0), ..Defaults::default() };
        let outer = Defaults { verbose: Some(10), n_jobs: Some(3), ..Defaults::default() };
        let both = inner.or(outer);
        assert_eq!((both.verbose, both.n_jobs), (Some(0), Some(3)));
    }

    #[test]
    fn arrays_are_shared_unless_size_or_mode_says_not_to() {
        let shared = |max_nbytes, mmap_mode| {
            Defaults { max_nbytes, mmap_mode, ..Defaults::default() }.array_sharing().from_bytes
        };
        assert_eq!(shared(None, None), Some(1 << 20));
        assert_eq!(shared(Some(Sharing::On(5)), Some(Sharing::On(MmapMode::CopyOnWrite))), Some(5));
        assert_eq!(shared(Some(Sharing::Off), None), None);
        assert_eq!(shared(Some(Sharing::On(5)), Some(Sharing::Off)), None);
    }
}
