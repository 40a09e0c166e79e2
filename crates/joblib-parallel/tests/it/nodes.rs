//! The backend `nodes`: agents that are reached by a command, on this host.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use joblib_array::{Array, MmapMode};
use joblib_parallel::backend::Nodes;
use joblib_parallel::{Backend, Parallel, delayed, effective_n_jobs, parallel_config, shutdown_workers};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getppid};

use crate::{child, settings};

/// A node on this host, which tasks know by a variable.
fn node(name: &str) -> Nodes {
    Nodes::command(["env".to_owned(), format!("NODE={name}")])
}

/// Two of them, as a backend that equals itself.
fn two() -> Backend {
    node("one").and(node("two")).into()
}

fn parallel() -> Parallel {
    Parallel::new().backend(two()).n_jobs(2)
}

fn node_of_task() -> String {
    std::env::var("NODE").unwrap_or_default()
}

#[cfg(feature = "conformance")]
#[test]
fn nodes_conform() {
    joblib_parallel::conformance::check(two());
}

#[test]
fn tasks_run_on_all_nodes_in_processes_that_are_kept_between_calls() {
    let nodes = two();
    let call = || {
        let parallel = Parallel::new().backend(nodes.clone()).n_jobs(2).batch_size(1);
        let task = || {
            std::thread::sleep(Duration::from_millis(2));
            (node_of_task(), std::process::id(), getppid().as_raw())
        };
        parallel.run((0..20).map(|_| delayed(task, ()))).unwrap().into_iter().collect::<HashSet<_>>()
    };
    let first = call();
    let names: HashSet<_> = first.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, HashSet::from(["one", "two"]));
    assert_eq!(call(), first);
    shutdown_workers();
    let after = call();
    assert!(first.is_disjoint(&after));
}

#[test]
fn the_default_is_all_processors_of_all_nodes_and_fewer_workers_are_divided() {
    let cpus = joblib_parallel::cpu_count();
    parallel_config().backend(two()).scope(|| {
        assert_eq!(effective_n_jobs(None).unwrap(), 2 * cpus);
        assert_eq!(effective_n_jobs(Some(-2)).unwrap(), 2 * cpus - 1);
        assert_eq!(effective_n_jobs(Some(3)).unwrap(), 3);
        assert!(effective_n_jobs(Some(0)).is_err());
    });
    // A node's processors are shared by its tasks.
    let budget = || effective_n_jobs(Some(-1)).unwrap();
    let budgets = Parallel::new().backend(two()).n_jobs(2).run([delayed(budget, ()), delayed(budget, ())]);
    assert_eq!(budgets.unwrap(), [cpus, cpus]);
}

#[test]
fn no_more_tasks_run_at_a_time_than_n_jobs_says() {
    let folder = tempfile::tempdir().unwrap();
    let task = |folder: std::path::PathBuf| {
        let own = folder.join(std::process::id().to_string());
        fs::write(&own, "").unwrap();
        std::thread::sleep(Duration::from_millis(5));
        let running = fs::read_dir(&folder).unwrap().count();
        fs::remove_file(&own).unwrap();
        running
    };
    let parallel = Parallel::new().backend(two()).n_jobs(3).batch_size(1);
    let tasks = (0..40).map(|_| delayed(task, (folder.path().to_owned(),)));
    assert!(parallel.run(tasks).unwrap().into_iter().all(|running| running <= 3));
}

#[test]
fn what_happens_to_a_task_is_said_with_its_worker_and_its_node() {
    let fate = |n: u32| match n {
        1 => std::process::abort(),
        2 => panic!("two is not wanted"),
        3 => loop {
            std::thread::sleep(Duration::from_mins(1));
        },
        n => n,
    };
    let parallel = parallel().timeout(Duration::from_millis(1500)).outcomes();
    let outcomes = parallel.run((0..5).map(|n| delayed(fate, (n,)))).unwrap();
    let error = |n: usize| outcomes[n].as_ref().unwrap_err();
    assert!(error(1).is_crash() && error(1).to_string().contains("SIGABRT"), "{}", error(1));
    assert!(error(2).is_panic() && error(2).to_string().contains("two is not wanted"), "{}", error(2));
    assert!(error(3).is_timeout(), "{}", error(3));
    for n in 1..4 {
        let worker = error(n).worker().unwrap();
        assert!(worker.contains("(pid ") && worker.contains(" on \"env NODE="), "{worker}");
    }
    assert_eq!((outcomes[0].as_ref().ok(), outcomes[4].as_ref().ok()), (Some(&0), Some(&4)));
}

