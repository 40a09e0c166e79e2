//! What earlier runs stored, and the one to compare with.

use std::path::Path;

use joblib_record::RunFile;
use serde::Serialize;

use crate::runs::find;
use crate::runs::model::Model;
use crate::text::{self, Visible};

/// The runs before the one of the report.
pub(super) struct Earlier {
    /// The latest of the same program.
    pub(super) before: Option<Model>,
    runs: Vec<Stored>,
}

struct Stored {
    id: String,
    command: String,
    bytes: u64,
}

impl Stored {
    fn of(model: &Model) -> Self {
        Self { id: model.run.id.clone(), command: model.command(), bytes: model.totals().bytes }
    }
}

impl Earlier {
    /// What can't be read is left out: it is not what the report is about.
    pub(super) fn read(folder: &Path, run: &Path, program: &str) -> Self {
        let mut earlier = Self { before: None, runs: Vec::new() };
        for path in find::list(folder).unwrap_or_default().iter().take_while(|path| *path != run) {
            let Ok(file) = RunFile::read(path) else { continue };
            let model = Model::new(file);
            earlier.runs.push(Stored::of(&model));
            if name(&model.run.program) == name(program) {
                earlier.before = Some(model);
            }
        }
        earlier
    }

    /// The bytes that each run stored, with those before.
    pub(super) fn growth(&self, model: &Model) -> Vec<Growth> {
        let this = Stored::of(model);
        let runs = || self.runs.iter().chain([&this]);
        let all = runs().fold(0_u64, |sum, run| sum.saturating_add(run.bytes)).max(1);
        let width = 1000.0 / (self.runs.len() + 1) as f64;
        let mut total = 0_u64;
        let growth = runs().enumerate().map(|(at, run)| {
            total = total.saturating_add(run.bytes);
            let height = (1000.0 * total as f64 / all as f64).round() / 10.0;
            Growth {
                run: Visible(&run.id).to_string(),
                command: Visible(&run.command).to_string(),
                bytes: run.bytes,
                stored: text::bytes(run.bytes),
                total_bytes: total,
                total: text::bytes(total),
                x: (at as f64 * width * 100.0).round() / 100.0,
                width: (width * 90.0).round() / 100.0,
                y: ((100.0 - height) * 10.0).round() / 10.0,
                height,
            }
        });
        growth.collect()
    }
}

/// The name of a program, which is built again and again at other paths.
fn name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or_default()
}

#[derive(Serialize)]
pub(super) struct Growth {
    run: String,
    command: String,
    bytes: u64,
    stored: String,
    total_bytes: u64,
    total: String,
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}
