//! Columns as arrays of Arrow.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::types::{
    DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, Date32Array, Float32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, ListArray, NullArray, PrimitiveArray, StructArray, UInt8Array,
    UInt16Array, UInt32Array, UInt64Array,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{Field, Fields};
use joblib_persist::pickle::{NdArray, Value};

use super::Made;
use super::moment::Moment;
use crate::convert::table::Column;

pub(super) fn array(column: &Column<'_>) -> Made<ArrayRef> {
    match column {
        Column::Array(array) => match of_array(array) {
            Some(made) => Ok(made),
            None => of_values(&array.elements().map(Cow::Owned).collect::<Vec<_>>()),
        },
        Column::Values(values) => of_values(values),
    }
}

/// An array of numbers, dates or spans; `None` for another.
fn of_array(array: &NdArray) -> Option<ArrayRef> {
    macro_rules! numbers {
        ($($type:ty => $array:ident),*) => {$(
            if let Some(Ok(numbers)) = array.to_array::<$type>() {
                return Some(Arc::new($array::from(numbers.as_slice().to_vec())));
            }
        )*};
    }
    numbers! {
        bool => BooleanArray, i8 => Int8Array, i16 => Int16Array, i32 => Int32Array, i64 => Int64Array,
        u8 => UInt8Array, u16 => UInt16Array, u32 => UInt32Array, u64 => UInt64Array,
        f32 => Float32Array, f64 => Float64Array
    }
    let dtype = array.dtype();
    let (kind, unit) = dtype.strip_suffix(']')?.split_once('[')?;
    let counts = || -> Option<Vec<Option<i64>>> {
        let words = array.as_bytes()?.chunks_exact(8).map(|word| word.try_into().map(i64::from_le_bytes));
        let counts = words.collect::<Result<Vec<_>, _>>().ok()?;
        Some(counts.into_iter().map(|count| (count != i64::MIN).then_some(count)).collect())
    };
    Some(match (kind, unit) {
        ("datetime64", "D") => {
            let days = counts()?.into_iter().map(|count| count.map(i32::try_from).transpose());
            Arc::new(days.collect::<Result<Date32Array, _>>().ok()?)
        }
        ("datetime64", "s") => times::<TimestampSecondType>(counts()?, array.is_utc()),
        ("datetime64", "ms") => times::<TimestampMillisecondType>(counts()?, array.is_utc()),
        ("datetime64", "us") => times::<TimestampMicrosecondType>(counts()?, array.is_utc()),
        ("datetime64", "ns") => times::<TimestampNanosecondType>(counts()?, array.is_utc()),
        ("timedelta64", "s") => Arc::new(PrimitiveArray::<DurationSecondType>::from(counts()?)),
        ("timedelta64", "ms") => Arc::new(PrimitiveArray::<DurationMillisecondType>::from(counts()?)),
        ("timedelta64", "us") => Arc::new(PrimitiveArray::<DurationMicrosecondType>::from(counts()?)),
        ("timedelta64", "ns") => Arc::new(PrimitiveArray::<DurationNanosecondType>::from(counts()?)),
        _ => return None,
    })
}

fn times<T>(counts: Vec<Option<i64>>, in_utc: bool) -> ArrayRef
where
    T: ArrowPrimitiveType<Native = i64> + arrow_array::types::ArrowTimestampType,
{
    let times: PrimitiveArray<T> = counts.into_iter().collect();
    if in_utc { Arc::new(times.with_timezone("UTC")) } else { Arc::new(times) }
}

/// What the values of a column all are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Missing,
    Bool,
    Int,
    Uint,
    Float,
    Date,
    Time,
    UtcTime,
    Text,
    Bytes,
    List,
    Struct,
}

fn kind(value: &Value) -> Made<Kind> {
    Ok(match value {
        Value::None => Kind::Missing,
        Value::Bool(_) => Kind::Bool,
        Value::Int(_) => Kind::Int,
        Value::BigInt(digits) if digits.parse::<u64>().is_ok() => Kind::Uint,
        Value::Float(_) => Kind::Float,
        Value::Str(_) => Kind::Text,
        Value::Text { class, text } => match (class.as_str(), Moment::of(text)) {
            (
                "datetime.datetime" | "datetime.date" | "numpy.datetime64" | "pandas.Timestamp",
                Some(moment),
            ) => match moment {
                Moment { nanos: None, .. } => Kind::Date,
                Moment { in_utc: true, .. } => Kind::UtcTime,
                _ => Kind::Time,
            },
            _ => Kind::Text,
        },
        Value::Bytes(_) => Kind::Bytes,
        Value::List(_) | Value::Tuple(_) | Value::Set(_) => Kind::List,
        Value::Array(array) if array.shape().len() == 1 => Kind::List,
        Value::Dict(entries) if entries.iter().all(|(key, _)| matches!(key, Value::Str(_))) => Kind::Struct,
        other => return Err(format!("values of type {} have no column of Arrow", other.type_name())),
    })
}

