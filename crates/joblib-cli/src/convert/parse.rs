//! JSON as values: the form that `inspect --json` writes, and any other.

use joblib_array::{Buffer, Order};
use joblib_persist::pickle::{NdArray, Object, Value};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

type Parsed = Result<Value, String>;

/// A document, with its keys in their order.
enum Json {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    String(String),
    Array(Vec<Json>),
    Object(Map),
}

/// The fields of an object.
struct Map(Vec<(String, Json)>);

impl Map {
    fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, json)| json)
    }

    fn remove(&mut self, name: &str) -> Option<Json> {
        let place = self.0.iter().position(|(found, _)| found == name)?;
        Some(self.0.remove(place).1)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Document)
    }
}

struct Document;

impl<'de> Visitor<'de> for Document {
    type Value = Json;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(i64::try_from(value).map_or(Json::Uint(value), Json::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut map = Vec::new();
        let mut keys = std::collections::HashSet::new();
        while let Some((key, json)) = entries.next_entry::<String, Json>()? {
            if !keys.insert(key.clone()) {
                return Err(A::Error::custom(format_args!("the key {key:?} is in an object twice")));
            }
            map.push((key, json));
        }
        Ok(Json::Object(Map(map)))
    }
}

/// The values of documents one after another; a file with one has one value.
pub(super) fn values(bytes: &[u8]) -> Result<Vec<Value>, String> {
    let documents = serde_json::Deserializer::from_slice(bytes).into_iter::<Json>();
    let values = documents
        .map(|document| value(document.map_err(|error| format!("JSON that can't be read: {error}"))?))
        .collect::<Result<Vec<_>, _>>()?;
    if values.is_empty() { Err("the file is empty".to_owned()) } else { Ok(values) }
}

fn value(json: Json) -> Parsed {
    Ok(match json {
        Json::Null => Value::None,
        Json::Bool(value) => Value::Bool(value),
        Json::Int(value) => Value::Int(value),
        Json::Uint(value) => Value::BigInt(value.to_string()),
        Json::Float(value) => Value::Float(value),
        Json::String(text) => Value::Str(text),
        Json::Array(items) => Value::List(list(items)?),
        Json::Object(mut map) => match map.get("type") {
            Some(Json::String(name)) if is_ours(name, &map) => {
                let name = name.clone();
                typed(&name, &mut map)?
            }
            _ => Value::Dict(
                map.0
                    .into_iter()
                    .map(|(key, json)| Ok((Value::Str(key), value(json)?)))
                    .collect::<Result<_, String>>()?,
            ),
        },
    })
}

fn list(items: Vec<Json>) -> Result<Vec<Value>, String> {
    items.into_iter().map(value).collect()
}

/// Whether an object has the fields, and no others, that `inspect --json` writes for its type.
fn is_ours(name: &str, map: &Map) -> bool {
    let fields: &[&str] = match name {
        "complex" => &["real", "imag"],
        "bytes" => &["hex"],
        "tuple" | "set" => &["items"],
        "dict" => &["entries"],
        "numpy.ndarray" => &["dtype", "shape", "order", "elements"],
        _ if map.get("value").is_some() => &["value"],
        _ => &["args", "attributes", "state", "items", "entries"],
    };
    let exact = matches!(name, "complex" | "bytes" | "tuple" | "set" | "dict" | "numpy.ndarray");
    let known = map.0.iter().all(|(key, _)| key == "type" || fields.contains(&key.as_str()));
    known && (!exact || map.0.len() == fields.len() + 1) && (exact || map.0.len() > 1)
}

fn typed(name: &str, map: &mut Map) -> Parsed {
    let bad =
        |field: &str| format!("a value of type {name} whose {field} is not what `inspect --json` writes");
    let mut take = |field: &str| map.remove(field).ok_or_else(|| bad(field));
    let items = |json: Json| match json {
        Json::Array(items) => list(items),
        _ => Err(bad("items")),
    };
    let number = |json: Json| match value(json)? {
        Value::Float(value) => Ok(value),
        Value::Int(value) => Ok(value as f64),
        _ => Err(bad("parts")),
    };
    Ok(match name {
        "int" => Value::BigInt(text(take("value")?).ok_or_else(|| bad("value"))?),
        "float" => {
            let text = text(take("value")?).ok_or_else(|| bad("value"))?;
            Value::Float(text.parse().map_err(|_| bad("value"))?)
        }
        "complex" => Value::Complex(number(take("real")?)?, number(take("imag")?)?),
        "bytes" => {
            let hex = text(take("hex")?).ok_or_else(|| bad("hex"))?;
            Value::Bytes(bytes(&hex).ok_or_else(|| bad("hex"))?)
        }
        "tuple" => Value::Tuple(items(take("items")?)?),
        "set" => Value::Set(items(take("items")?)?),
        "dict" => Value::Dict(entries(take("entries")?).ok_or_else(|| bad("entries"))??),
        "type" => Value::Class(text(take("value")?).ok_or_else(|| bad("value"))?),
        "numpy.ndarray" => array(map).ok_or_else(|| bad("elements"))?,
        _ if map.get("value").is_some() => {
            let text = map.remove("value").and_then(text).ok_or_else(|| bad("value"))?;
            Value::Text { class: name.to_owned(), text }
        }
        _ => {
            let mut part = |field: &str| map.remove(field);
            let pairs = |json: Option<Json>| match json {
                Some(json) => entries(json).ok_or_else(|| bad("entries"))?,
                None => Ok(Vec::new()),
            };
            Value::Object(Box::new(Object {
                class: name.to_owned(),
                args: part("args").map(items).transpose()?.unwrap_or_default(),
                attributes: pairs(part("attributes"))?,
                state: part("state").map(value).transpose()?,
                items: part("items").map(items).transpose()?.unwrap_or_default(),
                entries: pairs(part("entries"))?,
            }))
        }
    })
}

fn text(json: Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text),
        _ => None,
    }
}

