//! A `Value` out of a pickle's nodes.

use std::rc::Rc;

use super::element::element;
use super::{Content, NdArray, Object, Value, cells};
use crate::de::column::ColumnDe;
use crate::de::node::De;
use crate::de::problem::Problem;
use crate::de::walk::Walk;
use crate::int::{self, uuid_text};
use crate::meaning::column::Column;
use crate::meaning::frame::{Index, Notes, Series};
use crate::meaning::{self, Meaning};
use crate::numpy::array;
use crate::numpy::element::Element;
use crate::tree::{Id, Node};

/// The value of a node.
pub(crate) fn value(walk: &Walk<'_>, id: Id) -> Result<Value, Problem> {
    let tree = walk.tree;
    Ok(match tree.node(id) {
        Node::None => Value::None,
        Node::Bool(value) => Value::Bool(value),
        Node::Int(value) => Value::Int(value),
        Node::Long(span) => {
            let bytes = tree.pool_bytes(span);
            walk.take(id, bytes.len() * 3)?;
            Value::BigInt(int::decimal(bytes))
        }
        Node::Float(value) => Value::Float(value),
        Node::Str(span) => {
            let text = tree.text(span);
            walk.take(id, text.len())?;
            Value::Str(text.to_owned())
        }
        Node::OldStr(span) => {
            let bytes = tree.pool_bytes(span);
            walk.take(id, bytes.len())?;
            match std::str::from_utf8(bytes) {
                Ok(text) => Value::Str(text.to_owned()),
                Err(_) => Value::Bytes(bytes.to_vec()),
            }
        }
        Node::Bytes(_) | Node::ByteArray(_) | Node::Blob(_) => {
            let bytes = tree.bytes_of(id).unwrap_or_default();
            walk.take(id, bytes.len())?;
            Value::Bytes(bytes.to_vec())
        }
        Node::List(items) => Value::List(values(walk, id, tree.items(items))?),
        Node::Tuple(items) => Value::Tuple(values(walk, id, tree.items(items))?),
        Node::Set(items) | Node::FrozenSet(items) => Value::Set(values(walk, id, tree.items(items))?),
        Node::Dict(items) => Value::Dict(entries(walk, id, tree.items(items))?),
        Node::Class(index) if tree.is_na(index) => Value::None,
        Node::Class(index) => Value::Class(tree.class_at(index).path()),
        Node::Persistent(inner) => {
            let _inside = walk.enter(id, 1)?;
            Value::Object(Box::new(Object {
                class: "persistent_id".to_owned(),
                args: vec![value(walk, inner)?],
                ..Object::default()
            }))
        }
        Node::Array(index) => array(walk, id, tree.array(index), false)?,
        Node::Object(index) => object(walk, id, index)?,
    })
}

fn values(walk: &Walk<'_>, id: Id, items: &[Id]) -> Result<Vec<Value>, Problem> {
    let _inside = walk.enter(id, items.len())?;
    each(walk, items)
}

fn each(walk: &Walk<'_>, items: &[Id]) -> Result<Vec<Value>, Problem> {
    items
        .iter()
        .enumerate()
        .map(|(index, &item)| value(walk, item).map_err(|problem| problem.inside(format!("[{index}]"))))
        .collect()
}

fn entries(walk: &Walk<'_>, id: Id, pairs: &[Id]) -> Result<Vec<(Value, Value)>, Problem> {
    let _inside = walk.enter(id, pairs.len())?;
    each_pair(walk, pairs)
}

fn each_pair(walk: &Walk<'_>, pairs: &[Id]) -> Result<Vec<(Value, Value)>, Problem> {
    pairs
        .chunks_exact(2)
        .map(|pair| {
            let key = value(walk, pair[0])?;
            let content = value(walk, pair[1])
                .map_err(|problem| problem.inside(format!(".{}", key.as_str().unwrap_or("…"))))?;
            Ok((key, content))
        })
        .collect()
}

