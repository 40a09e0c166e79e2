//! The few calls and states that make values: everything else stays an object with its class, arguments and state.

use super::Machine;
use super::fault::Fault;
use crate::class::{Class, Known};
use crate::numpy::{ndarray, std_array};
use crate::tree::{Id, Items, Node, Object, Span, Tree};

/// What became of a state.
pub(crate) enum Built {
    /// The object has it, or became the value that it describes.
    Done,
    /// The object stands in for an array that joblib keeps outside of the opcodes.
    StandIn,
}

/// The value of a call, when the function is one of those known to make values; else `None`.
pub(crate) fn call(machine: &mut Machine<'_, '_>, function: Id, args: Id) -> Result<Option<Id>, Fault> {
    let at = machine.at;
    let empty = machine.empty;
    let tree = &mut *machine.tree;
    let known = tree.known(function);
    if known == Known::Other {
        return Ok(None);
    }
    let arguments: Vec<Id> = match tree.sequence(args) {
        Some(arguments) if arguments.len() <= 8 => arguments.to_vec(),
        _ => Vec::new(),
    };
    let node = match (known, arguments.as_slice()) {
        (Known::Encode, &[text, encoding]) => match tree.text_of(encoding) {
            Some("latin1" | "latin-1") => latin1(tree, text, Node::Bytes)?,
            _ => None,
        },
        (Known::Bytes, []) => Some(Node::Bytes(tree.add_bytes(&[])?)),
        (Known::ByteArray, []) => Some(Node::ByteArray(tree.add_bytes(&[])?)),
        (Known::ByteArray, &[bytes]) => match tree.node(bytes) {
            Node::Bytes(span) | Node::OldStr(span) => Some(Node::ByteArray(span)),
            Node::Blob(index) => Some(Node::Blob(index)),
            _ => None,
        },
        (Known::ByteArray, &[text, _]) => latin1(tree, text, Node::ByteArray)?,
        (Known::Set, []) => Some(Node::Set(Items::EMPTY)),
        (Known::FrozenSet, []) => Some(Node::FrozenSet(Items::EMPTY)),
        (Known::List, []) => Some(Node::List(Items::EMPTY)),
        (Known::Dict, []) => Some(Node::Dict(Items::EMPTY)),
        (Known::Set | Known::FrozenSet | Known::List | Known::Tuple, &[items]) => match tree.node(items) {
            Node::List(items) | Node::Tuple(items) => Some(match known {
                Known::Set => Node::Set(items.alone()),
                Known::FrozenSet => Node::FrozenSet(items.alone()),
                Known::List => Node::List(items.alone()),
                _ => Node::Tuple(items.alone()),
            }),
            _ => None,
        },
        (Known::GetAttr, &[class, name]) => return method(tree, class, name, at),
        (Known::Reconstructor, &[class, base, state]) => {
            return reconstructed(tree, class, base, state, empty, at).map(Some);
        }
        (Known::NewObj, &[class, ref rest @ ..]) => {
            let rest = rest.to_vec();
            let items = tree.extend(Items::EMPTY, &rest)?;
            let args = tree.push(Node::Tuple(items), at)?;
            return instance(tree, class, args, None, at);
        }
        (Known::NewObjEx, &[class, args, kwargs]) => return instance(tree, class, args, Some(kwargs), at),
        (Known::StdArrayReconstructor, &[_, _, format, data]) => std_array::from_bytes(tree, format, data)?,
        (Known::StdArray, &[typecode, items]) => std_array::from_items(tree, typecode, items)?,
        (Known::FromBuffer, _) => if_known(ndarray::from_buffer(tree, args))?,
        (Known::Scalar, _) => if_known(ndarray::scalar(tree, args, empty))?,
        _ => None,
    };
    match node {
        Some(node) => Ok(Some(tree.push(node, at)?)),
        None => Ok(None),
    }
}

/// Nothing for an array of a dtype that is not known: the rest of the file is read, and the array stays data.
fn if_known<T>(found: Result<T, Fault>) -> Result<Option<T>, Fault> {
    found.map(Some).or_else(Fault::unless_unsupported)
}

/// `getattr(class, name)`, where that is a method which is known, such as `ZoneInfo._unpickle`.
fn method(tree: &mut Tree, class: Id, name: Id, at: u64) -> Result<Option<Id>, Fault> {
    let (Some(class), Some(name)) = (tree.class_of(class), tree.text_of(name)) else { return Ok(None) };
    let (module, name) = (class.module.clone(), format!("{}.{name}", class.name));
    match Class::new(&module, &name).known {
        Known::Other => Ok(None),
        _ => Ok(Some(tree.class(&module, &name, at)?)),
    }
}

/// `_reconstructor(class, base, state)`: an instance of a subclass of `base`, which the state is a value of.
fn reconstructed(tree: &mut Tree, class: Id, base: Id, state: Id, empty: Id, at: u64) -> Result<Id, Fault> {
    let mut object = Object {
        class,
        args: empty,
        kwargs: None,
        called: false,
        state: None,
        items: Items::EMPTY,
        pairs: Items::EMPTY,
    };
    match (tree.known(base), tree.node(state)) {
        (Known::Object, _) => {}
        (Known::Dict, Node::Dict(pairs)) => object.pairs = pairs.alone(),
        (Known::List, Node::List(items)) => object.items = items.alone(),
        (Known::Tuple, Node::Tuple(_)) => object.args = state,
        _ => {
            let items = tree.extend(Items::EMPTY, &[state])?;
            object.args = tree.push(Node::Tuple(items), at)?;
        }
    }
    Ok(tree.push_object(object, at)?)
}

fn instance(tree: &mut Tree, class: Id, args: Id, kwargs: Option<Id>, at: u64) -> Result<Option<Id>, Fault> {
    let object =
        Object { class, args, kwargs, called: false, state: None, items: Items::EMPTY, pairs: Items::EMPTY };
    Ok(Some(tree.push_object(object, at)?))
}

/// The bytes that a text of Latin-1 spells.
fn latin1(tree: &mut Tree, text: Id, node: impl FnOnce(Span) -> Node) -> Result<Option<Node>, Fault> {
    let bytes: Option<Vec<u8>> =
        tree.text_of(text).and_then(|text| text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect());
    match bytes {
        Some(bytes) => Ok(Some(node(tree.add_bytes(&bytes)?))),
        None => Ok(None),
    }
}

/// Gives an object its state.
pub(crate) fn set_state(tree: &mut Tree, target: Id, index: u32, state: Id, at: u64) -> Result<Built, Fault> {
    let object = *tree.object(index);
    match tree.known(object.class) {
        // A subclass of ndarray may have a state of its own making: that stays data.
        Known::Reconstruct if tree.sequence(state).is_some_and(|parts| matches!(parts.len(), 4 | 5)) => {
            match if_known(ndarray::from_state(tree, state))? {
                Some(array) => tree.set_node(target, array),
                None => tree.object_mut(index).state = Some(state),
            }
        }
        Known::MaskedReconstruct => {
            let parts = if_known(ndarray::mask_state(tree, state, at))?;
            tree.object_mut(index).state = Some(parts.unwrap_or(state));
        }
        Known::NumpyArrayWrapper | Known::NdArrayWrapper | Known::ZNdArrayWrapper => {
            tree.object_mut(index).state = Some(state);
            return Ok(Built::StandIn);
        }
        _ => tree.object_mut(index).state = Some(state),
    }
    Ok(Built::Done)
}
