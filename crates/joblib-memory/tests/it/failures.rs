//! Stores that fail: the function's result is returned all the same, and nobody waits or is told twice.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use joblib_memory::{Explanation, Memory, Warnings};
use serde::{Deserialize, Serialize};

use crate::stores::{KINDS, ON_DISK, failing, memories, memory_of};

/// Runs an ignored test in a process of its own, and returns what it printed on standard error.
pub(crate) fn play(role: &str) -> String {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", role, "--ignored", "--nocapture"])
        .env_remove("JOBLIB_WARNINGS")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&child.stderr).into_owned();
    assert!(child.status.success(), "{printed}\n{}", String::from_utf8_lossy(&child.stdout));
    printed
}

pub(crate) fn warnings(printed: &str) -> Vec<&str> {
    printed.lines().filter(|line| line.starts_with("warning: joblib: ")).collect()
}

#[test]
fn nobody_waits_for_a_claim_that_was_left_behind_in_this_process() {
    for (memory, faults, _folder) in failing("leaves claims") {
        let memory = memory.waiting_time(Duration::MAX);
        let double = memory.cache("double", |x: u32| 2 * x);
        faults.leaves_claims.store(true, Ordering::SeqCst);
        assert_eq!(double.eval((1,)), 2, "computed, and its claim is left behind, in {memory:?}");
        // Would wait for ever if the claim counted.
        assert_eq!(double.eval((1,)), 2, "in {memory:?}");
        assert!(double.check_call_in_cache((1,)), "stored without a claim, in {memory:?}");
    }
}

#[test]
fn a_location_that_was_moved_away_is_made_again() {
    for kind in ON_DISK {
        for removed in [false, true] {
            let base = tempfile::tempdir().unwrap();
            let location = base.path().join("cache");
            let memory = memory_of(kind, "", &location).waiting_time(Duration::MAX);
            let runs = AtomicUsize::new(0);
            let double = memory
                .cache("double", |x: u32| {
                    runs.fetch_add(1, Ordering::SeqCst);
                    2 * x
                })
                .captures(());
            double.eval((0,));
            memory.flush().unwrap();
            if removed {
                std::fs::remove_dir_all(&location).unwrap();
            } else {
                std::fs::rename(&location, base.path().join("moved")).unwrap();
            }
            for x in [1, 1, 2, 2, 2] {
                assert_eq!(double.eval((x,)), 2 * x);
            }
            assert!(double.check_call_in_cache((1,)) && double.check_call_in_cache((2,)), "in {memory:?}");
            assert!(runs.load(Ordering::SeqCst) <= 5, "no key is computed more often than twice");
            assert_eq!(double.eval((3,)), 6);
            memory.flush().unwrap();
            // What another program finds there is what was stored since.
            let again = memory_of(kind, "", &location);
            assert_eq!(again.items().unwrap().len(), 3, "in {again:?}");
        }
    }
}

