//! Python's joblib: a process that stays open and gives one sample on request; and the same on a Dask cluster.
//!
//! The protocol, one JSON object a line each way, is described in `peer/joblib_baseline.py` and `peer/dask_baseline.py`.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::Result;

/// The open process.
pub(crate) struct Joblib {
    pipes: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
    child: Child,
}

impl Joblib {
    /// Starts the peer of the virtual environment; its files go below `folder`.
    pub(crate) fn start(folder: &Path, quick: bool) -> Result<Self> {
        Self::of("JOBLIB_TEST_PYTHON", "venv", folder, quick)
    }

    /// Starts the same with pyarrow, which pandas then keeps text in.
    pub(crate) fn with_arrow(folder: &Path, quick: bool) -> Result<Self> {
        Self::of("JOBLIB_TEST_PYTHON_ARROW", "venv-arrow", folder, quick)
    }

    fn of(variable: &str, venv: &str, folder: &Path, quick: bool) -> Result<Self> {
        let mut command = script(variable, venv, "joblib_baseline.py");
        command.arg("--serve").arg("--folder").arg(folder);
        if quick {
            command.arg("--quick");
        }
        Self::serve(command)
    }

    /// Starts a Dask cluster, and the peer that uses it by joblib's own backend.
    pub(crate) fn on_dask() -> Result<Self> {
        Self::serve(script("JOBLIB_TEST_PYTHON_DASK", "venv-dask", "dask_baseline.py"))
    }

    fn serve(mut command: Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(|e| {
            format!(
                "cannot start the peer's Python {}: {e}; run through `cargo xtask bench`",
                command.get_program().display()
            )
        })?;
        let (Some(requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the peer has no pipes".into());
        };
        Ok(Self { pipes: RefCell::new((requests, BufReader::new(answers))), child })
    }

    /// One sample of a measurement, in its unit.
    pub(crate) fn sample(&self, name: &str, unit: &str) -> Result<f64> {
        let answer = self.ask(&json!({ "sample": name }))?;
        if answer["unit"] != unit {
            return Err(format!("joblib measures {name} in {}, we in {unit}", answer["unit"]).into());
        }
        answer["value"].as_f64().ok_or_else(|| format!("joblib's {name} is not a number: {answer}").into())
    }

    /// Ends a measurement: its pool, cache and files.
    pub(crate) fn release(&self, name: &str) -> Result {
        self.ask(&json!({ "release": name })).map(drop)
    }

    /// Writes a value of the measurements to a file, for our side to read.
    pub(crate) fn write(&self, value: &str, path: &Path) -> Result {
        self.ask(&json!({ "write": value, "path": path })).map(drop)
    }

    /// Where the scheduler is of a peer on Dask.
    pub(crate) fn address(&self) -> Result<String> {
        let answer = self.ask(&json!({ "address": true }))?;
        Ok(answer["address"].as_str().ok_or("the peer has no address")?.to_owned())
    }

    /// The versions of Python, joblib and numpy.
    pub(crate) fn versions(&self) -> Result<Value> {
        self.ask(&json!({ "versions": true }))
    }

    fn ask(&self, request: &Value) -> Result<Value> {
        let (requests, answers) = &mut *self.pipes.borrow_mut();
        writeln!(requests, "{request}")?;
        requests.flush()?;
        let mut line = String::new();
        if answers.read_line(&mut line)? == 0 {
            return Err(format!("the peer ended when asked for {request}; its errors stand above").into());
        }
        let answer: Value = serde_json::from_str(&line)?;
        match answer["error"].as_str() {
            Some(error) => Err(format!("the peer failed at {request}: {error}").into()),
            None => Ok(answer),
        }
    }
}

impl Drop for Joblib {
    fn drop(&mut self) {
        // Asked to, it ends its pools and removes its files; only a peer that does not end is killed.
        let _ = self.ask(&json!({ "quit": true }));
        for _ in 0..100 {
            if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The Python that a variable names, or that of a virtual environment.
pub(crate) fn python(variable: &str, venv: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target").join(venv).join("bin/python3"),
        PathBuf::from,
    )
}

fn script(variable: &str, venv: &str, script: &str) -> Command {
    let mut command = Command::new(python(variable, venv));
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("peer").join(script));
    command
}
