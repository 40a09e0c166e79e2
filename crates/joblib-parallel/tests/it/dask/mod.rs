//! The backend `dask`, on a real scheduler with real workers on this host.

mod cluster;
mod figures;
mod growth;
mod hosts;
mod losses;
mod memory;
mod mismatches;
mod network;
mod programs;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use joblib_array::Array;
use joblib_parallel::backend::Dask;
use joblib_parallel::{
    CancellationToken, Generator, Parallel, cpu_count, delayed, effective_n_jobs, parallel_config,
    shutdown_workers,
};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use self::cluster::{Cluster, python};
use crate::carriers::{Recorder, heard};
use crate::nodes::{array_in_a_file, sum_in_a_file};
use crate::{child, settings};

fn node_of_task() -> String {
    std::thread::sleep(Duration::from_millis(5));
    std::env::var("DASK_NODE").unwrap_or_default()
}

/// The name of the task's worker, once so many workers have left a mark in the folder: none of them has all tasks to itself.
fn meet(folder: &Path, workers: usize) -> String {
    let name = std::env::var("DASK_NODE").unwrap_or_default();
    fs::write(folder.join(format!("{name} {}", nix::unistd::getppid())), "").unwrap();
    let until = Instant::now() + Duration::from_mins(1);
    while fs::read_dir(folder).unwrap().count() < workers && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(2));
    }
    name
}

#[cfg(feature = "conformance")]
#[test]
fn dask_conforms() {
    let Some(python) = python() else { return };
    let cluster = Cluster::start(python, 2);
    joblib_parallel::conformance::check(cluster.backend());
}

#[test]
fn calls_on_a_cluster_are_those_on_one_host() {
    let Some(python) = python() else { return };
    let mut cluster = Cluster::start(python, 2);

    // All workers take part, in their own folders and environments; the default is all threads.
    parallel_config().backend(cluster.backend()).scope(|| {
        assert_eq!(effective_n_jobs(None).unwrap(), 2);
        assert_eq!(effective_n_jobs(Some(7)).unwrap(), 7);
        let marks = tempfile::tempdir().unwrap();
        let place = |marks: PathBuf| (meet(&marks, 2), std::env::current_dir().unwrap());
        let tasks = (0..20).map(|_| delayed(place, (marks.path().to_owned(),)));
        let places = Parallel::new().batch_size(1).run(tasks).unwrap();
        let names: HashSet<_> = places.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, HashSet::from(["worker0", "worker1"]));
        assert!(places.iter().all(|(name, folder)| folder.ends_with(name)), "{places:?}");
    });
    tasks_are_named_after_their_functions(&cluster);
    a_tasks_fate_is_said(&cluster);
    what_tasks_print_is_captured(&cluster);
    arrays_are_mapped(&cluster);
    #[cfg(target_os = "linux")]
    arrays_of_files_are_mapped(&cluster);
    settings::hold(&|| cluster.parallel());
    inner_calls_stay(&cluster);
    events_come_while_a_task_runs(&cluster);
    results_stream(&cluster);
    a_cancelled_call_ends_its_tasks(&cluster);
    a_lost_worker_costs_nothing(&mut cluster);
}

/// As Dask's dashboard shows them.
fn tasks_are_named_after_their_functions(cluster: &Cluster) {
    const NAMES: &str = "
import sys
from distributed import Client

with Client(sys.argv[1]) as client:
    for name in client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.task_prefixes)):
        print(name)
";
    cluster.parallel().run((0..3).map(|_| delayed(node_of_task, ()))).unwrap();
    let names = cluster.ask(NAMES);
    assert!(names.lines().any(|name| name.ends_with("dask::node_of_task")), "{names}");
}

/// A task's fate is said with its worker and its host.
fn a_tasks_fate_is_said(cluster: &Cluster) {
    let fate = |n: u32| match n {
        1 => std::process::abort(),
        2 => panic!("two is not wanted"),
        3 => loop {
            std::thread::sleep(Duration::from_mins(1));
        },
        n => n,
    };
    let outcomes = cluster.parallel().timeout(Duration::from_secs(1)).outcomes();
    let outcomes = outcomes.run((0..5).map(|n| delayed(fate, (n,)))).unwrap();
    let error = |n: usize| outcomes[n].as_ref().unwrap_err();
    assert!(error(1).is_crash() && error(1).to_string().contains("SIGABRT"), "{}", error(1));
    assert!(error(2).is_panic() && error(2).to_string().contains("two is not wanted"), "{}", error(2));
    assert!(error(3).is_timeout(), "{}", error(3));
    assert!(error(3).worker().unwrap().contains("on the Dask cluster at tcp://"), "{}", error(3));
    assert_eq!((outcomes[0].as_ref().ok(), outcomes[4].as_ref().ok()), (Some(&0), Some(&4)));
}

