//! pandas' tables as maps of columns and as rows, and its series.

use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::access::{InOrder, Places};
use super::column::ColumnDe;
use super::label::AsText;
use super::node::De;
use super::problem::Problem;
use super::walk::Walk;
use super::whole;
use crate::meaning::column::Column;
use crate::meaning::frame::{Frame, Index};
use crate::tree::Id;
use joblib_array::forward;

/// A column's label: as text where that is asked for, else as what it is.
struct LabelDe<'a, 'w, 't> {
    labels: &'a ColumnDe<'w, 't>,
    place: usize,
}

impl LabelDe<'_, '_, '_> {
    fn name(&self) -> String {
        self.labels.text(self.place).unwrap_or_else(|_| format!("column {}", self.place))
    }
}

impl<'w, 't: 'w> Deserializer<'t> for LabelDe<'_, 'w, 't> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.labels.cell(self.place, |cell| cell.deserialize_any(visitor))
    }

    fn deserialize_str<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_string(self.labels.text(self.place)?)
    }

    fn deserialize_seq<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.labels.cell(self.place, |cell| cell.deserialize_seq(visitor))
    }

    fn deserialize_option<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.labels.cell(self.place, |cell| cell.deserialize_option(visitor))
    }

    forward! { <'t>(self, visitor)
        deserialize_string deserialize_identifier => self.deserialize_str(visitor);
        deserialize_tuple => self.deserialize_seq(visitor);
        deserialize_newtype_struct => visitor.visit_newtype_struct(self);
        deserialize_f32 deserialize_f64 => self.labels.cell(self.place, |cell| cell.deserialize_f64(visitor));
    }

    forward_to_deserialize_any! {
        <V: Visitor<'t>> bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char bytes byte_buf unit unit_struct
        tuple_struct map struct enum ignored_any
    }
}

/// Refuses names of columns and levels that would be one key of a map.
fn check_distinct(labels: &ColumnDe<'_, '_>, index: &Index) -> Result<(), Problem> {
    let mut seen = std::collections::HashSet::new();
    let columns = (0..labels.column.len()).filter_map(|place| labels.text(place).ok());
    let levels = index.named_levels().into_iter().filter_map(|(name, _)| level_name(labels, name));
    for (what, name) in columns
        .map(|name| ("two columns are", name))
        .chain(levels.map(|name| ("the index and a column, or two levels of it, are", name)))
    {
        if !seen.insert(name.clone()) {
            return Err(Problem::wrong(format!(
                "{what} called {name:?}, and a map has one value for a key: load the table as a `Value`"
            )));
        }
    }
    Ok(())
}

/// What a level of the index is called, as a column is.
fn level_name(labels: &ColumnDe<'_, '_>, name: Id) -> Option<String> {
    AsText { quoted: false }.deserialize(De { walk: labels.walk, id: name }).ok()
}

/// A frame as a map of columns. The levels of the index that have names come first, under their names; others come as
/// `index` when a struct asks for it. A column of the same name goes before a level.
pub(crate) struct FrameColumns<'w, 't> {
    labels: ColumnDe<'w, 't>,
    levels: std::vec::IntoIter<(String, Column)>,
    columns: std::iter::Enumerate<std::vec::IntoIter<Column>>,
    value: Option<(String, Column)>,
}

impl<'w, 't: 'w> FrameColumns<'w, 't> {
    pub(crate) fn new(walk: &'w Walk<'t>, id: Id, frame: Frame, fields: &[&str]) -> Result<Self, Problem> {
        let labels = ColumnDe { walk, id, column: frame.labels.clone() };
        if fields.is_empty() {
            check_distinct(&labels, &frame.index)?;
        }
        let levels = levels(&labels, &frame, fields);
        Ok(Self {
            labels,
            levels: levels.into_iter(),
            columns: frame.columns.into_iter().enumerate(),
            value: None,
        })
    }
}

/// The levels of a frame's index that come beside its columns.
fn levels(labels: &ColumnDe<'_, '_>, frame: &Frame, fields: &[&str]) -> Vec<(String, Column)> {
    let is_column = |name: &str| {
        (0..labels.column.len()).any(|place| labels.text(place).is_ok_and(|label| label == name))
    };
    let mut levels: Vec<(String, Column)> = frame
        .index
        .named_levels()
        .into_iter()
        .filter_map(|(name, level)| Some((level_name(labels, name)?, level)))
        .filter(|(name, _)| !is_column(name) && (fields.is_empty() || fields.contains(&name.as_str())))
        .collect();
    if fields.contains(&"index")
        && !is_column("index")
        && levels.iter().all(|(name, _)| name != "index")
        && let Some(index) = &frame.index.column
    {
        levels.push(("index".to_owned(), index.clone()));
    }
    levels
}

impl<'w, 't: 'w> MapAccess<'t> for FrameColumns<'w, 't> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'t>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        if let Some((name, level)) = self.levels.next() {
            let key = seed.deserialize(name.clone().into_deserializer());
            self.value = Some((name, level));
            return key.map(Some);
        }
        let Some((place, column)) = self.columns.next() else { return Ok(None) };
        let label = LabelDe { labels: &self.labels, place };
        self.value = Some((label.name(), column));
        seed.deserialize(label).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<T::Value, Problem> {
        let Some((name, column)) = self.value.take() else {
            return Err(Problem::wrong("a value was asked for before its key"));
        };
        seed.deserialize(self.labels.other(&column)).map_err(|problem| problem.inside(format!(".{name}")))
    }
}

