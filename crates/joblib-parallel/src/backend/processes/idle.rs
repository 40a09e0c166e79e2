//! Worker processes that wait for the next call.

use std::os::fd::AsFd;

use super::config::Config;
use super::handle::WorkerHandle;
use crate::sync::ForkSafe;
use crate::sys::cpu::cpu_count;
use crate::sys::death_watch::DeathWatch;

/// Idle workers with what they are, the latest last.
struct Idle {
    workers: Vec<(Config, WorkerHandle)>,
    /// Tells of workers that die while they are idle.
    deaths: Option<DeathWatch>,
}

static IDLE: ForkSafe<Idle> = ForkSafe::new(Idle { workers: Vec::new(), deaths: None });

/// Takes an idle worker of this configuration, if there is one that is alive.
pub(super) fn checkout(config: &Config) -> Option<WorkerHandle> {
    loop {
        let mut worker = IDLE.with(|idle| {
            let position = idle.workers.iter().rposition(|(known, _)| known == config)?;
            Some(idle.workers.remove(position).1)
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
        idle.workers.push((config, worker));
        idle.watch_last();
        (idle.workers.len() > most).then(|| idle.workers.remove(0))
    });
}

impl Idle {
    /// Without a watch, the death of a worker is noticed when it is to be used.
    fn watch_last(&mut self) {
        if self.deaths.is_none() {
            self.deaths = DeathWatch::start(collect).ok();
        }
        if let (Some(deaths), Some((_, worker))) = (&self.deaths, self.workers.last())
            && let Some(pidfd) = &worker.pidfd
        {
            let _ = deaths.watch(pidfd.as_fd(), worker.key());
        }
    }
}

/// Collects an idle worker that has ended, with what its tasks have left behind.
fn collect(key: u64) {
    let _gone = IDLE.with(|idle| {
        let position = idle.workers.iter().position(|(_, worker)| worker.key() == key)?;
        Some(idle.workers.remove(position))
    });
}

/// Ends all idle workers.
pub(crate) fn shutdown() {
    let _gone = IDLE.with(|idle| std::mem::take(&mut idle.workers));
}

/// In a forked process: leaves the workers to the parent, whose they are, as is the thread that watches them.
pub(super) fn forget() {
    IDLE.with(|idle| {
        std::mem::forget(std::mem::take(&mut idle.workers));
        idle.deaths = None;
    });
}
