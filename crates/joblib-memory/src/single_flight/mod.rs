//! Single flight: of the threads and tasks of this process that ask for one result, one computes
//! and the others wait, and none waits for a computation that waits for it.
//!
//! A computation may meet itself: by recursion, or because its thread took up another task of a
//! thread pool while it waited. It then computes without a claim. The same holds for a circle of
//! computations that wait for each other, which is found before it closes. In a pool of rayon, a
//! waiting thread runs other tasks meanwhile, so that the pool does not starve. What none of this
//! detects, such as a task that was spawned by the computation that waits for it, is ended by the
//! waiting time, which is bounded.

pub(crate) mod timer;

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use joblib_store::{AfterFork, ProcessLock};

use self::timer::Timer;
use crate::lock::{self, Lock};
use crate::wake::wake;

/// A computation: a store, and a key in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FlightId {
    /// The address of the memory's shared state.
    pub(crate) store: usize,
    /// The hash of the function's code, folded.
    pub(crate) code: u64,
    pub(crate) call: [u8; 16],
}

impl FlightId {
    /// Whether it computes the same call, perhaps for another store.
    fn is_same_call(&self, other: &Self) -> bool {
        (self.code, self.call) == (other.code, other.call)
    }
}

#[derive(Debug, Default)]
struct Flight {
    state: Lock<State>,
    finished: Condvar,
}

#[derive(Debug, Default)]
struct State {
    finished: bool,
    waiting: usize,
    wakers: Vec<Waker>,
}

#[derive(Default)]
struct Table {
    flights: HashMap<FlightId, Arc<Flight>>,
    /// Which computations each one waits for: more than one if its thread took up other tasks while
    /// it waited.
    waits: HashMap<FlightId, Vec<FlightId>>,
}

/// A forked child begins without the computations of its parent, whose threads it doesn't have.
static TABLE: ProcessLock<Table> = ProcessLock::new(AfterFork::Renew);

thread_local! {
    /// What is being computed on this thread's stack, the innermost last.
    static STACK: RefCell<Vec<FlightId>> = const { RefCell::new(Vec::new()) };
}

/// Whether this thread or task is computing something, on whose result others may wait.
pub(crate) fn is_computing() -> bool {
    depth() > 0
}

/// How many computations are on this thread's stack.
pub(crate) fn depth() -> usize {
    STACK.with_borrow(Vec::len)
}

fn push(id: FlightId) {
    STACK.with_borrow_mut(|stack| stack.push(id));
}

fn remove(id: FlightId) {
    STACK.with_borrow_mut(|stack| {
        if let Some(at) = stack.iter().rposition(|held| *held == id) {
            stack.remove(at);
        }
    });
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A thread, which computes on its stack and blocks while it waits.
    Thread,
    /// A task, whose body runs [`inside`] the computation whenever it is polled.
    Task,
}

/// The answer to [`join`].
pub(crate) enum Join {
    /// The caller computes.
    Leader(Guard),
    /// Another caller computes.
    Wait(Wait),
    /// Another caller computes and waits for this one: waiting would never end.
    WouldDeadlock,
}

/// The right to compute something in this process. Dropping it wakes those who wait.
#[derive(Debug)]
pub(crate) struct Guard {
    id: FlightId,
    flight: Arc<Flight>,
    /// The thread on whose stack it is; a task's is on one only while it is polled.
    on_stack_of: Option<thread::ThreadId>,
}

/// Becomes the one who computes `id`, or gets what to wait for.
pub(crate) fn join(id: FlightId, caller: Caller) -> Join {
    let mut table = TABLE.lock();
    if let Some(flight) = table.flights.get(&id) {
        let flight = Arc::clone(flight);
        return wait_for(&mut table, id, flight);
    }
    let flight = Arc::new(Flight::default());
    table.flights.insert(id, Arc::clone(&flight));
    drop(table);
    let on_stack_of = (caller == Caller::Thread).then(|| {
        push(id);
        thread::current().id()
    });
    Join::Leader(Guard { id, flight, on_stack_of })
}

/// What to wait for if the call is computed for another store of this process, such as one folder
/// opened by two paths; `None` if it is not.
pub(crate) fn join_elsewhere(id: FlightId) -> Option<Join> {
    let mut table = TABLE.lock();
    let mut flights = table.flights.iter();
    let (&other, flight) = flights.find(|(other, _)| **other != id && other.is_same_call(&id))?;
    let flight = Arc::clone(flight);
    Some(wait_for(&mut table, other, flight))
}

fn wait_for(table: &mut Table, id: FlightId, flight: Arc<Flight>) -> Join {
    let held = STACK.with_borrow(Clone::clone);
    if waits_for_any(table, id, &held) {
        return Join::WouldDeadlock;
    }
    for holder in &held {
        table.waits.entry(*holder).or_default().push(id);
    }
    Join::Wait(Wait { flight, edges: Edges { held, id } })
}

