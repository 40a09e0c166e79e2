//! The header of numpy's `.npy` files, as its format's description has it:
//! <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

use joblib_array::Order;

use super::fault::Fault;
use super::input::Input;
use crate::numpy::dtype::{Field, Kind, Layout};

/// What a file starts with.
pub(crate) const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// Far more than the header of any array that fits in 64 dimensions.
const MAX_HEADER: usize = 1 << 20;

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
    let value = |key: &str| {
        let start = text.find(&format!("'{key}'"))? + key.len() + 2;
        Some(text[start..].trim_start().strip_prefix(':')?.trim_start())
    };
    let descr = value("descr")?;
    let layout = if let Some(rest) = descr.strip_prefix('\'') {
        Layout::from_descr(&rest[..rest.find('\'')?])?
    } else {
        fields(descr)?
    };
    let order = if value("fortran_order")?.starts_with("True") { Order::F } else { Order::C };
    let shape = value("shape")?.strip_prefix('(')?;
    let shape = shape[..shape.find(')')?]
        .split(',')
        .map(|len| len.trim().trim_end_matches('L'))
        .filter(|len| !len.is_empty())
        .map(|len| len.parse().ok())
        .collect::<Option<Vec<usize>>>()?;
    Some(Header { layout, shape, order })
}

/// `[('a', '<i4'), ('b', '<f8')]`: packed fields of plain types.
fn fields(descr: &str) -> Option<Layout> {
    let list = descr.strip_prefix('[')?;
    let list = &list[..list.find(']')?];
    let mut strings = list.split('\'').skip(1).step_by(2);
    let mut fields = Vec::new();
    let mut size = 0_usize;
    while let Some(name) = strings.next() {
        let layout = Layout::from_descr(strings.next()?)?;
        let offset = size;
        size = size.checked_add(layout.size)?;
        fields.push(Field { name: name.to_owned(), offset, layout });
    }
    Some(Layout { kind: Kind::Struct(fields), size, big_endian: false })
}
