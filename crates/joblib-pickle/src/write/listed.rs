//! Numbers, texts and lists of them as the arrays that `numpy.array` makes of them.

use std::borrow::Cow;

use joblib_array::{MAX_NDIM, Order};

use crate::error::{Error, Result};
use crate::value::Value;

/// An array as a file holds it.
pub(super) struct Plain<'v> {
    /// The dtype as Python writes it: `'<f8'`, `[('a', '<i4'), …]`.
    pub(super) descr: String,
    pub(super) order: Order,
    pub(super) shape: Vec<usize>,
    pub(super) bytes: Cow<'v, [u8]>,
}

/// The array of a number, a text, or lists of them within lists.
pub(super) fn array(value: &Value) -> Result<Plain<'static>> {
    let mut shape = Vec::new();
    let mut level = value;
    while let Some(items) = value_items(level) {
        shape.push(items.len());
        if shape.len() > MAX_NDIM {
            return Err(Error::value(format!("lists are nested deeper than numpy's {MAX_NDIM} dimensions")));
        }
        match items.first() {
            Some(first) => level = first,
            None => break,
        }
    }
    let mut leaves = Vec::new();
    gather(value, &shape, &mut leaves)?;
    Ok(Plain { shape, ..of_leaves(&leaves)? })
}

/// The values as an array of one dimension.
pub(super) fn flat(values: &[Value]) -> Result<Plain<'static>> {
    of_leaves(&values.iter().collect::<Vec<_>>())
}

fn value_items(value: &Value) -> Option<&[Value]> {
    match value {
        Value::List(items) | Value::Tuple(items) => Some(items),
        _ => None,
    }
}

fn gather<'v>(value: &'v Value, shape: &[usize], leaves: &mut Vec<&'v Value>) -> Result<()> {
    match (value_items(value), shape.split_first()) {
        (None, None) => leaves.push(value),
        (Some(items), Some((&len, inner))) if items.len() == len => {
            for item in items {
                gather(item, inner, leaves)?;
            }
        }
        _ => return Err(Error::value("lists of different lengths or depths, which are no array")),
    }
    Ok(())
}

/// What all leaves can be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Bool,
    Int,
    Uint,
    Float,
    Complex,
    Text,
    Bytes,
}

fn of_leaves(leaves: &[&Value]) -> Result<Plain<'static>> {
    let kinds = leaves.iter().map(|leaf| kind(leaf)).collect::<Result<Vec<_>>>()?;
    let widest = kinds.iter().copied().max().unwrap_or(Kind::Float);
    let mixed = matches!(widest, Kind::Text | Kind::Bytes) && kinds.iter().any(|&kind| kind != widest);
    let negative = || leaves.iter().any(|leaf| matches!(leaf, Value::Int(value) if *value < 0));
    if mixed || widest == Kind::Uint && negative() {
        return Err(Error::value(
            "numbers and text together, or integers that no dtype of numpy holds all of",
        ));
    }
    let each = |bytes: fn(&Value) -> Vec<u8>| leaves.iter().flat_map(|leaf| bytes(leaf)).collect::<Vec<u8>>();
    let (descr, bytes) = match widest {
        Kind::Bool => ("|b1".to_owned(), each(|leaf| vec![u8::from(leaf.as_bool() == Some(true))])),
        Kind::Int => ("<i8".to_owned(), each(|leaf| int(leaf).to_le_bytes().to_vec())),
        Kind::Uint => ("<u8".to_owned(), each(|leaf| uint(leaf).to_le_bytes().to_vec())),
        Kind::Float => ("<f8".to_owned(), each(|leaf| float(leaf).to_le_bytes().to_vec())),
        Kind::Complex => (
            "<c16".to_owned(),
            each(|leaf| {
                let (re, im) = match leaf {
                    Value::Complex(re, im) => (*re, *im),
                    other => (float(other), 0.0),
                };
                [re.to_le_bytes(), im.to_le_bytes()].concat()
            }),
        ),
        Kind::Text => {
            let texts: Vec<&str> = leaves.iter().filter_map(|leaf| leaf.as_str()).collect();
            if texts.iter().any(|text| text.ends_with('\0')) {
                return Err(Error::value("a text that ends in a zero, which numpy takes for padding"));
            }
            let width = texts.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1);
            let mut bytes = Vec::new();
            for text in texts {
                let end = bytes.len() + 4 * width;
                bytes.extend(text.chars().flat_map(|c| u32::from(c).to_le_bytes()));
                bytes.resize(end, 0);
            }
            (format!("<U{width}"), bytes)
        }
        Kind::Bytes => {
            let texts: Vec<&[u8]> = leaves
                .iter()
                .filter_map(|leaf| if let Value::Bytes(bytes) = leaf { Some(&bytes[..]) } else { None })
                .collect();
            if texts.iter().any(|text| text.last() == Some(&0)) {
                return Err(Error::value("bytes that end in a zero, which numpy takes for padding"));
            }
            let width = texts.iter().map(|text| text.len()).max().unwrap_or(0).max(1);
            let mut bytes = Vec::new();
            for text in texts {
                let end = bytes.len() + width;
                bytes.extend_from_slice(text);
                bytes.resize(end, 0);
            }
            (format!("|S{width}"), bytes)
        }
    };
    let shape = vec![leaves.len()];
    Ok(Plain { descr: format!("'{descr}'"), order: Order::C, shape, bytes: Cow::Owned(bytes) })
}

fn kind(value: &Value) -> Result<Kind> {
    Ok(match value {
        Value::Bool(_) => Kind::Bool,
        Value::Int(_) => Kind::Int,
        Value::BigInt(digits) if digits.parse::<u64>().is_ok() => Kind::Uint,
        Value::Float(_) => Kind::Float,
        Value::Complex(..) => Kind::Complex,
        Value::Str(_) => Kind::Text,
        Value::Bytes(_) => Kind::Bytes,
        Value::None => {
            return Err(Error::value("a missing value (None), for which an array of numpy has no place"));
        }
        other => {
            let name = other.type_name();
            return Err(Error::value(format!("a value of type {name}, which can't be in an array of numpy")));
        }
    })
}

fn int(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| i64::from(value.as_bool() == Some(true)))
}

fn uint(value: &Value) -> u64 {
    match value {
        Value::BigInt(digits) => digits.parse().unwrap_or(u64::MAX),
        other => int(other).unsigned_abs(),
    }
}

fn float(value: &Value) -> f64 {
    match value {
        Value::BigInt(digits) => digits.parse().unwrap_or(f64::NAN),
        Value::Bool(value) => f64::from(u8::from(*value)),
        other => other.as_f64().unwrap_or(f64::NAN),
    }
}
