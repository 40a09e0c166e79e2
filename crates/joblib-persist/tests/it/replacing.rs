//! A dump replaces what is at its path as a whole or not at all, and keeps what the path is: a link, a pipe, its
//! permissions.

use std::fs;
use std::io::Read;

use joblib_persist::{DumpOptions, Writer, dump, dump_python, load, load_from};
use serde::Serialize;

use crate::integrity::Folder;

#[test]
fn a_dump_that_fails_leaves_the_old_file_and_nothing_else() {
    struct Fails;
    impl Serialize for Fails {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("this value can't be serialized"))
        }
    }
    let folder = Folder::new();
    let path = folder.path("value");
    dump(&"old", &path).unwrap();
    let error = dump(&(vec![0.0; 1_000_000], Fails), &path).unwrap_err();
    assert!(error.to_string().contains("this value can't be serialized"), "{error}");
    assert_eq!(error.path(), Some(path.as_path()));
    assert_eq!(load::<String>(&path).unwrap(), "old");
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 1);

    let mut writer = Writer::create(&path, &DumpOptions::new()).unwrap();
    writer.write("never finished").unwrap();
    drop(writer);
    assert_eq!(load::<String>(&path).unwrap(), "old");
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 1);
}

#[test]
fn what_a_killed_dump_left_is_cleared_by_the_next_one() {
    let folder = Folder::new();
    let path = folder.path("value");
    dump(&"first", &path).unwrap();
    // Between its two steps a dump has a complete file under this name.
    fs::rename(&path, folder.path(".value.joblib-new")).unwrap();
    dump(&"second", &path).unwrap();
    dump(&"third", &path).unwrap();
    assert_eq!(load::<String>(&path).unwrap(), "third");
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 1);
}

#[test]
#[cfg(target_os = "linux")]
fn a_folder_that_has_the_temporary_name_is_named_by_the_error() {
    let folder = Folder::new();
    let path = folder.path("value");
    dump(&"old", &path).unwrap();
    fs::create_dir(folder.path(".value.joblib-new")).unwrap();
    let error = dump(&"new", &path).unwrap_err();
    assert_eq!(error.path(), Some(path.as_path()));
    let text = error.to_string();
    assert!(text.contains(".value.joblib-new is a folder") && text.contains("rename or remove it"), "{text}");
    assert_eq!(load::<String>(&path).unwrap(), "old");
}

#[test]
fn many_threads_dump_to_one_path_and_each_time_it_loads() {
    let folder = Folder::new();
    let path = folder.path("shared");
    dump(&0_u64, &path).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let path = &path;
            scope.spawn(move || {
                for _ in 0..50 {
                    dump(&thread, path).unwrap();
                    assert!(load::<u64>(path).unwrap() < 4);
                }
            });
        }
    });
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 1);
}

#[test]
fn a_link_is_written_through() {
    let folder = Folder::new();
    fs::create_dir(folder.path("real")).unwrap();
    dump(&1, folder.path("real/value")).unwrap();
    std::os::unix::fs::symlink(folder.path("real/value"), folder.path("link")).unwrap();
    dump(&2, folder.path("link")).unwrap();
    assert_eq!(load::<i32>(folder.path("real/value")).unwrap(), 2);
    assert!(fs::symlink_metadata(folder.path("link")).unwrap().is_symlink());
}

#[test]
fn a_link_to_nothing_is_written_through_too() {
    let folder = Folder::new();
    fs::create_dir(folder.path("links")).unwrap();
    let (link, other) = (folder.path("links/link"), folder.path("links/other"));
    std::os::unix::fs::symlink("other", &link).unwrap();
    std::os::unix::fs::symlink("../value", &other).unwrap();
    dump(&1, &link).unwrap();
    assert_eq!(load::<i32>(folder.path("value")).unwrap(), 1);
    assert!([&link, &other].iter().all(|link| fs::symlink_metadata(link).unwrap().is_symlink()));
    let circle = folder.path("circle");
    std::os::unix::fs::symlink("circle", &circle).unwrap();
    assert!(dump(&1, &circle).is_err() && fs::symlink_metadata(&circle).unwrap().is_symlink());
}

#[test]
fn a_dump_to_a_new_path_clears_what_a_killed_one_left_too() {
    let folder = Folder::new();
    let path = folder.path("value");
    dump(&"killed", &path).unwrap();
    fs::rename(&path, folder.path(".value.joblib-new")).unwrap();
    dump(&"new", &path).unwrap();
    assert_eq!(load::<String>(&path).unwrap(), "new");
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 1);
}

#[test]
fn a_dump_keeps_the_permissions_of_the_file_it_replaces() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let path = folder.path("secret");
    for mode in [0o600, 0o640, 0o666, 0o400] {
        let _ = fs::remove_file(&path);
        dump(&1, &path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        for step in 0..4 {
            let dumped = if step % 2 == 0 { dump(&step, &path) } else { dump_python(&step, &path) };
            dumped.unwrap();
            let found = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(found, mode, "{found:o} instead of {mode:o}");
        }
    }
    std::os::unix::fs::symlink(&path, folder.path("link")).unwrap();
    dump(&2, folder.path("link")).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
}

#[test]
fn a_pipe_is_written_to_and_stays_a_pipe() {
    let folder = Folder::new();
    let pipe = folder.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    std::os::unix::fs::symlink(&pipe, folder.path("link.gz")).unwrap();
    let value = vec![1.5; 1_000_000];
    for (name, python) in [("pipe", false), ("pipe", true), ("link.gz", false), ("link.gz", true)] {
        let path = folder.path(name);
        let loaded: Vec<f64> = std::thread::scope(|scope| {
            let reads = scope.spawn(|| {
                let mut bytes = Vec::new();
                fs::File::open(&pipe).unwrap().read_to_end(&mut bytes).unwrap();
                load_from(&bytes[..]).unwrap()
            });
            if python { dump_python(&value, &path) } else { dump(&value, &path) }.unwrap();
            // A reader that found no writer would wait without end.
            assert!(!fs::metadata(&pipe).unwrap().is_file(), "{name} was replaced");
            reads.join().unwrap()
        });
        assert!(loaded == value, "{name}");
    }
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 2);
}

#[test]
fn a_socket_is_an_error_and_stays_a_socket() {
    let folder = Folder::new();
    let path = folder.path("socket");
    let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    for error in [dump(&1, &path).unwrap_err(), dump_python(&1, &path).unwrap_err()] {
        assert!(error.io_kind().is_some() && error.path() == Some(path.as_path()), "{error}");
    }
    assert!(!fs::metadata(&path).unwrap().is_file());
}
