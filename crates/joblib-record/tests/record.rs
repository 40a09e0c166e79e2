//! Records as programs write them, and what is left of them when programs are killed.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use joblib_record::{
    Argument, Begin, End, Event, Follow, Hit, Outcome, Record, Recorder, RunFile, Stamped, current, enter,
    runs,
};

fn only(folder: &Path) -> RunFile {
    let files = runs(folder).expect("a folder");
    assert_eq!(files.len(), 1);
    RunFile::read(&files[0]).expect("readable")
}

fn hits(run: &RunFile) -> usize {
    run.records.iter().filter(|stamped| matches!(stamped.record, Record::Hit(_))).count()
}

#[test]
fn a_run_is_described_and_its_steps_know_what_they_are_part_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let recorder = Recorder::begin_run(folder.path()).expect("a record");
    let outer = recorder.begin(&Begin { name: "outer".into(), ..Begin::call() });
    {
        let _entered = enter(outer.position());
        let arguments = vec![Argument { name: "x".into(), text: Some("1".into()) }];
        recorder.hit(Hit { name: "inner".into(), arguments, ..Hit::default() });
        let position = current().expect("a step");
        // Another thread is in the step once it enters it.
        thread::scope(|scope| {
            scope.spawn(|| {
                recorder.hit(Hit { name: "elsewhere".into(), ..Hit::default() });
                let _entered = enter(position);
                recorder.hit(Hit { name: "inside".into(), ..Hit::default() });
            });
        });
    }
    assert!(current().is_none());
    outer.end(&End { bytes: 5, ..End::new(Outcome::Computed) });
    drop(recorder.begin(&Begin { name: "given up".into(), ..Begin::call() }));

    let run = only(folder.path());
    assert!(run.problems.is_empty(), "{:?}", run.problems);
    assert!(!run.is_over, "this program still runs");
    assert!(run.run.program.contains("record") && !run.run.id.is_empty() && run.run.start > 0);
    assert_eq!(recorder.path().file_stem().unwrap().to_str(), Some(run.run.id.as_str()));
    let me = std::process::id();
    assert!(run.records.iter().all(|stamped| stamped.pid == me));
    let begins: Vec<&Begin<'_>> = run
        .records
        .iter()
        .filter_map(|stamped| match &stamped.record {
            Record::Begin(begin) => Some(begin),
            _ => None,
        })
        .collect();
    assert_eq!((begins[0].name.as_ref(), begins[0].parent.step), ("outer", 0));
    let parents: Vec<(String, u64, u32)> = run
        .records
        .iter()
        .filter_map(|stamped| match &stamped.record {
            Record::Hit(hit) => Some((hit.name.to_string(), hit.parent.step, hit.thread)),
            _ => None,
        })
        .collect();
    let step = begins[0].step;
    assert_eq!(parents[0].1, step);
    assert_eq!((parents[1].0.as_str(), parents[1].1), ("elsewhere", 0));
    assert_eq!((parents[2].0.as_str(), parents[2].1), ("inside", step));
    assert_ne!(parents[0].2, parents[1].2, "threads have numbers");
    let ends: Vec<(u64, Outcome)> = run
        .records
        .iter()
        .filter_map(|stamped| match &stamped.record {
            Record::End(end) => Some((end.step, end.outcome)),
            _ => None,
        })
        .collect();
    assert_eq!(ends, [(step, Outcome::Computed), (begins[1].step, Outcome::Cancelled)]);
}

#[test]
fn many_threads_and_forked_children_write_whole_records() {
    let folder = tempfile::tempdir().expect("a folder");
    let recorder = Recorder::begin_run(folder.path()).expect("a record");
    let step = recorder.begin(&Begin { name: "forks".into(), ..Begin::call() });
    let name = "n".repeat(300);
    let write = |count: usize| {
        for _ in 0..count {
            recorder.hit(Hit { name: name.as_str().into(), ..Hit::default() });
        }
    };
    thread::scope(|scope| {
        (0..4).for_each(|_| {
            scope.spawn(|| write(500));
        });
        let children: Vec<i32> = (0..3)
            .map(|_| {
                // SAFETY: the child only writes records and leaves.
                let child = unsafe { libc::fork() };
                if child == 0 {
                    let _entered = enter(step.position());
                    write(200);
                    // SAFETY: it ends the child, without what runs at the end of the program.
                    unsafe { libc::_exit(0) };
                }
                child
            })
            .collect();
        for child in children {
            // SAFETY: the child is this process's.
            assert_eq!(unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) }, child);
        }
    });
    drop(step);
    let run = only(folder.path());
    assert!(run.problems.is_empty(), "{:?}", run.problems);
    assert_eq!(hits(&run), 4 * 500 + 3 * 200);
    let me = std::process::id();
    let processes = run
        .records
        .iter()
        .filter(|stamped| matches!(&stamped.record, Record::Process(process) if process.parent == me));
    assert_eq!(processes.count(), 3);
    // A child's copy of the step does not end it.
    let ends = run.records.iter().filter(|stamped| matches!(stamped.record, Record::End(_)));
    assert_eq!(ends.map(|stamped| stamped.pid).collect::<Vec<_>>(), [me]);
}

