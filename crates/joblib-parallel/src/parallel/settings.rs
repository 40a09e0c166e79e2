//! All that a [`Parallel`](crate::Parallel) was told, as plain data.

use std::fmt;
use std::time::Duration;

use super::defaults::Defaults;
use crate::backend::worker_settings::WorkerSettings;
use crate::cancel::CancellationToken;
use crate::engine::batching::BatchSize;
use crate::engine::pre_dispatch::PreDispatch;
use crate::engine::progress::DisplayOptions;
use crate::error::{Error, Result};

/// The smallest stack that a task, its panic and its backtrace fit in.
const MIN_STACK: usize = 128 << 10;

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) defaults: Defaults,
    pub(super) timeout: Option<Duration>,
    pub(super) deadline: Option<Duration>,
    pub(super) pre_dispatch: PreDispatch,
    pub(super) batch_size: BatchSize,
    pub(super) stack_size: Option<usize>,
    pub(super) retries: u32,
    pub(super) seed: Option<u64>,
    pub(super) display: DisplayOptions,
    pub(super) catch_interrupt: bool,
    pub(super) token: Option<CancellationToken>,
    pub(super) workers: WorkerSettings,
}

impl fmt::Debug for Settings {
    /// What was set, as [`Parallel`](crate::Parallel) shows itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Parallel");
        let defaults = &self.defaults;
        let workers = &self.workers;
        // Values of the environment may be secret: names have to do.
        let env: Vec<_> = workers.env.iter().map(|(name, _)| name).collect();
        let settings: [(&str, Option<&dyn fmt::Debug>); 21] = [
            ("n_jobs", defaults.n_jobs.as_ref().map(|set| set as _)),
            ("backend", defaults.backend.as_ref().map(|set| set as _)),
            ("prefer", defaults.prefer.as_ref().map(|set| set as _)),
            ("verbose", defaults.verbose.as_ref().map(|set| set as _)),
            ("inner_max_num_threads", defaults.inner_max_num_threads.as_ref().map(|set| set as _)),
            ("max_nbytes", defaults.max_nbytes.as_ref().map(|set| set as _)),
            ("mmap_mode", defaults.mmap_mode.as_ref().map(|set| set as _)),
            ("temp_folder", defaults.temp_folder.as_ref().map(|set| set as _)),
            ("timeout", self.timeout.as_ref().map(|set| set as _)),
            ("deadline", self.deadline.as_ref().map(|set| set as _)),
            ("stack_size", self.stack_size.as_ref().map(|set| set as _)),
            ("retries", (self.retries > 0).then_some(&self.retries as _)),
            ("seed", self.seed.as_ref().map(|set| set as _)),
            ("token", self.token.as_ref().map(|set| set as _)),
            ("env", (!env.is_empty()).then_some(&env as _)),
            ("nice", workers.nice.as_ref().map(|set| set as _)),
            ("memory_limit", workers.memory_limit.as_ref().map(|set| set as _)),
            ("recycle_after_tasks", workers.recycle_after_tasks.as_ref().map(|set| set as _)),
            ("recycle_above_bytes", workers.recycle_above_bytes.as_ref().map(|set| set as _)),
            ("capture_output", workers.capture_output.then_some(&workers.capture_output as _)),
            ("catch_interrupt", (!self.catch_interrupt).then_some(&self.catch_interrupt as _)),
        ];
        for (name, set) in settings {
            if let Some(set) = set {
                shown.field(name, set);
            }
        }
        shown.field("pre_dispatch", &self.pre_dispatch).field("batch_size", &self.batch_size);
        shown.finish_non_exhaustive()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            defaults: Defaults::default(),
            timeout: None,
            deadline: None,
            pre_dispatch: PreDispatch::default(),
            batch_size: BatchSize::default(),
            stack_size: None,
            retries: 0,
            seed: None,
            display: DisplayOptions::default(),
            catch_interrupt: true,
            token: None,
            workers: WorkerSettings::default(),
        }
    }
}

impl Settings {
    /// Refuses values that no call can have.
    ///
    /// # Errors
    ///
    /// Returns an error if there is such a value; the error names it.
    pub(super) fn check(&self) -> Result<()> {
        if self.batch_size == BatchSize::Fixed(0) {
            return Err(Error::usage("batch_size has to be at least 1"));
        }
        if self.timeout == Some(Duration::ZERO) {
            return Err(Error::usage(
                "timeout has to be longer than zero; without a timeout there is no limit",
            ));
        }
        if self.stack_size.is_some_and(|bytes| bytes < MIN_STACK) {
            return Err(Error::usage(format!("stack_size has to be at least {MIN_STACK} bytes")));
        }
        self.workers.check()
    }
}
