//! What cached functions and tasks add to the build of the package that they stand in, and how long the example `flights`
//! and the study of `tests/ecosystem` take to compile.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::package::{Manifest, after_edit, write_manifest};
use crate::row::{Bar, Peer, Row, Sides, Unit};

/// The functions of a package.
const FUNCTIONS: usize = 20;

/// A profile: the end of a row's name, and the command.
#[derive(Clone, Copy, Debug)]
struct Profile {
    name: &'static str,
    command: &'static [&'static str],
}

const DEBUG: Profile = Profile { name: "debug", command: &["build"] };
const RELEASE: Profile = Profile { name: "release", command: &["build", "--release"] };
/// What a person writes who waits for both, the compiler and the program.
const OPT_LEVEL_1: &[&str] = &["build", "--config", "profile.dev.opt-level=1"];

pub(crate) fn rows() -> Vec<Row> {
    vec![
        added("cached", DEBUG, cached).bar(Bar::Under(60.0)),
        added("cached", RELEASE, cached).bar(Bar::Under(250.0)),
        added("delayed", DEBUG, delayed).bar(Bar::Under(40.0)),
        added("delayed", RELEASE, delayed).bar(Bar::Under(150.0)),
        Row::new("build.flights", Unit::Milliseconds, |data| {
            let folder = data.path("build-flights");
            copy_flights(&folder)?;
            after_edit(&folder, RELEASE.command)?;
            Ok(Sides::new(move || after_edit(&folder, RELEASE.command)))
        })
        .against(Peer::Nobody)
        .bar(Bar::Under(15_000.0)),
        Row::new("build.study", Unit::Milliseconds, |data| {
            let folder = data.path("build-study");
            copy_study(&folder)?;
            after_edit(&folder, OPT_LEVEL_1)?;
            Ok(Sides::new(move || after_edit(&folder, OPT_LEVEL_1)))
        })
        .against(Peer::Nobody)
        .bar(Bar::Under(27_000.0)),
    ]
}

/// The milliseconds that each of the functions adds, as the difference between two packages: one with all of them as they are
/// written, and one with plain functions or loops after the first. So both link this library, whose cost does not grow with the
/// functions.
fn added(what: &str, profile: Profile, write: fn(bool) -> Result<String>) -> Row {
    let (name, what) = (format!("build.{what}.{}", profile.name), what.to_owned());
    Row::new(name, Unit::Milliseconds, move |data| {
        let package = |plain: bool| -> Result<PathBuf> {
            let folder = data.path(&format!("build-{what}{}", if plain { "-plain" } else { "" }));
            let others = "serde = { version = \"1\", features = [\"derive\"] }\n";
            write_manifest(&folder, &Manifest { joblib: "", others })?;
            fs::write(folder.join("src/main.rs"), write(plain)?)?;
            // What it depends on is compiled once, before the clock starts.
            after_edit(&folder, profile.command)?;
            Ok(folder)
        };
        let (with, without) = (package(false)?, package(true)?);
        Ok(Sides::new(move || {
            let added = after_edit(&with, profile.command)? - after_edit(&without, profile.command)?;
            Ok(added / (FUNCTIONS - 1) as f64)
        }))
    })
    .against(Peer::Nobody)
}

/// Cached functions whose results are, by turns, a number, a vector, a struct of its own and a `Result`, each called once.
fn cached(plain: bool) -> Result<String> {
    let mut text = "use serde::{Deserialize, Serialize};\n".to_owned();
    let mut calls = String::new();
    for n in 0..FUNCTIONS {
        let attribute = if plain && n > 0 { "" } else { "#[joblib::cached]\n" };
        let (result, value, shown) = match n % 4 {
            0 => ("f64".to_owned(), "x[0] * alpha".to_owned(), "{}"),
            1 => ("Vec<f64>".to_owned(), "x.iter().map(|value| value * alpha).collect()".to_owned(), "{:?}"),
            2 => {
                writeln!(
                    text,
                    "#[derive(Clone, Debug, Serialize, Deserialize)]\nstruct Model{n} {{\n    name: String,\n    \
                     weights: Vec<f64>,\n    bias: f64,\n    steps: u32,\n}}"
                )?;
                let value = format!(
                    "Model{n} {{ name: \"model\".into(), weights: x.to_vec(), bias: alpha, steps: {n} }}"
                );
                (format!("Model{n}"), value, "{:?}")
            }
            _ => (
                "Result<Vec<String>, String>".to_owned(),
                "if x.is_empty() { Err(\"empty\".into()) } else { Ok(vec![alpha.to_string()]) }".to_owned(),
                "{:?}",
            ),
        };
        writeln!(text, "{attribute}fn fit{n}(x: &[f64], alpha: f64) -> {result} {{\n    {value}\n}}")?;
        writeln!(calls, "    println!(\"{shown}\", fit{n}(&x, 0.5));")?;
    }
    let install =
        "    joblib::Memory::new(\"cache\").expect(\"a cache\").install().expect(\"the first one\");\n";
    write!(text, "fn main() {{\n{install}    let x = vec![1.0, 2.0];\n{calls}}}\n")?;
    Ok(text)
}

/// Loops over functions of two arguments, whose results are a number or a vector.
fn delayed(plain: bool) -> Result<String> {
    let mut text = "use joblib::prelude::*;\n".to_owned();
    let mut calls = String::new();
    for n in 0..FUNCTIONS {
        let (result, value) = match n % 2 {
            0 => ("f64", "x.sqrt() * n as f64"),
            _ => ("Vec<f64>", "vec![x; n]"),
        };
        writeln!(text, "fn step{n}(n: usize, x: f64) -> {result} {{\n    {value}\n}}")?;
        let run = if plain && n > 0 {
            format!("(0..10).map(|n| step{n}(n, 0.5)).collect::<Vec<{result}>>()")
        } else {
            format!("Parallel::new().run((0..10).map(|n| delayed(step{n}, (n, 0.5)))).expect(\"results\")")
        };
        writeln!(calls, "    println!(\"{{:?}}\", {run});")?;
    }
    write!(text, "fn main() {{\n{calls}}}\n")?;
    Ok(text)
}

/// The example as a package of its own.
fn copy_flights(folder: &Path) -> Result<()> {
    let others = "serde = { version = \"1\", features = [\"derive\"] }\nserde_json = \"1\"\n\
                  xz2 = { package = \"liblzma\", version = \"0.4\" }\n";
    write_manifest(folder, &Manifest { joblib: "", others })?;
    copy_sources("crates/joblib/examples/flights", folder)
}

/// The study as a package with the versions of this workspace.
fn copy_study(folder: &Path) -> Result<()> {
    let others = "anyhow = \"1\"\n\
                  chrono = { version = \"0.4\", default-features = false, features = [\"serde\", \"std\"] }\n\
                  ndarray = { version = \"0.17\", default-features = false, features = [\"serde\", \"std\"] }\n\
                  serde = { version = \"1\", features = [\"derive\"] }\n\
                  tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\", \"time\"] }\n";
    write_manifest(folder, &Manifest { joblib: ", features = [\"ndarray\"]", others })?;
    copy_sources("tests/ecosystem/study/src", folder)
}

/// Copies the Rust files of a folder of this repository into `src`.
fn copy_sources(from: &str, folder: &Path) -> Result<()> {
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(from))? {
        let file = file?.path();
        if file.extension().is_some_and(|extension| extension == "rs") {
            fs::copy(&file, folder.join("src").join(file.file_name().unwrap_or_default()))?;
        }
    }
    Ok(())
}
