//! How numbers, bytes and serialized messages are written into a frame: little-endian, each behind its length.

use joblib_encoding::MessageSink;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::connection::Outgoing;

/// A frame of one serialized message.
///
/// # Errors
///
/// Returns an error if `message` can't be serialized; the text says why.
pub(crate) fn frame<M: Serialize>(kind: u32, message: &M) -> Result<Outgoing, String> {
    let mut frame = Outgoing::new(kind);
    write(frame.body(), message)?;
    Ok(frame)
}

/// Appends one serialized message.
pub(crate) fn write<M: Serialize + ?Sized>(out: &mut Vec<u8>, message: &M) -> Result<(), String> {
    joblib_encoding::encode(message, &mut MessageSink::new(out)).map_err(|error| error.to_string())
}

/// The message that `bytes` are.
///
/// # Errors
///
/// Returns an error if `bytes` are not such a message; the text says why.
pub(crate) fn parse<M: DeserializeOwned>(bytes: &[u8]) -> Result<M, String> {
    joblib_encoding::from_slice(bytes).map_err(|error| error.to_string())
}

/// Leaves room for a length, and returns where the bytes that it counts begin.
pub(crate) fn begin(out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(&[0; 8]);
    out.len()
}

/// Fills in the length of what was appended since `begin`.
pub(crate) fn end(out: &mut [u8], start: usize) {
    let len = (out.len() - start) as u64;
    set_u64(out, start - 8, len);
}

pub(crate) fn put_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Overwrites the number at `position`.
pub(crate) fn set_u64(out: &mut [u8], position: usize, value: u64) {
    out[position..position + 8].copy_from_slice(&value.to_le_bytes());
}

/// The number that `input` begins with; `None` if it is too short.
pub(crate) fn get_u64(input: &mut &[u8]) -> Option<u64> {
    let (bytes, rest) = input.split_first_chunk()?;
    *input = rest;
    Some(u64::from_le_bytes(*bytes))
}

/// The bytes behind their length that `input` begins with; `None` if it is too short.
pub(crate) fn get_bytes<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(get_u64(input)?).ok()?;
    let (bytes, rest) = input.split_at_checked(len)?;
    *input = rest;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{begin, end, get_bytes, get_u64, put_u64};

    #[test]
    fn numbers_and_bytes_are_read_as_they_were_written_and_missing_ones_are_noticed() {
        let mut out = Vec::new();
        put_u64(&mut out, 7);
        let start = begin(&mut out);
        out.extend_from_slice(b"bytes");
        end(&mut out, start);
        let mut input = &out[..];
        assert_eq!(get_u64(&mut input), Some(7));
        assert_eq!(get_bytes(&mut input), Some(&b"bytes"[..]));
        assert_eq!(get_u64(&mut input), None);
        assert_eq!(get_bytes(&mut &out[8..out.len() - 1]), None);
    }
}
