//! What `joblib cache` shows of a cache, and that looking changes nothing.

use std::fs;
use std::path::Path;
use std::process::Output;

use joblib_memory::Memory;
use serde_json::Value;

use super::{Cache, power, table};
use crate::joblib::joblib;

#[test]
fn functions_and_calls_are_listed_with_their_numbers() {
    let cache = Cache::filled();
    let text = cache.text(&["ls"]);
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["FUNCTION", "RESULTS", "SIZE", "LAST", "USE", "COMPUTED", "IN"]);
    assert_eq!(lines[1][..2], ["study::power", "4"]);
    assert_eq!(lines[2][..2], ["study::table", "1"]);

    let functions = cache.json(&["ls", "--sort", "bytes"])["functions"].clone();
    assert_eq!(functions[0]["function"], "study::table");
    assert_eq!(functions[1]["superseded"], 3);
    assert_eq!(
        cache.json(&["ls", "--sort", "bytes", "--reverse"])["functions"][0]["function"],
        "study::power"
    );
    assert_eq!(cache.json(&["ls", "--filter", "tab"])["functions"].as_array().map(Vec::len), Some(1));
    assert_eq!(cache.json(&["ls", "--limit", "1"])["functions"].as_array().map(Vec::len), Some(1));

    // The end of a name is enough.
    let calls = cache.json(&["ls", "power", "--sort", "time"]);
    assert_eq!((&calls["function"], &calls["results"]), (&"study::power".into(), &4.into()));
    let text = cache.text(&["ls", "power", "--filter", "1=3"]);
    assert_eq!(text.lines().count(), 4, "a title, a header, and two versions of one call: {text}");
    assert!(text.contains("0=2.0, 1=3"), "{text}");
    let text = cache.text(&["ls", "power", "--limit", "1"]);
    assert!(text.ends_with("… 3 more; --limit 0 lists all\n"), "{text}");
}

#[test]
fn looking_changes_nothing_and_waits_for_nobody() {
    let cache = Cache::filled();
    let before = cache.json(&["ls"]);
    // Whoever writes small results holds these locks.
    let locks: Vec<fs::File> =
        cache.files("small.lock").iter().map(|path| fs::File::open(path).expect("a file")).collect();
    assert!(!locks.is_empty());
    for lock in &locks {
        lock.lock().expect("locked");
    }
    let key = &cache.keys("power", &["2.0", "1"])[0];
    for args in [&["ls", "power"][..], &["stats"], &["show", key], &["why", "power"], &["verify"]] {
        cache.text(args);
    }
    assert_eq!(cache.json(&["ls"]), before, "nor does it count as a use");
}

#[test]
fn a_result_is_shown_with_its_call_and_its_value() {
    let cache = Cache::filled();
    let key = cache.keys("table", &["1000"]).remove(0);
    let text = cache.text(&["show", &key]);
    let expected = [
        "Function   study::table",
        "Arguments  0 = 1000",
        "the latest of the function",
        "Value      numpy.ndarray float64 (1000)",
    ];
    for part in expected {
        assert!(text.contains(part), "{part}: {text}");
    }
    let document = cache.json(&["show", key.split_once('/').expect("two parts").1]);
    assert_eq!(document["value"]["shape"], serde_json::json!([1000]));
    assert_eq!(document["value"]["elements"][999], 1.5);
    assert!(document["seconds"].as_f64().is_some());

    // One call with two versions of the code: the beginning of its key means the latest.
    let keys = cache.keys("power", &["2.0", "3"]);
    assert_eq!(keys.len(), 2, "{keys:?}");
    let call = keys[0].split_once('/').expect("two parts").1;
    assert_eq!(cache.json(&["show", call])["current"], true);
    let old = keys.iter().map(|key| cache.json(&["show", key])).find(|shown| shown["current"] == false);
    assert!(old.is_some_and(|old| old["value"] == 8.0));
}

#[test]
fn totals_and_costs_are_summed_up() {
    let cache = Cache::filled();
    let stats = cache.json(&["stats"]);
    assert_eq!((&stats["functions"], &stats["results"]), (&2.into(), &5.into()));
    assert_eq!(stats["superseded_results"], 3);
    let functions = cache.json(&["ls"])["functions"].clone();
    let bytes: u64 = functions.as_array().unwrap().iter().map(|one| one["bytes"].as_u64().unwrap()).sum();
    assert_eq!(stats["bytes"], bytes);
    assert_eq!(stats["by_cost"].as_array().map(Vec::len), Some(2));
    let text = cache.text(&["stats"]);
    assert!(text.contains("Results:     5 results of 1"), "{text}");
    assert!(text.contains("Superseded:  3 results of "), "{text}");
}

