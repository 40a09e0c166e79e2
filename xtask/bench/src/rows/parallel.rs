//! Loops on workers: what a task costs, alone and among many, beside joblib and beside rayon.

use std::time::Instant;

use joblib_array::Array;
use joblib_parallel::{Parallel, Portable, SharedMem, delayed};
use rayon::ThreadPool;
use rayon::prelude::*;

use crate::measure::seconds;
use crate::probe;
use crate::row::{Bar, Peer, Row, Sides, Unit};
use crate::work;
use crate::{Result, limits};

/// Workers on both sides.
const WORKERS: usize = 2;

/// The backends whose overhead is measured against the length of their tasks.
const BACKENDS: [&str; 3] = ["threading", "loky", "multiprocessing"];

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = vec![
        tiny("threading").bar(Bar::AtMost(1.0 / 200.0)),
        one_task("threading").bar(Bar::AtMost(1.0 / 100.0)),
        tiny("loky").bar(Bar::AtMost(1.0 / 20.0)),
        one_task("loky").bar(Bar::AtMost(1.0 / 100.0)),
        shared_80mb("loky").bar(Bar::AtMost(1.0 / 10.0)),
        large("loky", "text_200MB", |bytes| delayed(text_len, (text(bytes),))).bar(Bar::AtMost(2.5)),
        large("loky", "bytes_200MB", |bytes| delayed(bytes_len, (vec![b'x'; bytes],))).bar(Bar::AtMost(2.5)),
        tiny("multiprocessing").bar(Bar::AtMost(1.0 / 8.0)),
        one_task("multiprocessing").bar(Bar::AtMost(1.0 / 5.0)),
        shared_80mb("multiprocessing").bar(Bar::AtMost(1.0 / 2.0)),
        tiny_sequential(),
        rayon("parallel.rayon.1us", 20_000, |_| 1).bar(Bar::AtMost(1.3)),
        rayon("parallel.rayon.10us", 10_000, |_| 10).bar(Bar::AtMost(1.05)),
        rayon("parallel.rayon.1ms", 200, |_| 1_000).bar(Bar::AtMost(1.02)),
        // One task in a hundred is a hundred times as long.
        rayon("parallel.rayon.skewed", 10_000, |i| if i % 100 == 0 { 1_000 } else { 10 })
            .bar(Bar::AtMost(1.05)),
    ];
    for backend in BACKENDS {
        rows.push(streamed(backend).bar(Bar::Under(64.0)));
        rows.extend(
            [(1, 20_000), (10, 10_000), (100, 4_000), (1_000, 400), (10_000, 60)]
                .map(|(length, count)| task_length(backend, length, count)),
        );
    }
    rows
}

fn identity(i: u64) -> u64 {
    i
}

fn on(backend: &'static str) -> Parallel {
    Parallel::new().n_jobs(WORKERS as i32).backend(backend)
}

/// Starts the backend's workers, as the peer does before it measures.
fn warm(parallel: &Parallel) -> Result {
    parallel.run((0..200).map(|i| delayed(identity, (i,))))?;
    Ok(())
}

fn tiny(backend: &'static str) -> Row {
    Row::new(format!("parallel.{backend}.tiny"), Unit::MicrosecondsPerTask, move |data| {
        let count = data.scale.tiny_tasks;
        let parallel = on(backend);
        warm(&parallel)?;
        let pool = pool()?;
        let ours = move || {
            let took = seconds(3, || Ok(parallel.run((0..count).map(|i| delayed(identity, (i,))))?))?;
            Ok(1e6 * took / count as f64)
        };
        // One task of rayon's for each, as nothing cheaper starts a task by itself.
        let limit = move || {
            let took = seconds(3, || {
                pool.scope(|scope| {
                    (0..count).for_each(|i| scope.spawn(move |_| _ = std::hint::black_box(i)));
                });
                Ok(())
            })?;
            Ok(1e6 * took / count as f64)
        };
        Ok(Sides::new(ours).limit(limit))
    })
}

fn one_task(backend: &'static str) -> Row {
    Row::new(format!("parallel.{backend}.one_task"), Unit::Microseconds, move |_| {
        let parallel = on(backend);
        warm(&parallel)?;
        let pool = pool()?;
        let ours = move || Ok(1e6 * seconds(50, || Ok(parallel.run([delayed(identity, (1,))])?))?);
        let mut echo = limits::Echo::start()?;
        let limit = move || match backend {
            "threading" => Ok(1e6 * seconds(50, || Ok(pool.install(|| identity(1))))?),
            _ => Ok(1e6 * seconds(50, || echo.round_trip())?),
        };
        Ok(Sides::new(ours).limit(limit))
    })
}

/// 100 tasks that each read a thousand numbers of one array of 80 MB.
fn shared_80mb(backend: &'static str) -> Row {
    Row::new(format!("parallel.{backend}.shared_80MB_x100"), Unit::Milliseconds, move |data| {
        let array = data.big()?.rows(0..10_000_000);
        let parallel = on(backend);
        warm(&parallel)?;
        let numbers = array.clone();
        // One copy into memory that others can map.
        let limit = move || Ok(1e3 * seconds(1, || limits::copy(numbers.as_slice()))?);
        Ok(Sides::new(move || {
            let tasks = (0..100).map(|k| delayed(partial_sum, (array.clone(), k)));
            Ok(1e3 * seconds(1, || Ok(parallel.run(tasks.clone())?))?)
        })
        .limit(limit))
    })
}

