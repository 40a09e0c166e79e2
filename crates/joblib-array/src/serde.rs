//! Arrays in serde's data model: parts for binary formats, a shape and numbers for human-readable formats.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeStruct, SerializeTuple, Serializer};

use crate::transfer::{self, OwnedRawArray};
use crate::{Array, Buffer, DType, Element, Order, ShapeError, buffered, layout, plain, share};

impl<T: Element> Serialize for Array<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if transfer::leave_captured(|| Whole::of(self).to_raw()) {
            return serializer.serialize_str("");
        }
        serializer.serialize_newtype_struct(transfer::NAME, &Parts(self))
    }
}

/// An array's elements in C order.
struct Elements<'a, T>(&'a Array<T>);

impl<T: Element> Serialize for Elements<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter())
    }
}

/// Before the dtype of an array whose bytes are not the elements but the number of a shared buffer. (Formats that do
/// not describe themselves need the same type in both cases.)
const SHARED: char = '&';

/// What stands in the newtype struct: `(dtype, order, shape, bytes)` in binary formats, `{dtype, shape, data}` in others.
pub(crate) struct Parts<'a, T>(pub(crate) &'a Array<T>);

impl<T: Element> Serialize for Parts<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let array = self.0;
        if transfer::leave_captured(|| Whole::of(array).to_raw()) {
            return serializer.serialize_str("");
        }
        if serializer.is_human_readable() {
            readable(array, serializer)
        } else {
            Whole::of(array).serialize(serializer)
        }
    }
}

fn readable<T: Element, S: Serializer>(array: &Array<T>, serializer: S) -> Result<S::Ok, S::Error> {
    // The elements are given in C order; `order` says how they lie in memory when that is not C order.
    let in_order = array.order() == Order::C || array.shape().len() < 2;
    let mut object = serializer.serialize_struct("Array", if in_order { 3 } else { 4 })?;
    object.serialize_field("dtype", T::DTYPE.name())?;
    object.serialize_field("shape", array.shape())?;
    if !in_order {
        object.serialize_field("order", array.order().name())?;
    }
    object.serialize_field("data", &Elements(array))?;
    object.end()
}

/// What the parts are made of, without the element type: so that the code is compiled once for a serializer.
struct Whole<'a> {
    dtype: DType,
    order: Order,
    shape: &'a [usize],
    buffer: &'a Buffer,
}

impl<'a> Whole<'a> {
    fn of<T: Element>(array: &'a Array<T>) -> Self {
        Self { dtype: T::DTYPE, order: array.order(), shape: array.shape(), buffer: array.buffer() }
    }

    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shared = share::offer(self.buffer).map(u64::to_le_bytes);
        let name = self.dtype.name();
        let mut tuple = serializer.serialize_tuple(4)?;
        match shared {
            Some(_) => tuple.serialize_element(&format_args!("{SHARED}{name}"))?,
            None => tuple.serialize_element(name)?,
        }
        tuple.serialize_element(self.order.name())?;
        tuple.serialize_element(self.shape)?;
        match &shared {
            Some(number) => tuple.serialize_element(&Bytes(number))?,
            None => {
                tuple.serialize_element(&Bytes(&little_endian(self.buffer.as_bytes(), self.dtype)))?;
            }
        }
        tuple.end()
    }

    fn to_raw(&self) -> OwnedRawArray {
        let buffer = match little_endian(self.buffer.as_bytes(), self.dtype) {
            Cow::Borrowed(_) => self.buffer.clone(),
            Cow::Owned(bytes) => Buffer::copy_of(&bytes),
        };
        OwnedRawArray { dtype: self.dtype, order: self.order, shape: self.shape.to_vec(), buffer }
    }
}

struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// This machine's bytes as little-endian ones.
pub(crate) fn little_endian(bytes: &[u8], dtype: DType) -> Cow<'_, [u8]> {
    if cfg!(target_endian = "little") || dtype.word_size() == 1 {
        return Cow::Borrowed(bytes);
    }
    let mut swapped = bytes.to_vec();
    swapped.chunks_exact_mut(dtype.word_size()).for_each(<[u8]>::reverse);
    Cow::Owned(swapped)
}

impl<'de, T: Element> Deserialize<'de> for Array<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(transfer::NAME, ArrayVisitor(PhantomData))
    }
}

fn expecting<T: Element>(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "an array of {}", T::DTYPE)
}

fn wrong_dtype(expected: DType, found: &str, shape: &[usize]) -> String {
    format!("expected an array of {expected}, found an array of {found} of shape {shape:?}")
}

fn from_raw<T: Element>(raw: OwnedRawArray) -> Result<Array<T>, String> {
    if raw.dtype != T::DTYPE {
        return Err(wrong_dtype(T::DTYPE, raw.dtype.name(), &raw.shape));
    }
    Array::from_buffer(raw.buffer, raw.shape, raw.order).map_err(|error| error.to_string())
}

/// The newtype struct.
struct ArrayVisitor<T>(PhantomData<T>);

impl<'de, T: Element> Visitor<'de> for ArrayVisitor<T> {
    type Value = Array<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting::<T>(f)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(ReadableVisitor(PhantomData))
        } else {
            deserializer.deserialize_tuple(4, PartsVisitor(PhantomData))
        }
    }

    // Formats that describe themselves say so that what they hold are plain numbers, as a `Vec` serializes.
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(ReadableVisitor(PhantomData))
    }

    // Formats without newtype structs give their content at once.
    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Self::Value, A::Error> {
        PartsVisitor(PhantomData).visit_seq(sequence)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        ReadableVisitor(PhantomData).visit_map(map)
    }
}

