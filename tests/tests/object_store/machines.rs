//! Many processes on two "machines": two folders in front of one bucket.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use joblib_memory::{Memory, SharedCache};
use joblib_tests::child;
use joblib_tests::server::{Kind, Server};

use crate::{arguments, count, role};

const KEYS: u64 = 50;

/// Notes each computation by a file.
fn noted(memory: &Memory, notes: &Path, x: u64) -> Vec<u64> {
    let compute = |x: u64| {
        thread::sleep(Duration::from_millis(2));
        fs::write(notes.join(format!("{x}-{}-{:?}", std::process::id(), thread::current().id())), "")
            .unwrap();
        vec![x; 500 + x as usize * 20]
    };
    memory.cache("noted", compute).captures(()).eval((x,))
}

#[test]
#[ignore = "the role of a child process"]
fn work_on_a_machine() {
    let arguments = arguments();
    let (url, machine, notes) = (&arguments[0], &arguments[1], Path::new(&arguments[2]));
    let start: u64 = arguments[3].parse().unwrap();
    let shared = SharedCache::new(url).compute_once(true).option("lease", "3");
    let memory = Memory::new(machine).unwrap().shared(shared).unwrap();
    thread::scope(|scope| {
        for at in 0..4 {
            let memory = &memory;
            scope.spawn(move || {
                for x in 0..KEYS {
                    let x = (x + start + at * 12) % KEYS;
                    assert_eq!(noted(memory, notes, x), vec![x; 500 + x as usize * 20]);
                }
            });
        }
    });
    memory.flush().unwrap();
}

fn processes_of_two_machines_compute_once(kind: Kind, processes: u64) {
    let server = Server::start(kind);
    let base = tempfile::tempdir().unwrap();
    let notes = base.path().join("notes");
    fs::create_dir(&notes).unwrap();
    let children: Vec<_> = (0..processes)
        .map(|process| {
            let machine = base.path().join(format!("machine {}", process % 2));
            let rest = format!("{}\n{}\n{}", machine.display(), notes.display(), process * 7);
            let mut command = role(work_on_a_machine, &server, server.port(), "once", &rest);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut names: Vec<_> =
        fs::read_dir(&notes).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names.len() as u64, KEYS, "each is computed once: {names:?}");
}

#[test]
fn processes_of_two_machines_compute_each_result_once_with_moto() {
    processes_of_two_machines_compute_once(Kind::Moto, 8);
}

#[test]
fn processes_of_two_machines_compute_each_result_once_with_azurite() {
    processes_of_two_machines_compute_once(Kind::Azurite, 4);
}

#[test]
fn processes_of_two_machines_compute_each_result_once_with_seaweedfs() {
    processes_of_two_machines_compute_once(Kind::SeaweedFs, 2);
}

/// A result that one process never finishes. It is one closure, and so one function.
fn slow(for_ever: bool) -> u64 {
    let memory = Memory::open(&arguments()[0]).unwrap();
    let compute = |x: u64| {
        if for_ever {
            child::ready();
            thread::sleep(Duration::from_hours(1));
        }
        x + 1
    };
    memory.cache("slow", compute).captures(()).eval((1,))
}

#[test]
#[ignore = "the role of a child process"]
fn compute_for_ever() {
    slow(true);
}

#[test]
#[ignore = "the role of a child process"]
fn compute_after_the_other_died() {
    let since = Instant::now();
    assert_eq!(slow(false), 2);
    assert!(since.elapsed() < Duration::from_secs(40), "{:?}", since.elapsed());
}

#[test]
fn a_claim_of_a_killed_process_is_taken_over() {
    let server = Server::start(Kind::Moto);
    let mut holder = role(compute_for_ever, &server, server.port(), "killed", "");
    let mut holder = holder.stdout(Stdio::piped()).spawn().unwrap();
    child::wait_until_ready(&mut holder);
    holder.kill().unwrap();
    holder.wait().unwrap();
    child::complete(&mut role(compute_after_the_other_died, &server, server.port(), "killed", ""));
}

#[test]
#[ignore = "the role of a child process"]
fn work_while_the_server_comes_and_goes() {
    let arguments = arguments();
    let shared = SharedCache::new(&arguments[0]).option("retry_after", "0.2").option("lease", "2");
    let is_back = Path::new(&arguments[3]);
    let memory = Memory::new(&arguments[1]).unwrap().shared(shared).unwrap();
    let notes = Path::new(&arguments[2]);
    child::ready();
    let mut x = 0;
    while !(memory.stats().tiers[1].failures > 0 && is_back.exists()) {
        assert_eq!(noted(&memory, notes, x % 500).first().copied().unwrap_or(0), x % 500);
        x += 1;
        thread::sleep(Duration::from_millis(20));
    }
    // What failed before is told now, once.
    let _ = memory.flush();
    let (since, uploaded) = (Instant::now(), memory.stats().tiers[1].uploaded);
    for x in 500.. {
        assert_eq!(noted(&memory, notes, x).len(), 500 + x as usize * 20);
        if memory.flush().is_ok() && memory.stats().tiers[1].uploaded > uploaded {
            break;
        }
        assert!(since.elapsed() < Duration::from_mins(1), "it is not used again");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_server_that_stops_and_starts_in_the_middle_changes_no_result() {
    let mut server = Server::start(Kind::Moto);
    let base = tempfile::tempdir().unwrap();
    let notes = base.path().join("notes");
    fs::create_dir(&notes).unwrap();
    let is_back = base.path().join("the server is back");
    let places = [&base.path().join("machine"), &notes, &is_back];
    let rest = places.map(|place| place.display().to_string()).join("\n");
    let mut worker = role(work_while_the_server_comes_and_goes, &server, server.port(), "stopped", &rest);
    let mut worker = worker.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child::wait_until_ready(&mut worker);
    // Some results are uploaded before, and some not.
    thread::sleep(Duration::from_secs(1));
    server.stop();
    thread::sleep(Duration::from_secs(2));
    server.start_again();
    fs::write(&is_back, "").unwrap();
    let output = worker.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert_eq!(told.matches("can't be reached").count(), 1, "{told}");
    assert!(count(&notes) > 0);
}