/// In a process of its own: writes hits until it is killed, and says after each how many it has written.
#[test]
fn child_that_writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os("RECORD_CHILD") else { return };
    let recorder = Recorder::begin_run(Path::new(&folder)).expect("a record");
    let mut out = std::io::stdout().lock();
    for count in 1_u64.. {
        recorder.hit(Hit { name: "again".into(), took: count, ..Hit::default() });
        writeln!(out, "wrote {count}").expect("written");
    }
}

#[test]
fn everything_up_to_a_kill_is_readable() {
    for lines in [1, 50, 1000] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = Command::new(std::env::current_exe().expect("a path"))
            .args(["--exact", "child_that_writes_until_it_is_killed", "--nocapture"])
            .env("RECORD_CHILD", folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let count = |line: std::io::Result<String>| {
            line.ok()?.strip_prefix("wrote ").and_then(|number| number.parse::<usize>().ok())
        };
        let mut counts = output.lines().filter_map(count);
        counts.by_ref().take(lines).for_each(drop);
        child.kill().expect("killed");
        child.wait().expect("it ends");
        let said = counts.last().unwrap_or(lines);
        let run = only(folder.path());
        assert!(run.is_over);
        assert!(hits(&run) >= said, "{} of {said}", hits(&run));
        assert!(run.problems.is_empty(), "{:?}", run.problems);
        assert!(
            !run.records.iter().any(|stamped| matches!(stamped.record, Record::Exit(_))),
            "it was killed"
        );
    }
}

/// In a process of its own: writes a few records and ends.
#[test]
fn child_that_ends() {
    let Some(folder) = std::env::var_os("RECORD_ENDING_CHILD") else { return };
    let recorder = Recorder::begin_run(Path::new(&folder)).expect("a record");
    for _ in 0..5 {
        recorder.hit(Hit { name: "once".into(), ..Hit::default() });
    }
}

fn finished(folder: &Path) -> RunFile {
    let status = Command::new(std::env::current_exe().expect("a path"))
        .args(["--exact", "child_that_ends", "--nocapture"])
        .env("RECORD_ENDING_CHILD", folder)
        .stdout(Stdio::null())
        .status()
        .expect("it starts");
    assert!(status.success());
    only(folder)
}

#[test]
fn a_program_that_ends_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = finished(folder.path());
    assert!(run.is_over && hits(&run) == 5);
    assert!(
        matches!(run.records.last(), Some(Stamped { record: Record::Exit(exit), .. }) if exit.memory > 0)
    );
}

#[test]
fn a_record_that_is_cut_short_or_damaged_is_shown_as_far_as_it_goes() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = finished(folder.path());
    let path = runs(folder.path()).expect("a folder").remove(0);
    let bytes = fs::read(&path).expect("readable");
    for length in 0..bytes.len() {
        fs::write(&path, &bytes[..length]).expect("written");
        match RunFile::read(&path) {
            Ok(run) => {
                assert!(run.records.len() < whole.records.len());
                assert_eq!(run.records[..], whole.records[..run.records.len()], "{length} bytes");
            }
            Err(error) => assert!(length < 8, "{length} bytes: {error}"),
        }
    }
    fs::write(&path, &bytes[..bytes.len() - 3]).expect("written");
    assert_eq!(RunFile::read(&path).expect("readable").problems, ["its last record was cut short"]);
    for at in 8..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x40;
        fs::write(&path, &damaged).expect("written");
        let run = RunFile::read(&path).expect("readable");
        assert!(run.records.len() >= whole.records.len() - 1, "byte {at}: one record is lost at most");
        assert!(!run.problems.is_empty(), "byte {at}");
    }
    fs::write(&path, "a text").expect("written");
    assert!(RunFile::read(&path).unwrap_err().to_string().contains("not a record of a run"));
}

