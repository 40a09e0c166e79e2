//! A cluster that grows and shrinks.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use joblib_parallel::{Parallel, cpu_count, delayed, effective_n_jobs, parallel_config, shutdown_workers};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::cluster::{Cluster, python};
use super::meet;

/// Waits for tasks of so many workers; returns when it ran, since the Unix epoch.
#[allow(clippy::needless_pass_by_value, reason = "tasks own their arguments")]
fn busy(marks: PathBuf, workers: usize) -> (Duration, Duration) {
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let start = now();
    meet(&marks, workers);
    std::thread::sleep(Duration::from_millis(20));
    (start, now())
}

/// The most tasks that ran at the same time.
fn at_once(times: &[(Duration, Duration)]) -> usize {
    let running =
        |moment: Duration| times.iter().filter(|(start, end)| *start <= moment && moment < *end).count();
    times.iter().map(|(start, _)| running(*start)).max().unwrap_or_default()
}

fn effective_comes_to(cluster: &Cluster, expected: usize) {
    let until = Instant::now() + Duration::from_secs(40);
    let dask = cluster.backend().wait_for_workers(1, Duration::from_mins(1));
    parallel_config().backend(dask).scope(|| {
        while effective_n_jobs(None).unwrap() != expected {
            assert!(Instant::now() < until, "{} is not {expected}", effective_n_jobs(None).unwrap());
            std::thread::sleep(Duration::from_millis(100));
        }
        // Of a number there are so many, whatever the cluster has.
        assert_eq!(effective_n_jobs(Some(3)).unwrap(), 3);
        assert_eq!(effective_n_jobs(Some(-2)).unwrap(), (expected - 1).max(1));
    });
}

#[test]
fn all_workers_are_those_that_the_cluster_has_as_it_grows_and_shrinks() {
    let Some(python) = python() else { return };
    let mut cluster = Cluster::start(python, 1);
    let dask = cluster.backend();
    let wait = |workers, timeout| dask.clone().wait_for_workers(workers, timeout);
    effective_comes_to(&cluster, 1);
    // The time includes that to connect, which takes long on a busy host.
    let few = (0..6).map(|doublings| {
        let few = wait(2, Duration::from_secs(1 << doublings));
        Parallel::new().backend(few).run([delayed(u8::count_ones, (3,))]).unwrap_err()
    });
    let few = { few }.find(|error| !error.to_string().contains("does not answer")).unwrap();
    assert!(few.is_backend() && few.to_string().contains("has 1 of 2 workers after "), "{few}");
    // A cluster of one thread is a cluster: what only the surroundings name is not left for the caller's own thread.
    let process = parallel_config()
        .backend(dask.clone())
        .scope(|| Parallel::new().run([delayed(std::process::id, ())]));
    assert_ne!(process.unwrap(), [std::process::id()]);

    // Some workers join, and tasks wait until they have come to use them.
    let marks = tempfile::tempdir().unwrap();
    let tasks = (0..40).map(|n| {
        if n == 3 {
            (0..3).for_each(|_| cluster.add_worker());
        }
        delayed(busy, (marks.path().to_owned(), if n < 3 { 1 } else { 3 }))
    });
    let times = Parallel::new().backend(dask.clone()).n_jobs(-1).batch_size(1).run(tasks).unwrap();
    assert!(
        at_once(&times) >= 3,
        "the call did not come to use the workers that joined: {}",
        at_once(&times)
    );

    effective_comes_to(&cluster, 4);
    // A number is the most that run at a time, on however many workers.
    let marks = tempfile::tempdir().unwrap();
    let tasks = || (0..40).map(|_| delayed(busy, (marks.path().to_owned(), 2)));
    let times = Parallel::new().backend(dask.clone()).n_jobs(2).batch_size(1).run(tasks()).unwrap();
    assert_eq!(at_once(&times), 2);

    for worker in &cluster.workers[2..] {
        kill(Pid::from_raw(worker.id().cast_signed()), Signal::SIGKILL).unwrap();
    }
    effective_comes_to(&cluster, 2);
    let times = Parallel::new().backend(dask.clone()).n_jobs(-1).batch_size(1).run(tasks()).unwrap();
    assert_eq!(times.len(), 40);

    // A call waits for as many workers as it was told to.
    let enough = wait(3, Duration::from_mins(1));
    std::thread::scope(|scope| {
        let call = scope.spawn(|| Parallel::new().backend(enough).run([delayed(u8::count_ones, (3,))]));
        cluster.add_worker();
        assert_eq!(call.join().unwrap().unwrap(), [2]);
    });
}

/// Waits until all tasks have this share of the host's processors.
fn shares_come_to(cluster: &Cluster, workers: usize) {
    let share = || {
        std::thread::sleep(Duration::from_millis(30));
        effective_n_jobs(Some(-1)).unwrap()
    };
    let expected = vec![(cpu_count() / workers).max(1); 8];
    let until = Instant::now() + Duration::from_secs(40);
    let dask = cluster.backend().wait_for_workers(workers, Duration::from_mins(1));
    let call = Parallel::new().backend(dask).batch_size(1);
    loop {
        let shares = call.run((0..8).map(|_| delayed(share, ()))).unwrap();
        if shares == expected {
            return;
        }
        assert!(Instant::now() < until, "{shares:?} is not {expected:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn tasks_have_their_share_of_a_host_as_workers_join_and_leave_it() {
    let Some(python) = python() else { return };
    let mut cluster = Cluster::start(python, 1);
    shares_come_to(&cluster, 1);
    cluster.add_worker();
    effective_comes_to(&cluster, 2);
    shares_come_to(&cluster, 2);
    // One leaves while no caller is there to tell the other.
    shutdown_workers();
    kill(Pid::from_raw(cluster.workers[1].id().cast_signed()), Signal::SIGKILL).unwrap();
    effective_comes_to(&cluster, 1);
    shares_come_to(&cluster, 1);
}