// A task owns its arguments.
#[allow(clippy::needless_pass_by_value)]
fn partial_sum(numbers: Array<f64>, k: usize) -> f64 {
    numbers.as_slice()[k * 1000..(k + 1) * 1000].iter().sum()
}

/// One argument of 200 MB that is not an array, beside an array of that size. A worker maps an array, and copies others.
fn large<T: Portable>(backend: &'static str, name: &str, task: fn(usize) -> T) -> Row {
    const BYTES: usize = 200_000_000;
    Row::new(format!("parallel.{backend}.{name}"), Unit::Milliseconds, move |_| {
        let parallel = on(backend);
        warm(&parallel)?;
        let beside = parallel.clone();
        // An argument is new each time: the copy of an array is kept with it.
        let ours = move || milliseconds(&parallel, task(BYTES));
        let peer = move || milliseconds(&beside, delayed(array_len, (Array::from(vec![b'x'; BYTES]),)));
        Ok(Sides::new(ours).peer(peer))
    })
    .against(Peer::Named("an Array"))
}

fn milliseconds<T: Portable>(parallel: &Parallel, task: T) -> Result<f64> {
    let started = Instant::now();
    parallel.run([task])?;
    Ok(1e3 * started.elapsed().as_secs_f64())
}

fn text(bytes: usize) -> String {
    "x".repeat(bytes)
}

#[allow(clippy::needless_pass_by_value, reason = "a task owns its arguments")]
fn text_len(text: String) -> usize {
    text.len()
}

#[allow(clippy::needless_pass_by_value, reason = "a task owns its arguments")]
fn bytes_len(bytes: Vec<u8>) -> usize {
    bytes.len()
}

#[allow(clippy::needless_pass_by_value, reason = "a task owns its arguments")]
fn array_len(array: Array<u8>) -> usize {
    array.as_slice().len()
}

fn tiny_sequential() -> Row {
    Row::new("parallel.none.tiny", Unit::MicrosecondsPerTask, |_| {
        let count = 200_000;
        let parallel = Parallel::new().n_jobs(1);
        let ours = move || {
            let took = seconds(1, || Ok(parallel.run((0..count).map(|i| delayed(identity, (i,))))?))?;
            Ok(1e6 * took / count as f64)
        };
        // The plain loop.
        let limit = move || {
            let took =
                seconds(1, || Ok((0..count).map(|i| std::hint::black_box(identity(i))).collect::<Vec<_>>()))?;
            Ok(1e6 * took / count as f64)
        };
        Ok(Sides::new(ours).limit(limit))
    })
}

/// How far memory grows while 10,000,000 tasks of a lazy producer are streamed.
fn streamed(backend: &'static str) -> Row {
    Row::new(format!("parallel.{backend}.streamed_10M"), Unit::Megabytes, move |data| {
        let tasks = data.scale.streamed_tasks.to_string();
        Ok(Sides::new(move || probe::alone(&[backend, &tasks])))
    })
    .against(Peer::Nobody)
}

/// The same tasks by our threads and by rayon's `par_iter`; `length` gives a task's microseconds.
fn rayon(name: &str, count: u64, length: fn(u64) -> u64) -> Row {
    Row::new(name, Unit::Milliseconds, move |_| {
        let amount = move |i| work::amount(length(i));
        let parallel = Parallel::new().n_jobs(WORKERS as i32).require(SharedMem);
        let pool = pool()?;
        let ours = move || {
            Ok(1e3 * seconds(1, || Ok(parallel.run((0..count).map(|i| move || work::busy(amount(i))))?))?)
        };
        let peer = move || {
            let par_iter = || (0..count).into_par_iter().map(|i| work::busy(amount(i))).collect::<Vec<_>>();
            Ok(1e3 * seconds(1, || Ok(pool.install(par_iter)))?)
        };
        Ok(Sides::new(ours).peer(peer))
    })
    .against(Peer::Named("rayon"))
}

/// What a task costs beyond its own length, of `count` tasks of this many microseconds.
fn task_length(backend: &'static str, length: u64, count: u64) -> Row {
    let label = match length {
        1_000.. => format!("{}ms", length / 1_000),
        _ => format!("{length}us"),
    };
    Row::new(format!("overhead.{backend}.{label}"), Unit::MicrosecondsPerTask, move |_| {
        let length = work::amount(length);
        let parallel = on(backend);
        warm(&parallel)?;
        Ok(Sides::new(move || {
            let took = seconds(1, || Ok(parallel.run((0..count).map(|_| delayed(work::busy, (length,))))?))?;
            // The work itself, measured at the same time: a change of frequency is not overhead.
            let alone = seconds(1, || Ok((0..count.min(2_000)).map(|_| work::busy(length)).sum::<u64>()))?;
            let ideal = alone / count.min(2_000) as f64 / WORKERS as f64;
            Ok(1e6 * (took / count as f64 - ideal))
        }))
    })
}

fn pool() -> Result<ThreadPool> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(WORKERS).build()?)
}
