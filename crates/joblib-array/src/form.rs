//! The arrays of the crate `ndarray`, in whatever version: its types, and the form in which they serialize.
//!
//! An array of `ndarray` is to serde a struct `Array { v: 1, dim, data }`, whose `data` is a list of all elements in C
//! order. A serializer that meets the struct gives its fields to a [`Form`] and gets the array, gathered element by
//! element. [`foreign`](crate::foreign) takes the elements of types that it knows from where they lie. Both give the same
//! [`Whole`].

use std::any::type_name;
use std::borrow::Cow;
use std::fmt;

use num_complex::Complex;
use serde::ser::{Error as _, Impossible, Serialize, SerializeSeq, SerializeTuple, Serializer};

use crate::run::{self, Run, refused};
use crate::transfer::RawArray;
use crate::{DType, Order, layout};

/// The name of the struct.
pub const NAME: &str = "Array";

/// The names of its fields.
pub const FIELDS: [&str; 3] = ["v", "dim", "data"];

/// The version of the form.
pub const VERSION: u8 = 1;

/// An array of `ndarray`.
#[derive(Debug, Clone)]
pub struct Whole<'a> {
    /// The element type.
    pub dtype: DType,
    /// The order of the elements.
    pub order: Order,
    /// The length of each dimension.
    pub shape: Cow<'a, [usize]>,
    /// The elements, little-endian.
    pub bytes: Cow<'a, [u8]>,
}

impl Whole<'_> {
    /// The array with its elements in C order, which are copied if they lie in another.
    #[must_use]
    pub fn into_c_order(self) -> Self {
        if self.raw().is_in_c_order() {
            return Self { order: Order::C, ..self };
        }
        let mut bytes = vec![0; self.bytes.len()];
        layout::copy_in_c_order(&self.shape, self.dtype.size(), &self.bytes, &mut bytes);
        Self { order: Order::C, bytes: bytes.into(), ..self }
    }

    /// The array as serializers take those of this crate.
    pub fn raw(&self) -> RawArray<'_> {
        let Self { dtype, order, shape, bytes } = self;
        RawArray { dtype: *dtype, order: *order, shape, bytes, buffer: None }
    }
}

/// The fields of a struct that may be an array.
#[derive(Debug, Default)]
pub struct Form {
    dim: Option<Dim>,
    has_version: bool,
}

/// What a field was to a [`Form`].
#[derive(Debug)]
pub enum Step {
    /// A part of an array.
    Taken,
    /// The last part of this array.
    Whole(Whole<'static>),
    /// No part of an array: the struct is another one. The fields that were taken are those of [`Form::taken`].
    Other,
}

impl Form {
    /// Begins with a struct's name and number of fields; `None` when they are not an array's.
    #[inline]
    pub fn begin(name: &str, len: usize) -> Option<Self> {
        (name == NAME && len == FIELDS.len()).then(Self::default)
    }

    /// Looks at the next field.
    pub fn take<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Step {
        let expected = match (name, self.has_version, &self.dim) {
            ("v", false, None) | ("dim", true, None) => true,
            // No struct of somebody else's is taken for one of `ndarray`.
            ("data", true, Some(_)) => elements_of(type_name::<T>()).is_some(),
            _ => false,
        };
        if !expected {
            return Step::Other;
        }
        match gathered(value) {
            Some(gathered) => self.step(gathered, type_name::<T>()),
            None => Step::Other,
        }
    }

    /// The next field, which was expected here. Its type is called `name`.
    fn step(&mut self, gathered: Gathered, name: &str) -> Step {
        match (self.has_version, &self.dim) {
            (false, _) => {
                self.has_version = gathered.is_version();
                if self.has_version { Step::Taken } else { Step::Other }
            }
            (true, None) => {
                self.dim = gathered.into_dim();
                if self.dim.is_some() { Step::Taken } else { Step::Other }
            }
            (true, Some(dim)) => match array(&dim.lengths, gathered, name) {
                Some(whole) => Step::Whole(whole),
                None => Step::Other,
            },
        }
    }

