//! Processes killed at any moment leave whole results, and nothing that others wait for.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};

use joblib_store::{Claim, Limits};

use crate::{folder_of_role, get, key, put, role, store};

/// What is stored under a number: its size and bytes follow from it.
fn content(number: u64) -> Vec<u8> {
    let size = if number % 16 == 15 { 9000 } else { 20 + (number * 37 % 900) as usize };
    (0..size).map(|at| (number.wrapping_mul(31) + at as u64) as u8).collect()
}

const NUMBERS: u64 = 400;

#[test]
#[ignore = "a role that the test below starts"]
fn stores_until_it_is_killed() {
    let store = store("local", &folder_of_role());
    let seed = std::process::id();
    for step in 0_u64.. {
        let number = (step.wrapping_mul(7919).wrapping_add(u64::from(seed) * 104_729)) % NUMBERS;
        match step % 7 {
            0..=2 => put(&*store, &key(number), &content(number)),
            3 | 4 => {
                if let Claim::Mine(claim) = store.claim(&key(number)).unwrap() {
                    claim.write(&mut |out| out.write_all(&content(number))).unwrap();
                }
            }
            5 => {
                store.remove(&key(number)).unwrap();
            }
            _ => {
                store.tidy(&key(number), &Limits::default().items_limit(NUMBERS / 2), &|_| None).unwrap();
            }
        }
    }
}

#[test]
fn two_hundred_kills_at_any_moment_leave_nothing_torn() {
    let folder = tempfile::tempdir().unwrap();
    let start = || role("kills::stores_until_it_is_killed", folder.path()).spawn().unwrap();
    let mut running: Vec<_> = (0..4).map(|_| start()).collect();
    let own = store("local", folder.path());
    for kill in 0..200_u64 {
        // Moments between them that have no pattern.
        thread::sleep(Duration::from_micros(kill * 7919 % 9000));
        let mut child = running.remove(0);
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), None, "it ended before it was killed: {message}");
        running.push(start());
        for number in (kill % 10..NUMBERS).step_by(10) {
            // An error would be a damaged result.
            if let Some(found) = get(&*own, &key(number)) {
                assert!(found == content(number), "{number} after {kill} kills");
            }
        }
    }
    for mut child in running {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let mut seen = HashMap::new();
    own.visit(&mut |item| {
        *seen.entry(item.call).or_insert(0) += 1;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(!seen.is_empty());
    for number in 0..NUMBERS {
        assert_eq!(seen.contains_key(key(number).call()), own.contains(&key(number)).unwrap());
        // One without a name is believed for two seconds: its author may be between two system calls.
        let since = Instant::now();
        while !matches!(own.claim(&key(number)).unwrap(), Claim::Mine(_)) {
            assert!(since.elapsed() < Duration::from_secs(20), "a claim of a dead process is believed");
            thread::sleep(Duration::from_millis(10));
        }
    }
    let litter: Vec<_> = std::fs::read_dir(folder.path().join("joblib-rs/claims")).unwrap().collect();
    own.reduce(&Limits::default(), &|_| None).unwrap();
    let left = std::fs::read_dir(folder.path().join("joblib-rs/claims")).unwrap().count();
    assert_eq!(left, 0, "of {litter:?}");
}
