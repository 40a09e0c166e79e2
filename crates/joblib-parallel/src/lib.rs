#![doc = include_str!("../README.md")]

pub mod backend;
mod cancel;
mod carriers;
#[cfg(feature = "conformance")]
#[allow(clippy::missing_panics_doc, reason = "a case that panics is a case that fails")]
pub mod conformance;
mod engine;
mod error;
#[doc(hidden)]
pub mod internal;
mod parallel;
mod sync;
mod sys;
mod task;
mod wire;
mod worker;

pub use crate::backend::Backend;
pub use crate::backend::builtin::shutdown_workers;
pub use crate::backend::registry::register_parallel_backend;
pub use crate::cancel::{CancellationToken, Waker};
pub use crate::carriers::{ApplyContext, register_carrier};
pub use crate::engine::batching::BatchSize;
pub use crate::engine::pre_dispatch::PreDispatch;
pub use crate::engine::progress::Progress;
pub use crate::engine::progress_writer::{ProgressWriter, suspend_progress};
pub use crate::error::{
    BoxError, Cause, Crash, Error, Panic, RemoteError, Result, TaskError, TaskFailure, TaskOutput,
};
pub use crate::parallel::config::{ConfigGuard, ParallelConfig, parallel_config};
pub use crate::parallel::defaults::Prefer;
pub use crate::parallel::results::Results;
pub use crate::parallel::{
    Anywhere, AsIterator, FailFast, Forked, Generator, GeneratorUnordered, List, OnFailure, Outcomes,
    Parallel, ReturnAs, SharedMem, effective_n_jobs,
};
pub use crate::sys::cpu::{cpu_count, physical_cpu_count};
pub use crate::task::Portable;
pub use crate::task::boxed::BoxedTask;
pub use crate::task::context::{cancelled, task_seed};
pub use crate::task::delayed::{Delayed, Function, Value, delayed};
pub use crate::task::fallible::Fallible;
#[doc(hidden)]
pub use crate::task::{Closure, Task};
