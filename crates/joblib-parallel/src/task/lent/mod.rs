//! The arguments of a call, owned by its task: how `delayed!` and the companions `delayed` of functions store them.
//!
//! An argument that is a reference becomes a [`Lent`]: the task owns the value, and passes a reference to it to the function.
//! Every other argument becomes a [`Moved`], and is moved to the function. The type of an argument decides between them:
//! [`Tag`] determines it, by the method that the compiler finds first ([`TagMoved`], [`TagLent`] and so on).

mod fingerprint;
mod places;

use std::any::Any;
use std::borrow::Borrow;
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::delayed::Value;

pub(crate) use self::places::Places;

/// A value of which a `T` can be borrowed.
trait Held<T: ?Sized>: Send + Sync {
    fn get(&self) -> &T;
}

impl<T: ?Sized, O: Borrow<T> + Send + Sync> Held<T> for O {
    fn get(&self) -> &T {
        self.borrow()
    }
}

/// An argument that was a reference: the task owns a value, and lends it to the function.
///
/// [`delayed!`](https://docs.rs/joblib/latest/joblib/macro.delayed.html) makes it. Tasks that were lent the same value share it.
pub struct Lent<T: ?Sized>(Arc<dyn Held<T>>);

impl<T: ?Sized> Clone for Lent<T> {
    fn clone(&self) -> Self {
        Lent(Arc::clone(&self.0))
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Lent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (*self.0).get().fmt(f)
    }
}

impl<T: ?Sized + Serialize> Serialize for Lent<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (*self.0).get().serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Lent<T>
where
    T: ?Sized + ToOwned<Owned: DeserializeOwned + Send + Sync + 'static> + 'static,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::Owned::deserialize(deserializer).map(|owned| Lent(Arc::new(owned)))
    }
}

/// An argument that was not a reference. It is given to the function once.
pub struct Moved<A>(Option<A>);

impl<A: Clone> Clone for Moved<A> {
    fn clone(&self) -> Self {
        Moved(self.0.clone())
    }
}

impl<A: fmt::Debug> fmt::Debug for Moved<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("…"),
        }
    }
}

impl<A: Serialize> Serialize for Moved<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(value) => value.serialize(serializer),
            None => Err(serde::ser::Error::custom("the argument was given to the function")),
        }
    }
}

impl<'de, A: Deserialize<'de>> Deserialize<'de> for Moved<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        A::deserialize(deserializer).map(|value| Moved(Some(value)))
    }
}

/// The argument `None`: of an `Option` of what is borrowed, or of what is not.
pub struct Absent<T>(PhantomData<fn() -> T>);

impl<T> Absent<T> {
    /// The only one.
    pub const NEW: Self = Self(PhantomData);
}

impl<T> Clone for Absent<T> {
    fn clone(&self) -> Self {
        Self::NEW
    }
}

impl<T> fmt::Debug for Absent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("None")
    }
}

impl<T> Serialize for Absent<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_none()
    }
}

impl<'de, T> Deserialize<'de> for Absent<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<()>::deserialize(deserializer).map(|_| Self::NEW)
    }
}

/// What a task has of an argument, as the function takes it.
pub trait Lend {
    /// The type of the function's parameter, or what coerces to it.
    type Form<'a>
    where
        Self: 'a;

    /// Gives the argument to the function, or lends it. Called once.
    fn lend(&mut self) -> Self::Form<'_>;
}

impl<T: ?Sized + 'static> Lend for Lent<T> {
    type Form<'a> = &'a T;

    fn lend(&mut self) -> &T {
        (*self.0).get()
    }
}

impl<T: ?Sized + 'static> Lend for Option<Lent<T>> {
    type Form<'a> = Option<&'a T>;

    fn lend(&mut self) -> Option<&T> {
        self.as_ref().map(|lent| (*lent.0).get())
    }
}

impl<A> Lend for Moved<A> {
    type Form<'a>
        = A
    where
        A: 'a;

    fn lend(&mut self) -> A {
        match self.0.take() {
            Some(value) => value,
            None => unreachable!("generated code calls `lend` once"),
        }
    }
}

impl<T> Lend for Absent<T> {
    type Form<'a>
        = Option<T>
    where
        T: 'a;

    fn lend(&mut self) -> Option<T> {
        None
    }
}

