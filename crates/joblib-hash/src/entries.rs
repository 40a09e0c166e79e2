//! The entries of a map or a set, collected in any order and given back sorted.

use crate::stream::Stream;

/// An entry of at most this many bytes stands for itself; hashing it first would cost more than it saves.
const SHORT: usize = 64;

/// What stands in place of the length of an entry that is represented by its digest.
const DIGEST: u8 = 255;

/// Entries, one behind the other in one allocation.
#[derive(Default)]
pub(crate) struct Entries {
    bytes: Vec<u8>,
    /// Where each entry ends.
    ends: Vec<usize>,
}

impl Entries {
    /// Adds an entry; returns the stream's buffer for the next one.
    pub(crate) fn push(&mut self, entry: Stream) -> Vec<u8> {
        let buffer = if let Some(bytes) = entry.short(SHORT) {
            self.bytes.push(bytes.len() as u8);
            self.bytes.extend_from_slice(bytes);
            entry.buffer
        } else {
            let (digest, buffer) = entry.finish();
            self.bytes.push(DIGEST);
            self.bytes.extend_from_slice(digest.as_bytes());
            buffer
        };
        self.ends.push(self.bytes.len());
        buffer
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The entries in ascending order of their bytes.
    pub(crate) fn sorted(&self) -> Vec<&[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let mut entries: Vec<&[u8]> =
            starts.zip(&self.ends).map(|(start, &end)| &self.bytes[start..end]).collect();
        entries.sort_unstable();
        entries
    }
}
