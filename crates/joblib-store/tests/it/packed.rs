//! Small results that share files.

use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use joblib_store::{Limits, Scope, Store, StoreOptions, Subject, open};

use crate::{get, key, put, store};

/// The files of the store that hold results or say where they are, and the bytes that they occupy.
fn files(folder: &Path) -> (Vec<PathBuf>, u64) {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    let bytes = files.iter().map(|file| fs::metadata(file).unwrap().blocks() * 512).sum();
    (files, bytes)
}

fn named(folder: &Path, part: &str) -> Vec<PathBuf> {
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().contains(part);
    files(folder).0.into_iter().filter(name).collect()
}

fn content(number: u64) -> Vec<u8> {
    vec![number as u8; 300 + (number % 260) as usize]
}

#[test]
fn many_small_results_occupy_hardly_more_than_their_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let store = store("local", folder.path());
    let mut bytes = 0;
    for number in 0..10_000 {
        bytes += content(number).len() as u64;
        put(&*store, &key(number), &content(number));
    }
    let (files, occupied) = files(folder.path());
    assert!(files.len() < 20, "{} files", files.len());
    assert!(occupied < bytes * 13 / 10 + 100_000, "{occupied} bytes on disk for {bytes}");
    let other = crate::store("local", folder.path());
    for number in (0..10_000).step_by(7) {
        assert_eq!(get(&*other, &key(number)), Some(content(number)));
    }
    assert_eq!(get(&*other, &key(10_000)), None);
}

#[test]
fn room_of_dropped_results_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = store("local", folder.path());
    let limits = Limits::default().bytes_limit("500K").unwrap();
    for number in 0..20_000 {
        put(&*store, &key(number), &content(number));
        store.tidy(&key(number), &limits, &|_| None).unwrap();
        if number % 1000 == 999 {
            let (_, occupied) = files(folder.path());
            let journal = fs::metadata(folder.path().join("joblib-rs/usage")).unwrap().len();
            assert!(occupied - journal < 1 << 20, "{occupied} bytes after {number} results");
        }
    }
    assert_eq!(get(&*store, &key(19_999)), Some(content(19_999)));
}

#[test]
fn many_writers_and_readers_share_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let handles: Vec<_> = (0..4).map(|_| store("local", folder.path())).collect();
    thread::scope(|scope| {
        for (handle, store) in handles.iter().enumerate() {
            scope.spawn(move || {
                for step in 0..2000 {
                    let number = (step * 4 + handle as u64) % 3000;
                    put(&**store, &key(number), &content(number));
                    let look = (step * 31) % 3000;
                    assert!(get(&**store, &key(look)).is_none_or(|found| found == content(look)));
                    if step % 500 == 499 {
                        store.reduce(&Limits::default().items_limit(500), &|_| None).unwrap();
                    }
                }
            });
        }
    });
}

/// A lock of packed results that this test holds, as another process would.
fn lock(folder: &Path) -> fs::File {
    let lock = fs::File::options().write(true).open(named(folder, "small.lock").remove(0)).unwrap();
    lock.lock().unwrap();
    lock
}

#[test]
fn whoever_removes_results_waits_for_others_that_write_but_not_for_a_process_that_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let store = store("local", folder.path());
    (0..10).for_each(|number| put(&*store, &key(number), &content(number)));
    let reduce = |items| store.reduce(&Limits::default().items_limit(items), &|_| None);
    let stopped = lock(folder.path());
    reduce(5).unwrap_err();
    drop(stopped);
    let writing = lock(folder.path());
    let index = fs::File::options().write(true).open(named(folder.path(), "small.index").remove(0)).unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            let since = Instant::now();
            while since.elapsed() < Duration::from_millis(1500) {
                index.write_all_at(&[since.elapsed().subsec_millis() as u8], 63).unwrap();
                thread::sleep(Duration::from_millis(1));
            }
            drop(writing);
        });
        assert_eq!(reduce(5).unwrap().items, 5);
    });
}

#[test]
fn a_slot_that_is_used_again_takes_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = store("local", folder.path());
    put(&*store, &key(1), b"kept");
    let index = fs::File::open(named(folder.path(), "small.index").remove(0)).unwrap();
    for _ in 0..200 {
        put(&*store, &key(2), b"dropped");
        assert!(store.remove(&key(2)).unwrap());
    }
    assert_eq!(index.metadata().unwrap().nlink(), 1, "another table is in its place");
}

