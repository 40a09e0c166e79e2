//! Which cache a command is about.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use joblib_store::{Store, StoreOptions, open, store_backends};

use crate::failure::Failure;

/// Which cache a command is about.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Location {
    #[arg(
        long,
        global = true,
        value_name = "LOCATION",
        help = "The cache: a folder, a file joblib.sqlite, or a URL [default: JOBLIB_CACHE_DIR, else the user's cache]"
    )]
    cache: Option<PathBuf>,
}

/// The options of commands that are about a cache and print what they find.
#[derive(Debug, clap::Args)]
pub(crate) struct CacheOptions {
    #[command(flatten)]
    pub(crate) location: Location,

    /// Print one JSON document, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

impl Location {
    /// Where the cache is, or would be.
    pub(crate) fn path(&self) -> Result<PathBuf, Failure> {
        let options = StoreOptions::new(self.given()?).absolute()?;
        Ok(options.location().to_owned())
    }

    fn given(&self) -> Result<PathBuf, Failure> {
        if let Some(location) = &self.cache {
            if location.as_os_str().is_empty() {
                return Err(Failure::Usage("--cache is empty; expected a folder or a URL".to_owned()));
            }
            return Ok(location.clone());
        }
        joblib_memory::default_location()?.ok_or_else(|| {
            Failure::Usage(
                "JOBLIB_CACHE_DIR is empty, which turns caching off; name a cache with --cache".to_owned(),
            )
        })
    }

    /// Opens the store, whether there is one yet or not. Nothing is made by that.
    pub(crate) fn open(&self) -> Result<Arc<dyn Store>, Failure> {
        let (backend, options) = StoreOptions::new(self.given()?).absolute()?.by_location()?;
        let folder = if backend == "local" { sqlite(options.location()) } else { None };
        let (backend, options, what) = match folder {
            Some(folder) => ("sqlite", StoreOptions::new(folder), "files of SQLite"),
            None => (backend, options, "URLs like this one"),
        };
        let known = store_backends();
        if known.iter().any(|known| known == backend) {
            return Ok(open(backend, &options)?);
        }
        Err(Failure::Other(format!(
            "{}: this build of the command can't open {what}; it knows the stores {}",
            options.location().display(),
            known.join(", ")
        )))
    }

    /// The folder with the records of the runs that used the cache.
    pub(crate) fn runs(&self) -> Result<PathBuf, Failure> {
        let store = self.open()?;
        let folder = joblib_memory::runs_folder(&*store)?;
        // A file where the cache should be has neither results nor records.
        let location = Path::new(store.location());
        if !folder.exists() && location.is_file() {
            return Err(Failure::Other(format!("{}: {}", location.display(), found_at(location))));
        }
        Ok(folder)
    }

    /// Opens a store that is there.
    pub(crate) fn open_existing(&self) -> Result<Arc<dyn Store>, Failure> {
        let store = self.open()?;
        if store.is_there()? {
            return Ok(store);
        }
        let location = Path::new(store.location());
        Err(Failure::Other(format!(
            "{}: there is no cache here: {}; `--cache LOCATION` or JOBLIB_CACHE_DIR names another",
            location.display(),
            found_at(location)
        )))
    }
}

/// The location of a store of the backend `sqlite`, if the path leads to one: the folder of its file, or the file.
fn sqlite(path: &Path) -> Option<PathBuf> {
    const NAME: &str = "joblib.sqlite";
    if path.join(NAME).is_file() && !path.join("joblib-rs").is_dir() {
        return Some(path.to_owned());
    }
    let is_file = path.file_name() == Some(OsStr::new(NAME)) && path.is_file();
    path.parent().filter(|_| is_file).map(Path::to_owned)
}

/// What is at a location where a cache was expected, and where it may be instead.
fn found_at(location: &Path) -> String {
    if location.file_name() == Some(OsStr::new("joblib-rs"))
        && let Some(parent) = location.parent()
    {
        return format!("its location is the folder above, {}", parent.display());
    }
    match fs::metadata(location) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            "found nothing; a program makes the folder when it stores its first result".to_owned()
        }
        Err(error) => error.to_string(),
        Ok(found) if found.is_dir() => {
            let python = location.join("joblib").is_dir();
            if python {
                return "found a cache of Python's joblib, which this command can't list".to_owned();
            }
            let entries = fs::read_dir(location).map_or(0, Iterator::count);
            let entries = crate::text::count(entries, "entry", "entries");
            format!(
                "found a folder of {entries} without the folder joblib-rs; name the location that the program names"
            )
        }
        Ok(_) => "found a file that is not a cache".to_owned(),
    }
}
