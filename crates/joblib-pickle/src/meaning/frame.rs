//! pandas: the columns of a `DataFrame` or a `Series`, out of the blocks that pandas 1 to 3 pickle.
//!
//! A frame is a manager with blocks of columns of one dtype; a block's values are an array (one row a column), or one
//! of pandas' own arrays. A column of a class that is not known is [`Column::Opaque`], and the others are not its fault.

use std::collections::BTreeMap;
use std::rc::Rc;

use joblib_array::Order;

use super::column::{Column, array_int, range_len};
use super::extension::{column, index_names};
use super::instance::attribute;
use crate::class::Known;
use crate::numpy::array::{Data, NdArray};
use crate::tree::{Id, Node, Object, Tree};

const MAX_EMPTY_COLUMNS: usize = 1 << 16;

/// A table.
pub(crate) struct Frame {
    /// What the columns are called.
    pub(crate) labels: Column,
    /// The values, in the frame's order.
    pub(crate) columns: Vec<Column>,
    pub(crate) index: Index,
    pub(crate) rows: usize,
    pub(crate) notes: Notes,
}

/// What is noted beside a table.
pub(crate) struct Notes {
    /// The dict `attrs`, if it has something in it.
    pub(crate) attrs: Option<Id>,
    /// Attributes that a subclass adds: a name and a value by turns.
    pub(crate) added: Vec<Id>,
}

/// A column with the index of its values.
pub(crate) struct Series {
    pub(crate) name: Option<Id>,
    pub(crate) index: Index,
    pub(crate) values: Column,
    pub(crate) notes: Notes,
}

/// What the rows are called.
#[derive(Clone)]
pub(crate) struct Index {
    /// `None` when it is of a class that is not known, or is not there.
    pub(crate) column: Option<Column>,
    /// The names of its levels.
    pub(crate) names: Vec<Option<Id>>,
}

impl Index {
    /// The levels that have a name, each with its values: pandas' `reset_index` makes them columns.
    pub(crate) fn named_levels(&self) -> Vec<(Id, Column)> {
        let levels = match &self.column {
            Some(Column::Rows(rows)) if rows.is_tuple => rows.columns.as_slice(),
            Some(column) => std::slice::from_ref(column),
            None => &[],
        };
        self.names.iter().zip(levels).filter_map(|(name, level)| Some(((*name)?, level.clone()))).collect()
    }

    /// Whether it says no more than the numbers of the rows.
    pub(crate) fn is_row_numbers(&self) -> bool {
        matches!(self.column, None | Some(Column::Range { start: 0, step: 1, .. }))
            && self.names.iter().all(Option::is_none)
    }
}

/// `DataFrame` with its state `{'_mgr': BlockManager, …}`.
pub(crate) fn data_frame(tree: &Tree, object: &Object) -> Option<Frame> {
    let (blocks, axes) = manager(tree, object)?;
    let &[label_axis, index_axis] = axes else { return None };
    let index = Index { column: column(tree, index_axis, 0), names: index_names(tree, index_axis) };
    let mut placed = BTreeMap::new();
    for &block in blocks {
        let (values, places) = block_parts(tree, block)?;
        let found = block_columns(tree, values)?;
        placed.extend(place_numbers(tree, places, found.len())?.into_iter().zip(found));
    }
    let count = placed.len();
    if placed.keys().next_back().is_some_and(|&last| last >= count) {
        return None;
    }
    let mut columns: Vec<Column> = placed.into_values().collect();
    let labels = column(tree, label_axis, 0).unwrap_or(Column::Opaque { id: label_axis, len: count });
    let rows = rows_of(&mut columns, index.column.as_ref());
    let fits = labels.len() == count && columns.iter().all(|column| column.len() == rows);
    fits.then(|| Frame { labels, columns, index, rows, notes: notes(tree, object) })
}