#[test]
fn why_names_the_argument_or_the_code_that_differs() {
    let cache = Cache::filled();
    let why = |args: &[&str]| cache.json(&[&["why", "power"], args].concat());
    assert_eq!(why(&["2.0", "3"])["cause"], "stored");
    assert_eq!(why(&["0=2.0", "1=2"])["cause"], "code", "only the earlier code has computed it");
    let other = why(&["2.0", "7"]);
    assert_eq!(other["cause"], "arguments");
    assert_eq!(other["arguments"][0]["name"], "1");
    assert_eq!(other["arguments"][0]["asked"], "7");
    let text = cache.text(&["why", "power", "2.0", "7"]);
    assert!(text.contains("differs in\n  1: 3 there, 7 asked for"), "{text}");
    let text = cache.text(&["why", "power"]);
    assert!(text.contains("version 2") && text.contains("version 0"), "{text}");
    // Earlier code is spoken of as what it is, and not as a call that would be computed.
    assert!(
        text.starts_with("study::power: 1 result of the latest code, 3 results of earlier code;"),
        "{text}"
    );
    let document = cache.json(&["why", "power"]);
    assert_eq!(document["cause"], "superseded");
    assert_eq!((&document["latest_results"], &document["earlier_results"]), (&1.into(), &3.into()));
    let text = cache.text(&["why", "table"]);
    assert!(
        text.starts_with("study::table: 1 result of the latest code; the cache knows no earlier"),
        "{text}"
    );
    let (status, message) = cache.failure(&["why", "power", "2.0", "3", "4"]);
    assert_eq!(status, Some(2));
    assert!(message.contains("4: the function has no such argument; it has 0, 1"), "{message}");
}

#[test]
fn diff_names_what_differs_between_two_results() {
    let cache = Cache::filled();
    let keys = cache.keys("power", &["2.0", "3"]);
    let one = cache.keys("power", &["2.0", "1"]).remove(0);
    let differences = cache.json(&["diff", &one, &keys[0]])["differences"].clone();
    assert_eq!(differences["arguments"][0], serde_json::json!({"name": "1", "left": "1", "right": "3"}));
    let differences = cache.json(&["diff", &keys[0], &keys[1]])["differences"].clone();
    assert_eq!(differences["arguments"].as_array().map(Vec::len), Some(0));
    assert!(differences["source"].as_str().is_some_and(|diff| diff.contains("\n-") && diff.contains("\n+")));
    assert!(cache.text(&["diff", &one, &one]).contains("One call"));
}

#[test]
fn a_location_that_is_no_cache_is_told_with_what_is_there() {
    let cache = Cache::new();
    let at = |location: &Path, args: &[&str]| {
        let output = joblib(&["cache"]).args(args).arg("--cache").arg(location).output().expect("it starts");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
    };
    let (status, message) = at(&cache.path().join("nothing"), &["ls"]);
    assert_eq!(status, Some(1));
    assert!(message.contains("there is no cache here: found nothing"), "{message}");
    fs::write(cache.path().join("file"), "x").expect("written");
    assert!(at(&cache.path().join("file"), &["stats"]).1.contains("found a file that is not a cache"));
    assert!(at(cache.path(), &["ls"]).1.contains("found a folder of 1 entry"));
    assert!(!cache.path().join("joblib-rs").exists(), "looking makes nothing");
    cache.memory().eval("one", || 1, ());
    let (_, message) = at(&cache.path().join("joblib-rs"), &["ls"]);
    assert!(message.contains("its location is the folder above"), "{message}");
    assert!(at(Path::new("ftp://somewhere/cache"), &["ls"]).1.contains("no store serves URLs of ftp://"));
    if cfg!(not(feature = "s3")) {
        assert!(at(Path::new("s3://bucket/cache"), &["ls"]).1.contains("can't open URLs like this one"));
    }
    assert_eq!(at(Path::new(""), &["ls"]).0, Some(2));
}

#[test]
fn a_cache_in_sqlite_is_seen_where_the_command_is_built_with_it() {
    let cache = Cache::new();
    // A build without it knows what it is asked for.
    fs::write(cache.path().join("joblib.sqlite"), "").expect("written");
    if !cfg!(feature = "sqlite") {
        let (status, message) = cache.failure(&["ls"]);
        assert_eq!(status, Some(1));
        assert!(message.contains("can't open files of SQLite"), "{message}");
        return;
    }
    let memory = Memory::with_backend("sqlite", cache.path()).expect("a memory");
    memory.cache("study::power", power).eval((2.0, 3));
    memory.cache("study::table", table).eval((10,));
    memory.flush().expect("written");
    assert_eq!(cache.json(&["stats"])["results"], 2);
    let key = cache.keys("power", &["2.0", "3"]).remove(0);
    assert_eq!(cache.json(&["show", &key])["value"], 8.0);
    let file = cache.path().join("power.results");
    let file = file.to_str().expect("a path");
    cache.text(&["export", "power", file]);
    let other = Cache::new();
    other.text(&["import", file]);
    assert!(other.memory().cache("study::power", power).check_call_in_cache((2.0, 3)));
    assert_eq!(cache.json(&["prune", "--items", "1", "--yes"])["results"], 1);
    assert_eq!(cache.text(&["verify"]), "1 result verified, 0 damaged\n");
}

