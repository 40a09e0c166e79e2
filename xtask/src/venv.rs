//! The virtual environments with the real joblib, of today and of an older release, with servers of object stores, with Dask,
//! and with pyarrow: made once, and again when their requirements change.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{self, Result, root, run, target};

/// A virtual environment below the target folder.
#[derive(Clone, Copy)]
pub(crate) enum Venv {
    /// The joblib this project is measured against.
    Today,
    /// An older joblib, numpy, pandas and scikit-learn, whose files must load.
    Old,
    /// Servers of object stores.
    Servers,
    /// A Dask scheduler and its workers.
    Dask,
    /// The joblib of today beside pyarrow, which pandas then keeps text in.
    Arrow,
}

impl Venv {
    fn folder(self) -> PathBuf {
        target().join(match self {
            Self::Today => "venv",
            Self::Old => "venv-old",
            Self::Servers => "venv-servers",
            Self::Dask => "venv-dask",
            Self::Arrow => "venv-arrow",
        })
    }

    fn requirements(self) -> PathBuf {
        root().join("tests/python").join(match self {
            Self::Today => "requirements.txt",
            Self::Old => "requirements-old.txt",
            Self::Servers => "requirements-servers.txt",
            Self::Dask => "requirements-dask.txt",
            Self::Arrow => "requirements-arrow.txt",
        })
    }

    /// The variable by which the tests, and a person who has an environment already, name its Python.
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Self::Today => "JOBLIB_TEST_PYTHON",
            Self::Old => "JOBLIB_TEST_PYTHON_OLD",
            Self::Servers => "JOBLIB_TEST_PYTHON_SERVERS",
            Self::Dask => "JOBLIB_TEST_PYTHON_DASK",
            Self::Arrow => "JOBLIB_TEST_PYTHON_ARROW",
        }
    }

    /// The environment's Python, made first where it is missing or its requirements have changed.
    pub(crate) fn python(self) -> Result<PathBuf> {
        if let Some(python) = std::env::var_os(self.variable()) {
            return Ok(python.into());
        }
        environment(&self.folder(), &self.requirements())
    }
}

/// The Python of the environment in a folder with these requirements, made first where it is missing or has others.
pub(crate) fn environment(folder: &Path, requirements: &Path) -> Result<PathBuf> {
    let python = folder.join("bin/python3");
    let wanted = fs::read_to_string(requirements)
        .map_err(|e| format!("cannot read {}: {e}", requirements.display()))?;
    // Written last: an environment whose making was interrupted has none, and is made again.
    let stamp = folder.join("requirements.stamp");
    if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) && python.exists() {
        return Ok(python);
    }
    make(folder, requirements)?;
    fs::write(&stamp, wanted).map_err(|e| format!("cannot write {}: {e}", stamp.display()))?;
    Ok(python)
}

fn make(folder: &Path, requirements: &Path) -> Result {
    let base = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let can = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";
    if !run::succeeds(Command::new(&base).args(["-c", can])) {
        return Err(format!(
            "`{}` is missing, older than 3.11, or lacks its venv module.\n\
             The tests hold files and values to the real joblib: install Python 3.11 with venv\n\
             (Debian: apt install python3 python3-venv) or name one with PYTHON=/path/to/python3.",
            base.to_string_lossy()
        ));
    }
    run(Command::new(&base).args(["-m", "venv", "--clear"]).arg(folder))?;
    run(Command::new(folder.join("bin/python3"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"])
        .arg("--requirement")
        .arg(requirements))
    .map_err(|e| {
        format!(
            "{e}\nThe packages of {} could not be installed; pip's message above says why.\n\
             It needs a package index that can be reached, and Python 3.11 for the pinned versions.",
            requirements.display()
        )
    })
}
