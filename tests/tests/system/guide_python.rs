//! The program of `docs/guide/python.md`: its Python blocks are run from the guide, its Rust blocks stand here word for word.

use joblib_tests::child;
use joblib_tests::python::{self, Release};

use joblib::dump_python;
use joblib::pickle::{NdArray, Value};
use joblib::prelude::*;

#[derive(serde::Deserialize)]
struct Model {
    name: String,
    alpha: f64,
    weights: Array<f64>,
    folds: Vec<Fold>,
}

#[derive(serde::Deserialize)]
struct Fold {
    train: u64,
    test: u64,
}

#[derive(serde::Serialize)]
struct Scores {
    name: String,
    values: Vec<f64>,
    matrix: Array<i32>,
}

type Result = std::result::Result<(), Box<dyn std::error::Error>>;

const GUIDE: &str = include_str!("../../../docs/guide/python.md");

/// The guide's blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let start = format!("```{language}\n");
    GUIDE.split(&start).skip(1).map(|rest| rest.split("```").next().unwrap_or("")).collect()
}

#[test]
fn the_guides_program_runs_in_both_languages() {
    // The guide's files have no folder, and so its program runs in one of its own.
    let folder = tempfile::tempdir().expect("a folder");
    child::complete(child::command(run_the_program, "").current_dir(folder.path()));
}

#[test]
#[ignore = "the role of a child process"]
fn run_the_program() {
    assert_eq!(child::argument(), "");
    program().expect("it runs");
}

fn program() -> Result {
    let [write, read] = blocks("python")[..] else { panic!("the guide has two blocks of Python") };
    python::run(Release::Today, write, &[]);

    let model: Model = load("model.joblib")?;
    assert_eq!(model.name, "ridge");
    assert_eq!(model.weights.shape(), [2000]);
    assert_eq!((model.alpha, model.folds[0].train, model.folds[0].test), (0.5, 80, 20));

    let model: Model = LoadOptions::new().mmap_mode(MmapMode::Read).load("model.joblib")?;
    assert!(model.weights.is_mapped());
    assert_eq!(model.weights.as_slice()[1998..], [1998.0, 1999.0]);

    let value: Value = load("model.joblib")?;
    assert_eq!(value["name"].as_str(), Some("ridge"));
    assert_eq!(value["weights"].as_array().map(NdArray::dtype), Some("float64".to_owned()));

    let careful = LoadOptions::new()
        .pickle_limits(joblib::pickle::Limits::new().depth(32).total(64 << 20))
        .max_decompressed_bytes(64 << 20);
    let model: Model = careful.load("model.joblib")?;
    assert_eq!(model.name, "ridge");

    let scores = Scores {
        name: "ridge".into(),
        values: (0..5000).map(f64::from).collect(),
        matrix: Array::from_vec(vec![1, 2, 3, 4], &[2, 2])?,
    };
    dump_python(&scores, "scores.joblib")?;

    let imports = "import joblib, numpy as np\n";
    for release in Release::ALL {
        python::run(release, &format!("{imports}{read}"), &[]);
    }
    Ok(())
}

#[test]
fn every_rust_block_of_the_guide_stands_in_the_program_above() {
    let lines = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("\n") + "\n";
    let program = lines(include_str!("guide_python.rs"));
    let rust = blocks("rust,ignore");
    assert!(rust.len() >= 6, "the guide has only {} blocks of Rust", rust.len());
    for block in rust {
        assert!(program.contains(&lines(block)), "this block is not run:\n{block}");
    }
}