fn array(walk: &Walk<'_>, id: Id, array: &Rc<array::NdArray>, utc: bool) -> Result<Value, Problem> {
    let content = match &array.data {
        array::Data::Bytes(buffer) => {
            if array.scalar {
                let element = element(Element { layout: &array.layout, bytes: buffer.as_bytes(), utc });
                return Ok(element);
            }
            Content::Bytes(buffer.clone())
        }
        array::Data::Objects(items) => Content::Values(values(walk, id, walk.tree.items(*items))?),
        array::Data::Gathered(nodes) => Content::Values(values(walk, id, nodes)?),
    };
    Ok(Value::Array(NdArray {
        layout: array.layout.as_ref().clone(),
        shape: array.shape.clone(),
        order: array.order,
        content,
        scalar: array.scalar,
        utc,
    }))
}

fn column(walk: &Walk<'_>, id: Id, column: Column) -> Result<Value, Problem> {
    match &column {
        Column::Array { array: found, utc } if array_is_whole(found) => array(walk, id, found, *utc),
        Column::Opaque { id, .. } => value(walk, *id),
        _ => Ok(Value::List(cells::all(&ColumnDe { walk, id, column }, of)?)),
    }
}

/// The levels of an index under the names that pandas' `reset_index` gives them; none of one that numbers the rows.
fn levels(walk: &Walk<'_>, id: Id, index: &Index) -> Result<Vec<(Value, Value)>, Problem> {
    if index.is_row_numbers() {
        return Ok(Vec::new());
    }
    let levels = match &index.column {
        Some(Column::Rows(rows)) if rows.is_tuple => rows.columns.clone(),
        Some(column) => vec![column.clone()],
        None => return Ok(Vec::new()),
    };
    let count = levels.len();
    levels
        .into_iter()
        .enumerate()
        .map(|(number, level)| {
            let name = match index.names.get(number).copied().flatten() {
                Some(name) => value(walk, name)?,
                None if count == 1 => Value::Str("index".to_owned()),
                None => Value::Str(format!("level_{number}")),
            };
            Ok((name, column(walk, id, level)?))
        })
        .collect()
}

/// What is noted beside a table, as one dict.
fn noted(walk: &Walk<'_>, notes: &Notes) -> Result<Option<Value>, Problem> {
    let mut noted = match notes.attrs.and_then(|id| Some((id, walk.tree.pairs(id)?))) {
        Some((id, pairs)) => entries(walk, id, pairs)?,
        None => Vec::new(),
    };
    noted.extend(each_pair(walk, &notes.added)?);
    Ok((!noted.is_empty()).then_some(Value::Dict(noted)))
}

fn array_is_whole(array: &array::NdArray) -> bool {
    matches!(array.data, array::Data::Bytes(_))
}

