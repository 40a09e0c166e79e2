//! pandas: the columns of a `DataFrame`, a `Series` or an `Index`, out of the blocks that pandas 1 to 3 pickle.
//!
//! A frame is a manager with blocks of columns of one dtype; a block's values are an array (one row a column), or one
//! of pandas' own arrays, which wrap numpy's.

use std::collections::BTreeMap;
use std::rc::Rc;

use joblib_array::{DType, Order};

use super::attribute;
use crate::pickle::class::Known;
use crate::pickle::numpy::dtype::Kind;
use crate::pickle::numpy::ndarray::{Data, NdArray};
use crate::pickle::tree::{Id, Node, Object, Tree};

/// Wrappers within wrappers; real ones are three deep.
const MAX_DEPTH: usize = 16;
const MAX_EMPTY_COLUMNS: usize = 1 << 16;

/// A table.
pub(in crate::pickle) struct Frame {
    /// Labels and values, in the frame's order.
    pub(in crate::pickle) columns: Vec<(Label, Column)>,
    pub(in crate::pickle) index: Option<Column>,
    pub(in crate::pickle) rows: usize,
}

/// What a column is called.
#[derive(Clone)]
pub(in crate::pickle) enum Label {
    Node(Id),
    Number(i64),
}

/// The values of a column.
#[derive(Clone)]
pub(in crate::pickle) enum Column {
    /// `utc` when they are times that pandas keeps in UTC.
    Array {
        array: Rc<NdArray>,
        utc: bool,
    },
    /// Values with a mask that is true where there is none.
    Masked {
        data: Rc<NdArray>,
        mask: Rc<NdArray>,
    },
    /// Numbers of categories; -1 where there is none.
    Categories {
        codes: Rc<NdArray>,
        categories: Box<Column>,
    },
    Range {
        start: i64,
        stop: i64,
        step: i64,
    },
}

impl Column {
    pub(in crate::pickle) fn len(&self) -> usize {
        match self {
            Self::Array { array, .. }
            | Self::Masked { data: array, .. }
            | Self::Categories { codes: array, .. } => array.len(),
            Self::Range { start, stop, step } => range_len(*start, *stop, *step),
        }
    }
}

/// Numbers in `range(start, stop, step)`.
pub(in crate::pickle) fn range_len(start: i64, stop: i64, step: i64) -> usize {
    let (start, stop, step) = (i128::from(start), i128::from(stop), i128::from(step));
    let len = match step {
        0 => 0,
        1.. => (stop - start + step - 1) / step,
        _ => (start - stop - step - 1) / -step,
    };
    usize::try_from(len.max(0)).unwrap_or(usize::MAX)
}

/// `DataFrame` with its state `{'_mgr': BlockManager, …}`.
pub(in crate::pickle) fn data_frame(tree: &Tree, object: &Object) -> Option<Frame> {
    let (blocks, axes) = manager(tree, object)?;
    let (labels, index) = match *axes {
        [columns, index] => (column(tree, columns, 0)?, column(tree, index, 0)),
        _ => return None,
    };
    let count = labels.len();
    let mut columns = BTreeMap::new();
    for &block in blocks {
        let (values, places) = block_parts(tree, block)?;
        let found = block_columns(tree, values)?;
        columns.extend(place_numbers(tree, places, found.len())?.into_iter().zip(found));
    }
    if columns.len() != count || columns.keys().next_back().is_some_and(|&last| last >= count) {
        return None;
    }
    let columns = columns
        .into_iter()
        .map(|(place, column)| Some((label(tree, &labels, place)?, column)))
        .collect::<Option<Vec<_>>>()?;
    let rows = match (&index, columns.first()) {
        (Some(index), _) => index.len(),
        (None, Some((_, column))) => column.len(),
        (None, None) => 0,
    };
    columns.iter().all(|(_, column)| column.len() == rows).then_some(Frame { columns, index, rows })
}

