//! How values of a type are kept: cloned if the type allows it, which generated code finds out.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

/// A kept value.
pub(crate) type Shared = Arc<dyn Any + Send + Sync>;

/// How values of type `T` are kept.
#[doc(hidden)]
pub struct Keeper<T>(Option<Functions<T>>);

struct Functions<T> {
    keep: fn(&T) -> Shared,
    take: fn(&Shared) -> Option<T>,
    copies: bool,
}

impl<T> Clone for Keeper<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Keeper<T> {}

impl<T> Clone for Functions<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Functions<T> {}

impl<T> Keeper<T> {
    /// Keeps the stored bytes.
    pub const BYTES: Self = Self(None);

    /// Whether values are kept, and not their stored bytes.
    pub(crate) fn keeps_values(self) -> bool {
        self.0.is_some()
    }

    /// Whether values are taken by copying their bytes, which calls nobody's code.
    pub(crate) fn copies(self) -> bool {
        self.0.is_some_and(|functions| functions.copies)
    }

    /// The value in the form in which it is kept, if values are.
    pub(crate) fn keep(self, value: &T) -> Option<Shared> {
        Some((self.0?.keep)(value))
    }

    /// A clone of a kept value.
    pub(crate) fn take(self, kept: &Shared) -> Option<T> {
        (self.0?.take)(kept)
    }
}

/// Asks how values of type `T` are kept: `(&&&Probe::<T>::NEW).keeper()`, with the three traits in scope.
/// The compiler finds the method of [`AsCopy`] first, if `T` has what that needs, and then that of [`AsValue`].
#[doc(hidden)]
pub struct Probe<T>(PhantomData<fn() -> T>);

impl<T> Probe<T> {
    pub const NEW: Self = Self(PhantomData);
}

/// Values that can be copied are kept as they are, and taken without a share of what is kept.
#[doc(hidden)]
pub trait AsCopy<T> {
    fn keeper(&self) -> Keeper<T>;
}

impl<T: Copy + Send + Sync + 'static> AsCopy<T> for &&Probe<T> {
    fn keeper(&self) -> Keeper<T> {
        Keeper(Some(Functions {
            keep: |value| Arc::new(*value),
            take: |kept| kept.downcast_ref::<T>().copied(),
            copies: true,
        }))
    }
}

/// Values that can be cloned and shared by threads are kept as they are.
#[doc(hidden)]
pub trait AsValue<T> {
    fn keeper(&self) -> Keeper<T>;
}

impl<T: Clone + Send + Sync + 'static> AsValue<T> for &Probe<T> {
    fn keeper(&self) -> Keeper<T> {
        Keeper(Some(Functions {
            keep: |value| Arc::new(value.clone()),
            take: |kept| kept.downcast_ref::<T>().cloned(),
            copies: false,
        }))
    }
}

/// Of other values the stored bytes are kept.
#[doc(hidden)]
pub trait AsBytes<T> {
    fn keeper(&self) -> Keeper<T>;
}

impl<T> AsBytes<T> for Probe<T> {
    fn keeper(&self) -> Keeper<T> {
        Keeper::BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Plain;

    #[test]
    #[allow(clippy::needless_borrow, reason = "as generated code asks, whatever the type")]
    fn a_type_is_kept_in_the_best_way_that_it_allows() {
        assert!((&&&Probe::<u64>::NEW).keeper().copies());
        let cloned = (&&&Probe::<String>::NEW).keeper();
        assert!(cloned.keeps_values() && !cloned.copies());
        assert!(!(&&&Probe::<Plain>::NEW).keeper().keeps_values());
        assert!(!(&&&Probe::<std::rc::Rc<u8>>::NEW).keeper().keeps_values());
        let kept = cloned.keep(&"text".to_owned()).unwrap();
        assert_eq!(cloned.take(&kept).as_deref(), Some("text"));
    }
}
