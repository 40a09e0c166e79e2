//! Columns of pandas' tables as serde deserializers.

use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::access::{InOrder, Places};
use super::arrays::ArrayDe;
use super::cell::Cell;
use super::column::{ColumnDe, Values};
use super::label::AsText;
use super::node::De;
use super::problem::Problem;
use super::whole;
use crate::class::Class;
use crate::meaning::column::{Column, Made, Spans, array_int};
use crate::numpy::array::{Data, NdArray};
use crate::numpy::dtype::Layout;
use crate::numpy::element::Element;
use crate::texts::{self, Texts};
use crate::tree::{Id, Node};
use joblib_array::forward;

impl<'w, 't: 'w> ColumnDe<'w, 't> {
    fn array(&self, array: &Rc<NdArray>, utc: bool) -> ArrayDe<'w, 't> {
        ArrayDe { walk: self.walk, id: self.id, array: Rc::clone(array), utc, nan_is_missing: true }
    }

    /// Calls `with` with the value at `place`.
    pub(crate) fn cell<R>(
        &self,
        place: usize,
        with: impl FnOnce(Cell<'_, 'w, 't>) -> Result<R, Problem>,
    ) -> Result<R, Problem> {
        match &self.column {
            Column::Array { array, utc } => {
                self.walk.take(self.id, array.layout.size)?;
                with(self.array(array, *utc).cell(place)?)
            }
            Column::Masked { data, mask, utc } => match array_int(mask, place) {
                Some(0) => with(self.array(data, *utc).cell(place)?),
                _ => with(Cell::Missing),
            },
            Column::Categories { codes, categories } => {
                match array_int(codes, place).and_then(|code| usize::try_from(code).ok()) {
                    Some(code) if code < categories.len() => self.again(categories, code, with),
                    Some(_) => {
                        Err(Problem::corrupt("a categorical value refers to a category that does not exist"))
                    }
                    None => with(Cell::Missing),
                }
            }
            Column::Range { start, step, .. } => {
                let value = i128::from(*start) + place as i128 * i128::from(*step);
                with(Cell::Int(i64::try_from(value).unwrap_or(i64::MAX)))
            }
            Column::Texts(texts) => match texts.get(place) {
                None => with(Cell::Missing),
                Some(bytes) => {
                    self.walk.take(self.id, bytes.len())?;
                    match std::str::from_utf8(bytes) {
                        _ if !texts.is_text => with(Cell::Bytes(bytes)),
                        Ok(text) => with(Cell::Text(text)),
                        Err(_) => Err(Problem::corrupt("a text that is not UTF-8")),
                    }
                }
            },
            Column::Made(values) => match values.get(place) {
                Some(Made::Text(_, text)) => with(Cell::Text(text)),
                Some(Made::Missing) | None => with(Cell::Missing),
            },
            Column::Lists(lists) if lists.missing.at(place) => with(Cell::Missing),
            Column::Lists(lists) => {
                let places = lists.spans.at(place);
                if matches!(lists.spans, Spans::Each(_)) || self.walk.is_repeating() {
                    self.walk.charge_values(places.len() as u64, self.id)?;
                }
                with(Cell::Values(Values::List(self.other(&lists.values), places)))
            }
            Column::Rows(rows) if rows.missing.at(place) => with(Cell::Missing),
            Column::Rows(rows) => {
                with(Cell::Values(Values::Row(self.clone(), Rc::clone(rows), rows.offset + place)))
            }
            Column::Intervals { left, right, closed } => {
                let ends = [self.other(left), self.other(right)];
                // pandas marks a missing interval by its left end.
                if ends[0].is_missing(place)? {
                    with(Cell::Missing)
                } else {
                    with(Cell::Values(Values::Interval(ends, *closed, place)))
                }
            }
            Column::Periods { ordinals, freq } => {
                match array_int(ordinals, place).and_then(|ordinal| freq.text(ordinal)) {
                    Some(text) => with(Cell::Text(&text)),
                    None => with(Cell::Missing),
                }
            }
            Column::Sparse(sparse) => match (sparse.places.binary_search(&place), sparse.fill) {
                (Ok(found), _) => self.other(&sparse.values).cell(found, with),
                (Err(_), Some(fill)) => {
                    let _again = self.walk.again();
                    with(Cell::Node { de: De { walk: self.walk, id: fill }, nan_is_missing: true })
                }
                (Err(_), None) => with(Cell::Missing),
            },
            Column::Runs(runs) => {
                let run = runs.ends.partition_point(|&end| end <= runs.offset + place);
                self.again(&runs.values, run, with)
            }
            Column::Union(union) => {
                let (column, place) = union.choices[place];
                self.other(&union.columns[column]).cell(place, with)
            }
            Column::Chunks(chunks) => {
                let mut place = place;
                for chunk in chunks.iter() {
                    if place < chunk.len() {
                        return self.other(chunk).cell(place, with);
                    }
                    place -= chunk.len();
                }
                Err(Problem::corrupt("a place beyond the end of a column"))
            }
            Column::Opaque { id, .. } => with(Cell::Unknown(self.class(*id))),
        }
    }

    /// The class of an object that is not known.
    fn class(&self, id: Id) -> String {
        let tree = self.walk.tree;
        let class = match tree.node(id) {
            Node::Object(object) => tree.class_of(tree.object(object).class),
            _ => None,
        };
        class.map_or_else(|| "an unknown class".to_owned(), Class::path)
    }

    /// As [`cell`](Self::cell), for a value that may stand in the result more often than in the file.
    fn again<R>(
        &self,
        column: &Column,
        place: usize,
        with: impl FnOnce(Cell<'_, 'w, 't>) -> Result<R, Problem>,
    ) -> Result<R, Problem> {
        let _again = self.walk.again();
        self.other(column).cell(place, with)
    }

    /// Whether there is no value at `place`.
    fn is_missing(&self, place: usize) -> Result<bool, Problem> {
        self.cell(place, |cell| Ok(cell.is_missing()))
    }

    /// The value at `place` as text: for labels, and for errors.
    pub(crate) fn text(&self, place: usize) -> Result<String, Problem> {
        self.cell(place, |cell| AsText { quoted: false }.deserialize(cell))
    }
}

impl<'w, 't: 'w> Places<'t> for ColumnDe<'w, 't> {
    fn at<T: DeserializeSeed<'t>>(&self, place: usize, seed: T) -> Result<T::Value, Problem> {
        self.cell(place, |cell| seed.deserialize(cell))
    }
}

