//! What runs before `main` has run in a worker before a task does, in whatever order things are linked.

use std::process::Command;

use joblib_tests::project::Project;

use super::{output, project};

/// A crate with things that are registered before `main`.
const PLUGIN: &str = r#"
use std::sync::atomic::{AtomicU32, Ordering};

/// Counts the functions of this crate that ran before `main`.
pub static RAN: AtomicU32 = AtomicU32::new(0);

#[ctor::ctor(unsafe, crate_path = ::ctor)]
fn run() {
    RAN.fetch_add(1, Ordering::SeqCst);
}

pub struct Name(pub &'static str);
inventory::collect!(Name);
inventory::submit!(Name("square"));

#[typetag::serde(tag = "shape")]
pub trait Shape: Send {
    fn area(&self) -> f64;
}

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Square(pub f64);

#[typetag::serde]
impl Shape for Square {
    fn area(&self) -> f64 {
        self.0 * self.0
    }
}

pub fn names() -> usize {
    inventory::iter::<Name>.into_iter().filter(|name| name.0 == "square").count()
}
"#;

const MAIN: &str = r#"
use std::sync::atomic::Ordering;

use joblib_parallel::{Parallel, delayed};
use plugin::{Shape, Square};

fn seen(shape: Box<dyn Shape>) -> (u32, usize, f64) {
    (plugin::RAN.load(Ordering::SeqCst), plugin::names(), shape.area())
}

fn main() {
    let shape = || Box::new(Square(3.0)) as Box<dyn Shape>;
    println!("{:?}", Parallel::new().backend("loky").run([delayed(seen, (shape(),))]).unwrap());
}
"#;

#[test]
fn what_other_crates_register_before_main_is_there_in_workers() {
    let crates = ["joblib_parallel", "ctor", "inventory", "typetag", "serde"];
    let mut project = Project::new("registered", "system", &crates);
    project.add_library("plugin", PLUGIN);
    for order in [
        "extern crate plugin; extern crate joblib_parallel;",
        "extern crate joblib_parallel; extern crate plugin;",
    ] {
        project.write("main.rs", &format!("{order}\n{MAIN}"));
        for arguments in [&[][..], &["-C", "link-arg=-fuse-ld=bfd"], &["-C", "target-feature=+crt-static"]] {
            let program = project.compile("main.rs", arguments, &[]);
            assert_eq!(output(&mut Command::new(program)), "[(1, 1, 9.0)]\n", "{order} {arguments:?}");
        }
    }
}

/// Waits for ever before `main`, in workers.
const WAITING: &str = r#"
use joblib_parallel::{Parallel, delayed};

#[used]
#[unsafe(link_section = ".init_array")]
static WAIT: extern "C" fn() = wait;

extern "C" fn wait() {
    while std::env::var_os("JOBLIB_PARALLEL_WORKER").is_some() {
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
}

fn main() {
    println!("{}", Parallel::new().backend("loky").n_jobs(2).run([delayed(f64::sqrt, (4.0,))]).unwrap_err());
}
"#;

#[test]
fn a_worker_that_waits_before_main_ends_the_call_after_a_bounded_time() {
    let project = project("waiting");
    let program = project.build(WAITING);
    let told = output(Command::new(&program).env("JOBLIB_WORKER_START_TIMEOUT", "2"));
    assert!(
        told.contains("did not begin to serve within 2 seconds")
            && told.contains("JOBLIB_WORKER_START_TIMEOUT"),
        "{told}"
    );
    for wrong in ["soon", "0", "-1", ""] {
        let told = output(Command::new(&program).env("JOBLIB_WORKER_START_TIMEOUT", wrong));
        assert!(told.contains("has to be a number of seconds, at least 1"), "{told}");
    }
}
