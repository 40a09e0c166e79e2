//! The conformance suite on every backend of the crate, and on one from outside of it.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use joblib_parallel::backend::{Batch, Call, Capabilities, ParallelBackend, Returned, Session};
use joblib_parallel::{Backend, Error, Parallel, Result, Waker, conformance, register_parallel_backend};

/// Runs every case on a backend and says which failed.
fn check(backend: &Backend) {
    for n_jobs in [2, 1, 3] {
        for (name, case) in conformance::CASES {
            let new = || Parallel::new().backend(backend.clone()).n_jobs(n_jobs);
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case(&new)));
            assert!(
                matches!(result, Ok(Ok(()))),
                "{backend:?} with n_jobs = {n_jobs} fails the case {name}: {result:?}"
            );
        }
    }
}

#[test]
fn sequential_conforms() {
    check(&Backend::Sequential);
}

#[test]
fn threading_conforms() {
    check(&Backend::Threading);
}

#[test]
fn loky_conforms() {
    check(&Backend::Loky);
}

#[test]
fn multiprocessing_conforms() {
    check(&Backend::Multiprocessing);
}

/// A backend as somebody else might write it: one thread for each batch.
struct Outside;

struct OutsideSession {
    sender: Sender<Option<Batch>>,
    receiver: Receiver<Option<Batch>>,
    queue: VecDeque<Batch>,
    running: usize,
    n_jobs: usize,
}

impl ParallelBackend for Outside {
    fn name(&self) -> &'static str {
        "outside"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::remote(Duration::from_millis(2))
    }

    fn open(&self, call: Call) -> Result<Box<dyn Session>> {
        let (sender, receiver) = channel();
        let n_jobs = call.n_jobs();
        Ok(Box::new(OutsideSession { sender, receiver, queue: VecDeque::new(), running: 0, n_jobs }))
    }
}

impl OutsideSession {
    fn start(&mut self) {
        while self.running < self.n_jobs
            && let Some(mut batch) = self.queue.pop_front()
        {
            self.running += 1;
            let sender = self.sender.clone();
            std::thread::spawn(move || {
                batch.run();
                // Nobody may be interested any more.
                let _ = sender.send(Some(batch));
            });
        }
    }
}

impl Session for OutsideSession {
    fn submit(&mut self, batch: Batch) -> Result<()> {
        self.queue.push_back(batch);
        self.start();
        Ok(())
    }

    fn wait(&mut self, until: Option<Instant>, returned: &mut Vec<Returned>) -> Result<()> {
        if self.running == 0 {
            returned.extend(self.queue.drain(..).map(Returned::Batch));
            return Ok(());
        }
        let left = until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
        if let Ok(Some(batch)) = self.receiver.recv_timeout(left) {
            self.running -= 1;
            returned.push(Returned::Batch(batch));
        }
        self.start();
        Ok(())
    }

    fn cancel(&mut self) {
        // What runs sees that the call was stopped; what is queued comes back unrun.
        self.n_jobs = 0;
    }

    fn waker(&self) -> Waker {
        let sender = std::sync::Mutex::new(self.sender.clone());
        std::sync::Arc::new(move || {
            let _ = sender.lock().unwrap().send(None);
        })
    }
}

/// A backend that has lost its workers.
struct Deserted;

impl ParallelBackend for Deserted {
    fn name(&self) -> &'static str {
        "deserted"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::remote(Duration::from_millis(2))
    }

    fn effective_n_jobs(&self, _n_jobs: i32) -> Result<usize> {
        Ok(0)
    }

    fn open(&self, call: Call) -> Result<Box<dyn Session>> {
        Outside.open(call)
    }
}

#[test]
fn a_backend_without_workers_is_an_error_and_not_a_wait_without_end() {
    register_parallel_backend(Deserted).unwrap();
    let parallel = Parallel::new().backend("deserted").n_jobs(2);
    let error = parallel.run([joblib_parallel::delayed(u64::wrapping_neg, (1,))]).unwrap_err();
    assert!(error.is_backend() && error.to_string().contains("no worker"), "{error}");
}

/// A backend that drops batches: `true` with an error, `false` without one.
struct Careless(bool);

impl ParallelBackend for Careless {
    fn name(&self) -> &'static str {
        if self.0 { "careless, with an error" } else { "careless" }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::remote(Duration::from_millis(2))
    }

    fn open(&self, call: Call) -> Result<Box<dyn Session>> {
        Ok(Box::new(CarelessSession { inner: Outside.open(call)?, submitted: 0, fails: self.0 }))
    }
}

struct CarelessSession {
    inner: Box<dyn Session>,
    submitted: usize,
    fails: bool,
}

impl Session for CarelessSession {
    fn submit(&mut self, batch: Batch) -> Result<()> {
        self.submitted += 1;
        match (self.submitted, self.fails) {
            (1, _) => self.inner.submit(batch),
            (_, true) => Err(Error::backend("reach anybody", None)),
            (_, false) => Ok(()),
        }
    }

    fn wait(&mut self, until: Option<Instant>, returned: &mut Vec<Returned>) -> Result<()> {
        self.inner.wait(until, returned)
    }

    fn cancel(&mut self) {
        self.inner.cancel();
    }

    fn waker(&self) -> Waker {
        self.inner.waker()
    }
}

#[test]
fn batches_that_a_backend_drops_are_an_error_with_the_results_of_the_others_and_no_wait_without_end() {
    for (careless, expected) in
        [(Careless(true), "reach anybody"), (Careless(false), "dropped their batches")]
    {
        let name = careless.name().to_owned();
        register_parallel_backend(careless).unwrap();
        let parallel = Parallel::new().backend(&*name).n_jobs(2).batch_size(1);
        let tasks = (0..8_u64).map(|i| joblib_parallel::delayed(u64::wrapping_neg, (i,)));
        let error = parallel.run(tasks).unwrap_err();
        assert!(error.is_backend() && error.to_string().contains(expected), "{name}: {error}");
        let completed = error.into_completed::<u64>().unwrap();
        assert_eq!(completed[0], Some(0), "{name}");
    }
}

#[test]
fn a_backend_from_outside_conforms() {
    register_parallel_backend(Outside).unwrap();
    check(&"outside".into());
}
