//! How a serializer takes an array whole, and a deserializer gives one.
//!
//! serde's data model has no arrays of numbers, so [`Array`](crate::Array) serializes as a newtype struct with the name
//! [`NAME`] around its parts. A serializer that meets the name calls [`capture`] and gets the memory, not the elements;
//! a deserializer that meets it calls [`deliver`] with a [`Buffer`]. serde has no channel for a buffer in either direction:
//! each leaves it in a thread-local slot that the other side empties at once, within the same call. A deserializer
//! that finds plain numbers (or sequences of them) instead of an array calls the visitor's `visit_some` with itself.

use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt::{self, Write as _};

use serde::de::{self, Visitor};
use serde::ser::Serialize;

use crate::content::Content;
use crate::{Buffer, DType, Order, ShapeError, layout};

/// The name of the newtype struct that an array serializes as.
pub const NAME: &str = "joblib::Array";

/// An array as a serializer sees it.
///
/// ```
/// use joblib_array::{Array, Order, transfer};
///
/// let array = Array::from(vec![1_u16, 2]);
/// transfer::capture(&array, |raw: transfer::RawArray<'_>| {
///     assert_eq!((raw.shape, raw.order), (&[2][..], Order::C));
///     assert_eq!(raw.bytes, [1, 0, 2, 0]);
/// });
/// ```
#[derive(Debug, Clone, Copy)]
pub struct RawArray<'a> {
    /// The element type.
    pub dtype: DType,
    /// The order of the elements.
    pub order: Order,
    /// The length of each dimension.
    pub shape: &'a [usize],
    /// The elements, little-endian.
    pub bytes: &'a [u8],
    /// The memory that `bytes` are, if it is an array's of this crate: to share it, or to keep with it what is made from them.
    pub buffer: Option<&'a Buffer>,
}

impl RawArray<'_> {
    /// Whether the elements lie in C order: also those of a Fortran-ordered array with at most one dimension
    /// that is longer than 1.
    ///
    /// ```
    /// use joblib_array::{Array, transfer};
    ///
    /// let matrix = Array::from_vec(vec![1_u8, 2, 3, 4], &[2, 2])?;
    /// assert_eq!(transfer::capture(&matrix, |raw| raw.is_in_c_order()), Some(true));
    /// # Ok::<(), joblib_array::ShapeError>(())
    /// ```
    pub fn is_in_c_order(&self) -> bool {
        layout::is_in_c_order(self.shape, self.order)
    }

    /// Copies elements to `target`, as many as it has space for, from the one that is number `first` in C order.
    ///
    /// # Panics
    ///
    /// Panics if there are fewer, or the elements are not as many as the shape says.
    ///
    /// ```
    /// use joblib_array::{Array, Buffer, Order, transfer};
    ///
    /// let columns = Array::<u8>::from_buffer(Buffer::adopt(vec![1_u8, 2, 3, 4]), vec![2, 2], Order::F)?;
    /// let mut part = [0; 3];
    /// transfer::capture(&columns, |raw| raw.copy_in_c_order(1, &mut part));
    /// assert_eq!(part, [3, 2, 4]);
    /// # Ok::<(), joblib_array::ShapeError>(())
    /// ```
    pub fn copy_in_c_order(&self, first: usize, target: &mut [u8]) {
        let size = self.dtype.size();
        if self.is_in_c_order() {
            target.copy_from_slice(&self.bytes[first * size..][..target.len()]);
        } else {
            layout::copy_part_in_c_order(self.shape, size, self.bytes, first, target);
        }
    }
}

/// Checks that every reader can hold an array of this shape, Python's included.
///
/// # Errors
///
/// Returns an error if there are more than [`MAX_NDIM`](crate::MAX_NDIM) dimensions, or the strides don't fit the address
/// space.
///
/// ```
/// use joblib_array::{DType, transfer};
///
/// assert!(transfer::check_shape(DType::U8, &[0, 3]).is_ok());
/// assert!(transfer::check_shape(DType::U8, &[0, usize::MAX]).is_err());
/// ```
pub fn check_shape(dtype: DType, shape: &[usize]) -> Result<(), ShapeError> {
    layout::check_portable(dtype, shape)
}

