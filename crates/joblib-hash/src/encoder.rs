//! The encoding of values that is hashed. Changing a byte of it changes every hash: never do.
//!
//! Every value starts with a [tag](tag) and says its own length, so no two values share an encoding:
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
//! | … a run of numbers in a list | `RUN`, tag of the type, how many as `u32` (at most 8192), their bytes |
//! | tuple, tuple struct | tag, (name,) length, items |
//! | struct | tag, name, number of fields, for each its name and value |
//! | map, unordered list | tag, number of entries, the entries in ascending order of their bytes |
//! | … an entry (key and value, or item) | its length and encoding when at most 64 bytes; else 255 and the encoding's digest |
//! | array | tag, dtype name, number of dimensions, dimensions, elements in C order when less than 1 MiB; else their digest |
//! | … by XXH3 | the digest of the elements is that of the digests of their pieces of 1 MiB |
//!
//! Runs make a list of numbers nearly as fast as the memory it lies in. Sorting makes a map independent of its order,
//! and the digests let it be sorted without keeping the encoding of large entries. The digest of a large array's elements
//! depends on nothing else, so an array in memory keeps it and is read once, in however many values it is hashed.

use joblib_array::slice::NumberSlice;
use joblib_array::transfer;
use joblib_encoding::MAX_DEPTH;
use serde::ser::{self, Serialize};

use crate::content;
use crate::entries::{Entries, sorted};
use crate::stream::Stream;
use crate::{Algorithm, Digest, HashError, unordered};

/// The first byte of each kind of value.
mod tag {
    use joblib_array::DType;

    pub(super) const BOOL: u8 = 1;
    pub(super) const I8: u8 = 2;
    pub(super) const I16: u8 = 3;
    pub(super) const I32: u8 = 4;
    pub(super) const I64: u8 = 5;
    pub(super) const I128: u8 = 6;
    pub(super) const U8: u8 = 7;
    pub(super) const U16: u8 = 8;
    pub(super) const U32: u8 = 9;
    pub(super) const U64: u8 = 10;
    pub(super) const U128: u8 = 11;
    pub(super) const F32: u8 = 12;
    pub(super) const F64: u8 = 13;
    pub(super) const CHAR: u8 = 14;
    pub(super) const STR: u8 = 15;
    pub(super) const BYTES: u8 = 16;
    pub(super) const NONE: u8 = 17;
    pub(super) const SOME: u8 = 18;
    pub(super) const UNIT: u8 = 19;
    pub(super) const UNIT_STRUCT: u8 = 20;
    pub(super) const NEWTYPE_STRUCT: u8 = 21;
    pub(super) const UNIT_VARIANT: u8 = 22;
    pub(super) const NEWTYPE_VARIANT: u8 = 23;
    pub(super) const TUPLE_VARIANT: u8 = 24;
    pub(super) const STRUCT_VARIANT: u8 = 25;
    pub(super) const SEQ: u8 = 26;
    pub(super) const RUN: u8 = 27;
    pub(super) const END: u8 = 28;
    pub(super) const TUPLE: u8 = 29;
    pub(super) const TUPLE_STRUCT: u8 = 30;
    pub(super) const STRUCT: u8 = 31;
    pub(super) const MAP: u8 = 32;
    pub(super) const UNORDERED: u8 = 33;
    pub(super) const ARRAY: u8 = 34;

    /// The tag of a number of the type, where serde has one.
    pub(super) fn of(dtype: DType) -> Option<u8> {
        Some(match dtype {
            DType::Bool => BOOL,
            DType::I8 => I8,
            DType::I16 => I16,
            DType::I32 => I32,
            DType::I64 => I64,
            DType::U8 => U8,
            DType::U16 => U16,
            DType::U32 => U32,
            DType::U64 => U64,
            DType::F32 => F32,
            DType::F64 => F64,
            _ => return None,
        })
    }
}

/// Bytes from which an array's elements are represented by their digest.
const LARGE_ARRAY: usize = 1 << 20;