type Entries = Vec<(Value, Value)>;

fn entries(json: Json) -> Option<Result<Entries, String>> {
    let Json::Array(pairs) = json else { return None };
    let mut entries = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let Json::Array(pair) = pair else { return None };
        let [key, content] = <[Json; 2]>::try_from(pair).ok()?;
        match (value(key), value(content)) {
            (Ok(key), Ok(content)) => entries.push((key, content)),
            (Err(error), _) | (_, Err(error)) => return Some(Err(error)),
        }
    }
    Some(Ok(entries))
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    if hex.len() % 2 == 1 || !hex.is_ascii() {
        return None;
    }
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok()).collect()
}

/// An array of numbers; one of another dtype as lists of its elements.
fn array(map: &mut Map) -> Option<Value> {
    let dtype = text(map.remove("dtype")?)?;
    let Json::Array(shape) = map.remove("shape")? else { return None };
    let shape: Vec<usize> = shape
        .into_iter()
        .map(|len| if let Json::Int(len) = len { usize::try_from(len).ok() } else { None })
        .collect::<Option<_>>()?;
    let Json::Array(elements) = map.remove("elements")? else { return None };
    let elements = list(elements).ok()?;
    let count = shape.iter().try_fold(1_usize, |count, &len| count.checked_mul(len))?;
    if count != elements.len() {
        return None;
    }
    // The elements stand in C order, whatever the order in memory was.
    match packed(&dtype, &elements) {
        Some((descr, bytes)) => {
            let array = NdArray::from_numpy(descr, shape, Order::C, Buffer::copy_of(&bytes))?;
            Some(Value::Array(array))
        }
        None => Some(nested(&shape, &mut elements.into_iter())),
    }
}

fn nested(shape: &[usize], elements: &mut impl Iterator<Item = Value>) -> Value {
    match shape.split_first() {
        None => elements.next().unwrap_or_default(),
        Some((&len, inner)) => Value::List((0..len).map(|_| nested(inner, elements)).collect()),
    }
}

/// The elements of a dtype of numbers as bytes.
fn packed(dtype: &str, elements: &[Value]) -> Option<(&'static str, Vec<u8>)> {
    fn each<const N: usize>(elements: &[Value], word: impl Fn(&Value) -> Option<[u8; N]>) -> Option<Vec<u8>> {
        Some(elements.iter().map(word).collect::<Option<Vec<_>>>()?.concat())
    }
    let float = |value: &Value| value.as_f64();
    let uint = |value: &Value| match value {
        Value::BigInt(digits) => digits.parse::<u64>().ok(),
        other => other.as_i64().and_then(|value| u64::try_from(value).ok()),
    };
    let complex = |value: &Value| match value {
        Value::Complex(re, im) => Some((*re, *im)),
        other => other.as_f64().map(|re| (re, 0.0)),
    };
    macro_rules! int {
        ($type:ty) => {
            each(elements, |value| <$type>::try_from(value.as_i64()?).ok().map(<$type>::to_le_bytes))?
        };
    }
    macro_rules! uint {
        ($type:ty) => {
            each(elements, |value| <$type>::try_from(uint(value)?).ok().map(<$type>::to_le_bytes))?
        };
    }
    Some(match dtype {
        "bool" => ("|b1", each(elements, |value| value.as_bool().map(|value| [u8::from(value)]))?),
        "int8" => ("<i1", int!(i8)),
        "int16" => ("<i2", int!(i16)),
        "int32" => ("<i4", int!(i32)),
        "int64" => ("<i8", int!(i64)),
        "uint8" => ("<u1", uint!(u8)),
        "uint16" => ("<u2", uint!(u16)),
        "uint32" => ("<u4", uint!(u32)),
        "uint64" => ("<u8", uint!(u64)),
        "float32" => ("<f4", each(elements, |value| float(value).map(|value| (value as f32).to_le_bytes()))?),
        "float64" => ("<f8", each(elements, |value| float(value).map(f64::to_le_bytes))?),
        "complex128" => (
            "<c16",
            elements
                .iter()
                .map(|value| complex(value).map(|(re, im)| [re.to_le_bytes(), im.to_le_bytes()].concat()))
                .collect::<Option<Vec<_>>>()?
                .concat(),
        ),
        _ => return None,
    })
}
