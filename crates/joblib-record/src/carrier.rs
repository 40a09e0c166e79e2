//! The step of a thread on its way to a worker process.

use std::any::Any;
use std::cell::RefCell;
use std::path::PathBuf;

use crate::bytes::{Fields, Put};
use crate::events::Listener;
use crate::position::{Position, current, enter};
use crate::record::Parent;
use crate::recorder::Recorder;

thread_local! {
    /// The recorder of the run that this process was made part of.
    static JOINED: RefCell<Option<Recorder>> = const { RefCell::new(None) };
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
        Some(position) => {
            let entered = enter(position);
            // Dropped in this order.
            Box::new((Listener::new(None, true).map(|listener| listener.enter()), entered))
        }
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
