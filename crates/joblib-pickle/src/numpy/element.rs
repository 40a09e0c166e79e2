//! One element of an array as a serde deserializer.

use joblib_array::DType;
use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::dtype::{Field, Kind, Layout};
use crate::de::plain;
use crate::de::problem::Problem;
use crate::de::typed;
use crate::de::whole;
use crate::meaning::moment::Moment;
use crate::meaning::span::Span;
use crate::meaning::zone::Zone;
use joblib_array::{forward, half_to_f32};

/// The bytes of one element and what they mean.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) bytes: &'a [u8],
    /// Whether times without a zone are known to be in UTC, as a pandas column with a zone keeps them.
    pub(crate) utc: bool,
}

/// A number.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number {
    Bool(bool),
    Int(i64),
    Uint(u64),
    F32(f32),
    F64(f64),
    Complex(f64, f64),
}

/// The first `N` bytes as this machine's.
fn word<const N: usize>(bytes: &[u8], big_endian: bool) -> [u8; N] {
    let mut word = [0; N];
    // The element was cut to its layout's size.
    word.copy_from_slice(&bytes[..N]);
    if big_endian {
        word.reverse();
    }
    word
}

/// The number that an element is.
#[inline]
pub(crate) fn number(dtype: DType, big_endian: bool, bytes: &[u8]) -> Option<Number> {
    Some(match dtype {
        DType::Bool => Number::Bool(bytes[0] != 0),
        DType::I8 => Number::Int(i64::from(bytes[0] as i8)),
        DType::I16 => Number::Int(i64::from(i16::from_le_bytes(word(bytes, big_endian)))),
        DType::I32 => Number::Int(i64::from(i32::from_le_bytes(word(bytes, big_endian)))),
        DType::I64 => Number::Int(i64::from_le_bytes(word(bytes, big_endian))),
        DType::U8 => Number::Uint(u64::from(bytes[0])),
        DType::U16 => Number::Uint(u64::from(u16::from_le_bytes(word(bytes, big_endian)))),
        DType::U32 => Number::Uint(u64::from(u32::from_le_bytes(word(bytes, big_endian)))),
        DType::U64 => Number::Uint(u64::from_le_bytes(word(bytes, big_endian))),
        DType::F16 => Number::F32(half_to_f32(u16::from_le_bytes(word(bytes, big_endian)))),
        DType::F32 => Number::F32(f32::from_le_bytes(word(bytes, big_endian))),
        DType::F64 => Number::F64(f64::from_le_bytes(word(bytes, big_endian))),
        DType::C64 => Number::Complex(
            f64::from(f32::from_le_bytes(word(bytes, big_endian))),
            f64::from(f32::from_le_bytes(word(&bytes[4..], big_endian))),
        ),
        DType::C128 => Number::Complex(
            f64::from_le_bytes(word(bytes, big_endian)),
            f64::from_le_bytes(word(&bytes[8..], big_endian)),
        ),
        _ => return None,
    })
}

/// Whether a struct is a float of the crate `half`, which is read from a struct of its bits.
pub(crate) fn is_half(name: &str) -> bool {
    matches!(name, "f16" | "bf16")
}

/// x87's 80 bits (a sign and 15 bits of exponent, 64 bits of mantissa with its leading one) as the nearest `f64`.
pub(crate) fn long_double(bytes: &[u8], big_endian: bool) -> f64 {
    let mut little = bytes.to_vec();
    if big_endian {
        little.reverse();
    }
    let mantissa = u64::from_le_bytes(word(&little, false));
    let head = u16::from_le_bytes(word(&little[8..], false));
    let sign = if head & 0x8000 == 0 { 1.0 } else { -1.0 };
    match head & 0x7fff {
        0x7fff if mantissa << 1 == 0 => sign * f64::INFINITY,
        0x7fff => f64::NAN,
        // Two steps, so that neither power leaves the range of `f64` while the product is in it.
        exponent => {
            let power = i32::from(exponent) - 16_383 - 63;
            sign * mantissa as f64 * 2_f64.powi(power / 2) * 2_f64.powi(power - power / 2)
        }
    }
}

impl<'a> Element<'a> {
    /// A count of time units; `None` for `NaT`.
    pub(crate) fn count(self) -> i64 {
        i64::from_le_bytes(word(self.bytes, self.layout.big_endian))
    }

