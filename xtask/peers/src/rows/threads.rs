//! Tasks on two threads, beside threads that the row itself shares the tasks out to, and beside rayon.

use std::sync::LazyLock;
use std::thread;

use crossbeam::channel;
use joblib::{Parallel, SharedMem};
use rayon::ThreadPool;
use rayon::prelude::*;

use crate::Result;
use crate::measure::{Row, Sides, milliseconds};
use crate::work::{amount, busy};

const WORKERS: usize = 2;

pub(crate) fn rows() -> Vec<Row> {
    let kinds = [("tiny_10k", 10_000, 0), ("10ms_100", 100, 10_000)];
    kinds
        .into_iter()
        .flat_map(|(name, count, length)| {
            [
                row(name, "scope", count, length, scope),
                row(name, "scope_each", count, length, scope_each),
                row(name, "crossbeam", count, length, crossbeam_channel),
                row(name, "rayon", count, length, par_iter),
            ]
        })
        .collect()
}

/// `count` tasks of `length` microseconds.
fn row(name: &str, peer: &str, count: usize, length: u64, theirs: fn(usize, u64) -> Result<Vec<u64>>) -> Row {
    Row::new(format!("threads.{name}.{peer}"), "ms", move |_| {
        let amount = amount(length);
        let parallel = Parallel::new().n_jobs(WORKERS as i32).require(SharedMem);
        let ours =
            move || -> Result<Vec<u64>> { Ok(parallel.run((0..count).map(|i| move || task(i, amount)))?) };
        assert_eq!(ours()?, theirs(count, amount)?);
        Ok(Sides::new(move || milliseconds(&ours), move || milliseconds(|| theirs(count, amount))))
    })
}

fn task(i: usize, amount: u64) -> u64 {
    i as u64 ^ busy(amount)
}

/// Each thread has its share of the tasks from the start: nothing is balanced, and a panic ends all.
fn scope(count: usize, amount: u64) -> Result<Vec<u64>> {
    let mut results = vec![0; count];
    let share = count.div_ceil(WORKERS);
    thread::scope(|scope| {
        for (part, results) in results.chunks_mut(share).enumerate() {
            scope.spawn(move || {
                for (i, result) in results.iter_mut().enumerate() {
                    *result = task(part * share + i, amount);
                }
            });
        }
    });
    Ok(results)
}

/// A thread for each task.
fn scope_each(count: usize, amount: u64) -> Result<Vec<u64>> {
    let mut results = vec![0; count];
    thread::scope(|scope| {
        for (i, result) in results.iter_mut().enumerate() {
            scope.spawn(move || *result = task(i, amount));
        }
    });
    Ok(results)
}

/// The tasks pass through a channel, and the results through another.
fn crossbeam_channel(count: usize, amount: u64) -> Result<Vec<u64>> {
    let (tasks, next) = channel::unbounded::<usize>();
    let (done, results) = channel::unbounded();
    crossbeam::scope(|scope| {
        for _ in 0..WORKERS {
            let (next, done) = (next.clone(), done.clone());
            scope.spawn(move |_| next.iter().for_each(|i| _ = done.send((i, task(i, amount)))));
        }
        drop(done);
        (0..count).for_each(|i| _ = tasks.send(i));
        drop(tasks);
        let mut all = vec![0; count];
        results.iter().for_each(|(i, result)| all[i] = result);
        all
    })
    .map_err(|_| "a task panicked".into())
}

fn par_iter(count: usize, amount: u64) -> Result<Vec<u64>> {
    static POOL: LazyLock<std::result::Result<ThreadPool, rayon::ThreadPoolBuildError>> =
        LazyLock::new(|| rayon::ThreadPoolBuilder::new().num_threads(WORKERS).build());
    let pool = POOL.as_ref().map_err(ToString::to_string)?;
    Ok(pool.install(|| (0..count).into_par_iter().map(|i| task(i, amount)).collect()))
}
