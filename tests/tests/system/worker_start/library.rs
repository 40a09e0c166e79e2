//! Workers of code that is part of a shared library, as an extension module of Python is.

use std::process::Command;

use super::{output, project};

/// A library that runs tasks on the backend that it is told.
const LIBRARY: &str = r#"
use joblib_parallel::{Parallel, delayed};

fn doubled(n: u64) -> u64 {
    2 * n
}

#[unsafe(no_mangle)]
pub extern "C" fn run(backend: *const std::ffi::c_char) {
    // SAFETY: Python passes a text that ends with a zero.
    let backend = unsafe { std::ffi::CStr::from_ptr(backend) }.to_str().unwrap();
    match Parallel::new().backend(backend).n_jobs(2).run((0..10).map(|n| delayed(doubled, (n,)))) {
        Ok(doubled) => println!("{}", doubled.iter().sum::<u64>()),
        Err(error) => println!("{error}"),
    }
    let captured = String::from("captured");
    let closures = (0..2).map(|_| || captured.len());
    println!("{:?}", Parallel::new().n_jobs(2).fork().run(closures).unwrap());
}
"#;

#[test]
fn a_library_that_python_has_loaded_does_not_start_python_again_and_says_what_to_use() {
    let project = project("library");
    project.write("lib.rs", LIBRARY);
    let library = project.compile("lib.rs", &["--crate-type", "cdylib"], &[]);
    let script =
        "import ctypes, sys; print('once', flush=True); ctypes.CDLL(sys.argv[1]).run(sys.argv[2].encode())";
    let run = |backend: &str| output(Command::new("python3").args(["-c", script]).arg(&library).arg(backend));
    for backend in ["threading", "multiprocessing"] {
        assert_eq!(run(backend), "once\n90\n[8, 8]\n", "{backend}");
    }
    let told = run("loky");
    assert!(told.starts_with("once\n") && told.matches("once").count() == 1, "{told}");
    assert!(
        told.contains("part of a shared library") && told.contains("use the backend \"threading\""),
        "{told}"
    );
}