/// Items of a run at most, so that a run fits the stream's buffer.
const RUN_ITEMS: u32 = 8192;

/// Bytes of a list of numbers that are put together for the hash function, which takes them on all cores.
const PIECE: usize = 1 << 20;

/// A `serde` serializer that hashes.
pub(crate) struct Encoder {
    algorithm: Algorithm,
    stream: Stream,
    /// Whether the next value is an item of a list, and may join a run.
    item: bool,
    run: Option<Run>,
    /// Buffers of finished maps, to be used again.
    spare: Vec<Vec<u8>>,
    /// Whether the next list is a set.
    unordered: bool,
    /// Levels that are open around the next value.
    depth: u16,
}

/// A run whose count is not written yet.
struct Run {
    tag: u8,
    count: u32,
    /// Where in the stream's buffer the count belongs.
    place: usize,
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
            Some(run) if run.tag == tag && run.count < RUN_ITEMS => run.count += 1,
            _ => self.start_run(tag),
        }
        self.stream.buffer.extend_from_slice(&bytes);
    }

    #[cold]
    fn start_run(&mut self, tag: u8) {
        self.end_run();
        self.stream.settle();
        self.stream.buffer.extend_from_slice(&[tag::RUN, tag]);
        self.run = Some(Run { tag, count: 1, place: self.stream.buffer.len() });
        self.stream.buffer.extend_from_slice(&[0; 4]);
    }

    fn end_run(&mut self) {
        if let Some(run) = self.run.take() {
            self.stream.buffer[run.place..run.place + 4].copy_from_slice(&run.count.to_le_bytes());
        }
    }

    /// Ends the run that the value before belongs to: what comes now is not a number.
    fn interrupt(&mut self) {
        self.item = false;
        self.unordered = false;
        self.end_run();
    }

    /// Starts a value that is not a number.
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
        value.serialize(&mut *self)?;
        self.ascend();
        Ok(())
    }

    fn length(&mut self, mut length: usize) {
        while length >= 0x80 {
            self.stream.buffer.push(length as u8 | 0x80);
            length >>= 7;
        }
        self.stream.buffer.push(length as u8);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.stream.extend(bytes);
    }

    fn name(&mut self, name: &str) {
        self.bytes(name.as_bytes());
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

    /// A list of numbers that lie in one piece; `false` when its encoding is another one than theirs.
    pub(crate) fn number_list(&mut self, numbers: NumberSlice<'_>) -> bool {
        let NumberSlice { dtype, bytes } = numbers;
        let is_little_endian = cfg!(target_endian = "little") || dtype.size() == 1;
        let (Some(number), true) = (tag::of(dtype), is_little_endian) else {
            return false;
        };
        self.begin(tag::SEQ);
        let mut encoded = Vec::with_capacity(bytes.len().min(PIECE) + PIECE / 8);
        for run in bytes.chunks(RUN_ITEMS as usize * dtype.size()) {
            encoded.extend_from_slice(&[tag::RUN, number]);
            encoded.extend_from_slice(&((run.len() / dtype.size()) as u32).to_le_bytes());
            encoded.extend_from_slice(run);
            if encoded.len() >= PIECE {
                self.stream.extend(&encoded);
                encoded.clear();
            }
        }
        self.stream.extend(&encoded);
        self.begin(tag::END);
        self.length(bytes.len() / dtype.size());
        true
    }

    /// Compiled here, at the optimisation level of this crate.
    pub(crate) fn text_list(&mut self, texts: &[String]) -> Result<(), HashError> {
        texts.serialize(self)
    }

    /// Sets the stream aside and starts one for the entries of a map or a set.
    fn enter(&mut self) -> Entries {
        self.interrupt();
        let buffer = self.spare.pop().unwrap_or_default();
        let outer = std::mem::replace(&mut self.stream, Stream::new(self.algorithm, buffer));
        Entries { outer, ends: Vec::new() }
    }

    fn end_entry(&mut self, entries: &mut Entries) {
        self.end_run();
        self.stream.end_entry();
        entries.ends.push(self.stream.buffer.len());
    }

    /// Goes back to the stream around the entries and adds them to it.
    fn leave(&mut self, tag: u8, entries: Entries) {
        let Stream { buffer, .. } = std::mem::replace(&mut self.stream, entries.outer);
        self.begin(tag);
        self.length(entries.ends.len());
        self.stream.extend(&sorted(&buffer, &entries.ends));
        self.spare.push(buffer);
    }
}

