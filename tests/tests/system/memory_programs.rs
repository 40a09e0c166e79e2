//! Programs whose folder changes while they run, and programs of several parts that are built and linked on their own.

use std::fs;
use std::path::Path;
use std::process::Command;

use joblib_tests::example::printed;
use joblib_tests::project::Project;

fn lines(program: &Path, folder: &Path, arguments: &[&str]) -> Vec<String> {
    let output =
        Command::new(program).args(arguments).current_dir(folder).output().expect("the program starts");
    assert!(output.status.success(), "the program failed:\n{}", printed(&output));
    String::from_utf8(output.stdout).expect("the program prints text").lines().map(str::to_owned).collect()
}

/// Opens a cache beside itself, goes to another folder and reads a table there.
const GOES: &str = r#"
use joblib_macros::cached;
use joblib_memory::Memory;
use std::path::Path;

#[cached(crate = joblib_memory)]
fn given(#[cached(file)] table: &Path) -> String { std::fs::read_to_string(table).unwrap() }

#[cached(crate = joblib_memory, file("table.csv"))]
fn named() -> String { std::fs::read_to_string("table.csv").unwrap() }

#[cached(crate = joblib_memory, file("table.csv"))]
fn goes_further() -> String {
    let text = std::fs::read_to_string("table.csv").unwrap();
    std::env::set_current_dir("further").unwrap();
    text
}

fn main() {
    Memory::new("cache").unwrap().install().unwrap();
    std::env::set_current_dir(std::env::args().nth(1).unwrap()).unwrap();
    println!("{} {}", given(Path::new("table.csv")), named());
    println!("{}", goes_further());
    println!("{} {} {}", given::stats().misses, named::stats().misses, goes_further::stats().misses);
}
"#;

#[test]
fn a_program_that_changes_its_folder_reads_the_files_there_and_keeps_its_cache() {
    let project = Project::new("goes", "system", &["joblib_macros", "joblib_memory"]);
    let program = project.build(GOES);
    let folder = tempfile::tempdir().unwrap();
    for (name, table) in [("one", "1"), ("two", "2"), ("same", "1")] {
        fs::create_dir_all(folder.path().join(name).join("further")).unwrap();
        fs::write(folder.path().join(name).join("table.csv"), table).unwrap();
        fs::write(folder.path().join(name).join("further/table.csv"), "3").unwrap();
    }
    let run = |name: &str| lines(&program, folder.path(), &[name]);
    assert_eq!(run("one"), ["1 1", "1", "1 1 1"]);
    assert_eq!(run("two"), ["2 2", "2", "1 1 1"]);
    assert_eq!(run("one"), ["1 1", "1", "0 0 0"]);
    assert_eq!(run("same"), ["1 1", "1", "0 0 0"], "a file is known by its content");
    for name in ["one", "two", "same"] {
        let names = fs::read_dir(folder.path().join(name)).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.count(), 2, "nothing was made in {name}");
    }
}

/// A library that is linked on its own, with a memory of its own.
#[cfg(target_os = "linux")]
const SHARED: &str = r#"
use joblib_macros::cached;
use joblib_memory::Memory;
use std::sync::LazyLock;

static MEMORY: LazyLock<Memory> = LazyLock::new(|| Memory::new(std::env::args().nth(1).unwrap()).unwrap());

fn step(x: f64) -> f64 { x + STEP }

#[cached(crate = joblib_memory, memory = MEMORY)]
fn fit(x: f64) -> f64 { step(x) }

#[unsafe(no_mangle)]
extern "C" fn cached_fit(x: f64) -> f64 { fit(x) }

#[unsafe(no_mangle)]
extern "C" fn made_fit(x: f64) -> f64 { MEMORY.eval("made", |x: f64| step(x), (x,)) }

#[unsafe(no_mangle)]
extern "C" fn misses() -> u64 { MEMORY.stats().misses }
"#;

#[cfg(target_os = "linux")]
const LINKED: &str = r#"
use joblib_macros::cached;
use joblib_memory::Memory;

unsafe extern "C" {
    safe fn cached_fit(x: f64) -> f64;
    safe fn made_fit(x: f64) -> f64;
    safe fn misses() -> u64;
}

#[cached(crate = joblib_memory)]
fn fit(x: f64) -> f64 { x + 10.0 }

fn main() {
    Memory::new(std::env::args().nth(1).unwrap()).unwrap().install().unwrap();
    println!("{} {} {}", fit(2.0), cached_fit(2.0), made_fit(2.0));
    println!("{} {}", fit::stats().misses, misses());
}
"#;

#[cfg(target_os = "linux")]
#[test]
fn a_shared_library_that_is_built_again_beside_a_program_is_seen() {
    let project = Project::new("linked", "system", &["joblib_macros", "joblib_memory"]);
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().to_str().unwrap();
    project.add_shared_library("shared", &SHARED.replace("STEP", "1.0"));
    let arguments = ["-L", ".", "-l", "dylib=shared", "-C", "link-arg=-Wl,-rpath,$ORIGIN"];
    project.write("main.rs", LINKED);
    let program = project.compile("main.rs", &arguments, &[]);
    let run = || lines(&program, project.folder(), &[cache]);
    assert_eq!(run(), ["12 3 3", "1 2"]);
    assert_eq!(run(), ["12 3 3", "0 0"]);
    project.add_shared_library("shared", &SHARED.replace("STEP", "2.0"));
    assert_eq!(run(), ["12 4 4", "0 2"], "the program is the same file");
    assert_eq!(run(), ["12 4 4", "0 0"]);
}
