//! Waking tasks at a time, on any executor: one thread for all of them, which runs only while a task waits.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Condvar;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Instant;

use crate::lock::{self, Lock};

#[derive(Default)]
struct Timers {
    /// By time, and by a number that distinguishes those of one time.
    due: BTreeMap<(Instant, u64), Waker>,
    count: u64,
    /// The process whose thread wakes them: a forked child has no such thread.
    served_by: Option<u32>,
}

static TIMERS: Lock<Option<Timers>> = Lock::new(None);
static SOONER: Condvar = Condvar::new();

/// Ready from its time on.
#[derive(Debug)]
pub(crate) struct Timer {
    at: Instant,
    number: Option<u64>,
}

impl Timer {
    pub(crate) fn at(at: Instant) -> Self {
        Self { at, number: None }
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.at {
            return Poll::Ready(());
        }
        let mut guard = TIMERS.lock();
        let timers = guard.get_or_insert_default();
        let number = *self.number.get_or_insert_with(|| {
            timers.count += 1;
            timers.count
        });
        timers.due.insert((self.at, number), context.waker().clone());
        let pid = std::process::id();
        if timers.served_by == Some(pid) {
            SOONER.notify_one();
        } else if thread::Builder::new()
            .name("joblib-timer".into())
            .stack_size(64 * 1024)
            .spawn(move || serve(pid))
            .is_ok()
        {
            timers.served_by = Some(pid);
        } else {
            // Without a thread there is no waiting but this.
            drop(guard);
            thread::sleep(self.at.saturating_duration_since(Instant::now()));
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(number) = self.number
            && let Some(timers) = TIMERS.lock().as_mut()
        {
            timers.due.remove(&(self.at, number));
        }
    }
}

/// Wakes what is due, until nothing is left to wait for.
fn serve(pid: u32) {
    let mut guard = TIMERS.lock();
    loop {
        let timers = guard.get_or_insert_default();
        let now = Instant::now();
        let later = timers.due.split_off(&(now, u64::MAX));
        let due = std::mem::replace(&mut timers.due, later);
        if !due.is_empty() {
            drop(guard);
            due.into_values().for_each(Waker::wake);
            guard = TIMERS.lock();
            continue;
        }
        let Some((&(next, _), _)) = timers.due.first_key_value() else {
            if timers.served_by == Some(pid) {
                timers.served_by = None;
            }
            return;
        };
        guard = lock::wait(&SOONER, guard, next - now);
    }
}