macro_rules! numbers {
    ($($method:ident: $type:ty = $tag:ident),* $(,)?) => {$(
        #[inline]
        fn $method(self, value: $type) -> Result<(), HashError> {
            self.number(tag::$tag, value.to_le_bytes());
            Ok(())
        }
    )*};
}

impl<'e> ser::Serializer for &'e mut Encoder {
    type Ok = ();
    type Error = HashError;
    type SerializeSeq = Seq<'e>;
    type SerializeTuple = Compound<'e>;
    type SerializeTupleStruct = Compound<'e>;
    type SerializeTupleVariant = Compound<'e>;
    type SerializeMap = Map<'e>;
    type SerializeStruct = Compound<'e>;
    type SerializeStructVariant = Compound<'e>;

    numbers! {
        serialize_i8: i8 = I8, serialize_i16: i16 = I16, serialize_i32: i32 = I32, serialize_i64: i64 = I64,
        serialize_i128: i128 = I128, serialize_u8: u8 = U8, serialize_u16: u16 = U16, serialize_u32: u32 = U32,
        serialize_u64: u64 = U64, serialize_u128: u128 = U128, serialize_f32: f32 = F32, serialize_f64: f64 = F64,
    }

    fn serialize_bool(self, value: bool) -> Result<(), HashError> {
        self.number(tag::BOOL, [u8::from(value)]);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), HashError> {
        self.number(tag::CHAR, u32::from(value).to_le_bytes());
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), HashError> {
        self.begin(tag::STR);
        self.bytes(value.as_bytes());
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), HashError> {
        self.begin(tag::BYTES);
        self.bytes(value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), HashError> {
        self.begin(tag::NONE);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), HashError> {
        self.begin(tag::SOME);
        self.inside(value)
    }

    fn serialize_unit(self) -> Result<(), HashError> {
        self.begin(tag::UNIT);
        Ok(())
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), HashError> {
        self.begin(tag::UNIT_STRUCT);
        self.name(name);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), HashError> {
        if name == transfer::NAME && transfer::capture(value, |array| self.array(array)).is_some() {
            return Ok(());
        }
        if name == unordered::NAME {
            self.unordered = true;
            self.inside(value)?;
            self.unordered = false;
            return Ok(());
        }
        self.begin(tag::NEWTYPE_STRUCT);
        self.name(name);
        self.inside(value)
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), HashError> {
        self.begin(tag::UNIT_VARIANT);
        self.name(name);
        self.name(variant);
        Ok(())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), HashError> {
        self.begin(tag::NEWTYPE_VARIANT);
        self.name(name);
        self.name(variant);
        self.inside(value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Seq<'e>, HashError> {
        self.descend()?;
        let entries = if self.unordered {
            Some(self.enter())
        } else {
            self.begin(tag::SEQ);
            None
        };
        Ok(Seq { encoder: self, count: 0, entries })
    }

    fn serialize_tuple(self, length: usize) -> Result<Compound<'e>, HashError> {
        self.begin(tag::TUPLE);
        self.length(length);
        Compound::begin(self)
    }

    fn serialize_tuple_struct(self, name: &'static str, length: usize) -> Result<Compound<'e>, HashError> {
        self.begin(tag::TUPLE_STRUCT);
        self.name(name);
        self.length(length);
        Compound::begin(self)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Compound<'e>, HashError> {
        self.begin(tag::TUPLE_VARIANT);
        self.name(name);
        self.name(variant);
        self.length(length);
        Compound::begin(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Map<'e>, HashError> {
        self.descend()?;
        let entries = self.enter();
        Ok(Map { encoder: self, entries, in_entry: false })
    }

    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Compound<'e>, HashError> {
        self.begin(tag::STRUCT);
        self.name(name);
        self.length(length);
        Compound::begin(self)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Compound<'e>, HashError> {
        self.begin(tag::STRUCT_VARIANT);
        self.name(name);
        self.name(variant);
        self.length(length);
        Compound::begin(self)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// A list being hashed; with entries, one whose order does not count.
pub(crate) struct Seq<'e> {
    encoder: &'e mut Encoder,
    count: usize,
    entries: Option<Entries>,
}

impl ser::SerializeSeq for Seq<'_> {
    type Ok = ();
    type Error = HashError;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), HashError> {
        if let Some(entries) = &mut self.entries {
            self.encoder.stream.begin_entry();
            value.serialize(&mut *self.encoder)?;
            self.encoder.end_entry(entries);
            return Ok(());
        }
        self.count += 1;
        self.encoder.item = true;
        value.serialize(&mut *self.encoder)
    }

    fn end(self) -> Result<(), HashError> {
        if let Some(entries) = self.entries {
            self.encoder.leave(tag::UNORDERED, entries);
        } else {
            self.encoder.begin(tag::END);
            self.encoder.length(self.count);
        }
        self.encoder.ascend();
        Ok(())
    }
}

/// A map being hashed, entry by entry.
pub(crate) struct Map<'e> {
    encoder: &'e mut Encoder,
    entries: Entries,
    /// Whether a key has been written and its value has not.
    in_entry: bool,
}

