//! Structs: maps, or an array in the form of the crate `ndarray`.

use joblib_array::form::{Form, Step};
use joblib_array::structs;
use serde::ser::Serialize;

use super::Encoder;
use super::compound::Compound;
use crate::error::{Error, Result};
use crate::markers::Role;

/// A struct that is being written.
pub(crate) enum Struct<'e, 's> {
    Fields(Compound<'e, 's>),
    /// Nothing of it is written: it may be an array.
    Undecided(&'e mut Encoder<'s>, Form),
    /// An array, which is written.
    Array,
    /// Between two states.
    Moving,
}

impl<'e, 's> Struct<'e, 's> {
    #[inline]
    pub(super) fn begin(encoder: &'e mut Encoder<'s>, name: &str, len: usize) -> Result<Self> {
        match Form::begin(name, len) {
            Some(form) => Ok(Self::Undecided(encoder, form)),
            None => Compound::begin(encoder, true, Some(len)).map(Self::Fields),
        }
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        match self {
            Self::Fields(fields) => fields.field(name, value),
            Self::Undecided(encoder, form) => match form.take(name, value) {
                Step::Taken => Ok(()),
                Step::Whole(array) => {
                    encoder.array(&array.raw(), Role::Ndarray)?;
                    *self = Self::Array;
                    Ok(())
                }
                Step::Other => self.fields()?.field(name, value),
            },
            Self::Array => Err(Error::value("a value has more elements than the length that it declared")),
            Self::Moving => Err(Error::value("a struct went on after an error")),
        }
    }

    /// Writes what was held back, now that the struct is no array.
    #[cold]
    fn fields(&mut self) -> Result<&mut Compound<'e, 's>> {
        if let Self::Undecided(encoder, form) = std::mem::replace(self, Self::Moving) {
            let mut fields = Compound::begin(encoder, true, Some(joblib_array::form::FIELDS.len()))?;
            form.taken().try_for_each(|(name, value)| fields.field(name, &value))?;
            *self = Self::Fields(fields);
        }
        match self {
            Self::Fields(fields) => Ok(fields),
            _ => Err(Error::value("a struct went on after an error")),
        }
    }

    #[inline]
    fn finish(mut self) -> Result<()> {
        if let Self::Undecided(..) = self {
            self.fields()?;
        }
        match self {
            Self::Fields(fields) => fields.finish(),
            _ => Ok(()),
        }
    }
}

structs!(Struct<'_, '_> => (), Error: SerializeStruct);
