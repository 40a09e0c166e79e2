//! Values that hold others, part by part.

use joblib_array::form::{self, Form, Step};
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
            self.encoder.value(value)?;
            self.encoder.end_entry(entries);
            return Ok(());
        }
        self.count += 1;
        self.encoder.item = true;
        self.encoder.value(value)
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
    order: KeyOrder,
    /// Whether a key has been written and its value has not.
    in_entry: bool,
}

/// Whether the order of a map's entries counts.
pub(super) enum KeyOrder {
    /// It doesn't: the map has none.
    None,
    /// It counts, if the map has one. As long as the keys are texts in ascending order, the map may be sorted, and is hashed as
    /// one without an order.
    Ascending {
        /// The key before, as it is encoded.
        last: Option<Vec<u8>>,
    },
    /// It counts.
    Kept,
}

impl KeyOrder {
    /// Takes note of the next key, whose encoding is `key` if that is short.
    fn add(&mut self, key: Option<&[u8]>) {
        let Self::Ascending { last } = self else { return };
        match key.filter(|key| text_of(key).is_some()) {
            Some(key) if last.as_ref().is_none_or(|last| text_of(last) < text_of(key)) => {
                let last = last.get_or_insert_default();
                last.clear();
                last.extend_from_slice(key);
            }
            _ => *self = Self::Kept,
        }
    }
}

/// The text that an encoding is of, if it is of one.
fn text_of(encoding: &[u8]) -> Option<&[u8]> {
    let (&tag::STR, rest) = encoding.split_first()? else { return None };
    let end_of_length = rest.iter().position(|byte| byte & 0x80 == 0)?;
    rest.get(end_of_length + 1..)
}

impl<'e> Map<'e> {
    pub(super) fn new(encoder: &'e mut Encoder, entries: Entries, order: KeyOrder) -> Self {
        Self { encoder, entries, order, in_entry: false }
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
        self.encoder.value(key)?;
        if let KeyOrder::Ascending { .. } = self.order {
            self.order.add(self.encoder.stream.entry());
        }
        Ok(())
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), HashError> {
        if !self.in_entry {
            return Err(ser::Error::custom("a map's value came before its key"));
        }
        self.in_entry = false;
        self.encoder.value(value)?;
        self.encoder.end_entry(&mut self.entries);
        Ok(())
    }

    fn end(self) -> Result<(), HashError> {
        if self.in_entry {
            return Err(ser::Error::custom("a map's key came without a value"));
        }
        match self.order {
            KeyOrder::Kept => self.encoder.leave_in_order(tag::MAP_IN_ORDER, self.entries),
            KeyOrder::None | KeyOrder::Ascending { .. } => self.encoder.leave(tag::MAP, self.entries),
        }
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
                self.encoder.value(value)
            }

            fn end(self) -> Result<(), HashError> {
                self.encoder.ascend();
                Ok(())
            }
        }
    )*};
}

positional! { SerializeTuple: serialize_element, SerializeTupleStruct: serialize_field, SerializeTupleVariant: serialize_field }

impl ser::SerializeStructVariant for Compound<'_> {
    type Ok = ();
    type Error = HashError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), HashError> {
        self.field(name, value)
    }

    fn end(self) -> Result<(), HashError> {
        self.encoder.ascend();
        Ok(())
    }
}

impl Compound<'_> {
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), HashError> {
        self.encoder.name(name);
        self.encoder.value(value)
    }
}

/// A struct being hashed: its fields, or an array in the form of the crate `ndarray`.
pub(crate) struct Struct<'e> {
    fields: Compound<'e>,
    /// While nothing of the struct is hashed, because it may be an array.
    form: Option<Form>,
}

impl<'e> Struct<'e> {
    pub(super) fn new(
        encoder: &'e mut Encoder,
        name: &'static str,
        length: usize,
    ) -> Result<Self, HashError> {
        let form = Form::begin(name, length);
        if form.is_none() {
            encoder.begin_struct(name, length);
        }
        Ok(Self { fields: Compound::new(encoder)?, form })
    }

    /// Hashes what was held back, now that the struct is no array.
    #[cold]
    fn decide(&mut self) -> Result<(), HashError> {
        let Some(form) = self.form.take() else { return Ok(()) };
        self.fields.encoder.begin_struct(form::NAME, form::FIELDS.len());
        form.taken().try_for_each(|(name, value)| self.fields.field(name, &value))
    }
}

impl ser::SerializeStruct for Struct<'_> {
    type Ok = ();
    type Error = HashError;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), HashError> {
        match self.form.as_mut().map(|form| form.take(name, value)) {
            None => self.fields.field(name, value),
            Some(Step::Taken) => Ok(()),
            Some(Step::Whole(array)) => {
                self.form = None;
                self.fields.encoder.array(array.raw());
                Ok(())
            }
            Some(Step::Other) => {
                self.decide()?;
                self.fields.field(name, value)
            }
        }
    }

    fn end(mut self) -> Result<(), HashError> {
        self.decide()?;
        self.fields.encoder.ascend();
        Ok(())
    }
}
