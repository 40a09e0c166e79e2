//! A schema in bytes: equal schemas have equal ones, and others don't.

use arrow_schema::{DataType, Field, Metadata, Schema};

/// The schema of a table, and the number of its rows.
pub(crate) fn describe(schema: &Schema, rows: usize) -> Vec<u8> {
    let mut to = Vec::new();
    number(rows, &mut to);
    number(schema.fields().len(), &mut to);
    schema.fields().iter().for_each(|of| field(of, &mut to));
    metadata(schema.metadata(), &mut to);
    to
}

fn field(of: &Field, to: &mut Vec<u8>) {
    text(of.name(), to);
    to.push(u8::from(of.is_nullable()));
    metadata(of.metadata(), to);
    to.push(u8::from(of.dict_is_ordered().unwrap_or(false)));
    data_type(of.data_type(), to);
}

fn data_type(of: &DataType, to: &mut Vec<u8>) {
    let mut nested = |name: &str, fields: &[&Field]| {
        text(name, to);
        number(fields.len(), to);
        for of in fields {
            field(of, to);
        }
    };
    match of {
        DataType::List(items) => nested("List", &[items]),
        DataType::LargeList(items) => nested("LargeList", &[items]),
        DataType::ListView(items) => nested("ListView", &[items]),
        DataType::LargeListView(items) => nested("LargeListView", &[items]),
        DataType::FixedSizeList(items, size) => nested(&format!("FixedSizeList({size})"), &[items]),
        DataType::Map(entries, is_sorted) => nested(&format!("Map({is_sorted})"), &[entries]),
        DataType::RunEndEncoded(ends, values) => nested("RunEndEncoded", &[ends, values]),
        DataType::Struct(fields) => {
            nested("Struct", &fields.iter().map(AsRef::as_ref).collect::<Vec<_>>());
        }
        DataType::Union(fields, mode) => {
            let ids: Vec<i8> = fields.iter().map(|(id, _)| id).collect();
            let fields: Vec<&Field> = fields.iter().map(|(_, field)| field.as_ref()).collect();
            nested(&format!("Union({mode:?}, {ids:?})"), &fields);
        }
        DataType::Dictionary(keys, values) => {
            text("Dictionary", to);
            data_type(keys, to);
            data_type(values, to);
        }
        plain => text(&format!("{plain:?}"), to),
    }
}

/// In ascending order of the keys, as they come.
fn metadata(of: &Metadata, to: &mut Vec<u8>) {
    number(of.len(), to);
    for (key, value) in of {
        text(key, to);
        text(value, to);
    }
}

fn text(text: &str, to: &mut Vec<u8>) {
    number(text.len(), to);
    to.extend_from_slice(text.as_bytes());
}

fn number(number: usize, to: &mut Vec<u8>) {
    to.extend_from_slice(&(number as u64).to_le_bytes());
}
