//! Lists, rows and intervals that stand in one place of a column.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};

use super::column::{ColumnDe, Values};
use super::label::AsText;
use super::node::De;
use super::problem::Problem;
use super::whole;
use crate::meaning::column::{Closed, Column, RowName, Rows};

impl<'w, 't: 'w> Values<'w, 't> {
    pub(super) fn any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self {
            Self::Interval(ends, closed, place) => {
                visitor.visit_string(closed.text(&ends[0].text(place)?, &ends[1].text(place)?))
            }
            Self::Row(de, rows, place) if !rows.is_tuple => {
                visitor.visit_map(MapDeserializer::new(de.fields(&rows, place)?.into_iter()))
            }
            _ => self.seq(visitor),
        }
    }

    pub(super) fn seq<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self {
            Self::List(column, places) => {
                let _inside = column.walk.enter(column.id, places.len())?;
                let cells = places.map(|place| At { column: column.clone(), place });
                whole::visit(SeqDeserializer::new(cells), visitor)
            }
            Self::Row(de, rows, place) => {
                let cells = rows.columns.iter().map(|column| At { column: de.other(column), place });
                whole::visit(SeqDeserializer::new(cells), visitor)
            }
            Self::Interval(ends, _, place) => whole::visit(
                SeqDeserializer::new(ends.into_iter().map(|column| At { column, place })),
                visitor,
            ),
        }
    }

    pub(super) fn map<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self {
            Self::Interval([left, right], closed, place) => {
                visitor.visit_map(IntervalFields { ends: [Some(left), Some(right)], closed, place, next: 0 })
            }
            Self::Row(de, rows, place) => {
                visitor.visit_map(MapDeserializer::new(de.fields(&rows, place)?.into_iter()))
            }
            // A map of Arrow is a list of pairs.
            Self::List(column, places) => match &column.column {
                Column::Rows(rows) if rows.is_tuple && rows.columns.len() == 2 => {
                    let _inside = column.walk.enter(column.id, places.len())?;
                    let [keys, values] = [0, 1].map(|at| column.other(&rows.columns[at]));
                    let pairs = places
                        .map(|place| [&keys, &values].map(|column| At { column: column.clone(), place }));
                    visitor.visit_map(MapDeserializer::new(pairs.map(|[key, value]| (key, value))))
                }
                _ => Self::List(column, places).seq(visitor),
            },
        }
    }
}

impl<'w, 't: 'w> ColumnDe<'w, 't> {
    /// The fields of a row, each under its name or number.
    fn fields(&self, rows: &Rows, place: usize) -> Result<Vec<(String, At<'w, 't>)>, Problem> {
        let named = rows.names.iter().zip(&rows.columns).enumerate();
        named
            .map(|(number, (name, column))| {
                let name = match name {
                    Some(RowName::Node(id)) => {
                        AsText { quoted: false }.deserialize(De { walk: self.walk, id: *id })?
                    }
                    None => format!("level_{number}"),
                };
                Ok((name, At { column: self.other(column), place }))
            })
            .collect()
    }
}

/// `left`, `right` and `closed`.
struct IntervalFields<'w, 't> {
    ends: [Option<ColumnDe<'w, 't>>; 2],
    closed: Closed,
    place: usize,
    next: usize,
}

impl<'w, 't: 'w> MapAccess<'t> for IntervalFields<'w, 't> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'t>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        match ["left", "right", "closed"].get(self.next) {
            Some(name) => seed.deserialize(name.into_deserializer()).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<T::Value, Problem> {
        self.next += 1;
        match self.ends.get_mut(self.next - 1).and_then(Option::take) {
            Some(column) => seed.deserialize(At { column, place: self.place }),
            None => seed.deserialize(self.closed.name().into_deserializer()),
        }
    }
}

/// One value of a column.
struct At<'w, 't> {
    column: ColumnDe<'w, 't>,
    place: usize,
}

impl<'w, 't: 'w> IntoDeserializer<'t, Problem> for At<'w, 't> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! through_cell {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'t>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Problem> {
            self.column.cell(self.place, |cell| cell.$method($($argument,)* visitor))
        }
    )*};
}

impl<'w, 't: 'w> Deserializer<'t> for At<'w, 't> {
    type Error = Problem;

    through_cell! {
        deserialize_any() deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64()
        deserialize_i128() deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf() deserialize_unit() deserialize_seq() deserialize_map()
        deserialize_identifier() deserialize_ignored_any() deserialize_option()
        deserialize_unit_struct(name: &'static str) deserialize_newtype_struct(name: &'static str)
        deserialize_tuple(len: usize) deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }
}
