//! Tasks on two worker processes, which both sides start beforehand, beside the pool of `procspawn`.

use joblib::{Parallel, delayed};
use procspawn::Pool;

use crate::Result;
use crate::measure::{Row, Sides, milliseconds};
use crate::work::{amount, busy};

const WORKERS: usize = 2;

/// Tasks that the peer is given at a time: it opens files for each.
const AT_ONCE: usize = 100;

pub(crate) fn rows() -> Vec<Row> {
    vec![row("processes.tiny_10k.procspawn", 10_000, 0), row("processes.10ms_100.procspawn", 100, 10_000)]
}

/// `count` tasks of `length` microseconds.
fn row(name: &str, count: u64, length: u64) -> Row {
    Row::new(name, "ms", move |_| {
        let amount = amount(length);
        let parallel = Parallel::new().n_jobs(WORKERS as i32).backend("loky");
        let ours = move |count: u64| -> Result<Vec<u64>> {
            Ok(parallel.run((0..count).map(|_| delayed(busy, (amount,))))?)
        };
        let pool = Pool::new(WORKERS)?;
        let theirs = move |count: u64| -> Result<Vec<u64>> {
            let mut results = Vec::new();
            for first in (0..count).step_by(AT_ONCE) {
                let tasks: Vec<_> = (first..count).take(AT_ONCE).map(|_| pool.spawn(amount, busy)).collect();
                for task in tasks {
                    results.push(task.join()?);
                }
            }
            Ok(results)
        };
        assert_eq!(ours(20)?, theirs(20)?);
        Ok(Sides::new(move || milliseconds(|| ours(count)), move || milliseconds(|| theirs(count))))
    })
}
