//! What `joblib cache` deletes, mends and moves between caches.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use joblib_array::MmapMode;
use joblib_memory::Memory;

use super::{Cache, power, table};

#[test]
fn what_is_deleted_is_asked_for_and_told() {
    let cache = Cache::filled();
    let (status, message) = cache.failure(&["rm", "power"]);
    assert_eq!(status, Some(2), "there is no terminal to ask at");
    assert!(message.contains("Delete 4 results") && message.contains("--yes"), "{message}");
    let key = cache.keys("power", &["2.0", "1"]).remove(0);
    assert_eq!(cache.json(&["rm", "--yes", &key])["results"], 1);
    assert_eq!(cache.json(&["ls"])["functions"][0]["results"], 3);
    assert!(cache.text(&["rm", "power", "--yes"]).starts_with("deleted 3 results of "));
    let (status, message) = cache.failure(&["rm", "power", "--yes"]);
    assert_eq!(status, Some(1));
    assert!(
        message.contains("no function called power has results here; there is study::table"),
        "{message}"
    );
    // The program computes it again, and finds the rest.
    let memory = cache.memory();
    assert!(memory.cache("study::table", table).check_call_in_cache((1000,)));
}

#[test]
fn prune_keeps_to_the_limits_and_says_before_what_would_go() {
    let cache = Cache::filled();
    assert_eq!(cache.failure(&["prune"]).0, Some(2), "without a limit it would do nothing");
    let plan = cache.json(&["prune", "--superseded-age", "0s", "--dry-run"]);
    assert_eq!(plan["results"], 3);
    assert_eq!(plan["functions"][0]["function"], "study::power");
    assert_eq!(cache.json(&["stats"])["results"], 5, "nothing went");
    assert_eq!(cache.failure(&["prune", "--items", "1"]).0, Some(2));
    let pruned = cache.json(&["prune", "--items", "4", "--yes"]);
    assert_eq!(pruned["results"], 1);
    let pruned = cache.json(&["prune", "--superseded-age", "0s", "--yes"]);
    assert_eq!(pruned["results"], 2);
    assert_eq!(cache.json(&["stats"])["superseded_results"], 0);
    assert_eq!(cache.json(&["prune", "--bytes", "1K", "--yes", "--cost-aware"])["results"], 1);
    assert!(cache.json(&["stats"])["bytes"].as_u64().is_some_and(|bytes| bytes <= 1024));
    // The program knows that they were dropped to make room.
    let memory = cache.memory();
    let dropped = memory.cache("study::table", table).explain((1000,));
    assert_eq!(dropped, joblib_memory::Explanation::Evicted);
    assert_eq!(cache.json(&["prune", "--age", "30d", "--yes"])["results"], 0);
}

#[test]
fn damaged_results_are_named_and_deleted_on_request() {
    let cache = Cache::filled();
    assert_eq!(cache.text(&["verify"]), "5 results verified, 0 damaged\n");
    let path = cache.files(".joblib").remove(0);
    let mut bytes = fs::read(&path).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).expect("written");
    let output = cache.run(&["verify"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "5 results verified, 1 damaged\n");
    let named = path.file_stem().expect("a name").to_string_lossy().into_owned();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("study::table") && message.contains(&named), "{message}");
    let (status, _) = cache.failure(&["show", &named]);
    assert_eq!(status, Some(1));
    assert_eq!(cache.failure(&["verify", "--fix"]).0, Some(2));
    assert_eq!(cache.text(&["verify", "--fix", "--yes"]), "5 results verified, 1 damaged, 1 deleted\n");
    let report = cache.json(&["verify"]);
    assert_eq!((&report["verified"], &report["damaged"]), (&4.into(), &serde_json::json!([])));
}