#[test]
fn what_a_call_says_of_itself_and_its_workers_holds_on_nodes() {
    settings::hold(&parallel);
}

#[test]
fn a_call_inside_of_a_task_stays_on_the_node() {
    let inner = || {
        let named = Parallel::new().backend(node("inner")).run([delayed(u8::count_ones, (1,))]);
        let named = named.unwrap_err().to_string();
        let ambient = parallel_config()
            .backend(node("inner"))
            .n_jobs(2)
            .scope(|| Parallel::new().run([delayed(node_of_task, ()), delayed(node_of_task, ())]).unwrap());
        let variables = ["JOBLIB_BACKEND", "JOBLIB_N_JOBS"].map(|name| std::env::var_os(name).is_some());
        (named, ambient, variables)
    };
    let nodes = Nodes::command(["env", "NODE=outer", "JOBLIB_BACKEND=nodes", "JOBLIB_N_JOBS=7"]);
    let parallel = Parallel::new().backend(nodes).n_jobs(1).inner_max_num_threads(2);
    let (named, ambient, variables) = parallel.run([delayed(inner, ())]).unwrap().remove(0);
    assert!(named.contains("stay on the node"), "{named}");
    assert_eq!(ambient, ["outer", "outer"]);
    assert_eq!(variables, [false, false]);
}

/// Nodes whose input is recorded in the file.
fn recorded(file: &Path) -> Nodes {
    Nodes::command([
        "sh",
        "-c",
        "record=$1; shift; tee -- \"$record\" | \"$@\"",
        "sh",
        file.to_str().unwrap(),
    ])
}

#[test]
fn an_array_goes_to_a_node_once_by_its_content_and_is_mapped_there_by_all_workers() {
    const BYTES: usize = 4 << 20;
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("sent");
    let nodes = Backend::from(recorded(&record));
    let parallel = || Parallel::new().backend(nodes.clone()).n_jobs(2).batch_size(1).max_nbytes(1 << 20);
    let array = || Array::from_vec(vec![1.5; BYTES / 8], &[BYTES / 8]).unwrap();
    let (one, same) = (array(), array());
    let task = |x: Array<f64>| (x.as_slice().iter().sum::<f64>(), x.is_mapped());
    let expected = vec![(1.5 * (BYTES / 8) as f64, true); 20];
    for array in [&one, &same] {
        let results = parallel().run((0..20).map(|_| delayed(task, (array.clone(),)))).unwrap();
        assert_eq!(results, expected);
    }
    let sent = fs::metadata(&record).unwrap().len() as usize;
    assert!((BYTES..BYTES + BYTES / 4).contains(&sent), "{sent}");
    // What the caller dropped is forgotten, and sent again when there is such an array again.
    drop((one, same));
    parallel().run([delayed(u8::count_ones, (1,))]).unwrap();
    assert_eq!(parallel().run([delayed(task, (array(),))]).unwrap(), expected[..1]);
    let sent = fs::metadata(&record).unwrap().len() as usize;
    assert!((2 * BYTES..2 * BYTES + BYTES / 4).contains(&sent), "{sent}");
}

/// An array that is mapped from the end of a file of a mebibyte and more.
pub(crate) fn array_in_a_file(path: &Path) -> Array<f64> {
    let elements: Vec<u8> = (0..200_000).flat_map(|n| f64::from(n).to_le_bytes()).collect();
    fs::write(path, [&[0; 24], elements.as_slice()].concat()).unwrap();
    let file = fs::File::open(path).unwrap();
    let buffer = joblib_array::Buffer::map(&file, 24, elements.len(), MmapMode::Read).unwrap();
    Array::from_buffer(buffer, vec![500, 400], joblib_array::Order::C).unwrap()
}

/// The sum of an array, and whether it is this file that it is mapped from.
#[allow(clippy::needless_pass_by_value, reason = "tasks own their arguments")]
pub(crate) fn sum_in_a_file(array: Array<f64>, path: String) -> (f64, bool) {
    (array.iter().sum(), fs::read_to_string("/proc/self/maps").unwrap().contains(&path))
}

