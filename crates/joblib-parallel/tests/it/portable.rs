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

fn parallel() -> Parallel {
    register_parallel_backend(Elsewhere);
    Parallel::new().backend("elsewhere").n_jobs(2)
}

#[cfg(feature = "conformance")]
#[test]
fn a_backend_that_sends_its_batches_to_another_process_conforms() {
    register_parallel_backend(Elsewhere);
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
