//! Rust values as Python's: structs and maps as dicts, sequences as lists, tuples as tuples, long runs of numbers and
//! `Array`s as numpy arrays.

use joblib_array::form::{Form, Step};
use joblib_array::run::Run;
use joblib_array::{Order, foreign, half_to_f32, structs, transfer, tuples};
use serde::ser::{self, Serialize};

use super::arrays;
use super::bits;
use super::keys::Keys;
use super::pickler::{Batch, Pickler};
use super::typed;
use crate::error::{Error, Result};
use crate::machine::opcode as op;
use crate::numpy::dtype::Layout;
use crate::numpy::element::{self, Number};
use crate::rust_type::RustType;

/// Bytes of a run that are gathered before they are written.
const GATHER: usize = 64 << 10;

/// Serializes one value. `key` says that it becomes a dict's key, which Python must be able to hash.
pub(super) struct Serializer<'p, 'w> {
    pub(super) pickler: &'p mut Pickler<'w>,
    pub(super) key: bool,
    /// The value is in a `Some`, which Python does not have: there `None` must not stand.
    pub(super) some: bool,
}

impl<'p, 'w> Serializer<'p, 'w> {
    pub(super) fn new(pickler: &'p mut Pickler<'w>, key: bool) -> Self {
        Self { pickler, key, some: false }
    }

    /// Writes a value: as an object of Python's library where its type has one.
    #[inline]
    pub(super) fn put<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        if let Some(array) = foreign::whole(value) {
            arrays::check_key(self.key)?;
            return self.pickler.array(array.raw());
        }
        if let Some(kind) = RustType::of::<T>()
            && typed::write(self.pickler, kind, value)?
        {
            return Ok(());
        }
        value.serialize(self)
    }

    fn nothing(self) -> Result<()> {
        if self.some {
            return Err(Error::value(
                "Some(None) and Some(()) would be None in Python, as None is: give the option another type, such as a list \
                 of at most one",
            ));
        }
        self.pickler.none()
    }

    fn map(self, what: &str) -> Result<Map<'p, 'w>> {
        if self.key {
            return Err(Error::value(format!("{what} can't be a key: Python's dicts take no dict as a key")));
        }
        Map::begin(self.pickler)
    }

    fn tuple(self, len: usize, wrapped: bool) -> Result<Tuple<'p, 'w>> {
        self.pickler.enter()?;
        if len > 3 {
            self.pickler.opcode(op::MARK)?;
        }
        Ok(Tuple { pickler: self.pickler, key: self.key, len, written: 0, wrapped })
    }

    /// `{variant: …}`, up to the content.
    fn variant(&mut self, variant: &'static str) -> Result<()> {
        if self.key {
            return Err(Error::value(format!(
                "the variant {variant} with content can't be a key: Python's dicts take no dict as a key"
            )));
        }
        self.pickler.enter()?;
        self.pickler.opcode(op::EMPTY_DICT)?;
        self.pickler.repeated_text(variant)
    }

    fn reborrow(&mut self) -> Serializer<'_, 'w> {
        Serializer::new(self.pickler, self.key)
    }
}

macro_rules! integers {
    ($($method:ident($type:ty))*) => {$(
        fn $method(self, value: $type) -> Result<()> {
            self.pickler.int(value.into())
        }
    )*};
}

