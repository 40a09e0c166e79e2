//! What tasks print on worker processes, where their call captures it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use joblib_parallel::{Backend, Generator, Parallel, TaskError, delayed};
use joblib_record::{Record, Recorder, RunFile, Stream};

use crate::child::{output_within, play, role};

/// All backends that capture output; of the node that is this host each has its own.
fn backends() -> Vec<Backend> {
    let mut backends = vec![Backend::from("loky"), Backend::from("multiprocessing")];
    #[cfg(feature = "cluster")]
    backends.push(joblib_parallel::backend::Nodes::command(["env", "JOBLIB_TEST_NODE=output"]).into());
    backends
}

fn capturing(backend: impl Into<Backend>) -> Parallel {
    Parallel::new().backend(backend).n_jobs(2).capture_output(true)
}

/// Prints a line in two halves, with time for others between them, and fails for odd numbers.
fn talks(n: u32) -> u32 {
    print!("out of {n}, ");
    std::io::stdout().flush().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(2));
    println!("whole");
    eprintln!("err of {n}");
    assert!(n.is_multiple_of(2), "odd");
    n
}

fn failures(outcomes: Vec<Result<u32, TaskError>>) -> Vec<TaskError> {
    outcomes.into_iter().filter_map(Result::err).collect()
}

#[test]
fn a_task_that_fails_has_what_it_printed_and_shows_it() {
    for backend in backends() {
        let outcomes =
            capturing(backend.clone()).outcomes().run((0..20).map(|n| delayed(talks, (n,)))).unwrap();
        let failed = failures(outcomes);
        assert_eq!(failed.len(), 10);
        for error in failed {
            let n = error.index();
            let (stdout, stderr) = (format!("out of {n}, whole\n"), format!("err of {n}\n"));
            assert_eq!(error.output().stdout(), stdout.as_bytes(), "{backend:?}");
            assert_eq!(error.output().stderr(), stderr.as_bytes(), "{backend:?}");
            let shown = format!("\n  stdout: out of {n}, whole\n  stderr: err of {n}");
            assert!(error.to_string().ends_with(&shown), "{error}");
        }
    }
}

#[test]
fn output_is_not_captured_unless_that_is_asked_for() {
    let error = Parallel::new().backend("loky").run([delayed(talks, (1,))]).unwrap_err();
    assert!(error.task().unwrap().output().is_empty());
    let parallel = capturing("loky").capture_output(false);
    assert!(parallel.run([delayed(talks, (1,))]).unwrap_err().task().unwrap().output().is_empty());
}

/// Prints, also by a process of its own, and ends its process in the middle of a line.
fn dies(how: i32) {
    println!("begun");
    let status = Command::new("sh").args(["-c", "echo from a child; echo and its error >&2"]).status();
    assert!(status.unwrap().success());
    print!("in the mid");
    std::io::stdout().flush().unwrap();
    match how {
        0 => std::process::abort(),
        1 => std::process::exit(3),
        // SAFETY: the signal goes to this very process.
        _ => _ = unsafe { libc::raise(libc::SIGKILL) },
    }
}

#[test]
fn what_was_printed_before_a_crash_is_not_lost() {
    for backend in backends() {
        for how in 0..3 {
            let error = capturing(backend.clone()).run([delayed(dies, (how,))]).unwrap_err();
            let error = error.task().unwrap();
            assert!(error.is_crash(), "{error}");
            let output = error.output();
            assert_eq!(output.stdout(), b"begun\nfrom a child\nin the mid", "{backend:?} {how}");
            assert_eq!(output.stderr(), b"and its error\n", "{backend:?} {how}");
        }
    }
}

#[test]
fn the_output_of_every_attempt_is_kept() {
    let once = "begun\nfrom a child\nin the mid";
    for backend in backends() {
        let error = capturing(backend.clone()).retries(2).run([delayed(dies, (1,))]).unwrap_err();
        assert_eq!(error.task().unwrap().output().stdout(), once.repeat(3).as_bytes(), "{backend:?}");
    }
}

#[test]
fn the_output_of_a_task_that_took_too_long_is_kept() {
    fn waits(_: u32) {
        println!("waits");
        std::thread::sleep(std::time::Duration::from_mins(10));
    }
    for backend in backends() {
        let parallel = capturing(backend).timeout(std::time::Duration::from_millis(300));
        let error = parallel.run([delayed(waits, (0,))]).unwrap_err();
        let error = error.task().unwrap();
        assert!(error.is_timeout() && error.output().stdout() == b"waits\n", "{error}");
    }
}