#[test]
fn a_full_store_makes_room_within_the_limits_and_stores() {
    for (memory, faults, _folder) in failing("full") {
        let double = memory.cache("double", |x: u32| 2 * x);
        (0..10).for_each(|x| _ = double.eval((x,)));
        faults.room.store(10, Ordering::SeqCst);
        let limited = memory.clone().items_limit(5);
        let limited = limited.cache("other", |x: u32| 3 * x);
        assert_eq!(limited.eval((1,)), 3);
        assert!(limited.check_call_in_cache((1,)), "there was room after tidying, in {memory:?}");
        assert_eq!(faults.rooms_made.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn a_full_store_without_limits_is_not_looked_through_for_every_result() {
    for (memory, faults, _folder) in failing("full and unlimited") {
        faults.room.store(0, Ordering::SeqCst);
        let double = memory.cache("double", |x: u32| 2 * x);
        (0..100).for_each(|x| assert_eq!(double.eval((x,)), 2 * x));
        assert_eq!(faults.rooms_made.load(Ordering::SeqCst), 1, "in {memory:?}");
    }
}

#[test]
fn a_store_that_cannot_be_read_is_one_warning_and_every_question_says_so() {
    let printed = play("failures::calls_on_a_store_that_cannot_be_read");
    assert_eq!(warnings(&printed).len(), KINDS.len(), "one for each store: {printed}");
    assert!(printed.contains("too many open files") && !printed.contains("stored result"), "{printed}");
}

#[test]
#[ignore = "a role that a_store_that_cannot_be_read_is_one_warning_and_every_question_says_so starts"]
fn calls_on_a_store_that_cannot_be_read() {
    for (memory, faults, _folder) in failing("unreadable") {
        let double = memory.cache("double", |x: u32| 2 * x);
        double.eval((7,));
        faults.unreadable.store(true, Ordering::SeqCst);
        (0..200).for_each(|x| assert_eq!(double.eval((x,)), 2 * x));
        assert!(!double.check_call_in_cache((7,)));
        match double.explain((7,)) {
            Explanation::StoreFailed(reason) => assert!(reason.contains("too many open files"), "{reason}"),
            other => panic!("{other}"),
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_the_system_can_not_read_is_computed_and_not_said_to_be_damaged() {
    for keeps in [false, true] {
        for (memory, faults, _folder) in failing(&format!("on a bad disk {keeps}")) {
            let memory = if keeps { memory.keep_in_memory("1M") } else { memory };
            let double = memory.cache("double", |x: u32| 2 * x);
            assert_eq!(double.eval((7,)), 14);
            faults.on_bad_disk.store(true, Ordering::SeqCst);
            match double.explain((7,)) {
                Explanation::StoreFailed(reason) => assert!(reason.contains("os error 5"), "{reason}"),
                other => panic!("{other}"),
            }
            assert_eq!(double.eval((7,)), 14);
            faults.on_bad_disk.store(false, Ordering::SeqCst);
            assert!(double.check_call_in_cache((7,)));
        }
    }
    let path = std::path::PathBuf::from("/proc/self/mem");
    let blob = joblib_store::Blob::File { file: std::fs::File::open(&path).unwrap(), path };
    let error = joblib_memory::StoredEntry::verify(blob).unwrap_err();
    assert!(error.is_unreadable() && error.io_kind().is_some(), "{error}");
}

/// Does something with what warns whenever it receives an event, as a subscriber does that uses a cache.
struct Asks<F>(F);

impl<F: Fn() + Send + Sync + 'static> tracing::Subscriber for Asks<F> {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        (self.0)();
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
#[ignore = "a role that a_subscriber_may_ask_where_warnings_go_while_it_receives_one starts"]
fn warns_of_its_own_setting() {
    let ask = || assert_eq!(Warnings::default(), Warnings::Stderr);
    tracing::dispatcher::with_default(&tracing::Dispatch::new(Asks(ask)), ask);
}

#[test]
#[ignore = "a role that a_subscriber_may_call_what_warns_while_it_receives_a_warning starts"]
fn warns_of_its_record() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("joblib-runs"), "in the way of the folder").unwrap();
    let memory = Memory::new(folder.path()).unwrap().record(true);
    let call = move || assert_eq!(memory.cache("double", |x: u32| 2 * x).eval((7,)), 14);
    let asks = tracing::Dispatch::new(Asks(call.clone()));
    tracing::dispatcher::with_default(&asks, call);
}

/// The warnings of a role that must end.
fn warnings_of_one_that_ends(role: &str, setting: &str) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", role, "--ignored", "--nocapture"])
        .env("JOBLIB_WARNINGS", setting)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let since = std::time::Instant::now();
    while child.try_wait().unwrap().is_none() && since.elapsed().as_secs() < 20 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let _ = child.kill();
    let output = child.wait_with_output().unwrap();
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}");
    warnings(&printed).len()
}

#[test]
fn a_subscriber_may_ask_where_warnings_go_while_it_receives_one() {
    assert_eq!(warnings_of_one_that_ends("failures::warns_of_its_own_setting", "everywhere"), 1);
}

#[test]
fn a_subscriber_may_call_what_warns_while_it_receives_a_warning() {
    assert_eq!(warnings_of_one_that_ends("failures::warns_of_its_record", "stderr"), 1);
}

static REFUSES: AtomicBool = AtomicBool::new(false);

/// A number that can be read only while it is allowed, as one whose type changed.
#[derive(Debug, PartialEq, Serialize)]
struct Fickle(u32);

impl<'de> Deserialize<'de> for Fickle {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if REFUSES.load(Ordering::SeqCst) {
            return Err(serde::de::Error::custom("expected another type"));
        }
        u32::deserialize(deserializer).map(Self)
    }
}

#[test]
fn a_result_that_no_longer_decodes_is_said_to_be_missing_and_told_once_for_its_function() {
    let printed = play("failures::calls_whose_results_no_longer_decode");
    assert_eq!(warnings(&printed).len(), 1, "{printed}");
}

#[test]
#[ignore = "a role that a_result_that_no_longer_decodes_is_said_to_be_missing_and_told_once_for_its_function starts"]
fn calls_whose_results_no_longer_decode() {
    let mut calls = 0;
    for (memory, _folder) in memories("no longer decodes") {
        REFUSES.store(false, Ordering::SeqCst);
        let fickle = memory.cache("fickle", Fickle);
        (0..20).for_each(|x| _ = fickle.eval((x,)));
        assert!(fickle.check_call_in_cache((1,)) && fickle.explain((1,)).is_hit());
        REFUSES.store(true, Ordering::SeqCst);
        assert!(!fickle.check_call_in_cache((1,)), "in {memory:?}");
        assert_eq!(fickle.explain((1,)), Explanation::Corrupt, "in {memory:?}");
        (0..20).for_each(|x| assert_eq!(fickle.eval((x,)), Fickle(x)));
        calls += 40;
        assert_eq!(memory.stats().misses, 40, "in {memory:?}");
    }
    assert!(calls > 0);
}

#[test]
fn a_result_larger_than_the_limit_is_one_warning() {
    let printed = play("failures::results_larger_than_the_limit");
    let warnings = warnings(&printed);
    assert_eq!(warnings.len(), 1, "{printed}");
    assert!(warnings[0].contains("bytes_limit") && warnings[0].contains("large"), "{printed}");
}

#[test]
#[ignore = "a role that a_result_larger_than_the_limit_is_one_warning starts"]
fn results_larger_than_the_limit() {
    for (memory, _folder) in memories("larger than the limit") {
        let memory = memory.bytes_limit("10K");
        let large = memory.cache("large", |x: u8| vec![x; 100_000]);
        for x in [1, 1, 2, 3] {
            assert_eq!(large.eval((x,)), vec![x; 100_000]);
        }
    }
}

#[test]
fn a_relative_location_stays_where_it_was_opened() {
    play("failures::calls_before_and_after_a_change_of_folder");
}

#[test]
#[ignore = "a role that a_relative_location_stays_where_it_was_opened starts"]
fn calls_before_and_after_a_change_of_folder() {
    let [here, there] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    for kind in ON_DISK {
        std::env::set_current_dir(here.path()).unwrap();
        let memory = memory_of(kind, "", Path::new(kind));
        let double = memory.cache("double", |x: u32| 2 * x);
        double.eval((1,));
        std::env::set_current_dir(there.path()).unwrap();
        double.eval((2,));
        assert_eq!((memory.stats().hits, memory.stats().misses), (0, 2));
        assert!(double.check_call_in_cache((1,)) && double.check_call_in_cache((2,)), "in {memory:?}");
        assert!(memory.location().is_some_and(std::path::Path::is_absolute));
        assert_eq!(std::fs::read_dir(there.path()).unwrap().count(), 0, "nothing is stored there");
        // The same folder by its absolute path is the same cache.
        let again = memory_of(kind, "", &here.path().join(kind));
        assert_eq!(again.stats().misses, 2);
    }
    std::env::set_current_dir("/").unwrap();
}

#[test]
fn a_tilde_is_the_home_folder_and_that_of_others_is_refused() {
    let home = std::env::home_dir().unwrap();
    let memory = Memory::new("~/joblib-is-not-made-here").unwrap();
    assert_eq!(memory.location(), Some(home.join("joblib-is-not-made-here").as_path()));
    let error = Memory::new("~somebody/cache").unwrap_err().to_string();
    assert!(error.contains("~somebody"), "{error}");
}

#[test]
fn a_child_of_a_fork_does_not_wait_for_what_a_thread_of_its_parent_was_making() {
    play("failures::role_fork_while_results_are_listed");
}

#[test]
#[ignore = "a role that a_child_of_a_fork_does_not_wait_for_what_a_thread_of_its_parent_was_making starts"]
fn role_fork_while_results_are_listed() {
    use nix::sys::signal::{Signal, kill};
    use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
    use nix::unistd::{ForkResult, fork};

    let (memory, faults, _folder) = failing("forks").swap_remove(1);
    let memory = memory.record(true);
    let double = memory.cache("double", |x: u32| 2 * x);
    faults.lists_slowly.store(true, Ordering::SeqCst);
    std::thread::scope(|scope| {
        // Why it is computed is recorded, for which results are listed.
        scope.spawn(|| double.eval((1,)));
        while !faults.is_listed.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        // SAFETY: the child calls what is made to be called after a fork, and ends at once.
        let status = match unsafe { fork() }.unwrap() {
            ForkResult::Child => {
                faults.lists_slowly.store(false, Ordering::SeqCst);
                let is_right = double.eval((2,)) == 4;
                // SAFETY: it ends the process.
                unsafe { nix::libc::_exit(i32::from(!is_right)) }
            }
            ForkResult::Parent { child } => {
                let since = std::time::Instant::now();
                loop {
                    match waitpid(child, Some(WaitPidFlag::WNOHANG)).unwrap() {
                        WaitStatus::StillAlive if since.elapsed() < Duration::from_mins(1) => {
                            std::thread::sleep(Duration::from_millis(2));
                        }
                        status => {
                            let _ = kill(child, Signal::SIGKILL);
                            break status;
                        }
                    }
                }
            }
        };
        faults.lists_slowly.store(false, Ordering::SeqCst);
        assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
    });
}

#[test]
fn a_standard_error_that_takes_nothing_stops_no_call() {
    let unread = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        std::process::Stdio::from(writer)
    };
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "failures::role_warn", "--ignored", "--nocapture"])
        .env_remove("JOBLIB_WARNINGS")
        .stderr(unread())
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
}

#[test]
#[ignore = "a role that a_standard_error_that_takes_nothing_stops_no_call starts"]
fn role_warn() {
    let memory = Memory::new("/dev/null/cache").unwrap().verbose(100);
    assert_eq!(memory.eval("double", |x: u32| 2 * x, (2,)), 4);
}