    /// The fields that were taken, with their names: what has to be written if the struct is no array.
    pub fn taken(&self) -> impl Iterator<Item = (&'static str, Taken<'_>)> {
        let version = self.has_version.then_some(("v", Taken::Version));
        version.into_iter().chain(self.dim.as_ref().map(|dim| ("dim", Taken::Dim(dim))))
    }
}

/// A field that was taken. It serializes as what was given.
#[derive(Debug)]
pub enum Taken<'f> {
    /// The version.
    Version,
    /// The shape.
    Dim(&'f Dim),
}

/// The shape, and how it was given.
#[derive(Debug)]
pub struct Dim {
    lengths: Vec<usize>,
    is_tuple: bool,
}

impl Serialize for Taken<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Version => serializer.serialize_u8(VERSION),
            Self::Dim(Dim { lengths, is_tuple: true }) => {
                let mut tuple = serializer.serialize_tuple(lengths.len())?;
                lengths.iter().try_for_each(|length| tuple.serialize_element(length))?;
                tuple.end()
            }
            Self::Dim(Dim { lengths, .. }) => serializer.collect_seq(lengths),
        }
    }
}

/// The name of the elements of `ndarray`'s type of data with that name.
fn elements_of(name: &str) -> Option<&str> {
    let (_, elements) = name.trim_start_matches('&').strip_prefix("ndarray::")?.split_once("Sequence<")?;
    Some(elements)
}

/// The array of the shape, if what was gathered from data of that type are its elements.
fn array(shape: &[usize], gathered: Gathered, name: &str) -> Option<Whole<'static>> {
    let len = shape.iter().try_fold(1_usize, |len, &dimension| len.checked_mul(dimension))?;
    // The type of no elements is known too.
    let dtype = gathered.dtype.or_else(|| element_named(elements_of(name)?))?;
    let is_list = gathered.list.is_some() && gathered.count == len;
    is_list.then(|| Whole {
        dtype,
        order: Order::C,
        shape: shape.to_vec().into(),
        bytes: gathered.run.bytes.into(),
    })
}

/// The element type that a type's parameters begin with.
pub(crate) fn element_named(parameters: &str) -> Option<DType> {
    let mut name = parameters;
    // Compilers differ in whether they name lifetimes.
    while let Some(rest) = ["&", "mut ", "'_, ", "'_ "].iter().find_map(|prefix| name.strip_prefix(prefix)) {
        name = rest;
    }
    let end = name.find([',', '>']).unwrap_or(name.len());
    match &name[..end] {
        "num_complex::Complex<f64" => Some(DType::C128),
        "num_complex::Complex<f32" => Some(DType::C64),
        "half::binary16::f16" => Some(DType::F16),
        name => run::named(name).filter(|_| !matches!(name, "usize" | "isize")),
    }
}

/// A number, or the numbers of a list.
struct Gathered {
    run: Run<Refused>,
    dtype: Option<DType>,
    count: usize,
    list: Option<List>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Sequence,
    Tuple,
}

/// What the value is; `None` if it is neither a `u8` nor a list of numbers of one type.
fn gathered<T: Serialize + ?Sized>(value: &T) -> Option<Gathered> {
    let mut gathered = Gathered { run: Run::new(DType::U8, 0), dtype: None, count: 0, list: None };
    value.serialize(&mut gathered).ok()?;
    Some(gathered)
}

impl Gathered {
    fn is_version(&self) -> bool {
        self.list.is_none() && self.run.bytes == [VERSION]
    }

    fn into_dim(self) -> Option<Dim> {
        let is_tuple = self.list? == List::Tuple;
        if self.dtype.is_some_and(|dtype| dtype != DType::U64) {
            return None;
        }
        let lengths = self.run.bytes.chunks_exact(8).map(|bytes| {
            let number = bytes.iter().rev().fold(0, |number, &byte| (number << 8) | u64::from(byte));
            usize::try_from(number).ok()
        });
        Some(Dim { lengths: lengths.collect::<Option<_>>()?, is_tuple })
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        if self.count == 0 {
            let dtype = element_named(type_name::<T>()).or_else(run::element_type::<T>).ok_or(Refused)?;
            self.dtype = Some(dtype);
            self.run.dtype = dtype;
        }
        self.count += 1;
        match self.run.dtype {
            DType::C128 => {
                let value: Complex<f64> = copied(value).ok_or(Refused)?;
                self.push([value.re, value.im].map(f64::to_le_bytes).as_flattened());
            }
            DType::C64 => {
                let value: Complex<f32> = copied(value).ok_or(Refused)?;
                self.push([value.re, value.im].map(f32::to_le_bytes).as_flattened());
            }
            _ => return self.run.push(value),
        }
        Ok(())
    }