#[expect(clippy::too_many_lines, reason = "one arm for each meaning")]
fn object(walk: &Walk<'_>, id: Id, index: u32) -> Result<Value, Problem> {
    let tree = walk.tree;
    let found = tree.object(index);
    let class = || match tree.node(found.class) {
        Node::Class(index) => tree.class_at(index).path(),
        _ => "object".to_owned(),
    };
    let text = |text: String| Value::Text { class: class(), text };
    let named = |name: &str| Value::Str(name.to_owned());
    Ok(match meaning::of(tree, index) {
        Meaning::Missing => Value::None,
        Meaning::Same(inner) => {
            let _inside = walk.enter(id, 1)?;
            value(walk, inner)?
        }
        Meaning::Mapping(pairs) => Value::Object(Box::new(Object {
            class: class(),
            entries: entries(walk, id, &pairs)?,
            ..Object::default()
        })),
        Meaning::Sequence(items) => Value::Object(Box::new(Object {
            class: class(),
            items: values(walk, id, items)?,
            ..Object::default()
        })),
        Meaning::Complex(re, im) => Value::Complex(re, im),
        Meaning::Moment(moment) => text(moment.to_string()),
        Meaning::Span(span) => text(span.to_string()),
        Meaning::Decimal(digits) => text(digits.to_owned()),
        Meaning::Fraction(numerator, denominator) => text(match &*denominator {
            "1" => numerator.to_string(),
            _ => format!("{numerator}/{denominator}"),
        }),
        Meaning::Uuid(value) => text(uuid_text(value)),
        Meaning::Path(path) => text(path),
        Meaning::Pattern(pattern, flags) => {
            walk.take(id, pattern.len())?;
            text(meaning::pattern_text(pattern, flags))
        }
        Meaning::Range { start, stop, step } => {
            let bounds = [start, stop, step].map(Value::Int).to_vec();
            Value::Object(Box::new(Object { class: class(), args: bounds, ..Object::default() }))
        }
        Meaning::Slice(bounds) => Value::Object(Box::new(Object {
            class: class(),
            args: values(walk, id, &bounds)?,
            ..Object::default()
        })),
        Meaning::Masked(masked) => {
            let _inside = walk.enter(id, 6)?;
            let attributes =
                [("data", masked.data), ("mask", masked.mask), ("fill_value", masked.fill_value)]
                    .into_iter()
                    .map(|(name, part)| Ok((named(name), value(walk, part)?)))
                    .collect::<Result<_, Problem>>()?;
            Value::Object(Box::new(Object {
                class: "numpy.ma.MaskedArray".to_owned(),
                attributes,
                ..Object::default()
            }))
        }
        Meaning::Sparse(fields) => {
            let _inside = walk.enter(id, 2 * fields.len())?;
            let attributes = fields
                .iter()
                .map(|(name, part)| Ok((named(name), value(walk, *part)?)))
                .collect::<Result<_, Problem>>()?;
            Value::Object(Box::new(Object { class: class(), attributes, ..Object::default() }))
        }
        Meaning::Frame(frame) => {
            let labels = ColumnDe { walk, id, column: frame.labels };
            let mut attributes = levels(walk, id, &frame.index)?;
            for (place, found) in frame.columns.into_iter().enumerate() {
                let label = match &labels.column {
                    Column::Opaque { .. } => Value::Int(place as i64),
                    _ => cells::at(&labels, place, of)?,
                };
                let found = column(walk, id, found)
                    .map_err(|problem| problem.inside(format!(".{}", label.as_str().unwrap_or("…"))))?;
                attributes.push((label, found));
            }
            let state = noted(walk, &frame.notes)?;
            Value::Object(Box::new(Object { class: class(), attributes, state, ..Object::default() }))
        }
        Meaning::Series(Series { name, index, values, notes }) => {
            let mut attributes = Vec::new();
            if let Some(name) = name {
                attributes.push((named("name"), value(walk, name)?));
            }
            if let Some(index) = index.column.filter(|index| !matches!(index, Column::Range { .. })) {
                attributes.push((named("index"), column(walk, id, index)?));
            }
            attributes.push((named("values"), column(walk, id, values)?));
            let state = noted(walk, &notes)?;
            Value::Object(Box::new(Object { class: class(), attributes, state, ..Object::default() }))
        }
        Meaning::Text(found) => text(found),
        Meaning::Interval { ends, closed } => {
            let mut args = values(walk, id, &ends)?;
            args.push(named(closed.name()));
            Value::Object(Box::new(Object { class: class(), args, ..Object::default() }))
        }
        Meaning::Index(found) => column(walk, id, found)?,
        Meaning::Instance(instance) => {
            let _inside =
                walk.enter(id, instance.args.len() + instance.items.len() + instance.pairs.len())?;
            let mut attributes = each_pair(walk, instance.attributes[0])?;
            attributes.extend(each_pair(walk, instance.attributes[1])?);
            let mut args = each(walk, instance.args)?;
            if let Some(kwargs) =
                found.kwargs.filter(|&id| tree.pairs(id).is_some_and(|pairs| !pairs.is_empty()))
            {
                args.push(value(walk, kwargs)?);
            }
            Value::Object(Box::new(Object {
                class: class(),
                args,
                attributes,
                state: instance.other_state.map(|state| value(walk, state)).transpose()?,
                items: each(walk, instance.items)?,
                entries: each_pair(walk, instance.pairs)?,
            }))
        }
    })
}

/// What the visitor of a `Value` gets: see [`super::conversion`].
pub(crate) fn of(de: De<'_, '_>) -> Result<Value, Problem> {
    value(de.walk, de.id)
}
