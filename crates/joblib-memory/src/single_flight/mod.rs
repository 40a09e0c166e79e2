//! Who computes what in this process, and who waits for whom: so that one computes and many wait, and nobody waits for
//! something that waits for him.
//!
//! A computation may find itself in its way: by recursion, or because its thread took up another task of a thread pool
//! while waiting inside the first. It then computes without a claim. The same goes for a circle of computations that wait
//! for each other, which is found before it closes. In a pool of rayon, a waiting thread does other tasks meanwhile, so
//! that the pool does not starve. What none of this catches, as a task that was spawned by the one that waits for it, is
//! caught by the waiting time, which is bounded.

pub(crate) mod timer;

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use self::timer::Timer;

/// Names a computation: a store and a key in it.
pub(crate) type FlightId = (usize, u64, [u8; 16]);

#[derive(Debug, Default)]
struct Flight {
    state: Mutex<State>,
    landed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    landed: bool,
    waiting: usize,
    wakers: Vec<Waker>,
}

#[derive(Default)]
struct Table {
    flights: HashMap<FlightId, Arc<Flight>>,
    /// Which computations each one waits for: more than one if its thread took up other tasks while waiting.
    waits: HashMap<FlightId, Vec<FlightId>>,
}

static TABLE: Mutex<Option<Table>> = Mutex::new(None);

thread_local! {
    /// What is being computed on this thread's stack, the innermost last.
    static STACK: RefCell<Vec<FlightId>> = const { RefCell::new(Vec::new()) };
}

fn table() -> MutexGuard<'static, Option<Table>> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this thread or task is computing something, on whose result others may wait.
pub(crate) fn is_computing() -> bool {
    STACK.with_borrow(|stack| !stack.is_empty())
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

/// The right of this process to compute something. Dropping it wakes those who wait.
#[derive(Debug)]
pub(crate) struct Guard {
    id: FlightId,
    flight: Arc<Flight>,
    /// The thread whose stack it is on; a task's is on one only while it is polled.
    on_stack_of: Option<thread::ThreadId>,
}

/// What became of asking to compute.
pub(crate) enum Joined {
    /// Compute it.
    Leader(Guard),
    /// Waiting would never end: compute it without further claims.
    Alone,
    /// Somebody else was computing it, and is done or given up.
    Landed,
    /// The waiting time is over: compute it without further claims.
    TimedOut,
}

enum Asked {
    Leader(Guard),
    Alone,
    Wait(Arc<Flight>, Waits),
}

/// Becomes the one who computes, or waits for who does until `deadline`.
pub(crate) fn join(id: FlightId, deadline: Instant) -> Joined {
    let (flight, waits) = match ask(id) {
        Asked::Leader(mut guard) => {
            guard.on_stack_of = Some(thread::current().id());
            push(id);
            return Joined::Leader(guard);
        }
        Asked::Alone => return Joined::Alone,
        Asked::Wait(flight, waits) => (flight, waits),
    };
    let landed = wait(&flight, deadline);
    drop(waits);
    if landed { Joined::Landed } else { Joined::TimedOut }
}

/// The same for a task, which runs its body [`inside`] what it computes.
pub(crate) async fn join_async(id: FlightId, deadline: Instant) -> Joined {
    match ask(id) {
        Asked::Leader(guard) => Joined::Leader(guard),
        Asked::Alone => Joined::Alone,
        Asked::Wait(flight, waits) => {
            let landed = Landing { flight, timer: Timer::at(deadline) }.await;
            drop(waits);
            if landed { Joined::Landed } else { Joined::TimedOut }
        }
    }
}

fn ask(id: FlightId) -> Asked {
    let mine = STACK.with_borrow(Clone::clone);
    let mut guard = table();
    let table = guard.get_or_insert_default();
    let Some(flight) = table.flights.get(&id) else {
        let flight = Arc::new(Flight::default());
        table.flights.insert(id, Arc::clone(&flight));
        return Asked::Leader(Guard { id, flight, on_stack_of: None });
    };
    let flight = Arc::clone(flight);
    if waits_for_any(table, id, &mine) {
        return Asked::Alone;
    }
    for held in &mine {
        table.waits.entry(*held).or_default().push(id);
    }
    Asked::Wait(flight, Waits { held: mine, id })
}

/// Whether the end of `id` has to wait for one of `mine`, directly or through others.
fn waits_for_any(table: &Table, id: FlightId, mine: &[FlightId]) -> bool {
    let mut to_visit = vec![id];
    let mut seen = Vec::new();
    while let Some(id) = to_visit.pop() {
        if mine.contains(&id) {
            return true;
        }
        if !seen.contains(&id) {
            seen.push(id);
            to_visit.extend(table.waits.get(&id).into_iter().flatten());
        }
    }
    false
}

/// The note that some computations wait for another.
struct Waits {
    held: Vec<FlightId>,
    id: FlightId,
}

impl Drop for Waits {
    fn drop(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let mut guard = table();
        let Some(table) = guard.as_mut() else { return };
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

fn wait(flight: &Flight, deadline: Instant) -> bool {
    let in_pool = rayon::current_thread_index().is_some();
    let mut state = flight.state.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if state.landed {
            return true;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        if in_pool {
            drop(state);
            let worked = rayon::yield_now() == Some(rayon::Yield::Executed);
            state = flight.state.lock().unwrap_or_else(PoisonError::into_inner);
            if worked || state.landed {
                continue;
            }
        }
        let step = if in_pool { Duration::from_micros(200).min(left) } else { left };
        state.waiting += 1;
        state = flight.landed.wait_timeout(state, step).unwrap_or_else(PoisonError::into_inner).0;
        state.waiting -= 1;
    }
}

/// Sleeps for a moment of a bounded wait for another process; in a pool, does another of its tasks instead.
pub(crate) fn pause(step: Duration) {
    if rayon::current_thread_index().is_none() || rayon::yield_now() != Some(rayon::Yield::Executed) {
        thread::sleep(step);
    }
}

/// Waits for a landing, or for the timer: whether it landed.
struct Landing {
    flight: Arc<Flight>,
    timer: Timer,
}

impl Future for Landing {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        let flight = Arc::clone(&self.flight);
        let mut state = flight.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.landed {
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
    /// What stands for it while a task computes.
    pub(crate) fn id(&self) -> FlightId {
        self.id
    }
}

/// Runs the future of a body; what it waits for is waited for by the computation `id`.
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
        if let Some(table) = table().as_mut() {
            table.flights.remove(&self.id);
        }
        // A guard is dropped where it was made, but for one that its owner sent elsewhere.
        if self.on_stack_of == Some(thread::current().id()) {
            remove(self.id);
        }
        let mut state = self.flight.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.landed = true;
        let wakers = std::mem::take(&mut state.wakers);
        let waiting = state.waiting > 0;
        drop(state);
        if waiting {
            self.flight.landed.notify_all();
        }
        wakers.into_iter().for_each(Waker::wake);
    }
}
