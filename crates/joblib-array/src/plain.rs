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
    let found = RefCell::new(Found { elements: Vec::new(), shape: Shape::default() });
    Level { found: &found, depth: 0 }.visit_seq(sequence)?;
    let Found { elements, shape } = found.into_inner();
    Array::from_vec(elements, &shape.lengths).map_err(A::Error::custom)
}

struct Found<T> {
    elements: Vec<T>,
    shape: Shape,
}

/// What is known of the shape.
#[derive(Default)]
struct Shape {
    /// The lengths of the first sequence at each depth, until they are complete.
    lengths: Vec<usize>,
    /// Whether the depth of the numbers is known.
    complete: bool,
}

impl Shape {
    /// A sequence begins at this depth. Returns whether it is the first.
    fn begin(&mut self, depth: usize) -> Result<bool, String> {
        if depth == MAX_NDIM {
            return Err(format!("sequences nest deeper than the {MAX_NDIM} dimensions of an array"));
        }
        if self.complete && self.lengths.len() <= depth {
            return Err(DIFFERENT_DEPTHS.to_owned());
        }
        let is_first = self.lengths.len() == depth;
        if is_first {
            self.lengths.push(0);
        }
        Ok(is_first)
    }

    /// A number stands at this depth.
    fn number(&mut self, depth: usize) -> Result<(), &'static str> {
        self.complete = true;
        if self.lengths.len() == depth { Ok(()) } else { Err(DIFFERENT_DEPTHS) }
    }

    /// The sequence at this depth ends after `len` elements.
    fn end(&mut self, depth: usize, is_first: bool, len: usize) -> Result<(), String> {
        if is_first {
            self.lengths[depth] = len;
            // Whatever is deeper is known by now, even if there was nothing in it.
            self.complete = true;
        } else if self.lengths[depth] != len {
            return Err(format!(
                "expected an array, found sequences of {} and of {len} elements side by side",
                self.lengths[depth]
            ));
        }
        Ok(())
    }
}

const DIFFERENT_DEPTHS: &str = "expected an array, found sequences of different depths";

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
        found.shape.number(self.depth).map_err(E::custom)?;
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
        let is_first = self.found.borrow_mut().shape.begin(self.depth).map_err(A::Error::custom)?;
        let mut len = 0;
        while sequence.next_element_seed(Level { found: self.found, depth: self.depth + 1 })?.is_some() {
            len += 1;
        }
        self.found.borrow_mut().shape.end(self.depth, is_first, len).map_err(A::Error::custom)
    }
}

impl<'de, T: Element> DeserializeSeed<'de> for Level<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}
