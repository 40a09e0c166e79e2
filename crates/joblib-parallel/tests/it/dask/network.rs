//! The network between the caller and the scheduler: what is sent, and what happens when it is cut, encrypted or refused.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use joblib_array::Array;
use joblib_parallel::backend::Dask;
use joblib_parallel::{Parallel, delayed, shutdown_workers};

use super::cluster::{Cluster, python};
use super::meet;
use crate::child;

/// What a proxy does with what arrives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// Nothing passes, and nobody is told.
    Silent,
    /// Connections are closed, and new ones are.
    Closed,
}

/// A proxy in front of a server, which counts the bytes that go to it.
struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    server: String,
    way: Mutex<Way>,
    open: Mutex<Vec<TcpStream>>,
    sent: AtomicU64,
}

impl Proxy {
    fn start(server: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            server: server.split_once("://").unwrap().1.to_owned(),
            way: Mutex::new(Way::Open),
            open: Mutex::default(),
            sent: AtomicU64::new(0),
        });
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if *of_thread.way.lock().unwrap() == Way::Closed {
                    continue;
                }
                let Ok(server) = TcpStream::connect(&of_thread.server) else { continue };
                for end in [&client, &server] {
                    of_thread.open.lock().unwrap().push(end.try_clone().unwrap());
                }
                let ends = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (to, from) = (Arc::clone(&of_thread), Arc::clone(&of_thread));
                thread::spawn(move || to.pass(client, server, true));
                thread::spawn(move || from.pass(ends.1, ends.0, false));
            }
        });
        Proxy { port, shared }
    }

    fn address(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    fn set(&self, way: Way) {
        *self.shared.way.lock().unwrap() = way;
        if way == Way::Closed {
            for end in self.shared.open.lock().unwrap().drain(..) {
                let _ = end.shutdown(Shutdown::Both);
            }
        }
    }

    /// How many bytes were sent to the server since the last time.
    fn take_sent(&self) -> u64 {
        self.shared.sent.swap(0, Ordering::Relaxed)
    }
}

impl Shared {
    fn pass(&self, mut from: TcpStream, mut to: TcpStream, counts: bool) {
        let mut piece = vec![0; 1 << 16];
        while let Ok(read @ 1..) = from.read(&mut piece) {
            while *self.way.lock().unwrap() == Way::Silent {
                thread::sleep(Duration::from_millis(5));
            }
            if counts {
                self.sent.fetch_add(read as u64, Ordering::Relaxed);
            }
            if to.write_all(&piece[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    }
}

fn through(proxy: &Proxy, cluster: &Cluster) -> Dask {
    Dask::at(proxy.address("tcp")).python(&cluster.python).wait_for_workers(2, Duration::from_mins(1))
}

fn squared(n: u64) -> u64 {
    thread::sleep(Duration::from_millis(20));
    n * n
}

/// A call of 100 tasks, while `meanwhile` runs once some have come back.
fn call(dask: &Dask, meanwhile: impl FnOnce() + Send) -> joblib_parallel::Result<Vec<u64>> {
    let (begun, begin) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || begin.recv().is_ok().then(meanwhile));
        let tasks = (0..100).inspect(move |n| {
            if *n == 20 {
                let _ = begun.send(());
            }
        });
        Parallel::new().backend(dask.clone()).batch_size(1).run(tasks.map(|n| delayed(squared, (n,))))
    })
}

