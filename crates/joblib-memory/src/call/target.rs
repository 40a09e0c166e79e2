//! Where a stored result goes. The steps of a lookup are compiled here, once; what depends on the result's type is behind
//! [`Target`], and the value itself stays in the caller's stack frame.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use crate::entry::codec::{Body, Failure};
use crate::tier::{Keeper, Shared};

/// What is made of a result.
pub(crate) trait Target {
    /// Makes the value of what is stored.
    fn decode(&mut self, body: Body) -> Result<(), Failure>;

    /// Makes the value of one that is kept in memory; `false` if it is of another type.
    fn take(&mut self, kept: &Shared) -> bool;

    /// The value in the form in which it is kept in memory, if values are.
    fn keep(&self) -> Option<Shared>;

    /// Which use is made of results that are kept in memory.
    fn in_memory(&self) -> Use;

    /// Whether `take` copies the bytes of a value, and calls nobody's code.
    fn copies(&self) -> bool {
        false
    }
}

/// Which use is made of results that are kept in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// None: nothing is made of the result.
    Nothing,
    /// They count as results, and nothing more is kept.
    Look,
    /// They are taken, and what is read is kept, as a value or as its bytes.
    Keep { values: bool },
}

/// The result as a value.
pub(crate) struct Value<T> {
    value: Option<T>,
    keeper: Keeper<T>,
}

impl<T> Value<T> {
    pub(crate) fn new(keeper: Keeper<T>) -> Self {
        Self { value: None, keeper }
    }

    pub(crate) fn into_value(self) -> Option<T> {
        self.value
    }
}

impl<T: DeserializeOwned> Target for Value<T> {
    fn decode(&mut self, body: Body) -> Result<(), Failure> {
        self.value = Some(body.result()?);
        Ok(())
    }

    fn take(&mut self, kept: &Shared) -> bool {
        self.value = self.keeper.take(kept);
        self.value.is_some()
    }

    fn keep(&self) -> Option<Shared> {
        self.keeper.keep(self.value.as_ref()?)
    }

    fn in_memory(&self) -> Use {
        Use::Keep { values: self.keeper.keeps_values() }
    }

    fn copies(&self) -> bool {
        self.keeper.copies()
    }
}

/// The result stays where it is.
pub(crate) struct Untouched;

impl Target for Untouched {
    fn decode(&mut self, _: Body) -> Result<(), Failure> {
        Ok(())
    }

    fn take(&mut self, _: &Shared) -> bool {
        true
    }

    fn keep(&self) -> Option<Shared> {
        None
    }

    fn in_memory(&self) -> Use {
        Use::Nothing
    }
}

/// The result is read as a `T`, which is dropped.
pub(crate) struct Tested<T>(PhantomData<T>);

impl<T> Tested<T> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: DeserializeOwned> Target for Tested<T> {
    fn decode(&mut self, body: Body) -> Result<(), Failure> {
        body.result::<T>().map(drop)
    }

    fn take(&mut self, _: &Shared) -> bool {
        true
    }

    fn keep(&self) -> Option<Shared> {
        None
    }

    fn in_memory(&self) -> Use {
        Use::Look
    }
}
