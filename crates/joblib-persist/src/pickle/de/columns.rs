//! Columns and rows of pandas' tables as serde deserializers.

use std::rc::Rc;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::De;
use super::access::{InOrder, Places};
use super::arrays::ArrayDe;
use super::cell::Cell;
use super::problem::Problem;
use super::walk::Walk;
use crate::pickle::meaning::frame::{Column, Frame, Label, array_int};
use crate::pickle::numpy::ndarray::NdArray;
use crate::pickle::tree::Id;
use joblib_array::forward;

/// A column and the object that it came from.
pub(in crate::pickle) struct ColumnDe<'w, 't> {
    pub(in crate::pickle) walk: &'w Walk<'t>,
    pub(in crate::pickle) id: Id,
    pub(in crate::pickle) column: Column,
}

impl<'w, 't> ColumnDe<'w, 't> {
    fn array(&self, array: &Rc<NdArray>, utc: bool) -> ArrayDe<'w, 't> {
        ArrayDe { walk: self.walk, id: self.id, array: Rc::clone(array), utc, nan_is_missing: true }
    }

    /// Calls `with` with the value at `place`.
    fn cell<R>(
        &self,
        place: usize,
        with: impl FnOnce(Cell<'_, 'w, 't>) -> Result<R, Problem>,
    ) -> Result<R, Problem> {
        match &self.column {
            Column::Array { array, utc } => with(self.array(array, *utc).cell(place)?),
            Column::Masked { data, mask } => match array_int(mask, place) {
                Some(0) => with(self.array(data, false).cell(place)?),
                _ => with(Cell::Missing),
            },
            Column::Categories { codes, categories } => {
                match array_int(codes, place).and_then(|code| usize::try_from(code).ok()) {
                    Some(code) if code < categories.len() => match **categories {
                        Column::Array { .. } | Column::Range { .. } => {
                            ColumnDe { walk: self.walk, id: self.id, column: Column::clone(categories) }
                                .cell(code, with)
                        }
                        _ => Err(Problem::wrong(
                            "a categorical column whose categories are categorical or masked themselves",
                        )),
                    },
                    Some(_) => {
                        Err(Problem::corrupt("a categorical value has a category that there is none of"))
                    }
                    None => with(Cell::Missing),
                }
            }
            Column::Range { start, step, .. } => {
                let value = i128::from(*start) + place as i128 * i128::from(*step);
                with(Cell::Int(i64::try_from(value).unwrap_or(i64::MAX)))
            }
        }
    }
}

impl<'w, 't: 'w> Places<'t> for ColumnDe<'w, 't> {
    fn at<T: DeserializeSeed<'t>>(&self, place: usize, seed: T) -> Result<T::Value, Problem> {
        self.cell(place, |cell| seed.deserialize(cell))
    }
}

impl<'w, 't: 'w> Deserializer<'t> for ColumnDe<'w, 't> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        let len = self.column.len();
        let _inside = self.walk.enter(self.id, len)?;
        if matches!(self.column, Column::Range { .. }) {
            self.walk.charge_values(len as u64, self.id)?;
        }
        visitor.visit_seq(InOrder::new(self, len))
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
                Column::Masked { data, mask } if (0..mask.len()).all(|i| array_int(mask, i) == Some(0)) => {
                    self.array(data, false).deserialize_newtype_struct(name, visitor)
                }
                Column::Masked { .. } => {
                    Err(Problem::wrong("a column with missing values is no array: load it as Vec<Option<…>>"))
                }
                Column::Categories { .. } | Column::Range { .. } => {
                    Err(Problem::wrong("the column is not kept as an array of numbers: load it as a Vec"))
                }
            };
        }
        visitor.visit_newtype_struct(self)
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    forward! { <'t>(self, visitor) deserialize_option => visitor.visit_some(self); }

    forward_to_deserialize_any! {
        <V: Visitor<'t>> bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// A column's label.
struct LabelDe<'w, 't> {
    walk: &'w Walk<'t>,
    label: Label,
}

impl<'t> LabelDe<'_, 't> {
    fn seed<T: DeserializeSeed<'t>>(self, seed: T) -> Result<T::Value, Problem> {
        match self.label {
            Label::Node(id) => seed.deserialize(De { walk: self.walk, id }),
            Label::Number(number) => seed.deserialize(number.into_deserializer()),
        }
    }

    fn text(&self) -> String {
        match self.label {
            Label::Node(id) => self.walk.tree.text_of(id).unwrap_or("?").to_owned(),
            Label::Number(number) => number.to_string(),
        }
    }
}

