//! Forks while other threads use a store: no lock of a thread that doesn't exist is waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use joblib_store::{Claim, Holder, Store, StoreOptions, open};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

use crate::{get, key, put};

/// Runs `work` in a forked child that ends without destructors.
fn forked(work: impl FnOnce() -> bool) -> Pid {
    // SAFETY: the child runs only `work`, which uses locks that are made for this and the allocator, whose locks the C
    // library takes care of.
    match unsafe { fork() }.unwrap() {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            let code = i32::from(!matches!(outcome, Ok(true)));
            // SAFETY: it ends the process at once.
            unsafe { libc::_exit(code) }
        }
    }
}

/// Whether a child ended well before a generous bound.
fn ends_well(child: Pid) -> bool {
    let since = Instant::now();
    loop {
        match waitpid(child, Some(WaitPidFlag::WNOHANG)).unwrap() {
            WaitStatus::Exited(_, code) => return code == 0,
            WaitStatus::StillAlive if since.elapsed() > Duration::from_mins(1) => {
                let _ = kill(child, Signal::SIGKILL);
                let _ = waitpid(child, None);
                return false;
            }
            WaitStatus::StillAlive => thread::sleep(Duration::from_millis(1)),
            _ => return false,
        }
    }
}

fn compute(store: &dyn Store, number: u64, size: usize) {
    let content = vec![number as u8; size];
    if let Claim::Mine(claim) = store.claim(&key(number)).unwrap() {
        claim.write(&mut |out| out.write_all(&content)).unwrap();
    }
    put(store, &key(number + 1), &content);
    store.tidy(&key(number), &joblib_store::Limits::default().items_limit(500), &|_| None).unwrap();
    let _ = get(store, &key(number));
}

fn forks_while_threads_store(store: &Arc<dyn Store>) {
    let (done, next) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let number = next.fetch_add(2, Ordering::Relaxed);
                    compute(&**store, number, if number % 3 == 0 { 20_000 } else { 200 });
                }
            });
        }
        let children: Vec<bool> = (0..40)
            .map(|round| {
                let child = forked(|| {
                    let number = 1_000_000_000 + round * 10;
                    compute(&**store, number, 300);
                    compute(&**store, number + 4, 30_000);
                    // The threads of the parent may have dropped it meanwhile.
                    get(&**store, &key(number + 1)).is_none_or(|found| found == [number as u8; 300])
                });
                ends_well(child)
            })
            .collect();
        done.store(true, Ordering::Relaxed);
        assert!(children.iter().all(|well| *well), "{}: {children:?}", store.backend());
    });
}

#[test]
fn a_fork_while_threads_store_in_memory_does_not_hang() {
    forks_while_threads_store(&open("in_memory", &StoreOptions::new("forks")).unwrap());
}

#[test]
fn a_fork_while_threads_store_in_a_folder_does_not_hang() {
    let folder = tempfile::tempdir().unwrap();
    forks_while_threads_store(&crate::store("local", folder.path()));
}

#[cfg(feature = "sqlite")]
#[test]
fn a_fork_while_threads_store_in_a_sqlite_file_does_not_hang() {
    let folder = tempfile::tempdir().unwrap();
    forks_while_threads_store(&crate::store("sqlite", folder.path()));
}

#[test]
fn a_claim_belongs_to_the_process_that_made_it() {
    for backend in crate::ON_DISK {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::store(backend, folder.path());
        let Claim::Mine(claim) = store.claim(&key(1)).unwrap() else { panic!("nobody else asked") };
        let parent = Holder::this_process();
        let mut claim = Some(claim);
        let child = forked(|| {
            let seen = matches!(store.claim(&key(1)).unwrap(), Claim::Taken(holder) if holder == parent);
            drop(claim.take());
            seen && matches!(store.claim(&key(1)).unwrap(), Claim::Taken(_))
        });
        assert!(ends_well(child), "{backend}: a child does not give back what its parent claimed");
        assert!(matches!(store.claim(&key(1)).unwrap(), Claim::Taken(holder) if holder.is_this_process()));
        claim.take().unwrap().write(&mut |out| out.write_all(b"result")).unwrap();
        assert_eq!(get(&*store, &key(1)).as_deref(), Some(&b"result"[..]));
    }
}
