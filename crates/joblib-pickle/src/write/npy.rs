//! Arrays for numpy: `.npy` files, as `numpy.save` writes them, and `.npz` archives of them, as `numpy.savez` does. The format
//! is described at <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

use std::borrow::Cow;
use std::io::Write;

use joblib_array::{DType, Order};

use super::listed::{self, Plain};
use super::npz::Archive;
use crate::error::{Error, Result};
use crate::numpy::dtype::{Base, Kind, Layout};
use crate::value::{Content, NdArray, Value};

/// What the header's length is a multiple of, so that the elements can be mapped.
const ALIGNMENT: usize = 64;

/// Writes an array as `numpy.save` does.
///
/// Besides arrays of any dtype but those of objects, a number, a text, and lists of them that `numpy.array` makes an array of
/// numbers or text of are written; of a `Series`, its values.
///
/// ```
/// use joblib_pickle::Value;
///
/// let rows = Value::List(vec![
///     Value::List(vec![Value::Int(1), Value::Float(2.5)]),
///     Value::List(vec![Value::Int(3), Value::Float(4.0)]),
/// ]);
/// let mut file = Vec::new();
/// joblib_pickle::write_npy(&rows, &mut file)?;
/// assert!(file.starts_with(b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }"));
/// assert_eq!(joblib_pickle::from_slice::<Vec<[f64; 2]>>(&file)?, [[1.0, 2.5], [3.0, 4.0]]);
/// # Ok::<(), joblib_pickle::Error>(())
/// ```
///
/// # Errors
///
/// Returns an error if the value is not an array, holds objects or has missing values, or if the writer fails.
pub fn write_npy<W: Write>(value: &Value, mut out: W) -> Result<()> {
    let array = plain(value)?;
    let writing = |error| Error::io("writing the array", error);
    out.write_all(&header(&array)).map_err(writing)?;
    out.write_all(&array.bytes).map_err(writing)
}

/// Writes the arrays of a dict, of an instance's attributes or of a table's columns under their names, as `numpy.savez` does, or
/// as `numpy.savez_compressed`; any other value as the one array `arr_0`.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use joblib_pickle::Value;
///
/// let arrays = Value::Dict(vec![
///     (Value::Str("x".into()), Value::List(vec![Value::Int(1), Value::Int(2)])),
///     (Value::Str("label".into()), Value::List(vec![Value::Str("a".into()), Value::Str("bé".into())])),
/// ]);
/// let mut file = Vec::new();
/// joblib_pickle::write_npz(&arrays, true, &mut file)?;
/// let back: BTreeMap<String, Vec<Value>> = joblib_pickle::from_slice(&file)?;
/// assert_eq!(back["label"][1].as_str(), Some("bé"));
/// # Ok::<(), joblib_pickle::Error>(())
/// ```
///
/// # Errors
///
/// Returns the same errors as [`write_npy`], which names the entry, and if two entries have one
/// name or a name is no text.
pub fn write_npz<W: Write>(value: &Value, compressed: bool, mut out: W) -> Result<()> {
    let mut archive = Archive::new(&mut out, compressed);
    let mut names = std::collections::HashSet::new();
    for (name, value) in entries(value)? {
        if !names.insert(name.clone()) {
            return Err(Error::value(format!(
                "two arrays are called {name:?}, and a file has one of a name"
            )));
        }
        let array = plain(value).map_err(|error| error.inside(&name))?;
        archive.add(&name, [&header(&array), &array.bytes])?;
    }
    archive.finish()
}

/// The arrays of a value, each with its name.
fn entries(value: &Value) -> Result<Vec<(String, &Value)>> {
    let pairs: &[(Value, Value)] = match value {
        Value::Dict(entries) => entries,
        Value::Object(object) if is_series(value) || object.class.contains("MaskedArray") => &[],
        Value::Object(object) if !object.attributes.is_empty() => &object.attributes,
        Value::Object(object) => &object.entries,
        _ => &[],
    };
    if pairs.is_empty() && !matches!(value, Value::Dict(_)) {
        return Ok(vec![("arr_0".to_owned(), value)]);
    }
    pairs
        .iter()
        .map(|(key, value)| match key {
            Value::Str(name) => Ok((name.clone(), value)),
            Value::Int(number) => Ok((number.to_string(), value)),
            Value::Text { text, .. } => Ok((text.clone(), value)),
            other => {
                let kind = other.type_name();
                Err(Error::value(format!("a {kind} can't be the name of an array: expected text")))
            }
        })
        .collect()
}

fn is_series(value: &Value) -> bool {
    matches!(value, Value::Object(object) if object.class.starts_with("pandas.") && object.class.ends_with(".Series"))
}

fn plain(value: &Value) -> Result<Plain<'_>> {
    match value {
        Value::Array(array) => ndarray(array),
        Value::Object(_) if is_series(value) => plain(&value["values"]),
        Value::Object(object) if object.class.contains("MaskedArray") => Err(Error::value(
            "a masked array: a file of numpy has no place for the mask, so write its data and its mask",
        )),
        Value::List(items) | Value::Tuple(items) if items.iter().any(holds_array) => stack(items),
        _ => listed::array(value),
    }
}

fn holds_array(value: &Value) -> bool {
    match value {
        Value::Array(_) => true,
        Value::List(items) | Value::Tuple(items) => items.first().is_some_and(holds_array),
        _ => false,
    }
}

