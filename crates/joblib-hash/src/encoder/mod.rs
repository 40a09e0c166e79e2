//! The encoding of values that is hashed. Changing a byte of it changes every hash: never do.
//!
//! Every value starts with a tag (`tag.rs`) and says its own length, so no two values share an encoding:
//!
//! | value | encoding (numbers little-endian, lengths in LEB128: 7 bits a byte, lowest first) |
//! |---|---|
//! | number, `bool`, `char` | tag of its type, its bytes (floats: their bits) |
//! | string, bytes | tag, length, bytes |
//! | unit, `None` | tag |
//! | `Some` | tag, value |
//! | unit struct, newtype struct | tag, name, value of the newtype |
//! | variants | tag, name of the enum, name of the variant, then as the struct or tuple inside |
//! | list | tag, items, `END`, number of items |
//! | … a run of numbers in a list | `RUN`, tag of the type, how many as `u32`, their bytes |
//! | … a run of 64 KiB, where a longer one ends | `WHOLE_RUN`, tag of the type, digest of the bytes |
//! | tuple, tuple struct | tag, (name,) length, items |
//! | struct | tag, name, number of fields, for each its name and value |
//! | map, unordered list | tag, number of entries, the entries in ascending order of their bytes |
//! | … an entry (key and value, or item) | its length and encoding when at most 64 bytes; else 255 and the encoding's digest |
//! | map whose type keeps an order | tag, the keys and values one after another, `END`, number of entries |
//! | map of a type that is not known, unless its keys are texts in ascending order | tag, number of entries, the entries |
//! | array | tag, dtype name, number of dimensions, dimensions, elements in C order when less than 1 MiB |
//! | … of 1 MiB or more | in their place, the digest of the digests of their pieces of 1 MiB |
//! | content, such as that of a table | tag, name of the type, number of parts, for each its number of pieces and their digest |
//! | … the digest of pieces | that of the piece if it is one, else the digest of their digests |
//!
//! Runs make a list of numbers as fast as an array: the digests of whole ones are made where the numbers lie, on all
//! cores. Sorting makes a map independent of its order, and the digests of entries let it be sorted without keeping the
//! encoding of large ones. What stands for the elements of a large array depends on nothing else, so an array in memory
//! keeps it and is read once, in however many values it is hashed.

mod containers;
mod lists;
mod serializer;
mod tag;

use joblib_array::content::Content;
use joblib_array::{foreign, transfer};
use joblib_encoding::MAX_DEPTH;
use serde::Serialize;

use crate::content;
use crate::entries::{Entries, sorted};
use crate::stream::{Stream, digest_of};
use crate::{Algorithm, Digest, HashError};

/// Bytes from which an array's elements are represented by their digest.
const LARGE_ARRAY: usize = 1 << 20;

/// Bytes of the numbers of a whole run: it fits the stream's buffer, and the size of every number divides it.
const RUN: usize = 64 << 10;

/// Bytes of the head of a run that is not whole.
const HEAD: usize = 6;

/// A `serde` serializer that hashes.
pub(crate) struct Encoder {
    algorithm: Algorithm,
    stream: Stream,
    /// Whether the next value is an item of a list, and may join a run.
    item: bool,
    run: Option<Run>,
    /// Buffers of finished maps, to be used again.
    spare: Vec<Vec<u8>>,
    /// Whether the next list or map has no order.
    unordered: bool,
    /// Levels that are open around the next value.
    depth: u16,
}

/// A run that is in the stream's buffer, but for its head.
struct Run {
    tag: u8,
    count: u32,
    /// How many numbers a whole run has.
    whole: u32,
    /// Where in the stream's buffer the head belongs.
    place: usize,
}

/// `RUN`, the tag of the numbers, and how many there are.
fn head_of_run(tag: u8, count: u32) -> [u8; HEAD] {
    let [a, b, c, d] = count.to_le_bytes();
    [tag::RUN, tag, a, b, c, d]
}