/// Declares a trait, and one that the companions `delayed` ask for as one bound: both with the same error where a type is
/// neither.
macro_rules! bounds {
    ($(#[$doc:meta])* $trait:ident $body:tt $(#[$message:meta])* as $as:ident: $($bounds:tt)*) => {
        $(#[$doc])*
        $(#[$message])*
        pub trait $trait $body

        /// What a companion `delayed` asks of the type of an argument.
        $(#[$message])*
        pub trait $as: $($bounds)* {}
    };
}

bounds! {
    /// A type of which a task can own a value, to lend it where it runs.
    Lendable {
        /// What the task has.
        type Owned;

        /// A task's own value. It is shared with other tasks that were lent the same value from the same place.
        fn lent(&self) -> Self::Owned;
    }
    #[diagnostic::on_unimplemented(
        message = "`{Self}` can't be lent to a task: it has to be cloned, and known to serde",
        label = "is not `Clone`, is unknown to serde, or is not `Send + Sync`",
        note = "a task owns what it is lent, for it may run after the caller's borrow ends, and in another process: an `Array` or an `Arc` costs nothing, everything else is cloned",
        note = "types of your own have to derive `Clone`, `serde::Serialize` and `serde::Deserialize`",
        note = "closures that borrow run on threads: `.require(SharedMem)` and `.run(items.iter().map(|item| move || norm(item)))`"
    )]
    as LendableAs: Lendable<Owned = Lent<Self>>
}

#[diagnostic::do_not_recommend]
impl<T> Lendable for T
where
    T: ?Sized + ToOwned<Owned: Value + Sync> + Serialize + 'static,
{
    type Owned = Lent<T>;

    fn lent(&self) -> Lent<T> {
        Lent(places::share(self))
    }
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized + Lendable<Owned = Lent<T>>> LendableAs for T {}

bounds! {
    /// A type of which a value can go along with a task, to be given to the function.
    Movable {
        /// What the task has.
        type Owned;

        /// Moves the value into a task.
        fn moved(self) -> Self::Owned;
    }
    #[diagnostic::on_unimplemented(
        message = "`{Self}` can't be an argument of a task: it has to be owned, and known to serde",
        label = "borrows, is unknown to serde, or is not `Send`",
        note = "types of your own have to derive `serde::Serialize` and `serde::Deserialize`",
        note = "closures that borrow run on threads: `.require(SharedMem)` and `.run(items.iter().map(|item| move || norm(item)))`"
    )]
    as MovableAs: Sized + Movable<Owned = Moved<Self>>
}

#[diagnostic::do_not_recommend]
impl<A: Value> Movable for A {
    type Owned = Moved<A>;

    fn moved(self) -> Moved<A> {
        Moved(Some(self))
    }
}

#[diagnostic::do_not_recommend]
impl<A: Movable<Owned = Moved<A>>> MovableAs for A {}

/// Stands for an argument of type `X`, to find out how a task owns it.
pub struct Tag<X>(PhantomData<fn() -> X>);

impl<X> Tag<X> {
    /// The tag of a value.
    pub fn of(_: &X) -> Self {
        Tag(PhantomData)
    }
}

macro_rules! tags {
    ($($(#[$doc:meta])* $trait:ident $owner:ident for [$($generics:tt)*] $tag:ty;)*) => {$(
        $(#[$doc])*
        pub trait $trait {
            /// Who owns the argument.
            fn owner(&self) -> $owner {
                $owner
            }
        }

        impl<$($generics)*> $trait for $tag {}

        $(#[$doc])*
        #[derive(Debug)]
        pub struct $owner;
    )*};
}

tags! {
    /// Of references to an `Arc`.
    TagShared OwnShared for [T: ?Sized] &&&&Tag<&Arc<T>>;
    /// Of references to references, which the compiler dereferences as well where they are given to a function.
    TagLentTwice OwnLentTwice for [T: ?Sized] &&&&Tag<&&T>;
    /// Of references.
    TagLent OwnLent for [T: ?Sized + Lendable] &&&Tag<&T>;
    /// Of arguments that are not references.
    TagMoved OwnMoved for [X: Movable] &&Tag<X>;
    /// Of references to what can't be lent.
    TagLentRefused OwnLentRefused for [T: ?Sized] &Tag<&T>;
    /// Of what can't be moved.
    TagRefused OwnRefused for [X] Tag<X>;
}

impl OwnMoved {
    /// What the task has of the argument.
    pub fn own<A: Movable>(self, value: A) -> A::Owned {
        value.moved()
    }

    /// What the task has of an argument that gets its type from the function.
    pub fn own_any<A>(self, value: A) -> Moved<A> {
        Moved(Some(value))
    }
}

impl OwnLent {
    /// What the task has of the argument.
    pub fn own<T: ?Sized + Lendable>(self, value: &T) -> T::Owned {
        value.lent()
    }

    /// What the task has of an argument that may be there.
    pub fn own_some<T: ?Sized + Lendable>(self, value: Option<&T>) -> Option<T::Owned> {
        value.map(T::lent)
    }
}

impl OwnLentTwice {
    /// What the task has of the argument.
    pub fn own<T: ?Sized + Lendable>(self, value: &&T) -> T::Owned {
        (**value).lent()
    }
}

impl OwnShared {
    /// What the task has of the argument.
    pub fn own<T>(self, value: &Arc<T>) -> Lent<Arc<T>>
    where
        T: ?Sized + Send + Sync + 'static,
        Arc<T>: Lendable<Owned = Lent<Arc<T>>>,
    {
        Lent(Arc::new(Arc::clone(value)))
    }
}

/// Stands for an argument that a task can't have, so that this is the only error: it is one to make it.
#[derive(Debug)]
pub struct Refused<A>(Infallible, PhantomData<fn() -> A>);

impl<A> Serialize for Refused<A> {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        match self.0 {}
    }
}

impl<'de, A> Deserialize<'de> for Refused<A> {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("no task can have the argument"))
    }
}

impl<A> Lend for Refused<A> {
    type Form<'a>
        = A
    where
        A: 'a;

    fn lend(&mut self) -> A {
        match self.0 {}
    }
}

impl OwnRefused {
    /// An error, which names the type.
    pub fn own<A: Movable>(self, _: A) -> Refused<A> {
        unreachable!("an argument that can be moved is")
    }
}

impl OwnLentRefused {
    /// An error, which names the type.
    pub fn own<T: ?Sized + Lendable>(self, _: &T) -> Refused<&'static T> {
        unreachable!("an argument that can be lent is")
    }
}

/// What is kept of a lent value to share it.
type Kept = Arc<dyn Any + Send + Sync>;