fn of_values(values: &[Cow<'_, Value>]) -> Made<ArrayRef> {
    let mut kinds = values.iter().map(|value| kind(value)).collect::<Made<Vec<_>>>()?;
    kinds.sort_unstable();
    kinds.dedup();
    kinds.retain(|&kind| kind != Kind::Missing);
    let one = match kinds.as_slice() {
        [] => return Ok(Arc::new(NullArray::new(values.len()))),
        [one] => *one,
        // Python's integers are of any size.
        [Kind::Int, Kind::Uint] if values.iter().all(|value| value.as_i64().is_none_or(|int| int >= 0)) => {
            Kind::Uint
        }
        [Kind::Int, Kind::Float] => Kind::Float,
        [Kind::Date, Kind::Time] => Kind::Time,
        _ => return Err("values of different types: a column of Arrow has one".to_owned()),
    };
    let each = || values.iter().map(|value| &**value);
    Ok(match one {
        Kind::Missing => Arc::new(NullArray::new(values.len())),
        Kind::Bool => Arc::new(each().map(Value::as_bool).collect::<BooleanArray>()),
        Kind::Int => Arc::new(each().map(Value::as_i64).collect::<Int64Array>()),
        Kind::Uint => Arc::new(
            each()
                .map(|value| match value {
                    Value::BigInt(digits) => digits.parse().ok(),
                    other => other.as_i64().and_then(|int| u64::try_from(int).ok()),
                })
                .collect::<UInt64Array>(),
        ),
        Kind::Float => Arc::new(each().map(Value::as_f64).collect::<Float64Array>()),
        Kind::Date => Arc::new(
            each()
                .map(|value| moment(value).map(|moment| i32::try_from(moment.days)).transpose())
                .collect::<Result<Date32Array, _>>()
                .map_err(|_| "a date beyond Arrow's".to_owned())?,
        ),
        Kind::Time | Kind::UtcTime => moments(values, one == Kind::UtcTime)?,
        Kind::Text => {
            let mut texts = StringBuilder::new();
            each().for_each(|value| texts.append_option(value.as_str()));
            Arc::new(texts.finish())
        }
        Kind::Bytes => {
            let mut bytes = BinaryBuilder::new();
            for value in each() {
                bytes.append_option(if let Value::Bytes(bytes) = value { Some(bytes) } else { None });
            }
            Arc::new(bytes.finish())
        }
        Kind::List => lists(values)?,
        Kind::Struct => structs(values)?,
    })
}

fn moment(value: &Value) -> Option<Moment> {
    Moment::of(value.as_str()?)
}

/// Times in microseconds, or in nanoseconds where one has them.
fn moments(values: &[Cow<'_, Value>], in_utc: bool) -> Made<ArrayRef> {
    let all: Vec<Option<(i64, i64)>> = values
        .iter()
        .map(|value| moment(value).map(|moment| (moment.days, moment.nanos.unwrap_or(0))))
        .collect();
    let fine = all.iter().flatten().any(|(_, nanos)| nanos % 1000 != 0);
    let per_day = if fine { 86_400_000_000_000 } else { 86_400_000_000 };
    let count = |(days, nanos): (i64, i64)| {
        days.checked_mul(per_day)?.checked_add(if fine { nanos } else { nanos / 1000 })
    };
    let counts = all
        .into_iter()
        .map(|moment| {
            moment.map(|moment| count(moment).ok_or("a time beyond Arrow's nanoseconds")).transpose()
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(if fine {
        times::<TimestampNanosecondType>(counts, in_utc)
    } else {
        times::<TimestampMicrosecondType>(counts, in_utc)
    })
}

fn lists(values: &[Cow<'_, Value>]) -> Made<ArrayRef> {
    let mut items = Vec::new();
    let mut lens = Vec::with_capacity(values.len());
    for value in values {
        let before = items.len();
        match &**value {
            Value::List(list) | Value::Tuple(list) | Value::Set(list) => {
                items.extend(list.iter().map(Cow::Borrowed));
            }
            Value::Array(array) => items.extend(array.elements().map(Cow::Owned)),
            _ => {}
        }
        lens.push(items.len() - before);
    }
    let missing = values.iter().map(|value| !matches!(**value, Value::None)).collect::<Vec<bool>>();
    let items = of_values(&items)?;
    let field = Arc::new(Field::new("item", items.data_type().clone(), true));
    let offsets = OffsetBuffer::from_lengths(lens);
    ListArray::try_new(field, offsets, items, Some(missing.into()))
        .map(|lists| Arc::new(lists) as ArrayRef)
        .map_err(|error| error.to_string())
}

fn structs(values: &[Cow<'_, Value>]) -> Made<ArrayRef> {
    let mut names: Vec<&str> = Vec::new();
    for value in values {
        for (key, _) in value.entries().unwrap_or_default() {
            if let Some(name) = key.as_str().filter(|name| !names.contains(name)) {
                names.push(name);
            }
        }
    }
    let columns = names
        .iter()
        .map(|name| {
            let fields: Vec<Cow<'_, Value>> =
                values.iter().map(|value| Cow::Borrowed(value.get(name).unwrap_or(&Value::None))).collect();
            of_values(&fields).map_err(|error| format!("field {name:?}: {error}"))
        })
        .collect::<Made<Vec<ArrayRef>>>()?;
    let fields: Fields = names
        .iter()
        .zip(&columns)
        .map(|(name, column)| Field::new(*name, column.data_type().clone(), true))
        .collect::<Vec<_>>()
        .into();
    let there = values.iter().map(|value| !matches!(**value, Value::None)).collect::<Vec<bool>>();
    if columns.is_empty() {
        return Err("dicts without keys".to_owned());
    }
    StructArray::try_new(fields, columns, Some(there.into()))
        .map(|structs| Arc::new(structs) as ArrayRef)
        .map_err(|error| error.to_string())
}
