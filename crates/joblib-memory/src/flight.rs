//! Who computes what in this process, and who waits for whom: so that one computes and many wait, and nobody waits for
//! something that waits for him.
//!
//! A thread may find its own computation in its way: by recursion, or because it took up another task of a thread pool
//! while waiting inside the first. It then computes without a claim. The same goes for a circle of waiting threads, which
//! is found before it closes. In a pool of rayon, a waiting thread does other tasks meanwhile, so that the pool does not
//! starve. What none of this catches is caught by the waiting time, which is bounded.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// Names a computation: a store and a key in it.
pub(crate) type FlightId = (usize, u64, [u8; 16]);

#[derive(Debug)]
struct Flight {
    /// The thread that computes; none for a task that may move between threads.
    holder: Option<ThreadId>,
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
    /// What each thread waits for: more than one if it took up other tasks while waiting.
    waiting: HashMap<ThreadId, Vec<Arc<Flight>>>,
}

static TABLE: Mutex<Option<Table>> = Mutex::new(None);

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
}

fn table() -> MutexGuard<'static, Option<Table>> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this thread is computing something, on whose result others may wait.
pub(crate) fn is_computing() -> bool {
    HELD.get() > 0
}

/// The right of this process to compute something. Dropping it wakes those who wait.
#[derive(Debug)]
pub(crate) struct Guard {
    id: FlightId,
    flight: Arc<Flight>,
    counted_on: Option<ThreadId>,
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

/// Becomes the one who computes, or waits for who does until `deadline`.
pub(crate) fn join(id: FlightId, deadline: Instant) -> Joined {
    let me = thread::current().id();
    let flight = {
        let mut guard = table();
        let table = guard.get_or_insert_default();
        let Some(flight) = table.flights.get(&id).cloned() else {
            return Joined::Leader(start(table, id, Some(me)));
        };
        if waits_for_me(table, &flight, me) {
            return Joined::Alone;
        }
        table.waiting.entry(me).or_default().push(Arc::clone(&flight));
        flight
    };
    let landed = wait(&flight, deadline);
    let mut guard = table();
    if let Some(table) = guard.as_mut()
        && let Some(waits) = table.waiting.get_mut(&me)
    {
        waits.pop();
        if waits.is_empty() {
            table.waiting.remove(&me);
        }
    }
    if landed { Joined::Landed } else { Joined::TimedOut }
}

/// The same for a task: becomes the one who computes, or has `waker` woken when the one who does is done.
pub(crate) fn poll_join(id: FlightId, waker: &Waker) -> Option<Guard> {
    let mut guard = table();
    let table = guard.get_or_insert_default();
    let Some(flight) = table.flights.get(&id) else { return Some(start(table, id, None)) };
    let mut state = flight.state.lock().unwrap_or_else(PoisonError::into_inner);
    if !state.wakers.iter().any(|known| known.will_wake(waker)) {
        state.wakers.push(waker.clone());
    }
    None
}

fn start(table: &mut Table, id: FlightId, holder: Option<ThreadId>) -> Guard {
    let flight = Arc::new(Flight { holder, state: Mutex::default(), landed: Condvar::new() });
    table.flights.insert(id, Arc::clone(&flight));
    if holder.is_some() {
        HELD.set(HELD.get() + 1);
    }
    Guard { id, flight, counted_on: holder }
}

/// Whether waiting for `flight` would be waiting for this thread, directly or through others.
fn waits_for_me(table: &Table, flight: &Arc<Flight>, me: ThreadId) -> bool {
    let mut to_visit = vec![flight];
    let mut seen: Vec<*const Flight> = Vec::new();
    while let Some(flight) = to_visit.pop() {
        let Some(holder) = flight.holder else { continue };
        if holder == me {
            return true;
        }
        if !seen.contains(&Arc::as_ptr(flight)) {
            seen.push(Arc::as_ptr(flight));
            to_visit.extend(table.waiting.get(&holder).into_iter().flatten());
        }
    }
    false
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

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(table) = table().as_mut() {
            table.flights.remove(&self.id);
        }
        // A guard is dropped where it was made, but for one that its owner sent elsewhere.
        if self.counted_on == Some(thread::current().id()) {
            HELD.set(HELD.get().saturating_sub(1));
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
