//! numpy's `.npz` files: zip archives of `.npy` files, stored or deflated, read in their order as a dict of arrays. The layout
//! is that of PKWARE's APPNOTE, sections 4.3.7 and 4.5.3.

use std::io::Read;

use flate2::Crc;
use flate2::read::DeflateDecoder;
use joblib_array::{Buffer, MmapMode};

use super::fault::Fault;
use super::input::Input;
use super::payload;
use crate::limits::Limits;
use crate::tree::{Id, Items, Node, Tree};

/// What a file starts with: the signature of an entry.
pub(crate) const MAGIC: &[u8; 4] = b"PK\x03\x04";
/// The signature of the list of entries, behind the last one.
const DIRECTORY: &[u8; 4] = b"PK\x01\x02";
/// The extra field with the sizes of an entry of 4 GiB or more.
const ZIP64: u16 = 1;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// What stands before an entry's bytes.
struct Entry {
    name: String,
    method: u16,
    crc: u32,
    compressed: u64,
    len: u64,
}

/// Reads the archive: a dict of arrays by the names of the entries, without their `.npy`.
pub(crate) fn read(
    input: &mut Input<'_>,
    tree: &mut Tree,
    limits: &Limits,
    mmap_mode: Option<MmapMode>,
) -> Result<Id, Fault> {
    let start = input.offset();
    let mut pairs = Items::EMPTY;
    let mut left = limits.total;
    loop {
        let at = input.offset();
        let signature: [u8; 4] = input.array()?;
        if signature == *DIRECTORY {
            break;
        }
        if signature != *MAGIC {
            return Err(Fault::corrupt("an .npz file: expected an entry or the list of them").at(at, ""));
        }
        let entry = entry(input)?;
        let Some(name) = entry.name.strip_suffix(".npy") else {
            return Err(Fault::unsupported(format!(
                "a zip archive with the entry {:?}: only those of .npy files, as numpy.savez writes them, can be read",
                entry.name
            )));
        };
        if mmap_mode.is_none() || entry.method == DEFLATED {
            left = left.checked_sub(entry.len).ok_or_else(|| {
                Fault::limit(format!("an .npz file of more bytes than the limit of {}", limits.total))
            })?;
        }
        let name = tree.add_text(name)?;
        let name = tree.push(Node::Str(name), at)?;
        let array = array(input, tree, limits, &entry, mmap_mode)?;
        pairs = tree.extend(pairs, &[name, array])?;
    }
    // The list of entries says nothing new; it goes to the end of the file.
    while !input.is_at_end().map_err(|error| Fault::io(error, "reading the end of an .npz file"))? {
        input.byte()?;
    }
    Ok(tree.push(Node::Dict(pairs), start)?)
}

/// The fields behind the signature.
fn entry(input: &mut Input<'_>) -> Result<Entry, Fault> {
    let head: [u8; 26] = input.array()?;
    let half = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let (flags, method, crc) = (half(2), half(4), word(10));
    let (mut compressed, mut len) = (u64::from(word(14)), u64::from(word(18)));
    let mut name = Vec::new();
    input.pieces(u64::from(half(22)), |piece| name.extend_from_slice(piece))?;
    let mut extra = Vec::new();
    input.pieces(u64::from(half(24)), |piece| extra.extend_from_slice(piece))?;
    let name = String::from_utf8_lossy(&name).into_owned();
    if len == u64::from(u32::MAX) || compressed == u64::from(u32::MAX) {
        (len, compressed) = zip64(&extra)
            .ok_or_else(|| Fault::corrupt(format!("the entry {name:?} of an .npz file has no size")))?;
    }
    // Bit 0 says that it is encrypted, bit 3 that its sizes come behind it.
    if flags & 0b1001 != 0 || !matches!(method, STORED | DEFLATED) {
        return Err(Fault::unsupported(format!(
            "the entry {name:?} of a zip archive is encrypted, written to a stream, or compressed by the method {method}: \
             expected one of numpy.savez or numpy.savez_compressed"
        )));
    }
    Ok(Entry { name, method, crc, compressed, len })
}

/// The length and the compressed length in an entry's extra fields.
fn zip64(mut extra: &[u8]) -> Option<(u64, u64)> {
    loop {
        let (head, rest) = extra.split_first_chunk::<4>()?;
        let size = usize::from(u16::from_le_bytes([head[2], head[3]]));
        let (field, rest) = rest.split_at_checked(size)?;
        if u16::from_le_bytes([head[0], head[1]]) == ZIP64 {
            let (len, field) = field.split_first_chunk()?;
            let compressed = field.first_chunk()?;
            return Some((u64::from_le_bytes(*len), u64::from_le_bytes(*compressed)));
        }
        extra = rest;
    }
}

/// The array in an entry.
fn array(
    input: &mut Input<'_>,
    tree: &mut Tree,
    limits: &Limits,
    entry: &Entry,
    mmap_mode: Option<MmapMode>,
) -> Result<Id, Fault> {
    let damaged = |what: &str| Fault::corrupt(format!("the entry {:?} of an .npz file {what}", entry.name));
    // A mapped file is not read, and so its checksum is not verified.
    if entry.method == STORED && mmap_mode.is_some() {
        let end = input.offset().saturating_add(entry.len);
        let id = payload::npy_file(input, tree, limits, mmap_mode)?;
        return if input.offset() == end {
            Ok(id)
        } else {
            Err(damaged("is shorter or longer than its array"))
        };
    }
    // The checksum is of all bytes, which one array after another is read for.
    let packed = input.whole_buffer(entry.compressed)?;
    let buffer = if entry.method == DEFLATED {
        let mut bytes = Vec::new();
        DeflateDecoder::new(packed.as_bytes())
            .take(entry.len.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|_| damaged("is not valid deflated data"))?;
        Buffer::copy_of(&bytes)
    } else {
        packed
    };
    let bytes = buffer.as_bytes();
    let mut crc = Crc::new();
    crc.update(bytes);
    if bytes.len() as u64 != entry.len || crc.sum() != entry.crc {
        return Err(damaged("is damaged: its length or its checksum is wrong"));
    }
    payload::npy_file(&mut Input::from_slice(bytes).skipping(input.skips()), tree, limits, None)
}
