//! The step that a thread is in, which is how calls know what they are part of.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;

use crate::panics::noting_panics;
use crate::record::Parent;
use crate::recorder::Recorder;

/// A step of a run, and a task of it.
#[derive(Debug, Clone)]
pub struct Position {
    pub(crate) recorder: Recorder,
    pub(crate) parent: Parent,
}

impl Position {
    /// Where the step is recorded.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Position>> = const { RefCell::new(None) };
    /// Whether the thread is in a step: most tasks are in none, and this is looked at faster.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// The step that this thread is in.
pub fn current() -> Option<Position> {
    // A thread that ends is in none any more.
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// The step that this thread is in, if it is of this run.
pub(crate) fn parent_in(recorder: &Recorder) -> Parent {
    let parent = CURRENT.try_with(|current| {
        let current = current.borrow();
        let here = current.as_ref().filter(|position| position.recorder.is_same(recorder));
        here.map(|position| position.parent)
    });
    parent.ok().flatten().unwrap_or_default()
}

/// Sets which task of its parallel call the thread is about to run. Returns whether the thread is in a step.
#[inline]
pub fn set_task(index: usize) -> bool {
    INSIDE.get() && set_task_of_step(index)
}

fn set_task_of_step(index: usize) -> bool {
    let set = CURRENT.try_with(|current| match &mut *current.borrow_mut() {
        Some(position) => {
            position.parent.task = Some(index as u64);
            true
        }
        None => false,
    });
    set.unwrap_or(false)
}

/// Keeps a thread in a step until dropped.
#[derive(Debug)]
pub struct Entered {
    outer: Option<Position>,
}

/// Enters a step on this thread.
pub fn enter(position: Position) -> Entered {
    let outer = CURRENT.try_with(|current| current.replace(Some(position)));
    INSIDE.set(true);
    Entered { outer: outer.ok().flatten() }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let outer = self.outer.take();
        INSIDE.set(outer.is_some());
        let _ = CURRENT.try_with(|current| current.replace(outer));
    }
}

/// Awaits a future that is in a step whenever it is polled.
pub async fn inside<F: Future>(position: Option<Position>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        let Some(position) = position.clone() else { return future.as_mut().poll(context) };
        let _entered = enter(position);
        noting_panics(|| future.as_mut().poll(context))
    })
    .await
}
