//! Where the system refuses: no file descriptors, no permission, files that may not grow, a file that is no database. Each
//! call gets the function's result, and each store is told of once.

use std::fs;
use std::path::Path;

use joblib_memory::{Explanation, MemorizedFunc, Memory};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{Uid, seteuid};

use crate::failures::{play, warnings};
use crate::stores::{ON_DISK, memory_of};

/// The lines that a role printed, of which there is one for each store that fails: tiers are two stores.
fn one_for_each_store(role: &str, about: &[&str]) {
    let printed = play(&format!("refused::{role}"));
    let mut lines = warnings(&printed);
    // That reading takes longer than computing these is no news.
    lines.retain(|line| !line.contains("does not pay"));
    for kind in ON_DISK {
        let of_kind = lines.iter().filter(|line| line.contains(&format!("/of-{kind}/"))).count();
        let at_most = if *kind == "tiers" { 2 } else { 1 };
        assert!((1..=at_most).contains(&of_kind), "{kind}: {printed}");
    }
    let is_about = |line: &&str| about.iter().any(|about| line.contains(about));
    assert!(lines.iter().all(is_about), "not about {about:?}: {printed}");
    assert!(!printed.contains("stored result"), "no result is at fault: {printed}");
}

fn memory(kind: &str, base: &Path) -> Memory {
    memory_of(kind, "", &base.join(format!("of-{kind}")))
}

fn numbers(memory: &Memory) -> MemorizedFunc<fn(u32, usize) -> Vec<u32>> {
    memory.cache("numbers", |x: u32, size: usize| vec![x; size])
}

/// 200 calls.
fn calls(memory: &Memory, size: usize) {
    let numbers = numbers(memory);
    (0..200).for_each(|x| assert_eq!(numbers.eval((x, size)), vec![x; size], "in {memory:?}"));
}

#[test]
fn no_file_descriptor_left_is_one_warning_for_each_store() {
    one_for_each_store("calls_without_file_descriptors", &["Too many open files"]);
}

#[test]
#[ignore = "a role that the test above starts"]
fn calls_without_file_descriptors() {
    let base = tempfile::tempdir().unwrap();
    for kind in ON_DISK {
        calls(&memory(kind, base.path()), 10);
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        setrlimit(Resource::RLIMIT_NOFILE, 64, hard).unwrap();
        let mut files = Vec::new();
        while let Ok(file) = fs::File::open("/") {
            files.push(file);
        }
        // Opened without descriptors, and then with some.
        let memory = memory(kind, base.path());
        calls(&memory, 10);
        match numbers(&memory).explain((7, 10)) {
            Explanation::StoreFailed(reason) => assert!(reason.contains("Too many open files"), "{reason}"),
            other => panic!("{other} in {memory:?}"),
        }
        drop(files);
        setrlimit(Resource::RLIMIT_NOFILE, soft, hard).unwrap();
        let runs = memory.stats().misses;
        calls(&memory, 10);
        assert_eq!(memory.stats().misses, runs, "found once there were some again, in {memory:?}");
        calls(&memory, 11);
        calls(&memory, 11);
        assert_eq!(memory.stats().misses, runs + 200, "and stored, in {memory:?}");
    }
}

#[test]
fn no_permission_is_one_warning_for_each_store() {
    one_for_each_store("calls_without_permission", &["Permission denied"]);
}

#[test]
#[ignore = "a role that the test above starts"]
fn calls_without_permission() {
    use std::os::unix::fs::PermissionsExt;
    let base = tempfile::tempdir().unwrap();
    fs::set_permissions(base.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for kind in ON_DISK {
        calls(&memory(kind, base.path()), 10);
    }
    let closed = |mode| {
        for kind in ON_DISK {
            // A folder that others own, in which this process may do nothing.
            fs::set_permissions(base.path().join(format!("of-{kind}")), fs::Permissions::from_mode(mode))
                .unwrap();
        }
    };
    closed(0o000);
    // Permissions do not hold for root.
    let root = Uid::effective().is_root();
    if root {
        seteuid(Uid::from_raw(65_534)).unwrap();
    }
    let locations: Vec<Memory> = ON_DISK.iter().map(|kind| memory(kind, base.path())).collect();
    for memory in &locations {
        calls(memory, 10);
        let numbers = numbers(memory);
        assert!(!numbers.check_call_in_cache((7, 10)), "in {memory:?}");
        match numbers.explain((7, 10)) {
            Explanation::StoreFailed(reason) => assert!(!reason.contains("damaged"), "{reason}"),
            other => panic!("{other} in {memory:?}"),
        }
    }
    if root {
        seteuid(Uid::from_raw(0)).unwrap();
    }
    closed(0o755);
    for memory in &locations {
        let runs = memory.stats().misses;
        calls(memory, 10);
        assert_eq!(memory.stats().misses, runs, "all that was stored is found again, in {memory:?}");
    }
}

#[test]
fn files_that_may_not_grow_are_one_warning_for_each_store() {
    one_for_each_store("calls_where_files_may_not_grow", &["File too large", "disk I/O error"]);
}

#[test]
#[ignore = "a role that the test above starts"]
fn calls_where_files_may_not_grow() {
    let base = tempfile::tempdir().unwrap();
    let (soft, hard) = getrlimit(Resource::RLIMIT_FSIZE).unwrap();
    for kind in ON_DISK {
        let memory = memory(kind, base.path());
        setrlimit(Resource::RLIMIT_FSIZE, 8192, hard).unwrap();
        calls(&memory, 3000);
        setrlimit(Resource::RLIMIT_FSIZE, soft, hard).unwrap();
        let runs = memory.stats().misses;
        calls(&memory, 3000);
        calls(&memory, 3000);
        assert_eq!(memory.stats().misses, runs + 200, "and no claim is left, in {memory:?}");
    }
}

#[cfg(feature = "sqlite")]
#[test]
fn a_file_that_is_no_database_is_one_warning() {
    let printed = play("refused::calls_where_a_file_is_no_database");
    assert_eq!(warnings(&printed).len(), 1, "{printed}");
    assert!(printed.contains("not a database") && !printed.contains("stored result"), "{printed}");
}

#[cfg(feature = "sqlite")]
#[test]
#[ignore = "a role that the test above starts"]
fn calls_where_a_file_is_no_database() {
    let base = tempfile::tempdir().unwrap();
    let memory = memory("sqlite", base.path());
    let file = base.path().join("of-sqlite/sqlite/joblib.sqlite");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "somebody's notes, and no database".repeat(1000)).unwrap();
    calls(&memory, 10);
    let numbers = numbers(&memory);
    assert!(!numbers.check_call_in_cache((7, 10)));
    let told = numbers.explain((7, 10));
    assert!(matches!(told, Explanation::StoreFailed(_)), "{told}");
    assert!(fs::read_to_string(&file).unwrap().starts_with("somebody's notes"), "it is left as it is");
}
