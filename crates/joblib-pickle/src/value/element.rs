//! The value of an array's element.

use super::Value;
use crate::numpy::dtype::Kind;
use crate::numpy::element::{Element, Number, long_double, number};

/// The value of an element.
pub(crate) fn element(element: Element<'_>) -> Value {
    let Element { layout, bytes, .. } = element;
    match &layout.kind {
        Kind::Number(dtype) => match number(*dtype, layout.big_endian, bytes) {
            Some(Number::Bool(value)) => Value::Bool(value),
            Some(Number::Int(value)) => Value::Int(value),
            Some(Number::Uint(value)) => {
                i64::try_from(value).map_or(Value::BigInt(value.to_string()), Value::Int)
            }
            Some(Number::F32(value)) => Value::Float(f64::from(value)),
            Some(Number::F64(value)) => Value::Float(value),
            Some(Number::Complex(re, im)) => Value::Complex(re, im),
            None => Value::Bytes(bytes.to_vec()),
        },
        Kind::LongDouble => Value::Float(long_double(bytes, layout.big_endian)),
        Kind::ComplexLongDouble => {
            let (re, im) = bytes.split_at(bytes.len() / 2);
            Value::Complex(long_double(re, layout.big_endian), long_double(im, layout.big_endian))
        }
        Kind::Bytes => Value::Bytes(element.trimmed().to_vec()),
        Kind::Text => element.text().map_or_else(|_| Value::Bytes(bytes.to_vec()), Value::Str),
        Kind::Void | Kind::Unknown(_) => Value::Bytes(bytes.to_vec()),
        Kind::Narrow(narrow) => Value::Int(narrow.value(bytes).into()),
        Kind::Small(format) => Value::Float(f64::from(format.value(bytes, layout.big_endian))),
        Kind::DateTime(_) | Kind::TimeDelta(_) => match element.time_text() {
            Some(text) => {
                let class =
                    if matches!(layout.kind, Kind::DateTime(_)) { "datetime64" } else { "timedelta64" };
                Value::Text { class: format!("numpy.{class}"), text }
            }
            None if element.is_missing() => Value::None,
            None => Value::Int(element.count()),
        },
        Kind::Struct(fields) => Value::Dict(
            fields
                .iter()
                .map(|field| (Value::Str(field.name.clone()), self::element(element.field(field))))
                .collect(),
        ),
        Kind::Sub(inner, shape) => {
            Value::List(element.items(inner, shape).flat().into_iter().map(self::element).collect())
        }
        Kind::Object | Kind::Strings => Value::None,
    }
}
