//! A step of a run as a document for programs.

use std::time::Duration;

use serde::Serialize;

use super::model::{Batch, Step};
use crate::hex::Hex;

/// A step; `parent` is the number of another.
#[derive(Serialize)]
pub(crate) struct StepDocument<'a> {
    step: usize,
    parent: Option<usize>,
    task: Option<u64>,
    name: &'a str,
    result: &'static str,
    cause: &'a str,
    message: &'a str,
    /// Seconds since the start of the run.
    begin: f64,
    seconds: f64,
    computing_seconds: f64,
    waited_seconds: f64,
    bytes: u64,
    peak_memory: u64,
    process: u32,
    thread: u32,
    tasks: u64,
    failed_tasks: u64,
    key: String,
    arguments: Vec<(&'a str, Option<&'a str>)>,
    /// The tasks of a parallel call, by who ran them.
    batches: Vec<BatchDocument>,
}

/// Consecutive tasks that ran on one thread.
#[derive(Serialize)]
struct BatchDocument {
    first: u64,
    count: u64,
    begin: f64,
    seconds: f64,
    process: u32,
    thread: u32,
}

impl From<&Batch> for BatchDocument {
    fn from(batch: &Batch) -> Self {
        let seconds = |micros| Duration::from_micros(micros).as_secs_f64();
        Self {
            first: batch.first,
            count: batch.count,
            begin: seconds(batch.begin),
            seconds: seconds(batch.end.saturating_sub(batch.begin)),
            process: batch.pid,
            thread: batch.thread,
        }
    }
}

impl<'a> StepDocument<'a> {
    pub(crate) fn new(number: usize, step: &'a Step) -> Self {
        Self {
            step: number + 1,
            parent: step.parent.map(|parent| parent + 1),
            task: step.task,
            name: &step.name,
            result: step.result.text(),
            cause: &step.cause,
            message: &step.message,
            begin: Duration::from_micros(step.begin).as_secs_f64(),
            seconds: step.took.as_secs_f64(),
            computing_seconds: step.computing.as_secs_f64(),
            waited_seconds: step.waited.as_secs_f64(),
            bytes: step.bytes,
            peak_memory: step.memory,
            process: step.pid,
            thread: step.thread,
            tasks: step.done,
            failed_tasks: step.failed,
            key: if step.is_call() { Hex(&step.call).to_string() } else { String::new() },
            arguments: step
                .arguments
                .iter()
                .map(|argument| (argument.name.as_ref(), argument.text.as_deref()))
                .collect(),
            batches: step.batches.iter().map(BatchDocument::from).collect(),
        }
    }
}
