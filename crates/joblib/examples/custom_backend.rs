//! A parallel backend of one's own: it sends its batches to other processes, through pipes.
//!
//! ```sh
//! cargo run -p joblib --example custom_backend
//! ```
//!
//! The engine does the rest: order, batching, failures, deadlines, progress. The processes are this program, started again with
//! an argument; they could be on other hosts, and the pipes any connection: the bytes mean the same everywhere.

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use joblib::parallel::Waker;
use joblib::parallel::backend::portable::Runner;
use joblib::parallel::backend::{Batch, Call, Capabilities, ParallelBackend, Returned, Session};
use joblib::prelude::*;
use joblib::register_parallel_backend;

type ParallelResult<T> = joblib::parallel::Result<T>;
type ParallelError = joblib::parallel::Error;

/// The argument that makes a worker of this program.
const WORKER: &str = "--worker";

/// Starts processes for each call, and ends them with it.
struct Pipes;

impl ParallelBackend for Pipes {
    fn name(&self) -> &'static str {
        "pipes"
    }

    fn capabilities(&self) -> Capabilities {
        // Through a pipe a batch takes some ten microseconds: batches of two milliseconds hide that.
        Capabilities::remote(Duration::from_millis(2))
    }

    fn open(&self, call: Call) -> ParallelResult<Box<dyn Session>> {
        if call.timeout().is_some() || call.stack_size().is_some() {
            return Err(ParallelError::backend(
                "set a time limit or a stack size on backend \"pipes\"",
                None,
            ));
        }
        let packed = Arc::new(call.pack()?);
        let (submitted, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        let (done, returned) = channel();
        let mut session = Processes { submitted: Some(submitted), returned, done, workers: Vec::new() };
        for number in 1..=call.n_jobs() {
            let started =
                Worker::start(number, Arc::clone(&packed), Arc::clone(&queue), session.done.clone());
            let failed = |error: io::Error| ParallelError::backend("start a process", Some(error.into()));
            session.workers.push(started.map_err(failed)?);
        }
        Ok(Box::new(session))
    }
}

/// What a session hears from its threads.
enum Message {
    Done(Vec<Batch>),
    /// The process is gone, and with it the batch that it had.
    Lost(Batch, io::Error),
    Wake,
}

/// A process, and the thread that talks to it.
struct Worker {
    process: Child,
    thread: JoinHandle<()>,
}

impl Worker {
    fn start(
        number: usize,
        call: Arc<Vec<u8>>,
        queue: Arc<Mutex<Receiver<Batch>>>,
        done: Sender<Message>,
    ) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut process = command.arg(WORKER).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::Error::other("the process has no pipes"));
        };
        let name = format!("process {number} (pid {})", process.id());
        let mut connection = Connection { name, input, output };
        let thread = std::thread::spawn(move || {
            // What fails here fails again when a batch is sent.
            let _ = write_bytes(&mut connection.input, &call);
            loop {
                // The lock is held while waiting: another idle thread waits for the lock instead.
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok(batch) = next else { return };
                if done.send(connection.run(batch)).is_err() {
                    return;
                }
            }
        });
        Ok(Worker { process, thread })
    }
}

struct Connection {
    name: String,
    input: ChildStdin,
    output: ChildStdout,
}

impl Connection {
    /// Has the process run a batch.
    fn run(&mut self, mut batch: Batch) -> Message {
        let bytes = match batch.pack() {
            Ok(bytes) => bytes,
            // That task fails. Those before it come back unrun, and are submitted again.
            Err(error) => {
                let mut rest = batch.split_off(error.position());
                rest.break_first(error.into_cause(), &self.name);
                return Message::Done(vec![batch, rest]);
            }
        };
        let reply = write_bytes(&mut self.input, &bytes).and_then(|()| read_bytes(&mut self.output));
        let unpacked = reply.and_then(|reply| batch.unpack(&reply, &self.name).map_err(io::Error::other));
        match unpacked {
            Ok(()) => Message::Done(vec![batch]),
            Err(error) => Message::Lost(batch, error),
        }
    }
}

