//! A call's use of threads: the queue of batches, and the workers that take from it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::pool::{JobSender, ThreadPool};
use super::pools;
use crate::backend::{Call, Returned, Session};
use crate::cancel::{WakeSignal, Waker};
use crate::error::{Cause, Result, TaskError};
use crate::sync::lock;
use crate::sys::job_control;
use crate::task::context::CallContext;
use crate::task::run_options::{RunOptions, Running, WorkSharing};
use crate::task::task_batch::Runnable;

/// The caller is woken at least this often while batches finish, so that displays stay up to date.
const WAKE_INTERVAL: Duration = Duration::from_millis(50);

/// Starts workers on threads.
pub(crate) trait Spawn<B>: Clone + Send {
    /// Runs `run_batches(shared)` on some thread.
    fn spawn(&self, shared: Arc<Shared<B>>);
    /// Goes on with other threads, because one is stuck.
    ///
    /// # Errors
    ///
    /// Returns an error if they can't be started.
    fn replace(&mut self) -> Result<()>;
    /// Leaves the threads to the tasks that still run when the session ends.
    fn abandon(&mut self);
}

/// A pool of its own for the time of a session: two sessions on one pool could wait for each other's threads.
#[derive(Clone)]
pub(crate) struct Pool {
    threads: JobSender,
    /// Only in the session's own handle; workers have one without.
    owned: Option<Arc<Lease>>,
}

/// Parks the pool when the session ends.
struct Lease(Mutex<Option<ThreadPool>>);

impl Pool {
    pub(super) fn new(pool: ThreadPool) -> Self {
        Pool { threads: pool.sender(), owned: Some(Arc::new(Lease(Mutex::new(Some(pool))))) }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(pool) = lock(&self.0).take() {
            pools::park(pool);
        }
    }
}

impl<B: Runnable + 'static> Spawn<B> for Pool {
    fn spawn(&self, shared: Arc<Shared<B>>) {
        let pool = Pool { threads: self.threads.clone(), owned: None };
        self.threads.send(Box::new(move || run_batches(&shared, &pool)));
    }

    fn replace(&mut self) -> Result<()> {
        let Some(lease) = &self.owned else { return Ok(()) };
        let mut pool = lock(&lease.0);
        if let Some(old) = &*pool {
            // The old pool ends when its stuck thread does; it is not used again.
            let new = ThreadPool::start(old.shape())?;
            self.threads = new.sender();
            *pool = Some(new);
        }
        Ok(())
    }

    fn abandon(&mut self) {
        // Later calls do not wait for those tasks; the pool ends when they do.
        if let Some(lease) = &self.owned {
            drop(lock(&lease.0).take());
        }
    }
}

/// What the caller and the workers share.
pub(crate) struct Shared<B> {
    state: Mutex<State<B>>,
    wake: Arc<WakeSignal>,
    sharing: WorkSharing,
    context: Arc<CallContext>,
    timed: bool,
}

struct State<B> {
    queue: VecDeque<B>,
    /// Batches that workers have.
    taken: usize,
    finished: Vec<Returned<B>>,
    last_wake: Instant,
    /// With a time limit: who runs what.
    watched: Vec<Watched>,
    next_watch: u64,
}

/// A task under a time limit: what is watched, and what to say of it when its time is up.
struct Watched {
    id: u64,
    running: Arc<Running>,
    error: TaskError,
}

impl<B> Shared<B> {
    fn lock(&self) -> MutexGuard<'_, State<B>> {
        // Tasks' panics are caught before they could poison the lock.
        lock(&self.state)
    }
}

/// Takes batches until there are none. `spawner` starts another worker like this one.
pub(super) fn run_batches<B: Runnable>(shared: &Arc<Shared<B>>, spawner: &impl Spawn<B>) {
    let mut state = shared.lock();
    while let Some(mut batch) = state.queue.pop_front() {
        state.taken += 1;
        shared.sharing.queued.fetch_sub(1, Ordering::Relaxed);
        drop(state);
        let watch = if shared.timed && !shared.context.stopped() { watch(shared, &batch) } else { None };
        while batch.pending() > 0 && !shared.context.stopped() {
            let running = watch.as_ref().map(|(_, running)| running);
            batch.run(RunOptions { sharing: Some(&shared.sharing), running });
            if batch.pending() > 1 && !shared.context.stopped() {
                let tail = batch.split_off(batch.pending() / 2);
                shared.sharing.queued.fetch_add(1, Ordering::Relaxed);
                let mut state = shared.lock();
                state.queue.push_back(tail);
                let start = reserve_worker(shared);
                drop(state);
                if start {
                    spawner.spawn(Arc::clone(shared));
                }
            }
        }
        state = shared.lock();
        if let Some((id, _)) = watch {
            let known = state.watched.iter().position(|watched| watched.id == id);
            match known {
                Some(position) => drop(state.watched.swap_remove(position)),
                // Its time was up: the task's outcome is decided, and a replacement does this thread's work.
                None => return,
            }
        }
        state.taken -= 1;
        state.finished.push(Returned::Batch(batch));
        let now = Instant::now();
        let low = state.queue.len() <= shared.sharing.workers / 2;
        if low || shared.context.stopped() || now.duration_since(state.last_wake) > WAKE_INTERVAL {
            state.last_wake = now;
            shared.wake.notify();
        }
    }
    shared.sharing.active.fetch_sub(1, Ordering::Relaxed);
}

