//! Values as tables: the columns of a frame or a dict, or rows that are dicts.

use std::borrow::Cow;

use joblib_persist::pickle::{NdArray, Value};

/// A column with its name.
pub(super) struct Named<'v> {
    pub(super) name: String,
    pub(super) column: Column<'v>,
}

/// The values of a column.
pub(super) enum Column<'v> {
    Array(&'v NdArray),
    Values(Vec<Cow<'v, Value>>),
}

impl Column<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Array(array) => array.len(),
            Self::Values(values) => values.len(),
        }
    }
}

/// The columns of a value that is a table.
pub(super) fn of(value: &Value) -> Result<Vec<Named<'_>>, String> {
    let columns = match value {
        Value::Object(object) if object.class.ends_with(".Series") => {
            let name = value.get("name").map_or_else(|| Ok("values".to_owned()), name)?;
            vec![Named { name, column: column(&value["values"], "values")? }]
        }
        Value::Object(object) if !object.attributes.is_empty() => columns(&object.attributes)?,
        Value::Dict(entries) => columns(entries)?,
        Value::Array(array) if array.dtype().starts_with('[') && array.shape().len() == 1 => {
            rows(&array.elements().map(Cow::Owned).collect::<Vec<_>>())?
        }
        Value::List(items) | Value::Tuple(items) if items.first().is_some_and(is_row) => {
            rows(&items.iter().map(Cow::Borrowed).collect::<Vec<_>>())?
        }
        other => {
            return Err(format!(
                "a value of type {} is not a table: expected a DataFrame, a dict of columns, or a list of dicts",
                other.type_name()
            ));
        }
    };
    let mut names = std::collections::HashSet::new();
    for named in &columns {
        if !names.insert(&named.name) {
            return Err(format!("two columns are called {:?}, and a table has one of a name", named.name));
        }
        if named.column.len() != columns[0].column.len() {
            return Err(format!(
                "the columns {:?} and {:?} have {} and {} values: they are not of one table",
                columns[0].name,
                named.name,
                columns[0].column.len(),
                named.column.len()
            ));
        }
    }
    if columns.is_empty() { Err("a table without columns".to_owned()) } else { Ok(columns) }
}

fn is_row(value: &Value) -> bool {
    match value {
        Value::Dict(entries) => !entries.is_empty(),
        Value::Object(object) => !object.attributes.is_empty(),
        _ => false,
    }
}

fn name(label: &Value) -> Result<String, String> {
    Ok(match label {
        Value::Str(text) | Value::Text { text, .. } => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Tuple(parts) => {
            let parts = parts.iter().map(name).collect::<Result<Vec<_>, _>>()?;
            format!("({})", parts.join(", "))
        }
        other => return Err(format!("a column can't be called by a value of type {}", other.type_name())),
    })
}

fn columns(entries: &[(Value, Value)]) -> Result<Vec<Named<'_>>, String> {
    entries
        .iter()
        .map(|(label, values)| {
            let name = name(label)?;
            let column = column(values, &name)?;
            Ok(Named { name, column })
        })
        .collect()
}

fn column<'v>(values: &'v Value, name: &str) -> Result<Column<'v>, String> {
    match values {
        Value::Array(array) if array.shape().len() == 1 => Ok(Column::Array(array)),
        Value::List(items) | Value::Tuple(items) => {
            Ok(Column::Values(items.iter().map(Cow::Borrowed).collect()))
        }
        Value::Array(array) => {
            Err(format!("{name:?} is an array of {} dimensions, and a column has one", array.shape().len()))
        }
        Value::Object(_) if values.get("values").is_some() => column(&values["values"], name),
        other => {
            Err(format!("{name:?} is a value of type {} and not a column of a table", other.type_name()))
        }
    }
}

/// Rows as columns, which all rows have to have.
fn rows(rows: &[Cow<'_, Value>]) -> Result<Vec<Named<'static>>, String> {
    let entries = |row: &Value| match row {
        Value::Dict(entries) => Some(entries.clone()),
        Value::Object(object) => Some(object.attributes.clone()),
        _ => None,
    };
    let mut columns: Vec<Named<'static>> = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let entries =
            entries(row).ok_or_else(|| format!("row {number} is a {} and not a dict", row.type_name()))?;
        for (at, (label, value)) in entries.into_iter().enumerate() {
            let name = name(&label)?;
            // Most rows have the keys of the first in its order.
            let place = match columns.get(at) {
                Some(column) if column.name == name => at,
                _ => columns.iter().position(|column| column.name == name).unwrap_or(columns.len()),
            };
            if place == columns.len() {
                let missing = vec![Cow::Owned(Value::None); number];
                columns.push(Named { name: name.clone(), column: Column::Values(missing) });
            }
            let Column::Values(values) = &mut columns[place].column else { continue };
            if values.len() > number {
                return Err(format!("row {number} has the key {name:?} twice"));
            }
            values.push(Cow::Owned(value));
        }
        for column in &mut columns {
            if let Column::Values(values) = &mut column.column {
                // A row without a key has no value there.
                values.resize(number + 1, Cow::Owned(Value::None));
            }
        }
    }
    Ok(columns)
}
