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
        if transfer::leave_captured(|| to_raw(self)) {
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
struct Parts<'a, T>(&'a Array<T>);

impl<T: Element> Serialize for Parts<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let array = self.0;
        if transfer::leave_captured(|| to_raw(array)) {
            return serializer.serialize_str("");
        }
        if serializer.is_human_readable() { readable(array, serializer) } else { binary(array, serializer) }
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

fn binary<T: Element, S: Serializer>(array: &Array<T>, serializer: S) -> Result<S::Ok, S::Error> {
    let shared = share::offer(array.buffer()).map(u64::to_le_bytes);
    let name = T::DTYPE.name();
    let mut tuple = serializer.serialize_tuple(4)?;
    match shared {
        Some(_) => tuple.serialize_element(&format_args!("{SHARED}{name}"))?,
        None => tuple.serialize_element(name)?,
    }
    tuple.serialize_element(array.order().name())?;
    tuple.serialize_element(array.shape())?;
    match &shared {
        Some(number) => tuple.serialize_element(&Bytes(number))?,
        None => tuple.serialize_element(&Bytes(&little_endian(array.buffer().as_bytes(), T::DTYPE)))?,
    }
    tuple.end()
}

fn to_raw<T: Element>(array: &Array<T>) -> OwnedRawArray {
    let buffer = match little_endian(array.buffer().as_bytes(), T::DTYPE) {
        Cow::Borrowed(_) => array.buffer().clone(),
        Cow::Owned(bytes) => Buffer::copy_of(&bytes),
    };
    OwnedRawArray { dtype: T::DTYPE, order: array.order(), shape: array.shape().to_vec(), buffer }
}

struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// This machine's bytes as little-endian ones.
fn little_endian(bytes: &[u8], dtype: DType) -> Cow<'_, [u8]> {
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

fn wrong_dtype<T: Element, E: de::Error>(found: &str, shape: &[usize]) -> E {
    E::custom(format_args!("expected an array of {}, found an array of {found} of shape {shape:?}", T::DTYPE))
}

fn from_raw<T: Element, E: de::Error>(raw: OwnedRawArray) -> Result<Array<T>, E> {
    if raw.dtype != T::DTYPE {
        return Err(wrong_dtype::<T, E>(raw.dtype.name(), &raw.shape));
    }
    Array::from_buffer(raw.buffer, raw.shape, raw.order).map_err(E::custom)
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
            Some(raw) => from_raw(raw),
            None => Err(E::invalid_type(de::Unexpected::Unit, &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        fn part<'de, P: Deserialize<'de>, A: SeqAccess<'de>>(
            sequence: &mut A,
            number: usize,
        ) -> Result<P, A::Error> {
            sequence
                .next_element()?
                .ok_or_else(|| de::Error::invalid_length(number, &"(dtype, order, shape, bytes) of an array"))
        }
        let dtype: Cow<'_, str> = part(&mut sequence, 0)?;
        let order: Cow<'_, str> = part(&mut sequence, 1)?;
        let shape: Vec<usize> = part(&mut sequence, 2)?;
        let Payload(payload) = part(&mut sequence, 3)?;
        let shared = dtype.strip_prefix(SHARED);
        let dtype = shared.unwrap_or(&dtype);
        if dtype != T::DTYPE.name() {
            return Err(wrong_dtype::<T, _>(dtype, &shape));
        }
        let buffer = if shared.is_some() { provided(payload.as_bytes())? } else { payload };
        let order = order.parse().map_err(de::Error::custom)?;
        Array::from_buffer(buffer, shape, order).map_err(de::Error::custom)
    }
}

/// The buffer that travels beside the message under a number.
fn provided<E: de::Error>(number: &[u8]) -> Result<Buffer, E> {
    let number = number
        .try_into()
        .map(u64::from_le_bytes)
        .map_err(|_| E::invalid_length(number.len(), &"the 8 bytes of a shared array's number"))?;
    share::provided(number).ok_or_else(|| {
        E::custom(format_args!("array number {number} travels beside the message, and nobody provides it"))
    })
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
        from_raw(buffered::take(deserializer)?)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut shape, mut data, mut order) = (None::<Vec<usize>>, None::<Vec<T>>, Order::C);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "dtype" => {
                    let found: String = map.next_value()?;
                    if found != T::DTYPE.name() {
                        return Err(wrong_dtype::<T, _>(&found, shape.as_deref().unwrap_or_default()));
                    }
                }
                "order" => {
                    let name: String = map.next_value()?;
                    order = name.parse().map_err(de::Error::custom)?;
                }
                "shape" => shape = Some(map.next_value()?),
                "data" => data = Some(map.next_value()?),
                other => return Err(de::Error::unknown_field(other, &["dtype", "shape", "order", "data"])),
            }
        }
        let data = data.ok_or_else(|| de::Error::missing_field("data"))?;
        let shape = shape.unwrap_or_else(|| vec![data.len()]);
        let array = match order {
            Order::C => Array::from_vec(data, &shape),
            Order::F => in_fortran_order(data, shape),
        };
        array.map_err(de::Error::custom)
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
