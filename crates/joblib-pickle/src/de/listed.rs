//! Python's own lists of numbers as arrays: what `numpy.asarray` would make of them.

use std::rc::Rc;

use joblib_array::transfer::OwnedRawArray;
use joblib_array::{Buffer, DType, Order};
use serde::de::Visitor;

use super::column::ColumnDe;
use super::node::De;
use super::problem::Problem;
use super::walk::Walk;
use crate::meaning::column::Column;
use crate::numpy::ndarray::Masked;
use crate::tree::{Id, Node};

/// An array of a list, or of lists of the same length: of `int64`, of `float64` when one is a float, of `bool` when all
/// are.
pub(crate) fn array(walk: &Walk<'_>, id: Id) -> Result<OwnedRawArray, Problem> {
    let mut shape = Vec::new();
    let mut inner = id;
    while let Some(items) = walk.tree.sequence(inner) {
        shape.push(items.len());
        match items.first() {
            // numpy has no more dimensions than 64.
            Some(&first) if shape.len() < 64 => inner = first,
            _ => break,
        }
    }
    let mut numbers = Numbers { ints: Vec::new(), floats: Vec::new(), bools: 0 };
    gather(walk, id, &shape, &mut numbers)?;
    let Numbers { ints, floats, bools } = numbers;
    let (dtype, bytes): (DType, Vec<u8>) = if floats.is_empty() && bools == ints.len() && bools > 0 {
        (DType::Bool, ints.iter().map(|&value| value as u8).collect())
    } else if floats.is_empty() && !ints.is_empty() {
        (DType::I64, ints.iter().flat_map(|value| value.to_le_bytes()).collect())
    } else {
        (DType::F64, floats.iter().flat_map(|value| value.to_le_bytes()).collect())
    };
    Ok(OwnedRawArray { dtype, order: Order::C, shape, buffer: Buffer::copy_of(&bytes) })
}

/// Integers until the first float, floats from there on.
struct Numbers {
    ints: Vec<i64>,
    floats: Vec<f64>,
    bools: usize,
}

fn gather(walk: &Walk<'_>, id: Id, shape: &[usize], numbers: &mut Numbers) -> Result<(), Problem> {
    let Some((&len, inner)) = shape.split_first() else {
        match walk.tree.node(id) {
            Node::Float(value) => {
                numbers
                    .floats
                    .extend(std::mem::take(&mut numbers.ints).into_iter().map(|value| value as f64));
                numbers.floats.push(value);
            }
            Node::Int(value) if numbers.floats.is_empty() => numbers.ints.push(value),
            Node::Int(value) => numbers.floats.push(value as f64),
            Node::Bool(value) if numbers.floats.is_empty() => {
                numbers.bools += 1;
                numbers.ints.push(i64::from(value));
            }
            _ => {
                return Err(Problem::wrong("expected an array, found a list of something else than numbers"));
            }
        }
        return Ok(());
    };
    let items = walk.tree.sequence(id).filter(|items| items.len() == len);
    let items = items.ok_or_else(|| {
        Problem::wrong("expected an array, found lists of several lengths, which are no rows of one array")
    })?;
    let _inside = walk.enter(id, len)?;
    for (index, &item) in items.iter().enumerate() {
        gather(walk, item, inner, numbers).map_err(|problem| problem.inside(format!("[{index}]")))?;
    }
    Ok(())
}

/// A masked array as an array, when nothing is masked.
pub(crate) fn unmasked<'w, 't: 'w, V: Visitor<'t>>(
    de: De<'w, 't>,
    masked: Masked,
    visitor: V,
) -> Result<V::Value, Problem> {
    use serde::Deserializer;

    let tree = de.walk.tree;
    match (tree.node(masked.data), tree.node(masked.mask)) {
        (Node::Array(data), Node::Array(mask)) => {
            let column = Column::Masked {
                data: Rc::clone(tree.array(data)),
                mask: Rc::clone(tree.array(mask)),
                utc: false,
            };
            ColumnDe { walk: de.walk, id: de.id, column }
                .deserialize_newtype_struct(joblib_array::transfer::NAME, visitor)
        }
        _ => Err(Problem::corrupt("a masked array without its data or its mask")),
    }
}
