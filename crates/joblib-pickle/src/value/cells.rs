//! The values of a table's columns, as `Value`s that keep what class of Python each is of.

use super::Value;
use super::element::element;
use crate::de::cell::Cell;
use crate::de::column::{ColumnDe, Values};
use crate::de::label::AsText;
use crate::de::node::De;
use crate::de::problem::Problem;
use crate::meaning::column::{Column, Made, RowName};
use serde::de::DeserializeSeed;

/// Makes the value of a node: cells may hold any.
type OfNode = fn(De<'_, '_>) -> Result<Value, Problem>;

/// All values of a column.
pub(super) fn all(column: &ColumnDe<'_, '_>, of_node: OfNode) -> Result<Vec<Value>, Problem> {
    let len = column.column.len();
    let _inside = column.walk.enter(column.id, len)?;
    if !column.column.is_stored() {
        column.walk.charge_values(len as u64, column.id)?;
    }
    (0..len)
        .map(|place| at(column, place, of_node).map_err(|problem| problem.inside(format!("[{place}]"))))
        .collect()
}

/// The value at a place.
pub(super) fn at(column: &ColumnDe<'_, '_>, place: usize, of_node: OfNode) -> Result<Value, Problem> {
    let text_of = |class: &str, text: &str| Value::Text { class: class.to_owned(), text: text.to_owned() };
    match &column.column {
        Column::Made(values) => {
            if let Some(Made::Text(class, text)) = values.get(place) {
                return Ok(text_of(class, text));
            }
        }
        Column::Periods { .. } => {
            return column.cell(place, |cell| match cell {
                Cell::Text(text) => Ok(text_of("pandas.Period", text)),
                other => of_cell(other, of_node),
            });
        }
        _ => {}
    }
    column.cell(place, |cell| of_cell(cell, of_node))
}

fn of_cell(cell: Cell<'_, '_, '_>, of_node: OfNode) -> Result<Value, Problem> {
    Ok(match cell {
        Cell::Missing => Value::None,
        Cell::Int(value) => Value::Int(value),
        Cell::Text(text) => Value::Str(text.to_owned()),
        Cell::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
        Cell::Element(found) => element(found),
        Cell::Node { de, .. } => of_node(de)?,
        Cell::Values(values) => several(values, of_node)?,
        unknown @ Cell::Unknown(_) => serde::Deserialize::deserialize(unknown)?,
    })
}

fn several(values: Values<'_, '_>, of_node: OfNode) -> Result<Value, Problem> {
    Ok(match values {
        Values::List(column, places) => {
            let _inside = column.walk.enter(column.id, places.len())?;
            Value::List(places.map(|place| at(&column, place, of_node)).collect::<Result<_, _>>()?)
        }
        Values::Row(row, rows, place) => {
            let _inside = row.walk.enter(row.id, rows.columns.len())?;
            let values = rows.columns.iter().map(|column| at(&row.other(column), place, of_node));
            if rows.is_tuple {
                return Ok(Value::Tuple(values.collect::<Result<_, _>>()?));
            }
            let named = rows.names.iter().zip(values).map(|(name, value)| {
                let name = match name {
                    Some(RowName::Node(id)) => of_node(De { walk: row.walk, id: *id })?,
                    None => Value::None,
                };
                Ok((name, value?))
            });
            Value::Dict(named.collect::<Result<_, Problem>>()?)
        }
        interval @ Values::Interval(..) => Value::Text {
            class: "pandas.Interval".to_owned(),
            text: AsText { quoted: false }.deserialize(Cell::Values(interval))?,
        },
    })
}