impl Encoder {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let stream = Stream::new(algorithm, Vec::with_capacity(256));
        Self { algorithm, stream, item: false, run: None, spare: Vec::new(), unordered: false, depth: 0 }
    }

    /// The encoding so far, if it has at most `limit` bytes.
    pub(crate) fn encoding(&mut self, limit: usize) -> Option<&[u8]> {
        self.end_run();
        self.stream.short(limit)
    }

    pub(crate) fn finish(self) -> Digest {
        self.stream.finish()
    }

    #[inline]
    fn number<const N: usize>(&mut self, tag: u8, bytes: [u8; N]) {
        if !self.item {
            self.stream.buffer.push(tag);
            self.stream.buffer.extend_from_slice(&bytes);
            self.stream.settle();
            return;
        }
        match &mut self.run {
            Some(run) if run.tag == tag && run.count < run.whole => run.count += 1,
            _ => self.start_run(tag, (RUN / N) as u32),
        }
        self.stream.buffer.extend_from_slice(&bytes);
    }

    #[cold]
    fn start_run(&mut self, tag: u8, whole: u32) {
        self.end_run();
        self.stream.settle();
        self.run = Some(Run { tag, count: 1, whole, place: self.stream.buffer.len() });
        self.stream.buffer.extend_from_slice(&[0; HEAD]);
    }

    #[inline]
    fn end_run(&mut self) {
        if let Some(run) = self.run.take() {
            self.finish_run(&run);
        }
    }

    fn finish_run(&mut self, run: &Run) {
        let buffer = &mut self.stream.buffer;
        if run.count == run.whole {
            let digest = digest_of(self.algorithm, &buffer[run.place + HEAD..]);
            buffer.truncate(run.place);
            self.whole_run(run.tag, &digest);
        } else {
            buffer[run.place..][..HEAD].copy_from_slice(&head_of_run(run.tag, run.count));
        }
    }

    fn whole_run(&mut self, tag: u8, digest: &Digest) {
        self.stream.buffer.extend_from_slice(&[tag::WHOLE_RUN, tag]);
        self.stream.buffer.extend_from_slice(digest.as_bytes());
        self.stream.settle();
    }

    /// Ends the run that the value before belongs to: what comes now is not a number.
    #[inline]
    fn interrupt(&mut self) {
        self.item = false;
        self.unordered = false;
        self.end_run();
    }

    /// Starts a value that is not a number.
    #[inline]
    fn begin(&mut self, tag: u8) {
        self.interrupt();
        self.stream.settle();
        self.stream.buffer.push(tag);
    }

    /// Goes into a value that holds others.
    #[inline]
    fn descend(&mut self) -> Result<(), HashError> {
        if self.depth == MAX_DEPTH {
            return Err(HashError::too_deep());
        }
        self.depth += 1;
        Ok(())
    }

    /// Comes back from it. After an error nobody does: the hasher is not used any more.
    #[inline]
    fn ascend(&mut self) {
        self.depth -= 1;
    }

    /// The one value that is inside of another.
    #[inline]
    fn inside<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), HashError> {
        self.descend()?;
        self.value(value)?;
        self.ascend();
        Ok(())
    }

    /// A value, which may be an array of another crate.
    #[inline]
    pub(crate) fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), HashError> {
        match foreign::whole_in_either_order(value) {
            Some(whole) => {
                self.array(whole.raw());
                Ok(())
            }
            None => value.serialize(self),
        }
    }

    fn begin_struct(&mut self, name: &'static str, length: usize) {
        self.begin(tag::STRUCT);
        self.name(name);
        self.length(length);
    }

    #[inline]
    fn length(&mut self, mut length: usize) {
        while length >= 0x80 {
            self.stream.buffer.push(length as u8 | 0x80);
            length >>= 7;
        }
        self.stream.buffer.push(length as u8);
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.stream.extend(bytes);
    }

    #[inline]
    fn name(&mut self, name: &str) {
        self.bytes(name.as_bytes());
    }

    fn captured(&mut self, captured: transfer::Captured<'_>) {
        match captured {
            transfer::Captured::Array(array) => self.array(array),
            transfer::Captured::Content(content) => self.content(&content),
        }
    }

    fn content(&mut self, content: &Content) {
        self.begin(tag::CONTENT);
        self.name(content.name);
        self.length(content.parts.len());
        for (pieces, digest) in content::digests_of_parts(&content.parts, self.algorithm) {
            self.length(pieces);
            self.stream.extend(digest.as_bytes());
        }
    }

    fn array(&mut self, array: transfer::RawArray<'_>) {
        self.begin(tag::ARRAY);
        self.name(array.dtype.name());
        self.length(array.shape.len());
        array.shape.iter().for_each(|&dimension| self.length(dimension));
        if array.bytes.len() < LARGE_ARRAY {
            self.stream.elements(&array);
            return;
        }
        let digest = content::digest(&array, self.algorithm);
        self.stream.extend(digest.as_bytes());
    }

    /// Sets the stream aside and starts one for the entries of a map or a set.
    fn enter(&mut self) -> Entries {
        self.interrupt();
        let buffer = self.spare.pop().unwrap_or_default();
        let outer = std::mem::replace(&mut self.stream, Stream::new(self.algorithm, buffer));
        Entries { outer, ends: Vec::new() }
    }

    #[inline]
    fn end_entry(&mut self, entries: &mut Entries) {
        self.end_run();
        self.stream.end_entry();
        entries.ends.push(self.stream.buffer.len());
    }

    /// Goes back to the stream around the entries and adds them to it, sorted.
    fn leave(&mut self, tag: u8, entries: Entries) {
        let Stream { buffer, .. } = std::mem::replace(&mut self.stream, entries.outer);
        self.begin(tag);
        self.length(entries.ends.len());
        self.stream.extend(&sorted(&buffer, &entries.ends));
        self.spare.push(buffer);
    }

    /// The same in the order in which they came.
    fn leave_in_order(&mut self, tag: u8, entries: Entries) {
        let Stream { buffer, .. } = std::mem::replace(&mut self.stream, entries.outer);
        self.begin(tag);
        self.length(entries.ends.len());
        self.stream.extend(&buffer);
        self.spare.push(buffer);
    }
}
