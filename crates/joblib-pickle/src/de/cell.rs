//! One value of an array or a column.

use serde::de::{Deserializer, IntoDeserializer, Visitor};

use super::column::Values;
use super::node::De;
use super::problem::Problem;
use crate::numpy::element::Element;
use crate::tree::Node;

/// A value of an array or a column.
pub(crate) enum Cell<'a, 'w, 't> {
    Missing,
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// A value of a class that is not known.
    Unknown(String),
    Element(Element<'a>),
    /// Several values together.
    Values(Values<'w, 't>),
    Node {
        de: De<'w, 't>,
        nan_is_missing: bool,
    },
}

/// Methods that whatever is in the cell answers.
macro_rules! by_content {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {$(
        #[inline]
        fn $method<V: Visitor<'t>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Problem> {
            match self {
                Self::Missing => visitor.visit_unit(),
                Self::Int(value) => visitor.visit_i64(value),
                Self::Text(text) => visitor.visit_str(text),
                Self::Bytes(bytes) => visitor.visit_bytes(bytes),
                Self::Values(values) => values.any(visitor),
                Self::Unknown(class) => Err(unknown(&class)),
                Self::Element(element) => element.$method($($argument,)* visitor),
                Self::Node { de, .. } => de.$method($($argument,)* visitor),
            }
        }
    )*};
}

/// Methods that ask several values for a form of theirs.
macro_rules! composed {
    ($($form:ident [$($method:ident($($argument:ident: $type:ty),*))*])*) => {$($(
        fn $method<V: Visitor<'t>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Problem> {
            match self {
                Self::Values(values) => values.$form(visitor),
                Self::Element(element) => element.$method($($argument,)* visitor),
                Self::Node { de, .. } => de.$method($($argument,)* visitor),
                _ => self.deserialize_any(visitor),
            }
        }
    )*)*};
}

impl Cell<'_, '_, '_> {
    /// Whether there is no value.
    pub(super) fn is_missing(&self) -> bool {
        match self {
            Self::Missing => true,
            Self::Element(element) => element.is_missing() || element.is_nan(),
            _ => false,
        }
    }
}

impl<'w, 't: 'w> Deserializer<'t> for Cell<'_, 'w, 't> {
    type Error = Problem;

    by_content! {
        deserialize_any() deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64()
        deserialize_i128() deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf() deserialize_unit()
        deserialize_identifier() deserialize_unit_struct(name: &'static str)
    }

    composed! {
        seq [
            deserialize_seq() deserialize_tuple(len: usize)
            deserialize_tuple_struct(name: &'static str, len: usize)
        ]
        map [deserialize_map() deserialize_struct(name: &'static str, fields: &'static [&'static str])]
    }

    fn deserialize_enum<V: Visitor<'t>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match self {
            Self::Text(text) => visitor.visit_enum(text.into_deserializer()),
            Self::Element(element) => element.deserialize_enum(name, variants, visitor),
            Self::Node { de, .. } => de.deserialize_enum(name, variants, visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self {
            Self::Missing => visitor.visit_none(),
            Self::Int(_) | Self::Text(_) | Self::Bytes(_) | Self::Values(_) | Self::Unknown(_) => {
                visitor.visit_some(self)
            }
            Self::Element(element) => element.deserialize_option(visitor),
            Self::Node { de, nan_is_missing: true } if matches!(de.walk.tree.node(de.id), Node::Float(value) if value.is_nan()) => {
                visitor.visit_none()
            }
            Self::Node { de, .. } => de.deserialize_option(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'t>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match self {
            Self::Element(element) => element.deserialize_newtype_struct(name, visitor),
            Self::Node { de, .. } => de.deserialize_newtype_struct(name, visitor),
            other => visitor.visit_newtype_struct(other),
        }
    }
}

fn unknown(class: &str) -> Problem {
    Problem::wrong(format!(
        "values of {class}, which this reader does not know: load them as a `Value`, or leave them out"
    ))
}
