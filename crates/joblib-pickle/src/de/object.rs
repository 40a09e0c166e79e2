//! Objects: the form that a value's meaning takes, by what was asked for.

use std::rc::Rc;

use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};

use super::column::ColumnDe;
use super::frames::{FrameColumns, FrameRows, SeriesParts};
use super::label::AsText;
use super::node::{De, Want};
use super::plain::{self, Plain};
use super::problem::Problem;
use super::{typed, whole};
use crate::class::{Class, Known};
use crate::int::{self, uuid_text};
use crate::meaning::column::{Column, range_len};
use crate::meaning::frame::Series;
use crate::meaning::span::Span;
use crate::meaning::{self, Instance, Meaning};
use crate::numpy::dtype::Kind;
use crate::numpy::ndarray::Masked;
use crate::tree::{Id, Node, Tree};

impl<'w, 't: 'w> De<'w, 't> {
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each meaning, in the order of the documentation's table"
    )]
    pub(super) fn object<V: Visitor<'t>>(
        self,
        index: u32,
        want: Want,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match meaning::of(self.walk.tree, index) {
            Meaning::Missing => visitor.visit_unit(),
            Meaning::Same(id) => {
                let _inside = self.walk.enter(self.id, 1)?;
                self.child(id).convert(want, visitor)
            }
            Meaning::Mapping(pairs) => self.map([&pairs, &[]], visitor),
            Meaning::Sequence(items) => self.seq(items, visitor),
            Meaning::Complex(re, im) => match want {
                Want::Map(..) => plain::fields([("re", Plain::Float(re)), ("im", Plain::Float(im))], visitor),
                _ => whole::visit(SeqDeserializer::new([re, im].into_iter()), visitor),
            },
            Meaning::Moment(moment) => match want {
                Want::Map(name, _) => plain::moment(&moment, name, visitor),
                Want::Float => match moment.nanoseconds() {
                    Some(nanoseconds) => visitor.visit_f64(Span { nanoseconds }.seconds()),
                    None => visitor.visit_string(moment.to_string()),
                },
                _ => typed::moment(&moment, visitor),
            },
            Meaning::Span(span) => typed::span(span, visitor, |visitor| match want {
                Want::Map("Duration", _) => plain::duration(span, visitor),
                Want::Map(..) => {
                    let (days, seconds, micros) = span.parts();
                    let nanos = (span.nanoseconds.rem_euclid(1000)) as i64;
                    let fields = [
                        ("days", Plain::Int(days)),
                        ("seconds", Plain::Int(seconds)),
                        ("microseconds", Plain::Int(micros)),
                        ("nanoseconds", Plain::Int(nanos)),
                    ];
                    plain::fields(fields, visitor)
                }
                Want::Text => visitor.visit_string(span.to_string()),
                Want::Int if span.nanoseconds % 1000 != 0 => Err(Problem::wrong(format!(
                    "the timedelta {span} is not a whole number of microseconds: load it as seconds in an f64, as a Duration or as text"
                ))),
                Want::Int => match i64::try_from(span.nanoseconds / 1000) {
                    Ok(micros) => visitor.visit_i64(micros),
                    Err(_) => visitor.visit_i128(span.nanoseconds / 1000),
                },
                _ => visitor.visit_f64(span.seconds()),
            }),
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
                Want::Seq => whole::visit(SeqDeserializer::new(value.to_be_bytes().into_iter()), visitor),
                _ => visitor.visit_string(uuid_text(value)),
            },
            Meaning::Path(path) => visitor.visit_string(path),
            Meaning::Pattern(pattern, flags) => {
                self.walk.take(self.id, pattern.len())?;
                let parts = [Plain::Text(pattern.to_owned()), Plain::Int(flags)];
                match want {
                    Want::Map(..) => {
                        let [pattern, flags] = parts;
                        plain::fields([("pattern", pattern), ("flags", flags)], visitor)
                    }
                    Want::Seq => whole::visit(SeqDeserializer::new(parts.into_iter()), visitor),
                    _ => visitor.visit_string(meaning::pattern_text(pattern, flags)),
                }
            }
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
                    whole::visit(SeqDeserializer::new(numbers.map(|value| value as i64)), visitor)
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
                    _ => whole::visit(SeqDeserializer::new(bounds.into_iter()), visitor),
                }
            }
            Meaning::Masked(masked) => self.masked(masked, want, visitor),
            Meaning::Sparse(fields) => {
                let _inside = self.walk.enter(self.id, 2 * fields.len())?;
                let fields = fields.iter().map(|(name, id)| (StrDeserializer::new(name), self.child(*id)));
                visitor.visit_map(MapDeserializer::new(fields))
            }
            Meaning::Frame(frame) => {
                if matches!(want, Want::Seq) {
                    let count = frame.rows.saturating_mul(frame.columns.len());
                    let _inside = self.walk.enter(self.id, count)?;
                    if !frame.columns.iter().any(Column::is_stored) {
                        self.walk.charge_values(count as u64, self.id)?;
                    }
                    return whole::visit(FrameRows::in_order(self.walk, self.id, &frame), visitor);
                }
                let fields = if let Want::Map(_, fields) = want { fields } else { &[] };
                // No guard here: each column enters with the frame's own node.
                visitor.visit_map(FrameColumns::new(self.walk, self.id, frame, fields)?)
            }
            Meaning::Series(Series { name, index, values, .. }) => match want {
                Want::Map(_, fields)
                    if fields.iter().any(|field| ["name", "index", "values"].contains(field)) =>
                {
                    visitor.visit_map(SeriesParts::new(self, name, index.column, values))
                }
                _ => ColumnDe { walk: self.walk, id: self.id, column: values }.deserialize_any(visitor),
            },
            Meaning::Index(column) => {
                ColumnDe { walk: self.walk, id: self.id, column }.deserialize_any(visitor)
            }
            Meaning::Text(text) => visitor.visit_string(text),
            Meaning::Interval { ends, closed } => {
                let _inside = self.walk.enter(self.id, 2)?;
                let [left, right] = ends.map(|id| self.child(id));
                match want {
                    Want::Seq => whole::visit(SeqDeserializer::new([left, right].into_iter()), visitor),
                    Want::Map(..) => {
                        visitor.visit_map(IntervalParts { left, right, closed: closed.name(), next: 0 })
                    }
                    _ => {
                        let text = |end| AsText { quoted: false }.deserialize(end);
                        visitor.visit_string(closed.text(&text(left)?, &text(right)?))
                    }
                }
            }
            Meaning::Instance(instance) => match self.unknown_zone(index) {
                Some(zone) => Err(Problem::wrong(format!(
                    "the offset of a time in a zone of class {zone} is not in the file: in Python, `astimezone(datetime.timezone.utc)` makes it a time that says its offset"
                ))),
                None => self.instance(&instance, want, visitor),
            },
        }
    }

    /// The class of the zone of a date and time whose meaning is not known because of it.
    fn unknown_zone(&self, index: u32) -> Option<String> {
        let tree = self.walk.tree;
        let object = tree.object(index);
        let known = tree.known(object.class);
        let is_moment =
            matches!(known, Known::DateTime | Known::Time | Known::DateTimeParts | Known::TimeParts);
        if !is_moment && known != Known::Timestamp {
            return None;
        }
        tree.sequence(object.args)?.iter().find_map(|&id| match tree.node(id) {
            Node::Object(zone) => tree.class_of(tree.object(zone).class).map(Class::path),
            _ => None,
        })
    }

    fn masked<V: Visitor<'t>>(self, masked: Masked, want: Want, visitor: V) -> Result<V::Value, Problem> {
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
        if !matches!(mask.layout.kind, Kind::Number(_)) {
            return Err(Problem::wrong(
                "a masked array of a structured dtype: load it as a struct with the fields data, mask and fill_value",
            ));
        }
        let column = Column::Masked { data: Rc::clone(data), mask: Rc::clone(mask), utc: false };
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
        let as_attributes = wants_attributes && instance.has_attributes();
        if !instance.pairs.is_empty() && !as_attributes {
            return self.map([instance.pairs, &[]], visitor);
        }
        let as_map = matches!(want, Want::Map(..)) && instance.has_attributes();
        if !instance.items.is_empty() && !as_map {
            return self.seq(instance.items, visitor);
        }
        // A subclass of a number, of str or of tuple with attributes of its own: what a type asks for decides.
        let is_value = match (instance.args, want) {
            (&[value], Want::Text | Want::Float | Want::Int | Want::Bytes) => is_plain(self.walk.tree, value),
            (&[value], Want::Seq) => {
                self.walk.tree.sequence(value).is_some() || self.walk.tree.bytes_of(value).is_some()
            }
            _ => false,
        };
        if instance.has_attributes() && !is_value {
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
            (&[value], Want::Seq) if is_value || self.walk.tree.sequence(value).is_some() => {
                let _inside = self.walk.enter(self.id, 1)?;
                self.child(value).convert(want, visitor)
            }
            (&[], Want::Any | Want::Map(..)) => self.map([&[], &[]], visitor),
            (args, _) => self.seq(args, visitor),
        }
    }

    /// What names an enum's variant: text, or the value of a member as text.
    pub(super) fn variant(self) -> Option<String> {
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

/// Whether a node is a number, a text or bytes.
fn is_plain(tree: &Tree, id: Id) -> bool {
    let is_number = matches!(tree.node(id), Node::Int(_) | Node::Long(_) | Node::Float(_) | Node::Bool(_));
    is_number || tree.text_of(id).is_some() || tree.bytes_of(id).is_some()
}

/// An interval of pandas as a struct.
struct IntervalParts<'w, 't> {
    left: De<'w, 't>,
    right: De<'w, 't>,
    closed: &'static str,
    next: usize,
}

impl<'w, 't: 'w> MapAccess<'t> for IntervalParts<'w, 't> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'t>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        match ["left", "right", "closed"].get(self.next) {
            Some(name) => seed.deserialize(name.into_deserializer()).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<T::Value, Problem> {
        self.next += 1;
        match self.next {
            1 => seed.deserialize(self.left),
            2 => seed.deserialize(self.right),
            _ => seed.deserialize(self.closed.into_deserializer()),
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
            _ => Err(Problem::corrupt("not a valid fraction")),
        },
        Want::Seq => {
            whole::visit(SeqDeserializer::new([part(numerator), part(denominator)].into_iter()), visitor)
        }
        Want::Map(..) => {
            plain::fields([("numerator", part(numerator)), ("denominator", part(denominator))], visitor)
        }
        _ if denominator == "1" => visitor.visit_string(numerator.to_owned()),
        _ => visitor.visit_string(format!("{numerator}/{denominator}")),
    }
}
