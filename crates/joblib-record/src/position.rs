//! The step that a thread is in, which is how calls know what they are part of.

use std::any::Any;
use std::cell::RefCell;
use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::pin;

use crate::bytes::{Fields, Put};
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
    /// The recorder of the run that this process was made part of.
    static JOINED: RefCell<Option<Recorder>> = const { RefCell::new(None) };
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
pub fn set_task(index: usize) -> bool {
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
    Entered { outer: outer.ok().flatten() }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let outer = self.outer.take();
        let _ = CURRENT.try_with(|current| current.replace(outer));
    }
}

/// Awaits a future that is in a step whenever it is polled.
pub async fn inside<F: Future>(position: Option<Position>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        let _entered = position.clone().map(enter);
        future.as_mut().poll(context)
    })
    .await
}

/// The step of this thread as bytes, for a worker process.
pub fn capture() -> Option<Vec<u8>> {
    let Position { recorder, parent } = current()?;
    let mut bytes = Vec::new();
    bytes.number(u64::from(parent.pid));
    bytes.number(parent.step);
    bytes.bytes(std::os::unix::ffi::OsStrExt::as_bytes(recorder.path().as_os_str()));
    Some(bytes)
}

/// Enters on this thread of a worker process what [`capture`] has captured. What is returned keeps the thread in it.
/// A record that can't be opened is not written.
pub fn apply(bytes: &[u8]) -> Box<dyn Any> {
    match position(bytes) {
        Some(position) => Box::new(enter(position)),
        None => Box::new(()),
    }
}

fn position(bytes: &[u8]) -> Option<Position> {
    let mut fields = Fields(bytes);
    let (pid, step) = (u32::try_from(fields.number()?).ok()?, fields.number()?);
    let path = PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(fields.bytes()?));
    let recorder = JOINED.with(|joined| {
        let mut joined = joined.borrow_mut();
        match &*joined {
            Some(recorder) if recorder.path() == path => Some(recorder.clone()),
            _ => {
                let recorder = Recorder::join(&path, pid).ok()?;
                Some(joined.insert(recorder).clone())
            }
        }
    })?;
    Some(Position { recorder, parent: Parent { pid, step, task: None } })
}