/// Arrays of one dtype and shape as one array with a dimension more.
fn stack(items: &[Value]) -> Result<Plain<'_>> {
    let parts = items.iter().map(plain).collect::<Result<Vec<_>>>()?;
    let (Some(first), true) = (parts.first(), parts.iter().all(|part| part.order == Order::C)) else {
        return Err(Error::value("a list of arrays in Fortran order: write each of them separately"));
    };
    if parts.iter().any(|part| part.descr != first.descr || part.shape != first.shape) {
        return Err(Error::value("a list of arrays of different dtypes or shapes, which are no array"));
    }
    let shape = std::iter::once(parts.len()).chain(first.shape.iter().copied()).collect();
    let bytes = parts.iter().flat_map(|part| part.bytes.iter().copied()).collect();
    Ok(Plain { descr: first.descr.clone(), order: Order::C, shape, bytes: Cow::Owned(bytes) })
}

fn ndarray(array: &NdArray) -> Result<Plain<'_>> {
    let bytes = match &array.content {
        Content::Bytes(buffer) => buffer.as_bytes(),
        // Objects that are all numbers or all text are an array of these.
        Content::Values(values) => {
            let flat = listed::flat(values)?;
            return Ok(Plain { order: array.order, shape: array.shape.clone(), ..flat });
        }
    };
    let layout = &array.layout;
    let (descr, bytes) = match &layout.kind {
        // numpy saves a dtype of another package as bytes without a meaning.
        Kind::Small(format) => {
            let floats = bytes.chunks_exact(layout.size).map(|bytes| format.value(bytes, layout.big_endian));
            ("'<f4'".to_owned(), Cow::Owned(floats.flat_map(f32::to_le_bytes).collect()))
        }
        Kind::Narrow(narrow) => {
            let bytes = bytes.iter().map(|byte| narrow.value(&[*byte]).cast_unsigned()).collect();
            (format!("'|{}1'", if narrow.is_signed { 'i' } else { 'u' }), Cow::Owned(bytes))
        }
        _ => (descr(layout)?, Cow::Borrowed(bytes)),
    };
    Ok(Plain { descr, order: array.order, shape: array.shape.clone(), bytes })
}

/// The dtype as numpy's `dtype_to_descr` gives it.
fn descr(layout: &Layout) -> Result<String> {
    let order = if layout.big_endian { '>' } else { '<' };
    let size = layout.size;
    Ok(match &layout.kind {
        Kind::Number(DType::Bool) => "'|b1'".to_owned(),
        Kind::Number(dtype) if layout.big_endian => format!("'{}'", dtype.numpy_descr().replace('<', ">")),
        Kind::Number(dtype) => format!("'{}'", dtype.numpy_descr()),
        Kind::LongDouble => format!("'{order}f{size}'"),
        Kind::ComplexLongDouble => format!("'{order}c{size}'"),
        Kind::Bytes => format!("'|S{size}'"),
        Kind::Text => format!("'{order}U{}'", size / 4),
        Kind::Void => format!("'|V{size}'"),
        Kind::DateTime(unit) | Kind::TimeDelta(unit) => {
            let letter = if matches!(layout.kind, Kind::DateTime(_)) { 'M' } else { 'm' };
            match unit.base {
                Base::Generic => format!("'{order}{letter}8'"),
                _ => format!("'{order}{letter}8[{unit}]'"),
            }
        }
        Kind::Struct(fields) => {
            let mut parts = Vec::new();
            let mut end = 0;
            for field in fields {
                let Some(gap) = field.offset.checked_sub(end) else {
                    return Err(Error::value("a structured array whose fields overlap or are out of order"));
                };
                if gap > 0 {
                    parts.push(format!("('', '|V{gap}')"));
                }
                let name = quoted(&field.name);
                parts.push(match &field.layout.kind {
                    Kind::Sub(inner, shape) => format!("({name}, {}, {})", descr(inner)?, tuple(shape)),
                    _ => format!("({name}, {})", descr(&field.layout)?),
                });
                end = field.offset + field.layout.size;
            }
            if size > end {
                parts.push(format!("('', '|V{}')", size - end));
            }
            format!("[{}]", parts.join(", "))
        }
        _ => {
            let name = layout.name();
            return Err(Error::value(format!("elements of dtype {name} have no form in a file of numpy")));
        }
    })
}

/// A text as Python's `repr` writes it.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n");
    format!("'{escaped}'")
}

fn tuple(shape: &[usize]) -> String {
    match shape {
        [len] => format!("({len},)"),
        _ => format!("({})", shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// What stands before the elements.
fn header(array: &Plain<'_>) -> Vec<u8> {
    let is_fortran = array.order == Order::F && array.shape.len() > 1;
    let fortran = if is_fortran { "True" } else { "False" };
    let shape = tuple(&array.shape);
    let mut text = format!("{{'descr': {}, 'fortran_order': {fortran}, 'shape': {shape}, }}", array.descr);
    // The third version is the first one's in UTF-8 and with a longer length.
    let version = if !text.is_ascii() {
        3
    } else if text.len() + ALIGNMENT > usize::from(u16::MAX) {
        2
    } else {
        1
    };
    let before = if version == 1 { 10 } else { 12 };
    let padding = ALIGNMENT - (before + text.len() + 1) % ALIGNMENT;
    text.push_str(&" ".repeat(padding % ALIGNMENT));
    text.push('\n');
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend_from_slice(&[version, 0]);
    match version {
        1 => bytes.extend_from_slice(&(text.len() as u16).to_le_bytes()),
        _ => bytes.extend_from_slice(&(text.len() as u32).to_le_bytes()),
    }
    bytes.extend_from_slice(text.as_bytes());
    bytes
}
