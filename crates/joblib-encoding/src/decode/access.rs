//! The elements of arrays, the entries of maps, the variants of enums.

use serde::de::Error as _;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::Decoder;
use crate::error::{Error, Result};

/// The elements of an array, or the entries of a map.
pub(super) struct Counted<'d, 's, const MAP: bool> {
    decoder: &'d mut Decoder<'s>,
    left: u32,
    continued: bool,
}

impl<'d, 's, const MAP: bool> Counted<'d, 's, MAP> {
    pub(super) fn new(decoder: &'d mut Decoder<'s>, len: u32, continued: bool) -> Self {
        Self { decoder, left: len, continued }
    }

    #[inline]
    fn next(&mut self) -> Result<bool> {
        while self.left == 0 {
            if !self.continued {
                return Ok(false);
            }
            (self.left, self.continued) = self.decoder.continuation(MAP)?;
        }
        self.left -= 1;
        Ok(true)
    }

    pub(super) fn finish(mut self) -> Result<()> {
        if self.next()? {
            let (what, parts) = if MAP { ("map", "entries") } else { ("sequence", "elements") };
            return Err(Error::custom(format_args!(
                "the {what} has {} more {parts} than expected",
                self.left + 1
            )));
        }
        Ok(())
    }
}

impl<'de> SeqAccess<'de> for Counted<'_, '_, false> {
    type Error = Error;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.next()? { seed.deserialize(&mut *self.decoder).map(Some) } else { Ok(None) }
    }

    fn size_hint(&self) -> Option<usize> {
        // Each element has a byte or more; serde bounds what it makes of a hint.
        Some(self.left as usize)
    }
}

impl<'de> MapAccess<'de> for Counted<'_, '_, true> {
    type Error = Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        if self.next()? { seed.deserialize(&mut *self.decoder).map(Some) } else { Ok(None) }
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(&mut *self.decoder)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left as usize)
    }
}

/// A variant: its name, and then its data when it has some.
pub(super) struct Variant<'d, 's> {
    decoder: &'d mut Decoder<'s>,
    has_data: bool,
}

impl<'d, 's> Variant<'d, 's> {
    pub(super) fn unit(decoder: &'d mut Decoder<'s>) -> Self {
        Self { decoder, has_data: false }
    }

    pub(super) fn with_data(decoder: &'d mut Decoder<'s>) -> Self {
        Self { decoder, has_data: true }
    }

    fn data(self) -> Result<&'d mut Decoder<'s>> {
        if self.has_data {
            return Ok(self.decoder);
        }
        Err(Error::custom("expected a variant with data, found one without"))
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, '_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        let name = seed.deserialize(&mut *self.decoder)?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, '_> {
    type Error = Error;

    fn unit_variant(self) -> Result<()> {
        if self.has_data {
            return Err(Error::custom("expected a variant without data, found one with"));
        }
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(self.data()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        self.data()?.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.data()?.deserialize_struct("", fields, visitor)
    }
}
