//! What the rows work on, the same on both sides and made on first use.

use std::cell::OnceCell;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use joblib_array::{Array, Buffer, Order};
use tempfile::TempDir;

use crate::Result;
use crate::flights::Flights;
use crate::options::Options;
use crate::peer::Joblib;
use crate::scale::Scale;

/// The shared data, the open peer and a folder for files.
pub(crate) struct Data {
    // Before the folder: the peer ends first, and removes its files in it.
    joblib: Joblib,
    folder: TempDir,
    pub(crate) quick: bool,
    pub(crate) scale: Scale,
    big: OnceCell<Array<f64>>,
    flights: OnceCell<Flights>,
    dask: OnceCell<Joblib>,
    arrow: OnceCell<Joblib>,
}

impl Data {
    pub(crate) fn new(options: &Options) -> Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("joblib-bench-");
        let folder = match &options.tmp {
            Some(folder) => builder.tempdir_in(folder),
            None => builder.tempdir(),
        }
        .map_err(|e| format!("cannot make a folder for the files of the measurements: {e}"))?;
        let joblib = Joblib::start(folder.path(), options.quick)?;
        Ok(Self {
            joblib,
            folder,
            quick: options.quick,
            scale: Scale::of(options.quick),
            big: OnceCell::new(),
            flights: OnceCell::new(),
            dask: OnceCell::new(),
            arrow: OnceCell::new(),
        })
    }

    /// Python's joblib.
    pub(crate) fn joblib(&self) -> &Joblib {
        &self.joblib
    }

    /// Python's joblib on a Dask cluster, which is started for it.
    pub(crate) fn dask(&self) -> Result<&Joblib> {
        get_or_make(&self.dask, Joblib::on_dask)
    }

    /// Python's joblib beside pyarrow, which is started for it.
    pub(crate) fn arrow(&self) -> Result<&Joblib> {
        get_or_make(&self.arrow, || Joblib::with_arrow(self.folder.path(), self.quick))
    }

    /// The folder of our files.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The flight table, from the file that the peer reads.
    pub(crate) fn flights(&self) -> Result<&Flights> {
        get_or_make(&self.flights, || Flights::read(self.scale.flights))
    }

    /// The path of a file of ours.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The peer's large array: the very same normally distributed numbers.
    pub(crate) fn big(&self) -> Result<&Array<f64>> {
        get_or_make(&self.big, || {
            let (path, len) = (self.path("numbers"), self.scale.numbers);
            self.joblib.write("numbers", &path)?;
            let mut file = File::open(&path)?;
            let buffer = Buffer::filled(len * size_of::<f64>(), |bytes| file.read_exact(bytes))?;
            fs::remove_file(&path)?;
            Ok(Array::from_buffer(buffer, vec![len], Order::C)?)
        })
    }
}

fn get_or_make<T>(cell: &OnceCell<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    if cell.get().is_none() {
        let _ = cell.set(make()?);
    }
    cell.get().ok_or_else(|| "made just before".into())
}
