//! pandas' arrays and indexes, each of which wraps numpy's arrays or pyarrow's in its own way.

use std::rc::Rc;

use joblib_array::DType;

use super::arrow;
use super::column::{Closed, Column, Missing, RowName, Rows, Sparse, array_int};
use super::instance::attribute;
use super::period;
use crate::class::Known;
use crate::numpy::dtype::Kind;
use crate::tree::{Id, Node, Object, Tree};

/// Wrappers within wrappers; real ones are three deep.
const MAX_DEPTH: usize = 16;

/// The values of an array, an index or one of pandas' own arrays.
pub(crate) fn column(tree: &Tree, id: Id, depth: usize) -> Option<Column> {
    if depth > MAX_DEPTH {
        return None;
    }
    match tree.node(id) {
        Node::Array(index) => Some(Column::Array { array: Rc::clone(tree.array(index)), utc: false }),
        Node::Object(index) => column_of_object(tree, tree.object(index), depth),
        _ => None,
    }
}

/// As [`column`], of an object.
pub(crate) fn column_of_object(tree: &Tree, object: &Object, depth: usize) -> Option<Column> {
    let args = tree.sequence(object.args)?;
    match tree.known(object.class) {
        // `_new_Index(cls, {'data': …, 'name': …})`.
        Known::NewIndex | Known::NewDatetimeIndex => {
            let &[class, parts] = args else { return None };
            if tree.class_of(class).is_some_and(|class| &*class.name == "MultiIndex") {
                return multi_index(tree, parts, depth);
            }
            if tree.known(class) == Known::RangeIndex {
                let bound = |name| tree.get(parts, name).and_then(|id| tree.int_of(id));
                let step = bound("step").filter(|&step| step != 0)?;
                return Some(Column::Range { start: bound("start")?, stop: bound("stop")?, step });
            }
            column(tree, tree.get(parts, "data")?, depth + 1)
        }
        // `__pyx_unpickle_NDArrayBacked(cls, checksum, state)` with the state `(dtype, ndarray, {})`.
        Known::UnpickleBacked => {
            let state = object.state.or_else(|| args.get(2).copied())?;
            let parts = tree.sequence(state)?;
            let known = tree.known(*args.first()?);
            backed(tree, known, parts, depth)
        }
        known @ (Known::Categorical
        | Known::DatetimeArray
        | Known::TimedeltaArray
        | Known::PeriodArray
        | Known::StringArray) => {
            if let Some(parts) = object.state.and_then(|state| tree.sequence(state)) {
                return backed(tree, known, parts, depth);
            }
            if known == Known::Categorical {
                let codes =
                    attribute(tree, object, "_codes").or_else(|| attribute(tree, object, "_ndarray"))?;
                let dtype = attribute(tree, object, "_dtype")?;
                return categories(tree, codes, dtype, depth);
            }
            let values = attribute(tree, object, "_ndarray").or_else(|| attribute(tree, object, "_data"))?;
            if known == Known::PeriodArray {
                return periods(
                    column(tree, values, depth + 1)?,
                    period::freq(tree, attribute(tree, object, "_dtype")?)?,
                );
            }
            let utc = attribute(tree, object, "_dtype").is_some_and(|dtype| is_zoned(tree, dtype));
            with_utc(column(tree, values, depth + 1)?, utc)
        }
        // `_new_IntervalIndex(cls, {'left': …, 'right': …, 'closed': …})`.
        Known::NewIntervalIndex => {
            let &[_, parts] = args else { return None };
            let end = |name| column(tree, tree.get(parts, name)?, depth + 1).map(Box::new);
            // pandas 1 kept an array of intervals.
            if let Some(data) = tree.get(parts, "data") {
                return column(tree, data, depth + 1);
            }
            let closed = Closed::of(tree, tree.get(parts, "closed")?)?;
            intervals(end("left")?, end("right")?, closed)
        }
        Known::IntervalArray | Known::UnpickleInterval => interval_array(tree, object, depth),
        Known::SparseArray => sparse(tree, object, depth),
        Known::ArrowExtension => {
            let array = attribute(tree, object, "_pa_array").or_else(|| attribute(tree, object, "_data"))?;
            column(tree, array, depth + 1)
        }
        Known::ArrowArray => arrow::array(tree, *args.first()?, 0),
        Known::ArrowChunks => {
            let chunks = tree
                .sequence(*args.first()?)?
                .iter()
                .map(|&chunk| column(tree, chunk, depth + 1))
                .collect::<Option<Vec<_>>>()?;
            match <[Column; 1]>::try_from(chunks) {
                Ok([chunk]) => Some(chunk),
                Err(chunks) => Some(Column::Chunks(chunks.into())),
            }
        }
        // Nullable integers, floats and booleans.
        Known::MaskedColumn => {
            let data = column(tree, attribute(tree, object, "_data")?, depth + 1)?;
            let mask = column(tree, attribute(tree, object, "_mask")?, depth + 1)?;
            match (data, mask) {
                (Column::Array { array: data, .. }, Column::Array { array: mask, .. })
                    if data.len() == mask.len() && matches!(mask.layout.kind, Kind::Number(DType::Bool)) =>
                {
                    Some(Column::Masked { data, mask, utc: false })
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// An array that wraps one of numpy's: `(dtype, ndarray, attributes)`, in either order.
fn backed(tree: &Tree, known: Known, parts: &[Id], depth: usize) -> Option<Column> {
    let (mut array, mut dtype) = (None, None);
    for &part in parts.iter().take(2) {
        match tree.node(part) {
            Node::Array(_) => array = Some(part),
            _ => dtype = Some(part),
        }
    }
    match known {
        Known::Categorical => categories(tree, array?, dtype?, depth),
        Known::PeriodArray => periods(column(tree, array?, depth + 1)?, period::freq(tree, dtype?)?),
        _ => with_utc(column(tree, array?, depth + 1)?, dtype.is_some_and(|dtype| is_zoned(tree, dtype))),
    }
}

fn with_utc(column: Column, zoned: bool) -> Option<Column> {
    match column {
        Column::Array { array, .. } => Some(Column::Array { array, utc: zoned }),
        _ => None,
    }
}

fn periods(ordinals: Column, freq: period::Freq) -> Option<Column> {
    match ordinals {
        Column::Array { array: ordinals, .. } => Some(Column::Periods { ordinals, freq }),
        _ => None,
    }
}

fn intervals(left: Box<Column>, right: Box<Column>, closed: Closed) -> Option<Column> {
    (left.len() == right.len()).then_some(Column::Intervals { left, right, closed })
}

/// `IntervalArray` with its attributes, or `__pyx_unpickle_IntervalMixin(cls, checksum, None)` with the state
/// `(attributes,)`.
fn interval_array(tree: &Tree, object: &Object, depth: usize) -> Option<Column> {
    let attributes = match (object.state, tree.sequence(object.state?)) {
        (_, Some(&[attributes])) => attributes,
        (state, _) => state?,
    };
    let end = |name| column(tree, tree.get(attributes, name)?, depth + 1).map(Box::new);
    let closed = if let Some(closed) = tree.get(attributes, "_closed") {
        Closed::of(tree, closed)?
    } else {
        let Node::Object(dtype) = tree.node(tree.get(attributes, "_dtype")?) else { return None };
        let dtype = tree.object(dtype);
        Closed::of(tree, attribute(tree, dtype, "closed").or_else(|| attribute(tree, dtype, "_closed"))?)?
    };
    intervals(end("_left")?, end("_right")?, closed)
}

/// `SparseArray` with its attributes: the places that have a value, the values, and what fills the rest.
fn sparse(tree: &Tree, object: &Object, depth: usize) -> Option<Column> {
    let (Node::Object(index), Node::Object(dtype)) =
        (tree.node(attribute(tree, object, "_sparse_index")?), tree.node(attribute(tree, object, "_dtype")?))
    else {
        return None;
    };
    let index = tree.object(index);
    let args = tree.sequence(index.args)?;
    let ints = |id: Id| match column(tree, id, depth + 1)? {
        Column::Array { array, .. } => (0..array.len())
            .map(|place| array_int(&array, place).and_then(|value| usize::try_from(value).ok()))
            .collect::<Option<Vec<_>>>(),
        _ => None,
    };
    let len = usize::try_from(tree.int_of(*args.first()?)?).ok()?;
    let values = column(tree, attribute(tree, object, "_sparse_values")?, depth + 1)?;
    let places = match *args {
        [_, places] => ints(places)?,
        // Runs: where each starts, and how long it is.
        [_, starts, lengths] => {
            let (starts, lengths) = (ints(starts)?, ints(lengths)?);
            let total = lengths.iter().try_fold(0_usize, |total, &length| total.checked_add(length))?;
            if total != values.len() {
                return None;
            }
            starts
                .into_iter()
                .zip(lengths)
                .flat_map(|(start, length)| (0..length).map(move |i| start + i))
                .collect()
        }
        _ => return None,
    };
    let sound = places.len() == values.len()
        && places.is_sorted_by(|a, b| a < b)
        && places.last().is_none_or(|&last| last < len);
    let dtype = tree.object(dtype);
    let fill = attribute(tree, dtype, "_fill_value")
        .or_else(|| tree.sequence(dtype.args).and_then(|args| args.get(1).copied()));
    sound.then(|| Column::Sparse(Rc::new(Sparse { places, values, fill, len })))
}

/// `MultiIndex`: its levels, and for each the numbers of its values.
fn multi_index(tree: &Tree, parts: Id, depth: usize) -> Option<Column> {
    let levels = tree.sequence(tree.get(parts, "levels")?)?;
    let codes = tree.get(parts, "codes").or_else(|| tree.get(parts, "labels"))?;
    let codes = tree.sequence(codes)?;
    let names = tree.get(parts, "names").and_then(|id| tree.sequence(id)).unwrap_or_default();
    if levels.len() != codes.len() || levels.is_empty() {
        return None;
    }
    let columns = levels
        .iter()
        .zip(codes)
        .map(|(&level, &codes)| {
            let categories = Box::new(column(tree, level, depth + 1)?);
            match column(tree, codes, depth + 1)? {
                Column::Array { array: codes, .. } => Some(Column::Categories { codes, categories }),
                _ => None,
            }
        })
        .collect::<Option<Vec<_>>>()?;
    let len = columns[0].len();
    let names = (0..columns.len())
        .map(|level| {
            let name = names.get(level).copied();
            name.filter(|&name| !matches!(tree.node(name), Node::None)).map(RowName::Node)
        })
        .collect();
    columns.iter().all(|column| column.len() == len).then(|| {
        let missing = Missing::default();
        Column::Rows(Rc::new(Rows { names, columns, missing, len, offset: 0, is_tuple: true }))
    })
}

/// The names of an index's levels: one, or those of a `MultiIndex`.
pub(crate) fn index_names(tree: &Tree, index: Id) -> Vec<Option<Id>> {
    let Node::Object(object) = tree.node(index) else { return vec![None] };
    let parts = tree.sequence(tree.object(object).args).and_then(|args| args.get(1).copied());
    let Some(parts) = parts else { return vec![None] };
    let said = |id: Id| (!matches!(tree.node(id), Node::None)).then_some(id);
    match tree.get(parts, "names").and_then(|names| tree.sequence(names)) {
        Some(names) => names.iter().map(|&name| said(name)).collect(),
        None => vec![tree.get(parts, "name").and_then(said)],
    }
}

/// Whether a dtype is `DatetimeTZDtype`.
fn is_zoned(tree: &Tree, dtype: Id) -> bool {
    match tree.node(dtype) {
        Node::Object(index) => {
            tree.class_of(tree.object(index).class).is_some_and(|class| &*class.name == "DatetimeTZDtype")
        }
        _ => false,
    }
}

fn categories(tree: &Tree, codes: Id, dtype: Id, depth: usize) -> Option<Column> {
    let Node::Object(dtype) = tree.node(dtype) else { return None };
    let dtype = tree.object(dtype);
    let found = attribute(tree, dtype, "categories")
        .or_else(|| attribute(tree, dtype, "_categories"))
        .or_else(|| tree.sequence(dtype.args)?.first().copied())?;
    let categories = Box::new(column(tree, found, depth + 1)?);
    match column(tree, codes, depth + 1)? {
        Column::Array { array: codes, .. } => Some(Column::Categories { codes, categories }),
        _ => None,
    }
}