impl<'p, 'w> ser::Serializer for Serializer<'p, 'w> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Seq<'p, 'w>;
    type SerializeTuple = Tuple<'p, 'w>;
    type SerializeTupleStruct = Tuple<'p, 'w>;
    type SerializeTupleVariant = Tuple<'p, 'w>;
    type SerializeMap = Map<'p, 'w>;
    type SerializeStruct = Map<'p, 'w>;
    type SerializeStructVariant = Map<'p, 'w>;

    fn serialize_bool(self, value: bool) -> Result<()> {
        self.pickler.bool(value)
    }

    integers! {
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64)
    }

    fn serialize_u128(self, value: u128) -> Result<()> {
        self.pickler.wide(value)
    }

    fn serialize_f32(self, value: f32) -> Result<()> {
        self.pickler.float(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<()> {
        self.pickler.float(value)
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.pickler.repeated_text(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<()> {
        if self.key { self.pickler.repeated_text(value) } else { self.pickler.text(value) }
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<()> {
        self.pickler.bytes(value)
    }

    fn serialize_none(self) -> Result<()> {
        self.nothing()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        self.pickler.enter()?;
        Serializer { pickler: &mut *self.pickler, key: self.key, some: true }.put(value)?;
        self.pickler.leave();
        Ok(())
    }

    fn serialize_unit(self) -> Result<()> {
        self.nothing()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.nothing()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        self.pickler.repeated_text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<()> {
        if name == transfer::NAME {
            arrays::check_key(self.key)?;
            let pickler = &mut *self.pickler;
            if let Some(result) = transfer::capture(value, |array| pickler.array(array)) {
                return result;
            }
        }
        // The floats of the crate `half` are their bits to serde.
        match name {
            "f16" => self.pickler.float(half_to_f32(bits::of(value)?).into()),
            "bf16" => self.pickler.float(f32::from_bits(u32::from(bits::of(value)?) << 16).into()),
            _ => {
                self.pickler.enter()?;
                Serializer { pickler: &mut *self.pickler, ..self }.put(value)?;
                self.pickler.leave();
                Ok(())
            }
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        self.variant(variant)?;
        self.reborrow().put(value)?;
        self.pickler.end_variant()
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Seq<'p, 'w>> {
        self.pickler.enter()?;
        if self.key {
            self.pickler.opcode(op::MARK)?;
        }
        Ok(Seq { pickler: self.pickler, key: self.key, len, content: Content::Unknown })
    }

    fn serialize_tuple(self, len: usize) -> Result<Tuple<'p, 'w>> {
        self.tuple(len, false)
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Tuple<'p, 'w>> {
        self.tuple(len, false)
    }

    fn serialize_tuple_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Tuple<'p, 'w>> {
        self.variant(variant)?;
        self.tuple(len, true)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Map<'p, 'w>> {
        self.map("a map")
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Map<'p, 'w>> {
        match Form::begin(name, len) {
            Some(form) if !self.key => Ok(Map::undecided(self.pickler, form)),
            _ => self.map(name),
        }
    }

    fn serialize_struct_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Map<'p, 'w>> {
        self.variant(variant)?;
        Ok(Map { wrapped: true, ..self.map(variant)? })
    }

    /// `true`, because a type with a human-readable form, such as an address or a UUID, is text in Python.
    fn is_human_readable(&self) -> bool {
        true
    }
}

/// A sequence: a list, an array when it turns out a long run of numbers, a tuple in a key.
pub(super) struct Seq<'p, 'w> {
    pickler: &'p mut Pickler<'w>,
    key: bool,
    len: Option<usize>,
    content: Content,
}

enum Content {
    /// No element yet.
    Unknown,
    Items(Batch),
    /// An array whose beginning is written, and how many elements it must have.
    Array {
        numbers: Run<Error>,
        left: usize,
    },
    /// Numbers whose number is not known yet.
    Gathered {
        numbers: Run<Error>,
        count: usize,
    },
}

impl Seq<'_, '_> {
    fn begin<T: ?Sized>(&mut self) -> Result<Content> {
        if let (Some(dtype), false) = (arrays::element_type::<T>(), self.key) {
            let numbers = Run::new(dtype, 0);
            match self.len {
                Some(len) if len >= self.pickler.array_len => {
                    self.pickler.begin_array(dtype, Order::C, &[len])?;
                    return Ok(Content::Array { numbers, left: len });
                }
                None => return Ok(Content::Gathered { numbers, count: 0 }),
                Some(_) => {}
            }
        }
        if !self.key {
            self.pickler.opcode(op::EMPTY_LIST)?;
        }
        Ok(Content::Items(Batch::default()))
    }

    /// Numbers that turned out too few for an array, as a list.
    fn list(&mut self, numbers: &Run<Error>) -> Result<()> {
        self.pickler.opcode(op::EMPTY_LIST)?;
        let mut batch = Batch::default();
        let layout = Layout::number(numbers.dtype);
        for bytes in numbers.bytes.chunks_exact(layout.size) {
            batch.item(self.pickler, op::APPENDS)?;
            match element::number(numbers.dtype, false, bytes) {
                Some(Number::Bool(value)) => self.pickler.bool(value)?,
                Some(Number::Int(value)) => self.pickler.int(value.into())?,
                Some(Number::Uint(value)) => self.pickler.int(value.into())?,
                Some(Number::F32(value)) => self.pickler.float(value.into())?,
                Some(Number::F64(value)) => self.pickler.float(value)?,
                _ => return Err(Error::value("a number of a type that Python has none for")),
            }
        }
        batch.finish(self.pickler, op::APPENDS)
    }

    fn finish(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.content, Content::Unknown) {
            Content::Unknown | Content::Items(_) if self.key => self.pickler.opcode(op::TUPLE),
            Content::Unknown => self.pickler.opcode(op::EMPTY_LIST),
            Content::Items(batch) => batch.finish(self.pickler, op::APPENDS),
            Content::Array { left: 1.., .. } => Err(Error::value(MISCOUNTED)),
            Content::Array { numbers, .. } => self.pickler.write(&numbers.bytes),
            Content::Gathered { numbers, count } if count >= self.pickler.array_len => {
                self.pickler.begin_array(numbers.dtype, Order::C, &[count])?;
                self.pickler.write(&numbers.bytes)
            }
            Content::Gathered { numbers, .. } => self.list(&numbers),
        }
    }
}

impl ser::SerializeSeq for Seq<'_, '_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        if let Content::Unknown = self.content {
            self.content = self.begin::<T>()?;
        }
        match &mut self.content {
            Content::Unknown => Ok(()),
            Content::Items(batch) => {
                if !self.key {
                    batch.item(self.pickler, op::APPENDS)?;
                }
                Serializer::new(self.pickler, self.key).put(value)
            }
            Content::Array { numbers, left } => {
                numbers.push(value)?;
                *left = left.checked_sub(1).ok_or_else(|| Error::value(MISCOUNTED))?;
                if numbers.bytes.len() >= GATHER {
                    self.pickler.write(&numbers.bytes)?;
                    numbers.bytes.clear();
                }
                Ok(())
            }
            Content::Gathered { numbers, count } => {
                *count += 1;
                numbers.push(value)
            }
        }
    }

    fn end(mut self) -> Result<()> {
        self.finish()?;
        self.pickler.leave();
        Ok(())
    }
}

const MISCOUNTED: &str = "a sequence has not as many elements as the length that its Serialize declared";

/// A tuple, perhaps in the dict that an enum's variant is.
pub(super) struct Tuple<'p, 'w> {
    pickler: &'p mut Pickler<'w>,
    key: bool,
    len: usize,
    written: usize,
    wrapped: bool,
}

impl Tuple<'_, '_> {
    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.written += 1;
        Serializer::new(self.pickler, self.key).put(value)
    }

    fn finish(self) -> Result<()> {
        if self.written != self.len {
            return Err(Error::value(MISCOUNTED));
        }
        self.pickler.opcode(match self.len {
            0 => op::EMPTY_TUPLE,
            1 => op::TUPLE1,
            2 => op::TUPLE2,
            3 => op::TUPLE3,
            _ => op::TUPLE,
        })?;
        self.pickler.leave();
        if self.wrapped { self.pickler.end_variant() } else { Ok(()) }
    }
}

tuples!(Tuple<'_, '_> => (), Error);

/// A dict, perhaps in the dict that an enum's variant is.
pub(super) struct Map<'p, 'w> {
    pickler: &'p mut Pickler<'w>,
    batch: Batch,
    wrapped: bool,
    keys: Keys,
    state: State,
}

/// What a map is known to be.
enum State {
    Dict,
    /// A struct of which nothing is written: it may be an array of the crate `ndarray`.
    Undecided(Form),
    /// Such an array, which is written.
    Array,
}

impl<'p, 'w> Map<'p, 'w> {
    fn begin(pickler: &'p mut Pickler<'w>) -> Result<Self> {
        pickler.enter()?;
        pickler.opcode(op::EMPTY_DICT)?;
        Ok(Map { state: State::Dict, ..Map::undecided(pickler, Form::default()) })
    }

    fn undecided(pickler: &'p mut Pickler<'w>, form: Form) -> Self {
        let state = State::Undecided(form);
        Map { pickler, batch: Batch::default(), wrapped: false, keys: Keys::default(), state }
    }

    /// Writes what was held back, now that the struct is no array.
    #[cold]
    fn become_dict(&mut self) -> Result<()> {
        if let State::Undecided(form) = std::mem::replace(&mut self.state, State::Dict) {
            self.pickler.enter()?;
            self.pickler.opcode(op::EMPTY_DICT)?;
            form.taken().try_for_each(|(name, value)| self.field(name, &value))?;
        }
        Ok(())
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        if let State::Undecided(form) = &mut self.state {
            match form.take(name, value) {
                Step::Taken => return Ok(()),
                Step::Whole(array) => {
                    self.state = State::Array;
                    return self.pickler.array(array.raw());
                }
                Step::Other => self.become_dict()?,
            }
        }
        self.batch.item(self.pickler, op::SETITEMS)?;
        self.pickler.repeated_text(name)?;
        Serializer::new(self.pickler, false).put(value).map_err(|error| error.inside(name))
    }

    fn finish(mut self) -> Result<()> {
        if let State::Array = self.state {
            return Ok(());
        }
        self.become_dict()?;
        self.batch.finish(self.pickler, op::SETITEMS)?;
        self.pickler.leave();
        if self.wrapped { self.pickler.end_variant() } else { Ok(()) }
    }
}

impl ser::SerializeMap for Map<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.keys.check(key)?;
        self.batch.item(self.pickler, op::SETITEMS)?;
        Serializer::new(self.pickler, true).put(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let result = Serializer::new(self.pickler, false).put(value);
        result.map_err(|error| error.inside(&self.keys.last()))
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

structs!(Map<'_, '_> => (), Error);
