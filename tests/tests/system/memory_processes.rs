//! A cache that many processes use at once, and that dies under their hands.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use joblib_array::{Array, MmapMode};
use joblib_memory::{Limits, MemorizedResult, Memory, Shelved};
use joblib_tests::{child, files};

fn expected(x: u64) -> Vec<u64> {
    (0..100 + x % 50).map(|i| i * x).collect()
}

/// Notes each computation in a folder of its own, by an append that is one system call.
fn noted(memory: &Memory, notes: &Path, x: u64) -> Vec<u64> {
    let compute = |x: u64| {
        use std::io::Write;
        let mut notes = fs::OpenOptions::new().append(true).create(true).open(notes).unwrap();
        notes.write_all(format!("{x}\n").as_bytes()).unwrap();
        thread::sleep(Duration::from_millis(1));
        expected(x)
    };
    memory.cache("noted", compute).captures(()).eval((x,))
}

fn hammer(backend: &str, folder: &Path, items: Option<u64>, seed: u64) {
    let mut memory = Memory::with_backend(backend, folder.join("cache")).unwrap();
    if let Some(items) = items {
        memory = memory.items_limit(items);
    }
    let notes = folder.join("notes");
    thread::scope(|scope| {
        for thread in 0..4 {
            let (memory, notes) = (&memory, &notes);
            scope.spawn(move || {
                let mut state = seed * 4 + thread + 1;
                for _ in 0..150 {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let x = (state >> 33) % 100;
                    assert_eq!(noted(memory, notes, x), expected(x));
                }
            });
        }
    });
}

fn hammer_with_processes(backend: &str, items: Option<u64>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let limit = items.map_or_else(|| "none".to_owned(), |items| items.to_string());
    let children: Vec<_> = (0..8)
        .map(|seed| {
            let role = format!("{}\n{limit}\n{seed}\n{backend}", folder.path().display());
            child::command(hammer_in_threads, &role).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    folder
}

#[test]
#[ignore = "the role of a child process"]
fn hammer_in_threads() {
    let argument = child::argument();
    let mut lines = argument.lines();
    let folder = PathBuf::from(lines.next().unwrap());
    let items = lines.next().unwrap().parse().ok();
    let seed = lines.next().unwrap().parse().unwrap();
    hammer(lines.next().unwrap(), &folder, items, seed);
}

#[test]
fn thirty_two_callers_in_eight_processes_compute_each_result_once() {
    for backend in ["local", "sqlite"] {
        let folder = hammer_with_processes(backend, None);
        let notes = fs::read_to_string(folder.path().join("notes")).unwrap();
        let mut computed: Vec<u64> = notes.lines().map(|line| line.parse().unwrap()).collect();
        let count = computed.len();
        computed.sort_unstable();
        computed.dedup();
        assert_eq!(computed.len(), count, "each was computed once, in {backend}");
        let memory = Memory::with_backend(backend, folder.path().join("cache")).unwrap();
        assert_eq!(memory.items().unwrap().len(), count);
    }
}

#[test]
fn evictions_under_eight_processes_cost_recomputation_and_nothing_else() {
    for backend in ["local", "sqlite"] {
        let folder = hammer_with_processes(backend, Some(30));
        let cache = folder.path().join("cache");
        let left = Memory::with_backend(backend, &cache).unwrap().items().unwrap().len();
        // Each process may be in the middle of dropping what the others have just stored.
        assert!(left <= 30 + 8, "{left} results where 30 are allowed, in {backend}");
        let claims = cache.join("joblib-rs/claims");
        assert_eq!(files::below(&claims), Vec::<PathBuf>::new(), "no claim is left");
        let notes = fs::read_to_string(folder.path().join("notes")).unwrap();
        assert!(notes.lines().count() > 100, "some were computed again, in {backend}");
    }
}

#[test]
#[ignore = "the role of a child process"]
fn compute_until_killed() {
    let memory = Memory::new(child::argument()).unwrap();
    child::ready();
    for x in 0.. {
        memory.eval("work", expected, (x % 5000,));
    }
}

#[test]
fn a_process_killed_at_any_moment_leaves_right_values_or_clean_misses() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    let mut moment = 0x9e37_79b9_u64;
    for round in 0..200_u64 {
        let mut command = child::command(compute_until_killed, place);
        let mut victim = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        child::wait_until_ready(&mut victim);
        moment = moment.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round);
        thread::sleep(Duration::from_micros((moment >> 33) % 3000));
        victim.kill().unwrap();
        victim.wait().unwrap();
        if round % 20 == 19 {
            // So that there are always misses ahead.
            Memory::new(place).unwrap().clear().unwrap();
        }
    }
    let memory = Memory::new(place).unwrap();
    for x in 0..300 {
        assert_eq!(memory.eval("work", expected, (x,)), expected(x));
    }
    memory.reduce_size(&Limits::default()).unwrap();
    let own = folder.path().join("joblib-rs");
    assert_eq!(files::below(&own.join("claims")), Vec::<PathBuf>::new(), "no litter stays");
    for (item, metadata) in memory.items().unwrap() {
        assert!(metadata.is_some(), "{item:?} can be read");
    }
}