/// `Series` with its state `{'_mgr': SingleBlockManager, '_name': …}`: its name, its index, its values.
pub(in crate::pickle) fn series(
    tree: &Tree,
    object: &Object,
) -> Option<(Option<Id>, Option<Column>, Column)> {
    let (blocks, axes) = manager(tree, object)?;
    let (values, _) = block_parts(tree, *blocks.first()?)?;
    let values = column(tree, values, 0)?;
    let index = axes.first().and_then(|&id| column(tree, id, 0)).filter(|index| index.len() == values.len());
    let name = attribute(tree, object, "_name").or_else(|| attribute(tree, object, "name"));
    Some((name.filter(|&id| !matches!(tree.node(id), Node::None)), index, values))
}

/// Blocks and axes of the manager in an object's state.
fn manager<'t>(tree: &'t Tree, object: &'t Object) -> Option<(&'t [Id], &'t [Id])> {
    let manager = attribute(tree, object, "_mgr").or_else(|| attribute(tree, object, "_data"))?;
    let Node::Object(manager) = tree.node(manager) else { return None };
    let manager = tree.object(manager);
    if !matches!(tree.known(manager.class), Known::BlockManager | Known::SingleBlockManager) {
        return None;
    }
    match *tree.sequence(manager.args)? {
        [blocks, axes] => Some((tree.sequence(blocks)?, tree.sequence(axes)?)),
        _ => state_0_14(tree, manager),
    }
}

/// The state of managers of pandas 1: `(axes, values, items, {'0.14.1': {'axes': …, 'blocks': […]}})`.
fn state_0_14<'t>(tree: &'t Tree, manager: &'t Object) -> Option<(&'t [Id], &'t [Id])> {
    let extra = *tree.sequence(manager.state?)?.last()?;
    let state = tree.get(extra, "0.14.1")?;
    Some((tree.sequence(tree.get(state, "blocks")?)?, tree.sequence(tree.get(state, "axes")?)?))
}

/// A block's values, and which columns of the frame they are.
fn block_parts(tree: &Tree, block: Id) -> Option<(Id, Id)> {
    match tree.node(block) {
        // `_unpickle_block(values, placement, ndim)`.
        Node::Object(index) => match *tree.sequence(tree.object(index).args)? {
            [values, places, ..] => Some((values, places)),
            _ => None,
        },
        Node::Dict(_) => Some((tree.get(block, "values")?, tree.get(block, "mgr_locs")?)),
        _ => None,
    }
}

/// The numbers that a slice or an array says, which must be `count`.
fn place_numbers(tree: &Tree, places: Id, count: usize) -> Option<Vec<usize>> {
    match tree.node(places) {
        Node::Object(index) if tree.known(tree.object(index).class) == Known::Slice => {
            let args = tree.sequence(tree.object(index).args)?;
            let &[start, stop, step] = args else { return None };
            let (start, stop) = (tree.int_of(start)?, tree.int_of(stop)?);
            let step = tree.int_of(step).unwrap_or(1);
            if range_len(start, stop, step) != count {
                return None;
            }
            (0..count as i64)
                .map(|i| usize::try_from(start.checked_add(i.checked_mul(step)?)?).ok())
                .collect()
        }
        Node::Array(index) if tree.array(index).len() == count => {
            let array = tree.array(index);
            (0..count).map(|i| usize::try_from(array_int(array, i)?).ok()).collect()
        }
        _ => None,
    }
}

/// The columns in a block's values: the rows of an array of two dimensions, or one column.
fn block_columns(tree: &Tree, values: Id) -> Option<Vec<Column>> {
    match column(tree, values, 0)? {
        Column::Array { array, utc } if array.shape.len() == 2 => {
            // Columns of no rows take no bytes in the file, so nothing else bounds their number.
            if array.shape[0] > MAX_EMPTY_COLUMNS && array.len() == 0 {
                return None;
            }
            (0..array.shape[0])
                .map(|row| Some(Column::Array { array: Rc::new(array.row(tree, row)?), utc }))
                .collect()
        }
        column => Some(vec![column]),
    }
}

