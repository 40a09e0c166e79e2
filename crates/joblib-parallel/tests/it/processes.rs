//! What only worker processes can do: survive crashes, kill what is too slow, share arrays, be limited.

use std::time::{Duration, Instant};

use joblib_array::Array;
use joblib_parallel::{Backend, Cause, Generator, Parallel, delayed};

fn square(n: u64) -> u64 {
    n * n
}

fn parallel() -> Parallel {
    Parallel::new().backend(Backend::Loky).n_jobs(2)
}

/// Kills its process by `signal` for every `every`-th number.
fn dies(n: u64, every: u64, signal: i32) -> u64 {
    if n % every == every - 1 {
        // SAFETY: the signal goes to this very process.
        unsafe { libc::raise(signal) };
    }
    n
}

fn leave(code: i32) {
    std::process::exit(code)
}

#[test]
fn tasks_run_in_other_processes_that_are_kept() {
    let pids = |parallel: Parallel| {
        let pids = parallel.run((0..40).map(|_| delayed(std::process::id, ()))).unwrap();
        pids.into_iter().collect::<std::collections::BTreeSet<_>>()
    };
    let own = || parallel().env("KEPT_PROCESSES", "1");
    let (first, second) = (pids(own()), pids(own()));
    assert!(!first.contains(&std::process::id()) && first.len() <= 2);
    assert!(!first.is_disjoint(&second), "{first:?} {second:?}");
}

#[test]
fn a_crash_names_its_task_and_signal_and_costs_no_other_task() {
    // Every signal that ends a program, but for SIGPIPE, which Rust programs ignore; and one without a name.
    for signal in (1..=15).chain([24, 25, 26, 27, 29, 30, 31, 40]).filter(|signal| *signal != libc::SIGPIPE) {
        let outcomes = parallel().outcomes().run((0..100).map(|n| delayed(dies, (n, 40, signal)))).unwrap();
        for (n, outcome) in (0..).zip(&outcomes) {
            match outcome {
                Ok(value) => assert_eq!(*value, n),
                Err(error) => {
                    assert_eq!(n % 40, 39, "{error}");
                    let Cause::Crash(crash) = error.cause() else { panic!("{error}") };
                    assert_eq!(crash.signal, Some(signal), "{error}");
                    assert_eq!(error.arguments(), format!("{n}, 40, {signal}"));
                    assert!(error.worker().unwrap().contains("pid"));
                }
            }
        }
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_err()).count(), 2);
    }
    let error = parallel().run((0..100).map(|n| delayed(dies, (n, 40, libc::SIGSEGV)))).unwrap_err();
    assert!(error.is_crash() && error.to_string().contains("SIGSEGV"), "{error}");
}

#[test]
fn an_exit_inside_a_task_is_a_crash_with_its_code() {
    let leave = |n: i32| {
        if n == 3 {
            std::process::exit(7);
        }
        n
    };
    let error = parallel().run((0..10).map(|n| delayed(leave, (n,)))).unwrap_err();
    assert!(error.is_crash() && error.to_string().contains("code 7"), "{error}");
}

#[test]
fn a_task_that_crashes_once_succeeds_with_retries() {
    let folder = tempfile::tempdir().unwrap();
    let once = |path: String| {
        if std::fs::File::create_new(path).is_ok() {
            std::process::abort();
        }
    };
    let path = |n: i32| folder.path().join(n.to_string()).to_str().unwrap().to_owned();
    parallel().retries(1).run((0..3).map(|n| delayed(once, (path(n),)))).unwrap();
}

#[test]
fn a_task_is_tried_as_often_as_retries_says_and_its_error_has_the_crash_of_each_attempt() {
    let error =
        parallel().retries(9).run((0..10).map(|n| delayed(dies, (n, 10, libc::SIGKILL)))).unwrap_err();
    let task = error.task().unwrap();
    assert_eq!((task.index(), task.attempts()), (9, 10));
    assert!(task.crashes().iter().all(|crash| crash.signal == Some(libc::SIGKILL)), "{error}");
    assert_eq!(task.crashes().len(), 10);
    assert!(error.to_string().contains("attempt 10; before: 1 to 9: its worker process died"), "{error}");
}