    fn push(&mut self, bytes: &[u8]) {
        self.run.bytes.extend_from_slice(bytes);
    }

    fn begin(&mut self, list: List, len: Option<usize>) -> Result<&mut Self, Refused> {
        if self.list.replace(list).is_some() {
            return Err(Refused);
        }
        // The widest element takes 16 bytes; a length that is not true takes no memory.
        self.run.bytes.reserve(len.unwrap_or(0).min(1 << 16));
        Ok(self)
    }

    #[expect(clippy::unused_self, reason = "a method to the macro that writes the refusals")]
    fn refuse(&self) -> Refused {
        Refused
    }
}

/// The value, if it is an `E` or a reference to one.
fn copied<T: ?Sized, E: Copy + 'static>(value: &T) -> Option<E> {
    let id = typeid::of::<T>();
    let place = (&raw const *value).cast::<()>();
    if id == std::any::TypeId::of::<E>() {
        // SAFETY: the value is of this type.
        return Some(unsafe { *place.cast::<E>() });
    }
    // SAFETY: the value is a reference to this type, up to its lifetime.
    (id == std::any::TypeId::of::<&E>()).then(|| unsafe { **place.cast::<&E>() })
}

/// Not what was looked for.
#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a list of numbers")
    }
}

impl std::error::Error for Refused {}

impl serde::ser::Error for Refused {
    fn custom<M: fmt::Display>(_: M) -> Self {
        Self
    }
}

type No = Impossible<(), Refused>;

impl<'g> Serializer for &'g mut Gathered {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = &'g mut Gathered;
    type SerializeTuple = &'g mut Gathered;
    type SerializeTupleStruct = No;
    type SerializeTupleVariant = No;
    type SerializeMap = No;
    type SerializeStruct = No;
    type SerializeStructVariant = No;

    fn serialize_u8(self, value: u8) -> Result<(), Refused> {
        self.run.bytes.push(value);
        Ok(())
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<&'g mut Gathered, Refused> {
        self.begin(List::Sequence, len)
    }

    fn serialize_tuple(self, len: usize) -> Result<&'g mut Gathered, Refused> {
        self.begin(List::Tuple, Some(len))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        value.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), Refused> {
        Err(Refused)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Refused> {
        Err(Refused::custom(""))
    }

    refused! { Refused;
        serialize_bool(bool) -> () serialize_i8(i8) -> () serialize_i16(i16) -> () serialize_i32(i32) -> ()
        serialize_i64(i64) -> () serialize_u16(u16) -> () serialize_u32(u32) -> () serialize_u64(u64) -> ()
        serialize_f32(f32) -> () serialize_f64(f64) -> ()
        serialize_char(char) -> () serialize_str(&str) -> () serialize_bytes(&[u8]) -> () serialize_none() -> ()
        serialize_unit() -> () serialize_unit_struct(&'static str) -> ()
        serialize_unit_variant(&'static str, u32, &'static str) -> ()
        serialize_tuple_struct(&'static str, usize) -> No
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> No
        serialize_map(Option<usize>) -> No serialize_struct(&'static str, usize) -> No
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> No
    }

    fn is_human_readable(&self) -> bool {
        true
    }
}

impl SerializeSeq for &mut Gathered {
    type Ok = ();
    type Error = Refused;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.element(value)
    }

    fn end(self) -> Result<(), Refused> {
        Ok(())
    }
}

impl SerializeTuple for &mut Gathered {
    type Ok = ();
    type Error = Refused;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.element(value)
    }

    fn end(self) -> Result<(), Refused> {
        Ok(())
    }
}
