//! The events of steps: emitted again on hits, and recorded.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use joblib::prelude::*;
use joblib_record::{Level, Record, RunFile, runs};
use joblib_tests::events::{Events, events};

#[cached(replay)]
fn fit(rows: u32) -> u32 {
    tracing::info!(target: "study", rows, "fitting");
    tracing::warn!(target: "study", "few rows");
    tracing::debug!(target: "study", "a detail");
    rows * 2
}

#[cached]
fn score(rows: u32) -> u32 {
    tracing::info!(target: "study", rows, "scoring");
    rows + 1
}

#[cached(replay)]
fn study(rows: u32) -> u32 {
    let scores = (0..rows).map(|row| delayed(score, (row,)));
    let scores = Parallel::new().n_jobs(2).backend("threading").run(scores).expect("scores");
    fit(rows) + scores.iter().sum::<u32>()
}

#[cached(replay)]
async fn fetch(page: u32) -> u32 {
    tracing::info!(target: "study", page, "asking");
    std::future::ready(()).await;
    tracing::error!(target: "study", page, "no answer");
    page
}

fn install(folder: &std::path::Path, record: bool) {
    Memory::new(folder).expect("a memory").record(record).install().expect("installed");
}

/// The events of a target while `code` runs, without those of `joblib::memory` that are about calls.
fn during(target: &'static str, code: impl FnOnce()) -> Vec<String> {
    let lines = Events::during(target, code);
    events(&lines).into_iter().filter(|event| !event.starts_with("function=")).map(str::to_owned).collect()
}

const REPLAYED: [&str; 2] =
    ["message=fitting rows=3 replayed=true origin=study", "message=few rows replayed=true origin=study"];

#[test]
fn a_hit_emits_what_the_computation_emitted() {
    let folder = tempfile::tempdir().expect("a folder");
    install(folder.path(), false);
    let computed = during("study", || assert_eq!(fit(3), 6));
    assert_eq!(computed, ["message=fitting rows=3", "message=few rows", "message=a detail"]);
    assert_eq!(during("study", || assert_eq!(fit(3), 6)), [""; 0]);
    assert_eq!(during("joblib::memory", || assert_eq!(fit(3), 6)), REPLAYED);
    // Nobody has to have listened while it was computed.
    assert_eq!(fit(4), 8);
    assert_eq!(during("joblib::memory", || assert_eq!(fit(4), 8)).len(), 2);
    let shelved = during("joblib::memory", || drop(fit_shelved(4)));
    assert_eq!(shelved.len(), 2);
}

fn fit_shelved(rows: u32) -> joblib::memory::Shelved<u32> {
    let memory = Memory::installed();
    memory.cache("plain", move |rows: u32| tracing::info!("{rows}")).replay(true).eval((rows,));
    let plain = memory.cache("shelved", |rows: u32| {
        tracing::info!("one");
        tracing::info!("two");
        rows
    });
    let plain = plain.replay(true);
    plain.eval((rows,));
    plain.call_and_shelve((rows,))
}

#[test]
fn steps_within_a_step_count_on_threads_too() {
    let folder = tempfile::tempdir().expect("a folder");
    install(folder.path(), false);
    // A step within it is a hit already: what it emits again counts.
    fit(3);
    let result = study(3);
    let mut again = during("joblib::memory", || assert_eq!(study(3), result));
    let fitted = again.split_off(3);
    assert_eq!(fitted, REPLAYED);
    again.sort();
    let scored = |row: u32| format!("message=scoring rows={row} replayed=true origin=study");
    assert_eq!(again, [scored(0), scored(1), scored(2)]);
}

#[test]
fn futures_are_listened_to_whenever_they_are_polled() {
    let folder = tempfile::tempdir().expect("a folder");
    install(folder.path(), false);
    let call = || {
        let mut future = pin!(fetch(7));
        loop {
            if let Poll::Ready(page) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return page;
            }
        }
    };
    assert_eq!(call(), 7);
    let again = during("joblib::memory", || assert_eq!(call(), 7));
    assert_eq!(
        again,
        [
            "message=asking page=7 replayed=true origin=study",
            "message=no answer page=7 replayed=true origin=study"
        ]
    );
}

#[test]
fn who_listens_hears_the_same_whether_steps_are_listened_to_or_not() {
    let lines = |record: bool| {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = Memory::new(folder.path()).expect("a memory").record(record);
        Events::during("study", || {
            let body = |x: u32| {
                let span = tracing::info_span!(target: "study", "inner", x, y = tracing::field::Empty);
                span.record("y", 2);
                span.in_scope(|| tracing::trace!(target: "study", "deep"));
                tracing::info!(target: "other", "not for this subscriber");
                x
            };
            memory.cache("step", body).eval((1,));
        })
    };
    let heard = lines(false);
    assert!(heard.iter().any(|line| line.contains("deep")), "{heard:?}");
    assert_eq!(lines(true), heard);
}

#[test]
fn events_are_recorded_in_their_steps_and_those_of_workers_once() {
    for backend in ["threading", "loky"] {
        let folder = tempfile::tempdir().expect("a folder");
        install(folder.path(), true);
        fit(5);
        let scores = (0..4).map(|row| delayed(score, (row,)));
        Parallel::new().n_jobs(2).backend(backend).run(scores).expect("scores");
        let run =
            RunFile::read(&runs(&folder.path().join("joblib-runs")).expect("a folder")[0]).expect("a run");
        let name_of = |pid: u32, step: u64| {
            run.records.iter().find_map(|stamped| match &stamped.record {
                Record::Begin(begin) if stamped.pid == pid && begin.step == step => Some(begin.name.as_ref()),
                _ => None,
            })
        };
        let mut found = Vec::new();
        for stamped in &run.records {
            if let Record::Event(event) = &stamped.record {
                let name = name_of(event.parent.pid, event.parent.step).expect("a step");
                let name = name.rsplit("::").next().unwrap_or_default();
                found.push((name, event.level, event.target.as_ref(), event.message.as_ref()));
            }
        }
        assert_eq!(
            found[..2],
            [("fit", Level::Info, "study", "fitting rows=5"), ("fit", Level::Warn, "study", "few rows")]
        );
        let mut scored = found.split_off(2);
        scored.sort_by_key(|event| event.3);
        let texts: Vec<String> = (0..4).map(|row| format!("scoring rows={row}")).collect();
        let expected: Vec<_> =
            texts.iter().map(|text| ("score", Level::Info, "study", text.as_str())).collect();
        assert_eq!(scored, expected, "{backend}");
    }
}
