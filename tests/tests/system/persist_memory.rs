//! Peak memory: a dump takes 32 MB beside its value, a load 1.05 times the value plus 32 MB, compressed or not. Measured as the
//! high-water mark of a child process that does nothing else, less that of one that does all but the dump or the load: the
//! pages of the test program count too, and the allocator's share of the value.

use std::path::{Path, PathBuf};

use joblib_array::Array;
use joblib_persist::{dump, load};
use joblib_tests::child;
use serde::{Deserialize, Serialize};

const MB: u64 = 1_000_000;
const VALUE: u64 = 100 * MB;
const SLACK: u64 = 32 * MB;

#[derive(Serialize, Deserialize)]
struct Columns {
    array: Array<f64>,
    texts: Vec<String>,
}

/// 100 MB: mostly one array, and texts of 16 bytes with their 24 bytes of `String`.
fn value() -> Columns {
    let texts: Vec<String> = (0..250_000).map(|i| format!("text {i:>11}")).collect();
    let len = (VALUE as usize - texts.len() * 48) / 8;
    Columns { array: Array::from_vec((0..len).map(|i| (i % 1000) as f64).collect(), &[len]).unwrap(), texts }
}

#[test]
#[ignore = "the role of a child process"]
fn make_dump_or_load_and_print_the_peak() {
    let task = child::argument();
    let (verb, path) = task.split_once(' ').unwrap();
    match verb {
        "start" => {}
        "make" => drop(std::hint::black_box(value())),
        "dump" => dump(&value(), path).unwrap(),
        "load" => {
            let columns: Columns = load(path).unwrap();
            assert_eq!(columns.texts.len(), 250_000);
        }
        other => panic!("there is no role {other}"),
    }
    println!("\npeak {}", child::peak_memory());
}

fn peak(verb: &str, path: &Path) -> u64 {
    let output = child::run(make_dump_or_load_and_print_the_peak, &format!("{verb} {}", path.display()));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .find_map(|line| line.strip_prefix("peak "))
        .unwrap_or_else(|| panic!("no peak in: {text}{}", String::from_utf8_lossy(&output.stderr)))
        .parse()
        .unwrap()
}

#[test]
fn dumping_and_loading_take_little_more_memory_than_the_value() {
    let folder = tempfile::tempdir().unwrap();
    let program = peak("start", folder.path());
    let made = peak("make", folder.path());
    eprintln!("the program takes {} MB, and {} MB with the value", program / MB, made / MB);
    assert!(
        (program + VALUE..program + VALUE + VALUE / 10).contains(&made),
        "the value is not what it is taken for"
    );
    for name in [
        "plain",
        "packed.z",
        "packed.gz",
        "packed.bz2",
        "packed.xz",
        "packed.lzma",
        "packed.lz4",
        "packed.zst",
    ] {
        let path: PathBuf = folder.path().join(name);
        let dumped = peak("dump", &path).saturating_sub(made);
        let loaded = peak("load", &path).saturating_sub(program);
        eprintln!("{name}: dump {} MB, load {} MB of a value of {} MB", dumped / MB, loaded / MB, VALUE / MB);
        assert!(dumped <= SLACK, "{name}: a dump took {} MB beside its value", dumped / MB);
        assert!(loaded <= VALUE + VALUE / 20 + SLACK, "{name}: a load took {} MB", loaded / MB);
        std::fs::remove_file(&path).unwrap();
    }
}
