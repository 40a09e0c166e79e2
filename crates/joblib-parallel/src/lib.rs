#![doc = include_str!("../README.md")]

pub mod backend;
mod batch;
mod batching;
mod boxed;
mod cancel;
mod carry;
mod config;
#[cfg(feature = "conformance")]
#[allow(clippy::missing_panics_doc, reason = "a case that panics is a case that fails")]
pub mod conformance;
mod context;
mod cpu;
mod delayed;
mod describe;
mod engine;
mod error;
mod fork;
mod inherited;
mod interrupt;
mod n_jobs;
mod panics;
mod parallel;
mod portable;
mod pre_dispatch;
mod registry;
mod reporter;
mod results;
mod retry;
mod settings;
mod stack;
mod task;
mod wire;
mod worker;

pub use crate::backend::{Backend, register_parallel_backend};
pub use crate::batching::BatchSize;
pub use crate::boxed::BoxedTask;
pub use crate::cancel::{CancellationToken, Waker};
pub use crate::carry::{Apply, register_carrier};
pub use crate::config::{ConfigGuard, ParallelConfig, parallel_config};
pub use crate::context::{cancelled, task_seed};
pub use crate::cpu::{cpu_count, physical_cpu_count};
pub use crate::delayed::{Delayed, Function, Value, delayed};
pub use crate::error::{BoxError, Cause, Crash, Error, Panic, Result, TaskError};
pub use crate::parallel::{
    Anywhere, FailFast, Forked, Generator, GeneratorUnordered, List, OnFailure, Outcomes, Parallel, Portable,
    ReturnAs, SharedMem, effective_n_jobs,
};
pub use crate::pre_dispatch::PreDispatch;
pub use crate::registry::shutdown_workers;
pub use crate::reporter::Progress;
pub use crate::results::Results;
pub use crate::settings::Prefer;
#[doc(hidden)]
pub use crate::task::{Closure, Task};