#[test]
fn a_network_that_is_cut_and_healed_costs_time_only_and_one_that_stays_cut_ends_the_call() {
    let Some(python) = python() else { return };
    let cluster = Cluster::start(python, 2);
    let proxy = Proxy::start(&cluster.address);
    let dask = through(&proxy, &cluster);
    let squares: Vec<u64> = (0..100).map(|n| n * n).collect();
    assert_eq!(call(&dask, || ()).unwrap(), squares);
    for way in [Way::Silent, Way::Closed, Way::Closed] {
        let cut = || {
            proxy.set(way);
            thread::sleep(Duration::from_millis(500));
            proxy.set(Way::Open);
        };
        assert_eq!(call(&dask, cut).unwrap(), squares);
    }
    // An array has to be sent again, as the scheduler has dropped the caller's data, and workers may miss it.
    let array = Array::from_vec(vec![2.5; 300_000], &[300_000]).unwrap();
    let sum = |array: Array<f64>| array.iter().sum::<f64>() as u64;
    let sums = || {
        let tasks = (0..8).map(|_| delayed(sum, (array.clone(),)));
        Parallel::new().backend(dask.clone()).batch_size(1).run(tasks).unwrap()
    };
    assert_eq!(sums(), [750_000; 8]);
    proxy.set(Way::Closed);
    thread::sleep(Duration::from_millis(500));
    proxy.set(Way::Open);
    assert_eq!(sums(), [750_000; 8]);

    // As long as that is waited for.
    let patience = Duration::from_millis(1500);
    let mut cut_at = None;
    let impatient = dask.clone().reconnect_timeout(patience);
    let cut = || {
        cut_at = Some(Instant::now());
        proxy.set(Way::Closed);
    };
    let error = call(&impatient, cut).unwrap_err();
    assert!(
        error.is_backend() && error.to_string().contains("the connection to the scheduler at"),
        "{error}"
    );
    let waited = cut_at.unwrap().elapsed();
    assert!((patience..Duration::from_secs(30)).contains(&waited), "{waited:?}");
    let completed = error.into_completed::<u64>().unwrap();
    assert!(completed.iter().flatten().count() >= 10);
    // The next call makes another connection.
    proxy.set(Way::Open);
    assert_eq!(call(&dask, || ()).unwrap(), squares);
}

/// Does in each worker what a scheduler has it do that notices late that the caller's connection before the last has ended.
const LATE_END: &str = "
import sys
from distributed import Client

def late_end():
    [module] = [module for name, module in sys.modules.items() if name.startswith('joblib_rs_shim_')]
    for session, agent in list(module.agents.items()):
        assert agent.generation > 0, 'its agent is of the first connection'
        module.leave(session, agent.generation - 1)
    return len(module.agents)

with Client(sys.argv[1]) as client:
    assert list(client.run(late_end).values()) == [1, 1]
";

#[test]
fn the_end_of_a_connection_that_is_noticed_late_leaves_what_the_next_one_uses() {
    let Some(python) = python() else { return };
    let cluster = Cluster::start(python, 2);
    let proxy = Proxy::start(&cluster.address);
    let dask = through(&proxy, &cluster);
    call(&dask, || ()).unwrap();
    let cut = || {
        proxy.set(Way::Closed);
        thread::sleep(Duration::from_millis(500));
        proxy.set(Way::Open);
    };
    call(&dask, cut).unwrap();

    // Each task leaves a mark when it begins, and one that runs again another one.
    let marks = tempfile::tempdir().unwrap();
    let task = |folder: PathBuf| {
        let pid = std::process::id();
        std::fs::write(folder.join(pid.to_string()), "").unwrap();
        let until = Instant::now() + Duration::from_mins(1);
        while !folder.join("end").exists() && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
        pid
    };
    let begun = || std::fs::read_dir(marks.path()).unwrap().count();
    thread::scope(|scope| {
        let tasks = (0..2).map(|_| delayed(task, (marks.path().to_owned(),)));
        let call = scope.spawn(|| Parallel::new().backend(dask.clone()).batch_size(1).run(tasks));
        let until = Instant::now() + Duration::from_mins(1);
        while begun() < 2 && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
        let late = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| cluster.ask(LATE_END)));
        std::fs::write(marks.path().join("end"), "").unwrap();
        late.unwrap();
        let pids = call.join().unwrap().unwrap();
        assert!(pids.iter().all(|pid| marks.path().join(pid.to_string()).exists()));
    });
    assert_eq!(begun(), 3, "a task began again");
}

#[test]
#[ignore = "a role that another test plays"]
fn a_program_that_runs_one_task() {
    assert_eq!(Parallel::new().backend("dask").run([delayed(squared, (3,))]).unwrap(), [9]);
}