#[test]
fn results_travel_in_a_file_and_are_hits_elsewhere() {
    let (cache, other) = (Cache::filled(), Cache::new());
    let file = cache.path().join("power.results");
    let file = file.to_str().expect("a path");
    assert!(
        cache.text(&["export", "power", file, "--compress", "zstd"]).starts_with("exported 4 results of ")
    );
    assert!(other.text(&["import", file]).starts_with("imported 4 results of "));
    let memory = other.memory();
    let cached = memory.cache("study::power", power).version(2);
    assert!(cached.check_call_in_cache((2.0, 3)) && !cached.check_call_in_cache((2.0, 2)));
    let earlier = memory.cache("study::power", power);
    assert!(earlier.check_call_in_cache((2.0, 2)));
    assert_eq!(other.json(&["stats"])["superseded_results"], 3, "the latest code is the latest there too");
    assert_eq!(other.json(&["import", file])["present"], 4);

    // What another cache has for the latest code stays that.
    let third = Cache::new();
    third.memory().cache("study::power", power).version(3).eval((9.0, 2));
    third.text(&["import", file]);
    assert_eq!(third.json(&["stats"])["superseded_results"], 4);
    assert_eq!(third.json(&["show", &third.keys("power", &["9.0", "2"])[0]])["current"], true);

    let current = cache.path().join("current.results");
    cache.text(&["export", "power", current.to_str().expect("a path"), "--current"]);
    assert_eq!(Cache::new().json(&["import", current.to_str().expect("a path")])["imported"], 1);
}

#[test]
fn what_is_no_export_or_is_damaged_imports_nothing_wrong() {
    let cache = Cache::filled();
    let path = |name: &str| cache.path().join(name);
    let file = path("power.results");
    cache.text(&["export", "power", file.to_str().expect("a path")]);
    let bytes = fs::read(&file).expect("readable");
    for (name, content) in [
        ("cut", &bytes[..bytes.len() / 2]),
        ("text", b"a text"),
        ("empty", b""),
        ("pickle", b"\x80\x04K\x01."),
    ] {
        fs::write(path(name), content).expect("written");
        let other = Cache::new();
        let (status, message) = other.failure(&["import", path(name).to_str().expect("a path")]);
        assert_eq!(status, Some(1), "{name}");
        assert!(message.contains(path(name).to_str().expect("a path")), "{message}");
        if other.path().join("joblib-rs").exists() {
            other.text(&["verify"]);
        }
    }
    joblib_persist::dump(&vec![1, 2, 3], path("list")).expect("written");
    let (_, message) = Cache::new().failure(&["import", path("list").to_str().expect("a path")]);
    assert!(message.contains("not a file that `joblib cache export` wrote"), "{message}");
}

#[test]
fn results_with_files_of_their_own_travel_between_stores_of_every_kind() {
    let mut kinds = vec!["local"];
    if cfg!(feature = "sqlite") {
        kinds.push("sqlite");
    }
    for from in &kinds {
        for to in &kinds {
            let (cache, other) = (Cache::new(), Cache::new());
            let source = Memory::with_backend(from, cache.path()).expect("a memory");
            let target = Memory::with_backend(to, other.path()).expect("a memory");
            // A large one, and small ones that a folder has in one file.
            for rows in [100_000, 1, 2, 3] {
                source.cache("study::table", table).eval((rows,));
            }
            // The command opens what is there.
            target.cache("study::power", power).eval((1.0, 1));
            for memory in [&source, &target] {
                memory.flush().expect("written");
            }
            let file = cache.path().join("table.results");
            let file = file.to_str().expect("a path");
            assert!(cache.text(&["export", "table", file]).starts_with("exported 4 results of "), "{from}");
            assert!(other.text(&["import", file]).starts_with("imported 4 results of "), "{to}");
            assert_eq!(other.text(&["verify"]), "5 results verified, 0 damaged\n");
            let mapped = Memory::with_backend(to, other.path()).expect("a memory").mmap_mode(MmapMode::Read);
            let cached = mapped.cache("study::table", table);
            assert!(cached.check_call_in_cache((100_000,)) && cached.check_call_in_cache((2,)));
            assert_eq!(cached.eval((100_000,)), table(100_000), "{from} to {to}");
        }
    }
}

#[test]
fn an_import_that_ends_early_leaves_the_latest_code_the_latest() {
    let cache = Cache::filled();
    let file = cache.path().join("power.results");
    cache.text(&["export", "power", file.to_str().expect("a path")]);
    let bytes = fs::read(&file).expect("readable");
    let lengths: Vec<usize> = (0..bytes.len()).step_by(97).collect();
    let mut kept = 0;
    for length in lengths {
        fs::write(&file, &bytes[..length]).expect("written");
        let other = Cache::new();
        other.memory().cache("study::power", power).version(3).eval((9.0, 2));
        assert_eq!(other.failure(&["import", file.to_str().expect("a path")]).0, Some(1), "{length}");
        let stats = other.json(&["stats"]);
        let results = stats["results"].as_u64().expect("a number");
        assert_eq!(stats["superseded_results"].as_u64(), Some(results - 1), "{length}");
        assert_eq!(other.json(&["verify"])["damaged"], serde_json::json!([]));
        kept = kept.max(results - 1);
    }
    assert!(kept > 0, "what came before the damage was imported");
}