struct Processes {
    submitted: Option<Sender<Batch>>,
    returned: Receiver<Message>,
    done: Sender<Message>,
    workers: Vec<Worker>,
}

impl Processes {
    fn is_cancelled(&self) -> bool {
        self.submitted.is_none()
    }
}

impl Session for Processes {
    fn submit(&mut self, batch: Batch) -> ParallelResult<()> {
        if let Some(queue) = &self.submitted {
            // The threads have the queue's other end for as long as there is this one.
            let _ = queue.send(batch);
        }
        Ok(())
    }

    fn wait(&mut self, until: Option<Instant>, returned: &mut Vec<Returned>) -> ParallelResult<()> {
        let message = match until {
            None => self.returned.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(until) => self.returned.recv_timeout(until.saturating_duration_since(Instant::now())),
        };
        match message {
            Ok(Message::Done(batches)) => returned.extend(batches.into_iter().map(Returned::Batch)),
            // Of a call that is cancelled, the processes are killed: their batches come back unrun.
            Ok(Message::Lost(batch, _)) if self.is_cancelled() => returned.push(Returned::Batch(batch)),
            Ok(Message::Lost(_, error)) => {
                return Err(ParallelError::backend("talk to a process", Some(error.into())));
            }
            Ok(Message::Wake) | Err(_) => {}
        }
        Ok(())
    }

    fn cancel(&mut self) {
        self.submitted = None;
        for worker in &mut self.workers {
            // One that is gone already can't be killed.
            let _ = worker.process.kill();
        }
    }

    fn waker(&self) -> Waker {
        let done = Mutex::new(self.done.clone());
        Arc::new(move || {
            let _ = done.lock().unwrap_or_else(PoisonError::into_inner).send(Message::Wake);
        })
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.cancel();
        for mut worker in self.workers.drain(..) {
            let _ = worker.process.wait();
            let _ = worker.thread.join();
        }
    }
}

/// The life of a worker: the call, and then its batches, until there are no more.
fn work() -> Result<(), Box<dyn std::error::Error>> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let runner = Runner::new(&read_bytes(&mut input)?)?;
    while let Ok(batch) = read_bytes(&mut input) {
        write_bytes(&mut output, &runner.run(&batch)?)?;
    }
    Ok(())
}

fn write_bytes(output: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    output.write_all(&(bytes.len() as u64).to_le_bytes())?;
    output.write_all(bytes)?;
    output.flush()
}

fn read_bytes(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut len = [0; 8];
    input.read_exact(&mut len)?;
    let len = u64::from_le_bytes(len);
    let mut bytes = Vec::new();
    input.take(len).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < len { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(bytes) }
}

fn collatz(n: u64) -> (u64, u32) {
    let mut value = n;
    let mut steps = 0;
    while value != 1 {
        value = if value.is_multiple_of(2) { value / 2 } else { 3 * value + 1 };
        steps += 1;
    }
    (n, steps)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::args().nth(1).as_deref() == Some(WORKER) {
        return work();
    }
    register_parallel_backend(Pipes)?;

    let tasks = || (1..10_000).map(|n| delayed(collatz, (n,)));
    let there = Parallel::new().backend("pipes").n_jobs(3).run(tasks())?;
    println!("{} tasks in processes of our own", there.len());

    // The same loop, unchanged, on the backend of the enclosing `parallel_config`.
    let scope = parallel_config().backend("pipes").n_jobs(2).enter();
    let pids = Parallel::new().batch_size(1).run((0..20).map(|_| delayed(std::process::id, ())))?;
    assert!(!pids.contains(&std::process::id()));
    drop(scope);

    let here = Parallel::new().backend("threading").n_jobs(2).run(tasks())?;
    assert_eq!(here, there);
    let longest = here.iter().max_by_key(|(_, steps)| steps);
    println!("the longest way to 1 below 10000: {longest:?}");
    Ok(())
}