#[test]
fn an_array_is_sent_once_for_all_nodes_and_calls_and_the_program_once_for_all_runs() {
    const BYTES: u64 = 20_000_000;
    let Some(python) = python() else { return };
    let cluster = Cluster::start(python, 2);
    let proxy = Proxy::start(&cluster.address);
    let dask = through(&proxy, &cluster);
    let run = || {
        let mut role = child::role("dask::network::a_program_that_runs_one_task");
        role.env("JOBLIB_DASK_ADDRESS", proxy.address("tcp")).env("JOBLIB_PYTHON", &cluster.python);
        child::play(role.env("JOBLIB_DASK_WAIT", "60"));
        proxy.take_sent()
    };
    let (first, second) = (run(), run());
    assert!(first > 1_000_000 && second < 200_000, "the program was sent with {first}, then {second} bytes");
    println!("a program: {first} bytes sent in its first run, {second} in the next one");

    let array = Array::from_vec(vec![1.5; BYTES as usize / 8], &[BYTES as usize / 8]).unwrap();
    let task = |array: Array<f64>, k: usize, marks: PathBuf| {
        let name = meet(&marks, 2);
        (array.as_slice()[k].to_bits(), name)
    };
    let call = |dask: &Dask| {
        let marks = tempfile::tempdir().unwrap();
        let tasks = (0..40).map(|k| delayed(task, (array.clone(), k, marks.path().to_owned())));
        let results = Parallel::new().backend(dask.clone()).batch_size(1).run(tasks).unwrap();
        assert!(results.iter().all(|(value, _)| *value == 1.5_f64.to_bits()));
        let nodes: std::collections::HashSet<_> = results.into_iter().map(|(_, node)| node).collect();
        assert_eq!(nodes.len(), 2, "both workers had the array");
        proxy.take_sent()
    };
    // Where the caller is to reach no worker, the scheduler passes the array on.
    let through = dask.clone().direct(false);
    let (first, second) = (call(&through), call(&through));
    assert!((BYTES..BYTES * 105 / 100).contains(&first), "the first call sent {first} bytes");
    assert!(second < BYTES / 50, "the second call sent {second} bytes");
    println!("an array of {BYTES} bytes: {first} bytes sent to the scheduler, then {second}");
    // Otherwise it never sees it.
    let direct = call(&dask);
    assert!(direct < BYTES / 50, "{direct} bytes were sent to the scheduler");
}

/// Certificates of one's own making, in a folder: of who signs, of everybody, and of somebody else who signs.
fn certify(folder: &Path) {
    let openssl = |line: &str| {
        let output =
            Command::new("openssl").args(line.split_whitespace()).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    };
    for ca in ["ca", "other"] {
        openssl(&format!(
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={ca} -keyout {ca}.key -out {ca}.pem"
        ));
    }
    openssl("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout me.key -out me.csr");
    openssl("x509 -req -in me.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out me.pem");
}

#[test]
fn an_encrypted_cluster_takes_who_has_a_certificate_and_the_others_learn_why_not() {
    let Some(python) = python() else { return };
    let without = std::env::var("JOBLIB_TEST_WITHOUT").unwrap_or_default();
    if without.split(',').any(|program| program == "openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    certify(folder.path());
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (ca, cert, key) = (file("ca.pem"), file("me.pem"), file("me.key"));
    let options = ["--protocol", "tls", "--tls-ca-file", &ca, "--tls-cert", &cert, "--tls-key", &key];
    // A worker has the scheme of its scheduler's address.
    let cluster = Cluster::start_with(python, 1, &options);
    assert!(cluster.address.starts_with("tls://"), "{}", cluster.address);
    let right = cluster.backend().tls(&ca, &cert, &key);
    assert_eq!(Parallel::new().backend(right).run([delayed(squared, (3,))]).unwrap(), [9]);
    shutdown_workers();

    let refused = |dask: Dask| {
        let dask = dask.python(&cluster.python).wait_for_workers(1, Duration::from_secs(3));
        let error = Parallel::new().backend(dask).run([delayed(squared, (3,))]).unwrap_err();
        assert!(error.is_backend(), "{error}");
        error.to_string()
    };
    let stranger = refused(Dask::at(&cluster.address).tls(file("other.pem"), &cert, &key));
    assert!(stranger.contains("certificate") && stranger.contains("Dask::tls"), "{stranger}");
    let without = refused(Dask::at(&cluster.address));
    assert!(without.contains("Dask::tls"), "{without}");
    let plain = refused(Dask::at(cluster.address.replace("tls://", "tcp://")));
    assert!(plain.contains("tls://"), "{plain}");
    let broken = refused(Dask::at(&cluster.address).tls(&ca, &cert, file("other.key")));
    assert!(broken.contains("certificate") || broken.contains("key"), "{broken}");
}