/// Waits until a process handles SIGINT by itself, and then sends it.
fn interrupt(child: &Child) {
    let catches = || {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0").trim();
        // The signal's number is 2.
        u64::from_str_radix(mask, 16).is_ok_and(|mask| mask & 0b10 != 0)
    };
    let until = Instant::now() + Duration::from_mins(1);
    while !catches() {
        assert!(Instant::now() < until, "it does not come to its work");
        std::thread::sleep(Duration::from_micros(200));
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
}

/// A cache of 1500 results, and how many of them are there.
fn large() -> (Cache, impl Fn() -> u64) {
    let cache = Cache::new();
    let memory = cache.memory();
    let square = move || memory.cache("square", |x: u64| x * x);
    (0..1500).for_each(|x| _ = square().eval((x,)));
    (cache, move || (0..1500).filter(|x| square().check_call_in_cache((*x,))).count() as u64)
}

#[test]
#[cfg(target_os = "linux")]
fn pruning_that_is_interrupted_says_how_far_it_came_and_leaves_a_sound_cache() {
    let (cache, hits) = large();
    // A program that stores a result holds this lock for a moment: here until the signal is sent.
    let locks: Vec<fs::File> =
        cache.files("small.lock").iter().map(|path| fs::File::open(path).expect("a file")).collect();
    for lock in &locks {
        lock.lock().expect("locked");
    }
    let mut command = cache.command(&["prune", "--items", "0", "--yes"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    interrupt(&child);
    // The signal is taken note of by a thread of its own.
    std::thread::sleep(Duration::from_millis(300));
    drop(locks);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        message.contains("interrupted: deleted ") && message.contains("the rest is as it was"),
        "{message}"
    );
    let left = cache.json(&["stats"])["results"].as_u64().expect("a number");
    assert!(left >= 500, "of three steps not all were done: {left}");
    assert_eq!(cache.json(&["verify"])["damaged"], serde_json::json!([]));
    assert_eq!(hits(), left, "what is left is whole");
}

#[test]
#[cfg(target_os = "linux")]
fn verifying_that_is_interrupted_says_how_far_it_came() {
    let (cache, hits) = large();
    // It may be done before the signal comes.
    let interrupted = (0..20).find_map(|_| {
        let mut command = cache.command(&["verify", "--fix", "--yes"]);
        let command = command.env("RAYON_NUM_THREADS", "1").stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("it starts");
        interrupt(&child);
        let output = child.wait_with_output().expect("it ends");
        (!output.status.success()).then_some(output)
    });
    let output = interrupted.expect("it is interrupted once");
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("interrupted: verified ") && message.contains(" of 1500"), "{message}");
    assert_eq!(hits(), 1500);
}

#[test]
#[cfg(target_os = "linux")]
fn a_command_that_is_stopped_holds_up_no_program() {
    fn signal(child: &Child, name: &str) {
        let sent = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
    }
    let (cache, _) = large();
    let memory = cache.memory();
    memory.cache("study::table", table).eval((1,));
    let file = cache.path().join("square.results");
    let file = file.to_str().expect("a path");
    let commands: [&[&str]; 5] = [
        &["verify"],
        &["ls", "square", "--sort", "time"],
        &["export", "square", file],
        &["prune", "--items", "700", "--yes"],
        &["rm", "square", "--yes"],
    ];
    for (number, args) in commands.into_iter().cycle().take(20).enumerate() {
        let mut command = cache.command(args);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(Duration::from_millis(7 * number as u64));
        signal(&child, "-STOP");
        let memory = cache.memory();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let new = 1_000_000 + number as u64;
            // A hit, and misses of the same function and of another one.
            let results = (
                memory.cache("study::table", table).eval((1,)).len(),
                memory.cache("square", |x: u64| x * x).eval((new,)),
                memory.cache("study::table", table).eval((2 + number,)).len(),
            );
            sender.send((results, new)).expect("somebody waits");
        });
        let (results, new) = receiver
            .recv_timeout(Duration::from_mins(1))
            .unwrap_or_else(|_| panic!("a program waits for {args:?}, stopped after {} ms", 7 * number));
        assert_eq!(results, (1, new * new, 2 + number));
        signal(&child, "-CONT");
        child.wait().expect("it ends");
    }
    assert_eq!(cache.json(&["verify"])["damaged"], serde_json::json!([]));
}