/// What a task prints comes with its error.
fn what_tasks_print_is_captured(cluster: &Cluster) {
    let talks = |n: u32| {
        println!("out of {n}");
        eprintln!("err of {n}");
        assert!(n.is_multiple_of(2), "odd");
    };
    let outcomes = cluster.parallel().capture_output(true).outcomes();
    let outcomes = outcomes.run((0..8).map(|n| delayed(talks, (n,)))).unwrap();
    let errors: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    assert_eq!(errors.len(), 4);
    for error in errors {
        let n = error.index();
        assert_eq!(error.output().stdout(), format!("out of {n}\n").as_bytes());
        assert_eq!(error.output().stderr(), format!("err of {n}\n").as_bytes());
    }
}

/// Arrays of arguments are mapped on the nodes; results are the caller's own.
fn arrays_are_mapped(cluster: &Cluster) {
    let array = Array::from_vec((0..500_000).map(f64::from).collect(), &[500, 1000]).unwrap();
    let task = |x: Array<f64>, k: u64| (x.is_mapped(), x.rows(k as usize..k as usize + 1), x);
    for _ in 0..2 {
        let tasks = (0..6).map(|k| delayed(task, (array.clone(), k)));
        for (k, (mapped, row, mut whole)) in
            cluster.parallel().batch_size(1).run(tasks).unwrap().into_iter().enumerate()
        {
            assert!(mapped);
            assert_eq!((&row, &whole), (&array.rows(k..k + 1), &array));
            whole.make_mut()[0] = -1.0;
        }
    }
}

/// One of a file that the workers have is mapped from that file, when that is asked for.
fn arrays_of_files_are_mapped(cluster: &Cluster) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("array");
    let array = array_in_a_file(&path);
    let tasks = |file: &Path| {
        let file = file.to_str().unwrap().to_owned();
        (0..4).map(|_| delayed(sum_in_a_file, (array.clone(), file.clone()))).collect::<Vec<_>>()
    };
    let expected = [(array.iter().sum(), true); 4];
    let parallel = Parallel::new().backend(cluster.backend().shared_files(true)).batch_size(1);
    assert_eq!(parallel.clone().run(tasks(&path)).unwrap(), expected);
    // The next call finds it, and a connection that knows nothing of it is refused a file that has changed.
    assert_eq!(parallel.run(tasks(&path)).unwrap(), expected);
    fs::File::options().append(true).open(&path).unwrap().set_len(2_000_000).unwrap();
    let other = cluster.backend().shared_files(true).direct(false);
    let error = Parallel::new().backend(other).batch_size(1).run(tasks(&path)).unwrap_err();
    assert!(error.is_backend() && error.to_string().contains("has 2000000 bytes"), "{error}");
}

/// A call inside of a task stays on its node, and has its share of the node's processors.
fn inner_calls_stay(cluster: &Cluster) {
    let inner = || {
        let named =
            Parallel::new().backend(Dask::at("tcp://127.0.0.1:1")).run([delayed(u8::count_ones, (1,))]);
        let ambient = parallel_config().backend(Dask::at("tcp://127.0.0.1:1")).n_jobs(2);
        let ambient =
            ambient.scope(|| Parallel::new().run([delayed(node_of_task, ()), delayed(node_of_task, ())]));
        let share = effective_n_jobs(Some(-1)).unwrap();
        (named.unwrap_err().to_string(), ambient.unwrap(), node_of_task(), share)
    };
    // Both workers are on this host.
    let expected = (cpu_count() / 2).max(1);
    for (named, ambient, node, share) in cluster.parallel().run([delayed(inner, ())]).unwrap() {
        assert!(named.contains("stay on the node"), "{named}");
        assert_eq!((ambient, share), (vec![node.clone(), node], expected));
    }
}