    /// Bytes without the zeros at the end, which numpy takes for padding.
    pub(crate) fn trimmed(self) -> &'a [u8] {
        let len = self.bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        &self.bytes[..len]
    }

    pub(crate) fn text(self) -> Result<String, Problem> {
        let mut text: String = self
            .bytes
            .chunks_exact(4)
            .map(|chunk| char::from_u32(u32::from_le_bytes(word(chunk, self.layout.big_endian))))
            .collect::<Option<_>>()
            .ok_or_else(|| Problem::corrupt("a string with a character beyond Unicode"))?;
        text.truncate(text.trim_end_matches('\0').len());
        Ok(text)
    }

    /// Whether the element is a float that is not a number.
    pub(crate) fn is_nan(self) -> bool {
        match &self.layout.kind {
            Kind::Number(dtype) => match number(*dtype, self.layout.big_endian, self.bytes) {
                Some(Number::F64(value)) => value.is_nan(),
                Some(Number::F32(value)) => value.is_nan(),
                _ => false,
            },
            _ => false,
        }
    }

    /// The element's bits, if it has the format of the type of that name in the crate `half`.
    fn half_bits(self, name: &str) -> Option<u16> {
        let has_format = match (&self.layout.kind, name) {
            (Kind::Number(DType::F16), "f16") => true,
            (Kind::Small(format), "bf16") => format.name == "bfloat16",
            _ => false,
        };
        has_format.then(|| u16::from_le_bytes(word(self.bytes, self.layout.big_endian)))
    }

    /// Whether the element says that there is no value: `NaT`.
    pub(crate) fn is_missing(self) -> bool {
        matches!(self.layout.kind, Kind::DateTime(_) | Kind::TimeDelta(_)) && self.count() == i64::MIN
    }

    /// A date or time as text.
    pub(crate) fn time_text(self) -> Option<String> {
        match self.layout.kind {
            Kind::DateTime(unit) => {
                let text = Moment::numpy_text(self.count(), unit)?;
                Some(if self.utc { text + "+00:00" } else { text })
            }
            Kind::TimeDelta(unit) => Some(match Span::from_count(self.count(), unit) {
                Some(span) => span.to_string(),
                None if self.is_missing() => return None,
                None => format!("{} {unit}", self.count()),
            }),
            _ => None,
        }
    }

    fn seconds(self) -> Option<f64> {
        match self.layout.kind {
            Kind::DateTime(unit) => Moment::from_count(self.count(), unit)?
                .nanoseconds()
                .map(|nanoseconds| Span { nanoseconds }.seconds()),
            Kind::TimeDelta(unit) => Span::from_count(self.count(), unit).map(Span::seconds),
            _ => None,
        }
    }

    /// A date or time for a type that takes it in a form of its own.
    fn typed<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let text = |visitor: V| match self.time_text() {
            Some(text) => visitor.visit_string(text),
            None => visitor.visit_i64(self.count()),
        };
        match self.layout.kind {
            Kind::DateTime(unit) => match Moment::from_count(self.count(), unit) {
                Some(moment) if self.utc => {
                    typed::moment(&Moment { zone: Zone::Offset(0), ..moment }, visitor)
                }
                Some(moment) => typed::moment(&moment, visitor),
                None => text(visitor),
            },
            Kind::TimeDelta(unit) => match Span::from_count(self.count(), unit) {
                Some(span) => typed::span(span, visitor, text),
                None => text(visitor),
            },
            _ => text(visitor),
        }
    }

    pub(crate) fn field(self, field: &'a Field) -> Self {
        Self {
            layout: &field.layout,
            bytes: &self.bytes[field.offset..field.offset + field.layout.size],
            ..self
        }
    }

    pub(crate) fn items(self, layout: &'a Layout, shape: &'a [usize]) -> Items<'a> {
        Items { element: Element { layout, ..self }, shape }
    }
}

/// An array within an element.
#[derive(Clone, Copy)]
pub(crate) struct Items<'a> {
    element: Element<'a>,
    shape: &'a [usize],
}

impl<'a> Items<'a> {
    /// The elements in C order.
    pub(crate) fn flat(self) -> Vec<Element<'a>> {
        if self.shape.is_empty() { vec![self.element] } else { self.parts().flat_map(Self::flat).collect() }
    }

    fn parts(self) -> impl Iterator<Item = Self> + 'a {
        let (len, inner) = self.shape.split_first().map_or((0, self.shape), |(&len, inner)| (len, inner));
        let size = inner.iter().product::<usize>() * self.element.layout.size;
        // Elements without bytes could be any number.
        let len = if size == 0 { 0 } else { len };
        (0..len).map(move |i| Items {
            element: Element { bytes: &self.element.bytes[i * size..(i + 1) * size], ..self.element },
            shape: inner,
        })
    }
}

