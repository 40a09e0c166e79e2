//! The claims that this process holds: one that names this process and is not among them is abandoned.

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::process_lock::{AfterFork, ProcessLock};

/// A file's device and number, which it keeps when it is moved.
pub(super) type Identity = (u64, u64);

/// How often a holder shows that it lives, unless a short lease needs more.
const HEARTBEAT: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
struct Held {
    claims: HashMap<Identity, (Instant, Weak<File>)>,
    /// How often the thread that refreshes claims wakes up; it runs if this is set.
    interval: Option<Duration>,
}

/// A forked child has neither its parent's claims nor its thread.
static HELD: ProcessLock<Held> = ProcessLock::new(AfterFork::Renew);

/// Whether this process holds the claim in this file.
pub(super) fn holds(identity: Identity) -> bool {
    HELD.lock().claims.get(&identity).is_some_and(|(_, file)| file.strong_count() > 0)
}

/// Refreshes a claim's modification time for as long as its file is held.
pub(super) fn hold(identity: Identity, file: &Arc<File>, lease: Duration) {
    let mut held = HELD.lock();
    let count = held.claims.len();
    if count >= 64 && count.is_power_of_two() {
        held.claims.retain(|_, (_, file)| file.strong_count() > 0);
    }
    held.claims.insert(identity, (Instant::now(), Arc::downgrade(file)));
    let interval = HEARTBEAT.min(lease / 6);
    let runs = held.interval.is_some();
    held.interval = Some(held.interval.map_or(interval, |before| before.min(interval)));
    if !runs {
        // Without the thread, others judge by the process alone.
        let _ = thread::Builder::new().name("joblib-claims".into()).stack_size(64 * 1024).spawn(refresh);
    }
}

pub(super) fn release(identity: Identity) {
    HELD.lock().claims.remove(&identity);
}

fn refresh() {
    loop {
        let interval = HELD.lock().interval.unwrap_or(HEARTBEAT);
        thread::sleep(interval);
        // Refreshed without the lock: a file system that hangs stops no other claim.
        let files: Vec<Arc<File>> = {
            let mut held = HELD.lock();
            held.claims.retain(|_, (_, file)| file.strong_count() > 0);
            let old = |since: &Instant| since.elapsed() >= interval;
            held.claims
                .values()
                .filter(|(since, _)| old(since))
                .filter_map(|(_, file)| file.upgrade())
                .collect()
        };
        for file in files {
            let _ = file.set_modified(SystemTime::now());
        }
    }
}
