//! A value as JSON, with every value in it.
//!
//! `null`, booleans, integers, finite floats, texts and lists are themselves; everything else is an object with a
//! `type`, so that nothing is lost and nothing is ambiguous.

use joblib_persist::pickle::{NdArray, Object, Value};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::hex::Hex;

/// A value to be written as JSON.
pub(crate) struct Json<'a>(pub(crate) &'a Value);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::None => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(value) => serializer.serialize_i64(*value),
            Value::Float(value) if value.is_finite() => serializer.serialize_f64(*value),
            Value::Str(text) => serializer.serialize_str(text),
            Value::List(items) => serializer.collect_seq(items.iter().map(Json)),
            Value::Array(array) => ndarray(array, serializer),
            Value::Object(object) => self::object(object, serializer),
            other => {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("type", other.type_name())?;
                match other {
                    Value::BigInt(digits) => map.serialize_entry("value", digits)?,
                    Value::Float(value) => map.serialize_entry("value", &value.to_string())?,
                    Value::Complex(re, im) => {
                        map.serialize_entry("real", &Json(&Value::Float(*re)))?;
                        map.serialize_entry("imag", &Json(&Value::Float(*im)))?;
                    }
                    Value::Bytes(bytes) => {
                        map.serialize_entry("hex", &Hex(bytes).to_string())?;
                    }
                    Value::Tuple(items) | Value::Set(items) => map.serialize_entry("items", &Items(items))?,
                    Value::Dict(entries) => map.serialize_entry("entries", &Entries(entries))?,
                    Value::Text { text, .. } | Value::Class(text) => map.serialize_entry("value", text)?,
                    _ => {}
                }
                map.end()
            }
        }
    }
}

struct Items<'a>(&'a [Value]);

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Json))
    }
}

/// Entries as pairs: a key need not be a text.
struct Entries<'a>(&'a [(Value, Value)]);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|(key, value)| (Json(key), Json(value))))
    }
}

struct Elements<'a>(&'a NdArray);

impl Serialize for Elements<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;

        let mut sequence = serializer.serialize_seq(None)?;
        for element in self.0.elements() {
            sequence.serialize_element(&Json(&element))?;
        }
        sequence.end()
    }
}

/// The elements in C order, one after the other.
fn ndarray<S: Serializer>(array: &NdArray, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("type", "numpy.ndarray")?;
    map.serialize_entry("dtype", &array.dtype())?;
    map.serialize_entry("shape", array.shape())?;
    map.serialize_entry("order", array.order().name())?;
    map.serialize_entry("elements", &Elements(array))?;
    map.end()
}

fn object<S: Serializer>(object: &Object, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("type", &object.class)?;
    if !object.args.is_empty() {
        map.serialize_entry("args", &Items(&object.args))?;
    }
    if !object.attributes.is_empty() {
        map.serialize_entry("attributes", &Entries(&object.attributes))?;
    }
    if let Some(state) = &object.state {
        map.serialize_entry("state", &Json(state))?;
    }
    if !object.items.is_empty() {
        map.serialize_entry("items", &Items(&object.items))?;
    }
    if !object.entries.is_empty() {
        map.serialize_entry("entries", &Entries(&object.entries))?;
    }
    map.end()
}
