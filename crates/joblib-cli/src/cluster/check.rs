//! `joblib cluster check`.

use std::io::Write;
use std::time::{Duration, Instant};

use joblib_array::Array;
use joblib_parallel::backend::{Dask, DaskCluster};
use joblib_parallel::{Parallel, delayed};
use serde::Serialize;

use crate::failure::Failure;
use crate::style::Style;
use crate::table::Table;
use crate::text;

/// Bytes of the array that is sent.
const ARRAY: usize = 8_000_000;

/// How many tasks are measured one after the other.
const TASKS: usize = 20;

#[derive(Serialize)]
struct Checked<'a> {
    address: &'a str,
    python: &'a str,
    threads: usize,
    members: Vec<Member<'a>>,
    program_bytes_sent: u64,
    connect_seconds: f64,
    first_task_seconds: f64,
    /// The median.
    task_seconds: f64,
    array_bytes: usize,
    array_seconds: f64,
    /// When its bytes are there.
    array_again_seconds: f64,
}

#[derive(Serialize)]
struct Member<'a> {
    name: &'a str,
    python: &'a str,
    distributed: &'a str,
    threads: usize,
    refusal: Option<&'a str>,
}

/// Uses the cluster as a program does; fails when it can't be used, or one of its workers can't.
pub(super) fn run(dask: &Dask, json: bool, style: Style, out: &mut dyn Write) -> Result<(), Failure> {
    let started = Instant::now();
    let cluster = dask.describe().map_err(|error| super::failure(&error))?;
    let connect = started.elapsed();
    let members = members(&cluster);
    let refused: Vec<&Member<'_>> = members.iter().filter(|member| member.refusal.is_some()).collect();
    if let [first, others @ ..] = &refused[..] {
        let others = match others.len() {
            0 => String::new(),
            count => format!("; nor do {}", text::count(count, "other worker", "other workers")),
        };
        return Err(Failure::Other(format!(
            "{} does not run this program: {}{others}",
            first.name,
            first.refusal.unwrap_or_default()
        )));
    }
    let first = echo(dask)?;
    let mut tasks = (0..TASKS).map(|_| echo(dask)).collect::<Result<Vec<_>, _>>()?;
    tasks.sort();
    let array =
        Array::from_vec(vec![0_u8; ARRAY], &[ARRAY]).map_err(|error| Failure::Other(error.to_string()))?;
    let checked = Checked {
        address: &cluster.address,
        python: &cluster.python,
        threads: cluster.threads,
        members,
        program_bytes_sent: cluster.sent,
        connect_seconds: connect.as_secs_f64(),
        first_task_seconds: first.as_secs_f64(),
        task_seconds: tasks[TASKS / 2].as_secs_f64(),
        array_bytes: ARRAY,
        array_seconds: send(dask, &array)?.as_secs_f64(),
        array_again_seconds: send(dask, &array)?.as_secs_f64(),
    };
    if json { crate::document::print(&checked, out) } else { print(&checked, style, out) }
}

fn members(cluster: &DaskCluster) -> Vec<Member<'_>> {
    let members = cluster.members.iter().map(|member| Member {
        name: &member.name,
        python: &member.python,
        distributed: &member.distributed,
        threads: member.threads,
        refusal: member.refusal.as_deref(),
    });
    members.collect()
}

/// How long a task takes that does nothing.
fn echo(dask: &Dask) -> Result<Duration, Failure> {
    time(dask, delayed(|n: u8| n, (7,)), &7)
}

/// How long a task takes that reads an array.
fn send(dask: &Dask, array: &Array<u8>) -> Result<Duration, Failure> {
    time(dask, delayed(|array: Array<u8>| array.as_slice().len(), (array.clone(),)), &ARRAY)
}

fn time<T: joblib_parallel::Portable>(dask: &Dask, task: T, expected: &T::Output) -> Result<Duration, Failure>
where
    T::Output: PartialEq,
{
    let started = Instant::now();
    let results = Parallel::new().backend(dask.clone()).n_jobs(1).run([task]);
    let results = results.map_err(|error| super::failure(&error))?;
    let elapsed = started.elapsed();
    if results.first() == Some(expected) {
        Ok(elapsed)
    } else {
        Err(Failure::Other("a task came back with another result than it has here".to_owned()))
    }
}

fn print(checked: &Checked<'_>, style: Style, out: &mut dyn Write) -> Result<(), Failure> {
    let workers = checked.members.iter().filter(|member| member.threads > 0).count();
    let threads = text::count(checked.threads, "thread", "threads");
    let address = text::Visible(checked.address);
    writeln!(out, "{address}: {threads} on {}", text::count(workers, "worker", "workers"))?;
    let mut table = Table::new(&["MEMBER", "PYTHON", "DISTRIBUTED", " THREADS"]);
    for member in &checked.members {
        let threads = if member.threads > 0 { member.threads.to_string() } else { "–".to_owned() };
        table.row([member.name.to_owned(), member.python.to_owned(), member.distributed.to_owned(), threads]);
    }
    table.print(style, out)?;
    let versions = checked.members.iter().map(|member| member.distributed);
    if versions.collect::<std::collections::BTreeSet<_>>().len() > 1 {
        writeln!(out, "the versions of distributed differ, which Dask advises against")?;
    }
    let connected = text::seconds(checked.connect_seconds);
    match checked.program_bytes_sent {
        0 => writeln!(out, "connected in {connected}; the cluster had this program")?,
        sent => writeln!(out, "connected in {connected}, with {} of this program", text::bytes(sent))?,
    }
    let (first, task) = (text::seconds(checked.first_task_seconds), text::seconds(checked.task_seconds));
    writeln!(out, "the first task took {first}, one of the next ones {task}")?;
    let (once, again) = (text::seconds(checked.array_seconds), text::seconds(checked.array_again_seconds));
    let bytes = text::bytes(checked.array_bytes as u64);
    writeln!(out, "a task with an array of {bytes} took {once}, and {again} when the array was there")?;
    Ok(())
}