/// A frame as a map of columns; `index` first when a struct asks for it and no column has its name.
pub(in crate::pickle) struct FrameColumns<'w, 't> {
    walk: &'w Walk<'t>,
    id: Id,
    index: Option<Column>,
    index_taken: bool,
    columns: std::vec::IntoIter<(Label, Column)>,
    value: Option<(String, Column)>,
}

impl<'w, 't: 'w> FrameColumns<'w, 't> {
    pub(in crate::pickle) fn new(walk: &'w Walk<'t>, id: Id, frame: Frame, fields: &[&str]) -> Self {
        let has_index =
            frame.columns.iter().any(|(label, _)| LabelDe { walk, label: label.clone() }.text() == "index");
        let index = frame.index.filter(|_| fields.contains(&"index") && !has_index);
        Self {
            walk,
            id,
            index_taken: index.is_none(),
            index,
            columns: frame.columns.into_iter(),
            value: None,
        }
    }
}

impl<'w, 't: 'w> MapAccess<'t> for FrameColumns<'w, 't> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'t>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        if !self.index_taken {
            self.index_taken = true;
            self.value = self.index.take().map(|index| ("index".to_owned(), index));
            return seed.deserialize("index".into_deserializer()).map(Some);
        }
        let Some((label, column)) = self.columns.next() else { return Ok(None) };
        let label = LabelDe { walk: self.walk, label };
        self.value = Some((label.text(), column));
        label.seed(seed).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<T::Value, Problem> {
        let Some((name, column)) = self.value.take() else {
            return Err(Problem::wrong("a value was asked for before its key"));
        };
        seed.deserialize(ColumnDe { walk: self.walk, id: self.id, column })
            .map_err(|problem| problem.inside(format!(".{name}")))
    }
}

/// A frame as rows, each a map from column to value.
pub(in crate::pickle) struct FrameRows<'w, 't> {
    walk: &'w Walk<'t>,
    columns: Vec<(Label, ColumnDe<'w, 't>)>,
}

impl<'w, 't: 'w> FrameRows<'w, 't> {
    pub(super) fn in_order(walk: &'w Walk<'t>, id: Id, frame: Frame) -> InOrder<Self> {
        let columns =
            frame.columns.into_iter().map(|(label, column)| (label, ColumnDe { walk, id, column })).collect();
        InOrder::new(Self { walk, columns }, frame.rows)
    }
}

impl<'w, 't: 'w> Places<'t> for FrameRows<'w, 't> {
    fn at<T: DeserializeSeed<'t>>(&self, row: usize, seed: T) -> Result<T::Value, Problem> {
        seed.deserialize(RowDe { frame: self, row })
    }
}

struct RowDe<'a, 'w, 't> {
    frame: &'a FrameRows<'w, 't>,
    row: usize,
}

struct RowValues<'a, 'w, 't> {
    frame: &'a FrameRows<'w, 't>,
    row: usize,
    next: usize,
}

impl<'w, 't: 'w> MapAccess<'t> for RowValues<'_, 'w, 't> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'t>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        let Some((label, _)) = self.frame.columns.get(self.next) else { return Ok(None) };
        LabelDe { walk: self.frame.walk, label: label.clone() }.seed(seed).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<T::Value, Problem> {
        let Some((label, column)) = self.frame.columns.get(self.next) else {
            return Err(Problem::wrong("a value was asked for before its key"));
        };
        self.next += 1;
        column.at(self.row, seed).map_err(|problem| {
            problem.inside(format!(".{}", LabelDe { walk: self.frame.walk, label: label.clone() }.text()))
        })
    }
}

impl<'w, 't: 'w> SeqAccess<'t> for RowValues<'_, 'w, 't> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        if self.next == self.frame.columns.len() {
            return Ok(None);
        }
        self.next_value_seed(seed).map(Some)
    }
}

impl<'w, 't: 'w> Deserializer<'t> for RowDe<'_, 'w, 't> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        MapAccessDeserializer::new(RowValues { frame: self.frame, row: self.row, next: 0 })
            .deserialize_any(visitor)
    }

    fn deserialize_seq<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        SeqAccessDeserializer::new(RowValues { frame: self.frame, row: self.row, next: 0 })
            .deserialize_any(visitor)
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    forward! { <'t>(self, visitor)
        deserialize_tuple => self.deserialize_seq(visitor);
        deserialize_newtype_struct => visitor.visit_newtype_struct(self);
    }

    forward_to_deserialize_any! {
        <V: Visitor<'t>> bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        tuple_struct map struct enum identifier ignored_any
    }
}
