//! Views of text or bytes: 16 bytes each, which hold a short one themselves and tell of a longer one where it is.

use joblib_array::Buffer;

use super::{Parts, int32};
use crate::meaning::column::Texts;

/// Bytes of a view.
const VIEW: usize = 16;
/// A text up to this length is in its view.
const INLINE: usize = 12;

/// The texts of an array of views, one after another.
pub(super) fn texts(parts: &Parts<'_>, is_text: bool) -> Option<Texts> {
    let views = parts.words(VIEW)?;
    let mut bytes = Vec::new();
    let mut ends = vec![0];
    for (place, view) in views.as_bytes().chunks_exact(VIEW).enumerate() {
        if !parts.missing.at(place) {
            bytes.extend_from_slice(content(parts, view)?);
        }
        ends.push(bytes.len() as u64);
    }
    Some(Texts { ends, bytes: Buffer::copy_of(&bytes), missing: parts.missing.clone(), is_text })
}

/// The bytes that a view shows: after their length, themselves or their first four, a buffer and an offset in it.
fn content<'p>(parts: &'p Parts<'_>, view: &'p [u8]) -> Option<&'p [u8]> {
    let word = |at: usize| usize::try_from(int32(&view[at..at + 4])).ok();
    let len = word(0)?;
    if len <= INLINE {
        return view.get(4..4 + len);
    }
    let start = word(12)?;
    parts.buffer(2 + word(8)?)?.as_bytes().get(start..start.checked_add(len)?)
}
