//! joblib's stand-ins for arrays, and where each release put the arrays' bytes.
//!
//! | joblib | stand-in | the bytes |
//! |---|---|---|
//! | since 1.2 | `NumpyArrayWrapper` with `numpy_array_alignment_bytes` | in the stream behind the wrapper's `BUILD`: a byte that counts the padding, the padding, the elements |
//! | 0.10 to 1.1 | `NumpyArrayWrapper` | in the stream behind the wrapper's `BUILD` |
//! | before 0.10 | `NDArrayWrapper` | in a `.npy` file beside the pickle |
//! | before 0.10, compressed | `ZNDArrayWrapper` | in a `ZF` container beside the pickle |
//!
//! Arrays of Python objects are a pickle of their own behind the wrapper, or in the `.npy` file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use joblib_array::{MmapMode, Order};

use super::Machine;
use super::fault::Fault;
use super::input::Input;
use super::npy;
use super::payloads::Payloads;
use super::zfile;
use crate::class::Known;
use crate::limits::Limits;
use crate::numpy::array::{self, NdArray};
use crate::numpy::dtype::Layout;
use crate::numpy::ndarray;
use crate::tree::{Id, Node, Tree};

impl Payloads<'_> {
    /// The array that the object at `index`, which has just got its state, stands for.
    pub(crate) fn read(&self, machine: &mut Machine<'_, '_>, index: u32) -> Result<Node, Fault> {
        let object = *machine.tree.object(index);
        let state = object.state.filter(|&state| machine.tree.pairs(state).is_some());
        let state = state.ok_or_else(|| Fault::corrupt("joblib's array wrapper has no state"))?;
        match machine.tree.known(object.class) {
            Known::NumpyArrayWrapper => self.inline(machine, state),
            Known::NdArrayWrapper => self.npy_file(machine, state),
            _ => self.z_file(machine, state),
        }
    }

    fn inline(&self, machine: &mut Machine<'_, '_>, state: Id) -> Result<Node, Fault> {
        machine.leave_frame()?;
        let tree = &*machine.tree;
        let field = |name: &str| {
            tree.get(state, name)
                .ok_or_else(|| Fault::corrupt(format!("joblib's array wrapper has no {name}")))
        };
        let layout = Rc::new(Layout::from_tree(tree, field("dtype")?)?);
        let shape = ndarray::shape_of(tree, field("shape")?)?;
        let order = if tree.text_of(field("order")?) == Some("F") { Order::F } else { Order::C };
        let allow_mmap = tree.get(state, "allow_mmap").and_then(|id| tree.int_of(id)) != Some(0);
        let padded = tree.get(state, "numpy_array_alignment_bytes").and_then(|id| tree.int_of(id)).is_some();
        if layout.has_objects() {
            let id = super::read(machine.input, machine.tree, machine.limits, None)?;
            return array_node(machine.tree, id);
        }
        let len = array::byte_len(&layout, &shape)?;
        if padded {
            let padding = machine.input.byte()?;
            machine.input.skip(u64::from(padding))?;
        }
        let mapped = match self.mmap_mode {
            Some(mode) if allow_mmap && len > 0 => machine.input.map(len, mode)?,
            _ => None,
        };
        let buffer = if let Some(buffer) = mapped {
            buffer
        } else {
            machine.input.check(len)?;
            machine.add_heavy(len)?;
            machine.input.buffer(len)?
        };
        let array = NdArray::new(layout, shape, order, buffer)?;
        Ok(machine.tree.add_array(array)?)
    }

    fn npy_file(&self, machine: &mut Machine<'_, '_>, state: Id) -> Result<Node, Fault> {
        let path = self.beside(machine.tree, state)?;
        let allow_mmap =
            machine.tree.get(state, "allow_mmap").and_then(|id| machine.tree.int_of(id)) != Some(0);
        let file = self.open(&path)?;
        let mut input =
            Input::from_file(file).map_err(|error| Fault::io(error, &path.display().to_string()))?;
        let header = npy::header(&mut input)?;
        if header.layout.has_objects() {
            let id = super::read(&mut input, machine.tree, machine.limits, None)?;
            return array_node(machine.tree, id);
        }
        let mode = self.mmap_mode.filter(|_| allow_mmap);
        let array = npy_array(&mut input, header, mode, |len| machine.add_heavy(len))?;
        Ok(machine.tree.add_array(array)?)
    }

    fn z_file(&self, machine: &mut Machine<'_, '_>, state: Id) -> Result<Node, Fault> {
        let path = self.beside(machine.tree, state)?;
        let tree = &*machine.tree;
        // `(version, shape, dtype, is_fortran)`: the state of an array but for its data.
        let bad = || Fault::corrupt("joblib's array wrapper has no state of an array");
        let parts = tree.get(state, "state").and_then(|id| tree.sequence(id)).ok_or_else(bad)?;
        let &[_, shape, dtype, fortran] = parts else { return Err(bad()) };
        let layout = Rc::new(Layout::from_tree(tree, dtype)?);
        let shape = ndarray::shape_of(tree, shape)?;
        let order = if tree.int_of(fortran) == Some(1) { Order::F } else { Order::C };
        let len = array::byte_len(&layout, &shape)?;
        if layout.has_objects() {
            return Err(Fault::unsupported("an array of objects in a ZF container can't be read"));
        }
        machine.add_heavy(len)?;
        let file = self.open(&path)?;
        let (reader, found) =
            zfile::open(&file).map_err(|error| Fault::io(error, &format!("reading {}", path.display())))?;
        if found != len {
            return Err(Fault::corrupt(format!(
                "{} holds {found} bytes, and its array takes {len}",
                path.display()
            )));
        }
        let buffer =
            Input::from_reader(Box::new(reader), false).skipping(machine.input.skips()).buffer(len)?;
        let array = NdArray::new(layout, shape, order, buffer)?;
        Ok(machine.tree.add_array(array)?)
    }

    /// The file beside the pickle that a wrapper names. Only a name, not a path: a crafted pickle may not point at
    /// any other file.
    fn beside(&self, tree: &Tree, state: Id) -> Result<PathBuf, Fault> {
        let name = tree.get(state, "filename").and_then(|id| tree.text_of(id));
        let name = name.ok_or_else(|| Fault::corrupt("joblib's array wrapper has no filename"))?;
        if name.is_empty() || name.contains(['/', '\\', '\0']) || name == "." || name == ".." {
            return Err(Fault::corrupt(format!(
                "joblib's array wrapper names {name:?}, which is not a file name"
            )));
        }
        let folder = self.folder.ok_or_else(|| {
            Fault::unsupported(format!(
                "the array is in a file of its own, {name:?}, beside the pickle: load the pickle by its path"
            ))
        })?;
        Ok(folder.join(name))
    }

    fn open(&self, path: &Path) -> Result<File, Fault> {
        let write = self.mmap_mode.is_some_and(MmapMode::writes_to_file);
        File::options().read(true).write(write).open(path).map_err(|error| {
            Fault::io(error, &format!("opening {}, where the pickle keeps an array", path.display()))
        })
    }
}

