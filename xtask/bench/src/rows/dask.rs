//! Loops on a Dask cluster, beside joblib's own backend for it: on the same scheduler and the same two workers.

use std::time::Duration;

use joblib_array::Array;
use joblib_parallel::backend::Dask;
use joblib_parallel::{Parallel, delayed, shutdown_workers};

use crate::Result;
use crate::data::Data;
use crate::measure::seconds;
use crate::peer::{Joblib, python};
use crate::row::{Bar, Peer, Row, Sides, Unit};

/// Workers of the cluster, with a thread each.
const WORKERS: u32 = 2;

pub(crate) fn rows() -> Vec<Row> {
    let rows = vec![
        row("one_task", Unit::Microseconds, |parallel, _| {
            Ok(1e6 * seconds(20, || Ok(parallel.run([delayed(identity, (1,))])?))?)
        })
        .bar(Bar::AtMost(1.0)),
        row("tiny", Unit::MicrosecondsPerTask, |parallel, data| {
            let count = data.scale.tiny_tasks;
            let took = seconds(1, || Ok(parallel.run((0..count).map(|i| delayed(identity, (i,))))?))?;
            Ok(1e6 * took / count as f64)
        })
        .bar(Bar::AtMost(0.1)),
        // What a task costs beyond its share of the workers' time. They are busy for 95 % when that is 526 µs.
        row("20ms", Unit::MicrosecondsPerTask, |parallel, _| {
            const COUNT: u32 = 400;
            let length = Duration::from_millis(20);
            let took =
                seconds(1, || Ok(parallel.run((0..COUNT).map(|_| delayed(std::thread::sleep, (length,))))?))?;
            Ok(1e6 * (took / f64::from(COUNT) - length.as_secs_f64() / f64::from(WORKERS)))
        })
        .bar(Bar::AtMost(0.5))
        .bar(Bar::Under(526.0)),
        row("shared_80MB_x100", Unit::Milliseconds, |parallel, data| {
            // A new one each time: one that the cluster has is not sent.
            let mut array = data.big()?.rows(0..10_000_000);
            array.make_mut()[0] = next();
            let tasks = (0..100).map(|k| delayed(partial_sum, (array.clone(), k)));
            Ok(1e3 * seconds(1, || Ok(parallel.run(tasks.clone())?))?)
        })
        .bar(Bar::AtMost(0.5)),
        row("result_80MB", Unit::Milliseconds, |parallel, _| {
            let call = || {
                let results = parallel.run([delayed(ones, (10_000_000,))])?;
                let sum: f64 = results[0].iter().step_by(1000).sum();
                if (sum - 10_000.0).abs() < 0.5 { Ok(()) } else { Err(format!("the sum is {sum}").into()) }
            };
            Ok(1e3 * seconds(1, call)?)
        })
        // Both sides make the numbers and copy them once, which is nearly all of it.
        .bar(Bar::AtMost(1.25)),
    ];
    let beside_joblib = rows.into_iter().map(|row| row.against(Peer::Named("joblib on Dask")));
    let first_call = start("first_call", true);
    // Python's start and its import of Dask are most of it.
    let next_start = start("next_start", false).bar(Bar::Under(1000.0));
    beside_joblib.chain([batch_beyond_dask(), first_call, next_start]).collect()
}

/// What a batch costs beyond a task of plain Dask, as many of which are on their way at a time.
fn batch_beyond_dask() -> Row {
    const COUNT: u64 = 500;
    let row = Row::new("parallel.dask.batch_beyond_dask", Unit::MicrosecondsPerTask, |data| {
        let peer: &Joblib = data.dask()?;
        let parallel = on(peer)?.batch_size(1);
        Ok(Sides::new(move || {
            let plain = peer.sample("batch", Unit::MicrosecondsPerTask.name())?;
            let took = seconds(1, || Ok(parallel.run((0..COUNT).map(|i| delayed(identity, (i,))))?))?;
            Ok(1e6 * took / COUNT as f64 - plain)
        }))
    });
    row.against(Peer::Nobody).bar(Bar::Under(1500.0))
}

/// One task of a program that has just started: of this one, whose file has some 20 MB, with or without the cluster having it.
fn start(name: &str, sends_program: bool) -> Row {
    let row = Row::new(format!("parallel.dask.{name}"), Unit::Milliseconds, move |data| {
        let dask = dask(data.dask()?)?;
        let parallel = on(data.dask()?)?;
        Ok(Sides::new(move || {
            shutdown_workers();
            let mut files = if sends_program { WORKERS as usize } else { 0 };
            while files > 0 {
                // The connection of before may be there for a moment, and is what keeps them.
                std::thread::sleep(Duration::from_millis(50));
                files = files.saturating_sub(dask.clean()?.files);
            }
            Ok(1e3 * seconds(1, || Ok(parallel.run([delayed(identity, (1,))])?))?)
        }))
    });
    row.against(Peer::Nobody)
}

fn dask(peer: &Joblib) -> Result<Dask> {
    let dask = Dask::at(peer.address()?).python(python("JOBLIB_TEST_PYTHON_DASK", "venv-dask"));
    Ok(dask.wait_for_workers(WORKERS as usize, Duration::from_mins(1)))
}

/// On the peer's cluster, whose workers have the program and run.
fn on(peer: &Joblib) -> Result<Parallel> {
    let parallel = Parallel::new().backend(dask(peer)?);
    parallel.clone().batch_size(1).run((0..20).map(|i| delayed(identity, (i,))))?;
    Ok(parallel)
}

/// Another number each time.
fn next() -> f64 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(1);
    f64::from(NEXT.fetch_add(1, Ordering::Relaxed))
}

fn row(name: &'static str, unit: Unit, sample: impl Fn(&Parallel, &Data) -> Result<f64> + 'static) -> Row {
    Row::new(format!("parallel.dask.{name}"), unit, move |data| {
        let peer: &Joblib = data.dask()?;
        let parallel = on(peer)?;
        Ok(Sides::new(move || sample(&parallel, data)).peer(move || peer.sample(name, unit.name())))
    })
}

fn identity(i: u64) -> u64 {
    i
}

fn ones(size: usize) -> Array<f64> {
    Array::from_vec(vec![1.0; size], &[size]).expect("the shape is that of the elements")
}

// A task owns its arguments.
#[allow(clippy::needless_pass_by_value)]
fn partial_sum(numbers: Array<f64>, k: usize) -> f64 {
    numbers.as_slice()[k * 1000..(k + 1) * 1000].iter().sum()
}
