//! The sqlite store while another connection writes to its file, or has changed it.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use joblib_store::{Claim, FunctionVersion, Key, Limits, Scope, Store, StoreOptions, open};
use rusqlite::Connection;

fn key(number: u8) -> Key {
    Key::new(&FunctionVersion::new("busy::fit", 1, "fn fit() {}"), [number; 16])
}

/// A handle of its own, as another process has one.
fn store(folder: &Path) -> Arc<dyn Store> {
    open("sqlite", &StoreOptions::new(folder)).unwrap()
}

/// A connection that is in the middle of writing.
fn writer(folder: &Path) -> Connection {
    let connection = Connection::open(folder.join("joblib.sqlite")).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS other (x)").unwrap();
    connection
}

fn within<T>(limit: Duration, what: &str, work: impl FnOnce() -> T) -> T {
    let since = Instant::now();
    let done = work();
    assert!(since.elapsed() < limit, "{what} took {:?}", since.elapsed());
    done
}

#[test]
fn a_file_that_another_is_making_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(folder.path());
    let store = store(folder.path());
    thread::scope(|scope| {
        let asker = scope.spawn(|| {
            let Claim::Mine(claim) = store.claim(&key(1)).unwrap() else { panic!("nobody else asked") };
            assert!(!store.contains(&key(1)).unwrap());
            claim.write(&mut |out| out.write_all(b"result")).unwrap();
        });
        thread::sleep(Duration::from_millis(300));
        assert!(!asker.is_finished(), "it waits, and does not fail");
        writer.execute_batch("COMMIT").unwrap();
    });
    assert!(store.contains(&key(1)).unwrap());
}

#[test]
fn claims_and_results_wait_for_another_that_writes() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    store.put(&key(0), &mut |out| out.write_all(b"before")).unwrap();
    for round in 1..4 {
        let writer = writer(folder.path());
        thread::scope(|scope| {
            let asker = scope.spawn(|| {
                let Claim::Mine(claim) = store.claim(&key(round)).unwrap() else {
                    panic!("nobody else asked")
                };
                claim.write(&mut |out| out.write_all(b"result")).unwrap();
            });
            thread::sleep(Duration::from_millis(100));
            assert!(!asker.is_finished());
            writer.execute_batch("COMMIT").unwrap();
        });
        assert!(store.contains(&key(round)).unwrap());
    }
}

#[test]
fn hits_and_those_who_ask_for_a_taken_claim_do_not_wait_for_another_that_writes() {
    let folder = tempfile::tempdir().unwrap();
    let (store, other) = (store(folder.path()), store(folder.path()));
    for number in 0..=255 {
        store.put(&key(number), &mut |out| out.write_all(b"result")).unwrap();
    }
    store.remove(&key(7)).unwrap();
    let Claim::Mine(claim) = other.claim(&key(7)).unwrap() else { panic!("nobody else asked") };
    let writer = writer(folder.path());
    within(Duration::from_secs(20), "looking", || {
        // More than enough of them that some note when results were used.
        for number in (0..=255).cycle().take(2000) {
            assert_eq!(store.get(&key(number)).unwrap().is_some(), number != 7);
        }
        assert!(matches!(store.claim(&key(7)).unwrap(), Claim::Taken(_)));
    });
    writer.execute_batch("COMMIT").unwrap();
    drop(claim);
}

#[test]
fn a_store_that_another_process_cleared_knows_its_functions_again() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (store(folder.path()), store(folder.path()));
    let put = |store: &dyn Store, number| {
        store.put(&key(number), &mut |out| out.write_all(b"result")).unwrap();
    };
    put(&*first, 1);
    assert_eq!(second.clear(Scope::All).unwrap(), 1);
    let score = Key::new(&FunctionVersion::new("busy::score", 1, "fn score() {}"), [9; 16]);
    second.put(&score, &mut |out| out.write_all(b"another function's")).unwrap();
    put(&*first, 2);
    let mut seen = Vec::new();
    first
        .visit(&mut |item| {
            seen.push((item.version.function().to_owned(), item.call[0]));
            ControlFlow::Continue(())
        })
        .unwrap();
    seen.sort();
    assert_eq!(seen, [("busy::fit".to_owned(), 2), ("busy::score".to_owned(), 9)]);
    let reduced = first.reduce(&Limits::default().items_limit(0), &|_| None).unwrap();
    assert_eq!(reduced.items, 2, "limits see it");
}

#[test]
fn only_the_latest_of_many_drops_are_remembered() {
    const RESULTS: i64 = 40_000;
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    store.put(&key(1), &mut |out| out.write_all(b"result")).unwrap();
    let connection = Connection::open(folder.path().join("joblib.sqlite")).unwrap();
    // Used long ago.
    let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
        INSERT INTO results SELECT randomblob(24), 1, i, x'00' FROM n";
    connection.execute(fill, [RESULTS]).unwrap();
    let reduced = store.reduce(&Limits::default().items_limit(1), &|_| None).unwrap();
    assert_eq!(reduced.items, RESULTS as u64);
    assert!(store.contains(&key(1)).unwrap() && !store.was_evicted(&key(1)).unwrap());
    assert_eq!(store.reduce(&Limits::default().items_limit(0), &|_| None).unwrap().items, 1);
    assert!(store.was_evicted(&key(1)).unwrap());
    let remembered: i64 =
        connection.query_row("SELECT count(*) FROM evictions", [], |row| row.get(0)).unwrap();
    assert!((1000..RESULTS / 2).contains(&remembered), "{remembered} drops are remembered");
    drop((store, connection));
    assert!(sizes(folder.path()).0 < 4 << 20, "{:?}", sizes(folder.path()));
}

/// The bytes of the file and of what sqlite has beside it.
fn sizes(folder: &Path) -> (u64, u64) {
    let size = |name: &str| std::fs::metadata(folder.join(name)).map_or(0, |found| found.len());
    (size("joblib.sqlite"), size("joblib.sqlite-wal"))
}

#[test]
fn the_log_and_the_file_stay_near_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let limits = Limits::default().bytes_limit("2M").unwrap();
    for number in 0..100 {
        store.put(&key(number), &mut |out| out.write_all(&vec![number; 200_000])).unwrap();
        store.tidy(&key(number), &limits, &|_| None).unwrap();
        let (file, log) = sizes(folder.path());
        assert!(log <= 2 << 20 && file <= 4 << 20, "{file} and {log} bytes after {number} results");
    }
    store.put(&key(200), &mut |out| out.write_all(&vec![7; 10 << 20])).unwrap();
    assert!(sizes(folder.path()).1 <= 1 << 20, "one large result leaves no large log");
    store.reduce(&limits, &|_| None).unwrap();
    let (file, log) = sizes(folder.path());
    assert!(file <= 4 << 20, "{file} bytes, and {log} in the log");
    drop(store);
    assert_eq!(sizes(folder.path()).1, 0, "nothing is beside the file when the last store is closed");
}