/// Reads a `.npy` file that is the whole of the input, or the next part of it.
pub(crate) fn npy_file(
    input: &mut Input<'_>,
    tree: &mut Tree,
    limits: &Limits,
    mmap_mode: Option<MmapMode>,
) -> Result<Id, Fault> {
    let start = input.offset();
    let header = npy::header(input)?;
    if header.layout.has_objects() {
        return super::read(input, tree, limits, None);
    }
    let most = limits.total.min(limits.string);
    let array = npy_array(input, header, mmap_mode, |len| {
        if len > most {
            Err(Fault::limit(format!("an array of {len} bytes, more than the limit of {most}")))
        } else {
            Ok(())
        }
    })?;
    let node = tree.add_array(array)?;
    Ok(tree.push(node, start)?)
}

/// The array whose header was read: mapped, or in memory that `charge` allows.
fn npy_array(
    input: &mut Input<'_>,
    header: npy::Header,
    mmap_mode: Option<MmapMode>,
    charge: impl FnOnce(u64) -> Result<(), Fault>,
) -> Result<NdArray, Fault> {
    let len = array::byte_len(&header.layout, &header.shape)?;
    input.check(len)?;
    let mapped = match mmap_mode {
        Some(mode) if len > 0 => input.map(len, mode)?,
        _ => None,
    };
    let buffer = if let Some(buffer) = mapped {
        buffer
    } else {
        charge(len)?;
        input.buffer(len)?
    };
    NdArray::new(Rc::new(header.layout), header.shape, header.order, buffer)
}

fn array_node(tree: &Tree, id: Id) -> Result<Node, Fault> {
    match tree.node(id) {
        node @ (Node::Array(_) | Node::Object(_)) => Ok(node),
        _ => Err(Fault::corrupt("the pickle of an array of objects holds something else")),
    }
}