/// The four parts, or the word that `transfer::deliver` has the array.
struct PartsVisitor<T>(PhantomData<T>);

impl<'de, T: Element> Visitor<'de> for PartsVisitor<T> {
    type Value = Array<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting::<T>(f)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        match transfer::take_delivered() {
            Some(raw) => from_raw(raw).map_err(E::custom),
            None => Err(E::invalid_type(de::Unexpected::Unit, &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Self::Value, A::Error> {
        let raw = Received::read(sequence)?.into_raw(T::DTYPE).map_err(de::Error::custom)?;
        from_raw(raw).map_err(de::Error::custom)
    }
}

/// The four parts as they come.
struct Received {
    dtype: String,
    order: String,
    shape: Vec<usize>,
    payload: Buffer,
}

impl Received {
    fn read<'de, A: SeqAccess<'de>>(mut sequence: A) -> Result<Self, A::Error> {
        fn part<'de, P: Deserialize<'de>, A: SeqAccess<'de>>(
            sequence: &mut A,
            number: usize,
        ) -> Result<P, A::Error> {
            sequence
                .next_element()?
                .ok_or_else(|| de::Error::invalid_length(number, &"(dtype, order, shape, bytes) of an array"))
        }
        let dtype = part(&mut sequence, 0)?;
        let order = part(&mut sequence, 1)?;
        let shape = part(&mut sequence, 2)?;
        let Payload(payload) = part(&mut sequence, 3)?;
        Ok(Self { dtype, order, shape, payload })
    }

    fn into_raw(self, expected: DType) -> Result<OwnedRawArray, String> {
        let shared = self.dtype.strip_prefix(SHARED);
        let dtype = shared.unwrap_or(&self.dtype);
        if dtype != expected.name() {
            return Err(wrong_dtype(expected, dtype, &self.shape));
        }
        let buffer = if shared.is_some() { provided(self.payload.as_bytes())? } else { self.payload };
        let order =
            self.order.parse().map_err(|error: <Order as std::str::FromStr>::Err| error.to_string())?;
        Ok(OwnedRawArray { dtype: expected, order, shape: self.shape, buffer })
    }
}

/// The buffer that travels beside the message under a number.
fn provided(number: &[u8]) -> Result<Buffer, String> {
    let number = number
        .try_into()
        .map(u64::from_le_bytes)
        .map_err(|_| format!("the number of a shared array has {} bytes, expected 8", number.len()))?;
    share::provided(number)
        .ok_or_else(|| format!("array number {number} was sent separately from the message, and is missing"))
}

/// Bytes copied once, into aligned memory.
struct Payload(Buffer);

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(PayloadVisitor)
    }
}

struct PayloadVisitor;

impl Visitor<'_> for PayloadVisitor {
    type Value = Payload;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes of an array")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Payload, E> {
        Ok(Payload(Buffer::copy_of(bytes)))
    }
}

/// Human-readable formats: `{"dtype": …, "shape": […], "data": […]}`, or plain lists.
struct ReadableVisitor<T>(PhantomData<T>);

impl<'de, T: Element> Visitor<'de> for ReadableVisitor<T> {
    type Value = Array<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting::<T>(f)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Self::Value, A::Error> {
        plain::array(sequence)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        from_raw(buffered::take(deserializer)?).map_err(de::Error::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut shape, mut data, mut order) = (None::<Vec<usize>>, None::<Vec<T>>, Order::C);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "dtype" => {
                    let found: String = map.next_value()?;
                    if found != T::DTYPE.name() {
                        let shape = shape.as_deref().unwrap_or_default();
                        return Err(de::Error::custom(wrong_dtype(T::DTYPE, &found, shape)));
                    }
                }
                "order" => {
                    let name: String = map.next_value()?;
                    order = name.parse().map_err(de::Error::custom)?;
                }
                "shape" | "dim" => shape = Some(map.next_value()?),
                // The form of the crate `ndarray`.
                "v" => {
                    map.next_value::<u8>()?;
                }
                "data" => data = Some(map.next_value()?),
                other => return Err(de::Error::unknown_field(other, &["dtype", "shape", "order", "data"])),
            }
        }
        let data = data.ok_or_else(|| de::Error::missing_field("data"))?;
        from_elements(data, shape, order).map_err(de::Error::custom)
    }
}

fn from_elements<T: Element>(
    elements: Vec<T>,
    shape: Option<Vec<usize>>,
    order: Order,
) -> Result<Array<T>, ShapeError> {
    let shape = shape.unwrap_or_else(|| vec![elements.len()]);
    match order {
        Order::C => Array::from_vec(elements, &shape),
        Order::F => in_fortran_order(elements, shape),
    }
}

/// Elements given in C order as a Fortran-ordered array.
fn in_fortran_order<T: Element>(elements: Vec<T>, shape: Vec<usize>) -> Result<Array<T>, ShapeError> {
    let array = Array::from_vec(elements, &shape)?;
    let mut placed = array.to_vec();
    let mut elements = array.as_slice().iter();
    layout::for_each_in_c_order(&shape, Order::F, |place| {
        if let Some(&element) = elements.next() {
            placed[place] = element;
        }
    });
    Array::from_buffer(Buffer::adopt(placed), shape, Order::F)
}