/// An array as a deserializer gives it.
#[derive(Debug, Clone)]
pub struct OwnedRawArray {
    /// The element type.
    pub dtype: DType,
    /// The order of the elements.
    pub order: Order,
    /// The length of each dimension.
    pub shape: Vec<usize>,
    /// The elements, little-endian.
    pub buffer: Buffer,
}

impl OwnedRawArray {
    /// The elements as a list, in C order.
    ///
    /// ```
    /// use joblib_array::transfer::OwnedRawArray;
    /// use joblib_array::{Buffer, DType, Order};
    ///
    /// let buffer = Buffer::copy_of(&[1, 2, 3, 4]);
    /// let columns = OwnedRawArray { dtype: DType::U8, order: Order::F, shape: vec![2, 2], buffer };
    /// let list = columns.into_list();
    /// assert_eq!((list.shape, list.buffer.as_bytes()), (vec![4], &[1, 3, 2, 4][..]));
    /// ```
    #[must_use]
    pub fn into_list(self) -> Self {
        let shape = vec![self.buffer.len() / self.dtype.size()];
        let buffer = if self.is_in_c_order() {
            self.buffer
        } else {
            let Ok(buffer) = Buffer::filled(self.buffer.len(), |bytes| {
                self.write_in_c_order(bytes);
                Ok::<_, Infallible>(())
            });
            buffer
        };
        Self { dtype: self.dtype, order: Order::C, shape, buffer }
    }

    /// Writes the elements to `target` in C order.
    ///
    /// # Panics
    ///
    /// Panics if `target` has another size than the elements, or they are not as many as the shape
    /// says.
    pub fn write_in_c_order(&self, target: &mut [u8]) {
        let from = self.buffer.as_bytes();
        if self.is_in_c_order() {
            target.copy_from_slice(from);
        } else {
            layout::copy_in_c_order(&self.shape, self.dtype.size(), from, target);
        }
    }

    fn is_in_c_order(&self) -> bool {
        layout::is_in_c_order(&self.shape, self.order)
    }

    fn borrowed(&self) -> RawArray<'_> {
        RawArray {
            dtype: self.dtype,
            order: self.order,
            shape: &self.shape,
            bytes: self.buffer.as_bytes(),
            buffer: Some(&self.buffer),
        }
    }
}