impl ser::SerializeMap for Map<'_> {
    type Ok = ();
    type Error = HashError;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), HashError> {
        if self.in_entry {
            return Err(ser::Error::custom("a map's key came without a value"));
        }
        self.in_entry = true;
        self.encoder.stream.begin_entry();
        key.serialize(&mut *self.encoder)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), HashError> {
        if !self.in_entry {
            return Err(ser::Error::custom("a map's value came before its key"));
        }
        self.in_entry = false;
        value.serialize(&mut *self.encoder)?;
        self.encoder.end_entry(&mut self.entries);
        Ok(())
    }

    fn end(self) -> Result<(), HashError> {
        if self.in_entry {
            return Err(ser::Error::custom("a map's key came without a value"));
        }
        self.encoder.leave(tag::MAP, self.entries);
        self.encoder.ascend();
        Ok(())
    }
}

/// Anything whose length is written before its parts.
pub(crate) struct Compound<'e> {
    encoder: &'e mut Encoder,
}

impl<'e> Compound<'e> {
    fn begin(encoder: &'e mut Encoder) -> Result<Self, HashError> {
        encoder.descend()?;
        Ok(Self { encoder })
    }
}

macro_rules! positional {
    ($($compound:ident: $method:ident),*) => {$(
        impl ser::$compound for Compound<'_> {
            type Ok = ();
            type Error = HashError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), HashError> {
                value.serialize(&mut *self.encoder)
            }

            fn end(self) -> Result<(), HashError> {
                self.encoder.ascend();
                Ok(())
            }
        }
    )*};
}

positional! { SerializeTuple: serialize_element, SerializeTupleStruct: serialize_field, SerializeTupleVariant: serialize_field }

macro_rules! named {
    ($($compound:ident),*) => {$(
        impl ser::$compound for Compound<'_> {
            type Ok = ();
            type Error = HashError;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), HashError> {
                self.encoder.name(name);
                value.serialize(&mut *self.encoder)
            }

            fn end(self) -> Result<(), HashError> {
                self.encoder.ascend();
                Ok(())
            }
        }
    )*};
}

named! { SerializeStruct, SerializeStructVariant }
