//! All that a [`Parallel`](crate::Parallel) was told, as plain data.

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
    /// If there is such a value; the error names it.
    pub(super) fn check(&self) -> Result<()> {
        if self.batch_size == BatchSize::Fixed(0) {
            return Err(Error::usage("batch_size has to be at least 1"));
        }
        if self.timeout == Some(Duration::ZERO) {
            return Err(Error::usage(
                "timeout has to be longer than zero, which no task can keep; without it there is no limit",
            ));
        }
        if self.stack_size.is_some_and(|bytes| bytes < MIN_STACK) {
            return Err(Error::usage(format!("stack_size has to be at least {MIN_STACK} bytes")));
        }
        self.workers.check()
    }
}
