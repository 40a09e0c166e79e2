//! Values that hold others, part by part.

use serde::ser::{self, Serialize};

use super::{Encoder, tag};
use crate::HashError;
use crate::entries::Entries;

/// A list being hashed; with entries, one whose order does not count.
pub(crate) struct Seq<'e> {
    encoder: &'e mut Encoder,
    count: usize,
    entries: Option<Entries>,
}

impl<'e> Seq<'e> {
    pub(super) fn new(encoder: &'e mut Encoder, entries: Option<Entries>) -> Self {
        Self { encoder, count: 0, entries }
    }
}

impl ser::SerializeSeq for Seq<'_> {
    type Ok = ();
    type Error = HashError;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), HashError> {
        if let Some(entries) = &mut self.entries {
            self.encoder.stream.begin_entry();
            value.serialize(&mut *self.encoder)?;
            self.encoder.end_entry(entries);
            return Ok(());
        }
        self.count += 1;
        self.encoder.item = true;
        value.serialize(&mut *self.encoder)
    }

    fn end(self) -> Result<(), HashError> {
        if let Some(entries) = self.entries {
            self.encoder.leave(tag::UNORDERED, entries);
        } else {
            self.encoder.begin(tag::END);
            self.encoder.length(self.count);
        }
        self.encoder.ascend();
        Ok(())
    }
}

/// A map being hashed, entry by entry.
pub(crate) struct Map<'e> {
    encoder: &'e mut Encoder,
    entries: Entries,
    /// Whether a key has been written and its value has not.
    in_entry: bool,
}

impl<'e> Map<'e> {
    pub(super) fn new(encoder: &'e mut Encoder, entries: Entries) -> Self {
        Self { encoder, entries, in_entry: false }
    }
}

impl ser::SerializeMap for Map<'_> {
    type Ok = ();
    type Error = HashError;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), HashError> {
        if self.in_entry {
            return Err(ser::Error::custom("a map's key came without a value"));
        }
        self.in_entry = true;
        self.encoder.stream.begin_entry();
        key.serialize(&mut *self.encoder)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), HashError> {
        if !self.in_entry {
            return Err(ser::Error::custom("a map's value came before its key"));
        }
        self.in_entry = false;
        value.serialize(&mut *self.encoder)?;
        self.encoder.end_entry(&mut self.entries);
        Ok(())
    }

    fn end(self) -> Result<(), HashError> {
        if self.in_entry {
            return Err(ser::Error::custom("a map's key came without a value"));
        }
        self.encoder.leave(tag::MAP, self.entries);
        self.encoder.ascend();
        Ok(())
    }
}

/// Anything whose length is written before its parts.
pub(crate) struct Compound<'e> {
    encoder: &'e mut Encoder,
}

impl<'e> Compound<'e> {
    pub(super) fn new(encoder: &'e mut Encoder) -> Result<Self, HashError> {
        encoder.descend()?;
        Ok(Self { encoder })
    }
}

macro_rules! positional {
    ($($compound:ident: $method:ident),*) => {$(
        impl ser::$compound for Compound<'_> {
            type Ok = ();
            type Error = HashError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), HashError> {
                value.serialize(&mut *self.encoder)
            }

            fn end(self) -> Result<(), HashError> {
                self.encoder.ascend();
                Ok(())
            }
        }
    )*};
}

positional! { SerializeTuple: serialize_element, SerializeTupleStruct: serialize_field, SerializeTupleVariant: serialize_field }

macro_rules! named {
    ($($compound:ident),*) => {$(
        impl ser::$compound for Compound<'_> {
            type Ok = ();
            type Error = HashError;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), HashError> {
                self.encoder.name(name);
                value.serialize(&mut *self.encoder)
            }

            fn end(self) -> Result<(), HashError> {
                self.encoder.ascend();
                Ok(())
            }
        }
    )*};
}

named! { SerializeStruct, SerializeStructVariant }