#[test]
fn a_failure_after_a_crash_keeps_the_crash() {
    let folder = tempfile::tempdir().unwrap();
    let fails = |path: String| {
        assert!(std::fs::File::create_new(path).is_ok(), "the second time");
        leave(4);
    };
    let path = folder.path().join("mark").to_str().unwrap().to_owned();
    let error = parallel().retries(3).run([delayed(fails, (path,))]).unwrap_err();
    let task = error.task().unwrap();
    assert!(task.is_panic() && task.attempts() == 2, "{error}");
    assert_eq!(task.crashes().iter().map(|crash| crash.exit_code).collect::<Vec<_>>(), [Some(4)]);
}

#[test]
fn a_task_that_is_too_slow_is_killed_with_its_children_and_the_others_go_on() {
    let slow = |n: u64| {
        if n == 5 {
            std::process::Command::new("sleep").arg("1000").spawn().unwrap().wait().unwrap();
        }
        n
    };
    let limit = Duration::from_secs(1);
    let started = Instant::now();
    let outcomes = parallel().timeout(limit).outcomes().run((0..50).map(|n| delayed(slow, (n,)))).unwrap();
    assert!(started.elapsed() < Duration::from_mins(1));
    assert!(outcomes[5].as_ref().unwrap_err().is_timeout());
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 49);
}

#[test]
fn a_worker_that_is_stopped_is_killed_when_its_task_is_out_of_time() {
    let limit = Duration::from_secs(1);
    let outcomes = parallel()
        .timeout(limit)
        .outcomes()
        .run((0..10).map(|n| delayed(dies, (n, 10, libc::SIGSTOP))))
        .unwrap();
    assert!(outcomes[9].as_ref().unwrap_err().is_timeout());
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 9);
}

#[test]
fn hitting_the_memory_limit_is_named() {
    let eat = |megabytes: usize| {
        let mut all = vec![0_u8; 1 << 20];
        while all.len() < megabytes << 20 {
            all.extend_from_within(..);
        }
        all.len()
    };
    let limited = parallel().memory_limit(256 << 20);
    let outcomes = limited.outcomes().run([1, 1024, 2].map(|mb| delayed(eat, (mb,)))).unwrap();
    assert_eq!(*outcomes[2].as_ref().unwrap(), 2 << 20);
    let error = outcomes[1].as_ref().unwrap_err();
    assert!(error.is_memory_limit(), "{error}");
    assert!(error.to_string().contains("memory limit of 268435456 bytes"), "{error}");
}

#[test]
fn a_worker_with_a_memory_limit_dies_of_an_abort_that_somebody_sends() {
    let outcomes = parallel()
        .memory_limit(8 << 30)
        .timeout(Duration::from_mins(1))
        .outcomes()
        .run((0..4).map(|n| delayed(dies, (n, 4, libc::SIGABRT))))
        .unwrap();
    let error = outcomes[3].as_ref().unwrap_err();
    assert!(error.is_crash() && error.to_string().contains("SIGABRT"), "{error}");
    assert!(!error.is_memory_limit(), "{error}");
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
}

