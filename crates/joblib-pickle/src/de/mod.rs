//! A pickle's nodes as serde deserializers: how Python's values become Rust's. The module's documentation has the table.

mod access;
pub(crate) mod arrays;
pub(crate) mod cell;
pub(crate) mod column;
mod columns;
mod frames;
mod keys;
pub(crate) mod label;
mod listed;
pub(crate) mod node;
pub(crate) mod object;
pub(crate) mod plain;
pub(crate) mod problem;
pub(crate) mod typed;
mod values;
pub(crate) mod walk;
pub(crate) mod whole;

use std::rc::Rc;

use joblib_array::transfer;
use serde::de::value::SeqDeserializer;
use serde::de::{Deserializer, IntoDeserializer, Visitor};

use self::access::{InOrder, Items, Pairs, Tagged};
use self::arrays::ArrayDe;
use self::column::ColumnDe;
use self::node::{De, Want};
use self::problem::Problem;
use crate::int;
use crate::meaning::frame::Series;
use crate::meaning::{self, Meaning};
use crate::numpy::element::is_half;
use crate::tree::{Id, Node};
use crate::value::conversion;
use joblib_array::forward;

impl<'w, 't: 'w> De<'w, 't> {
    fn array(self, index: u32) -> ArrayDe<'w, 't> {
        ArrayDe {
            walk: self.walk,
            id: self.id,
            array: Rc::clone(self.walk.tree.array(index)),
            utc: false,
            nan_is_missing: false,
        }
    }

    fn text<V: Visitor<'t>>(self, text: &'t str, visitor: V) -> Result<V::Value, Problem> {
        self.walk.take(self.id, text.len())?;
        match typed::moment_of_text(text, &visitor) {
            Some(moment) => typed::moment(&moment, visitor),
            None => visitor.visit_borrowed_str(text),
        }
    }

    fn bytes<V: Visitor<'t>>(self, bytes: &'t [u8], visitor: V) -> Result<V::Value, Problem> {
        self.walk.take(self.id, bytes.len())?;
        visitor.visit_borrowed_bytes(bytes)
    }

    fn seq<V: Visitor<'t>>(self, items: &'t [Id], visitor: V) -> Result<V::Value, Problem> {
        let _inside = self.walk.enter(self.id, items.len())?;
        whole::visit(InOrder::new(Items { walk: self.walk, ids: items }, items.len()), visitor)
    }

    fn map<V: Visitor<'t>>(self, runs: [&[Id]; 2], visitor: V) -> Result<V::Value, Problem> {
        self.entries(runs, false, visitor)
    }

    fn entries<V: Visitor<'t>>(
        self,
        [first, more]: [&[Id]; 2],
        checked: bool,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let _inside = self.walk.enter(self.id, first.len() + more.len())?;
        visitor.visit_map(Pairs { walk: self.walk, first, more, next: 0, checked })
    }

    fn long<V: Visitor<'t>>(bytes: &[u8], visitor: V) -> Result<V::Value, Problem> {
        if let Some(value) = int::wide(bytes) {
            return match u64::try_from(value) {
                Ok(value) => visitor.visit_u64(value),
                Err(_) => visitor.visit_i128(value),
            };
        }
        if let Some(value) = int::wide_unsigned(bytes) {
            return visitor.visit_u128(value);
        }
        visitor.visit_string(int::decimal(bytes))
    }

    /// The node as `want`, with what its kind is otherwise.
    fn convert<V: Visitor<'t>>(self, want: Want, visitor: V) -> Result<V::Value, Problem> {
        let tree = self.walk.tree;
        match self.node() {
            Node::None => visitor.visit_unit(),
            Node::Bool(value) => visitor.visit_bool(value),
            Node::Int(value) => visitor.visit_i64(value),
            Node::Float(value) => visitor.visit_f64(value),
            Node::Long(span) => {
                let bytes = tree.pool_bytes(span);
                self.walk.take(self.id, bytes.len())?;
                match want {
                    Want::Text => visitor.visit_string(int::decimal(bytes)),
                    Want::Bytes => visitor.visit_borrowed_bytes(bytes),
                    Want::Float => visitor.visit_f64(int::decimal(bytes).parse().unwrap_or(f64::NAN)),
                    _ => Self::long(bytes, visitor),
                }
            }
            Node::Str(span) => self.text(tree.text(span), visitor),
            Node::OldStr(span) => match (std::str::from_utf8(tree.pool_bytes(span)), want) {
                (Ok(text), want) if !matches!(want, Want::Bytes | Want::Seq) => self.text(text, visitor),
                _ => self.raw_bytes(tree.pool_bytes(span), want, visitor),
            },
            Node::Bytes(span) | Node::ByteArray(span) => self.raw_bytes(tree.pool_bytes(span), want, visitor),
            Node::Blob(index) => self.raw_bytes(tree.blob(index).buffer.as_bytes(), want, visitor),
            Node::List(items) | Node::Tuple(items) | Node::Set(items) | Node::FrozenSet(items) => {
                self.seq(tree.items(items), visitor)
            }
            Node::Dict(items) => self.map([tree.items(items), &[]], visitor),
            Node::Class(index) if tree.is_na(index) => visitor.visit_unit(),
            Node::Class(index) => visitor.visit_string(tree.class_at(index).path()),
            Node::Persistent(id) => self.child(id).convert(want, visitor),
            Node::Array(index) => {
                let array = self.array(index);
                match want {
                    Want::Any => array.deserialize_any(visitor),
                    Want::Text => array.deserialize_str(visitor),
                    Want::Float => array.deserialize_f64(visitor),
                    Want::Int => array.deserialize_i64(visitor),
                    Want::Bytes => array.deserialize_bytes(visitor),
                    Want::Seq => array.deserialize_seq(visitor),
                    Want::Map("", _) => array.deserialize_map(visitor),
                    Want::Map(name, fields) => array.deserialize_struct(name, fields, visitor),
                }
            }
            Node::Object(index) => self.object(index, want, visitor),
        }
    }

    fn raw_bytes<V: Visitor<'t>>(self, bytes: &'t [u8], want: Want, visitor: V) -> Result<V::Value, Problem> {
        match (want, std::str::from_utf8(bytes)) {
            (Want::Text, Ok(text)) => self.text(text, visitor),
            (Want::Seq, _) => {
                self.walk.take(self.id, bytes.len())?;
                whole::visit(SeqDeserializer::new(bytes.iter().copied()), visitor)
            }
            _ => self.bytes(bytes, visitor),
        }
    }
}

