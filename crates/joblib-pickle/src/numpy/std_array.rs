//! Arrays of Python's own module `array`: numbers are an array of one dimension, characters a text.

use std::rc::Rc;

use joblib_array::{Buffer, DType, Order};

use super::array::NdArray;
use super::dtype::{Kind, Layout};
use super::ndarray::take_buffer;
use crate::int;
use crate::machine::fault::Fault;
use crate::tree::{Id, Node, Tree};

/// The machine formats of `_array_reconstructor`, by their numbers.
const FORMATS: [&str; 18] = [
    "u1", "i1", "<u2", ">u2", "<i2", ">i2", "<u4", ">u4", "<i4", ">i4", "<u8", ">u8", "<i8", ">i8", "<f4",
    ">f4", "<f8", ">f8",
];
const UTF16: [i64; 2] = [18, 19];
const UTF32: [i64; 2] = [20, 21];

/// What `_array_reconstructor(class, typecode, format, data)` makes; `None` when it does not go by that.
pub(crate) fn from_bytes(tree: &mut Tree, format: Id, data: Id) -> Result<Option<Node>, Fault> {
    let Some(format) = tree.int_of(format) else { return Ok(None) };
    if UTF16.contains(&format) || UTF32.contains(&format) {
        let Some(text) = tree.bytes_of(data).and_then(|bytes| text(bytes, format)) else { return Ok(None) };
        return Ok(Some(Node::Str(tree.add_text(&text)?)));
    }
    let descr = usize::try_from(format).ok().and_then(|format| FORMATS.get(format));
    let layout = descr.and_then(|descr| Layout::from_descr(descr));
    match (layout, take_buffer(tree, data)) {
        (Some(layout), Some(buffer)) if buffer.len().is_multiple_of(layout.size) => {
            array(tree, layout, buffer).map(Some)
        }
        _ => Ok(None),
    }
}

/// What `array(typecode, items)` makes, as protocols 0 to 2 have it.
pub(crate) fn from_items(tree: &mut Tree, typecode: Id, items: Id) -> Result<Option<Node>, Fault> {
    let (Some(typecode), Some(items)) = (tree.text_of(typecode), tree.sequence(items)) else {
        return Ok(None);
    };
    let descr = match typecode {
        "u" | "w" => {
            let text: Option<String> = items.iter().map(|&item| tree.text_of(item)).collect();
            return match text {
                Some(text) => Ok(Some(Node::Str(tree.add_text(&text)?))),
                None => Ok(None),
            };
        }
        "b" => "i1",
        "B" => "u1",
        "h" => "i2",
        "H" => "u2",
        "i" => "i4",
        "I" => "u4",
        "l" | "q" => "i8",
        "L" | "Q" => "u8",
        "f" => "f4",
        "d" => "f8",
        _ => return Ok(None),
    };
    let Some(layout) = Layout::from_descr(descr) else { return Ok(None) };
    let Kind::Number(dtype) = layout.kind else { return Ok(None) };
    let mut bytes = Vec::with_capacity(items.len() * layout.size);
    for &item in items {
        if append(tree, item, dtype, &mut bytes).is_none() {
            return Ok(None);
        }
    }
    array(tree, layout, Buffer::copy_of(&bytes)).map(Some)
}

fn array(tree: &mut Tree, layout: Layout, buffer: Buffer) -> Result<Node, Fault> {
    let len = buffer.len() / layout.size;
    let array = NdArray::new(Rc::new(layout), vec![len], Order::C, buffer)?;
    Ok(tree.add_array(array)?)
}

/// A number's little-endian bytes as an element of the dtype; `None` when it does not fit.
fn append(tree: &Tree, item: Id, dtype: DType, bytes: &mut Vec<u8>) -> Option<()> {
    match dtype {
        DType::F32 => bytes.extend_from_slice(&(float(tree.node(item))? as f32).to_le_bytes()),
        DType::F64 => bytes.extend_from_slice(&float(tree.node(item))?.to_le_bytes()),
        _ => {
            let value = match tree.node(item) {
                Node::Long(span) => i128::try_from(int::wide_unsigned(tree.pool_bytes(span))?).ok()?,
                _ => i128::from(tree.int_of(item)?),
            };
            let bits = 8 * dtype.size() as u32;
            let is_signed = matches!(dtype, DType::I8 | DType::I16 | DType::I32 | DType::I64);
            let range = if is_signed { -(1 << (bits - 1))..1 << (bits - 1) } else { 0..1_i128 << bits };
            if !range.contains(&value) {
                return None;
            }
            bytes.extend_from_slice(&value.to_le_bytes()[..dtype.size()]);
        }
    }
    Some(())
}

fn float(node: Node) -> Option<f64> {
    match node {
        Node::Float(value) => Some(value),
        _ => None,
    }
}

fn text(bytes: &[u8], format: i64) -> Option<String> {
    if UTF16.contains(&format) {
        let (units, []) = bytes.as_chunks::<2>() else { return None };
        let read = if format == UTF16[0] { u16::from_le_bytes } else { u16::from_be_bytes };
        return char::decode_utf16(units.iter().map(|&unit| read(unit))).collect::<Result<_, _>>().ok();
    }
    let (units, []) = bytes.as_chunks::<4>() else { return None };
    let read = if format == UTF32[0] { u32::from_le_bytes } else { u32::from_be_bytes };
    units.iter().map(|&unit| char::from_u32(read(unit))).collect()
}