/// What a task says is heard while it runs, and once.
fn events_come_while_a_task_runs(cluster: &Cluster) {
    Recorder::install();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("heard");
    let task = |path: PathBuf| {
        tracing::info!("a long task begins");
        let until = Instant::now() + Duration::from_secs(40);
        while !path.exists() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        path.exists()
    };
    std::thread::scope(|scope| {
        let call = scope.spawn(|| cluster.parallel().run([delayed(task, (path.clone(),))]).unwrap());
        while heard("a long task begins").is_empty() && !call.is_finished() {
            std::thread::sleep(Duration::from_millis(10));
        }
        fs::write(&path, "").unwrap();
        assert_eq!(call.join().unwrap(), [true]);
    });
    assert_eq!(heard("a long task begins").len(), 1);
}

/// Results stream in order, and a consumer may leave early.
fn results_stream(cluster: &Cluster) {
    let results =
        cluster.parallel().return_as(Generator).run((0_u64..).map(|n| delayed(u64::wrapping_mul, (n, 3))));
    let first: Vec<u64> = results.unwrap().take(50).collect::<Result<_, _>>().unwrap();
    assert_eq!(first, (0..50).map(|n| 3 * n).collect::<Vec<_>>());
}

/// A cancelled call ends its tasks at once, and the cluster serves the next one.
fn a_cancelled_call_ends_its_tasks(cluster: &Cluster) {
    let token = CancellationToken::new();
    let marks = tempfile::tempdir().unwrap();
    let (cancel, path) = (token.clone(), marks.path().to_owned());
    let canceller = std::thread::spawn(move || {
        let until = Instant::now() + Duration::from_mins(1);
        while fs::read_dir(&path).unwrap().count() < 2 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        cancel.cancel();
    });
    let sleep = |folder: PathBuf| {
        fs::write(folder.join(std::process::id().to_string()), "").unwrap();
        std::thread::sleep(Duration::from_mins(2));
    };
    let parallel = cluster.parallel().cancellation(&token).batch_size(1);
    let error = parallel.run((0..4).map(|_| delayed(sleep, (marks.path().to_owned(),)))).unwrap_err();
    assert!(error.is_cancelled(), "{error}");
    canceller.join().unwrap();
    for entry in fs::read_dir(marks.path()).unwrap() {
        let pid = entry.unwrap().file_name().to_str().unwrap().parse().unwrap();
        assert!(child::is_gone(Pid::from_raw(pid)));
    }
}

