//! What of a cache can't be read is told by name and by the exit status, and the rest is shown.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{Cache, table};

/// Something that happens to a file of the cache.
type Damage = fn(&Path);

/// A path without any permission, until dropped.
struct Locked(PathBuf);

impl Locked {
    fn new(path: &Path) -> Self {
        fs::set_permissions(path, fs::Permissions::from_mode(0o000)).expect("a file of ours");
        Self(path.to_owned())
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        fs::set_permissions(&self.0, fs::Permissions::from_mode(0o755)).expect("a file of ours");
    }
}

/// Runs the command without the right to read everything, which root has.
fn run(cache: &Cache, args: &[&str]) -> Output {
    let command = cache.command(args);
    let user = Command::new("id").arg("-u").output().expect("id runs").stdout;
    if user != b"0\n" {
        return cache.run(args);
    }
    let mut limited = Command::new("setpriv");
    limited.args(["--bounding-set", "-dac_override,-dac_read_search"]);
    limited.arg(command.get_program()).args(command.get_args()).output().expect("setpriv runs")
}

/// The outputs of a command that shows what it can, and fails.
fn told(cache: &Cache, args: &[&str]) -> (String, String) {
    let output = run(cache, args);
    assert_eq!(output.status.code(), Some(1), "{args:?}: {output:?}");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (text(output.stdout), text(output.stderr))
}

/// A cache of a function with small results, and of one with results that have files of their own.
fn filled() -> Cache {
    let cache = Cache::filled();
    cache.memory().eval("study::large", table, (20_000,));
    cache
}

/// The folder of the version that a file of the cache is in.
fn folder_of(cache: &Cache, suffix: &str) -> PathBuf {
    let files = cache.files(suffix);
    files[0].parent().expect("a folder").to_owned()
}

const COMMANDS: [&[&str]; 6] = [
    &["ls"],
    &["ls", "--json"],
    &["stats"],
    &["stats", "--json"],
    &["prune", "--items", "1", "--dry-run"],
    &["verify"],
];

#[test]
fn a_folder_without_permission_is_named_and_the_rest_is_shown() {
    let cache = filled();
    let locked = folder_of(&cache, "small.index");
    let large = folder_of(&cache, ".joblib");
    for (path, lost) in [
        (locked.clone(), "small"),
        (locked.parent().expect("a folder").to_owned(), "small"),
        (large, "large"),
    ] {
        let _locked = Locked::new(&path);
        for args in COMMANDS {
            let (shown, errors) = told(&cache, args);
            assert!(!shown.is_empty(), "{args:?}");
            let expected = format!("joblib: could not read {}: Permission denied", path.display());
            assert!(errors.contains(&expected), "{args:?} {lost}: {errors}");
            assert!(
                errors.contains("1 place of the cache can't be read, and what is there is left out"),
                "{errors}"
            );
        }
        let document: serde_json::Value =
            serde_json::from_str(&told(&cache, &["verify", "--json"]).0).expect("JSON");
        assert!(document["verified"].as_u64().is_some_and(|verified| verified > 0), "{document}");
        assert_eq!(document["damaged"], serde_json::json!([]));
        assert_eq!(document["unread"].as_array().map(Vec::len), Some(1), "{document}");
    }
    assert!(cache.run(&["verify"]).status.success());
}

#[test]
fn a_result_without_permission_is_told_from_a_damaged_one_and_stays() {
    let cache = filled();
    let file = cache.files(".joblib").remove(0);
    {
        let _locked = Locked::new(&file);
        for args in [&["verify"][..], &["verify", "--fix", "--yes"]] {
            let (shown, errors) = told(&cache, args);
            assert!(shown.starts_with("5 results verified, 0 damaged"), "{shown}");
            assert!(
                errors.contains("study::large, result ") && errors.contains("Permission denied"),
                "{errors}"
            );
        }
        let exported = cache.path().join("large.results");
        let (shown, errors) = told(&cache, &["export", "large", exported.to_str().expect("UTF-8")]);
        assert!(shown.starts_with("exported 0 results"), "{shown}");
        assert!(errors.contains("can't be read"), "{errors}");
        let output = run(&cache, &["ls", "large"]);
        assert!(String::from_utf8_lossy(&output.stdout).contains("(can't be read)"), "{output:?}");
    }
    assert_eq!(cache.text(&["verify"]), "6 results verified, 0 damaged\n");
}

#[test]
fn what_is_damaged_around_results_is_named() {
    let damages: [(&str, Damage); 3] = [
        ("small.index", |path| fs::write(path, [7; 500]).expect("written")),
        ("small.index", |path| {
            let name = path.parent().and_then(Path::parent).expect("a folder").join("name");
            fs::write(name, "another::function").expect("written");
        }),
        (".joblib", |path| {
            let elsewhere = tempfile::tempdir().expect("a folder").keep();
            let folder = path.parent().expect("a folder");
            let moved = elsewhere.join("moved");
            fs::rename(folder, &moved).expect("moved");
            symlink(&moved, folder).expect("linked");
        }),
    ];
    for (suffix, damage) in damages {
        let cache = filled();
        let path = cache.files(suffix).remove(0);
        damage(&path);
        for args in COMMANDS {
            let (shown, errors) = told(&cache, args);
            assert!(!shown.is_empty(), "{args:?}");
            let function = path.parent().and_then(Path::parent).expect("a folder").display().to_string();
            assert!(errors.contains(&format!("joblib: could not read {function}")), "{args:?}: {errors}");
        }
    }
}

#[cfg(feature = "sqlite")]
#[test]
fn a_file_of_sqlite_without_permission_is_named() {
    let cache = Cache::new();
    let memory = joblib_memory::Memory::with_backend("sqlite", cache.path()).expect("a memory");
    memory.eval("study::power", super::power, (2.0, 3));
    drop(memory);
    let files = fs::read_dir(cache.path()).expect("a folder").flatten();
    let file =
        files.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "sqlite"));
    let file = file.expect("the file of the cache");
    {
        let _locked = Locked::new(&file);
        for args in COMMANDS {
            let output = run(&cache, args);
            assert_eq!(output.status.code(), Some(1), "{args:?}: {output:?}");
            let errors = String::from_utf8(output.stderr).expect("UTF-8");
            assert!(errors.contains(&file.display().to_string()), "{args:?}: {errors}");
        }
    }
    assert_eq!(cache.text(&["verify"]), "1 result verified, 0 damaged\n");
}