impl<'w, 't: 'w> Deserializer<'t> for De<'w, 't> {
    type Error = Problem;

    #[inline]
    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.convert(Want::Any, visitor)
    }

    #[inline]
    fn deserialize_i64<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.node() {
            Node::Int(value) => visitor.visit_i64(value),
            _ => self.convert(Want::Int, visitor),
        }
    }

    #[inline]
    fn deserialize_f64<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.node() {
            Node::Float(value) => visitor.visit_f64(value),
            _ => self.convert(Want::Float, visitor),
        }
    }

    #[inline]
    fn deserialize_str<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.node() {
            Node::Str(span) => self.text(self.walk.tree.text(span), visitor),
            Node::OldStr(span) if std::str::from_utf8(self.walk.tree.pool_bytes(span)).is_err() => {
                Err(Problem::wrong(
                    "expected text, found a `str` of Python 2 that is not UTF-8: set the encoding, such as Latin-1, or \
                     load it as bytes",
                ))
            }
            _ => self.convert(Want::Text, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.node() {
            Node::None => visitor.visit_none(),
            Node::Class(index) if self.walk.tree.is_na(index) => visitor.visit_none(),
            Node::Object(index) => match meaning::of(self.walk.tree, index) {
                Meaning::Missing => visitor.visit_none(),
                Meaning::Same(id) => {
                    let _inside = self.walk.enter(self.id, 1)?;
                    self.child(id).deserialize_option(visitor)
                }
                _ => visitor.visit_some(self),
            },
            Node::Array(index) => {
                let array = self.array(index);
                if array.array.scalar { array.deserialize_option(visitor) } else { visitor.visit_some(self) }
            }
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'t>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        if name == transfer::NAME {
            return match self.node() {
                Node::Array(index) => self.array(index).deserialize_newtype_struct(name, visitor),
                Node::List(_) | Node::Tuple(_) => {
                    transfer::deliver(listed::array(self.walk, self.id)?, visitor)
                }
                Node::Object(index) => match meaning::of(self.walk.tree, index) {
                    Meaning::Series(Series { values: column, .. }) | Meaning::Index(column) => {
                        ColumnDe { walk: self.walk, id: self.id, column }
                            .deserialize_newtype_struct(name, visitor)
                    }
                    Meaning::Masked(masked) => listed::unmasked(self, masked, visitor),
                    _ => Err(Problem::wrong("expected an array, found an object of another class")),
                },
                _ => self.convert(Want::Any, visitor),
            };
        }
        if name == conversion::NAME {
            return conversion::deliver(self, visitor);
        }
        match self.node() {
            Node::Array(index) if is_half(name) => {
                self.array(index).deserialize_newtype_struct(name, visitor)
            }
            // The types of `half` take other floats too.
            Node::Float(value) if is_half(name) => visitor.visit_f64(value),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'t>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match self.node() {
            Node::Dict(items) => self.entries([self.walk.tree.items(items), &[]], true, visitor),
            _ => self.convert(Want::Map(name, fields), visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'t>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        if let Some(name) = self.variant() {
            return visitor.visit_enum(name.into_deserializer());
        }
        let tree = self.walk.tree;
        // `{variant: content}`, as serde's formats have it.
        match self.node() {
            Node::Dict(items) => match *tree.items(items) {
                [variant, content] => {
                    let _inside = self.walk.enter(self.id, 2)?;
                    visitor.visit_enum(Tagged { variant: self.child(variant), content: self.child(content) })
                }
                _ => Err(Problem::wrong(
                    "an enum is a text, or a dict of one entry: its variant and what is in it",
                )),
            },
            _ => self.convert(Want::Any, visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'t>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match self.node() {
            // An instance without a state has nothing that a unit could lose.
            Node::Object(_) => visitor.visit_unit(),
            _ => self.convert(Want::Any, visitor),
        }
    }

    forward! { <'t>(self, visitor)
        deserialize_bool deserialize_unit => self.deserialize_any(visitor);
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i128 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64 deserialize_u128 => self.deserialize_i64(visitor);
        deserialize_f32 => self.deserialize_f64(visitor);
        deserialize_string deserialize_char => self.deserialize_str(visitor);
        deserialize_identifier => self.convert(Want::Text, visitor);
        deserialize_bytes deserialize_byte_buf => self.convert(Want::Bytes, visitor);
        deserialize_seq deserialize_tuple deserialize_tuple_struct => self.convert(Want::Seq, visitor);
        deserialize_map => self.convert(Want::Map("", &[]), visitor);
        deserialize_ignored_any => visitor.visit_unit();
    }
}

impl<'w, 't: 'w> IntoDeserializer<'t, Problem> for De<'w, 't> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
