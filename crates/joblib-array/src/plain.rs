//! An array from plain sequences of numbers, as a `Vec` or nested `Vec`s serialize.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};

use crate::{Array, DType, Element, MAX_NDIM};

/// Reads a sequence of numbers, or of sequences of equal lengths, as a C-ordered array.
pub(crate) fn array<'de, T: Element, A: SeqAccess<'de>>(mut sequence: A) -> Result<Array<T>, A::Error> {
    if matches!(T::DTYPE, DType::C64 | DType::C128) {
        // A complex number is a sequence itself, which leaves one dimension.
        let mut elements = Vec::new();
        while let Some(element) = sequence.next_element()? {
            elements.push(element);
        }
        return Ok(elements.into());
    }
    let found = RefCell::new(Found { elements: Vec::new(), shape: Vec::new(), complete: false });
    Level { found: &found, depth: 0 }.visit_seq(sequence)?;
    let Found { elements, shape, .. } = found.into_inner();
    Array::from_vec(elements, &shape).map_err(A::Error::custom)
}

struct Found<T> {
    elements: Vec<T>,
    /// The lengths of the first sequence at each depth, until they are complete.
    shape: Vec<usize>,
    /// Whether the depth of the numbers is known.
    complete: bool,
}

/// An element at some depth: a number, or a sequence of elements of the next depth.
struct Level<'a, T> {
    found: &'a RefCell<Found<T>>,
    depth: usize,
}

impl<T: Element> Level<'_, T> {
    fn number<E: serde::de::Error>(
        self,
        number: impl serde::de::IntoDeserializer<'static, E>,
    ) -> Result<(), E> {
        let number = T::deserialize(number.into_deserializer())?;
        let mut found = self.found.borrow_mut();
        found.complete = true;
        if found.shape.len() != self.depth {
            return Err(E::custom("expected an array, found sequences of different depths"));
        }
        found.elements.push(number);
        Ok(())
    }
}

macro_rules! numbers {
    ($($method:ident $type:ty),*) => {$(
        #[inline]
        fn $method<E: serde::de::Error>(self, number: $type) -> Result<(), E> {
            self.number(number)
        }
    )*};
}

impl<'de, T: Element> Visitor<'de> for Level<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of {}", T::DTYPE)
    }

    numbers!(visit_bool bool, visit_u64 u64, visit_i64 i64, visit_f32 f32, visit_f64 f64);

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        if self.depth == MAX_NDIM {
            return Err(A::Error::custom(format_args!(
                "sequences nest deeper than the {MAX_NDIM} dimensions of an array"
            )));
        }
        let is_first = {
            let mut found = self.found.borrow_mut();
            if found.complete && found.shape.len() <= self.depth {
                return Err(A::Error::custom("expected an array, found sequences of different depths"));
            }
            let is_first = found.shape.len() == self.depth;
            if is_first {
                found.shape.push(0);
            }
            is_first
        };
        let mut len = 0;
        while sequence.next_element_seed(Level { found: self.found, depth: self.depth + 1 })?.is_some() {
            len += 1;
        }
        let mut found = self.found.borrow_mut();
        if is_first {
            found.shape[self.depth] = len;
            // Whatever is deeper is known by now, even if there was nothing in it.
            found.complete = true;
        } else if found.shape[self.depth] != len {
            return Err(A::Error::custom(format_args!(
                "expected an array, found sequences of {} and of {len} elements side by side",
                found.shape[self.depth]
            )));
        }
        Ok(())
    }
}

impl<'de, T: Element> DeserializeSeed<'de> for Level<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}