/// Counts one more worker as active, if there is room; returns whether it is to be started.
///
/// The state has to be locked, as it is at the end of `run_batches`, so that a batch is never queued without a worker
/// that will see it.
fn reserve_worker<B>(shared: &Shared<B>) -> bool {
    let room = shared.sharing.active.load(Ordering::Relaxed) < shared.sharing.workers;
    if room {
        shared.sharing.active.fetch_add(1, Ordering::Relaxed);
    }
    room
}

fn watch<B: Runnable>(shared: &Shared<B>, batch: &B) -> Option<(u64, Arc<Running>)> {
    // The limit itself is filled in when it is passed. What the user's types say of themselves is found out without the lock.
    let error = batch.error_of_first(Cause::Stopped)?;
    let running = Arc::new(Running::default());
    let mut state = shared.lock();
    let id = state.next_watch;
    state.next_watch += 1;
    state.watched.push(Watched { id, running: Arc::clone(&running), error });
    Some((id, running))
}

/// A call's use of threads.
pub(crate) struct ThreadSession<B, S: Spawn<B>> {
    shared: Arc<Shared<B>>,
    spawner: S,
    timeout: Option<Duration>,
    /// Where there is a time limit, the time in which the program is stopped has to be known.
    _job_control: Option<job_control::Guard>,
}

impl<B: Runnable, S: Spawn<B>> ThreadSession<B, S> {
    pub(super) fn new(call: &Call, spawner: S) -> Self {
        let shared = Shared {
            state: Mutex::new(State {
                queue: VecDeque::new(),
                taken: 0,
                finished: Vec::new(),
                last_wake: Instant::now(),
                watched: Vec::new(),
                next_watch: 0,
            }),
            wake: Arc::new(WakeSignal::default()),
            sharing: WorkSharing {
                queued: AtomicUsize::new(0),
                active: AtomicUsize::new(0),
                workers: call.n_jobs,
            },
            context: Arc::clone(&call.context),
            timed: call.timeout.is_some(),
        };
        let job_control = call.timeout.is_some().then(job_control::watch);
        ThreadSession { shared: Arc::new(shared), spawner, timeout: call.timeout, _job_control: job_control }
    }

    /// Gives up tasks that are out of time; returns when the next one will be.
    fn collect_timeouts(&self, out: &mut Vec<Returned<B>>) -> Option<Instant> {
        let limit = self.timeout?;
        let mut state = self.shared.lock();
        let now = Instant::now();
        // What is queued may be begun at any moment from now on, without anybody saying so.
        let unwatched = !state.queue.is_empty() || state.taken > state.watched.len();
        let mut next = unwatched.then_some(now + limit);
        let mut i = 0;
        while i < state.watched.len() {
            // A task that is about to start has all its time before it.
            let since = state.watched[i].running.since().unwrap_or(now);
            // The time in which the program was stopped counts for no task.
            let end = since + limit + job_control::stopped_since_instant(since);
            if end <= now {
                let watched = state.watched.swap_remove(i);
                // Its thread has stopped being a worker.
                state.taken -= 1;
                self.shared.sharing.active.fetch_sub(1, Ordering::Relaxed);
                out.push(Returned::TimedOut(
                    watched.error.because(Cause::Timeout { limit, still_running: true }),
                ));
            } else {
                next = Some(next.map_or(end, |next: Instant| next.min(end)));
                i += 1;
            }
        }
        next
    }

    /// After a thread got stuck: other threads for what is queued.
    fn replace_stuck_threads(&mut self) -> Result<()> {
        self.spawner.replace()?;
        let state = self.shared.lock();
        let active = self.shared.sharing.active.load(Ordering::Relaxed);
        let starts = state.queue.len().min(self.shared.sharing.workers.saturating_sub(active));
        self.shared.sharing.active.fetch_add(starts, Ordering::Relaxed);
        drop(state);
        for _ in 0..starts {
            self.spawner.spawn(Arc::clone(&self.shared));
        }
        Ok(())
    }
}

impl<B: Runnable, S: Spawn<B>> Session<B> for ThreadSession<B, S> {
    fn submit(&mut self, batch: B) -> Result<()> {
        let mut state = self.shared.lock();
        state.queue.push_back(batch);
        self.shared.sharing.queued.fetch_add(1, Ordering::Relaxed);
        let start = reserve_worker(&self.shared);
        drop(state);
        if start {
            self.spawner.spawn(Arc::clone(&self.shared));
        }
        Ok(())
    }

    fn wait(&mut self, until: Option<Instant>, out: &mut Vec<Returned<B>>) -> Result<()> {
        loop {
            let expiry = self.collect_timeouts(out);
            if !out.is_empty() {
                return self.replace_stuck_threads();
            }
            let next = [until, expiry].into_iter().flatten().min();
            let woken = self.shared.wake.wait(next);
            if woken || until.is_some_and(|until| until <= Instant::now()) {
                out.append(&mut self.shared.lock().finished);
                return Ok(());
            }
        }
    }

    fn cancel(&mut self) {
        self.shared.context.stop();
        let mut state = self.shared.lock();
        let queued = std::mem::take(&mut state.queue);
        self.shared.sharing.queued.fetch_sub(queued.len(), Ordering::Relaxed);
        state.finished.extend(queued.into_iter().map(Returned::Batch));
        drop(state);
        self.shared.wake.notify();
    }

    fn waker(&self) -> Waker {
        let wake = Arc::clone(&self.shared.wake);
        Arc::new(move || wake.notify())
    }
}

impl<B, S: Spawn<B>> Drop for ThreadSession<B, S> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.queue.clear();
        if state.taken > 0 {
            drop(state);
            self.spawner.abandon();
        }
    }
}
