//! A parallel backend of one's own: threads that are started for each call.
//!
//! ```sh
//! cargo run -p joblib --example custom_backend
//! ```
//!
//! The engine does the rest: order, batching, failures, time limits of the call, progress. A backend that sends tasks elsewhere has
//! the same shape, with a connection in place of the channels.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use joblib::parallel::Waker;
use joblib::parallel::backend::{Batch, Call, Capabilities, ParallelBackend, Returned, Session};
use joblib::prelude::*;
use joblib::register_parallel_backend;

/// Starts threads for each call, and ends them with it.
struct FreshThreads;

impl ParallelBackend for FreshThreads {
    fn name(&self) -> &'static str {
        "fresh-threads"
    }

    fn capabilities(&self) -> Capabilities {
        // Passing a batch through a channel costs some microseconds: batches of a millisecond hide that.
        Capabilities::remote(Duration::from_millis(1))
    }

    fn open(&self, call: Call) -> joblib::parallel::Result<Box<dyn Session>> {
        let (submitted, queue) = channel::<Batch>();
        let (done, returned) = channel();
        let queue = Arc::new(Mutex::new(queue));
        let workers = (0..call.n_jobs())
            .map(|_| {
                let (queue, done) = (Arc::clone(&queue), done.clone());
                std::thread::spawn(move || work(&queue, &done))
            })
            .collect();
        Ok(Box::new(Threads { submitted: Some(submitted), returned, done, workers }))
    }
}

/// What the caller and the workers tell each other.
enum Message {
    Done(Batch),
    Wake,
}

fn work(queue: &Mutex<Receiver<Batch>>, done: &Sender<Message>) {
    loop {
        // The lock is held while waiting: another idle worker waits for the lock instead.
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut batch) = next else { return };
        batch.run();
        if done.send(Message::Done(batch)).is_err() {
            return;
        }
    }
}

struct Threads {
    submitted: Option<Sender<Batch>>,
    returned: Receiver<Message>,
    done: Sender<Message>,
    workers: Vec<JoinHandle<()>>,
}

impl Session for Threads {
    fn submit(&mut self, batch: Batch) -> joblib::parallel::Result<()> {
        if let Some(queue) = &self.submitted {
            // The queue's other end is in this session too: it is there.
            let _ = queue.send(batch);
        }
        Ok(())
    }

    fn wait(&mut self, until: Option<Instant>, returned: &mut Vec<Returned>) -> joblib::parallel::Result<()> {
        let message = match until {
            None => self.returned.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(until) => self.returned.recv_timeout(until.saturating_duration_since(Instant::now())),
        };
        if let Ok(Message::Done(batch)) = message {
            returned.push(Returned::Batch(batch));
        }
        Ok(())
    }

    fn cancel(&mut self) {
        // Batches of a stopped call come back at once without running: `Batch::run` sees to it.
    }

    fn waker(&self) -> Waker {
        let done = Mutex::new(self.done.clone());
        Arc::new(move || {
            let _ = done.lock().unwrap_or_else(PoisonError::into_inner).send(Message::Wake);
        })
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Without a sender the workers' queue ends, and so do they.
        self.submitted = None;
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
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

fn main() -> Result<(), joblib::parallel::Error> {
    register_parallel_backend(FreshThreads);

    let tasks = || (1..10_000).map(|n| delayed(collatz, (n,)));
    let here = Parallel::new().backend("fresh-threads").n_jobs(3).run(tasks())?;
    println!("{} tasks on a backend of our own", here.len());

    // The same loop, unchanged, on the backend that its surroundings name.
    let _scope = parallel_config().backend("fresh-threads").n_jobs(2).enter();
    let there = Parallel::new().run(tasks())?;
    assert_eq!(here, there);
    let longest = here.iter().max_by_key(|(_, steps)| steps);
    println!("the longest way to 1 below 10000: {longest:?}");
    Ok(())
}