#[test]
#[cfg(target_os = "linux")]
fn an_array_of_a_file_that_nodes_have_is_mapped_there_when_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (path, record) = (folder.path().join("an array"), folder.path().join("sent"));
    let text = path.to_str().unwrap().to_owned();
    let array = array_in_a_file(&path);
    let parts = [array.clone(), array.rows(7..407), array.rows(7..407)];
    let sums: Vec<f64> = parts.iter().map(|part| part.iter().sum()).collect();
    let run = |nodes: Nodes| {
        let parallel = Parallel::new().backend(nodes).n_jobs(1).batch_size(1);
        parallel.run(parts.clone().map(|part| delayed(sum_in_a_file, (part, text.clone()))))
    };
    let sent = || fs::metadata(&record).unwrap().len();
    let results = run(recorded(&record).shared_files(true)).unwrap();
    assert_eq!(results, sums.iter().map(|sum| (*sum, true)).collect::<Vec<_>>());
    assert!(sent() < 100_000, "{}", sent());
    // A node on which it is another one says so.
    fs::File::options().append(true).open(&path).unwrap().set_len(2_000_000).unwrap();
    let error = run(node("another").shared_files(true)).unwrap_err();
    let expected = format!("the file {text} has 2000000 bytes");
    assert!(error.is_backend() && error.to_string().contains(&expected), "{error}");
    // Else it is sent.
    let results = run(recorded(&record)).unwrap();
    assert_eq!(results.into_iter().map(|(sum, _)| sum).collect::<Vec<_>>(), sums);
    assert!(sent() > 1 << 20, "{}", sent());
}

#[test]
fn arrays_of_results_and_in_any_mode_arrive_whole_and_those_mapped_for_writing_are_refused() {
    let array = Array::from_vec((0..300_000).map(f64::from).collect(), &[600, 500]).unwrap();
    for mode in [None, Some(MmapMode::Read), Some(MmapMode::CopyOnWrite), Some(MmapMode::ReadWrite)] {
        for max_nbytes in [None, Some(1), Some(1 << 20), Some(1 << 30)] {
            let same = |x: Array<f64>, y: Array<f64>| (x.clone(), vec![x, y]);
            let parallel = parallel().mmap_mode(mode).max_nbytes(max_nbytes);
            let row = array.rows(7..9);
            let mut results = parallel.run([delayed(same, (array.clone(), row.clone()))]).unwrap();
            let (mut first, rest) = results.remove(0);
            assert_eq!((&first, &rest[0], &rest[1]), (&array, &array, &row));
            // It is the caller's own.
            first.make_mut()[0] = -1.0;
            assert_eq!(rest[0], array);
        }
    }
    let file = tempfile::tempfile().unwrap();
    file.set_len(8000).unwrap();
    let buffer = joblib_array::Buffer::map(&file, 0, 8000, MmapMode::ReadWrite).unwrap();
    let mapped = Array::<f64>::from_buffer(buffer, vec![1000], joblib_array::Order::C).unwrap();
    let error = parallel().run([delayed(|x: Array<f64>| x.len(), (mapped,))]).unwrap_err();
    assert!(error.to_string().contains("mapped from a file for writing"), "{error}");
}

#[test]
fn a_node_that_is_lost_costs_nothing_but_time() {
    let folder = tempfile::tempdir().unwrap();
    let task = |mark: std::path::PathBuf, n: u64| {
        if n == 13 && fs::File::create_new(&mark).is_ok() {
            // The agent, and with it the node.
            let _ = kill(getppid(), Signal::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(1));
        n * n
    };
    let nodes = [two(), node("alone").into()];
    for (place, nodes) in nodes.into_iter().enumerate() {
        let mark = folder.path().join(place.to_string());
        let tasks = (0..100).map(|n| delayed(task, (mark.clone(), n)));
        let results = Parallel::new().backend(nodes).n_jobs(2).run(tasks).unwrap();
        assert_eq!(results, (0..100).map(|n| n * n).collect::<Vec<_>>());
    }
}

#[test]
fn a_task_that_takes_node_after_node_along_fails_and_the_others_do_not() {
    let task = |n: u64| {
        if n == 5 {
            let _ = kill(getppid(), Signal::SIGKILL);
            std::thread::sleep(Duration::from_mins(1));
        }
        n
    };
    let outcomes = parallel().outcomes().run((0..20).map(|n| delayed(task, (n,)))).unwrap();
    for (n, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Ok(value) => assert!(*value == n as u64 && n != 5),
            Err(error) => {
                assert!(n == 5 && error.is_crash(), "{error}");
                assert!(error.to_string().contains("was lost with it"), "{error}");
            }
        }
    }
    assert!(outcomes[5].is_err());
}

