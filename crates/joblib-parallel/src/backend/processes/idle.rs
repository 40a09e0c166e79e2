//! Worker processes that wait for the next call.

use super::config::Config;
use super::handle::WorkerHandle;
use crate::sync::ForkSafe;
use crate::sys::cpu::cpu_count;

/// Idle workers with what they are, the latest last.
static IDLE: ForkSafe<Vec<(Config, WorkerHandle)>> = ForkSafe::new(Vec::new());

/// Takes an idle worker of this configuration, if there is one that is alive.
pub(super) fn checkout(config: &Config) -> Option<WorkerHandle> {
    loop {
        let mut worker = IDLE.with(|idle| {
            let position = idle.iter().rposition(|(known, _)| known == config)?;
            Some(idle.remove(position).1)
        })?;
        if worker.is_alive() {
            return Some(worker);
        }
    }
}

/// Keeps a worker for a later call; of too many the oldest ends.
pub(super) fn park(config: Config, worker: WorkerHandle) {
    let most = 4 * cpu_count().max(4);
    // The worker that goes is dropped outside of the section.
    let _gone = IDLE.with(|idle| {
        idle.push((config, worker));
        (idle.len() > most).then(|| idle.remove(0))
    });
}

/// Ends all idle workers.
pub(crate) fn shutdown() {
    let _gone = IDLE.with(std::mem::take);
}

/// In a forked process: leaves the workers to the parent, whose they are.
pub(super) fn forget() {
    std::mem::forget(IDLE.with(std::mem::take));
}
