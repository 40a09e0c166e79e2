//! The hits that programs have recorded: how often results were used, and the time that this saved.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use joblib_record::{Record, RunFile};
use joblib_store::Store;
use rayon::prelude::*;
use serde::Serialize;

use crate::failure::Failure;

/// The recorded hits of a function, or of all.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Hits {
    pub(super) hits: u64,
    pub(super) saved_seconds: f64,
}

/// The recorded hits of each function, and of how many runs they are.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    pub(super) runs: usize,
    functions: HashMap<String, Hits>,
}

impl Recorded {
    /// Reads the records of the programs that used a store. Records that can't be read count none.
    pub(super) fn read(store: &dyn Store) -> Result<Self, Failure> {
        let files = joblib_record::runs(&joblib_memory::runs_folder(store)?).unwrap_or_default();
        let of_file = |file: &PathBuf| {
            let Ok(run) = RunFile::read(file) else { return Self::default() };
            let mut recorded = Self { runs: 1, functions: HashMap::new() };
            for stamped in run.records {
                if let Record::Hit(hit) = stamped.record {
                    let saved = Duration::from_nanos(hit.computing.saturating_sub(hit.took));
                    recorded.add(&hit.name, Hits { hits: 1, saved_seconds: saved.as_secs_f64() });
                }
            }
            recorded
        };
        Ok(files.par_iter().map(of_file).reduce(Self::default, Self::and))
    }

    fn and(mut self, other: Self) -> Self {
        self.runs += other.runs;
        for (function, hits) in other.functions {
            self.add(&function, hits);
        }
        self
    }

    fn add(&mut self, function: &str, more: Hits) {
        if !self.functions.contains_key(function) {
            self.functions.insert(function.to_owned(), Hits::default());
        }
        if let Some(hits) = self.functions.get_mut(function) {
            hits.hits += more.hits;
            hits.saved_seconds += more.saved_seconds;
        }
    }

    /// Those of one function.
    pub(super) fn of(&self, function: &str) -> Hits {
        self.functions.get(function).copied().unwrap_or_default()
    }

    /// Those of all functions.
    pub(super) fn total(&self) -> Hits {
        self.functions.values().fold(Hits::default(), |total, hits| Hits {
            hits: total.hits + hits.hits,
            saved_seconds: total.saved_seconds + hits.saved_seconds,
        })
    }
}
