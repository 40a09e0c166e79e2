//! What a task can ask about its context: its index, its seed, its share of the processors, whether to stop.
//!
//! A worker enters a call's context around each batch and sets the index for each task.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use joblib_record::{Entered, Listener, Listening, Position, Recorder};
use tracing::Span;
use tracing::span::EnteredSpan;

use super::captured::Captured;

/// What all tasks of one call have in common, wherever they run.
#[derive(Debug)]
pub(crate) struct CallContext {
    /// Set when nothing further should run.
    pub(crate) stop: AtomicBool,
    /// Whether the first failure stops the rest, so that a worker may do so without asking.
    pub(crate) first_failure_stops: bool,
    pub(crate) seed: u64,
    /// How many threads each task may use in turn.
    pub(crate) budget: usize,
    /// How many parallel calls this one is inside of.
    pub(crate) depth: u32,
    /// Whether it runs elsewhere than the program, by the doing of a call that this one is inside of or is.
    pub(crate) on_node: bool,
    /// The caller's span, which tasks on other threads are in as well.
    pub(crate) span: Span,
    /// What the call is in the record of this run, if there is one.
    pub(crate) recorded: OnceLock<Position>,
    /// What listens to the events of the step that the call is in.
    pub(crate) listener: Option<Listener>,
    /// What tasks on worker processes print, where that is captured.
    pub(crate) captured: Option<Captured>,
    /// Shared by all batches of the call that there are.
    pub(crate) batches: Arc<()>,
}

impl CallContext {
    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether there is a batch of the call, wherever it is.
    pub(crate) fn has_batches(&self) -> bool {
        Arc::strong_count(&self.batches) > 1
    }
}