#[test]
fn large_arrays_are_mapped_read_only_and_results_come_back_the_same_way() {
    let array: Array<f64> = Array::from_fn(&[1000, 1000], |index| (index[0] * 1000 + index[1]) as f64);
    let sum = |array: Array<f64>, k: usize| {
        assert!(array.is_mapped());
        array.as_slice()[k * 1000..(k + 1) * 1000].iter().sum::<f64>()
    };
    let sums = parallel().run((0..20).map(|k| delayed(sum, (array.clone(), k)))).unwrap();
    assert!((sums[1] - (1000..2000).sum::<i64>() as f64).abs() < 1e-9);

    let double = |array: Array<f64>| {
        Array::from_vec(array.as_slice().iter().map(|x| 2.0 * x).collect(), &[1000, 1000])
    };
    let doubled = parallel()
        .run((0..3).map(|_| delayed(move |a: Array<f64>| double(a).unwrap(), (array.clone(),))))
        .unwrap();
    for mut result in doubled {
        assert!(result.is_mapped());
        assert!((result.as_slice()[999_999] - 2.0 * 999_999.0).abs() < 1e-9);
        result.make_mut()[0] = 5.0;
    }

    let inline =
        parallel().max_nbytes(None).run([delayed(|array: Array<f64>| array.is_mapped(), (array.clone(),))]);
    assert_eq!(inline.unwrap(), [false]);
    let folder = tempfile::tempdir().unwrap();
    let on_disk = parallel().temp_folder(folder.path()).run([delayed(sum, (array.clone(), 2))]).unwrap();
    assert_eq!(on_disk, [(2000..3000).sum::<i64>() as f64]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn initializer_environment_and_nice_reach_the_workers() {
    let init = |value: String| {
        // SAFETY: a worker has one thread of the user's when it is set up.
        unsafe { std::env::set_var("FROM_INITIALIZER", value) };
    };
    let look = || {
        (std::env::var("FROM_INITIALIZER").ok(), std::env::var("OMP_NUM_THREADS").ok(), unsafe {
            // SAFETY: it takes and returns numbers only.
            libc::getpriority(libc::PRIO_PROCESS, 0)
        })
    };
    let seen = parallel()
        .initializer(delayed(init, ("hello".to_owned(),)))
        .env("OMP_NUM_THREADS", "3")
        .nice(7)
        .run([delayed(look, ())])
        .unwrap();
    assert_eq!(seen, [(Some("hello".to_owned()), Some("3".to_owned()), 7)]);
    let error = parallel()
        .initializer(delayed(|| panic!("no licence"), ()))
        .run([delayed(square, (1,))])
        .unwrap_err();
    assert!(error.is_backend() && error.to_string().contains("no licence"), "{error}");
}

#[test]
fn workers_that_die_before_they_begin_a_task_end_the_call() {
    let error = parallel()
        .initializer(delayed(|| std::process::exit(3), ()))
        .run((0..3).map(|n| delayed(square, (n,))))
        .unwrap_err();
    assert!(error.is_backend() && error.to_string().contains("before it began a task"), "{error}");
}

#[test]
fn a_forked_worker_that_an_interrupt_reaches_dies_of_it_and_the_call_goes_on() {
    let forks = Parallel::new().backend(Backend::Multiprocessing).n_jobs(2).outcomes();
    let outcomes = forks.run((0..4).map(|n| delayed(dies, (n, 4, libc::SIGINT)))).unwrap();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    let error = outcomes.into_iter().find_map(Result::err).unwrap();
    assert!(error.to_string().contains("SIGINT"), "{error}");
}

#[test]
fn forked_workers_start_whatever_number_of_threads_a_task_may_use() {
    let forks = Parallel::new().backend(Backend::Multiprocessing).n_jobs(2);
    let results = forks.inner_max_num_threads(usize::MAX).run((0..3).map(|n| delayed(square, (n,))));
    assert_eq!(results.unwrap(), [0, 1, 4]);
}

#[test]
fn names_that_no_variable_can_have_are_refused() {
    for name in ["", "a=b", "a\0b"] {
        let error = parallel().env(name, "c").run([delayed(square, (1,))]).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("env"), "{error}");
    }
}

#[test]
fn workers_are_recycled_after_their_number_of_tasks() {
    let pids = parallel()
        .recycle_after_tasks(5)
        .batch_size(5)
        .run((0..40).map(|_| delayed(std::process::id, ())))
        .unwrap();
    let different: std::collections::HashSet<u32> = pids.into_iter().collect();
    assert!(different.len() >= 8, "{different:?}");
}

#[test]
fn ten_thousand_tiny_tasks_with_crashes_stream_in_order() {
    let results =
        parallel().outcomes().return_as(Generator).run((0..10_000).map(|n| delayed(dies, (n, 2000, 9))));
    let mut failed = 0;
    for (n, outcome) in (0..).zip(results.unwrap()) {
        match outcome.unwrap() {
            Ok(value) => assert_eq!(value, n),
            Err(error) => {
                assert_eq!(error.index() as u64, n);
                failed += 1;
            }
        }
    }
    assert_eq!(failed, 5);
}

#[test]
fn an_undecodable_result_is_that_tasks_failure() {
    #[derive(serde::Serialize)]
    struct Picky(i32);
    impl<'de> serde::Deserialize<'de> for Picky {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let n = i32::deserialize(deserializer)?;
            if n == 2 { Err(serde::de::Error::custom("2 is refused")) } else { Ok(Picky(n)) }
        }
    }
    let outcomes = parallel().outcomes().run((0..4).map(|n| delayed(Picky, (n,)))).unwrap();
    assert!(
        matches!(outcomes[2].as_ref().err().unwrap().cause(), Cause::DecodeResult(why) if why.contains("refused"))
    );
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    let outcomes = parallel().outcomes().run((0..4).map(|n| delayed(|p: Picky| p.0, (Picky(n),)))).unwrap();
    assert!(matches!(outcomes[2].as_ref().unwrap_err().cause(), Cause::EncodeArguments(_)));
}

