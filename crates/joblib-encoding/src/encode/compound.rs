//! What holds other values: sequences, tuples, maps, structs and their enum forms.

use joblib_array::{DType, run, structs, tuples};
use serde::ser::{Serialize, SerializeMap, SerializeSeq};

use super::Encoder;
use super::run::Run;
use crate::error::{Error, Result};
use crate::limits::MIN_BLOCK;

/// An array or a map that is being written.
pub(crate) struct Compound<'e, 's> {
    encoder: &'e mut Encoder<'s>,
    /// Elements or entries still to come, when their number was said.
    left: Option<usize>,
    in_variant: bool,
}

impl<'e, 's> Compound<'e, 's> {
    pub(super) fn begin(encoder: &'e mut Encoder<'s>, map: bool, len: Option<usize>) -> Result<Self> {
        let left = encoder.begin(map, len)?;
        Ok(Self { encoder, left, in_variant: false })
    }

    pub(super) fn in_variant(self) -> Self {
        Self { in_variant: true, ..self }
    }

    /// Before an element, or an entry's key.
    #[inline]
    fn next(&mut self) -> Result<()> {
        match &mut self.left {
            Some(0) => {
                return Err(Error::value("a value has more elements than the length that it declared"));
            }
            Some(left) => *left -= 1,
            None => return self.encoder.count_element(),
        }
        self.encoder.flush_long_body()
    }

    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.next()?;
        self.encoder.value(value)
    }

    #[inline]
    pub(super) fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        self.next()?;
        self.encoder.text(name)?;
        self.encoder.value(value)
    }

    #[inline]
    pub(super) fn finish(self) -> Result<()> {
        match self.left {
            Some(0) => {}
            Some(_) => {
                return Err(Error::value("a value has fewer elements than the length that it declared"));
            }
            None => self.encoder.end_counting(),
        }
        self.encoder.leave();
        if self.in_variant {
            self.encoder.leave();
        }
        Ok(())
    }
}

/// A sequence: an array, or a block when it is a long run of one number type.
pub(crate) enum Sequence<'e, 's> {
    /// Long enough for a block, if its elements turn out to be numbers.
    Undecided(&'e mut Encoder<'s>, usize),
    Elements(Compound<'e, 's>),
    Run(Run<'e, 's>),
    /// Between two states.
    Moving,
}

impl<'e, 's> Sequence<'e, 's> {
    pub(super) fn begin(encoder: &'e mut Encoder<'s>, len: Option<usize>) -> Result<Self> {
        match len {
            // The widest element that becomes a block has 8 bytes.
            Some(len) if len >= MIN_BLOCK / 8 => Ok(Self::Undecided(encoder, len)),
            _ => Compound::begin(encoder, false, len).map(Self::Elements),
        }
    }

    #[cold]
    fn decide(&mut self, dtype: Option<DType>) -> Result<()> {
        if let Self::Undecided(encoder, len) = std::mem::replace(self, Self::Moving) {
            *self = match dtype {
                Some(dtype) if len.saturating_mul(dtype.size()) >= MIN_BLOCK => {
                    Self::Run(Run::begin(encoder, dtype, len)?)
                }
                _ => Self::Elements(Compound::begin(encoder, false, Some(len))?),
            };
        }
        Ok(())
    }
}

impl SerializeSeq for Sequence<'_, '_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        loop {
            match self {
                Self::Run(run) => return run.push(value),
                Self::Elements(elements) => return elements.element(value),
                Self::Undecided(..) => self.decide(run::element_type::<T>())?,
                Self::Moving => return Err(Error::value("a sequence went on after an error")),
            }
        }
    }

    fn end(mut self) -> Result<()> {
        if let Self::Undecided(..) = self {
            self.decide(None)?;
        }
        match self {
            Self::Run(run) => run.finish(),
            Self::Elements(elements) => elements.finish(),
            _ => Err(Error::value("a sequence went on after an error")),
        }
    }
}

tuples!(Compound<'_, '_> => (), Error);
structs!(Compound<'_, '_> => (), Error: SerializeStructVariant);

impl SerializeMap for Compound<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.element(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.encoder.value(value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}
