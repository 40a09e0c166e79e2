//! A pickle's nodes as serde deserializers: how Python's values become Rust's. The module's documentation has the table.

use std::rc::Rc;

use joblib_array::transfer;
use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::arrays::ArrayDe;
use super::columns::{ColumnDe, FrameColumns, FrameRows};
use super::frame::range_len;
use super::int;
use super::meaning::{self, Instance, Meaning};
use super::plain::{self, Plain};
use super::problem::Problem;
use super::tree::{Id, Node};
use super::walk::Walk;

/// A node to be made a Rust value.
#[derive(Clone, Copy)]
pub(super) struct De<'w, 't> {
    pub(super) walk: &'w Walk<'t>,
    pub(super) id: Id,
}

/// What the caller asked for, where an object's meaning has several forms.
#[derive(Clone, Copy)]
enum Want {
    Any,
    Text,
    Float,
    Int,
    Bytes,
    Seq,
    Map(&'static str, &'static [&'static str]),
}

impl<'w, 't: 'w> De<'w, 't> {
    fn child(self, id: Id) -> Self {
        Self { id, ..self }
    }

    fn node(self) -> Node {
        self.walk.tree.node(self.id)
    }

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
        visitor.visit_borrowed_str(text)
    }

    fn bytes<V: Visitor<'t>>(self, bytes: &'t [u8], visitor: V) -> Result<V::Value, Problem> {
        self.walk.take(self.id, bytes.len())?;
        visitor.visit_borrowed_bytes(bytes)
    }

    fn seq<V: Visitor<'t>>(self, items: &'t [Id], visitor: V) -> Result<V::Value, Problem> {
        let _inside = self.walk.enter(self.id, items.len())?;
        visitor.visit_seq(Items { walk: self.walk, items, next: 0 })
    }

    fn map<V: Visitor<'t>>(self, runs: [&[Id]; 2], visitor: V) -> Result<V::Value, Problem> {
        let _inside = self.walk.enter(self.id, runs[0].len() + runs[1].len())?;
        visitor.visit_map(Pairs { walk: self.walk, pairs: runs[0], more: runs[1], next: 0 })
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
                visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied()))
            }
            _ => self.bytes(bytes, visitor),
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each meaning, in the order of the documentation's table"
    )]
    fn object<V: Visitor<'t>>(self, index: u32, want: Want, visitor: V) -> Result<V::Value, Problem> {
        match meaning::of(self.walk.tree, index) {
            Meaning::Missing => visitor.visit_unit(),
            Meaning::Mapping(pairs) => self.map([&pairs, &[]], visitor),
            Meaning::Sequence(items) => self.seq(items, visitor),
            Meaning::Complex(re, im) => match want {
                Want::Map(..) => plain::fields([("re", Plain::Float(re)), ("im", Plain::Float(im))], visitor),
                _ => visitor.visit_seq(SeqDeserializer::new([re, im].into_iter())),
            },
            Meaning::Moment(moment) => match want {
                Want::Map(name, _) => plain::moment(&moment, name, visitor),
                Want::Float => match moment.nanoseconds() {
                    Some(nanoseconds) => visitor.visit_f64(super::moment::Span { nanoseconds }.seconds()),
                    None => visitor.visit_string(moment.isoformat()),
                },
                _ => visitor.visit_string(moment.isoformat()),
            },
            Meaning::Span(span) => match want {
                Want::Map("Duration", _) => plain::duration(span, visitor),
                Want::Map(..) => {
                    let (days, seconds, micros) = span.parts();
                    let fields = [
                        ("days", Plain::Int(days)),
                        ("seconds", Plain::Int(seconds)),
                        ("microseconds", Plain::Int(micros)),
                    ];
                    plain::fields(fields, visitor)
                }
                Want::Text => visitor.visit_string(span.text()),
                Want::Int => match i64::try_from(span.nanoseconds / 1000) {
                    Ok(micros) => visitor.visit_i64(micros),
                    Err(_) => visitor.visit_i128(span.nanoseconds / 1000),
                },
                _ => visitor.visit_f64(span.seconds()),
            },
            Meaning::Decimal(digits) => match (want, digits.parse::<f64>()) {
                (Want::Float, Ok(value)) => visitor.visit_f64(value),
                (Want::Int, _) => match int::Integer::from_decimal(digits) {
                    Some(int::Integer::Small(value)) => visitor.visit_i64(value),
                    _ => self.text(digits, visitor),
                },
                _ => self.text(digits, visitor),
            },
            Meaning::Fraction(numerator, denominator) => fraction(&numerator, &denominator, want, visitor),
            Meaning::Uuid(value) => match want {
                Want::Int => visitor.visit_u128(value),
                Want::Bytes => visitor.visit_bytes(&value.to_be_bytes()),
                Want::Seq => visitor.visit_seq(SeqDeserializer::new(value.to_be_bytes().into_iter())),
                _ => visitor.visit_string(uuid_text(value)),
            },
            Meaning::Path(path) => visitor.visit_string(path),
            Meaning::Range { start, stop, step } => match want {
                // std's Range has no step.
                Want::Map("Range", ["start", "end"]) if step == 1 => {
                    plain::fields([("start", Plain::Int(start)), ("end", Plain::Int(stop))], visitor)
                }
                Want::Map(..) => {
                    let fields = [
                        ("start", Plain::Int(start)),
                        ("stop", Plain::Int(stop)),
                        ("step", Plain::Int(step)),
                    ];
                    plain::fields(fields, visitor)
                }
                _ => {
                    let len = range_len(start, stop, step);
                    self.walk.charge_values(len as u64, self.id)?;
                    let numbers = (0..len as i128).map(|i| i128::from(start) + i * i128::from(step));
                    visitor.visit_seq(SeqDeserializer::new(numbers.map(|value| value as i64)))
                }
            },
            Meaning::Slice(bounds) => {
                let _inside = self.walk.enter(self.id, 3)?;
                let bounds = bounds.map(|id| self.child(id));
                match want {
                    Want::Map(..) => {
                        let fields = ["start", "stop", "step"].into_iter().zip(bounds);
                        visitor.visit_map(MapDeserializer::new(fields))
                    }
                    _ => visitor.visit_seq(SeqDeserializer::new(bounds.into_iter())),
                }
            }
            Meaning::Masked(masked) => self.masked(masked, want, visitor),
            Meaning::Sparse(fields) => {
                let _inside = self.walk.enter(self.id, 2 * fields.len())?;
                let fields = fields.iter().map(|(name, id)| (StrDeserializer::new(name), self.child(*id)));
                visitor.visit_map(MapDeserializer::new(fields))
            }
            Meaning::Frame(frame) => match want {
                Want::Seq => {
                    let _inside = self.walk.enter(self.id, frame.rows.saturating_mul(frame.columns.len()))?;
                    visitor.visit_seq(FrameRows::new(self.walk, self.id, frame))
                }
                _ => {
                    let fields = if let Want::Map(_, fields) = want { fields } else { &[] };
                    // No guard here: each column enters with the frame's own node.
                    visitor.visit_map(FrameColumns::new(self.walk, self.id, frame, fields))
                }
            },
            Meaning::Series { name, index, values } => match want {
                Want::Map(_, fields)
                    if fields.iter().any(|field| ["name", "index", "values"].contains(field)) =>
                {
                    visitor.visit_map(SeriesParts::new(self, name, index, values))
                }
                _ => ColumnDe { walk: self.walk, id: self.id, column: values }.deserialize_any(visitor),
            },
            Meaning::Index(column) => {
                ColumnDe { walk: self.walk, id: self.id, column }.deserialize_any(visitor)
            }
            Meaning::Instance(instance) => self.instance(&instance, want, visitor),
        }
    }

    fn masked<V: Visitor<'t>>(
        self,
        masked: super::ndarray::Masked,
        want: Want,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        if let Want::Map(..) = want {
            let _inside = self.walk.enter(self.id, 6)?;
            let fields = [("data", masked.data), ("mask", masked.mask), ("fill_value", masked.fill_value)];
            return visitor.visit_map(MapDeserializer::new(
                fields.into_iter().map(|(name, id)| (name, self.child(id))),
            ));
        }
        let (Node::Array(data), Node::Array(mask)) =
            (self.walk.tree.node(masked.data), self.walk.tree.node(masked.mask))
        else {
            return Err(Problem::corrupt("a masked array without its data or its mask"));
        };
        let (data, mask) = (self.walk.tree.array(data), self.walk.tree.array(mask));
        if data.shape.len() > 1 {
            return Err(Problem::wrong(format!(
                "a masked array of shape {:?}: load it as a struct with the fields data, mask and fill_value",
                data.shape
            )));
        }
        let column = super::frame::Column::Masked { data: Rc::clone(data), mask: Rc::clone(mask) };
        ColumnDe { walk: self.walk, id: self.id, column }.deserialize_any(visitor)
    }

    fn instance<V: Visitor<'t>>(
        self,
        instance: &Instance<'t>,
        want: Want,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        if let Some(member) = instance.member {
            return self.text(member, visitor);
        }
        // A subclass of dict or list is its items; a struct may ask for its attributes.
        let wants_attributes = matches!(want, Want::Map(name, _) if !name.is_empty());
        if !instance.pairs.is_empty() && !(wants_attributes && instance.has_attributes()) {
            return self.map([instance.pairs, &[]], visitor);
        }
        if !instance.items.is_empty() && !(matches!(want, Want::Map(..)) && instance.has_attributes()) {
            return self.seq(instance.items, visitor);
        }
        if instance.has_attributes() {
            return self.map(instance.attributes, visitor);
        }
        if let Some(state) = instance.other_state {
            let _inside = self.walk.enter(self.id, 1)?;
            return self.child(state).convert(want, visitor);
        }
        match (instance.args, want) {
            // The member of an enum by its value, a subclass of a number or of str.
            (&[value], Want::Any | Want::Text | Want::Float | Want::Int | Want::Bytes) => {
                let _inside = self.walk.enter(self.id, 1)?;
                self.child(value).convert(want, visitor)
            }
            (&[value], Want::Seq) if self.walk.tree.sequence(value).is_some() => {
                let _inside = self.walk.enter(self.id, 1)?;
                self.child(value).convert(want, visitor)
            }
            (&[], Want::Any | Want::Map(..)) => self.map([&[], &[]], visitor),
            (args, _) => self.seq(args, visitor),
        }
    }

    /// What names an enum's variant: text, or the value of a member as text.
    fn variant(self) -> Option<String> {
        let tree = self.walk.tree;
        match self.node() {
            Node::Int(value) => Some(value.to_string()),
            Node::Bool(value) => Some(if value { "True" } else { "False" }.to_owned()),
            Node::Object(index) => match meaning::of(tree, index) {
                Meaning::Instance(instance) => match (instance.member, instance.args) {
                    (Some(member), _) => Some(member.to_owned()),
                    (None, &[value]) if instance.other_state.is_none() => match tree.node(value) {
                        Node::Object(_) => None,
                        _ => self.child(value).variant(),
                    },
                    _ => None,
                },
                _ => None,
            },
            _ => tree.text_of(self.id).map(str::to_owned),
        }
    }
}

