//! Arrays of Arrow as columns of values.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal128Type, Decimal256Type, DurationMicrosecondType,
    DurationMillisecondType, DurationNanosecondType, DurationSecondType, Float16Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType,
    Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_schema::{DataType, TimeUnit};
use joblib_array::{Buffer, Order};
use joblib_persist::pickle::{NdArray, Value};

use super::Made;

/// A column whose chunks are `parts`: an array of numpy's where it has a dtype for all values, else a list.
pub(super) fn column(kind: &DataType, parts: &[&dyn Array]) -> Made<Value> {
    if let Some(array) = ndarray(kind, parts) {
        return Ok(Value::Array(array));
    }
    let mut values = Vec::new();
    for part in parts {
        values.extend(self::values(*part)?);
    }
    Ok(Value::List(values))
}

/// Numbers without missing values, dates, times and spans.
fn ndarray(kind: &DataType, parts: &[&dyn Array]) -> Option<NdArray> {
    macro_rules! numbers {
        ($type:ty, $descr:expr) => {{
            let bytes = parts.iter().flat_map(|part| words::<$type, _>(*part, |word| word.to_le_bytes()));
            (bytes.flatten().collect::<Vec<u8>>(), $descr)
        }};
    }
    // `NaT` is a count of its own, which is the missing value.
    macro_rules! counts {
        ($type:ty, $descr:expr) => {{
            let counts = parts.iter().flat_map(|part| {
                let array = part.as_primitive::<$type>();
                array.iter().map(|count| count.map_or(i64::MIN, i64::from)).collect::<Vec<_>>()
            });
            (counts.flat_map(i64::to_le_bytes).collect::<Vec<u8>>(), $descr)
        }};
    }
    let is_whole = parts.iter().all(|part| part.null_count() == 0);
    let mut in_utc = false;
    let (bytes, descr) = match kind {
        DataType::Timestamp(unit, zone) => {
            in_utc = zone.is_some();
            match unit {
                TimeUnit::Second => counts!(TimestampSecondType, "<M8[s]"),
                TimeUnit::Millisecond => counts!(TimestampMillisecondType, "<M8[ms]"),
                TimeUnit::Microsecond => counts!(TimestampMicrosecondType, "<M8[us]"),
                TimeUnit::Nanosecond => counts!(TimestampNanosecondType, "<M8[ns]"),
            }
        }
        DataType::Duration(unit) => match unit {
            TimeUnit::Second => counts!(DurationSecondType, "<m8[s]"),
            TimeUnit::Millisecond => counts!(DurationMillisecondType, "<m8[ms]"),
            TimeUnit::Microsecond => counts!(DurationMicrosecondType, "<m8[us]"),
            TimeUnit::Nanosecond => counts!(DurationNanosecondType, "<m8[ns]"),
        },
        DataType::Date32 => counts!(Date32Type, "<M8[D]"),
        DataType::Date64 => counts!(Date64Type, "<M8[ms]"),
        _ if !is_whole => return None,
        DataType::Boolean => {
            let bits = parts.iter().flat_map(|part| part.as_boolean().values().iter());
            (bits.map(u8::from).collect(), "|b1")
        }
        DataType::Int8 => numbers!(Int8Type, "|i1"),
        DataType::Int16 => numbers!(Int16Type, "<i2"),
        DataType::Int32 => numbers!(Int32Type, "<i4"),
        DataType::Int64 => numbers!(Int64Type, "<i8"),
        DataType::UInt8 => numbers!(UInt8Type, "|u1"),
        DataType::UInt16 => numbers!(UInt16Type, "<u2"),
        DataType::UInt32 => numbers!(UInt32Type, "<u4"),
        DataType::UInt64 => numbers!(UInt64Type, "<u8"),
        DataType::Float16 => numbers!(Float16Type, "<f2"),
        DataType::Float32 => numbers!(Float32Type, "<f4"),
        DataType::Float64 => numbers!(Float64Type, "<f8"),
        _ => return None,
    };
    let len = parts.iter().map(|part| part.len()).sum();
    let array = NdArray::from_numpy(descr, vec![len], Order::C, Buffer::copy_of(&bytes))?;
    Some(if in_utc { array.in_utc() } else { array })
}

fn words<T: ArrowPrimitiveType, W>(part: &dyn Array, word: impl Fn(T::Native) -> W) -> Vec<W> {
    part.as_primitive::<T>().values().iter().map(|&value| word(value)).collect()
}

