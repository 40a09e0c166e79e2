//! Claims among processes: one holds, it is known which, and nothing is left of one that died.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use joblib_store::{Claim, Claimed, Store, StoreOptions, open};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{folder_of_role, get, key, role};

/// The stores that processes share, with each kind of claims.
const SHARED: &[(&str, &str)] = if cfg!(feature = "sqlite") {
    &[("local", "locks"), ("local", "files"), ("sqlite", "")]
} else {
    &[("local", "locks"), ("local", "files")]
};

fn open_kind((backend, claims): (&str, &str), folder: &Path) -> std::sync::Arc<dyn Store> {
    let options = StoreOptions::new(folder.join(backend).join(claims));
    open(backend, &if claims.is_empty() { options } else { options.option("claims", claims) }).unwrap()
}

fn mine(claim: Claim) -> Box<dyn Claimed> {
    match claim {
        Claim::Mine(claim) => claim,
        Claim::Taken(holder) => panic!("nobody computes this, yet {holder} does"),
    }
}

#[test]
#[ignore = "a role that the tests below start"]
fn claims_and_waits_to_be_killed() {
    let claims: Vec<_> =
        SHARED.iter().map(|kind| open_kind(*kind, &folder_of_role()).claim(&key(1)).unwrap()).collect();
    assert!(claims.iter().all(|claim| matches!(claim, Claim::Mine(_))));
    println!("claimed");
    thread::sleep(Duration::from_mins(10));
}

#[test]
fn a_claim_names_the_process_that_computes_and_ends_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut child =
        role("claims::claims_and_waits_to_be_killed", folder.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut told = String::new();
    let mut output = child.stdout.take().unwrap();
    while !told.contains("claimed") {
        let mut bytes = [0; 256];
        let read = output.read(&mut bytes).unwrap();
        assert!(read > 0, "it ended: {told}");
        told.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
    for kind in SHARED {
        let store = open_kind(*kind, folder.path());
        let Claim::Taken(holder) = store.claim(&key(1)).unwrap() else {
            panic!("{kind:?}: it is claimed twice")
        };
        assert_eq!((holder.pid(), holder.is_alive()), (child.id(), Some(true)), "{kind:?}");
        drop(mine(store.claim(&key(2)).unwrap()));
    }
    kill(Pid::from_raw(child.id() as i32), Signal::SIGKILL).unwrap();
    child.wait().unwrap();
    for kind in SHARED {
        let store = open_kind(*kind, folder.path());
        mine(store.claim(&key(1)).unwrap()).write(&mut |out| out.write_all(b"result")).unwrap();
        assert_eq!(get(&*store, &key(1)).as_deref(), Some(&b"result"[..]), "{kind:?}");
    }
}

#[test]
fn closing_a_store_ends_no_claim_of_another_at_its_place() {
    for kind in SHARED {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (open_kind(*kind, folder.path()), open_kind(*kind, folder.path()));
        let claim = mine(first.claim(&key(1)).unwrap());
        drop(mine(second.claim(&key(2)).unwrap()));
        drop(second);
        let child = role("claims::finds_that_it_is_claimed", folder.path())
            .env("KIND", format!("{},{}", kind.0, kind.1))
            .output()
            .unwrap();
        assert!(child.status.success(), "{kind:?}: {}", String::from_utf8_lossy(&child.stderr));
        drop(first);
        claim.write(&mut |out| out.write_all(b"result")).unwrap();
        mine(open_kind(*kind, folder.path()).claim(&key(1)).unwrap());
    }
}

#[test]
#[ignore = "a role that the test above starts"]
fn finds_that_it_is_claimed() {
    let kind = std::env::var("KIND").unwrap();
    let kind = kind.split_once(',').unwrap();
    assert!(matches!(open_kind(kind, &folder_of_role()).claim(&key(1)).unwrap(), Claim::Taken(_)));
}

#[test]
fn threads_with_stores_of_their_own_claim_once() {
    for kind in SHARED {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..20 {
            let barrier = Barrier::new(4);
            let claims: Vec<Claim> = thread::scope(|scope| {
                let threads = [(); 4].map(|()| {
                    scope.spawn(|| {
                        let store = open_kind(*kind, folder.path());
                        barrier.wait();
                        store.claim(&key(number)).unwrap()
                    })
                });
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let mine = claims.iter().filter(|claim| matches!(claim, Claim::Mine(_))).count();
            assert_eq!(mine, 1, "{kind:?}: {claims:?}");
        }
    }
}

#[test]
fn an_abandoned_claim_in_a_file_is_taken_over_by_one_of_many() {
    let folder = tempfile::tempdir().unwrap();
    let stores: Vec<_> = (0..6).map(|_| open_kind(("local", "files"), folder.path())).collect();
    let claims = folder.path().join("local/files/joblib-rs/claims");
    for number in 0..100 {
        let claim = mine(stores[0].claim(&key(number)).unwrap());
        let name = fs::read_dir(&claims).unwrap().next().unwrap().unwrap().path();
        let text = fs::read_to_string(&name).unwrap();
        drop(claim);
        // As a process leaves it that dies.
        let pid = std::process::id().to_string();
        fs::write(&name, text.replacen(&format!(" {pid} "), " 4194305 ", 1)).unwrap();
        let barrier = Barrier::new(stores.len());
        let claims: Vec<Claim> = thread::scope(|scope| {
            let threads: Vec<_> = stores
                .iter()
                .map(|store| {
                    scope.spawn(|| {
                        barrier.wait();
                        store.claim(&key(number)).unwrap()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let mine = claims.iter().filter(|claim| matches!(claim, Claim::Mine(_))).count();
        assert_eq!(mine, 1, "{number}");
    }
    assert_eq!(fs::read_dir(&claims).unwrap().count(), 0, "nothing is left of claims that ended");
}

#[test]
fn a_small_miss_makes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = crate::store("local", folder.path());
    let compute =
        |number| mine(store.claim(&key(number)).unwrap()).write(&mut |out| out.write_all(b"x")).unwrap();
    compute(1);
    let claims = folder.path().join("joblib-rs/claims");
    let before = fs::metadata(&claims).unwrap().modified().unwrap();
    (2..50).for_each(|number| _ = compute(number));
    assert_eq!(fs::metadata(&claims).unwrap().modified().unwrap(), before);
}

#[test]
fn removing_the_file_of_locks_stops_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let store = crate::store("local", folder.path());
    let claim = mine(store.claim(&key(1)).unwrap());
    fs::remove_file(folder.path().join("joblib-rs/claims.lock")).unwrap();
    let since = Instant::now();
    drop(mine(store.claim(&key(2)).unwrap()));
    claim.write(&mut |out| out.write_all(b"result")).unwrap();
    drop(mine(crate::store("local", folder.path()).claim(&key(1)).unwrap()));
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
}