fn fraction<'t, V: Visitor<'t>>(
    numerator: &str,
    denominator: &str,
    want: Want,
    visitor: V,
) -> Result<V::Value, Problem> {
    let part = |digits: &str| match digits.parse() {
        Ok(value) => Plain::Int(value),
        Err(_) => Plain::Text(digits.to_owned()),
    };
    match want {
        Want::Float => match (numerator.parse::<f64>(), denominator.parse::<f64>()) {
            (Ok(numerator), Ok(denominator)) => visitor.visit_f64(numerator / denominator),
            _ => Err(Problem::corrupt("a fraction that is none")),
        },
        Want::Seq => {
            visitor.visit_seq(SeqDeserializer::new([part(numerator), part(denominator)].into_iter()))
        }
        Want::Map(..) => {
            plain::fields([("numerator", part(numerator)), ("denominator", part(denominator))], visitor)
        }
        _ if denominator == "1" => visitor.visit_string(numerator.to_owned()),
        _ => visitor.visit_string(format!("{numerator}/{denominator}")),
    }
}

pub(super) fn uuid_text(value: u128) -> String {
    let hex = format!("{value:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
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

    fn deserialize_f32<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_i8<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i16<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i32<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i128<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u8<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u16<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u32<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u64<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u128<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_i64(visitor)
    }

    #[inline]
    fn deserialize_str<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.node() {
            Node::Str(span) => self.text(self.walk.tree.text(span), visitor),
            _ => self.convert(Want::Text, visitor),
        }
    }

    #[inline]
    fn deserialize_string<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_str(visitor)
    }

    #[inline]
    fn deserialize_identifier<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.convert(Want::Bytes, visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.convert(Want::Bytes, visitor)
    }

    fn deserialize_option<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.node() {
            Node::None => visitor.visit_none(),
            Node::Class(index) if self.walk.tree.is_na(index) => visitor.visit_none(),
            Node::Object(index) => match meaning::of(self.walk.tree, index) {
                Meaning::Missing => visitor.visit_none(),
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
                    transfer::deliver(super::listed::array(self.walk, self.id)?, visitor)
                }
                Node::Object(index) => match meaning::of(self.walk.tree, index) {
                    Meaning::Series { values: column, .. } | Meaning::Index(column) => {
                        ColumnDe { walk: self.walk, id: self.id, column }
                            .deserialize_newtype_struct(name, visitor)
                    }
                    Meaning::Masked(masked) => super::listed::unmasked(self, masked, visitor),
                    _ => Err(Problem::wrong("expected an array, found an object of another class")),
                },
                _ => self.convert(Want::Any, visitor),
            };
        }
        if name == super::value_serde::NAME {
            return super::value_serde::deliver(self, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.convert(Want::Seq, visitor)
    }

    fn deserialize_tuple<V: Visitor<'t>>(self, _: usize, visitor: V) -> Result<V::Value, Problem> {
        self.convert(Want::Seq, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'t>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.convert(Want::Seq, visitor)
    }

    fn deserialize_map<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.convert(Want::Map("", &[]), visitor)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'t>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match self.node() {
            Node::Dict(items) => self.map([self.walk.tree.items(items), &[]], visitor),
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

    fn deserialize_ignored_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_unit()
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    forward_to_deserialize_any! { <V: Visitor<'t>> bool unit }
}

impl<'w, 't: 'w> IntoDeserializer<'t, Problem> for De<'w, 't> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

struct Items<'a, 'w, 't> {
    walk: &'w Walk<'t>,
    items: &'a [Id],
    next: usize,
}

