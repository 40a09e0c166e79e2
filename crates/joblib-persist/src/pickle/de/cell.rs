//! One value of an array or a column.

use serde::de::{Deserializer, Visitor};

use super::De;
use super::problem::Problem;
use crate::pickle::numpy::element::Element;
use crate::pickle::tree::Node;

/// A value of an array or a column.
pub(in crate::pickle) enum Cell<'a, 'w, 't> {
    Missing,
    Int(i64),
    Element(Element<'a>),
    Node { de: De<'w, 't>, nan_is_missing: bool },
}

/// Methods that whatever is in the cell answers.
macro_rules! by_content {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {$(
        #[inline]
        fn $method<V: Visitor<'t>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Problem> {
            match self {
                Self::Missing => visitor.visit_unit(),
                Self::Int(value) => visitor.visit_i64(value),
                Self::Element(element) => element.$method($($argument,)* visitor),
                Self::Node { de, .. } => de.$method($($argument,)* visitor),
            }
        }
    )*};
}

impl<'w, 't: 'w> Deserializer<'t> for Cell<'_, 'w, 't> {
    type Error = Problem;

    by_content! {
        deserialize_any() deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64()
        deserialize_i128() deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf() deserialize_unit() deserialize_seq() deserialize_map()
        deserialize_identifier() deserialize_ignored_any() deserialize_unit_struct(name: &'static str)
        deserialize_tuple(len: usize) deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }

    fn deserialize_option<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self {
            Self::Missing => visitor.visit_none(),
            Self::Int(_) => visitor.visit_some(self),
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
            Self::Node { de, .. } => de.deserialize_newtype_struct(name, visitor),
            other => visitor.visit_newtype_struct(other),
        }
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}
