//! numpy's arrays as serde deserializers: whole to an `Array`, element by element to everything else.

use std::rc::Rc;

use joblib_array::transfer::{self, OwnedRawArray};
use joblib_array::vec::NumberVec;
use joblib_array::{Buffer, DType, Order, buffered, erased, form};
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::access::{InOrder, Places};
use super::cell::Cell;
use super::node::De;
use super::problem::Problem;
use super::walk::Walk;
use super::whole;
use crate::numpy::array::{Data, NdArray};
use crate::numpy::dtype::Kind;
use crate::numpy::element::{Element, is_half, long_double};
use crate::tree::Id;
use joblib_array::forward;

/// An array and the node that it is.
#[derive(Clone)]
pub(crate) struct ArrayDe<'w, 't> {
    pub(crate) walk: &'w Walk<'t>,
    pub(crate) id: Id,
    pub(crate) array: Rc<NdArray>,
    /// Whether its times are in UTC.
    pub(crate) utc: bool,
    /// Whether NaN among objects says that there is no value, as in pandas.
    pub(crate) nan_is_missing: bool,
}

impl<'w, 't> ArrayDe<'w, 't> {
    /// The element at a place in memory order.
    #[inline]
    pub(crate) fn cell(&self, place: usize) -> Result<Cell<'_, 'w, 't>, Problem> {
        let outside = || Problem::corrupt(format!("element {place} lies outside of its array"));
        let node = match &self.array.data {
            Data::Bytes(buffer) => {
                let size = self.array.layout.size;
                let bytes = buffer.as_bytes().get(place * size..(place + 1) * size).ok_or_else(outside)?;
                return Ok(Cell::Element(Element { layout: &self.array.layout, bytes, utc: self.utc }));
            }
            Data::Objects(items) => self.walk.tree.items(*items).get(place),
            Data::Gathered(nodes) => nodes.get(place),
        };
        let id = *node.ok_or_else(outside)?;
        Ok(Cell::Node { de: De { walk: self.walk, id }, nan_is_missing: self.nan_is_missing })
    }

    /// The array whole, in this machine's words, for an `Array`.
    pub(crate) fn raw(&self) -> Result<OwnedRawArray, Problem> {
        let array = &*self.array;
        let Data::Bytes(buffer) = &array.data else {
            return Err(Problem::wrong(format!(
                "an array of objects of shape {:?} is not an array of numbers: load it as a Vec",
                array.shape
            )));
        };
        let (dtype, buffer) = match array.layout.kind {
            Kind::Number(dtype) => (dtype, self.aligned(buffer, dtype)?),
            Kind::DateTime(_) | Kind::TimeDelta(_) => (DType::I64, self.aligned(buffer, DType::I64)?),
            Kind::LongDouble => {
                self.walk.take(self.id, buffer.len())?;
                let bytes: Vec<u8> = buffer
                    .as_bytes()
                    .chunks_exact(array.layout.size)
                    .flat_map(|bytes| long_double(bytes, array.layout.big_endian).to_le_bytes())
                    .collect();
                (DType::F64, Buffer::copy_of(&bytes))
            }
            Kind::Small(format) => {
                self.walk.take(self.id, buffer.len())?;
                let bytes: Vec<u8> = buffer
                    .as_bytes()
                    .chunks_exact(array.layout.size)
                    .flat_map(|bytes| format.value(bytes, array.layout.big_endian).to_le_bytes())
                    .collect();
                (DType::F32, Buffer::copy_of(&bytes))
            }
            Kind::Narrow(narrow) => {
                self.walk.take(self.id, buffer.len())?;
                let bytes: Vec<u8> = buffer
                    .as_bytes()
                    .chunks_exact(array.layout.size)
                    .map(|bytes| narrow.value(bytes).cast_unsigned())
                    .collect();
                (if narrow.is_signed { DType::I8 } else { DType::U8 }, Buffer::copy_of(&bytes))
            }
            _ => {
                return Err(Problem::wrong(format!(
                    "an array of dtype {} is not an array of numbers: load it as a Vec of text, bytes or structs",
                    array.layout.name()
                )));
            }
        };
        Ok(OwnedRawArray { dtype, order: array.order, shape: array.shape.clone(), buffer })
    }

    /// The elements little-endian and where the processor may read them; copied when they are neither.
    fn aligned(&self, buffer: &Buffer, dtype: DType) -> Result<Buffer, Problem> {
        let word = dtype.word_size();
        if self.array.layout.big_endian && word > 1 {
            self.walk.take(self.id, buffer.len())?;
            let mut bytes = buffer.as_bytes().to_vec();
            bytes.chunks_exact_mut(word).for_each(<[u8]>::reverse);
            return Ok(Buffer::copy_of(&bytes));
        }
        if buffer.as_bytes().as_ptr().addr().is_multiple_of(word) {
            return Ok(buffer.clone());
        }
        self.walk.take(self.id, buffer.len())?;
        Ok(Buffer::copy_of(buffer.as_bytes()))
    }

    /// Elements from one index of a dimension to the next.
    pub(super) fn stride(&self, dimension: usize) -> usize {
        match self.array.order {
            Order::F => self.array.shape[..dimension].iter().product(),
            Order::C => self.array.shape[dimension + 1..].iter().product(),
        }
    }

    fn axis(&self) -> Axis<'_, 'w, 't> {
        Axis { array: self, dimension: 0, place: 0 }
    }

    /// As the crate ndarray serializes its arrays, with its feature `serde`.
    fn as_ndarray<V: Visitor<'t>>(&self, visitor: V) -> Result<V::Value, Problem>
    where
        't: 'w,
    {
        let fields = [
            ("v", NdarrayField::Version),
            ("dim", NdarrayField::Shape(self)),
            ("data", NdarrayField::Data(self)),
        ];
        visitor.visit_map(MapDeserializer::new(fields.into_iter()))
    }

    /// The elements in C order as a vector of numbers, if they are of the wanted type.
    fn numbers(&self, wanted: Option<DType>) -> Result<Option<NumberVec>, Problem> {
        let Some(dtype) = wanted.filter(|&dtype| self.array.layout.kind == Kind::Number(dtype)) else {
            return Ok(None);
        };
        let array = self.raw()?;
        let mut numbers = NumberVec::zeroed(dtype, array.shape.iter().product()).map_err(|_| {
            let len = array.buffer.len();
            Problem::limit(format!("a vector of {len} bytes does not fit into this machine's memory"))
        })?;
        array.write_in_c_order(numbers.as_mut_bytes());
        numbers.from_little_endian();
        if dtype == DType::Bool {
            // What is not zero is true.
            numbers.as_mut_bytes().iter_mut().for_each(|byte| *byte = u8::from(*byte != 0));
        }
        Ok(Some(numbers))
    }

    fn enter<R>(&self, with: impl FnOnce() -> Result<R, Problem>) -> Result<R, Problem> {
        let _inside = self.walk.enter(self.id, self.array.len())?;
        with()
    }
}

