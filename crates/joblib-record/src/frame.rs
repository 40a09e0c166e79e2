//! A record in its file: a marker, the length, a checksum, the bytes.

use crc_fast::{CrcAlgorithm, checksum};

/// The start of a file, with the version of the format.
pub(crate) const MAGIC: [u8; 8] = *b"joblib\x00\x01";
/// The bytes of [`MAGIC`] before the version.
pub(crate) const NAME: usize = 7;

/// The start of a record. It is not UTF-8, so that few texts contain it.
const MARKER: [u8; 2] = [0xf7, 0xfb];
/// Bytes before those of the record.
pub(crate) const HEADER: usize = 10;
/// Bytes of a record, at most.
pub(crate) const MOST: usize = 1 << 20;

/// Begins a frame in an empty buffer; [`close`] ends it.
pub(crate) fn open(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.extend_from_slice(&MARKER);
    buffer.extend_from_slice(&[0; HEADER - MARKER.len()]);
}

/// Fills in the length and the checksum. `false` if the record is too long.
pub(crate) fn close(buffer: &mut [u8]) -> bool {
    let (header, content) = buffer.split_at_mut(HEADER);
    if content.len() > MOST {
        return false;
    }
    header[2..6].copy_from_slice(&(content.len() as u32).to_le_bytes());
    header[6..].copy_from_slice(&sum(content).to_le_bytes());
    true
}

fn sum(content: &[u8]) -> u32 {
    checksum(CrcAlgorithm::Crc32IsoHdlc, content) as u32
}

/// What stands at the start of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// A record, and the bytes that it takes with its header.
    Record(&'a [u8], usize),
    /// The beginning of a record of which more may come.
    Part,
    /// Something else, up to the next place where a record may begin.
    Other(usize),
}

/// Looks at the start of `bytes`, which are not empty.
pub(crate) fn find(bytes: &[u8]) -> Found<'_> {
    if bytes.starts_with(&MARKER) {
        let Some((header, rest)) = bytes.split_at_checked(HEADER) else { return Found::Part };
        let number =
            |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let length = number(2) as usize;
        if length <= MOST {
            match rest.get(..length) {
                Some(content) if sum(content) == number(6) => return Found::Record(content, HEADER + length),
                // Either it is being written, or it was cut short and others follow.
                None if !has_another(rest) => return Found::Part,
                _ => {}
            }
        }
    } else if bytes == &MARKER[..1] {
        return Found::Part;
    }
    let next = bytes[1..].windows(2).position(|pair| pair == MARKER);
    let last = usize::from(bytes.len() > 1 && bytes.ends_with(&MARKER[..1]));
    Found::Other(next.map_or(bytes.len() - last, |at| at + 1))
}

/// Whether a whole record follows somewhere.
fn has_another(bytes: &[u8]) -> bool {
    /// Places that are looked at, so that a file that is made to take long does not.
    const MOST_PLACES: usize = 64;
    let mut rest = bytes;
    for _ in 0..MOST_PLACES {
        let Some(at) = rest.windows(2).position(|pair| pair == MARKER) else { break };
        rest = &rest[at..];
        if let Some((header, content)) = rest.split_at_checked(HEADER) {
            let length = u32::from_le_bytes([header[2], header[3], header[4], header[5]]) as usize;
            let crc = u32::from_le_bytes([header[6], header[7], header[8], header[9]]);
            if content.get(..length).is_some_and(|content| length <= MOST && sum(content) == crc) {
                return true;
            }
        }
        rest = &rest[1..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(content: &[u8]) -> Vec<u8> {
        let mut buffer = Vec::new();
        open(&mut buffer);
        buffer.extend_from_slice(content);
        assert!(close(&mut buffer));
        buffer
    }

    fn all(mut bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            match find(bytes) {
                Found::Record(content, length) => {
                    found.push(content.to_vec());
                    bytes = &bytes[length..];
                }
                Found::Part => break,
                Found::Other(length) => bytes = &bytes[length..],
            }
        }
        found
    }

    #[test]
    fn records_are_found_whatever_was_cut_short_or_damaged_before_them() {
        let (one, two) = (framed(b"one"), framed(b"two, with \xf7\xfb in it"));
        let both = [one.as_slice(), &two].concat();
        assert_eq!(all(&both).len(), 2);
        for cut in 0..one.len() {
            let torn = [&one[..cut], &two].concat();
            assert_eq!(all(&torn), [two[HEADER..].to_vec()], "cut after {cut} bytes");
            assert!(all(&one[..cut]).is_empty());
        }
        for at in 0..one.len() {
            let mut damaged = both.clone();
            damaged[at] ^= 0x10;
            assert_eq!(all(&damaged), [two[HEADER..].to_vec()], "byte {at}");
        }
        assert!(all(&[0xf7; 100]).is_empty());
    }

    #[test]
    fn no_record_is_longer_than_is_said() {
        let mut buffer = Vec::new();
        open(&mut buffer);
        buffer.resize(HEADER + MOST + 1, 0);
        assert!(!close(&mut buffer));
    }
}