#[test]
fn a_node_that_can_not_be_started_is_an_error_that_says_which_and_why() {
    let error = |nodes: Nodes| {
        let error =
            Parallel::new().backend(nodes).n_jobs(2).run([delayed(u8::count_ones, (1,))]).unwrap_err();
        assert!(error.is_backend(), "{error}");
        error.to_string()
    };
    let missing = error(Nodes::command(["/no/such/launcher"]));
    assert!(
        missing.contains("start node \"/no/such/launcher\"") && missing.contains("No such file"),
        "{missing}"
    );
    let failing = error(Nodes::command(["sh", "-c", "echo Welcome; echo no route to host >&2; exit 255"]));
    assert!(failing.contains("exit status: 255") && failing.contains("no route to host"), "{failing}");
    assert!(failing.contains("Welcome"), "{failing}");
    let late =
        error(Nodes::command(["sh", "-c", "exec sleep 1000"]).start_timeout(Duration::from_millis(50)));
    assert!(late.contains("no agent within 50ms"), "{late}");
    let nowhere = error(node("x").executable("/no/such/program"));
    assert!(nowhere.contains("refuses") || nowhere.contains("there is no /no/such/program"), "{nowhere}");
    let other = error(node("x").executable("/bin/sh"));
    assert!(
        other.contains("/bin/sh has SHA-256 ") && other.contains("the program of the caller has "),
        "{other}"
    );
    let uname = "uname() { echo Plan9 pdp11; }; ";
    let line = "script=$3; shift 3; exec sh -c \"$0$script\" \"$@\"";
    let foreign = error(Nodes::command(["sh", "-c", line, uname]));
    assert!(foreign.contains("and the node is Plan9 pdp11"), "{foreign}");
    let usage =
        Parallel::new().backend(Nodes::ssh(Vec::<String>::new())).run([delayed(u8::count_ones, (1,))]);
    assert!(usage.unwrap_err().is_usage());
}

#[test]
fn a_login_shell_may_say_something_first() {
    let greeting = "echo 'Welcome to the cluster'; printf 'Quota: 3%%\\n\\n'; exec \"$@\"";
    let nodes = Nodes::command(["sh", "-c", greeting, "sh"]);
    assert_eq!(Parallel::new().backend(nodes).run([delayed(u8::count_ones, (7,))]).unwrap(), [3]);
}

/// A program whose file is gone by the time that it uses nodes, so that these have to be sent it.
#[test]
#[ignore = "a role that another test plays"]
fn a_program_that_has_to_be_sent() {
    if std::env::var_os("REMOVE_PROGRAM").is_some() {
        fs::remove_file(std::env::current_exe().unwrap()).unwrap();
    }
    let program = || fs::read_link("/proc/self/exe").unwrap();
    let libraries = std::env::var("LIBRARIES_OF_THE_NODE").map(|folder| format!("LD_LIBRARY_PATH={folder}"));
    let nodes =
        libraries.map_or_else(|_| node("one"), |variable| Nodes::command(["env".to_owned(), variable]));
    match Parallel::new().backend(nodes).n_jobs(2).run([delayed(program, ())]) {
        Ok(programs) => println!("RUN {}", programs[0].display()),
        Err(error) => println!("REFUSED {error}"),
    }
}

#[test]
fn a_node_without_the_program_is_sent_it_once_and_checks_it() {
    let folder = tempfile::tempdir().unwrap();
    let play = |cache: &Path| {
        let program = folder.path().join("program");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        let mut command = Command::new(program);
        command.args(["--exact", "nodes::a_program_that_has_to_be_sent", "--ignored", "--nocapture"]);
        command.env("XDG_CACHE_HOME", cache).env("REMOVE_PROGRAM", "1");
        let printed = child::play(&mut command);
        let line = printed.lines().find_map(|line| line.split_once("RUN ")).unwrap().1.to_owned();
        std::path::PathBuf::from(line)
    };
    let cache = folder.path().join("cache");
    fs::create_dir(&cache).unwrap();
    let kept = play(&cache);
    assert!(kept.starts_with(&cache), "{}", kept.display());
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o700);
    let inode = fs::metadata(&kept).unwrap().ino();
    assert_eq!(play(&cache), kept);
    assert_eq!(fs::metadata(&kept).unwrap().ino(), inode, "it was not sent again");
    // One that was damaged is replaced.
    let len = fs::metadata(&kept).unwrap().len();
    when_it_has_ended(|| fs::File::options().write(true).open(&kept)).set_len(len - 1).unwrap();
    assert_eq!(play(&cache), kept);
    assert_eq!(fs::metadata(&kept).unwrap().len(), len);
    assert_eq!(fs::read_dir(kept.parent().unwrap()).unwrap().count(), 1, "nothing else is left");
}

