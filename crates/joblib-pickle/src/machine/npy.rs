//! The header of numpy's `.npy` files, as its format's description has it:
//! <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

use joblib_array::Order;

use super::fault::Fault;
use super::input::Input;
use super::literal::Literal;
use crate::numpy::dtype::{Field, Kind, Layout};

/// What a file starts with.
pub(crate) const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// Far more than the header of any array that fits in 64 dimensions.
const MAX_HEADER: usize = 1 << 20;
/// Fields of one dtype, those of its fields included.
const MAX_FIELDS: usize = 16 * 1024;

/// What stands before the elements.
pub(crate) struct Header {
    pub(crate) layout: Layout,
    pub(crate) shape: Vec<usize>,
    pub(crate) order: Order,
}

/// Reads the header; the elements follow.
pub(crate) fn header(input: &mut Input<'_>) -> Result<Header, Fault> {
    let start: [u8; 8] = input.array()?;
    if !start.starts_with(MAGIC) {
        return Err(Fault::corrupt("a .npy file without its magic number"));
    }
    let len = match start[6] {
        1 => usize::from(u16::from_le_bytes(input.array()?)),
        2 | 3 => u32::from_le_bytes(input.array()?) as usize,
        version => return Err(Fault::unsupported(format!("a .npy file of version {version}"))),
    };
    if len > MAX_HEADER {
        return Err(Fault::limit(format!("a .npy file with a header of {len} bytes")));
    }
    let mut bytes = Vec::new();
    input.pieces(len as u64, |piece| bytes.extend_from_slice(piece))?;
    let text = String::from_utf8_lossy(&bytes);
    parse(&text)
        .ok_or_else(|| Fault::unsupported(format!("a .npy file whose header can't be read: {}", text.trim())))
}

/// `{'descr': '<f8', 'fortran_order': False, 'shape': (5,), }`.
fn parse(text: &str) -> Option<Header> {
    let header = Literal::parse(text)?;
    let mut fields_left = MAX_FIELDS;
    let layout = layout(header.get("descr")?, &mut fields_left)?;
    let order = match header.get("fortran_order")? {
        Literal::Bool(true) => Order::F,
        Literal::Bool(false) => Order::C,
        _ => return None,
    };
    Some(Header { layout, shape: lengths(header.get("shape")?)?, order })
}

fn lengths(shape: &Literal) -> Option<Vec<usize>> {
    let length = |len: &Literal| match len {
        Literal::Int(len) => usize::try_from(*len).ok(),
        _ => None,
    };
    match shape {
        Literal::Int(_) => Some(vec![length(shape)?]),
        _ => shape.as_sequence()?.iter().map(length).collect(),
    }
}

/// A type string, or a list of fields: `(name, dtype)` or `(name, dtype, shape)`, one after another without gaps. A name may be
/// a pair of a title and the name; a field without one is a gap.
fn layout(descr: &Literal, fields_left: &mut usize) -> Option<Layout> {
    if let Some(descr) = descr.as_text() {
        return Layout::from_descr(descr);
    }
    let mut fields = Vec::new();
    let mut size = 0_usize;
    for field in descr.as_sequence()? {
        *fields_left = fields_left.checked_sub(1)?;
        let (name, dtype, shape) = match field.as_sequence()? {
            [name, dtype] => (name, dtype, None),
            [name, dtype, shape] => (name, dtype, Some(lengths(shape)?)),
            _ => return None,
        };
        let name = match name.as_sequence() {
            Some([_, name]) => name.as_text()?,
            Some(_) => return None,
            None => name.as_text()?,
        };
        let inner = layout(dtype, fields_left)?;
        let layout = match shape {
            Some(shape) => {
                let size = shape.iter().try_fold(inner.size, |size, &len| size.checked_mul(len))?;
                Layout { kind: Kind::Sub(Box::new(inner), shape), size, big_endian: false }
            }
            None => inner,
        };
        let offset = size;
        size = size.checked_add(layout.size)?;
        if !name.is_empty() {
            fields.push(Field { name: name.to_owned(), offset, layout });
        }
    }
    Some(Layout { kind: Kind::Struct(fields), size, big_endian: false })
}
