//! Forked tasks use a bucket that their parent has used: with connections and claims of their own.

use std::fs;
use std::path::PathBuf;

use joblib::prelude::*;
use joblib_tests::child;
use joblib_tests::server::{Kind, Server};

use crate::{arguments, count, role};

const TASKS: u64 = 8;

/// Notes each computation by a file.
#[cached]
#[allow(clippy::needless_pass_by_value, reason = "a task owns its arguments")]
fn noted(notes: PathBuf, x: u64) -> Vec<u64> {
    fs::write(notes.join(format!("{x}-{}", std::process::id())), "").unwrap();
    vec![x; 100]
}

#[test]
#[ignore = "the role of a child process"]
fn fork_after_a_use() {
    let arguments = arguments();
    let notes = PathBuf::from(&arguments[1]);
    let memory = Memory::open(&arguments[0]).unwrap();
    let memory = match &*arguments[2] {
        "" => memory,
        folder => Memory::new(folder).unwrap().shared(&*arguments[0]).unwrap(),
    };
    memory.install().unwrap();
    assert_eq!(noted(notes.clone(), 0), vec![0; 100]);
    let forked = Parallel::new().backend("multiprocessing").n_jobs(2);
    for _ in 0..2 {
        let results = forked.run((0..TASKS).map(|x| delayed(noted, (notes.clone(), x)))).unwrap();
        assert_eq!(results, (0..TASKS).map(|x| vec![x; 100]).collect::<Vec<_>>());
    }
    for x in 0..TASKS {
        assert_eq!(noted(notes.clone(), x), vec![x; 100]);
    }
}

#[test]
fn forked_tasks_store_in_a_bucket_that_their_parent_has_used() {
    let server = Server::start(Kind::Moto);
    for folder in ["", "machine"] {
        let base = tempfile::tempdir().unwrap();
        let notes = base.path().join("notes");
        fs::create_dir(&notes).unwrap();
        let machine =
            if folder.is_empty() { String::new() } else { base.path().join(folder).display().to_string() };
        let rest = format!("{}\n{machine}\n", notes.display());
        let prefix = if folder.is_empty() { "alone" } else { "behind" };
        child::complete(&mut role(fork_after_a_use, &server, server.port(), prefix, &rest));
        assert_eq!(count(&notes) as u64, TASKS, "each is computed once");
    }
}
