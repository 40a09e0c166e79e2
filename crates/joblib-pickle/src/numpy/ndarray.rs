//! numpy's arrays as pickles hold them: `_reconstruct` with a state, `_frombuffer`, `scalar`.

use std::rc::Rc;

use joblib_array::{Buffer, Order};

use super::array::{Data, NdArray, element_count};
use super::dtype::{Kind, Layout};
use crate::machine::fault::Fault;
use crate::tree::{Blob, Full, Id, Items, Node, Object, Tree};
use joblib_array::MAX_NDIM;

/// The shape that a tuple of numbers is.
pub(crate) fn shape_of(tree: &Tree, id: Id) -> Result<Vec<usize>, Fault> {
    let bad = || Fault::corrupt("the shape of an array is not a tuple of lengths");
    let lengths = tree.sequence(id).ok_or_else(bad)?;
    if lengths.len() > MAX_NDIM {
        return Err(Fault::corrupt(format!(
            "an array of {} dimensions; numpy has at most {MAX_NDIM}",
            lengths.len()
        )));
    }
    lengths
        .iter()
        .map(|&len| {
            let len = match tree.node(len) {
                // Some releases wrote lengths as numpy scalars.
                Node::Array(index) => scalar_int(tree.array(index)),
                _ => tree.int_of(len),
            };
            len.and_then(|len| usize::try_from(len).ok()).ok_or_else(bad)
        })
        .collect()
}

