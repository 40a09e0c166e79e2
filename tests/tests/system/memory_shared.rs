//! A cache that machines share, behind each one's own: here folders stand for machines.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use joblib::prelude::*;
use joblib_memory::{Explanation, Limits, SharedCache, StoreOptions};
use joblib_tests::child;

/// Notes each computation by a file, so that all processes can count them.
#[cached]
#[allow(clippy::needless_pass_by_value, reason = "a task owns its arguments")]
fn noted(notes: PathBuf, x: u64) -> Vec<u64> {
    fs::write(notes.join(format!("{x}-{}", std::process::id())), "").unwrap();
    vec![x; 1000]
}

fn computed(notes: &Path) -> usize {
    fs::read_dir(notes).unwrap().count()
}

/// Three folders: of a machine, of what is shared, and of notes.
fn folders(base: &Path) -> [PathBuf; 3] {
    let folders = ["machine", "team", "notes"].map(|name| base.join(name));
    fs::create_dir_all(&folders[2]).unwrap();
    folders
}

#[test]
fn a_result_of_another_machine_is_found_and_kept() {
    let base = tempfile::tempdir().unwrap();
    let [one, team, notes] = folders(base.path());
    let noted = |memory: &Memory| memory.cache("noted", noted_here);
    let memory = Memory::new(&one).unwrap().shared(&*team).unwrap();
    assert_eq!(noted(&memory).eval((&*notes, 3)).len(), 1000);
    memory.flush().unwrap();

    let read_only = SharedCache::new(&team).read_only(true);
    let memory = Memory::new(base.path().join("other machine")).unwrap().shared(read_only).unwrap();
    let told = noted(&memory).explain((&*notes, 3));
    assert!(told.is_hit() && matches!(told, Explanation::SharedHit { .. }), "{told:?}");
    assert!(told.to_string().contains(&team.display().to_string()), "{told}");
    fs::remove_dir_all(&team).unwrap();
    assert_eq!(noted(&memory).eval((&*notes, 3)).len(), 1000, "looking brought it here");
    assert!(matches!(noted(&memory).explain((&*notes, 3)), Explanation::Hit(_)));
    let stats = memory.stats();
    assert_eq!((stats.tiers.len(), stats.tiers[1].hits, stats.misses), (2, 1, 0));
    assert!(stats.to_string().contains(&format!("{}: 1 hit", team.display())), "{stats}");
    assert_eq!(computed(&notes), 1);
}

fn noted_here(notes: &Path, x: u64) -> Vec<u64> {
    fs::write(notes.join(x.to_string()), "").unwrap();
    vec![x; 1000]
}

#[test]
fn the_near_cache_keeps_its_limits_when_results_come_from_the_shared_one() {
    let base = tempfile::tempdir().unwrap();
    let [one, team, _] = folders(base.path());
    let memory = Memory::new(base.path().join("writer")).unwrap().shared(&*team).unwrap();
    let numbers = |memory: &Memory, x: u64| memory.eval("numbers", |x: u64| vec![x; 5000], (x,));
    (0..60).for_each(|x| drop(numbers(&memory, x)));
    memory.flush().unwrap();
    let memory = Memory::new(&one).unwrap().shared(&*team).unwrap().items_limit(10);
    (0..60).for_each(|x| assert_eq!(numbers(&memory, x), vec![x; 5000]));
    assert_eq!((memory.stats().hits, memory.stats().misses), (60, 0));
    let near = memory.items().unwrap().len();
    assert!((1..=10).contains(&near), "{near} results are near");
    memory.reduce_size(&Limits::default().items_limit(0)).unwrap();
    assert_eq!(memory.items().unwrap().len(), 0);
    assert_eq!(numbers(&memory, 7), vec![7; 5000]);
    assert_eq!(memory.stats().misses, 0, "the limits are not the shared cache's");
}

#[test]
#[ignore = "the role of a child process"]
fn compute_a_few() {
    let notes = PathBuf::from(child::argument());
    let parallel = Parallel::new().backend("loky").n_jobs(2);
    let results = parallel.run((0..8).map(|x| delayed(noted, (notes.clone(), x)))).unwrap();
    assert_eq!(results.len(), 8);
    // The last is computed in this process, which ends at once.
    assert_eq!(noted(notes, 100).len(), 1000);
}

fn with_environment(base: &Path, machine: &str, mode: &str) -> Command {
    let [_, team, notes] = folders(base);
    let mut command = child::command(compute_a_few, &notes.display().to_string());
    command
        .env("JOBLIB_CACHE_DIR", base.join(machine))
        .env("JOBLIB_CACHE_SHARED", format!("file://{}", team.display()))
        .env("JOBLIB_CACHE_SHARED_MODE", mode);
    command
}

#[test]
fn what_a_process_and_its_workers_computed_is_shared_when_they_end() {
    let base = tempfile::tempdir().unwrap();
    let [_, _, notes] = folders(base.path());
    child::complete(&mut with_environment(base.path(), "one", "read-write"));
    assert_eq!(computed(&notes), 9);
    child::complete(&mut with_environment(base.path(), "two", "read-only"));
    assert_eq!(computed(&notes), 9, "the other machine computes nothing");
    let wrong = with_environment(base.path(), "three", "sometimes").output().unwrap();
    let told = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(told.contains("JOBLIB_CACHE_SHARED_MODE is \"sometimes\""), "{told}");
}

#[test]
#[ignore = "the role of a child process"]
fn compute_with_a_bucket() {
    let shared = SharedCache::new("s3://team/cache").option("timeout", "500ms");
    let memory = Memory::new(child::argument()).unwrap().shared(shared).unwrap();
    let since = Instant::now();
    for x in 0..200_u64 {
        assert_eq!(memory.eval("double", |x: u64| 2 * x, (x,)), 2 * x);
    }
    assert!(since.elapsed() < Duration::from_secs(20), "{:?} for 200 calls", since.elapsed());
    assert!(memory.stats().tiers[1].failures > 0);
    assert!(memory.flush().is_err(), "what was not uploaded is told when it is asked for");
    let options = StoreOptions::new("s3://team/alone").option("timeout", "500ms");
    let alone = Memory::with_options("object", &options).unwrap();
    assert_eq!(alone.eval("double", |x: u64| 2 * x, (7,)), 14);
    assert!(format!("{memory:?} {alone:?}").find("hunter").is_none());
    let sent = joblib_encoding::to_vec(&memory).unwrap();
    assert!(!String::from_utf8_lossy(&sent).contains("hunter"));
}

fn with_endpoint(endpoint: &str) -> Output {
    let base = tempfile::tempdir().unwrap();
    let mut command = child::command(compute_with_a_bucket, &base.path().display().to_string());
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", "hunter-id")
        .env("AWS_SECRET_ACCESS_KEY", "hunter-secret")
        .env("JOBLIB_WARNINGS", "stderr");
    child::complete(&mut command)
}

fn warnings(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!text.contains("hunter"), "{text}");
    text.lines().filter(|line| line.contains("s3://team/cache")).map(str::to_owned).collect()
}

#[test]
fn a_bucket_that_nobody_serves_costs_one_warning() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let warnings = warnings(&with_endpoint(&format!("http://{free}")));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("can't be reached"), "{warnings:?}");
}

#[test]
fn a_bucket_whose_server_never_answers_costs_one_warning() {
    // Connections are accepted by the system, and nobody reads what they say.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let warnings = warnings(&with_endpoint(&format!("http://{address}")));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
}
