//! The portable form of calls and batches: a backend from outside that sends them to another process.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use joblib_array::{Array, MmapMode};
use joblib_parallel::backend::portable::Runner;
use joblib_parallel::backend::{Batch, Call, Capabilities, ParallelBackend, Returned, Session};
use joblib_parallel::{Backend, Parallel, Result, Waker, delayed, register_parallel_backend, task_seed};

use crate::child;

fn write_bytes(output: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    output.write_all(&(bytes.len() as u64).to_le_bytes())?;
    output.write_all(bytes)
}

fn read_bytes(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut len = [0; 8];
    input.read_exact(&mut len)?;
    let mut bytes = vec![0; u64::from_le_bytes(len) as usize];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[test]
#[ignore = "a role that other tests play"]
fn a_process_that_runs_batches() {
    // SAFETY: the parent made it for this process, and nobody else here uses it.
    let mut socket = UnixStream::from(unsafe { OwnedFd::from_raw_fd(0) });
    let runner = Runner::new(&read_bytes(&mut socket).unwrap()).unwrap();
    while let Ok(batch) = read_bytes(&mut socket) {
        write_bytes(&mut socket, &runner.run(&batch).unwrap()).unwrap();
    }
}

/// Has one process run all batches, each when it is waited for.
struct Elsewhere;

struct Connection {
    process: Child,
    socket: UnixStream,
    queue: VecDeque<Batch>,
}

impl ParallelBackend for Elsewhere {
    fn name(&self) -> &'static str {
        "elsewhere"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::remote(Duration::from_millis(2))
    }

    fn open(&self, call: Call) -> Result<Box<dyn Session>> {
        let (mut socket, theirs) = UnixStream::pair().unwrap();
        let mut command = child::role("portable::a_process_that_runs_batches");
        write_bytes(&mut socket, &call.pack()?).unwrap();
        let process = command.stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).spawn().unwrap();
        Ok(Box::new(Connection { process, socket, queue: VecDeque::new() }))
    }
}

impl Session for Connection {
    fn submit(&mut self, batch: Batch) -> Result<()> {
        self.queue.push_back(batch);
        Ok(())
    }

    fn wait(&mut self, _until: Option<Instant>, returned: &mut Vec<Returned>) -> Result<()> {
        let Some(mut batch) = self.queue.pop_front() else { return Ok(()) };
        match batch.pack() {
            Ok(bytes) => {
                write_bytes(&mut self.socket, &bytes).unwrap();
                batch.unpack(&read_bytes(&mut self.socket).unwrap(), "elsewhere")?;
            }
            Err(error) => {
                let mut rest = batch.split_off(error.position());
                rest.break_first(error.into_cause(), "elsewhere");
                returned.push(Returned::Batch(rest));
            }
        }
        returned.push(Returned::Batch(batch));
        Ok(())
    }

    fn cancel(&mut self) {}

    fn waker(&self) -> Waker {
        Arc::new(|| ())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn register() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| register_parallel_backend(Elsewhere).unwrap());
}

fn parallel() -> Parallel {
    register();
    Parallel::new().backend("elsewhere").n_jobs(2)
}

#[cfg(feature = "conformance")]
#[test]
fn a_backend_that_sends_its_batches_to_another_process_conforms() {
    register();
    joblib_parallel::conformance::check(Backend::from("elsewhere"));
}

#[test]
fn tasks_run_in_the_other_process_with_their_seeds_and_name_it_in_errors() {
    let pids = parallel().run((0..10).map(|_| delayed(std::process::id, ()))).unwrap();
    assert!(pids.iter().all(|pid| *pid != std::process::id() && *pid == pids[0]));
    let seeds = |parallel: Parallel| parallel.seed(5).run((0..9).map(|_| delayed(task_seed, ()))).unwrap();
    assert_eq!(seeds(parallel()), seeds(Parallel::new()));
    let parse = |text: String| text.parse::<u8>().map_err(|error| error.to_string());
    let error = parallel().try_run([delayed(parse, ("x".to_owned(),))]).unwrap_err();
    assert_eq!(error.task().unwrap().worker(), Some("elsewhere"));
    assert!(error.to_string().contains("invalid digit"), "{error}");
}