impl<'de> Deserializer<'de> for Items<'_> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.shape.is_empty() {
            return self.element.deserialize_any(visitor);
        }
        whole::visit(SeqDeserializer::new(self.parts()), visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.shape.is_empty() {
            self.element.deserialize_option(visitor)
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.shape.is_empty() {
            self.element.deserialize_str(visitor)
        } else {
            self.deserialize_any(visitor)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        if self.shape.is_empty() {
            self.element.deserialize_newtype_struct(name, visitor)
        } else {
            visitor.visit_newtype_struct(self)
        }
    }

    forward! { <'de>(self, visitor) deserialize_string => self.deserialize_str(visitor); }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl IntoDeserializer<'_, Problem> for Items<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl IntoDeserializer<'_, Problem> for Element<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Element<'_> {
    type Error = Problem;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match &self.layout.kind {
            Kind::Number(dtype) => match number(*dtype, self.layout.big_endian, self.bytes) {
                Some(Number::Bool(value)) => visitor.visit_bool(value),
                Some(Number::Int(value)) => visitor.visit_i64(value),
                Some(Number::Uint(value)) => visitor.visit_u64(value),
                Some(Number::F32(value)) => visitor.visit_f32(value),
                Some(Number::F64(value)) => visitor.visit_f64(value),
                Some(Number::Complex(re, im)) => {
                    whole::visit(SeqDeserializer::new([re, im].into_iter()), visitor)
                }
                None => Err(Problem::wrong(format!("an element of dtype {}", self.layout.name()))),
            },
            Kind::LongDouble => visitor.visit_f64(long_double(self.bytes, self.layout.big_endian)),
            Kind::ComplexLongDouble => {
                let (re, im) = self.bytes.split_at(self.bytes.len() / 2);
                let parts = [re, im].map(|part| long_double(part, self.layout.big_endian));
                whole::visit(SeqDeserializer::new(parts.into_iter()), visitor)
            }
            Kind::Bytes => visitor.visit_bytes(self.trimmed()),
            Kind::Void => visitor.visit_bytes(self.bytes),
            Kind::Text => visitor.visit_string(self.text()?),
            Kind::DateTime(_) | Kind::TimeDelta(_) if typed::is_asked_for(&visitor) && !self.is_missing() => {
                self.typed(visitor)
            }
            Kind::DateTime(_) | Kind::TimeDelta(_) => match self.time_text() {
                Some(text) => visitor.visit_string(text),
                None if self.is_missing() => visitor.visit_unit(),
                None => visitor.visit_i64(self.count()),
            },
            Kind::Struct(fields) => visitor.visit_map(MapDeserializer::new(
                fields.iter().map(|field| (StrDeserializer::<Problem>::new(&field.name), self.field(field))),
            )),
            Kind::Sub(layout, shape) => self.items(layout, shape).deserialize_any(visitor),
            Kind::Small(format) => visitor.visit_f32(format.value(self.bytes, self.layout.big_endian)),
            Kind::Narrow(narrow) => visitor.visit_i64(narrow.value(self.bytes).into()),
            Kind::Unknown(name) => Err(Problem::wrong(format!(
                "an element of dtype {name}, which this reader does not know: load it as a `Value`, or leave it out"
            ))),
            // Arrays of objects have nodes, not bytes, and no other array has objects in it.
            Kind::Object | Kind::Strings => Err(Problem::corrupt("an object where bytes were expected")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.is_missing() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.layout.kind {
            Kind::Bytes => match std::str::from_utf8(self.trimmed()) {
                Ok(text) => visitor.visit_str(text),
                Err(_) => visitor.visit_bytes(self.trimmed()),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.layout.kind {
            Kind::DateTime(_) | Kind::TimeDelta(_) => visitor.visit_i64(self.count()),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.layout.kind {
            Kind::DateTime(_) | Kind::TimeDelta(_) => match self.seconds() {
                Some(seconds) => visitor.visit_f64(seconds),
                None if self.is_missing() => visitor.visit_f64(f64::NAN),
                None => self.deserialize_any(visitor),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match &self.layout.kind {
            Kind::Struct(fields) => {
                whole::visit(SeqDeserializer::new(fields.iter().map(|field| self.field(field))), visitor)
            }
            Kind::Bytes => whole::visit(SeqDeserializer::new(self.trimmed().iter().copied()), visitor),
            Kind::Void => whole::visit(SeqDeserializer::new(self.bytes.iter().copied()), visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match self.half_bits(name) {
            Some(bits) => visitor.visit_newtype_struct(IntoDeserializer::<Problem>::into_deserializer(bits)),
            None => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match self.layout.kind {
            Kind::TimeDelta(unit) if name == "Duration" => match Span::from_count(self.count(), unit) {
                Some(span) => plain::duration(span, visitor),
                None => self.deserialize_any(visitor),
            },
            Kind::DateTime(unit) => match Moment::from_count(self.count(), unit) {
                Some(moment) => plain::moment(&moment, name, visitor),
                None => self.deserialize_any(visitor),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    forward! { <'de>(self, visitor)
        deserialize_string deserialize_char deserialize_identifier => self.deserialize_str(visitor);
        deserialize_tuple deserialize_tuple_struct => self.deserialize_seq(visitor);
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 bytes byte_buf unit unit_struct
        map enum ignored_any
    }
}