#[test]
fn packing_is_an_option() {
    let folder = tempfile::tempdir().unwrap();
    let open = |size: &str| open("local", &StoreOptions::new(folder.path()).option("pack_below", size));
    for size in ["17K", "-1", "much"] {
        assert!(open(size).unwrap_err().to_string().contains("pack_below"), "{size}");
    }
    let (never, always) = (open("0").unwrap(), open("16K").unwrap());
    put(&*never, &key(1), b"");
    assert_eq!(named(folder.path(), ".joblib").len(), 1);
    put(&*always, &key(1), &[7; 16_000]);
    assert!(named(folder.path(), ".joblib").is_empty());
    assert_eq!(get(&*never, &key(1)), Some(vec![7; 16_000]));
}

/// Whether each result is whole, missing, or an error that is about a result.
fn is_harmless(store: &dyn Store) {
    for number in 0..200 {
        match store.get(&key(number)) {
            Ok(Some(blob)) => assert_eq!(blob.into_bytes().unwrap(), content(number)),
            Ok(None) => {}
            Err(error) => assert_eq!(error.subject(), Subject::Entry, "{error}"),
        }
        let _ = store.contains(&key(number));
    }
    let _ = store.visit(&mut |_| std::ops::ControlFlow::Continue(()));
}

#[test]
fn damaged_files_are_misses_that_the_next_result_mends() {
    for part in ["small.index", "small-00000001.log"] {
        for harm in ["truncate", "empty", "garbage", "holes", "counters", "folder", "link", "remove"] {
            let folder = tempfile::tempdir().unwrap();
            let writer = store("local", folder.path());
            for number in 0..200 {
                put(&*writer, &key(number), &content(number));
            }
            let file = named(folder.path(), part).remove(0);
            let mut bytes = fs::read(&file).unwrap();
            match harm {
                "truncate" => bytes.truncate(bytes.len() / 2 + 5),
                "empty" => bytes.clear(),
                "garbage" => bytes.fill(0xa5),
                "counters" => bytes[24..56].fill(0xff),
                _ => bytes.iter_mut().skip(100).step_by(97).for_each(|byte| *byte ^= 0x55),
            }
            match harm {
                "folder" | "link" | "remove" => fs::remove_file(&file).unwrap(),
                // In place of the file that others have open, or in it.
                "truncate" => {
                    fs::remove_file(&file).unwrap();
                    fs::write(&file, &bytes).unwrap();
                }
                "holes" | "counters" if part.contains("log") => continue,
                _ => fs::write(&file, &bytes).unwrap(),
            }
            match harm {
                "folder" => fs::create_dir(&file).unwrap(),
                "link" => std::os::unix::fs::symlink("/etc/passwd", &file).unwrap(),
                _ => {}
            }
            for store in [&writer, &store("local", folder.path())] {
                is_harmless(&**store);
                for number in 0..200 {
                    put(&**store, &key(number), &content(number));
                    assert_eq!(get(&**store, &key(number)), Some(content(number)), "{part}: {harm}");
                }
            }
            // Of an index of garbage some may look like results.
            assert!(writer.clear(Scope::All).unwrap() >= 200, "{part}: {harm}");
            assert!((0..200).all(|number| get(&*writer, &key(number)).is_none()));
        }
    }
}

#[test]
fn files_that_are_called_as_no_log_is_do_no_harm() {
    for name in ["small-ffffffff.log", "small-fffffffe.log", "small-1.log", "small-+0000001.log"] {
        let folder = tempfile::tempdir().unwrap();
        let store = store("local", folder.path());
        let content = |number: u64| vec![number as u8; 4000];
        (0..60).for_each(|number| put(&*store, &key(number), &content(number)));
        let log = named(folder.path(), "small-00000001.log").remove(0);
        fs::write(log.with_file_name(name), "not a log").unwrap();
        // Most of the log is given back.
        assert!((0..50).all(|number| store.remove(&key(number)).unwrap()), "{name}");
        (60..70).for_each(|number| put(&*store, &key(number), &content(number)));
        for number in 50..70 {
            assert_eq!(get(&*store, &key(number)), Some(content(number)), "{name}");
        }
        assert_eq!(store.clear(Scope::All).unwrap(), 20, "{name}");
    }
}

#[test]
fn a_lock_that_another_keeps_is_not_waited_for_long() {
    let folder = tempfile::tempdir().unwrap();
    let store = store("local", folder.path());
    put(&*store, &key(1), b"packed");
    let lock = fs::File::open(named(folder.path(), "small.lock").remove(0)).unwrap();
    lock.lock().unwrap();
    put(&*store, &key(2), b"in a file of its own");
    assert_eq!(get(&*store, &key(2)).as_deref(), Some(&b"in a file of its own"[..]));
    assert_eq!(get(&*store, &key(1)).as_deref(), Some(&b"packed"[..]), "readers need no lock");
    lock.unlock().unwrap();
    put(&*store, &key(3), b"packed");
    assert_eq!(named(folder.path(), ".joblib").len(), 1);
}
