//! What is stored of a function's result: all of it, or only the `Ok` or `Some`.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What can be stored. It is a bound where results are stored and loaded, not where a type says
/// what is kept: so the compiler says once, at the result's type, what is missing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be stored, and so a function that returns it can't be cached",
    label = "a result is stored: derive `serde::Serialize` and `serde::Deserialize` for its type, and for the types in it",
    note = "for a type of another crate, enable the crate's feature for serde; for `Rc` and `Arc`, serde's feature `rc`",
    note = "for a type parameter, write the bound: `T: serde::Serialize + serde::de::DeserializeOwned`",
    note = "for an array of more than 32 elements, return a `Vec`"
)]
#[doc(hidden)]
pub trait Storable: Serialize + DeserializeOwned {}

// Not recommended, for the compiler would name `Serialize`, and then `Deserialize`, as what is
// missing.
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Storable for T {}

/// What can be a part of a key. As [`Storable`], it is there for what the compiler says.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be hashed, and so a function that takes it can't be cached",
    label = "arguments are hashed: derive `serde::Serialize` for this type, and for the types in it, or write \
             `#[cached(skip)]` before an argument that does not matter",
    note = "for a type of another crate, enable the crate's feature for serde; for `Rc` and `Arc`, serde's feature `rc`",
    note = "for a type parameter, write the bound: `T: serde::Serialize`",
    note = "for an array of more than 32 elements, take a slice"
)]
#[doc(hidden)]
pub trait Hashable: Serialize {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + ?Sized> Hashable for T {}

/// Does nothing, for results that can be stored. `#[cached]` calls it at the place of the result's
/// type.
#[doc(hidden)]
pub const fn storable<R, K: Keep<R, Stored: Storable>>() {}

/// How a result of type `R` is kept.
#[doc(hidden)]
pub trait Keep<R> {
    /// What is stored.
    type Stored;
    /// The result with an `S` in the place of what is stored.
    type Wrapped<S>;

    /// The type of the error that a result without a part to store is, if that is a failure.
    fn error_type() -> Option<&'static str> {
        None
    }

    /// The part to store, if this result is one to keep.
    fn stored_part(result: &R) -> Option<&Self::Stored>;

    /// The result around what was stored.
    fn wrap(stored: Self::Stored) -> R;

    /// The result with what is stored replaced.
    fn map_stored<S>(result: R, map: impl FnOnce(Self::Stored) -> S) -> Self::Wrapped<S>;

    /// The result around a reference to what is stored.
    fn wrap_reference<S>(reference: S) -> Self::Wrapped<S>;
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
    type Wrapped<S> = S;

    fn stored_part(result: &R) -> Option<&R> {
        Some(result)
    }

    fn wrap(stored: R) -> R {
        stored
    }

    fn map_stored<S>(result: R, map: impl FnOnce(R) -> S) -> S {
        map(result)
    }

    fn wrap_reference<S>(reference: S) -> S {
        reference
    }
}

impl<T, E> Keep<Result<T, E>> for KeepOk {
    type Stored = T;
    type Wrapped<S> = Result<S, E>;

    fn error_type() -> Option<&'static str> {
        Some(std::any::type_name::<E>())
    }

    fn stored_part(result: &Result<T, E>) -> Option<&T> {
        result.as_ref().ok()
    }

    fn wrap(stored: T) -> Result<T, E> {
        Ok(stored)
    }

    fn map_stored<S>(result: Result<T, E>, map: impl FnOnce(T) -> S) -> Result<S, E> {
        result.map(map)
    }

    fn wrap_reference<S>(reference: S) -> Result<S, E> {
        Ok(reference)
    }
}

impl<T> Keep<Option<T>> for KeepSome {
    type Stored = T;
    type Wrapped<S> = Option<S>;

    fn stored_part(result: &Option<T>) -> Option<&T> {
        result.as_ref()
    }

    fn wrap(stored: T) -> Option<T> {
        Some(stored)
    }

    fn map_stored<S>(result: Option<T>, map: impl FnOnce(T) -> S) -> Option<S> {
        result.map(map)
    }

    fn wrap_reference<S>(reference: S) -> Option<S> {
        Some(reference)
    }
}