/// Another version of the C library is found by the system's loader as one of another library is.
#[test]
fn a_node_whose_libraries_do_not_fit_the_program_is_an_error_that_says_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::write(file("libgcc_s.so.1"), "of another system").unwrap();
    fs::copy(std::env::current_exe().unwrap(), file("program")).unwrap();
    let mut command = Command::new(file("program"));
    command.args(["--exact", "nodes::a_program_that_has_to_be_sent", "--ignored", "--nocapture"]);
    command.env("XDG_CACHE_HOME", file("cache")).env("REMOVE_PROGRAM", "1");
    let printed = child::play(command.env("LIBRARIES_OF_THE_NODE", folder.path()));
    let refused = printed.lines().find_map(|line| line.split_once("REFUSED ")).unwrap().1;
    assert!(
        refused.contains("the program does not run there: ") && refused.contains("libgcc_s.so.1"),
        "{refused}"
    );
    #[cfg(target_env = "gnu")]
    assert!(refused.contains("; the node has glibc 2."), "{refused}");
    assert!(refused.contains("start node \"env LD_LIBRARY_PATH="), "{refused}");
}

/// Opens a program for writing as soon as the system allows it: when no agent that is about to end runs it any more.
fn when_it_has_ended(open: impl Fn() -> std::io::Result<fs::File>) -> fs::File {
    loop {
        match open() {
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(10));
            }
            opened => return opened.unwrap(),
        }
    }
}

#[test]
#[ignore = "a role that another test plays"]
fn a_program_that_is_killed() {
    let task = || {
        println!("{}", std::process::id());
        eprintln!("PID {}", std::process::id());
        eprintln!("PID {}", getppid());
        std::thread::sleep(Duration::from_mins(2));
    };
    let _ = Parallel::new().backend(two()).n_jobs(2).batch_size(1).run((0..2).map(|_| delayed(task, ())));
}

#[test]
fn a_caller_that_is_killed_leaves_nothing_on_its_nodes() {
    let mut command = child::role("nodes::a_program_that_is_killed");
    let mut program = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(program.stderr.take().unwrap()).lines();
    let mut pids = Vec::new();
    while pids.len() < 4 {
        let line = lines.next().unwrap().unwrap();
        if let Some((_, pid)) = line.split_once("PID ") {
            pids.push(Pid::from_raw(pid.trim().parse().unwrap()));
        }
    }
    program.kill().unwrap();
    program.wait().unwrap();
    for pid in pids {
        assert!(child::is_gone(pid), "{pid} is there");
    }
}

#[test]
fn a_cancelled_call_ends_its_tasks_and_the_nodes_serve_the_next_call() {
    let folder = tempfile::tempdir().unwrap();
    let token = joblib_parallel::CancellationToken::new();
    let nodes = two();
    let task = |file: std::path::PathBuf| {
        fs::write(file.join(std::process::id().to_string()), "").unwrap();
        std::thread::sleep(Duration::from_mins(2));
    };
    let (cancel, path) = (token.clone(), folder.path().to_owned());
    let canceller = std::thread::spawn(move || {
        let until = Instant::now() + Duration::from_mins(1);
        while fs::read_dir(&path).unwrap().count() < 2 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        cancel.cancel();
    });
    let parallel = Parallel::new().backend(nodes.clone()).n_jobs(2).cancellation(&token).batch_size(1);
    let tasks = (0..4).map(|_| delayed(task, (folder.path().to_owned(),)));
    assert!(parallel.run(tasks).unwrap_err().is_cancelled());
    canceller.join().unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let pid: i32 = entry.unwrap().file_name().to_str().unwrap().parse().unwrap();
        assert!(child::is_gone(Pid::from_raw(pid)));
    }
    let again =
        Parallel::new().backend(nodes).n_jobs(2).run((0..9_u32).map(|n| delayed(u32::count_ones, (n,))));
    assert_eq!(again.unwrap().len(), 9);
}