#[test]
fn the_cache_is_that_of_the_environment_unless_one_is_named() {
    let cache = Cache::filled();
    let path = |variable: Option<&Path>, home: &Path| {
        let mut command = joblib(&["cache", "path"]);
        command.env_remove("XDG_CACHE_HOME").env("HOME", home);
        match variable {
            Some(folder) => command.env("JOBLIB_CACHE_DIR", folder),
            None => command.env_remove("JOBLIB_CACHE_DIR"),
        };
        command.output().expect("it starts")
    };
    let printed = |output: Output| String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned();
    let home = Path::new("/home/nobody");
    assert_eq!(printed(path(Some(cache.path()), home)), cache.path().to_str().expect("a path"));
    let caches = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    assert_eq!(printed(path(None, home)), format!("/home/nobody/{caches}/joblib"));
    let off = path(Some(Path::new("")), home);
    assert_eq!(off.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&off.stderr).contains("turns caching off"), "{off:?}");
    assert_eq!(cache.json(&["path"])["exists"], true);
}

#[test]
fn hostile_names_and_values_do_not_reach_the_terminal() {
    let cache = Cache::new();
    let memory = cache.memory();
    let hostile = "\x1b]0;owned\x07\u{9b}31m\u{202e}<script>\r\n";
    memory.eval(&format!("evil{hostile}"), |text: &str| text.to_owned(), (hostile,));
    memory.eval("plain", |x: i32| x, (1,));
    // A note that is not what a program wrote, and links where folders are expected.
    let name = cache.files("name").into_iter().find(|path| path.to_string_lossy().contains("plain"));
    fs::write(name.expect("a function"), "plain\x1b[2J").expect("written");
    std::os::unix::fs::symlink("/etc", cache.path().join("joblib-rs/linked-0123")).expect("linked");
    // What can't be used of it is told, and the rest is shown.
    let shown = |args: &[&str]| -> Value {
        let output = cache.run(&[args, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(1), "{args:?}: {output:?}");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains("/linked-0123: it is a link") && told.contains("/name: it is not"), "{told}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let functions = shown(&["ls", "--limit", "0"])["functions"].clone();
    assert_eq!(functions.as_array().map(Vec::len), Some(1), "a name that is not its folder's is none");
    let function = functions[0]["function"].as_str().expect("a name").to_owned();
    assert_eq!(function, format!("evil{hostile}"), "JSON keeps the text");
    let key = shown(&["ls", &function])["calls"][0]["key"].as_str().expect("a key").to_owned();
    let file = cache.path().join("evil");
    let file = file.to_str().expect("a path");
    let commands: [&[&str]; 9] = [
        &["ls"],
        &["ls", "--json"],
        &["ls", &function],
        &["show", &key, "--source"],
        &["show", &key, "--json"],
        &["stats"],
        &["why", &function],
        &["export", &function, file],
        &["rm", "\x1b[2J"],
    ];
    for args in commands {
        let output = cache.run(args);
        for stream in [output.stdout, output.stderr] {
            let text = String::from_utf8(stream).expect("UTF-8");
            let obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!text.chars().any(obeyed), "{args:?}: {text:?}");
        }
    }
}

#[test]
fn every_subcommand_has_help_and_a_manual_page() {
    let joblib = |args: &[&str]| {
        let output = joblib(args).output().expect("it starts");
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    for command in ["ls", "show", "stats", "why", "diff", "rm", "prune", "verify", "export", "import", "path"]
    {
        assert!(joblib(&["cache", command, "--help"]).contains("--cache <LOCATION>"), "{command}");
        let page = joblib(&["man", "cache", command]);
        assert!(page.contains(&format!(".TH joblib-cache-{command} 1")), "{page}");
    }
    assert!(joblib(&["man"]).contains(".TH joblib 1"));
    assert!(joblib(&["completions", "bash"]).contains("--superseded-age"));
}

#[test]
fn hits_and_the_time_that_they_saved_are_those_of_recorded_runs() {
    let cache = Cache::new();
    assert!(!cache.0.run(&["stats"]).status.success(), "there is none yet");
    let slow = |n: u64| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        n
    };
    // What is not recorded is not known.
    cache.memory().eval("study::slow", slow, (1,));
    assert!(!cache.text(&["ls"]).contains("SAVED") && !cache.text(&["stats"]).contains("Hits:"));
    let memory = cache.memory().record(true);
    for _ in 0..3 {
        memory.eval("study::slow", slow, (1,));
    }
    memory.eval("study::quick", |n: u64| n, (1,));
    let listed = cache.json(&["ls", "--sort", "saved"])["functions"].clone();
    assert_eq!((&listed[0]["function"], &listed[0]["hits"]), (&"study::slow".into(), &3.into()));
    let saved = listed[0]["saved_seconds"].as_f64().expect("a number");
    assert!((0.03..0.5).contains(&saved), "{saved}");
    assert_eq!(listed[1]["hits"], 0);
    let text = cache.text(&["ls"]);
    assert!(text.lines().next().is_some_and(|header| header.ends_with("SAVED")), "{text}");
    let stats = cache.json(&["stats"]);
    assert_eq!((&stats["recorded_runs"], &stats["recorded"]["hits"]), (&1.into(), &3.into()));
    let text = cache.text(&["stats"]);
    assert!(text.contains("Hits:        3 in 1 recorded run\nTime saved:  "), "{text}");
}
