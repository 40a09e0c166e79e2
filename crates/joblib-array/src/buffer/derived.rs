//! What was made from a memory's bytes and is worth keeping as long as they stay the same.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

/// Values made from the same bytes, at most one of each type.
#[derive(Default)]
pub(super) struct Derived(Mutex<Vec<Arc<dyn Any + Send + Sync>>>);

impl Derived {
    /// The value of the type, if one is kept.
    pub(super) fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        find(&kept)
    }

    /// Keeps the value, and gives the one that everybody gets: somebody else's, if it was faster.
    pub(super) fn keep<T: Send + Sync + 'static>(&self, made: T) -> Arc<T> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        find(&kept).unwrap_or_else(|| {
            let made = Arc::new(made);
            kept.push(Arc::clone(&made) as Arc<dyn Any + Send + Sync>);
            made
        })
    }

    /// Forgets everything: the bytes change.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn find<T: Send + Sync + 'static>(kept: &[Arc<dyn Any + Send + Sync>]) -> Option<Arc<T>> {
    kept.iter().find_map(|value| Arc::clone(value).downcast().ok())
}