#[test]
fn bytes_that_are_no_text_are_kept_as_they_are() {
    fn prints(n: u32) {
        let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        std::io::stdout().write_all(&bytes).unwrap();
        panic!("{n}");
    }
    let expected: Vec<u8> = (0..=255).cycle().take(1000).collect();
    for backend in backends() {
        let error = capturing(backend).run([delayed(prints, (0,))]).unwrap_err();
        assert_eq!(error.task().unwrap().output().stdout(), expected);
    }
}

/// Far more than a pipe holds, while nobody asks for results.
fn floods(lines: u32) {
    let mut stdout = std::io::stdout().lock();
    for n in 0..lines {
        writeln!(stdout, "line {n:08}").unwrap();
    }
    panic!("enough");
}

#[test]
fn of_very_much_output_the_begin_and_the_end_are_kept() {
    for backend in backends() {
        let error = capturing(backend.clone()).run([delayed(floods, (200_000,))]).unwrap_err();
        let output = error.task().unwrap().output();
        let text = String::from_utf8(output.stdout().to_vec()).unwrap();
        assert!(text.len() < 600 << 10, "{}", text.len());
        assert!(text.starts_with("line 00000000\n") && text.ends_with("line 00199999\n"));
        assert!(text.contains(" bytes are left out here]\n"));
        assert!(error.to_string().len() < 4000, "an error shows the last lines");
    }
}

/// Prints more than a pipe holds, and leaves a mark when it is done with that.
fn leaves_a_mark(mark: String) {
    if !mark.is_empty() {
        println!("{}", "x".repeat(1 << 20));
        File::create(mark).unwrap();
    }
}

#[test]
fn a_caller_that_is_busy_does_not_hold_up_a_task_that_prints() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let tasks = [String::new(), mark.display().to_string()].map(|mark| delayed(leaves_a_mark, (mark,)));
    let mut results = capturing("loky").batch_size(1).return_as(Generator).run(tasks).unwrap();
    // With the first result the second task has begun; from now on the caller does other things.
    assert!(results.next().unwrap().is_ok());
    // The task can only end if somebody reads what it prints.
    let until = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while !mark.exists() {
        assert!(std::time::Instant::now() < until, "the task waits");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(results.count(), 1, "and the second one");
}

#[test]
fn where_output_can_t_be_captured_that_is_an_error() {
    for backend in [Backend::Threading, Backend::Sequential] {
        let parallel = Parallel::new().backend(backend).n_jobs(2).capture_output(true);
        let error = parallel.run([delayed(talks, (0,))]).unwrap_err();
        assert!(error.is_usage(), "{error}");
        let text = error.to_string();
        assert!(
            text.contains("capture_output is for worker processes") && text.contains("\"loky\""),
            "{text}"
        );
    }
}

#[test]
fn forked_closures_are_captured_too() {
    let word = String::from("borrowed");
    let word = &word;
    let parallel = Parallel::new().n_jobs(2).capture_output(true).fork();
    let error = parallel
        .run((0..2).map(|n| {
            move || {
                println!("{word} {n}");
                assert_eq!(n, 0, "one");
            }
        }))
        .unwrap_err();
    assert_eq!(error.task().unwrap().output().stdout(), b"borrowed 1\n");
}

/// The lines that each task of the record printed.
fn recorded(folder: &Path) -> BTreeMap<(u64, bool), String> {
    let files = joblib_record::runs(folder).unwrap();
    let run = RunFile::read(&files[0]).unwrap();
    assert!(run.problems.is_empty(), "{:?}", run.problems);
    let mut lines = BTreeMap::<_, String>::new();
    for stamped in run.records {
        if let Record::Output(output) = stamped.record {
            assert_ne!(output.parent.step, 0, "it is of a parallel call");
            let text = String::from_utf8(output.bytes.into_owned()).unwrap();
            assert!(text.ends_with('\n'), "lines are whole: {text:?}");
            let key = (output.parent.task.unwrap(), output.stream == Stream::Error);
            lines.entry(key).or_default().push_str(&text);
        }
    }
    lines
}

const FOLDER: &str = "JOBLIB_TEST_RECORDS";

#[test]
#[ignore = "run by all_that_tasks_print_is_in_the_record_and_nothing_on_the_terminal"]
fn a_program_with_a_record() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    Recorder::begin_run(folder.as_ref()).unwrap();
    for backend in backends() {
        capturing(backend.clone()).outcomes().run((0..40).map(|n| delayed(talks, (n,)))).unwrap();
    }
}

