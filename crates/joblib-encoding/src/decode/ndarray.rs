//! Arrays in the form of the crate `ndarray`: a struct of a version, the shape and the elements in C order.

use joblib_array::transfer::OwnedRawArray;
use joblib_array::{Order, erased, form, forward};
use serde::de::value::{BorrowedStrDeserializer, SeqDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor};

use super::{Decoder, block, plain_array};
use crate::block::Block;
use crate::error::{Error, Result};
use crate::markers::Role;

/// An array whose elements are still to be read, or were.
pub(super) enum Found {
    Block(Block),
    Small(OwnedRawArray),
}

/// Gives an array as the struct.
pub(super) fn visit<'de, V: Visitor<'de>>(
    decoder: &mut Decoder<'_>,
    array: Found,
    visitor: V,
) -> Result<V::Value> {
    let shape = match &array {
        Found::Block(block) => block.shape.clone(),
        Found::Small(array) => array.shape.clone(),
    };
    let mut fields = Fields { decoder, shape, array: Some(array), given: 0 };
    let value = visitor.visit_map(&mut fields)?;
    fields.finish()?;
    Ok(value)
}

struct Fields<'d, 's> {
    decoder: &'d mut Decoder<'s>,
    shape: Vec<usize>,
    array: Option<Found>,
    given: usize,
}

impl Fields<'_, '_> {
    /// Moves over elements that nobody took.
    fn finish(self) -> Result<()> {
        if let Some(Found::Block(_)) = self.array {
            self.decoder.source.skip_block()?;
            self.decoder.block_done();
        }
        Ok(())
    }
}

impl<'de> MapAccess<'de> for &mut Fields<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let name = form::FIELDS.get(self.given);
        self.given += 1;
        name.map(|name| seed.deserialize(BorrowedStrDeserializer::new(name))).transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value> {
        match self.given {
            1 => seed.deserialize(form::VERSION.into_deserializer()),
            2 => seed.deserialize(SeqDeserializer::new(self.shape.iter().copied())),
            _ => match self.array.take() {
                Some(array) => seed.deserialize(Elements { decoder: self.decoder, array }),
                None => Err(Error::custom("the elements of an array were asked for twice")),
            },
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(form::FIELDS.len().saturating_sub(self.given))
    }
}

/// The elements in C order.
struct Elements<'d, 's> {
    decoder: &'d mut Decoder<'s>,
    array: Found,
}

impl<'de> Deserializer<'de> for Elements<'_, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let exact = self.decoder.exact;
        let list = match self.array {
            Found::Block(Block { dtype, order: Order::C, shape }) => {
                let list = Block::run(dtype, len(&shape));
                return block::visit(self.decoder, Role::Sequence, list, visitor);
            }
            Found::Block(block) => self.decoder.block_array(block)?.into_list(),
            Found::Small(array) => array.into_list(),
        };
        plain_array::visit(&list, exact, visitor)
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        // The visitor came through a vtable, with the struct's.
        if let Some(dtype) = erased::wanted_numbers::<Error, V>(&visitor)
            && let Found::Block(block) = &self.array
            && block.dtype == dtype
        {
            let numbers = if block.order == Order::C {
                self.decoder.numbers(&Block::run(dtype, len(&block.shape)))?
            } else {
                self.decoder.reordered(block.clone())?
            };
            return erased::give_numbers::<Error, V>(visitor, numbers).map_err(Error::corrupt);
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    forward! { <'de>(self, visitor) deserialize_option => visitor.visit_some(self); }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

fn len(shape: &[usize]) -> usize {
    // The source checked the size in bytes.
    shape.iter().product()
}