/// Calls `take` with the array that `value` is; `None` when it is none.
///
/// For use in `serialize_newtype_struct`, when the name is [`NAME`].
///
/// ```
/// use joblib_array::{Array, DType, transfer};
///
/// let array = Array::from_vec(vec![1_u8, 2, 3], &[3])?;
/// // In a serializer, `value` is what `serialize_newtype_struct` was called with.
/// let parts = transfer::capture(&array, |raw| (raw.dtype, raw.shape.to_vec(), raw.bytes.to_vec()));
/// assert_eq!(parts, Some((DType::U8, vec![3], vec![1, 2, 3])));
/// assert_eq!(transfer::capture("no array", |_| ()), None);
/// # Ok::<(), joblib_array::ShapeError>(())
/// ```
pub fn capture<T: Serialize + ?Sized, R>(value: &T, take: impl FnOnce(RawArray<'_>) -> R) -> Option<R> {
    match captured(value, Capture::Wanted) {
        Capture::Taken(array) => Some(take(array.borrowed())),
        _ => None,
    }
}

/// What [`capture_content`] takes.
pub enum Captured<'a> {
    /// An array.
    Array(RawArray<'a>),
    /// What a value consists of that is stored as an array.
    Content(Content),
}

/// The same as [`capture`] for hashers, which take the content of a value that is stored as an array, instead of the array.
pub fn capture_content<T: Serialize + ?Sized, R>(
    value: &T,
    take: impl FnOnce(Captured<'_>) -> R,
) -> Option<R> {
    match captured(value, Capture::ContentWanted) {
        Capture::Taken(array) => Some(take(Captured::Array(array.borrowed()))),
        Capture::TakenContent(content) => Some(take(Captured::Content(content))),
        _ => None,
    }
}

fn captured<T: Serialize + ?Sized>(value: &T, wanted: Capture) -> Capture {
    let previous = replace_captured(wanted);
    // Anything but an array ends in an error here or prints nothing, and leaves the slot as it was.
    let _ = write!(Nowhere, "{}", Offered(value));
    replace_captured(previous)
}

/// Gives an array to the visitor of `deserialize_newtype_struct`, when the name is [`NAME`].
///
/// # Errors
///
/// Returns the error of the visitor if it expects another element type or is not the visitor of an array.
///
/// ```
/// use joblib_array::{Array, Buffer, DType, Order, transfer};
/// use serde::de::{Deserialize, Deserializer, Visitor};
///
/// /// A deserializer that has one array to give.
/// struct One(transfer::OwnedRawArray);
///
/// impl<'de> Deserializer<'de> for One {
///     type Error = serde::de::value::Error;
///
///     fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Self::Error> {
///         assert_eq!(name, transfer::NAME);
///         transfer::deliver(self.0, visitor)
///     }
///
///     fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
///         visitor.visit_unit()
///     }
///
///     // Arrays ask only binary formats for the newtype struct.
///     fn is_human_readable(&self) -> bool {
///         false
///     }
///
///     serde::forward_to_deserialize_any! {
///         bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
///         seq tuple tuple_struct map struct enum identifier ignored_any
///     }
/// }
///
/// let buffer = Buffer::copy_of(&[1, 2, 3]);
/// let raw = transfer::OwnedRawArray { dtype: DType::U8, order: Order::C, shape: vec![3], buffer };
/// assert_eq!(Array::<u8>::deserialize(One(raw))?.as_slice(), [1, 2, 3]);
/// # Ok::<(), serde::de::value::Error>(())
/// ```
pub fn deliver<'de, V: Visitor<'de>, E: de::Error>(array: OwnedRawArray, visitor: V) -> Result<V::Value, E> {
    let previous = replace_delivered(Some(array));
    let result = visitor.visit_newtype_struct(Delivery(std::marker::PhantomData));
    replace_delivered(previous);
    result
}

enum Capture {
    Unwanted,
    Wanted,
    /// The content where a value has one, else the array.
    ContentWanted,
    Taken(OwnedRawArray),
    TakenContent(Content),
}

thread_local! {
    static CAPTURE: RefCell<Capture> = const { RefCell::new(Capture::Unwanted) };
    static DELIVERY: RefCell<Option<OwnedRawArray>> = const { RefCell::new(None) };
}

fn replace_captured(capture: Capture) -> Capture {
    CAPTURE.with_borrow_mut(|slot| std::mem::replace(slot, capture))
}

fn replace_delivered(array: Option<OwnedRawArray>) -> Option<OwnedRawArray> {
    DELIVERY.with_borrow_mut(|slot| std::mem::replace(slot, array))
}

/// Leaves an array for the `capture` that runs now; `false` when none does.
pub(crate) fn leave_captured(array: impl FnOnce() -> OwnedRawArray) -> bool {
    CAPTURE.with_borrow_mut(|slot| {
        let wanted = matches!(slot, Capture::Wanted | Capture::ContentWanted);
        if wanted {
            *slot = Capture::Taken(array());
        }
        wanted
    })
}

/// Leaves the content of a value for the `capture_content` that runs now; `false` when none does.
pub(crate) fn leave_content<E>(content: impl FnOnce() -> Result<Content, E>) -> Result<bool, E> {
    if !CAPTURE.with_borrow(|slot| matches!(slot, Capture::ContentWanted)) {
        return Ok(false);
    }
    replace_captured(Capture::TakenContent(content()?));
    Ok(true)
}

/// Whether an array or content is wanted now.
pub(crate) fn is_capturing() -> bool {
    CAPTURE.with_borrow(|slot| matches!(slot, Capture::Wanted | Capture::ContentWanted))
}

/// What `deliver` left for the visitor that runs now.
pub(crate) fn take_delivered() -> Option<OwnedRawArray> {
    DELIVERY.with_borrow_mut(Option::take)
}

/// Serializes into a `Formatter`, serde's smallest serializer: it refuses all compound values at once.
struct Offered<'a, T: ?Sized>(&'a T);

impl<T: Serialize + ?Sized> fmt::Display for Offered<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.serialize(f)
    }
}

struct Nowhere;

impl fmt::Write for Nowhere {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        Ok(())
    }
}

/// A deserializer with nothing to say but "the array is in the slot", which it says as a unit.
struct Delivery<E>(std::marker::PhantomData<E>);

impl<'de, E: de::Error> de::Deserializer<'de> for Delivery<E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_unit()
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