/// Whether a struct is the form of an array of the crate ndarray.
fn is_ndarray(name: &str, fields: &[&str]) -> bool {
    name == form::NAME && fields == form::FIELDS
}

/// Methods that ask the array's first dimension, or its only element.
macro_rules! through_axis {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
            self.enter(|| self.axis().$method(visitor))
        }
    )*};
}

impl<'w, 't: 'w> Deserializer<'t> for ArrayDe<'w, 't> {
    type Error = Problem;

    fn deserialize_newtype_struct<V: Visitor<'t>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        if name == transfer::NAME {
            return transfer::deliver(self.raw()?, visitor);
        }
        if is_half(name)
            && self.array.shape.is_empty()
            && let Cell::Element(element) = self.cell(0)?
        {
            return element.deserialize_newtype_struct(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_bytes<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        match (&self.array.data, &self.array.layout.kind) {
            (Data::Bytes(buffer), Kind::Number(DType::U8) | Kind::Void) if self.array.shape.len() == 1 => {
                self.walk.take(self.id, buffer.len())?;
                visitor.visit_bytes(buffer.as_bytes())
            }
            _ => self.enter(|| self.axis().deserialize_bytes(visitor)),
        }
    }

    fn deserialize_struct<V: Visitor<'t>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        if is_ndarray(name, fields) {
            return self.enter(|| self.as_ndarray(visitor));
        }
        self.enter(|| self.axis().deserialize_struct(name, fields, visitor))
    }

    fn deserialize_enum<V: Visitor<'t>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.enter(|| self.axis().deserialize_enum(name, variants, visitor))
    }

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        if buffered::is_buffer(erased::made_by::<Problem, _>(&visitor)) {
            self.walk.read_array_ahead.set(true);
        }
        self.enter(|| self.axis().deserialize_any(visitor))
    }

    through_axis! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32
        deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_unit deserialize_map
        deserialize_identifier deserialize_option
    }

    fn deserialize_seq<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        let wanted = erased::wanted_numbers::<Problem, V>(&visitor);
        self.enter(|| match self.numbers(wanted.filter(|_| self.array.shape.len() == 1))? {
            Some(numbers) => erased::give_numbers::<Problem, V>(visitor, numbers).map_err(Problem::corrupt),
            None => self.axis().deserialize_seq(visitor),
        })
    }

    forward! { <'t>(self, visitor)
        deserialize_byte_buf => self.deserialize_bytes(visitor);
        deserialize_unit_struct => self.deserialize_unit(visitor);
        deserialize_tuple deserialize_tuple_struct => self.deserialize_seq(visitor);
        deserialize_ignored_any => visitor.visit_unit();
    }
}