/// A frame as rows, each a map from column to value.
pub(crate) struct FrameRows<'w, 't> {
    labels: ColumnDe<'w, 't>,
    /// Named levels of the index, for rows that are maps.
    levels: Vec<(String, ColumnDe<'w, 't>)>,
    /// All of the index, for rows that ask for the field `index`.
    index: Option<ColumnDe<'w, 't>>,
    columns: Vec<ColumnDe<'w, 't>>,
    named: Index,
}

impl<'w, 't: 'w> FrameRows<'w, 't> {
    pub(super) fn in_order(walk: &'w Walk<'t>, id: Id, frame: &Frame) -> InOrder<Self> {
        let labels = ColumnDe { walk, id, column: frame.labels.clone() };
        let levels = levels(&labels, frame, &[]);
        let levels = levels.into_iter().map(|(name, level)| (name, labels.other(&level))).collect();
        let index = frame.index.column.as_ref().map(|index| labels.other(index));
        let columns = frame.columns.iter().map(|column| labels.other(column)).collect();
        let named = frame.index.clone();
        InOrder::new(Self { labels, levels, index, columns, named }, frame.rows)
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

/// What a row gives: the index first where it is asked for, then the named levels, then the columns.
struct RowValues<'a, 'w, 't> {
    frame: &'a FrameRows<'w, 't>,
    row: usize,
    with_index: bool,
    next: usize,
}

impl<'a, 'w, 't: 'w> RowValues<'a, 'w, 't> {
    fn entry(&self) -> Option<Entry<'a, 'w, 't>> {
        let frame = self.frame;
        let mut next = self.next;
        if self.with_index {
            if next == 0 {
                return frame.index.as_ref().map(|index| Entry::Level("index", index));
            }
            next -= 1;
        }
        if let Some((name, level)) = frame.levels.get(next) {
            return Some(Entry::Level(name, level));
        }
        let place = next - frame.levels.len();
        frame.columns.get(place).map(|column| Entry::Column(place, column))
    }
}

enum Entry<'a, 'w, 't> {
    Level(&'a str, &'a ColumnDe<'w, 't>),
    Column(usize, &'a ColumnDe<'w, 't>),
}

impl<'w, 't: 'w> MapAccess<'t> for RowValues<'_, 'w, 't> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'t>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        match self.entry() {
            None => Ok(None),
            Some(Entry::Level(name, _)) => seed.deserialize(name.into_deserializer()).map(Some),
            Some(Entry::Column(place, _)) => {
                seed.deserialize(LabelDe { labels: &self.frame.labels, place }).map(Some)
            }
        }
    }

    fn next_value_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<T::Value, Problem> {
        let Some(entry) = self.entry() else {
            return Err(Problem::wrong("a value was asked for before its key"));
        };
        self.next += 1;
        let (Entry::Level(_, column) | Entry::Column(_, column)) = entry;
        column.at(self.row, seed).map_err(|problem| {
            let name = match entry {
                Entry::Level(name, _) => name.to_owned(),
                Entry::Column(place, _) => LabelDe { labels: &self.frame.labels, place }.name(),
            };
            problem.inside(format!(".{name}"))
        })
    }
}

impl<'w, 't: 'w> SeqAccess<'t> for RowValues<'_, 'w, 't> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        if self.entry().is_none() {
            return Ok(None);
        }
        self.next_value_seed(seed).map(Some)
    }
}

impl<'w, 't: 'w> RowDe<'_, 'w, 't> {
    fn map<V: Visitor<'t>>(self, with_index: bool, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_map(RowValues { frame: self.frame, row: self.row, with_index, next: 0 })
    }
}

impl<'w, 't: 'w> Deserializer<'t> for RowDe<'_, 'w, 't> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.row == 0 {
            check_distinct(&self.frame.labels, &self.frame.named)?;
        }
        self.map(false, visitor)
    }

    fn deserialize_struct<V: Visitor<'t>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let with_index = fields.contains(&"index")
            && self.frame.index.is_some()
            && self.frame.levels.iter().all(|(name, _)| name != "index")
            && (0..self.frame.columns.len())
                .all(|place| LabelDe { labels: &self.frame.labels, place }.name() != "index");
        self.map(with_index, visitor)
    }

    /// The values without their names: the columns, and not the index.
    fn deserialize_seq<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Problem> {
        let next = self.frame.levels.len();
        whole::visit(RowValues { frame: self.frame, row: self.row, with_index: false, next }, visitor)
    }

    forward! { <'t>(self, visitor)
        deserialize_tuple => self.deserialize_seq(visitor);
        deserialize_newtype_struct => visitor.visit_newtype_struct(self);
    }

    forward_to_deserialize_any! {
        <V: Visitor<'t>> bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        tuple_struct map enum identifier ignored_any
    }
}

/// A series as a struct with the fields `name`, `index` and `values`.
pub(super) struct SeriesParts<'w, 't> {
    de: De<'w, 't>,
    name: Option<Id>,
    columns: std::vec::IntoIter<(&'static str, Column)>,
    name_taken: bool,
    value: Option<Column>,
}

impl<'w, 't> SeriesParts<'w, 't> {
    pub(super) fn new(de: De<'w, 't>, name: Option<Id>, index: Option<Column>, values: Column) -> Self {
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
            return seed.deserialize(De { walk: self.de.walk, id: name });
        }
        let Some(column) = self.value.take() else {
            return Err(Problem::wrong("a value was asked for before its key"));
        };
        seed.deserialize(ColumnDe { walk: self.de.walk, id: self.de.id, column })
    }
}
