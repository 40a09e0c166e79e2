//! Serialization across processes: what travels to a worker, how, and what can't.
//!
//! ```sh
//! cargo run -p joblib --example serialization
//! ```
//!
//! Python has to find a way to send a function to another process, and falls back from one to the next. Here a function
//! is part of the executable, which the worker is too; only arguments and results travel, through `serde`. What can't travel does not compile.
#![allow(clippy::needless_pass_by_value, reason = "a task owns its arguments")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use joblib::prelude::*;
use serde::{Deserialize, Serialize};

/// Any type that derives serde's traits can be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Request {
    words: Vec<String>,
    limits: BTreeMap<String, u32>,
}

fn total(request: Request) -> u32 {
    request.words.iter().filter_map(|word| request.limits.get(word)).sum()
}

/// An open file can't be sent. Its path can, and is opened where it is used: the wrapper of such a type is a type.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "PathBuf", into = "PathBuf")]
struct Table {
    path: PathBuf,
    lines: Vec<String>,
}

impl TryFrom<PathBuf> for Table {
    type Error = std::io::Error;

    fn try_from(path: PathBuf) -> Result<Self, Self::Error> {
        let lines = std::fs::read_to_string(&path)?.lines().map(str::to_owned).collect();
        Ok(Self { path, lines })
    }
}

impl From<Table> for PathBuf {
    fn from(table: Table) -> Self {
        table.path
    }
}

fn longest_line(table: Table) -> usize {
    table.lines.iter().map(String::len).max().unwrap_or(0)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let parallel = Parallel::new().backend("loky").n_jobs(2);

    let request = Request {
        words: ["a", "b", "a"].map(str::to_owned).into(),
        limits: BTreeMap::from([("a".to_owned(), 2), ("b".to_owned(), 5)]),
    };
    println!("a struct: {:?}", parallel.run((0..3).map(|_| delayed(total, (request.clone(),))))?);

    // A closure that captures nothing is a function like any other.
    println!("a closure: {:?}", parallel.run((0..3).map(|n| delayed(|n: i32| n * n, (n,))))?);

    // A large array goes through memory that all workers share, once: not through the socket.
    let array = Array::from_fn(&[500_000], |at| at[0] as f64);
    let sum = |array: Array<f64>, from: usize| array.as_slice()[from..].iter().take(1000).sum::<f64>();
    println!("an array: {:?}", parallel.run((0..3).map(|n| delayed(sum, (array.clone(), 1000 * n))))?);

    let folder = tempfile::tempdir()?;
    let path = folder.path().join("table.txt");
    std::fs::write(&path, "one\nthree\nfour\n")?;
    let table = Table::try_from(path.clone())?;
    println!("a path in place of a file: {:?}", parallel.run([delayed(longest_line, (table.clone(),))])?);

    // What fails to be read there is an error that names the task, not a hang.
    std::fs::remove_file(&path)?;
    let error = parallel.run([delayed(longest_line, (table,))]).unwrap_err();
    let failed = error.task().ok_or("an error of one task")?;
    println!("a file that is gone: task {} fails", failed.index());
    Ok(())
}