impl<'w, 't: 'w> SeqAccess<'t> for Items<'_, 'w, 't> {
    type Error = Problem;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        let Some(&id) = self.items.get(self.next) else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        match seed.deserialize(De { walk: self.walk, id }) {
            Ok(value) => Ok(Some(value)),
            Err(problem) => Err(problem.inside(format!("[{index}]"))),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len() - self.next)
    }
}

struct Pairs<'a, 'w, 't> {
    walk: &'w Walk<'t>,
    pairs: &'a [Id],
    more: &'a [Id],
    next: usize,
}

impl<'w, 't: 'w> MapAccess<'t> for Pairs<'_, 'w, 't> {
    type Error = Problem;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'t>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        if self.next == self.pairs.len() {
            (self.pairs, self.more, self.next) = (self.more, &[], 0);
        }
        let Some(&id) = self.pairs.get(self.next) else { return Ok(None) };
        seed.deserialize(De { walk: self.walk, id }).map(Some)
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<T::Value, Problem> {
        let Some(&id) = self.pairs.get(self.next + 1) else {
            return Err(Problem::wrong("a value was asked for before its key"));
        };
        let key = self.pairs[self.next];
        self.next += 2;
        match seed.deserialize(De { walk: self.walk, id }) {
            Ok(value) => Ok(value),
            Err(problem) => Err(problem.inside(key_text(self.walk, key))),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some((self.pairs.len() - self.next + self.more.len()) / 2)
    }
}