/// The elements of an array in the order of memory.
struct Elements<'a> {
    layout: &'a Layout,
    bytes: &'a [u8],
    utc: bool,
}

impl<'t> Places<'t> for Elements<'_> {
    #[inline]
    fn at<T: DeserializeSeed<'t>>(&self, place: usize, seed: T) -> Result<T::Value, Problem> {
        let size = self.layout.size;
        let bytes = self.bytes.get(place * size..(place + 1) * size);
        let bytes = bytes.ok_or_else(|| Problem::corrupt("an element outside of its array"))?;
        seed.deserialize(Element { layout: self.layout, bytes, utc: self.utc })
    }
}

impl<'w, 't: 'w> Deserializer<'t> for ColumnDe<'w, 't> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        let len = self.column.len();
        let _inside = self.walk.enter(self.id, len)?;
        if !self.column.is_stored() {
            self.walk.charge_values(len as u64, self.id)?;
        }
        match &self.column {
            // What most columns are, without a look at what each value is kept in.
            Column::Array { array, utc } => match &array.data {
                Data::Bytes(buffer) => {
                    let elements = Elements { layout: &array.layout, bytes: buffer.as_bytes(), utc: *utc };
                    whole::visit(InOrder::new(elements, len), visitor)
                }
                _ => whole::visit(InOrder::new(self.clone(), len), visitor),
            },
            _ => whole::visit(InOrder::new(self, len), visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'t>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        if name == joblib_array::transfer::NAME {
            return match &self.column {
                Column::Array { array, utc } => {
                    self.array(array, *utc).deserialize_newtype_struct(name, visitor)
                }
                Column::Masked { data, mask, utc }
                    if (0..mask.len()).all(|i| array_int(mask, i) == Some(0)) =>
                {
                    self.array(data, *utc).deserialize_newtype_struct(name, visitor)
                }
                Column::Masked { .. } => Err(Problem::wrong(
                    "a column with missing values can't be an array: load it as Vec<Option<…>>",
                )),
                _ => Err(Problem::wrong("the column is not kept as an array of numbers: load it as a Vec")),
            };
        }
        if name == texts::NAME
            && let Column::Texts(found) = &self.column
            && found.is_text
            && let Some(texts) = Texts::new(&found.ends, &found.bytes, found.missing.0.as_deref())
        {
            self.walk.take(self.id, found.bytes.len())?;
            return texts::deliver(texts, || visitor.visit_newtype_struct(self));
        }
        visitor.visit_newtype_struct(self)
    }

    forward! { <'t>(self, visitor)
        deserialize_option => visitor.visit_some(self);
        deserialize_ignored_any => visitor.visit_unit();
    }

    forward_to_deserialize_any! {
        <V: Visitor<'t>> bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct enum identifier
    }
}