#[test]
fn a_result_that_panics_while_it_is_encoded_is_that_tasks_failure() {
    #[derive(serde::Deserialize)]
    struct Angry(i32);
    impl serde::Serialize for Angry {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            assert!(self.0 != 2, "2 is not to be written");
            serializer.serialize_i32(self.0)
        }
    }
    let outcomes = parallel().outcomes().run((0..4).map(|n| delayed(Angry, (n,)))).unwrap();
    let error = outcomes[2].as_ref().err().unwrap();
    assert!(error.is_panic() && error.to_string().contains("2 is not to be written"), "{error}");
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
}

#[test]
fn settings_of_workers_are_refused_where_there_are_none() {
    let error = Parallel::new()
        .backend(Backend::Threading)
        .n_jobs(2)
        .nice(1)
        .run([delayed(square, (1,))])
        .unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("nice"), "{error}");
}

#[test]
fn retries_are_refused_where_no_worker_can_die_alone() {
    for (backend, n_jobs) in [(Backend::Threading, 2), (Backend::Threading, 1), (Backend::Sequential, 1)] {
        let parallel = Parallel::new().backend(backend).n_jobs(n_jobs);
        let error = parallel.clone().retries(2).run([delayed(square, (1,))]).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("retries"), "{error}");
        assert_eq!(parallel.retries(0).run([delayed(square, (3,))]).unwrap(), [9]);
    }
}

#[test]
fn a_crash_is_named_where_the_program_was_started_with_sigchld_ignored() {
    crate::child::play(&mut crate::child::role("processes::a_program_that_ignores_its_children"));
}

#[test]
#[ignore = "run by a_crash_is_named_where_the_program_was_started_with_sigchld_ignored"]
fn a_program_that_ignores_its_children() {
    // SAFETY: ignoring a signal runs no code.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    for backend in ["loky", "multiprocessing"] {
        let parallel = Parallel::new().backend(backend).n_jobs(2);
        let error = parallel.run((0..4).map(|n| delayed(dies, (n, 4, libc::SIGTERM)))).unwrap_err();
        assert!(error.to_string().contains("SIGTERM"), "{backend}: {error}");
    }
}

#[test]
fn no_more_workers_are_started_than_there_is_work_for() {
    let parallel = Parallel::new().backend(Backend::Loky).n_jobs(500).env("MANY_WORKERS", "1");
    let pids = parallel.run((0..1000).map(|_| delayed(std::process::id, ()))).unwrap();
    let different: std::collections::HashSet<u32> = pids.into_iter().collect();
    assert!(different.len() < 100, "{} workers for 1000 tiny tasks", different.len());
}

