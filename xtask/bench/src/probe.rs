//! Peak memory: work done alone in a process of its own, this executable started again.

use std::fs;
use std::path::Path;
use std::process::Command;

use joblib_array::Array;
use joblib_parallel::{Generator, Parallel, delayed};
use joblib_persist::{dump, load};

use crate::Result;

/// How far the resident memory rises, in MB, when `kind` is done to an array of so many megabytes and the file.
pub(crate) fn peak(kind: &str, megabytes: u32, file: &Path) -> Result<f64> {
    let size = megabytes.to_string();
    let file = file.to_str().ok_or("the folder's name is not UTF-8")?;
    if kind == "load" {
        // Made in a process of its own: what it frees would hide a rise.
        rise(&["dump", &size, file])?;
    }
    rise(&[kind, &size, file])
}

/// How far the resident memory rises, in MB, by some work in a process of its own.
pub(crate) fn rise(arguments: &[&str]) -> Result<f64> {
    let out = Command::new(std::env::current_exe()?).arg("--probe").args(arguments).output()?;
    if !out.status.success() {
        return Err(
            format!("the probe ended with {}: {}", out.status, String::from_utf8_lossy(&out.stderr)).into()
        );
    }
    Ok(String::from_utf8(out.stdout)?.trim().parse()?)
}

/// In the process of its own: does the work and prints how far the memory rose.
pub(crate) fn execute(arguments: &[String]) -> Result {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let before;
    match arguments[..] {
        ["load", _, file] => {
            before = start()?;
            load::<Array<f64>>(file)?;
        }
        ["dump", megabytes, file] => {
            let numbers: Vec<f64> = (0..megabytes.parse::<u32>()? * 125_000).map(f64::from).collect();
            let array = Array::from_slice(&numbers, &[numbers.len()])?;
            drop(numbers);
            before = start()?;
            dump(&array, file)?;
        }
        [backend, tasks] => {
            let tasks: u64 = tasks.parse()?;
            let parallel = Parallel::new().n_jobs(2).backend(backend);
            parallel.run((0..200).map(|i| delayed(identity, (i,))))?;
            before = start()?;
            let results = parallel.return_as(Generator).run((0..tasks).map(|i| delayed(identity, (i,))))?;
            let mut sum = 0;
            for result in results {
                sum += result?;
            }
            if sum != tasks * (tasks - 1) / 2 {
                return Err(format!("{tasks} tasks gave {sum}").into());
            }
        }
        _ => return Err("a probe takes a backend and a number, or what to do, a size and a file".into()),
    }
    println!("{}", status("VmHWM:")? - before);
    Ok(())
}

fn identity(i: u64) -> u64 {
    i
}

/// Counts the peak from here on, and gives what is resident now.
fn start() -> Result<f64> {
    fs::write("/proc/self/clear_refs", "5")?;
    status("VmRSS:")
}

/// A line of `/proc/self/status` in megabytes.
fn status(name: &str) -> Result<f64> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line =
        text.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line in /proc/self/status")?;
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024.0 / 1e6)
}