fn notes(tree: &Tree, object: &Object) -> Notes {
    let attrs = attribute(tree, object, "attrs");
    let names = attribute(tree, object, "_metadata").and_then(|id| tree.sequence(id)).unwrap_or_default();
    let added = names.iter().filter_map(|&name| {
        // A series has its name among them.
        let text = tree.text_of(name).filter(|&text| text != "_name")?;
        Some([name, attribute(tree, object, text)?])
    });
    Notes {
        attrs: attrs.filter(|&id| tree.pairs(id).is_some_and(|pairs| !pairs.is_empty())),
        added: added.flatten().collect(),
    }
}

/// How many rows there are, which columns of a class that is not known are told.
fn rows_of(columns: &mut [Column], index: Option<&Column>) -> usize {
    let known = columns.iter().find(|column| !matches!(column, Column::Opaque { .. }));
    let rows = index.or(known).map_or(0, Column::len);
    for column in columns {
        if let Column::Opaque { len, .. } = column {
            *len = rows;
        }
    }
    rows
}

/// `Series` with its state `{'_mgr': SingleBlockManager, '_name': …}`.
pub(crate) fn series(tree: &Tree, object: &Object) -> Option<Series> {
    let (blocks, axes) = manager(tree, object)?;
    let (values, _) = block_parts(tree, *blocks.first()?)?;
    let axis = axes.first().copied();
    let mut index = Index {
        column: axis.and_then(|axis| column(tree, axis, 0)),
        names: axis.map_or_else(Vec::new, |axis| index_names(tree, axis)),
    };
    let values = match column(tree, values, 0) {
        Some(values) => values,
        None => Column::Opaque { id: values, len: index.column.as_ref().map_or(0, Column::len) },
    };
    index.column = index.column.filter(|index| index.len() == values.len());
    let name = attribute(tree, object, "_name").or_else(|| attribute(tree, object, "name"));
    Some(Series {
        name: name.filter(|&id| !matches!(tree.node(id), Node::None)),
        index,
        values,
        notes: notes(tree, object),
    })
}

/// pyarrow's `_reconstruct_table(columns, schema)`.
pub(crate) fn arrow_table(tree: &Tree, args: &[Id]) -> Option<Frame> {
    let &[columns, schema, ..] = args else { return None };
    let Node::Object(schema) = tree.node(schema) else { return None };
    let fields = tree.sequence(*tree.sequence(tree.object(schema).args)?.first()?)?;
    let names = fields
        .iter()
        .map(|&field| match tree.node(field) {
            Node::Object(field) => tree.sequence(tree.object(field).args)?.first().copied(),
            _ => None,
        })
        .collect::<Option<Rc<[Id]>>>()?;
    let mut columns: Vec<Column> = tree
        .sequence(columns)?
        .iter()
        .map(|&id| column(tree, id, 0).unwrap_or(Column::Opaque { id, len: 0 }))
        .collect();
    let rows = rows_of(&mut columns, None);
    if names.len() != columns.len() || columns.iter().any(|column| column.len() != rows) {
        return None;
    }
    let labels = NdArray {
        layout: Rc::new(crate::numpy::dtype::Layout::object()),
        shape: vec![names.len()],
        order: Order::C,
        data: Data::Gathered(names),
        scalar: false,
    };
    let labels = Column::Array { array: Rc::new(labels), utc: false };
    let index = Index { column: None, names: Vec::new() };
    let notes = Notes { attrs: None, added: Vec::new() };
    Some(Frame { labels, columns, index, rows, notes })
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
    match column(tree, values, 0) {
        Some(Column::Array { array, utc }) if array.shape.len() == 2 => {
            // Columns of no rows take no bytes in the file, so nothing else bounds their number.
            if array.shape[0] > MAX_EMPTY_COLUMNS && array.len() == 0 {
                return None;
            }
            (0..array.shape[0])
                .map(|row| Some(Column::Array { array: Rc::new(array.row(tree, row)?), utc }))
                .collect()
        }
        Some(column) => Some(vec![column]),
        None => Some(vec![Column::Opaque { id: values, len: 0 }]),
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