#[test]
fn all_that_tasks_print_is_in_the_record_and_nothing_on_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let printed = play(role("output::a_program_with_a_record").env(FOLDER, folder.path()));
    assert!(!printed.contains("out of"), "{printed}");
    let lines = recorded(folder.path());
    assert_eq!(lines.len(), 80);
    for n in 0..40 {
        // Of every call.
        let calls = backends().len();
        assert_eq!(lines[&(n, false)], format!("out of {n}, whole\n").repeat(calls));
        assert_eq!(lines[&(n, true)], format!("err of {n}\n").repeat(calls));
    }
}

/// Leaves a process behind that prints when `go` exists.
#[expect(clippy::needless_pass_by_value, reason = "a task owns its arguments")]
fn leaves_a_printer(go: PathBuf) -> u32 {
    let script = format!(
        "while [ ! -e '{}' ]; do sleep 0.02; done; echo from what was left; echo and its error >&2",
        go.display()
    );
    Command::new("sh").args(["-c", &script]).stdin(Stdio::null()).spawn().unwrap().id()
}

/// Leaves a process of another session behind, which ends when `gone` exists, and dies; or waits until the other did.
#[expect(clippy::needless_pass_by_value, reason = "a task owns its arguments")]
fn leaves_a_daemon_and_dies(dies: bool, gone: PathBuf) {
    let left = gone.with_file_name("left");
    if !dies {
        while !left.exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        return;
    }
    let wait = format!("while [ ! -e '{}' ]; do sleep 0.05; done", gone.display());
    let mut command = Command::new("setsid");
    command.args(["sh", "-c", &wait]).stdin(Stdio::null()).spawn().unwrap();
    std::fs::write(left, "").unwrap();
    std::process::abort();
}

#[test]
#[ignore = "run by a_process_that_a_forked_worker_left_behind_keeps_no_call_waiting"]
fn a_program_whose_forked_worker_leaves_a_process_behind() {
    let gone = PathBuf::from(std::env::var_os(FOLDER).unwrap()).join("gone");
    let tasks = [true, false].map(|dies| delayed(leaves_a_daemon_and_dies, (dies, gone.clone())));
    let error = capturing("multiprocessing").n_jobs(2).batch_size(1).run(tasks).unwrap_err().to_string();
    assert!(error.contains("SIGABRT"), "{error}");
    std::fs::write(gone, "").unwrap();
}

#[test]
fn a_process_that_a_forked_worker_left_behind_keeps_no_call_waiting() {
    let folder = tempfile::tempdir().unwrap();
    play(role("output::a_program_whose_forked_worker_leaves_a_process_behind").env(FOLDER, folder.path()));
}

/// In a process of its own: a call whose task leaves a process behind, and a later one of the same worker. Both capture.
#[test]
#[ignore = "run by what_is_printed_between_tasks_is_passed_on"]
fn a_program_whose_task_leaves_a_process_behind() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let _recorder = Recorder::begin_run(&folder).unwrap();
    let go = folder.join("go");
    let parallel = capturing("loky").n_jobs(1);
    let pid = parallel.run([delayed(leaves_a_printer, (go.clone(),))]).unwrap()[0];
    // The call is over, and with it the task.
    std::fs::write(go, "").unwrap();
    assert!(crate::child::is_gone(nix::unistd::Pid::from_raw(pid.cast_signed())));
    let error = parallel.run([delayed(talks, (1,))]).unwrap_err();
    let output = error.task().unwrap().output();
    assert_eq!(output.stdout(), b"out of 1, whole\n", "the task that follows has its own output only");
    assert_eq!(output.stderr(), b"err of 1\n");
    joblib_parallel::shutdown_workers();
}

#[test]
fn what_is_printed_between_tasks_is_passed_on() {
    let folder = tempfile::tempdir().unwrap();
    let program = "output::a_program_whose_task_leaves_a_process_behind";
    let mut command = role(program);
    let output = output_within(command.env(FOLDER, folder.path()), Duration::from_mins(3));
    assert!(output.status.success(), "{output:?}");
    for (stream, line) in [(output.stdout, "from what was left\n"), (output.stderr, "and its error\n")] {
        let printed = String::from_utf8(stream).unwrap();
        assert_eq!(printed.matches(line).count(), 1, "{printed}");
        assert!(!printed.contains("of 1"), "what a task prints is captured: {printed}");
    }
    let lines = recorded(folder.path());
    let expected = [((0, false), "out of 1, whole\n".to_owned()), ((0, true), "err of 1\n".to_owned())];
    assert_eq!(lines, expected.into(), "and nothing of the first call's task");
}