fn values(array: &dyn Array) -> Made<Vec<Value>> {
    macro_rules! numbers {
        ($type:ty, $value:expr) => {{
            let array = array.as_primitive::<$type>();
            array.iter().map(|number| number.map_or(Value::None, $value)).collect()
        }};
    }
    // Per second, and the nanoseconds of a unit.
    macro_rules! times {
        ($type:ty, $per_second:expr) => {
            numbers!($type, |ticks| text("datetime.time", clock(i64::from(ticks), $per_second)))
        };
    }
    let text_of = |text: Option<&str>| text.map_or(Value::None, |text| Value::Str(text.to_owned()));
    let bytes_of = |bytes: Option<&[u8]>| bytes.map_or(Value::None, |bytes| Value::Bytes(bytes.to_vec()));
    Ok(match array.data_type() {
        DataType::Null => vec![Value::None; array.len()],
        DataType::Boolean => {
            array.as_boolean().iter().map(|value| value.map_or(Value::None, Value::Bool)).collect()
        }
        DataType::Int8 => numbers!(Int8Type, |value| Value::Int(value.into())),
        DataType::Int16 => numbers!(Int16Type, |value| Value::Int(value.into())),
        DataType::Int32 => numbers!(Int32Type, |value| Value::Int(value.into())),
        DataType::Int64 => numbers!(Int64Type, Value::Int),
        DataType::UInt8 => numbers!(UInt8Type, |value| Value::Int(value.into())),
        DataType::UInt16 => numbers!(UInt16Type, |value| Value::Int(value.into())),
        DataType::UInt32 => numbers!(UInt32Type, |value| Value::Int(value.into())),
        DataType::UInt64 => numbers!(UInt64Type, |value: u64| {
            i64::try_from(value).map_or_else(|_| Value::BigInt(value.to_string()), Value::Int)
        }),
        DataType::Float16 => numbers!(Float16Type, |value| Value::Float(f64::from(f32::from(value)))),
        DataType::Float32 => numbers!(Float32Type, |value| Value::Float(value.into())),
        DataType::Float64 => numbers!(Float64Type, Value::Float),
        DataType::Utf8 => array.as_string::<i32>().iter().map(text_of).collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().map(text_of).collect(),
        DataType::Utf8View => array.as_string_view().iter().map(text_of).collect(),
        DataType::Binary => array.as_binary::<i32>().iter().map(bytes_of).collect(),
        DataType::LargeBinary => array.as_binary::<i64>().iter().map(bytes_of).collect(),
        DataType::BinaryView => array.as_binary_view().iter().map(bytes_of).collect(),
        DataType::FixedSizeBinary(_) => array.as_fixed_size_binary().iter().map(bytes_of).collect(),
        DataType::Decimal128(..) => {
            let array = array.as_primitive::<Decimal128Type>();
            decimals(array, |at| array.value_as_string(at))
        }
        DataType::Decimal256(..) => {
            let array = array.as_primitive::<Decimal256Type>();
            decimals(array, |at| array.value_as_string(at))
        }
        DataType::Time32(TimeUnit::Second) => times!(Time32SecondType, 1),
        DataType::Time32(_) => times!(Time32MillisecondType, 1000),
        DataType::Time64(TimeUnit::Microsecond) => times!(Time64MicrosecondType, 1_000_000),
        DataType::Time64(_) => times!(Time64NanosecondType, 1_000_000_000),
        kind @ (DataType::Timestamp(..) | DataType::Duration(_) | DataType::Date32 | DataType::Date64) => {
            // Within lists and structs.
            ndarray(kind, &[array]).map(|array| array.elements().collect()).unwrap_or_default()
        }
        DataType::List(_) => {
            let array = array.as_list::<i32>();
            (0..array.len())
                .map(|at| list(array.is_valid(at).then(|| array.value(at))))
                .collect::<Made<_>>()?
        }
        DataType::LargeList(_) => {
            let array = array.as_list::<i64>();
            (0..array.len())
                .map(|at| list(array.is_valid(at).then(|| array.value(at))))
                .collect::<Made<_>>()?
        }
        DataType::FixedSizeList(..) => {
            let array = array.as_fixed_size_list();
            (0..array.len())
                .map(|at| list(array.is_valid(at).then(|| array.value(at))))
                .collect::<Made<_>>()?
        }
        DataType::Struct(fields) => {
            let array = array.as_struct();
            let columns = array.columns().iter().map(|column| values(column)).collect::<Made<Vec<_>>>()?;
            let row = |at: usize| {
                let named = fields.iter().zip(&columns);
                let entries =
                    named.map(|(field, column)| (Value::Str(field.name().clone()), column[at].clone()));
                if array.is_valid(at) { Value::Dict(entries.collect()) } else { Value::None }
            };
            (0..array.len()).map(row).collect()
        }
        DataType::Dictionary(..) => {
            let array = array.as_any_dictionary();
            let categories = values(array.values())?;
            let keys = array.normalized_keys();
            let value = |(at, &key): (usize, &usize)| {
                let there = array.is_valid(at);
                categories.get(key).filter(|_| there).cloned().unwrap_or_default()
            };
            keys.iter().enumerate().map(value).collect()
        }
        other => return Err(format!("values of Arrow's type {other} are not read")),
    })
}

fn list(items: Option<arrow_array::ArrayRef>) -> Made<Value> {
    items.map_or(Ok(Value::None), |items| values(&items).map(Value::List))
}

fn text(class: &str, text: String) -> Value {
    Value::Text { class: class.to_owned(), text }
}

fn decimals(array: &dyn Array, digits: impl Fn(usize) -> String) -> Vec<Value> {
    let decimal = |at| if array.is_valid(at) { text("decimal.Decimal", digits(at)) } else { Value::None };
    (0..array.len()).map(decimal).collect()
}

/// The time of day as Python's `isoformat` writes it.
fn clock(ticks: i64, per_second: i64) -> String {
    let (seconds, rest) = (ticks.div_euclid(per_second), ticks.rem_euclid(per_second));
    let text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    match rest * (1_000_000_000 / per_second) {
        0 => text,
        nanos if nanos % 1000 == 0 => format!("{text}.{:06}", nanos / 1000),
        nanos => format!("{text}.{nanos:09}"),
    }
}
