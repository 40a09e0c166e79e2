//! Arrays for visitors that take any value.
//!
//! serde reads the fields of flattened structs, and of tagged and untagged enums, into a buffer of its own before it
//! knows their types, and then from the buffer. The buffer has no arrays. So a deserializer that is asked for any
//! value, finds an array, and sees by [`accepts`] that the visitor is that buffer's, calls [`give`]: the array itself
//! waits in a table of this thread, and the buffer holds its number in a form that nothing else has, a newtype struct in
//! a newtype struct. `Array`'s `Deserialize` recognises the form and takes the array with [`take`], with its shape, order
//! and memory. The table is emptied when the outermost [`scope`] ends, so the array's handle is then the only one.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserializer, Visitor};

use crate::transfer::OwnedRawArray;

/// The number of the first array: not one that a newtype struct of somebody else holds by chance.
const FIRST: u64 = u64::from_be_bytes(*b"joblib\0\0");

thread_local! {
    static TABLE: RefCell<Vec<OwnedRawArray>> = const { RefCell::new(Vec::new()) };
    /// How many scopes the thread is inside of.
    static SCOPES: Cell<usize> = const { Cell::new(0) };
    /// Whether the table has arrays: most values have none, and are decoded faster than the table is looked at.
    static FILLED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a visitor that makes the type of that name takes arrays from [`give`]: serde's buffer, and the `Value` of
/// `joblib-pickle`.
/// `was_array` says whether an `Array` was encoded. A plain sequence of numbers that is stored as one is an array to a
/// `Value`, and a sequence to serde's buffer, which may be read as a `Vec`.
///
/// serde has no way to ask this, and the types are not public, so they are known by their names. A name that no longer
/// matches costs the layout of buffered arrays: they arrive as plain sequences.
///
/// ```
/// assert!(!joblib_array::buffered::accepts(std::any::type_name::<Vec<f64>>(), true));
/// ```
pub fn accepts(name: &str, was_array: bool) -> bool {
    (was_array && is_buffer(name)) || without_parameters(name).ends_with("pickle::value::Value")
}

/// Whether that is the name of serde's buffer.
pub fn is_buffer(name: &str) -> bool {
    let name = without_parameters(name);
    (name.starts_with("serde_core::") || name.starts_with("serde::")) && name.ends_with("::content::Content")
}

fn without_parameters(name: &str) -> &str {
    name.split_once('<').map_or(name, |(name, _)| name)
}

/// Runs `deserialize`, and forgets what [`give`] kept when it returns.
///
/// ```
/// assert_eq!(joblib_array::buffered::scope(|| 1 + 1), 2);
/// ```
pub fn scope<R>(deserialize: impl FnOnce() -> R) -> R {
    /// Ends the scope when the closure panics too.
    struct End;

    impl Drop for End {
        fn drop(&mut self) {
            let outer = SCOPES.get() - 1;
            SCOPES.set(outer);
            if outer == 0 && FILLED.get() {
                empty_table();
            }
        }
    }

    SCOPES.set(SCOPES.get() + 1);
    let _end = End;
    deserialize()
}

#[cold]
fn empty_table() {
    FILLED.set(false);
    // Dropped outside of the borrow.
    let arrays = TABLE.take();
    drop(arrays);
}

/// Gives an array to a visitor for which [`accepts`] returned `true`, within a [`scope`].
///
/// # Errors
///
/// Returns the visitor's error.
pub fn give<'de, V: Visitor<'de>, E: de::Error>(array: OwnedRawArray, visitor: V) -> Result<V::Value, E> {
    visitor.visit_newtype_struct(Form::<E> { number: keep(array), inner: false, error: PhantomData })
}

/// Keeps an array; returns its number.
fn keep(array: OwnedRawArray) -> u64 {
    FILLED.set(true);
    TABLE.with_borrow_mut(|arrays| {
        arrays.push(array);
        arrays.len() as u64 - 1
    })
}

/// The array of a number.
fn kept(number: u64) -> Option<OwnedRawArray> {
    let number = usize::try_from(number).ok()?;
    TABLE.with_borrow(|arrays| arrays.get(number).cloned())
}

/// Takes the array that a visitor's `visit_newtype_struct` was called for. It can be taken again: serde tries the
/// variants of an untagged enum one after another.
///
/// # Errors
///
/// Returns an error if the newtype struct is not from [`give`].
pub fn take<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OwnedRawArray, D::Error> {
    let number = deserializer.deserialize_any(Number)?;
    kept(number).ok_or_else(|| de::Error::custom("an array that was read ahead is no longer there"))
}

/// `Newtype(Newtype(number))`.
struct Form<E> {
    number: u64,
    inner: bool,
    error: PhantomData<E>,
}

impl<'de, E: de::Error> Deserializer<'de> for Form<E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        if self.inner {
            visitor.visit_u64(FIRST + self.number)
        } else {
            visitor.visit_newtype_struct(Self { inner: true, ..self })
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Reads the number out of the form, or out of the part of it that a visitor already unwrapped.
struct Number;

impl<'de> Visitor<'de> for Number {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<u64, E> {
        number.checked_sub(FIRST).ok_or_else(|| E::invalid_type(de::Unexpected::Unsigned(number), &self))
    }
}
