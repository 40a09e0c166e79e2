//! Where the system refuses: a full disk, files as large as they may get, no file descriptors left.

use joblib_store::{Claim, Subject};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::{folder_of_role, get, key, put, role, store};

fn runs_well(name: &str, folder: &std::path::Path) {
    let output = role(name, folder).output().unwrap();
    assert!(output.status.success(), "{:?}: {}", output.status, String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "a role that the test below starts"]
fn stores_more_than_files_may_hold() {
    for backend in crate::ON_DISK {
        let folder = folder_of_role().join(backend);
        let store = store(backend, &folder);
        put(&*store, &key(0), b"before");
        let (_, hard) = getrlimit(Resource::RLIMIT_FSIZE).unwrap();
        setrlimit(Resource::RLIMIT_FSIZE, 200_000, hard).unwrap();
        let content = vec![7; 1 << 20];
        let Claim::Mine(claim) = store.claim(&key(1)).unwrap() else { panic!("nobody else asked") };
        let error = claim.write(&mut |out| out.write_all(&content)).unwrap_err();
        assert!(error.is_full(), "{backend}: {error}");
        assert_eq!(error.subject(), Subject::Store);
        let error = store.put(&key(2), &mut |out| out.write_all(&content)).unwrap_err();
        assert!(error.is_full(), "{backend}: {error}");
        store.make_room(&joblib_store::Limits::default(), &|_| None).unwrap();
        setrlimit(Resource::RLIMIT_FSIZE, hard, hard).unwrap();
        assert_eq!(get(&*store, &key(0)).as_deref(), Some(&b"before"[..]));
        for number in [1, 2] {
            assert_eq!(get(&*store, &key(number)), None);
            let Claim::Mine(claim) = store.claim(&key(number)).unwrap() else { panic!("a claim is left") };
            claim.write(&mut |out| out.write_all(&content)).unwrap();
        }
        if *backend == "local" {
            assert_eq!(std::fs::read_dir(folder.join("joblib-rs/claims")).unwrap().count(), 0);
        }
    }
}

#[test]
fn a_file_as_large_as_it_may_get_is_an_error_that_leaves_no_claim() {
    let folder = tempfile::tempdir().unwrap();
    runs_well("limits_of_the_system::stores_more_than_files_may_hold", folder.path());
}

#[test]
#[ignore = "a role that the test below starts"]
fn fills_logs_that_may_not_grow() {
    let store = store("local", &folder_of_role());
    let (_, hard) = getrlimit(Resource::RLIMIT_FSIZE).unwrap();
    setrlimit(Resource::RLIMIT_FSIZE, 100_000, hard).unwrap();
    let content = [7; 1000];
    let mut failed = None;
    for number in 0..200 {
        match store.put(&key(number), &mut |out| out.write_all(&content)) {
            Ok(_) => assert!(get(&*store, &key(number)).is_some()),
            Err(error) => {
                failed = Some((number, error));
                break;
            }
        }
    }
    let (number, error) = failed.expect("a log may hold only 100 of them");
    assert!(error.is_full() && (90..=100).contains(&number), "{number}: {error}");
    for earlier in 0..number {
        assert_eq!(get(&*store, &key(earlier)).as_deref(), Some(&content[..]));
    }
    store.reduce(&joblib_store::Limits::default().items_limit(10), &|_| None).unwrap();
    put(&*store, &key(number), &content);
    assert_eq!(get(&*store, &key(number)).as_deref(), Some(&content[..]), "there is room again");
}

#[test]
fn a_log_of_small_results_that_may_not_grow_is_full_until_results_are_dropped() {
    let folder = tempfile::tempdir().unwrap();
    runs_well("limits_of_the_system::fills_logs_that_may_not_grow", folder.path());
}

#[test]
#[ignore = "a role that the test below starts"]
fn runs_out_of_file_descriptors() {
    let folder = folder_of_role();
    let store = store("local", &folder);
    put(&*store, &key(0), &[7; 10_000]);
    let mut files = Vec::new();
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 64, hard).unwrap();
    while let Ok(file) = std::fs::File::open("/") {
        files.push(file);
    }
    for number in 0..3 {
        let error = store.get(&key(number)).err();
        assert!(error.is_none_or(|error| error.subject() == Subject::Store), "it says nothing of one result");
        assert_eq!(store.claim(&key(number)).unwrap_err().subject(), Subject::Store);
    }
    drop(files);
    assert!(get(&*store, &key(0)).is_some());
}

#[test]
fn no_file_descriptor_left_is_an_error_of_the_store_and_not_of_a_result() {
    let folder = tempfile::tempdir().unwrap();
    runs_well("limits_of_the_system::runs_out_of_file_descriptors", folder.path());
}