#[test]
fn a_record_of_a_later_version_says_so_and_shows_what_is_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = finished(folder.path());
    let path = runs(folder.path()).expect("a folder").remove(0);
    let mut bytes = fs::read(&path).expect("readable");
    bytes[7] = 9;
    fs::write(&path, bytes).expect("written");
    let run = RunFile::read(&path).expect("readable");
    assert_eq!(run.records, whole.records);
    assert!(run.problems[0].contains("version 9 of the format"), "{:?}", run.problems);
}

#[test]
fn a_file_made_to_take_long_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hostile.run");
    let mut bytes = b"joblib\x00\x01".to_vec();
    // Each of them claims to be followed by a record of half a megabyte.
    for _ in 0..500_000 {
        bytes.extend_from_slice(&[0xf7, 0xfb, 0, 0, 8, 0, 1, 2, 3, 4]);
    }
    fs::write(&path, bytes).expect("written");
    let run = RunFile::read(&path).expect("readable");
    assert!(run.records.is_empty() && run.problems.iter().any(|problem| problem.contains("not looked at")));
}

#[test]
fn a_record_can_be_followed_while_it_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let recorder = Recorder::begin_run(folder.path()).expect("a record");
    let mut follow = Follow::open(recorder.path()).expect("readable");
    assert_eq!(follow.read_new().expect("read").len(), 1);
    assert!(follow.read_new().expect("read").is_empty());
    recorder.hit(Hit { name: "new".into(), ..Hit::default() });
    let records = follow.read_new().expect("read");
    assert!(matches!(&records[..], [Stamped { record: Record::Hit(hit), .. }] if hit.name == "new"));
    assert!(!follow.is_over());
}

#[test]
fn what_is_said_at_great_length_is_recorded_to_a_bound() {
    let folder = tempfile::tempdir().expect("a folder");
    let recorder = Recorder::begin_run(folder.path()).expect("a record");
    let text = "no rows ".repeat(1_000_000);
    recorder.event(Event { message: text.as_str().into(), ..Event::default() });
    let step = recorder.begin(&Begin { cause: text.as_str().into(), ..Begin::call() });
    step.end(&End { message: text.as_str().into(), ..End::new(Outcome::Failed) });
    let run = only(folder.path());
    let [_, event, begin, end] = &run.records[..] else { panic!("none is left out: {}", run.records.len()) };
    let (Record::Event(event), Record::Begin(begin), Record::End(end)) =
        (&event.record, &begin.record, &end.record)
    else {
        panic!("in their order")
    };
    for said in [&event.message, &begin.cause, &end.message] {
        assert!(said.len() <= 65_536 && said.ends_with('…') && text.starts_with(&said[..60_000]));
    }
}

#[test]
fn a_run_makes_room_for_what_it_grows_by() {
    let folder = tempfile::tempdir().expect("a folder");
    // Two old runs that together are within the limit of 100 MB.
    for name in ["20200101-000000-0000.run", "20200102-000000-0000.run"] {
        let file = fs::File::create(folder.path().join(name)).expect("created");
        file.set_len(49_000_000).expect("sized");
    }
    let recorder = Recorder::begin_run(folder.path()).expect("a record");
    let text = "x".repeat(60_000);
    for _ in 0..75 {
        recorder.hit(Hit { name: text.as_str().into(), ..Hit::default() });
    }
    let left = runs(folder.path()).expect("a folder");
    assert!(left.len() == 2 && left[0].ends_with("20200102-000000-0000.run"), "{left:?}");
}

#[test]
fn a_full_record_says_so_and_stays_readable() {
    let folder = tempfile::tempdir().expect("a folder");
    let recorder = Recorder::begin_run(folder.path()).expect("a record");
    let text = "x".repeat(60_000);
    for _ in 0..1050 {
        recorder.hit(Hit { name: text.as_str().into(), ..Hit::default() });
    }
    let run = only(folder.path());
    assert!(matches!(run.records.last(), Some(Stamped { record: Record::Full, .. })));
    let size = fs::metadata(recorder.path()).expect("a file").len();
    assert!((50_000_000..52_000_000).contains(&size), "{size}");
}