/// Whether the end of `id` has to wait for one of `held`, directly or through others.
fn waits_for_any(table: &Table, id: FlightId, held: &[FlightId]) -> bool {
    let mut to_visit = vec![id];
    let mut seen = Vec::new();
    while let Some(id) = to_visit.pop() {
        if held.contains(&id) {
            return true;
        }
        if !seen.contains(&id) {
            seen.push(id);
            to_visit.extend(table.waits.get(&id).into_iter().flatten());
        }
    }
    false
}

/// The wait for a computation of another caller.
pub(crate) struct Wait {
    flight: Arc<Flight>,
    edges: Edges,
}

/// The edges of the graph of waits from some computations to another.
struct Edges {
    held: Vec<FlightId>,
    id: FlightId,
}

impl Drop for Edges {
    fn drop(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let mut table = TABLE.lock();
        for held in &self.held {
            let Some(waits) = table.waits.get_mut(held) else { continue };
            if let Some(at) = waits.iter().rposition(|id| *id == self.id) {
                waits.swap_remove(at);
            }
            if waits.is_empty() {
                table.waits.remove(held);
            }
        }
    }
}

impl Wait {
    /// Blocks until the computation is finished, or until `deadline`. Returns whether it is
    /// finished.
    pub(crate) fn block(self, deadline: Instant) -> bool {
        let in_pool = rayon::current_thread_index().is_some();
        let Self { flight, edges } = self;
        let mut state = flight.state.lock();
        let finished = loop {
            if state.finished {
                break true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break false;
            }
            if in_pool {
                drop(state);
                let worked = rayon::yield_now() == Some(rayon::Yield::Executed);
                state = flight.state.lock();
                if worked || state.finished {
                    continue;
                }
            }
            let step = if in_pool { Duration::from_micros(200).min(left) } else { left };
            state.waiting += 1;
            state = lock::wait(&flight.finished, state, step);
            state.waiting -= 1;
        };
        drop(state);
        drop(edges);
        finished
    }

    /// The same for a task.
    pub(crate) async fn finished(self, deadline: Instant) -> bool {
        let Self { flight, edges } = self;
        let finished = WaitFuture { flight, timer: Timer::at(deadline) }.await;
        drop(edges);
        finished
    }
}

/// Blocks for a moment of a bounded wait for another process; in a pool, runs another of its tasks
/// instead.
pub(crate) fn pause(step: Duration) {
    if rayon::current_thread_index().is_none() || rayon::yield_now() != Some(rayon::Yield::Executed) {
        thread::sleep(step);
    }
}

/// Resolves when a computation is finished (`true`) or the timer ends (`false`).
struct WaitFuture {
    flight: Arc<Flight>,
    timer: Timer,
}

impl Future for WaitFuture {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        let flight = Arc::clone(&self.flight);
        let mut state = flight.state.lock();
        if state.finished {
            return Poll::Ready(true);
        }
        if !state.wakers.iter().any(|known| known.will_wake(context.waker())) {
            state.wakers.push(context.waker().clone());
        }
        drop(state);
        Pin::new(&mut self.timer).poll(context).map(|()| false)
    }
}

impl Guard {
    pub(crate) fn id(&self) -> FlightId {
        self.id
    }

    /// Runs `f`, during which nothing that this thread calls waits for the computation.
    pub(crate) fn inside<R>(&self, f: impl FnOnce() -> R) -> R {
        let _held = self.on_stack_of.is_none().then(|| OnStack::new(self.id));
        f()
    }
}

/// Runs the future of a body as a part of the computation `id`.
pub(crate) fn inside<F: Future>(id: Option<FlightId>, body: F) -> impl Future<Output = F::Output> {
    let mut body = Box::pin(body);
    std::future::poll_fn(move |context| {
        let _held = id.map(OnStack::new);
        body.as_mut().poll(context)
    })
}

/// A computation on this thread's stack.
struct OnStack(FlightId);

impl OnStack {
    fn new(id: FlightId) -> Self {
        push(id);
        Self(id)
    }
}

impl Drop for OnStack {
    fn drop(&mut self) {
        remove(self.0);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        TABLE.lock().flights.remove(&self.id);
        // A guard is dropped where it was made, unless its owner sent it to another thread.
        if self.on_stack_of == Some(thread::current().id()) {
            remove(self.id);
        }
        let mut state = self.flight.state.lock();
        state.finished = true;
        let wakers = std::mem::take(&mut state.wakers);
        let waiting = state.waiting > 0;
        drop(state);
        if waiting {
            self.flight.finished.notify_all();
        }
        wakers.into_iter().for_each(wake);
    }
}
