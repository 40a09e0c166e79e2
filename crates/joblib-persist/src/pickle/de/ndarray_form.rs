//! Arrays in the form that the crate `ndarray` serializes its own in, with its feature `serde`.

use serde::de::value::SeqDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::arrays::ArrayDe;
use super::problem::Problem;

/// The fields of the crate ndarray's form of an array.
pub(super) enum NdarrayField<'a, 'w, 't> {
    Version,
    Shape(&'a ArrayDe<'w, 't>),
    Data(&'a ArrayDe<'w, 't>),
}

impl<'w, 't: 'w> Deserializer<'t> for NdarrayField<'_, 'w, 't> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self {
            Self::Version => visitor.visit_u8(1),
            Self::Shape(array) => {
                visitor.visit_seq(SeqDeserializer::new(array.array.shape.iter().map(|&len| len as u64)))
            }
            Self::Data(array) => visitor.visit_seq(Flat {
                array,
                index: vec![0; array.array.shape.len()],
                left: array.array.len(),
            }),
        }
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    forward_to_deserialize_any! {
        <V: Visitor<'t>> bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'w, 't: 'w> IntoDeserializer<'t, Problem> for NdarrayField<'_, 'w, 't> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The elements in C order.
struct Flat<'a, 'w, 't> {
    array: &'a ArrayDe<'w, 't>,
    index: Vec<usize>,
    left: usize,
}

impl<'w, 't: 'w> SeqAccess<'t> for Flat<'_, 'w, 't> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let place =
            (0..self.index.len()).map(|dimension| self.index[dimension] * self.array.stride(dimension)).sum();
        for dimension in (0..self.index.len()).rev() {
            self.index[dimension] += 1;
            if self.index[dimension] < self.array.array.shape[dimension] {
                break;
            }
            self.index[dimension] = 0;
        }
        seed.deserialize(self.array.cell(place)?).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}
