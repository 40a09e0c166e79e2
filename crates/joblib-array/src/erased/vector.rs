//! Vectors of numbers in one piece, through the vtable.
//!
//! A format that has all elements of a list in one piece sees by the visitor's type whether they are to become a `Vec` of
//! numbers: [`vec::wanted`](crate::vec::wanted). Behind the vtable the type is hidden. So the visitor tells its element type,
//! and the format hands the vector over whole, where each element alone would pass two vtables.

use std::fmt;

use super::error::AnyError;
use super::vtable::{ErasedDeserializer, ErasedVisitor, Found, Hint};
use crate::DType;
use crate::vec::NumberVec;

/// The visitor of a `Vec` of numbers, and the vector, once the format has handed it over.
struct Numbers<'a, 'de> {
    visitor: &'a mut dyn ErasedVisitor<'de>,
    dtype: DType,
    vector: Option<NumberVec>,
}

impl<'de> ErasedVisitor<'de> for Numbers<'_, 'de> {
    fn visit(&mut self, found: Found<'_, 'de>) -> Result<(), AnyError> {
        self.visitor.visit(found)
    }

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn makes(&self) -> &'static str {
        self.visitor.makes()
    }

    fn wanted(&self) -> Option<DType> {
        Some(self.dtype)
    }

    fn take(&mut self, vector: NumberVec) {
        self.vector = Some(vector);
    }
}

/// Asks for the list that the visitor makes a vector of numbers of. Returns the vector if the format has it in one piece;
/// otherwise the visitor was given the elements.
pub(super) fn ask<'de>(
    deserializer: &mut dyn ErasedDeserializer<'de>,
    visitor: &mut dyn ErasedVisitor<'de>,
    dtype: DType,
) -> Result<Option<NumberVec>, AnyError> {
    let mut numbers = Numbers { visitor, dtype, vector: None };
    deserializer.deserialize(Hint::Seq, &mut numbers)?;
    Ok(numbers.vector)
}