/// The values of an array, an index or one of pandas' own arrays.
pub(in crate::pickle) fn column(tree: &Tree, id: Id, depth: usize) -> Option<Column> {
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
pub(in crate::pickle) fn column_of_object(tree: &Tree, object: &Object, depth: usize) -> Option<Column> {
    let args = tree.sequence(object.args)?;
    match tree.known(object.class) {
        // `_new_Index(cls, {'data': …, 'name': …})`.
        Known::NewIndex | Known::NewDatetimeIndex => {
            let &[class, parts] = args else { return None };
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
        known @ (Known::Categorical | Known::DatetimeArray | Known::TimedeltaArray | Known::StringArray) => {
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
            let utc = attribute(tree, object, "_dtype").is_some_and(|dtype| is_zoned(tree, dtype));
            with_utc(column(tree, values, depth + 1)?, utc)
        }
        // Nullable integers, floats and booleans.
        Known::MaskedColumn => {
            let data = column(tree, attribute(tree, object, "_data")?, depth + 1)?;
            let mask = column(tree, attribute(tree, object, "_mask")?, depth + 1)?;
            match (data, mask) {
                (Column::Array { array: data, .. }, Column::Array { array: mask, .. })
                    if data.len() == mask.len() && matches!(mask.layout.kind, Kind::Number(DType::Bool)) =>
                {
                    Some(Column::Masked { data, mask })
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
        _ => with_utc(column(tree, array?, depth + 1)?, dtype.is_some_and(|dtype| is_zoned(tree, dtype))),
    }
}

fn with_utc(column: Column, zoned: bool) -> Option<Column> {
    match column {
        Column::Array { array, .. } => Some(Column::Array { array, utc: zoned }),
        _ => None,
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

/// The label at a place of an index.
fn label(tree: &Tree, labels: &Column, place: usize) -> Option<Label> {
    match labels {
        Column::Range { start, step, .. } => {
            Some(Label::Number(start.checked_add(step.checked_mul(i64::try_from(place).ok()?)?)?))
        }
        Column::Array { array, .. } => match &array.data {
            Data::Objects(items) => tree.items(*items).get(place).map(|&id| Label::Node(id)),
            Data::Gathered(nodes) => nodes.get(place).map(|&id| Label::Node(id)),
            Data::Bytes(_) => array_int(array, place).map(Label::Number),
        },
        _ => None,
    }
}

/// An integer of an array.
pub(in crate::pickle) fn array_int(array: &NdArray, place: usize) -> Option<i64> {
    use crate::pickle::numpy::element::{Number, number};

    match (&array.data, &array.layout.kind) {
        (Data::Bytes(buffer), Kind::Number(dtype)) => {
            let size = array.layout.size;
            let bytes = buffer.as_bytes().get(place.checked_mul(size)?..(place + 1).checked_mul(size)?)?;
            match number(*dtype, array.layout.big_endian, bytes)? {
                Number::Int(value) => Some(value),
                Number::Uint(value) => i64::try_from(value).ok(),
                Number::Bool(value) => Some(i64::from(value)),
                _ => None,
            }
        }
        _ => None,
    }
}

impl NdArray {
    /// A row of an array of two dimensions as an array of its own, sharing the memory where it lies together.
    fn row(&self, tree: &Tree, row: usize) -> Option<Self> {
        let &[rows, width] = self.shape.as_slice() else { return None };
        let together = self.order == Order::C || rows == 1;
        let size = self.layout.size;
        let data = match &self.data {
            Data::Bytes(buffer) if together => {
                Data::Bytes(buffer.slice(row * width * size..(row + 1) * width * size))
            }
            Data::Bytes(buffer) => {
                let bytes = buffer.as_bytes();
                let mut gathered = Vec::with_capacity(width * size);
                for column in 0..width {
                    let at = (column * rows + row) * size;
                    gathered.extend_from_slice(&bytes[at..at + size]);
                }
                Data::Bytes(joblib_array::Buffer::copy_of(&gathered))
            }
            Data::Objects(items) if together => Data::Objects(items.part(row * width, width)),
            Data::Objects(items) => {
                let nodes = tree.items(*items);
                Data::Gathered((0..width).map(|column| nodes[column * rows + row]).collect())
            }
            Data::Gathered(_) => return None,
        };
        let layout = Rc::clone(&self.layout);
        Some(Self { layout, shape: vec![width], order: Order::C, data, scalar: false })
    }
}