/// An array from one of its dimensions on: a sequence, or the one element that no dimension is left of.
#[derive(Clone, Copy)]
struct Axis<'a, 'w, 't> {
    array: &'a ArrayDe<'w, 't>,
    dimension: usize,
    place: usize,
}

/// The parts of an axis: elements, or axes of the next dimension.
struct AxisParts<'a, 'w, 't> {
    axis: Axis<'a, 'w, 't>,
    stride: usize,
}

impl<'w, 't: 'w> Places<'t> for AxisParts<'_, 'w, 't> {
    #[inline]
    fn at<T: DeserializeSeed<'t>>(&self, index: usize, seed: T) -> Result<T::Value, Problem> {
        let Axis { array, dimension, place } = self.axis;
        let part = Axis { array, dimension: dimension + 1, place: place + index * self.stride };
        if part.is_element() { seed.deserialize(part.cell()?) } else { seed.deserialize(part) }
    }
}

impl<'a, 'w, 't> Axis<'a, 'w, 't> {
    fn is_element(&self) -> bool {
        self.dimension == self.array.array.shape.len()
    }

    fn parts(self) -> Result<InOrder<AxisParts<'a, 'w, 't>>, Problem> {
        let len = self.array.array.shape[self.dimension];
        // Items without bytes: nothing in the file bounds their number.
        if self.array.array.len() == 0 || self.array.array.layout.size == 0 {
            self.array.walk.charge_values(len as u64, self.array.id)?;
        }
        let stride = self.array.stride(self.dimension);
        Ok(InOrder::new(AxisParts { axis: self, stride }, len))
    }

    fn cell(&self) -> Result<Cell<'a, 'w, 't>, Problem> {
        self.array.cell(self.place)
    }

    /// This part of the array as an array of its own, in C order, sharing the memory where it lies together.
    fn part(&self) -> Result<ArrayDe<'w, 't>, Problem> {
        let array = &*self.array.array;
        let shape = array.shape[self.dimension..].to_vec();
        let (len, size) = (shape.iter().product::<usize>(), array.layout.size);
        let together = array.order == Order::C;
        let data = match &array.data {
            Data::Bytes(buffer) if together => {
                Data::Bytes(buffer.slice(self.place * size..(self.place + len) * size))
            }
            Data::Bytes(buffer) => {
                self.array.walk.take(self.array.id, len * size)?;
                let all = buffer.as_bytes();
                let bytes: Vec<u8> =
                    self.places().flat_map(|at| &all[at * size..(at + 1) * size]).copied().collect();
                Data::Bytes(Buffer::copy_of(&bytes))
            }
            Data::Objects(items) => {
                let nodes = self.array.walk.tree.items(*items);
                Data::Gathered(self.places().map(|at| nodes[at]).collect())
            }
            Data::Gathered(nodes) => Data::Gathered(self.places().map(|at| nodes[at]).collect()),
        };
        let layout = Rc::clone(&array.layout);
        let part = NdArray { layout, shape, order: Order::C, data, scalar: false };
        Ok(ArrayDe { array: Rc::new(part), ..self.array.clone() })
    }

    /// The places of its elements in the order of C.
    fn places(&self) -> impl Iterator<Item = usize> {
        let shape = &self.array.array.shape;
        let len = shape[self.dimension..].iter().product();
        (0..len).map(|mut number: usize| {
            let mut place = self.place;
            for dimension in (self.dimension..shape.len()).rev() {
                place += number % shape[dimension] * self.array.stride(dimension);
                number /= shape[dimension];
            }
            place
        })
    }
}