#[test]
fn all_workers_are_started_for_tasks_that_wait() {
    let wait = || {
        std::thread::sleep(Duration::from_millis(500));
        std::process::id()
    };
    let parallel = Parallel::new().backend(Backend::Loky).n_jobs(12).batch_size(1).env("MANY_WORKERS", "2");
    let pids = parallel.run((0..24).map(|_| delayed(wait, ()))).unwrap();
    let different: std::collections::HashSet<u32> = pids.into_iter().collect();
    assert!(different.len() >= 6, "{different:?}");
}

#[test]
fn an_idle_worker_that_dies_takes_the_processes_of_its_tasks_along() {
    #[allow(clippy::zombie_processes, reason = "that it is left behind is what is tested")]
    let leaves_a_process = || {
        let sleep = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        (std::process::id(), sleep.id())
    };
    let parallel = Parallel::new().backend(Backend::Loky).env("IDLE_DEATH", "1");
    let [(worker, left)] = parallel.run([delayed(leaves_a_process, ())]).unwrap()[..] else { panic!() };
    let pid = |number: u32| nix::unistd::Pid::from_raw(number.cast_signed());
    nix::sys::signal::kill(pid(worker), nix::sys::signal::Signal::SIGKILL).unwrap();
    // No other call is needed.
    assert!(crate::child::is_gone(pid(left)));
    assert!(crate::child::comes_to(pid(worker), |state| state.is_none()), "it is collected too");
}

#[test]
fn results_can_be_consumed_on_another_thread() {
    for backend in ["sequential", "threading", "loky", "multiprocessing"] {
        let parallel = Parallel::new().n_jobs(2).backend(backend).return_as(Generator);
        let results = parallel.run((0..10).map(|n| delayed(square, (n,)))).unwrap();
        let sum = std::thread::spawn(move || results.sum::<Result<u64, _>>());
        assert_eq!(sum.join().unwrap().unwrap(), 285, "{backend}");
    }
}

#[test]
fn results_that_a_worker_had_sent_before_it_died_are_not_lost() {
    use std::path::{Path, PathBuf};

    /// Far more than is read at once, and less than a socket takes.
    const LEN: usize = 100_000;

    #[allow(clippy::needless_pass_by_value, reason = "tasks own their arguments")]
    fn sends_or_dies(n: u32, folder: PathBuf) -> Vec<u8> {
        if n == 1 {
            std::fs::write(folder.join("dies"), std::process::id().to_string()).unwrap();
            dies(0, 1, libc::SIGKILL);
        }
        // Long enough for the outcome to be sent without delay.
        std::thread::sleep(Duration::from_millis(50));
        let runs = std::fs::read(folder.join(n.to_string())).unwrap_or_default();
        std::fs::write(folder.join(n.to_string()), [runs, vec![b'x']].concat()).unwrap();
        vec![1; LEN]
    }

    let wait_for_death = |folder: &Path| {
        let until = Instant::now() + Duration::from_mins(1);
        let pid = loop {
            let pid = std::fs::read_to_string(folder.join("dies")).unwrap_or_default().parse::<i32>();
            match pid {
                Ok(pid) => break pid,
                Err(_) => assert!(Instant::now() < until, "no worker came to the second task"),
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        assert!(crate::child::is_gone(nix::unistd::Pid::from_raw(pid)));
    };
    for backend in [Backend::Loky, Backend::Multiprocessing] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let tasks = (0..3).map(|n| {
            // The caller is busy while its worker works, and dies.
            if n == 2 {
                wait_for_death(&path);
            }
            delayed(sends_or_dies, (n, path.clone()))
        });
        let parallel = Parallel::new().backend(backend.clone()).n_jobs(1).batch_size(2).pre_dispatch("all");
        let outcomes = parallel.outcomes().run(tasks).unwrap();
        assert!(outcomes[1].as_ref().unwrap_err().is_crash(), "{backend}");
        for n in [0, 2] {
            assert_eq!(outcomes[n].as_ref().unwrap().len(), LEN, "{backend}");
            let runs = std::fs::read_to_string(path.join(n.to_string())).unwrap();
            assert_eq!(runs, "x", "{backend}: task {n} ran again");
        }
    }
}