fn scalar_int(array: &NdArray) -> Option<i64> {
    match (&array.layout.kind, &array.data) {
        (Kind::Number(dtype), Data::Bytes(buffer)) if !array.layout.big_endian && array.shape.is_empty() => {
            use joblib_array::DType;
            let bytes = buffer.as_bytes();
            match dtype {
                DType::I64 | DType::U64 => Some(i64::from_le_bytes(bytes.try_into().ok()?)),
                DType::I32 => Some(i64::from(i32::from_le_bytes(bytes.try_into().ok()?))),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The state that `ndarray.__setstate__` takes: `(version, shape, dtype, is_fortran, data)`; version 0 had none of the first.
pub(crate) fn from_state(tree: &mut Tree, state: Id) -> Result<Node, Fault> {
    let bad = || Fault::corrupt("an array whose state is not (version, shape, dtype, is_fortran, data)");
    let parts = tree.sequence(state).ok_or_else(bad)?;
    let ([_, shape, dtype, fortran, data] | [shape, dtype, fortran, data]) = *parts else {
        return Err(bad());
    };
    let order = if tree.int_of(fortran) == Some(1) { Order::F } else { Order::C };
    from_parts(tree, dtype, shape, order, data)
}

/// An array of a dtype, a shape and bytes or, for objects, a list.
pub(crate) fn from_parts(
    tree: &mut Tree,
    dtype: Id,
    shape: Id,
    order: Order,
    data: Id,
) -> Result<Node, Fault> {
    let layout = Rc::new(Layout::from_tree(tree, dtype)?);
    let shape = shape_of(tree, shape)?;
    // Rows with objects in them are pickled as a list of tuples.
    let array = if layout.has_objects() {
        let (Node::List(items) | Node::Tuple(items)) = tree.node(data) else {
            return Err(Fault::corrupt("an array of objects whose data is not a list"));
        };
        let found = tree.items(items).len() as u64;
        if found != element_count(&shape)? {
            return Err(Fault::corrupt(format!("an array of shape {shape:?} has {found} objects")));
        }
        // numpy lists objects in C order, whatever the order of the array was.
        NdArray { layout, shape, order: Order::C, data: Data::Objects(items.alone()), scalar: false }
    } else {
        let buffer =
            take_buffer(tree, data).ok_or_else(|| Fault::corrupt("an array whose data is not bytes"))?;
        NdArray::new(layout, shape, order, buffer)?
    };
    Ok(tree.add_array(array)?)
}

/// The bytes of a node as memory of an array's own; those of a blob are shared, not copied.
pub(super) fn take_buffer(tree: &Tree, data: Id) -> Option<Buffer> {
    match tree.node(data) {
        Node::Blob(index) => Some(tree.blob(index).buffer.clone()),
        // A text of Latin-1: what protocol 0 made of Python 2's bytes.
        Node::Str(span) => {
            let text = tree.text(span);
            let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
            Some(Buffer::copy_of(&bytes?))
        }
        // `_frombuffer(array, …)`: a pickled view of bytes may come as an array itself.
        Node::Array(index) => match &tree.array(index).data {
            Data::Bytes(buffer) => Some(buffer.clone()),
            Data::Objects(_) | Data::Gathered(_) => None,
        },
        _ => tree.bytes_of(data).map(Buffer::copy_of),
    }
}

/// `_frombuffer(buffer, dtype, shape, order)`.
pub(crate) fn from_buffer(tree: &mut Tree, args: Id) -> Result<Node, Fault> {
    let bad = || Fault::corrupt("an array that is not _frombuffer(data, dtype, shape, order)");
    let ([data, dtype, shape, order] | [data, dtype, shape, order, _]) =
        *tree.sequence(args).ok_or_else(bad)?
    else {
        return Err(bad());
    };
    let order = match tree.text_of(order) {
        Some("F") => Order::F,
        Some(_) => Order::C,
        None => return Err(bad()),
    };
    from_parts(tree, dtype, shape, order, data)
}

/// `scalar(dtype, bytes)`; the value itself for a scalar of dtype object.
pub(crate) fn scalar(tree: &mut Tree, args: Id, empty_tuple: Id) -> Result<Node, Fault> {
    let bad = || Fault::corrupt("a numpy scalar that is not scalar(dtype, data)");
    let (dtype, data) = match *tree.sequence(args).ok_or_else(bad)? {
        [dtype, data] => (dtype, Some(data)),
        [dtype] => (dtype, None),
        _ => return Err(bad()),
    };
    let layout = Layout::from_tree(tree, dtype)?;
    if layout.has_objects() {
        return data.map(|data| tree.node(data)).ok_or_else(bad);
    }
    let node = if let Some(data) = data {
        from_parts(tree, dtype, empty_tuple, Order::C, data)?
    } else {
        let buffer =
            Buffer::zeroed(layout.size.min(1 << 20)).map_err(|error| Fault::io(error, "making a scalar"))?;
        let array = NdArray::new(Rc::new(layout), Vec::new(), Order::C, buffer)?;
        tree.add_array(array)?
    };
    if let Node::Array(index) = node {
        let mut array = NdArray::clone(tree.array(index));
        array.scalar = true;
        return Ok(tree.add_array(array)?);
    }
    Ok(node)
}

/// A masked array's parts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Masked {
    pub(crate) data: Id,
    pub(crate) mask: Id,
    pub(crate) fill_value: Id,
}

/// `_mareconstruct(…)` with the state `(version, shape, dtype, is_fortran, data, mask, fill_value)`: the data and the
/// mask become arrays, in a state of `(data, mask, fill_value)`.
pub(crate) fn mask_state(tree: &mut Tree, state: Id, offset: u64) -> Result<Id, Fault> {
    let bad = || {
        Fault::corrupt(
            "a masked array whose state is not (version, shape, dtype, is_fortran, data, mask, fill_value)",
        )
    };
    let &[_, shape, dtype, fortran, data, mask, fill] = tree.sequence(state).ok_or_else(bad)? else {
        return Err(bad());
    };
    let order = if tree.int_of(fortran) == Some(1) { Order::F } else { Order::C };
    let data = from_parts(tree, dtype, shape, order, data)?;
    let data = tree.push(data, offset)?;
    let lengths = shape_of(tree, shape)?;
    let layout = Layout::from_tree(tree, dtype)?;
    let buffer = take_buffer(tree, mask).ok_or_else(bad)?;
    let mask = NdArray::new(Rc::new(layout.mask()), lengths, order, buffer)?;
    let mask = tree.add_array(mask)?;
    let mask = tree.push(mask, offset)?;
    let parts = tree.extend(Items::EMPTY, &[data, mask, fill])?;
    Ok(tree.push(Node::Tuple(parts), offset)?)
}

/// The parts that `mask_state` left.
pub(crate) fn masked_parts(tree: &Tree, object: &Object) -> Option<Masked> {
    match *tree.sequence(object.state?)? {
        [data, mask, fill_value] => Some(Masked { data, mask, fill_value }),
        _ => None,
    }
}

/// Bytes of a pickle as a blob node.
pub(crate) fn blob(tree: &mut Tree, buffer: Buffer) -> Result<Node, Fault> {
    Ok(tree.add_blob(Blob { buffer })?)
}

impl From<Full> for Fault {
    fn from(_: Full) -> Self {
        Fault::limit("the pickle holds more values than can be numbered")
    }
}