/// Never ends in the child.
fn slow(x: u64) -> u64 {
    if child::is_child() {
        child::ready();
        loop {
            thread::park();
        }
    }
    x + 10
}

#[test]
#[ignore = "the role of a child process"]
fn claim_until_killed() {
    Memory::new(child::argument()).unwrap().eval("slow", slow, (1,));
}

#[test]
fn a_claim_of_a_dead_process_is_taken_over_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    let mut holder = child::command(claim_until_killed, place).stdout(Stdio::piped()).spawn().unwrap();
    child::wait_until_ready(&mut holder);
    let memory = Memory::new(place).unwrap();
    let slow = memory.cache("slow", self::slow);
    // While it lives, patience is bounded …
    let impatient = memory.clone().waiting_time(Duration::from_millis(50)).cache("slow", self::slow);
    assert_eq!(impatient.eval((1,)), 11);
    slow.clear().unwrap();
    // … and when it is dead, nobody waits.
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert_eq!(slow.eval((1,)), 11);
    assert_eq!(files::below(&folder.path().join("joblib-rs/claims")), Vec::<PathBuf>::new());
}

#[test]
#[ignore = "the role of a child process"]
fn fill_a_disk_of_20_kilobytes() {
    // Files of this process may have 20 kB; what is beyond is an error instead of a signal.
    // SAFETY: the calls change limits of this process only, which has no other threads that write files.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        let limit = libc::rlimit { rlim_cur: 20_000, rlim_max: 20_000 };
        assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit), 0);
    }
    let memory = Memory::new(child::argument()).unwrap();
    let zeros = memory.cache("zeros", |n: usize| vec![0_u8; n]);
    assert_eq!(zeros.eval((100_000,)).len(), 100_000);
    assert_eq!(zeros.eval((100,)).len(), 100);
    assert!(!zeros.check_call_in_cache((100_000,)));
    assert!(zeros.check_call_in_cache((100,)), "what fits is stored");
}

#[test]
fn a_full_disk_costs_the_caching_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let child = child::run(fill_a_disk_of_20_kilobytes, folder.path().to_str().unwrap());
    let told = String::from_utf8_lossy(&child.stderr);
    assert_eq!(told.matches("warning: joblib").count(), 1, "{told}");
    assert_eq!(files::below(&folder.path().join("joblib-rs/claims")), Vec::<PathBuf>::new());
    assert_eq!(Memory::new(folder.path()).unwrap().items().unwrap().len(), 1);
}

/// The first reference is given as text, the second as JSON.
#[test]
#[ignore = "the role of a child process"]
fn read_references() {
    let argument = child::argument();
    let (text, json) = argument.split_once('\n').unwrap();
    let mapped: MemorizedResult<Array<f64>> = text.parse().unwrap();
    assert_eq!(mapped.to_string(), text);
    let array = mapped.get().unwrap();
    assert_eq!((array.len(), array.as_slice()[9], array.is_mapped()), (1000, 4.5, true));
    let shelved: Shelved<String> = serde_json::from_str(json).unwrap();
    assert_eq!(shelved.get().unwrap(), "n \"0\" \\ = 7");
    shelved.clear().unwrap();
    assert!(shelved.get().unwrap_err().is_gone());
}

#[test]
fn references_are_printed_parsed_serialized_and_read_in_another_process() {
    // A place and a name that text has to quote.
    let folder = tempfile::Builder::new().prefix("a \"b\", c=\\ é").tempdir().unwrap();
    for backend in ["local", "sqlite"] {
        let memory = Memory::with_backend(backend, folder.path()).unwrap();
        let halves = memory.cache("halves, \"of\" all", |n: usize| {
            Array::from_vec((0..n).map(|i| i as f64 / 2.0).collect(), &[n]).unwrap()
        });
        let halves = halves.mmap_mode(MmapMode::Read);
        let Shelved::Memorized(mapped) = halves.call_and_shelve((1000,)) else { panic!("it was stored") };
        let text = memory.cache("text", |n: u8| format!("n \"0\" \\ = {n}"));
        let shelved = text.call_and_shelve((7,));
        if backend == "local" {
            let role = format!("{mapped}\n{}", serde_json::to_string(&shelved).unwrap());
            child::run(read_references, &role);
            assert!(shelved.get().unwrap_err().is_gone(), "the other process cleared it");
        } else {
            // What is not a file of its own can't be mapped.
            let read: MemorizedResult<Array<f64>> = mapped.to_string().parse().unwrap();
            assert_eq!(read, mapped);
            assert!(!read.get().unwrap().is_mapped());
        }
    }
}
