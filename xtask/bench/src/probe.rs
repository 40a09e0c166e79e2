//! Memory: work done alone in a process of its own, this executable started again.

use std::fs;
use std::path::Path;
use std::process::Command;

use joblib_array::Array;
use joblib_hash::hash;
use joblib_memory::Memory;
use joblib_parallel::{Generator, Parallel, delayed};
use joblib_persist::{dump, load};

use crate::Result;
use crate::rows;

/// How far the resident memory rises, in MB, when `kind` is done to an array of this many megabytes and the file.
pub(crate) fn peak(kind: &str, megabytes: u32, file: &Path) -> Result<f64> {
    let size = megabytes.to_string();
    let file = file.to_str().ok_or("the folder's name is not UTF-8")?;
    if kind == "load" {
        // Made in a process of its own: what it frees would hide a rise.
        alone(&["dump", &size, file])?;
    }
    alone(&[kind, &size, file])
}

/// What memory some work takes, in MB, done in a process of its own.
pub(crate) fn alone(arguments: &[&str]) -> Result<f64> {
    told(&mut Command::new(std::env::current_exe()?), arguments)
}

/// The number that this executable tells.
fn told(command: &mut Command, arguments: &[&str]) -> Result<f64> {
    let out = command.arg("--probe").args(arguments).output()?;
    if !out.status.success() {
        return Err(
            format!("the probe ended with {}: {}", out.status, String::from_utf8_lossy(&out.stderr)).into()
        );
    }
    Ok(String::from_utf8(out.stdout)?.trim().parse()?)
}

/// What a side takes that finds its server by the environment, done in a process of its own.
pub(crate) fn alone_with(arguments: &[&str], environment: &[(&str, &str)]) -> Result<f64> {
    told(Command::new(std::env::current_exe()?).envs(environment.iter().copied()), arguments)
}

/// In the process of its own: does the work and prints what memory it took, in MB.
pub(crate) fn execute(arguments: &[String]) -> Result {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = match arguments[..] {
        ["far", who] => rows::far(who)?,
        ["load", _, file] => peak_of(|| Ok(load::<Array<f64>>(file)?))?,
        ["dump", megabytes, file] => {
            let array = array(megabytes)?;
            peak_of(|| Ok(dump(&array, file)?))?
        }
        ["hash", megabytes, _] => {
            let array = array(megabytes)?;
            peak_of(|| Ok(hash(&array)?))?
        }
        ["verify", file] => peak_of(|| Ok(joblib_persist::verify(file)?))?,
        ["fill", results, folder] => peak_of(|| fill(results.parse()?, folder))?,
        ["hit", results, folder] => peak_of(|| hit(results.parse()?, folder))?,
        ["tasks", tasks] => {
            let (parallel, tasks) = (warm("loky", 2)?, tasks.parse()?);
            peak_of(|| Ok(parallel.run((0..tasks).map(|i| delayed(identity, (i,))))?))?
        }
        ["workers", workers] => {
            let _open = warm("loky", workers.parse()?)?;
            resident_of_descendants()?
        }
        [backend, tasks] => {
            let (parallel, tasks) = (warm(backend, 2)?, tasks.parse()?);
            peak_of(|| stream(&parallel, tasks))?
        }
        _ => return Err("a probe takes a backend and a number, or what to do, a size and a file".into()),
    };
    println!("{number}");
    Ok(())
}

/// Consecutive numbers, this many megabytes.
fn array(megabytes: &str) -> Result<Array<f64>> {
    let numbers: Vec<f64> = (0..megabytes.parse::<u32>()? * 125_000).map(f64::from).collect();
    Ok(Array::from_slice(&numbers, &[numbers.len()])?)
}

/// Stores so many results of one function.
fn fill(results: u64, folder: &str) -> Result {
    let cached = Memory::new(folder)?.cache("identity", identity);
    for i in 0..results {
        cached.eval((i,));
    }
    Ok(())
}

/// Opens the cache and reads the result in the middle.
fn hit(results: u64, folder: &str) -> Result {
    let cached = Memory::new(folder)?.cache("identity", identity);
    if !cached.check_call_in_cache((results / 2,)) {
        return Err(format!("{folder} does not hold the results").into());
    }
    cached.eval((results / 2,));
    Ok(())
}

/// A backend whose workers have begun.
fn warm(backend: &str, workers: i32) -> Result<Parallel> {
    let parallel = Parallel::new().n_jobs(workers).backend(backend);
    parallel.run((0..200).map(|i| delayed(identity, (i,))))?;
    Ok(parallel)
}

/// Streams results without keeping them.
fn stream(parallel: &Parallel, tasks: u64) -> Result {
    let mut sum = 0;
    for result in parallel.clone().return_as(Generator).run((0..tasks).map(|i| delayed(identity, (i,))))? {
        sum += result?;
    }
    if sum != tasks * (tasks - 1) / 2 {
        return Err(format!("{tasks} tasks gave {sum}").into());
    }
    Ok(())
}

fn identity(i: u64) -> u64 {
    i
}

/// How far the resident memory of this process rises above its start while some work is done.
fn peak_of<R>(work: impl FnOnce() -> Result<R>) -> Result<f64> {
    // From here on the peak is counted.
    fs::write("/proc/self/clear_refs", "5")?;
    let before = megabytes("/proc/self/status", "VmRSS:")?;
    std::hint::black_box(work()?);
    Ok(megabytes("/proc/self/status", "VmHWM:")? - before)
}

/// The memory of the processes that this one started, and they: a page that several of them share counts once.
fn resident_of_descendants() -> Result<f64> {
    let (mut total, mut parents) = (0.0, vec![std::process::id().to_string()]);
    while let Some(parent) = parents.pop() {
        for task in fs::read_dir(format!("/proc/{parent}/task"))? {
            let children = fs::read_to_string(task?.path().join("children"))?;
            for child in children.split_whitespace() {
                total += megabytes(&format!("/proc/{child}/smaps_rollup"), "Pss:")?;
                parents.push(child.to_owned());
            }
        }
    }
    Ok(total)
}

/// A line of a file of `/proc` in megabytes.
fn megabytes(file: &str, name: &str) -> Result<f64> {
    let text = fs::read_to_string(file)?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .ok_or_else(|| format!("{file} has no {name}"))?;
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024.0 / 1e6)
}
