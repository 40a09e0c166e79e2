//! A program of a package of its own, built as one that is to be small and fast: optimized as a whole, without unwinding,
//! without symbols; and with a feature of another crate that changes how its values are serialized.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use joblib_tests::cargo;
use joblib_tests::example::{printed, workspace};

use super::output;

const MANIFEST: &str = r#"
[package]
name = "optimized"
edition = "2024"

[dependencies]
joblib-encoding = { path = "WORKSPACE/crates/joblib-encoding" }
joblib-parallel = { path = "WORKSPACE/crates/joblib-parallel", default-features = false }
serde_json = { version = "1", features = ["arbitrary_precision"] }

[profile.release]
lto = "fat"
panic = "abort"
strip = true

[workspace]
"#;

const MAIN: &str = r##"
use joblib_parallel::{Parallel, delayed};
use serde_json::Value;

fn doubled(n: u64) -> u64 {
    assert!(n != 7, "no sevens");
    2 * n
}

fn eats(megabytes: usize) -> usize {
    let mut all = vec![0_u8; 1 << 20];
    while all.len() < megabytes << 20 {
        all.extend_from_within(..);
    }
    all.len()
}

fn same(value: Value) -> Value {
    value
}

/// More digits than a number of the machine has.
const NUMBERS: &str = r#"{"long": 3.14159265358979323846264338327950288, "large": -1e+999, "other": [123456789012345678901234567890, 0, null]}"#;

fn main() {
    let value: Value = serde_json::from_str(NUMBERS).unwrap();
    assert!(value.to_string().contains("338327950288") && value.to_string().contains("1e+999"), "{value}");
    let encoded = joblib_encoding::to_vec(&value).unwrap();
    assert_eq!(joblib_encoding::from_slice::<Value>(&encoded).unwrap().to_string(), value.to_string());
    for backend in ["sequential", "threading", "loky", "multiprocessing"] {
        let parallel = Parallel::new().backend(backend).n_jobs(2);
        assert_eq!(parallel.run((0..5).map(|n| delayed(doubled, (n,)))).unwrap(), [0, 2, 4, 6, 8], "{backend}");
        let back = parallel.run([delayed(same, (value.clone(),))]).unwrap();
        assert_eq!(back[0].to_string(), value.to_string(), "{backend}");
    }
    let back = Parallel::new().n_jobs(2).fork().run([|| value.clone()]).unwrap();
    assert_eq!(back[0].to_string(), value.to_string());
    for backend in ["loky", "multiprocessing"] {
        let parallel = Parallel::new().backend(backend).n_jobs(2).outcomes();
        let outcomes = parallel.run((5..9).map(|n| delayed(doubled, (n,)))).unwrap();
        let values: Vec<_> = outcomes.iter().map(|outcome| outcome.as_ref().ok().copied()).collect();
        assert_eq!(values, [Some(10), Some(12), None, Some(16)], "{backend}");
        // A panic ends its process, and its message is kept.
        let error = outcomes[2].as_ref().unwrap_err();
        assert!(error.is_crash() && error.to_string().contains("no sevens"), "{backend}: {error}");
        let eaten = parallel.memory_limit(256 << 20).run([delayed(eats, (1024,))]).unwrap();
        let error = eaten[0].as_ref().unwrap_err();
        assert!(error.is_memory_limit(), "{backend}: {error}");
    }
    println!("all is well");
}
"##;

/// Builds the program below the target folder, where the next run finds what has not changed.
fn build() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("optimized");
    fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = MANIFEST.replace("WORKSPACE", workspace().to_str().unwrap());
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/main.rs"), MAIN).unwrap();
    // The versions that the workspace has, which are there already.
    fs::copy(workspace().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let output = cargo::command()
        .args(["build", "--release", "--offline", "--quiet", "--target-dir", "target"])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "the program does not build: {}", printed(&output));
    folder.join("target/release/optimized")
}

#[test]
fn a_program_works_that_is_optimized_as_a_whole_and_aborts_on_panics_and_is_stripped() {
    assert_eq!(output(&mut Command::new(build())), "all is well\n");
}