#[cold]
fn key_text(walk: &Walk<'_>, key: Id) -> String {
    match (walk.tree.text_of(key), walk.tree.node(key)) {
        (Some(text), _) => format!(".{text}"),
        (None, Node::Int(value)) => format!("[{value}]"),
        _ => "[…]".to_owned(),
    }
}

struct Tagged<'w, 't> {
    variant: De<'w, 't>,
    content: De<'w, 't>,
}

impl<'w, 't: 'w> EnumAccess<'t> for Tagged<'w, 't> {
    type Error = Problem;
    type Variant = De<'w, 't>;

    fn variant_seed<T: DeserializeSeed<'t>>(self, seed: T) -> Result<(T::Value, De<'w, 't>), Problem> {
        Ok((seed.deserialize(self.variant)?, self.content))
    }
}

impl<'w, 't: 'w> VariantAccess<'t> for De<'w, 't> {
    type Error = Problem;

    fn unit_variant(self) -> Result<(), Problem> {
        serde::Deserialize::deserialize(self)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'t>>(self, seed: T) -> Result<T::Value, Problem> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'t>>(self, _: usize, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'t>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.deserialize_struct("", fields, visitor)
    }
}

/// A series as a struct with the fields `name`, `index` and `values`.
struct SeriesParts<'w, 't> {
    de: De<'w, 't>,
    name: Option<Id>,
    columns: std::vec::IntoIter<(&'static str, super::frame::Column)>,
    name_taken: bool,
    value: Option<super::frame::Column>,
}

impl<'w, 't> SeriesParts<'w, 't> {
    fn new(
        de: De<'w, 't>,
        name: Option<Id>,
        index: Option<super::frame::Column>,
        values: super::frame::Column,
    ) -> Self {
        let mut columns = vec![("values", values)];
        columns.extend(index.map(|index| ("index", index)));
        Self { de, name, columns: columns.into_iter(), name_taken: name.is_none(), value: None }
    }
}

impl<'w, 't: 'w> MapAccess<'t> for SeriesParts<'w, 't> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'t>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        if !self.name_taken {
            return seed.deserialize("name".into_deserializer()).map(Some);
        }
        let Some((name, column)) = self.columns.next() else { return Ok(None) };
        self.value = Some(column);
        seed.deserialize(name.into_deserializer()).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<T::Value, Problem> {
        if let Some(name) = self.name.filter(|_| !self.name_taken) {
            self.name_taken = true;
            return seed.deserialize(self.de.child(name));
        }
        let Some(column) = self.value.take() else {
            return Err(Problem::wrong("a value was asked for before its key"));
        };
        seed.deserialize(ColumnDe { walk: self.de.walk, id: self.de.id, column })
    }
}
