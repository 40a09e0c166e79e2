//! Several programs on one cluster, and what is left of them there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use joblib_parallel::backend::Dask;
use joblib_parallel::{Parallel, delayed, shutdown_workers};

use super::cluster::{Cluster, python};
use crate::child;

/// A task's program, as the cluster keeps it: its name is the digest.
fn program_of_task() -> PathBuf {
    std::thread::sleep(Duration::from_millis(50));
    fs::read_link("/proc/self/exe").unwrap()
}

#[test]
#[ignore = "a role that another test plays"]
fn a_program_that_says_which_its_tasks_are() {
    let programs =
        Parallel::new().backend("dask").batch_size(1).run((0..4).map(|_| delayed(program_of_task, ())));
    for program in programs.unwrap() {
        println!("PROGRAM {}", program.display());
    }
}

#[test]
fn each_of_two_builds_runs_its_own_program_is_sent_once_and_what_is_left_is_cleaned() {
    let Some(python) = python() else { return };
    let cluster = Cluster::start(python, 2);
    a_cluster_says_what_it_is_made_of(&cluster);
    let local = |worker: &str| cluster.folder.path().join(worker).join("local");
    let kept = || -> Vec<PathBuf> {
        let workers = ["worker0", "worker1"].map(local);
        let below = workers.iter().flat_map(|folder| find(folder, "joblib-rs"));
        below.flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path()).collect()
    };
    let here = || cluster.parallel().batch_size(1).run((0..4).map(|_| delayed(program_of_task, ()))).unwrap();
    let ours = here();
    assert!(kept().iter().any(|path| *path == ours[0]), "{ours:?} is none of {:?}", kept());

    // Another build: the same code, and a file of other contents.
    let other = cluster.folder.path().join("other");
    fs::copy(std::env::current_exe().unwrap(), &other).unwrap();
    let mut bytes = fs::read(&other).unwrap();
    bytes.extend_from_slice(b"another build");
    fs::write(&other, bytes).unwrap();
    fs::set_permissions(&other, fs::Permissions::from_mode(0o755)).unwrap();
    let play = || {
        let mut command = Command::new(&other);
        let role = "dask::programs::a_program_that_says_which_its_tasks_are";
        command.args(["--exact", role, "--ignored", "--nocapture"]);
        command.env("JOBLIB_DASK_ADDRESS", &cluster.address).env("JOBLIB_PYTHON", &cluster.python);
        let printed = child::play(command.env("JOBLIB_DASK_WAIT", "60"));
        let programs = printed.lines().filter_map(|line| line.split_once("PROGRAM "));
        programs.map(|(_, path)| PathBuf::from(path)).collect::<Vec<_>>()
    };
    let theirs = play();
    assert_eq!(theirs.len(), 4);
    // While both are there, each runs its own.
    let names = |paths: &[PathBuf]| -> Vec<_> {
        let mut names: Vec<_> = paths.iter().map(|path| path.file_name().unwrap().to_owned()).collect();
        names.sort();
        names.dedup();
        names
    };
    assert_eq!((names(&here()), names(&theirs).len()), (names(&ours), 1));
    assert_ne!(names(&ours), names(&theirs));
    assert_eq!(kept().len(), 4, "{:?}", kept());

    // A second start sends nothing, and what is not connected is removed.
    shutdown_workers();
    let dask = cluster.backend();
    assert_eq!(dask.describe().unwrap().sent, 0);
    let cleaned = dask.clean().unwrap();
    assert_eq!((cleaned.programs, cleaned.files), (1, 2), "{cleaned:?}");
    assert_eq!(names(&kept()), names(&ours));
    assert_eq!(names(&here()), names(&ours));
    assert_eq!(dask.clean().unwrap(), joblib_parallel::backend::DaskCleaned::default());
    // Which is sent again where it runs again.
    assert_eq!(names(&play()), names(&theirs));

    // One whose file somebody has removed runs all the same.
    shutdown_workers();
    for path in kept() {
        fs::remove_file(path).unwrap();
    }
    let name = ours[0].file_name().unwrap().to_str().unwrap();
    for program in here() {
        assert_eq!(program.file_name().unwrap().to_str().unwrap(), format!("{name} (deleted)"));
    }
}

/// The folders of this name below a folder.
fn find(folder: &Path, name: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let folders = entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_dir());
    let below = |path: PathBuf| if path.ends_with(name) { vec![path] } else { find(&path, name) };
    folders.flat_map(below).collect()
}

fn a_cluster_says_what_it_is_made_of(cluster: &Cluster) {
    let found = cluster.backend().describe().unwrap();
    assert_eq!((found.address.as_str(), found.threads), (cluster.address.as_str(), 2));
    assert!(found.sent > 100_000, "{found:?}");
    let names: Vec<&str> = found.members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names[..2], ["the caller", "the scheduler"]);
    assert!(names[2..].iter().all(|name| name.starts_with("tcp://127.0.0.1:")) && names.len() == 4);
    let [threads, refusals] = [found.members.iter().map(|member| member.threads).sum::<usize>(), 0];
    assert_eq!((threads, refusals), (2, found.members.iter().filter(|m| m.refusal.is_some()).count()));
    assert!(
        found.members.iter().all(|member| member.python.starts_with("3.") && member.distributed.len() > 5)
    );
    let error =
        Dask::at("tcp://127.0.0.1:1").python(&cluster.python).wait_for_workers(0, Duration::from_secs(1));
    assert!(error.clean().unwrap_err().to_string().contains("no Dask scheduler at tcp://127.0.0.1:1"));
}

/// A worker whose folder allows no programs, as some administrators set it.
#[test]
fn a_worker_whose_folder_allows_no_programs_runs_them_from_memory() {
    let Some(python) = python() else { return };
    let without = std::env::var("JOBLIB_TEST_WITHOUT").unwrap_or_default();
    if without.split(',').any(|program| program == "unshare") {
        return;
    }
    let mut cluster = Cluster::start(python, 0);
    let folder = cluster.folder.path().join("noexec");
    fs::create_dir(&folder).unwrap();
    let mount = "mount -t tmpfs -o noexec none \"$0\" && exec \"$@\"";
    let folder = folder.to_str().unwrap();
    cluster.add_worker_by(
        &["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, folder],
        Some(Path::new(folder)),
    );
    let programs = cluster.parallel().n_jobs(1).run([delayed(program_of_task, ())]).unwrap();
    assert!(programs[0].to_str().unwrap().starts_with("/memfd:joblib-rs"), "{programs:?}");
}
