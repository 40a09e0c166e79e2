//! What is kept of a function's result: all of it, or only the `Ok` or `Some`.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What can be stored. It is asked for where results are stored and loaded, not where a type says what is kept: so the
/// compiler says once, at the result's type, what is missing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be stored, and so a function that returns it can't be cached",
    label = "a result is stored: derive `serde::Serialize` and `serde::Deserialize` for its type"
)]
#[doc(hidden)]
pub trait Storable: Serialize + DeserializeOwned {}

// Not recommended, for the compiler would name `Serialize`, and then `Deserialize`, as what is missing.
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Storable for T {}

/// Does nothing, for results that can be stored. `#[cached]` calls it with the result's place.
#[doc(hidden)]
pub const fn storable<R, K: Keep<R, Stored: Storable>>() {}

/// How a result of type `R` is kept.
#[doc(hidden)]
pub trait Keep<R> {
    /// What is stored.
    type Stored;
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

impl<R> Keep<R> for KeepAll {
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

impl<T, E> Keep<Result<T, E>> for KeepOk {
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

impl<T> Keep<Option<T>> for KeepSome {
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
