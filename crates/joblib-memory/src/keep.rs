//! What is kept of a function's result: all of it, or only the `Ok` or `Some`.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// How a result of type `R` is kept.
#[doc(hidden)]
pub trait Keep<R> {
    /// What is stored.
    type Stored: Serialize + DeserializeOwned;
    /// The result with a reference to what is stored in its place.
    type Shelf<S>;

    /// The part to store, if this result is one to keep.
    fn kept(result: &R) -> Option<&Self::Stored>;

    /// The result around what was stored.
    fn restore(stored: Self::Stored) -> R;

    /// The result with something in the place of what is stored.
    fn shelve<S>(result: R, shelve: impl FnOnce(Self::Stored) -> S) -> Self::Shelf<S>;

    /// The same when only what is stored is known.
    fn shelf<S>(shelved: S) -> Self::Shelf<S>;
}

/// Keeps every result.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct KeepAll;

/// Keeps `Ok` only.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct KeepOk;

/// Keeps `Some` only.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct KeepSome;

impl<R: Serialize + DeserializeOwned> Keep<R> for KeepAll {
    type Stored = R;
    type Shelf<S> = S;

    fn kept(result: &R) -> Option<&R> {
        Some(result)
    }

    fn restore(stored: R) -> R {
        stored
    }

    fn shelve<S>(result: R, shelve: impl FnOnce(R) -> S) -> S {
        shelve(result)
    }

    fn shelf<S>(shelved: S) -> S {
        shelved
    }
}

impl<T: Serialize + DeserializeOwned, E> Keep<Result<T, E>> for KeepOk {
    type Stored = T;
    type Shelf<S> = Result<S, E>;

    fn kept(result: &Result<T, E>) -> Option<&T> {
        result.as_ref().ok()
    }

    fn restore(stored: T) -> Result<T, E> {
        Ok(stored)
    }

    fn shelve<S>(result: Result<T, E>, shelve: impl FnOnce(T) -> S) -> Result<S, E> {
        result.map(shelve)
    }

    fn shelf<S>(shelved: S) -> Result<S, E> {
        Ok(shelved)
    }
}

impl<T: Serialize + DeserializeOwned> Keep<Option<T>> for KeepSome {
    type Stored = T;
    type Shelf<S> = Option<S>;

    fn kept(result: &Option<T>) -> Option<&T> {
        result.as_ref()
    }

    fn restore(stored: T) -> Option<T> {
        Some(stored)
    }

    fn shelve<S>(result: Option<T>, shelve: impl FnOnce(T) -> S) -> Option<S> {
        result.map(shelve)
    }

    fn shelf<S>(shelved: S) -> Option<S> {
        Some(shelved)
    }
}