/// A worker that is killed costs nothing but time, and one that joins is used.
fn a_lost_worker_costs_nothing(cluster: &mut Cluster) {
    cluster.add_worker();
    let marks = tempfile::tempdir().unwrap();
    let mark = marks.path().join("killed");
    let victim = cluster.workers[0].id();
    let task = |n: u64, mark: PathBuf, victim: u32| {
        if n > 10 && fs::File::create_new(mark).is_ok() {
            let _ = kill(Pid::from_raw(victim.cast_signed()), Signal::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(20));
        n * n
    };
    let tasks = (0..100).map(|n| delayed(task, (n, mark.clone(), victim)));
    let results = cluster.parallel().batch_size(1).run(tasks).unwrap();
    assert_eq!(results, (0..100).map(|n| n * n).collect::<Vec<_>>());
    assert!(mark.exists());
    let marks = tempfile::tempdir().unwrap();
    let name = |marks: PathBuf| meet(&marks, 2);
    let tasks = (0..40).map(|_| delayed(name, (marks.path().to_owned(),)));
    let names = cluster.parallel().batch_size(1).run(tasks).unwrap();
    assert_eq!(
        names.into_iter().collect::<HashSet<_>>(),
        HashSet::from(["worker1".to_owned(), "worker2".to_owned()])
    );
}

#[test]
#[ignore = "a role that another test plays"]
fn a_program_that_prints_its_error() {
    let error = Parallel::new().backend("dask").run([delayed(u8::count_ones, (1,))]).unwrap_err();
    println!("ERROR {} {error}", error.is_usage());
}

#[test]
fn a_variable_with_a_malformed_value_is_an_error_that_names_both() {
    let malformed = [
        ("JOBLIB_DASK_WAIT", "soon"),
        ("JOBLIB_DASK_WAIT", "0"),
        ("JOBLIB_DASK_RECONNECT", "-1"),
        ("JOBLIB_DASK_DIRECT", "yes"),
    ];
    for (name, value) in malformed {
        let mut program = child::role("dask::a_program_that_prints_its_error");
        let printed = child::play(program.env(name, value).env("JOBLIB_PYTHON", "/no/such/python3"));
        assert!(printed.contains(&format!("ERROR true {name} is {value}:")), "{printed}");
    }
}

#[test]
#[ignore = "a role that another test plays"]
fn a_program_that_prints_its_result() {
    println!("RESULT {:?}", Parallel::new().backend("dask").run([delayed(u8::count_ones, (7,))]));
}

#[test]
fn the_scheduler_is_the_one_that_the_environment_names_first() {
    let Some(python) = python() else { return };
    let cluster = Cluster::start(python, 1);
    let file = cluster.folder.path().join("scheduler.json").into_os_string().into_string().unwrap();
    let variables = ["JOBLIB_DASK_ADDRESS", "DASK_SCHEDULER_ADDRESS", "JOBLIB_DASK_SCHEDULER_FILE"];
    let printed = |values: [&str; 3], wait: &str| {
        let mut program = child::role("dask::a_program_that_prints_its_result");
        program.envs(variables.into_iter().zip(values)).env("JOBLIB_DASK_WAIT", wait);
        child::play(program.env("JOBLIB_PYTHON", &cluster.python))
    };
    let (right, wrong) = (cluster.address.as_str(), "tcp://127.0.0.1:1");
    for values in [[right, wrong, "no file"], ["", right, "no file"], ["", "", &file]] {
        let printed = printed(values, "60");
        assert!(printed.contains("RESULT Ok([3])"), "{values:?}: {printed}");
    }
    let first = printed([wrong, right, &file], "1");
    assert!(first.contains(&format!("no Dask scheduler at {wrong}")), "{first}");
    let missing = printed(["", "", "/no/such/file"], "1");
    assert!(missing.contains("no scheduler file /no/such/file"), "{missing}");
}

#[test]
fn what_is_missing_is_an_error_that_says_what_to_do() {
    let error = |dask: Dask| {
        let error = Parallel::new().backend(dask).run([delayed(u8::count_ones, (1,))]).unwrap_err();
        assert!(error.is_backend(), "{error}");
        error.to_string()
    };
    let missing = error(Dask::at("tcp://127.0.0.1:1").python("/no/such/python3"));
    assert!(missing.contains("/no/such/python3") && missing.contains("JOBLIB_PYTHON"), "{missing}");
    let Some(python) = python() else { return };
    // Isolated from its packages, as a Python without Dask is.
    let folder = tempfile::tempdir().unwrap();
    let bare = folder.path().join("python3");
    fs::write(&bare, format!("#!/bin/sh\nexec '{}' -I -S \"$@\"\n", python.display())).unwrap();
    fs::set_permissions(&bare, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let without = error(Dask::at("tcp://127.0.0.1:1").python(&bare));
    assert!(without.contains("pip install distributed"), "{without}");
    let python = joblib_tests::dask::bridges(&python);
    let dask = |dask: Dask| dask.python(&python).wait_for_workers(1, Duration::from_millis(300));
    let nobody = error(dask(Dask::at("tcp://127.0.0.1:1")));
    assert!(nobody.contains("no Dask scheduler at tcp://127.0.0.1:1"), "{nobody}");
    assert!(!nobody.contains("tls://"), "{nobody}");
    let no_time = Dask::at("tcp://127.0.0.1:1").wait_for_workers(1, Duration::ZERO);
    let no_time = Parallel::new().backend(no_time).run([delayed(u8::count_ones, (1,))]).unwrap_err();
    assert!(no_time.is_usage() && no_time.to_string().contains("wait_for_workers"), "{no_time}");
    let nowhere = error(dask(Dask::new()));
    assert!(nowhere.contains("JOBLIB_DASK_ADDRESS"), "{nowhere}");
    let tls = error(dask(Dask::at("tls://127.0.0.1:1").tls("/no/ca.pem", "/no/cert.pem", "/no/key.pem")));
    assert!(tls.contains("the ca file /no/ca.pem can't be read"), "{tls}");
    let unencrypted = error(dask(Dask::at("tls://127.0.0.1:1")));
    assert!(unencrypted.contains("tls://127.0.0.1:1"), "{unencrypted}");
}

#[test]
fn a_local_cluster_is_started_where_that_is_asked_for() {
    let Some(python) = python() else { return };
    let parallel = Parallel::new().backend(Dask::new().local(true).python(python));
    let results = parallel.run((0..20_u64).map(|n| delayed(u64::pow, (n, 2)))).unwrap();
    assert_eq!(results, (0..20).map(|n| n * n).collect::<Vec<u64>>());
    shutdown_workers();
}