#[test]
fn an_array_that_is_mapped_for_writing_fails_its_task_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = std::fs::File::options();
    let path = folder.path().join("array");
    std::fs::write(&path, vec![0; 8000]).unwrap();
    let file = file.clone().read(true).write(true).open(&path).unwrap();
    let mapped = |mode| {
        let buffer = joblib_array::Buffer::map(&file, 0, 8000, mode).unwrap();
        Array::<f64>::from_buffer(buffer, vec![1000], joblib_array::Order::C).unwrap()
    };
    let arrays = [mapped(MmapMode::Read), mapped(MmapMode::ReadWrite), mapped(MmapMode::CopyOnWrite)];
    let tasks = arrays.map(|array| delayed(|array: Array<f64>| array.len(), (array,)));
    let outcomes = parallel().outcomes().run(tasks).unwrap();
    assert_eq!(outcomes[0].as_ref().unwrap(), &1000);
    assert_eq!(outcomes[2].as_ref().unwrap(), &1000);
    let error = outcomes[1].as_ref().unwrap_err().to_string();
    assert!(error.contains("mapped from a file for writing"), "{error}");
}

#[test]
fn bytes_that_are_not_packed_are_refused() {
    for bytes in [&b""[..], b"joblibP", &[0; 100]] {
        let error = Runner::new(bytes).err().unwrap();
        assert!(error.is_backend() && error.to_string().contains("no packed call"), "{error}");
    }
}

#[test]
fn a_backend_is_registered_under_a_name_that_is_free_and_its_own() {
    struct Called(&'static str);

    impl ParallelBackend for Called {
        fn name(&self) -> &'static str {
            self.0
        }

        fn capabilities(&self) -> Capabilities {
            Capabilities::remote(Duration::from_millis(1))
        }

        fn open(&self, _call: Call) -> Result<Box<dyn Session>> {
            Err(joblib_parallel::Error::backend("be reached", None))
        }
    }

    for name in
        ["", "nodes", "dask", "sequential", "threading", "threads", "loky", "processes", "multiprocessing"]
    {
        let error = register_parallel_backend(Called(name)).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains(&format!("{name:?}")), "{error}");
    }
    register_parallel_backend(Called("called once")).unwrap();
    let error = register_parallel_backend(Called("called once")).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("another backend"), "{error}");
    // What the call asks of worker processes can't be told to it.
    let parallel = Parallel::new().backend("called once").nice(3);
    let error = parallel.run([delayed(u64::wrapping_neg, (1,))]).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("nice"), "{error}");
}

#[test]
fn tasks_that_borrow_are_refused_by_a_backend_of_this_process_that_can_not_take_them() {
    struct Here;

    impl ParallelBackend for Here {
        fn name(&self) -> &'static str {
            "here, from outside"
        }

        fn capabilities(&self) -> Capabilities {
            let mut capabilities = Capabilities::remote(Duration::from_millis(1));
            capabilities.in_process = true;
            capabilities
        }

        fn open(&self, _call: Call) -> Result<Box<dyn Session>> {
            Err(joblib_parallel::Error::backend("be reached", None))
        }
    }

    register_parallel_backend(Here).unwrap();
    let text = String::from("borrowed");
    let borrow = || (0..2).map(|_| || text.len());
    let named = Parallel::new().backend("here, from outside").n_jobs(2).require(joblib_parallel::SharedMem);
    let error = named.run(borrow()).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("borrow"), "{error}");
    // Those that own what they work on are its own to run.
    let owning = named.return_as(joblib_parallel::Generator).run((0..2).map(|n| move || n));
    assert!(owning.unwrap_err().is_backend());
    // A suggestion is followed where it can be.
    let _scope = joblib_parallel::parallel_config().backend("here, from outside").n_jobs(2).enter();
    assert_eq!(Parallel::new().require(joblib_parallel::SharedMem).run(borrow()).unwrap(), [8, 8]);
}
