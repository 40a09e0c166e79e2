//! `Value` in serde: from any format, to any format; whole from a pickle.

use std::cell::RefCell;
use std::fmt;

use joblib_array::transfer::OwnedRawArray;
use joblib_array::{DType, Element, buffered};
use num_complex::Complex;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::{Content, NdArray, Object, Value};
use crate::de::node::De;
use crate::de::problem::Problem;
use crate::numpy::dtype::Layout;

/// The newtype struct that a `Value` asks for: a pickle answers with the whole tree, every other format with itself.
pub(crate) const NAME: &str = "joblib::pickle::Value";

thread_local! {
    /// What `deliver` left for the visitor that runs now: serde has no channel for a finished value.
    static DELIVERY: RefCell<Option<Value>> = const { RefCell::new(None) };
}

/// Whether the type that is called so is [`Value`], which tells all values apart.
pub(crate) fn is_value(name: &str) -> bool {
    name == std::any::type_name::<Value>()
}

/// Gives the whole value to a `Value`'s visitor.
pub(crate) fn deliver<'w, 't: 'w, V: Visitor<'t>>(de: De<'w, 't>, visitor: V) -> Result<V::Value, Problem> {
    let value = super::build::of(de)?;
    let previous = DELIVERY.with_borrow_mut(|slot| slot.replace(value));
    let result = visitor.visit_newtype_struct(de);
    DELIVERY.with_borrow_mut(|slot| *slot = previous);
    result
}

/// What `Some(None)` is as a value: the call of a class that Python does not have.
const SOME: &str = "Some";

fn some(inner: Value) -> Value {
    Value::Object(Box::new(Object { class: SOME.to_owned(), args: vec![inner], ..Object::default() }))
}

fn is_some(value: &Value) -> bool {
    matches!(value, Value::Object(object) if object.class == SOME && object.args.len() == 1)
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NAME, ValueVisitor { within: false })
    }
}

/// What any format holds. `within` says that the visitor is asked within the newtype struct that a `Value` asks for: what
/// comes as another one is an array of the native format.
struct ValueVisitor {
    within: bool,
}

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if !self.within {
            return match DELIVERY.with_borrow_mut(Option::take) {
                Some(value) => Ok(value),
                None => deserializer.deserialize_any(Self { within: true }),
            };
        }
        let OwnedRawArray { dtype, order, shape, buffer } = buffered::take(deserializer)?;
        Ok(Value::Array(NdArray {
            layout: Layout::number(dtype),
            shape,
            order,
            content: Content::Bytes(buffer),
            scalar: false,
            utc: false,
        }))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::None)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        // `Some` around a value that looks like `None` is the one that is told from it.
        match Value::deserialize(deserializer)? {
            inner @ Value::None => Ok(some(inner)),
            inner @ Value::Object(_) if is_some(&inner) => Ok(some(inner)),
            inner => Ok(inner),
        }
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or_else(|_| Value::BigInt(value.to_string()), Value::Int))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or_else(|_| Value::BigInt(value.to_string()), Value::Int))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or_else(|_| Value::BigInt(value.to_string()), Value::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Str(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Str(text))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(bytes.to_vec()))
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Value, E> {
        Ok(Value::Bytes(bytes))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Value::Dict(entries))
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::BigInt(digits) => big_int(digits, serializer),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Complex(re, im) => (re, im).serialize(serializer),
            Self::Str(text) | Self::Text { text, .. } | Self::Class(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::List(items) | Self::Tuple(items) | Self::Set(items) => serializer.collect_seq(items),
            Self::Dict(entries) => map(entries, serializer),
            Self::Array(array) => array.serialize(serializer),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

/// As a number where serde has one of its size, and as text beyond.
fn big_int<S: Serializer>(digits: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if let Ok(value) = digits.parse::<u64>() {
        serializer.serialize_u64(value)
    } else if let Ok(value) = digits.parse::<i128>() {
        serializer.serialize_i128(value)
    } else if let Ok(value) = digits.parse::<u128>() {
        serializer.serialize_u128(value)
    } else {
        serializer.serialize_str(digits)
    }
}

fn map<S: Serializer>(entries: &[(Value, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(entries.len()))?;
    for (key, value) in entries {
        map.serialize_entry(key, value)?;
    }
    map.end()
}

impl Serialize for Object {
    /// What the object holds, or its attributes, or its state, or the arguments that it was made with.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let (SOME, [inner]) = (self.class.as_str(), self.args.as_slice()) {
            return serializer.serialize_some(inner);
        }
        if !self.entries.is_empty() {
            return map(&self.entries, serializer);
        }
        if !self.items.is_empty() {
            return serializer.collect_seq(&self.items);
        }
        if !self.attributes.is_empty() {
            return map(&self.attributes, serializer);
        }
        match (&self.state, self.args.as_slice()) {
            (Some(state), _) => state.serialize(serializer),
            (None, [value]) => value.serialize(serializer),
            (None, []) => map(&[], serializer),
            (None, args) => serializer.collect_seq(args),
        }
    }
}

impl Serialize for NdArray {
    /// An array of numbers as an `Array`, of anything else as nested sequences.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.number_type() {
            Some(DType::Bool) => numbers::<bool, S>(self, serializer),
            Some(DType::I8) => numbers::<i8, S>(self, serializer),
            Some(DType::I16) => numbers::<i16, S>(self, serializer),
            Some(DType::I32) => numbers::<i32, S>(self, serializer),
            Some(DType::I64) => numbers::<i64, S>(self, serializer),
            Some(DType::U8) => numbers::<u8, S>(self, serializer),
            Some(DType::U16) => numbers::<u16, S>(self, serializer),
            Some(DType::U32) => numbers::<u32, S>(self, serializer),
            Some(DType::U64) => numbers::<u64, S>(self, serializer),
            Some(DType::F32) => numbers::<f32, S>(self, serializer),
            Some(DType::F64) => numbers::<f64, S>(self, serializer),
            Some(DType::C64) => numbers::<Complex<f32>, S>(self, serializer),
            Some(DType::C128) => numbers::<Complex<f64>, S>(self, serializer),
            _ => {
                let elements: Vec<Value> = self.elements().collect();
                Nested { shape: self.shape(), elements: &elements }.serialize(serializer)
            }
        }
    }
}

fn numbers<T: Element, S: Serializer>(array: &NdArray, serializer: S) -> Result<S::Ok, S::Error> {
    match array.to_array::<T>() {
        Some(Ok(array)) => array.serialize(serializer),
        Some(Err(error)) => Err(serde::ser::Error::custom(error)),
        None => Err(serde::ser::Error::custom("an array of another dtype")),
    }
}

/// Elements in C order as sequences of sequences.
struct Nested<'a> {
    shape: &'a [usize],
    elements: &'a [Value],
}

impl Serialize for Nested<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some((&len, inner)) = self.shape.split_first() else {
            return match self.elements.first() {
                Some(element) => element.serialize(serializer),
                None => serializer.serialize_none(),
            };
        };
        let size = self.elements.len() / len.max(1);
        let mut sequence = serializer.serialize_seq(None)?;
        if size > 0 {
            for elements in self.elements.chunks(size) {
                sequence.serialize_element(&Nested { shape: inner, elements })?;
            }
        }
        sequence.end()
    }
}
