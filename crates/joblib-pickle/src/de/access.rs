//! The items of sequences, the entries of maps, the variants of enums.

use joblib_array::erased;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::keys;
use super::node::De;
use super::problem::Problem;
use super::walk::Walk;
use crate::tree::{Id, Node};
use crate::value::conversion;

/// What has values at places that are counted from 0: a list, a dimension of an array, a column, a table's rows.
pub(super) trait Places<'t> {
    /// The value at `place`, which is one of the places.
    fn at<T: DeserializeSeed<'t>>(&self, place: usize, seed: T) -> Result<T::Value, Problem>;
}

/// The values at all places, one after another. A problem with one says which.
pub(super) struct InOrder<P> {
    places: P,
    next: usize,
    len: usize,
}

impl<P> InOrder<P> {
    pub(super) fn new(places: P, len: usize) -> Self {
        Self { places, next: 0, len }
    }
}

impl<'t, P: Places<'t>> SeqAccess<'t> for InOrder<P> {
    type Error = Problem;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        if self.next == self.len {
            return Ok(None);
        }
        let place = self.next;
        self.next += 1;
        match self.places.at(place, seed) {
            Ok(value) => Ok(Some(value)),
            Err(problem) => Err(problem.inside(format!("[{place}]"))),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.len - self.next)
    }
}

/// The items of a sequence.
pub(super) struct Items<'a, 'w, 't> {
    pub(super) walk: &'w Walk<'t>,
    pub(super) ids: &'a [Id],
}

impl<'w, 't: 'w> Places<'t> for Items<'_, 'w, 't> {
    #[inline]
    fn at<T: DeserializeSeed<'t>>(&self, place: usize, seed: T) -> Result<T::Value, Problem> {
        let id = self.ids[place];
        seed.deserialize(De { walk: self.walk, id })
            .map_err(|problem| problem.near(self.walk.tree.offset_near(id)))
    }
}

/// Keys and values by turns, in one run or two.
pub(super) struct Pairs<'a, 'w, 't> {
    pub(super) walk: &'w Walk<'t>,
    pub(super) first: &'a [Id],
    pub(super) more: &'a [Id],
    pub(super) next: usize,
    /// Whether a key that takes the place of another is for the visitor to find: a struct's does.
    pub(super) checked: bool,
}

impl<'w, 't: 'w> MapAccess<'t> for Pairs<'_, 'w, 't> {
    type Error = Problem;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'t>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        if !self.checked {
            self.checked = true;
            if !conversion::is_value(erased::made_by_seed::<Problem, K>(&seed)) {
                keys::check_distinct(self.walk, [self.first, self.more])?;
            }
        }
        if self.next == self.first.len() {
            (self.first, self.more, self.next) = (self.more, &[], 0);
        }
        let Some(&id) = self.first.get(self.next) else { return Ok(None) };
        seed.deserialize(De { walk: self.walk, id }).map(Some)
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<T::Value, Problem> {
        let Some(&id) = self.first.get(self.next + 1) else {
            return Err(Problem::wrong("a value was asked for before its key"));
        };
        let key = self.first[self.next];
        self.next += 2;
        match seed.deserialize(De { walk: self.walk, id }) {
            Ok(value) => Ok(value),
            Err(problem) => {
                Err(problem.near(self.walk.tree.offset_near(id)).inside(key_text(self.walk, key)))
            }
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some((self.first.len() - self.next) / 2 + self.more.len() / 2)
    }
}

#[cold]
fn key_text(walk: &Walk<'_>, key: Id) -> String {
    match (walk.tree.text_of(key), walk.tree.node(key)) {
        (Some(text), _) => format!(".{text}"),
        (None, Node::Int(value)) => format!("[{value}]"),
        _ => "[…]".to_owned(),
    }
}

/// A variant and what is in it.
pub(super) struct Tagged<'w, 't> {
    pub(super) variant: De<'w, 't>,
    pub(super) content: De<'w, 't>,
}

impl<'w, 't: 'w> EnumAccess<'t> for Tagged<'w, 't> {
    type Error = Problem;
    type Variant = De<'w, 't>;

    fn variant_seed<T: DeserializeSeed<'t>>(self, seed: T) -> Result<(T::Value, De<'w, 't>), Problem> {
        Ok((seed.deserialize(self.variant)?, self.content))
    }
}

impl<'w, 't: 'w> VariantAccess<'t> for De<'w, 't> {
    type Error = Problem;

    fn unit_variant(self) -> Result<(), Problem> {
        serde::Deserialize::deserialize(self)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'t>>(self, seed: T) -> Result<T::Value, Problem> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'t>>(self, _: usize, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'t>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.deserialize_struct("", fields, visitor)
    }
}