thread_local! {
    static CALL: RefCell<Option<Arc<CallContext>>> = const { RefCell::new(None) };
    static INDEX: Cell<usize> = const { Cell::new(0) };
    /// The first task that the thread ran since it entered the call, of one that is recorded.
    static FIRST: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Records the tasks that run on this thread until it is dropped.
pub(crate) struct RecordedTasks {
    recorder: Recorder,
    since: Instant,
    outer_first: Option<usize>,
    _entered: Entered,
}

impl RecordedTasks {
    /// Tasks of the parallel call of this position.
    pub(crate) fn of(position: Position) -> Self {
        Self {
            recorder: position.recorder().clone(),
            since: Instant::now(),
            outer_first: FIRST.replace(None),
            _entered: joblib_record::enter(position),
        }
    }
}

impl Drop for RecordedTasks {
    fn drop(&mut self) {
        let took = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        if let Some(first) = FIRST.replace(self.outer_first) {
            self.recorder.tasks(first, INDEX.get().saturating_sub(first) + 1, took);
        }
    }
}

/// Keeps a thread inside a call's context until dropped.
pub(crate) struct ContextGuard {
    outer: Option<Arc<CallContext>>,
    outer_index: usize,
    /// `None` if the call is not recorded, and in a worker process, where only contexts of the call know that.
    tasks: Option<RecordedTasks>,
    _listening: Option<Listening>,
    _span: Option<EnteredSpan>,
}

/// Enters `call` on this thread.
pub(crate) fn enter(call: &Arc<CallContext>) -> ContextGuard {
    let outer = CALL.replace(Some(Arc::clone(call)));
    // On the caller's own thread it is entered already.
    let span = (call.span.id() != Span::current().id()).then(|| call.span.clone().entered());
    let tasks = call.recorded.get().cloned().map(RecordedTasks::of);
    let listening = call.listener.as_ref().map(Listener::enter);
    ContextGuard { outer, outer_index: INDEX.get(), tasks, _listening: listening, _span: span }
}

impl Drop for ContextGuard {
    fn drop(&mut self) {
        // It needs the index of the last task.
        drop(self.tasks.take());
        CALL.set(self.outer.take());
        INDEX.set(self.outer_index);
    }
}

/// Lets one thread alternate between its own context and a call's, as where tasks run between calls of their producer.
pub(crate) struct Alternate {
    /// That of the two which the thread is not in.
    other: Option<Arc<CallContext>>,
    other_index: usize,
    span: Option<Span>,
}

impl Alternate {
    /// For tasks of `call` on the caller's own thread.
    pub(crate) fn new(call: &Arc<CallContext>) -> Self {
        let span = (call.span.id() != Span::current().id()).then(|| call.span.clone());
        Alternate { other: Some(Arc::clone(call)), other_index: 0, span }
    }

    /// Runs `f`, which does not panic, as a part of the call.
    pub(crate) fn inside<R>(&mut self, f: impl FnOnce() -> R) -> R {
        self.swap();
        let span = self.span.as_ref().map(Span::enter);
        let result = f();
        drop(span);
        self.swap();
        result
    }

    fn swap(&mut self) {
        CALL.with_borrow_mut(|call| std::mem::swap(call, &mut self.other));
        self.other_index = INDEX.replace(self.other_index);
    }
}

/// Sets which task the thread is about to run.
pub(crate) fn set_index(index: usize) {
    INDEX.set(index);
    if joblib_record::set_task(index) && FIRST.get().is_none() {
        FIRST.set(Some(index));
    }
}

/// The threads this task may use, or `None` outside of any task.
pub(crate) fn budget() -> Option<usize> {
    CALL.with_borrow(|call| call.as_ref().map(|call| call.budget))
}

/// How many parallel calls this thread is inside of.
pub(crate) fn depth() -> u32 {
    CALL.with_borrow(|call| call.as_ref().map_or(0, |call| call.depth))
}

/// Whether this thread is inside of a task that another host, or another program's process, runs.
pub(crate) fn on_node() -> bool {
    CALL.with_borrow(|call| call.as_ref().is_some_and(|call| call.on_node))
}

/// Returns a seed for the random numbers of the calling task. It depends only on the task's index and the base seed (see
/// [`Parallel::seed`](crate::Parallel::seed)), not on the backend, `n_jobs` or the batch size. Outside a task, it is the
/// seed of task 0 with base seed 0.
///
/// The mixing is Steele, Lea and Flood's `SplitMix64`, so that neighbouring tasks have unrelated seeds.
///
/// ```
/// use joblib_parallel::{Parallel, delayed, task_seed};
///
/// let draw = |n_jobs| Parallel::new().n_jobs(n_jobs).seed(7).run((0..9).map(|_| delayed(task_seed, ())));
/// assert_eq!(draw(1)?, draw(2)?);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
pub fn task_seed() -> u64 {
    CALL.with_borrow(|call| match call {
        Some(call) => seed_of(call.seed, INDEX.get()),
        None => seed_of(0, 0),
    })
}

/// The seed of task `index` under the base seed `base`.
fn seed_of(base: u64, index: usize) -> u64 {
    split_mix(split_mix(base).wrapping_add(index as u64))
}

fn split_mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Returns `true` if the calling task should stop, because its call was cancelled, has failed or is out of time. Long tasks
/// on threads can check this from time to time; in processes tasks are killed instead.
///
/// ```
/// use joblib_parallel::{cancelled, delayed, Parallel};
///
/// fn count(to: u64) -> u64 {
///     (0..to).take_while(|n| n % 1024 != 0 || !cancelled()).count() as u64
/// }
///
/// assert_eq!(Parallel::new().run([delayed(count, (5000,))])?, [5000]);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
pub fn cancelled() -> bool {
    CALL.with_borrow(|call| call.as_ref().is_some_and(|call| call.stopped()))
}

#[cfg(test)]
mod tests {
    use super::seed_of;
    use std::collections::HashSet;

    #[test]
    fn seeds_of_many_tasks_and_bases_are_all_different() {
        let seeds: HashSet<u64> =
            (0..100).flat_map(|base| (0..100).map(move |index| seed_of(base, index))).collect();
        assert_eq!(seeds.len(), 10_000);
    }
}