/// Methods that an element answers, and a dimension answers with a sequence.
macro_rules! element_or_sequence {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {$(
        #[inline]
        fn $method<V: Visitor<'t>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Problem> {
            if self.is_element() {
                self.cell()?.$method($($argument,)* visitor)
            } else {
                whole::visit(self.parts()?, visitor)
            }
        }
    )*};
}

impl<'w, 't: 'w> Deserializer<'t> for Axis<'_, 'w, 't> {
    type Error = Problem;

    element_or_sequence! {
        deserialize_any() deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64()
        deserialize_i128() deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf() deserialize_unit() deserialize_seq() deserialize_map()
        deserialize_identifier()
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }

    forward! { <'t>(self, visitor)
        deserialize_unit_struct => self.deserialize_unit(visitor);
        deserialize_tuple deserialize_tuple_struct => self.deserialize_seq(visitor);
        deserialize_ignored_any => visitor.visit_unit();
    }

    fn deserialize_option<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.is_element() { self.cell()?.deserialize_option(visitor) } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'t>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        if name == transfer::NAME && !self.is_element() {
            return transfer::deliver(self.part()?.raw()?, visitor);
        }
        if is_half(name)
            && self.is_element()
            && let Cell::Element(element) = self.cell()?
        {
            return element.deserialize_newtype_struct(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'t>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        if self.is_element() {
            self.cell()?.deserialize_struct(name, fields, visitor)
        } else if is_ndarray(name, fields) {
            self.part()?.as_ndarray(visitor)
        } else {
            whole::visit(self.parts()?, visitor)
        }
    }
}

/// The fields of the crate ndarray's form of an array.
enum NdarrayField<'a, 'w, 't> {
    Version,
    Shape(&'a ArrayDe<'w, 't>),
    Data(&'a ArrayDe<'w, 't>),
}

impl<'w, 't: 'w> Deserializer<'t> for NdarrayField<'_, 'w, 't> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self {
            Self::Version => visitor.visit_u8(1),
            Self::Shape(array) => {
                visitor.visit_seq(SeqDeserializer::new(array.array.shape.iter().map(|&len| len as u64)))
            }
            Self::Data(array) => whole::visit(
                Flat { array, index: vec![0; array.array.shape.len()], left: array.array.len() },
                visitor,
            ),
        }
    }

    fn deserialize_seq<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        if let Self::Data(array) = self
            && let Some(numbers) = array.numbers(erased::wanted_numbers::<Problem, V>(&visitor))?
        {
            return erased::give_numbers::<Problem, V>(visitor, numbers).map_err(Problem::corrupt);
        }
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        <V: Visitor<'t>> bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'w, 't: 'w> IntoDeserializer<'t, Problem> for NdarrayField<'_, 'w, 't> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The elements in C order.
struct Flat<'a, 'w, 't> {
    array: &'a ArrayDe<'w, 't>,
    index: Vec<usize>,
    left: usize,
}

impl<'w, 't: 'w> SeqAccess<'t> for Flat<'_, 'w, 't> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let place =
            (0..self.index.len()).map(|dimension| self.index[dimension] * self.array.stride(dimension)).sum();
        for dimension in (0..self.index.len()).rev() {
            self.index[dimension] += 1;
            if self.index[dimension] < self.array.array.shape[dimension] {
                break;
            }
            self.index[dimension] = 0;
        }
        seed.deserialize(self.array.cell(place)?).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}
