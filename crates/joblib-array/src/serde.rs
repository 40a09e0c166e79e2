//! Arrays in serde's data model: parts for binary formats, a shape and numbers for formats that people read.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeStruct, SerializeTuple, Serializer};

use crate::transfer::{self, OwnedRawArray};
use crate::{Array, Buffer, DType, Element, Order, plain, share};

impl<T: Element> Serialize for Array<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parts =
            Parts { dtype: T::DTYPE, order: self.order(), shape: self.shape(), buffer: self.buffer() };
        if transfer::leave_captured(|| parts.to_raw()) {
            return serializer.serialize_str("");
        }
        if serializer.is_human_readable() {
            let mut object = serializer.serialize_struct("Array", 3)?;
            object.serialize_field("dtype", T::DTYPE.name())?;
            object.serialize_field("shape", self.shape())?;
            object.serialize_field("data", &Elements(self))?;
            return object.end();
        }
        serializer.serialize_newtype_struct(transfer::NAME, &parts)
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

/// What stands in the newtype struct: `(dtype, order, shape, bytes)`.
struct Parts<'a> {
    dtype: DType,
    order: Order,
    shape: &'a [usize],
    buffer: &'a Buffer,
}

impl Parts<'_> {
    fn to_raw(&self) -> OwnedRawArray {
        let buffer = match little_endian(self.buffer.as_bytes(), self.dtype) {
            Cow::Borrowed(_) => self.buffer.clone(),
            Cow::Owned(bytes) => Buffer::copy_of(&bytes),
        };
        OwnedRawArray { dtype: self.dtype, order: self.order, shape: self.shape.to_vec(), buffer }
    }
}

impl Serialize for Parts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if transfer::leave_captured(|| self.to_raw()) {
            return serializer.serialize_str("");
        }
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
            None => tuple.serialize_element(&Bytes(&little_endian(self.buffer.as_bytes(), self.dtype)))?,
        }
        tuple.end()
    }
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
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(ReadableVisitor(PhantomData))
        } else {
            deserializer.deserialize_newtype_struct(transfer::NAME, ArrayVisitor(PhantomData))
        }
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

/// Binary formats: the newtype struct.
struct ArrayVisitor<T>(PhantomData<T>);

impl<'de, T: Element> Visitor<'de> for ArrayVisitor<T> {
    type Value = Array<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting::<T>(f)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_tuple(4, PartsVisitor(PhantomData))
    }

    // Formats that describe themselves say so that what they hold are plain numbers, as a `Vec` serializes.
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(ReadableVisitor(PhantomData))
    }

    // Formats without newtype structs give their content at once.
    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Self::Value, A::Error> {
        PartsVisitor(PhantomData).visit_seq(sequence)
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
        let order = Order::from_name(&order)
            .ok_or_else(|| de::Error::invalid_value(de::Unexpected::Str(&order), &"the order C or F"))?;
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

/// Formats for people: `{"dtype": …, "shape": […], "data": […]}`, or plain lists.
struct ReadableVisitor<T>(PhantomData<T>);

impl<'de, T: Element> Visitor<'de> for ReadableVisitor<T> {
    type Value = Array<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting::<T>(f)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Self::Value, A::Error> {
        plain::array(sequence)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut shape, mut data) = (None::<Vec<usize>>, None::<Vec<T>>);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "dtype" => {
                    let found: String = map.next_value()?;
                    if found != T::DTYPE.name() {
                        return Err(wrong_dtype::<T, _>(&found, shape.as_deref().unwrap_or_default()));
                    }
                }
                "shape" => shape = Some(map.next_value()?),
                "data" => data = Some(map.next_value()?),
                other => return Err(de::Error::unknown_field(other, &["dtype", "shape", "data"])),
            }
        }
        let data = data.ok_or_else(|| de::Error::missing_field("data"))?;
        let shape = shape.unwrap_or_else(|| vec![data.len()]);
        Array::from_vec(data, &shape).map_err(de::Error::custom)
    }
}
