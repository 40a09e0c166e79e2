//! Workers, and a Python, that don't fit the caller: what is said of them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use joblib_parallel::backend::Dask;
use joblib_parallel::{Parallel, delayed, shutdown_workers};

use super::cluster::{Cluster, python};
use crate::carriers::{Recorder, heard};

/// What a worker runs when it starts, to be on a host of another kind.
fn preload(folder: &Path, program: &str) -> String {
    let path = folder.join("preload.py");
    fs::write(&path, program).unwrap();
    format!("['{}']", path.display())
}

/// Adds a worker that runs this when it starts; returns the error of a call on it, or what the call gives.
fn call_on(cluster: &mut Cluster, program: &str) -> Result<Vec<u32>, String> {
    let folder = tempfile::tempdir().unwrap();
    let preload = preload(folder.path(), program);
    cluster.add_worker_with(&[("DASK_DISTRIBUTED__WORKER__PRELOAD", &preload)]);
    let dask = cluster.backend().wait_for_workers(1, Duration::from_mins(1));
    let result = Parallel::new().backend(dask).run([delayed(u8::count_ones, (7,))]);
    shutdown_workers();
    let worker = cluster.workers.last_mut().unwrap();
    worker.kill();
    worker.wait();
    result.map_err(|error| {
        assert!(error.is_backend(), "{error}");
        error.to_string()
    })
}

#[test]
fn a_worker_that_does_not_fit_the_caller_is_an_error_that_says_which_it_is_and_what_it_has() {
    let Some(python) = python() else { return };
    Recorder::install();
    let mut cluster = Cluster::start(python, 0);
    let worker = "tcp://127.0.0.1:";

    let processor = "
import os
name = os.uname()
os.uname = lambda: os.uname_result((name[0], name[1], name[2], name[3], 'sparc64'))
";
    let error = call_on(&mut cluster, processor).unwrap_err();
    assert!(error.contains("and the node is ") && error.contains(" sparc64"), "{error}");
    assert!(error.contains(&format!("the program is for {}", machine())), "{error}");
    assert!(error.matches(worker).count() == 2, "the cluster and the worker: {error}");

    // Another version of a library that the program is linked with, the C library being one, is found by the system's loader.
    let folder = tempfile::tempdir().unwrap();
    for library in ["libc.so.6", "libgcc_s.so.1"] {
        fs::write(folder.path().join(library), "of another system").unwrap();
    }
    let library = format!("import os\nos.environ['LD_LIBRARY_PATH'] = '{}'", folder.path().display());
    let error = call_on(&mut cluster, &library).unwrap_err();
    assert!(error.contains("the program does not run there") && error.contains(".so."), "{error}");
    assert!(error.matches(worker).count() == 2, "{error}");
    #[cfg(target_env = "gnu")]
    assert!(error.contains("the node has glibc 2."), "{error}");

    let versions = |host: &str, package: &str| {
        format!(
            "
import distributed.versions as versions
# It is run twice.
versions.get_system_info = lambda info=versions.get_system_info: dict(info(), {host})
versions.get_package_info = lambda names, info=versions.get_package_info: dict(info(names), {package})
"
        )
    };
    let error = call_on(&mut cluster, &versions("python='3.99.1.final.0'", "")).unwrap_err();
    assert!(error.contains("the caller's Python is 3.") && error.contains("JOBLIB_PYTHON"), "{error}");
    assert!(error.contains(worker) && error.contains(" is 3.99"), "{error}");

    // Which Dask advises against, and which mostly works.
    assert_eq!(call_on(&mut cluster, &versions("", "distributed='2024.1.0'")).unwrap(), [3]);
    let warnings = heard("the versions of distributed differ");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].0.contains("2024.1.0"), "{warnings:?}");
}

/// As `uname -s -m` says.
fn machine() -> String {
    let name = nix::sys::utsname::uname().unwrap();
    format!("{} {}", name.sysname().to_str().unwrap(), name.machine().to_str().unwrap())
}

/// A Python that finds another package named `distributed` before Dask's.
#[test]
fn a_distributed_that_is_too_old_is_an_error_that_says_which_is_needed() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("distributed");
    fs::create_dir_all(package.join("protocol")).unwrap();
    let classes = "Client = KilledWorker = SchedulerPlugin = WorkerPlugin = object";
    fs::write(package.join("__init__.py"), format!("__version__ = '2022.1.0'\n{classes}\n")).unwrap();
    fs::write(package.join("security.py"), "Security = object\n").unwrap();
    fs::write(package.join("protocol/__init__.py"), "").unwrap();
    fs::write(package.join("protocol/pickle.py"), "dumps = None\n").unwrap();
    let old = folder.path().join("python3");
    let line = format!("PYTHONPATH='{}' exec '{}' \"$@\"", folder.path().display(), python.display());
    fs::write(&old, format!("#!/bin/sh\n{line}\n")).unwrap();
    fs::set_permissions(&old, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let error = Parallel::new()
        .backend(Dask::at("tcp://127.0.0.1:1").python(&old))
        .run([delayed(u8::count_ones, (1,))])
        .unwrap_err();
    assert!(error.is_backend(), "{error}");
    let error = error.to_string();
    assert!(error.contains("distributed 2022.1.0 is too old: version 2023.10 or later"), "{error}");
}
