//! `joblib runs ls`.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::args::Ls;
use super::find;
use super::model::Model;
use crate::document;
use crate::failure::Failure;
use crate::style::Style;
use crate::table::Table;
use crate::text;

const COLUMNS: [&str; 8] = ["RUN", "START", " TOOK", " HITS", " COMPUTED", " SAVED", "STATE", "PROGRAM"];
const WITH_FAILURES: [&str; 9] =
    ["RUN", "START", " TOOK", " HITS", " COMPUTED", " FAILED", " SAVED", "STATE", "PROGRAM"];

#[derive(Serialize)]
struct Document {
    runs: Vec<Row>,
}

/// A run in the list, and the head of what `show` prints.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) run: String,
    pub(crate) state: &'static str,
    /// Seconds since the Unix epoch.
    pub(crate) start: f64,
    pub(crate) seconds: f64,
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) folder: String,
    pub(crate) host: String,
    pub(crate) user: String,
    pub(crate) commit: String,
    pub(crate) hits: u64,
    pub(crate) computed: u64,
    pub(crate) failed: u64,
    pub(crate) saved_seconds: f64,
    pub(crate) computing_seconds: f64,
    pub(crate) bytes: u64,
    pub(crate) peak_memory: u64,
    /// What of the record could not be read.
    pub(crate) problems: Vec<String>,
}

impl Row {
    pub(crate) fn new(model: &Model) -> Self {
        let (run, totals) = (&model.run, model.totals());
        Self {
            run: run.id.clone(),
            state: model.state.text(),
            start: text::epoch(model.start()),
            seconds: model.took().as_secs_f64(),
            program: run.program.clone(),
            arguments: run.arguments.clone(),
            folder: run.folder.clone(),
            host: run.host.clone(),
            user: run.user.clone(),
            commit: run.commit.clone(),
            hits: totals.hits,
            computed: totals.computed,
            failed: totals.failed,
            saved_seconds: totals.saved.as_secs_f64(),
            computing_seconds: totals.computing.as_secs_f64(),
            bytes: totals.bytes,
            peak_memory: model.memory,
            problems: model.problems.clone(),
        }
    }
}

pub(crate) fn run(
    options: &Ls,
    folder: &Path,
    json: bool,
    style: Style,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    // Without any run it is an error, which says how to make one.
    find::find(folder, "last")?;
    let files = find::list(folder)?;
    let mut models = Vec::new();
    let limit = if options.limit == 0 { usize::MAX } else { options.limit };
    let filter = options.filter.as_deref().unwrap_or_default();
    let mut unreadable = 0;
    for path in files.iter().rev() {
        if models.len() >= limit {
            break;
        }
        // One file that is no record does not keep the others from being listed.
        match find::read(path) {
            Ok(file) => {
                let model = Model::new(file);
                if model.command().contains(filter) {
                    models.push(model);
                }
            }
            Err(failure) => {
                eprintln!("joblib: {}", text::Visible(failure));
                unreadable += 1;
            }
        }
    }
    if json {
        document::print(&Document { runs: models.iter().map(Row::new).collect() }, out)?;
    } else {
        let has_failed = models.iter().any(|model| model.totals().failed > 0);
        let mut table = Table::new(if has_failed { &WITH_FAILURES } else { &COLUMNS });
        for model in &models {
            let totals = model.totals();
            let mut row = vec![
                model.run.id.clone(),
                text::ago(model.start()),
                text::duration(model.took()),
                totals.hits.to_string(),
                totals.computed.to_string(),
                text::duration(totals.saved),
                model.state.text().to_owned(),
                model.command(),
            ];
            if has_failed {
                row.insert(5, totals.failed.to_string());
            }
            table.row(row);
        }
        table.print(style, out)?;
    }
    match unreadable {
        0 => Ok(()),
        count => Err(Failure::Other(format!(
            "{} can't be read",
            text::count(count, "file of the folder", "files of the folder")
        ))),
    }
}
