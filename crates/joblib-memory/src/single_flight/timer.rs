//! Waking tasks at a time, on any executor: one thread for all of them, which runs only while a
//! task waits.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Instant;

use joblib_store::{AfterFork, ProcessLock};

use crate::lock;
use crate::wake::wake;

#[derive(Default)]
struct Timers {
    /// By time, and by a number that distinguishes those of one time.
    due: BTreeMap<(Instant, u64), Waker>,
    count: u64,
    /// Whether the thread that wakes them runs.
    served: bool,
    /// Told of a timer, which may be due sooner than the others. Of these timers, for a condition variable belongs to one
    /// mutex.
    added: Arc<Condvar>,
}

/// A forked child begins without the timers of its parent, and without the thread that serves them.
static TIMERS: ProcessLock<Timers> = ProcessLock::new(AfterFork::Renew);

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
        let mut timers = TIMERS.lock();
        let number = *self.number.get_or_insert_with(|| {
            timers.count += 1;
            timers.count
        });
        timers.due.insert((self.at, number), context.waker().clone());
        if timers.served {
            timers.added.notify_one();
        } else if thread::Builder::new()
            .name("joblib-timer".into())
            .stack_size(64 * 1024)
            .spawn(serve)
            .is_ok()
        {
            timers.served = true;
        } else {
            // Without a thread there is no waiting but this.
            drop(timers);
            thread::sleep(self.at.saturating_duration_since(Instant::now()));
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            TIMERS.lock().due.remove(&(self.at, number));
        }
    }
}

/// Wakes what is due, until no timer is left.
fn serve() {
    let mut timers = TIMERS.lock();
    loop {
        let now = Instant::now();
        let later = timers.due.split_off(&(now, u64::MAX));
        let due = std::mem::replace(&mut timers.due, later);
        if !due.is_empty() {
            drop(timers);
            for waker in due.into_values() {
                wake(waker);
            }
            timers = TIMERS.lock();
            continue;
        }
        let Some((&(next, _), _)) = timers.due.first_key_value() else {
            timers.served = false;
            return;
        };
        let added = Arc::clone(&timers.added);
        timers = lock::wait(&added, timers, next - now);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::task::Wake;
    use std::time::Duration;

    use super::*;

    struct Panics;

    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("on purpose: this executor is gone");
        }
    }

    struct Tells(Sender<()>);

    impl Wake for Tells {
        fn wake(self: Arc<Self>) {
            self.0.send(()).unwrap();
        }
    }

    #[test]
    fn a_waker_that_panics_keeps_no_other_task_waiting() {
        let (sender, woken) = channel();
        let wakers = [Waker::from(Arc::new(Panics)), Waker::from(Arc::new(Tells(sender)))];
        for after in [20, 40] {
            let at = Instant::now() + Duration::from_millis(after);
            let timers: Vec<Timer> = wakers
                .iter()
                .map(|waker| {
                    let mut timer = Timer::at(at);
                    // One that is late is ready now.
                    if Pin::new(&mut timer).poll(&mut Context::from_waker(waker)).is_ready() {
                        waker.will_wake(&wakers[1]).then(|| wakers[1].wake_by_ref());
                    }
                    timer
                })
                .collect();
            woken.recv_timeout(Duration::from_mins(1)).expect("the other task is woken");
            drop(timers);
        }
    }
}
