//! Views of text or bytes: each holds a short one itself, and tells of a longer one where it is.

use joblib_array::Buffer;

use crate::ends::Ends;
use crate::meaning::column::{Missing, Texts};

/// Bytes of a view.
pub(super) const SIZE: usize = 16;
/// A text up to this length is in its view.
const INLINE: usize = 12;

/// The texts of views, one after another; the long ones are in `buffers`.
pub(super) fn texts(
    views: &[u8],
    buffers: &[Option<Buffer>],
    missing: Missing,
    is_text: bool,
) -> Option<Texts> {
    let mut bytes = Vec::new();
    let mut ends = vec![0];
    for (place, view) in views.chunks_exact(SIZE).enumerate() {
        if !missing.at(place) {
            bytes.extend_from_slice(content(view, buffers)?);
        }
        ends.push(bytes.len() as u64);
    }
    Some(Texts { ends: Ends::Counted(ends), bytes: Buffer::adopt(bytes), missing, is_text })
}

/// The bytes that a view shows: after their length, themselves or their first four, a buffer and an offset in it.
fn content<'b>(view: &'b [u8], buffers: &'b [Option<Buffer>]) -> Option<&'b [u8]> {
    let word = |at: usize| {
        let word = view[at..at + 4].first_chunk().map(|word| i32::from_le_bytes(*word))?;
        usize::try_from(word).ok()
    };
    let len = word(0)?;
    if len <= INLINE {
        return view.get(4..4 + len);
    }
    let (buffer, start) = (buffers.get(word(8)?)?.as_ref()?, word(12)?);
    buffer.as_bytes().get(start..start.checked_add(len)?)
}
