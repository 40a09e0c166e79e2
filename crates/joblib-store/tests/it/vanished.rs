//! A location that is moved or removed under a running program.

use std::fs;
use std::path::Path;

use joblib_store::{Claim, FunctionVersion, Key, Scope, StoreOptions, open};

use crate::{get, key, put, store};

/// The claims that are in a local store's folder.
fn claims(folder: &Path) -> usize {
    fs::read_dir(folder.join("joblib-rs/claims")).map_or(0, Iterator::count)
}

fn mine(claim: Claim) -> Box<dyn joblib_store::Claimed> {
    match claim {
        Claim::Mine(claim) => claim,
        Claim::Taken(holder) => panic!("nobody computes this, yet {holder} does"),
    }
}

#[test]
fn a_folder_that_was_moved_away_is_made_again_and_nothing_is_claimed_by_nobody() {
    for size in [10, 100_000] {
        let place = tempfile::tempdir().unwrap();
        let (here, there) = (place.path().join("here"), place.path().join("there"));
        let store = store("local", &here);
        let content = vec![7; size];
        mine(store.claim(&key(1)).unwrap()).write(&mut |out| out.write_all(&content)).unwrap();
        fs::rename(&here, &there).unwrap();
        for number in 2..5 {
            assert_eq!(get(&*store, &key(number)), None);
            mine(store.claim(&key(number)).unwrap()).write(&mut |out| out.write_all(&content)).unwrap();
            assert_eq!(get(&*store, &key(number)).as_ref(), Some(&content));
            drop(mine(store.claim(&key(number)).unwrap()));
        }
        assert_eq!(get(&*store, &key(1)), None, "it went with the folder");
        assert_eq!((claims(&here), claims(&there)), (0, 0));
        assert_eq!(get(&*crate::store("local", &there), &key(1)).as_ref(), Some(&content));
        assert_eq!(get(&*crate::store("local", &here), &key(4)).as_ref(), Some(&content));
    }
}

#[test]
fn a_result_computed_while_its_folder_goes_away_is_stored_in_the_new_one() {
    for size in [10, 100_000] {
        for moved in [true, false] {
            let place = tempfile::tempdir().unwrap();
            let here = place.path().join("here");
            let store = store("local", &here);
            let claim = mine(store.claim(&key(1)).unwrap());
            if moved {
                fs::rename(&here, place.path().join("there")).unwrap();
            } else {
                fs::remove_dir_all(&here).unwrap();
            }
            let content = vec![7; size];
            claim.write(&mut |out| out.write_all(&content)).unwrap();
            assert_eq!(get(&*store, &key(1)).as_ref(), Some(&content), "{size} bytes, moved: {moved}");
            assert_eq!((claims(&here), claims(&place.path().join("there"))), (0, 0));
            drop(mine(store.claim(&key(1)).unwrap()));
        }
    }
}

#[test]
fn removing_the_folder_removes_its_results() {
    for backend in crate::ON_DISK {
        let place = tempfile::tempdir().unwrap();
        let here = place.path().join("here");
        let store = store(backend, &here);
        for (number, size) in [(1, 10), (2, 100_000)] {
            put(&*store, &key(number), &vec![7; size]);
        }
        fs::remove_dir_all(&here).unwrap();
        for number in [1, 2] {
            assert_eq!(get(&*store, &key(number)), None, "{backend}");
            assert!(!store.contains(&key(number)).unwrap());
            mine(store.claim(&key(number)).unwrap()).write(&mut |out| out.write_all(b"again")).unwrap();
            assert_eq!(get(&*crate::store(backend, &here), &key(number)).as_deref(), Some(&b"again"[..]));
        }
        assert_eq!(store.clear(Scope::All).unwrap(), 2);
    }
}

#[test]
fn a_claim_of_this_process_that_no_computation_knows_is_taken_over() {
    let place = tempfile::tempdir().unwrap();
    let options = StoreOptions::new(place.path()).option("claims", "files");
    let store = open("local", &options).unwrap();
    let claim = mine(store.claim(&key(1)).unwrap());
    assert!(matches!(open("local", &options).unwrap().claim(&key(1)).unwrap(), Claim::Taken(_)));
    // A copy has the same text, but nobody holds it.
    let folder = place.path().join("joblib-rs/claims");
    let file = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let text = fs::read(&file).unwrap();
    drop(claim);
    fs::write(&file, text).unwrap();
    drop(mine(store.claim(&key(1)).unwrap()));
    assert_eq!(claims(place.path()), 0);
}

#[test]
fn a_relative_location_stays_where_it_was_when_the_process_goes_elsewhere() {
    // Tests are processes of their own where they are run by nextest; the name is this test's alone elsewhere.
    let name = format!("target-of-a-test-{}", std::process::id());
    let place = std::env::temp_dir().join(&name);
    let relative = Path::new("/").join(&place);
    let here = std::env::current_dir().unwrap();
    let up: std::path::PathBuf = here.components().skip(1).map(|_| "..").collect();
    let location = up.join(relative.strip_prefix("/").unwrap());
    let version = FunctionVersion::new("demo::fit", 1, "");
    for backend in crate::ON_DISK {
        let store = open(backend, &StoreOptions::new(&location)).unwrap();
        put(&*store, &Key::new(&version, [1; 16]), b"result");
        assert!(Path::new(store.location()).is_absolute(), "{}", store.location());
        assert!(place.exists());
    }
    fs::remove_dir_all(place).unwrap();
}

#[test]
fn each_part_of_the_folder_can_be_removed_alone() {
    for claims in ["locks", "files"] {
        for (part, size) in
            ["claims", "claims.lock", "usage"].into_iter().zip([10, 100_000].into_iter().cycle())
        {
            let place = tempfile::tempdir().unwrap();
            let options = StoreOptions::new(place.path()).option("claims", claims);
            let store = open("local", &options).unwrap();
            let content = vec![7; size];
            for number in 0..3 {
                let claim = mine(store.claim(&key(number)).unwrap());
                let part = place.path().join("joblib-rs").join(part);
                let _ = fs::remove_dir_all(&part).or_else(|_| fs::remove_file(&part));
                claim.write(&mut |out| out.write_all(&content)).unwrap();
                assert_eq!(get(&*store, &key(number)).as_ref(), Some(&content), "without {}", part.display());
            }
        }
    }
}
