//! What a pickle built, compactly: nodes of 16 bytes in one vector, their strings and children in shared pools.
//!
//! Python's objects are a graph: the same list can be an item of two others, or of itself. So nodes refer to each other
//! by number, nothing is owned twice, and dropping the deepest nesting needs no recursion. Whoever walks the graph
//! ([`Walk`](crate::de::walk::Walk)) bounds depth and repetition.

pub(crate) mod ids;

use std::collections::HashMap;
use std::rc::Rc;

use joblib_array::Buffer;

use self::ids::EXACT;
pub(crate) use self::ids::{Id, Items};
use crate::class::{Class, Known};
use crate::numpy::array::NdArray;

/// A run in one of the pools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    len: u32,
    start: u64,
}

/// One value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Node {
    None,
    Bool(bool),
    Int(i64),
    /// An integer beyond `i64`: two's complement, little-endian.
    Long(Span),
    Float(f64),
    Str(Span),
    Bytes(Span),
    ByteArray(Span),
    /// A `str` of Python 2, which was text and bytes alike.
    OldStr(Span),
    /// Bytes too many for the pool; an index of `Tree::blobs`.
    Blob(u32),
    List(Items),
    Tuple(Items),
    Set(Items),
    FrozenSet(Items),
    /// Keys and values by turns.
    Dict(Items),
    /// An index of `Tree::classes`.
    Class(u32),
    /// An index of `Tree::objects`.
    Object(u32),
    /// An index of `Tree::arrays`.
    Array(u32),
    /// A reference to something outside of the pickle, by an id that only its writer understands.
    Persistent(Id),
}

/// The result of a call, or an instance: a class or function, what it was called with, and what was done to the result.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Object {
    pub(crate) class: Id,
    pub(crate) args: Id,
    pub(crate) kwargs: Option<Id>,
    /// Whether the pickle calls it as a function, and does not make an instance of a class. Classes of Python's own say so
    /// by how they are pickled.
    pub(crate) called: bool,
    pub(crate) state: Option<Id>,
    /// What was appended, as to a `deque` or a subclass of `list`.
    pub(crate) items: Items,
    /// What was set by key, as in an `OrderedDict`.
    pub(crate) pairs: Items,
}

/// Bytes of their own.
#[derive(Debug, Clone)]
pub(crate) struct Blob {
    pub(crate) buffer: Buffer,
}

/// A pickle's graph.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    text: String,
    bytes: Vec<u8>,
    children: Vec<Id>,
    classes: Vec<Class>,
    class_ids: HashMap<(Box<str>, Box<str>), Id>,
    objects: Vec<Object>,
    arrays: Vec<Rc<NdArray>>,
    blobs: Vec<Blob>,
    /// A bit for each container that more than one place refers to.
    shared: Vec<u64>,
    /// Where in the stream every `STRIDE`th node came from.
    offsets: Vec<u64>,
    /// Bytes of the stream.
    pub(crate) stream_len: u64,
}

const STRIDE: usize = 64;

/// More nodes, children or bytes than the tree's numbers can count.
#[derive(Debug)]
pub(crate) struct Full;

impl Tree {
    #[inline]
    pub(crate) fn push(&mut self, node: Node, offset: u64) -> Result<Id, Full> {
        let id = u32::try_from(self.nodes.len()).map_err(|_| Full)?;
        if self.nodes.len().is_multiple_of(STRIDE) {
            self.offsets.push(offset);
        }
        self.nodes.push(node);
        Ok(Id(id))
    }

    #[inline]
    pub(crate) fn node(&self, id: Id) -> Node {
        self.nodes[id.0 as usize]
    }

    #[inline]
    pub(crate) fn set_node(&mut self, id: Id, node: Node) {
        self.nodes[id.0 as usize] = node;
    }

    /// Near which offset of the stream a node was made.
    pub(crate) fn offset_near(&self, id: Id) -> u64 {
        self.offsets.get(id.0 as usize / STRIDE).copied().unwrap_or(0)
    }

    /// Bytes of memory that the tree has asked for, without arrays.
    pub(crate) fn footprint(&self) -> u64 {
        (self.nodes.len() * size_of::<Node>()
            + self.text.len()
            + self.bytes.len()
            + self.children.len() * size_of::<Id>()
            + self.objects.len() * size_of::<Object>()) as u64
    }

    /// Adds text in valid pieces.
    pub(crate) fn add_text(&mut self, text: &str) -> Result<Span, Full> {
        let start = self.text.len() as u64;
        self.text.push_str(text);
        Ok(Span { start, len: u32::try_from(text.len()).map_err(|_| Full)? })
    }

    pub(crate) fn add_bytes(&mut self, bytes: &[u8]) -> Result<Span, Full> {
        let start = self.bytes.len() as u64;
        self.bytes.extend_from_slice(bytes);
        Ok(Span { start, len: u32::try_from(bytes.len()).map_err(|_| Full)? })
    }

    #[inline]
    pub(crate) fn text(&self, span: Span) -> &str {
        // Spans are made by `add_text` only, so they lie on character boundaries.
        &self.text[span.start as usize..span.start as usize + span.len as usize]
    }

    pub(crate) fn pool_bytes(&self, span: Span) -> &[u8] {
        &self.bytes[span.start as usize..span.start as usize + span.len as usize]
    }

    #[inline]
    pub(crate) fn items(&self, items: Items) -> &[Id] {
        &self.children[items.start as usize..items.start as usize + items.len as usize]
    }

    /// `items` with more children behind them, moved in the pool when there is no room where they are.
    #[inline]
    pub(crate) fn extend(&mut self, items: Items, more: &[Id]) -> Result<Items, Full> {
        let (start, old) = (items.start as usize, items.len as usize);
        let len = old + more.len();
        let count = u32::try_from(len).map_err(|_| Full)?;
        if old == 0 && items.room() == 0 {
            let start = self.children.len();
            self.children.extend_from_slice(more);
            return Ok(Items { room: EXACT, len: count, start: start as u64 });
        }
        if start + old == self.children.len() {
            // The last run of the pool grows in place.
            self.children.extend_from_slice(more);
            return Ok(Items { room: EXACT, len: count, ..items });
        }
        if len <= items.room() {
            self.children[start + old..start + len].copy_from_slice(more);
            return Ok(Items { len: count, ..items });
        }
        let room = len.next_power_of_two();
        let moved = self.children.len();
        self.children.reserve(room);
        self.children.extend_from_within(start..start + old);
        self.children.extend_from_slice(more);
        self.children.resize(moved + room, Id(0));
        Ok(Items { room: room.trailing_zeros() as u8, len: count, start: moved as u64 })
    }

    /// The node of a class, one for each name.
    pub(crate) fn class(&mut self, module: &str, name: &str, offset: u64) -> Result<Id, Full> {
        let key = (Box::from(module), Box::from(name));
        if let Some(&id) = self.class_ids.get(&key) {
            return Ok(id);
        }
        let index = u32::try_from(self.classes.len()).map_err(|_| Full)?;
        self.classes.push(Class::new(module, name));
        let id = self.push(Node::Class(index), offset)?;
        self.class_ids.insert(key, id);
        Ok(id)
    }

    pub(crate) fn class_at(&self, index: u32) -> &Class {
        &self.classes[index as usize]
    }

    /// The class that a node names.
    pub(crate) fn class_of(&self, id: Id) -> Option<&Class> {
        match self.node(id) {
            Node::Class(index) => Some(self.class_at(index)),
            _ => None,
        }
    }

    /// Whether a node is `pandas.NA`, which is pickled as a name.
    pub(crate) fn is_na(&self, index: u32) -> bool {
        self.class_at(index).known == Known::PandasNa
    }

    /// What is known about the class or function that a node names.
    pub(crate) fn known(&self, id: Id) -> Known {
        self.class_of(id).map_or(Known::Other, |class| class.known)
    }

    pub(crate) fn push_object(&mut self, object: Object, offset: u64) -> Result<Id, Full> {
        let index = u32::try_from(self.objects.len()).map_err(|_| Full)?;
        self.objects.push(object);
        self.push(Node::Object(index), offset)
    }

    pub(crate) fn object(&self, index: u32) -> &Object {
        &self.objects[index as usize]
    }

    pub(crate) fn object_mut(&mut self, index: u32) -> &mut Object {
        &mut self.objects[index as usize]
    }

    pub(crate) fn add_array(&mut self, array: NdArray) -> Result<Node, Full> {
        let index = u32::try_from(self.arrays.len()).map_err(|_| Full)?;
        self.arrays.push(Rc::new(array));
        Ok(Node::Array(index))
    }

    pub(crate) fn array(&self, index: u32) -> &Rc<NdArray> {
        &self.arrays[index as usize]
    }

    pub(crate) fn add_blob(&mut self, blob: Blob) -> Result<Node, Full> {
        let index = u32::try_from(self.blobs.len()).map_err(|_| Full)?;
        self.blobs.push(blob);
        Ok(Node::Blob(index))
    }

    pub(crate) fn blob(&self, index: u32) -> &Blob {
        &self.blobs[index as usize]
    }

    /// Makes every text of Python 2 a `str`, each of its bytes a character of Latin-1.
    pub(crate) fn decode_latin1(&mut self) -> Result<(), Full> {
        for index in 0..self.nodes.len() {
            let Node::OldStr(span) = self.nodes[index] else { continue };
            let text: String = self.pool_bytes(span).iter().map(|&byte| char::from(byte)).collect();
            self.nodes[index] = Node::Str(self.add_text(&text)?);
        }
        Ok(())
    }

    /// The bytes of a node that is bytes in any spelling.
    pub(crate) fn bytes_of(&self, id: Id) -> Option<&[u8]> {
        match self.node(id) {
            Node::Bytes(span) | Node::ByteArray(span) | Node::OldStr(span) => Some(self.pool_bytes(span)),
            Node::Blob(index) => Some(self.blob(index).buffer.as_bytes()),
            _ => None,
        }
    }

    /// The text of a node: a `str`, or one of Python 2 that is UTF-8.
    pub(crate) fn text_of(&self, id: Id) -> Option<&str> {
        match self.node(id) {
            Node::Str(span) => Some(self.text(span)),
            Node::OldStr(span) => std::str::from_utf8(self.pool_bytes(span)).ok(),
            _ => None,
        }
    }

    pub(crate) fn int_of(&self, id: Id) -> Option<i64> {
        match self.node(id) {
            Node::Int(value) => Some(value),
            Node::Bool(value) => Some(i64::from(value)),
            _ => None,
        }
    }

    /// The items of a list or a tuple.
    pub(crate) fn sequence(&self, id: Id) -> Option<&[Id]> {
        match self.node(id) {
            Node::List(items) | Node::Tuple(items) => Some(self.items(items)),
            _ => None,
        }
    }

    /// Keys and values of a dict by turns.
    pub(crate) fn pairs(&self, id: Id) -> Option<&[Id]> {
        match self.node(id) {
            Node::Dict(items) => Some(self.items(items)),
            _ => None,
        }
    }

    /// The value under a text key of a dict.
    pub(crate) fn get(&self, dict: Id, key: &str) -> Option<Id> {
        find(self, self.pairs(dict)?, key)
    }

    /// Notes that a second place refers to a node.
    #[inline]
    pub(crate) fn share(&mut self, id: Id) {
        if !matches!(
            self.node(id),
            Node::List(_)
                | Node::Tuple(_)
                | Node::Set(_)
                | Node::FrozenSet(_)
                | Node::Dict(_)
                | Node::Object(_)
                | Node::Array(_)
                | Node::Blob(_)
                | Node::Long(_)
                | Node::Str(_)
                | Node::Bytes(_)
                | Node::ByteArray(_)
                | Node::OldStr(_)
        ) {
            return;
        }
        let word = id.0 as usize / 64;
        if word >= self.shared.len() {
            self.shared.resize(self.nodes.len() / 64 + 1, 0);
        }
        self.shared[word] |= 1 << (id.0 % 64);
    }

    /// Whether more than one place refers to a node.
    #[inline]
    pub(crate) fn is_shared(&self, id: Id) -> bool {
        self.shared.get(id.0 as usize / 64).is_some_and(|word| word & (1 << (id.0 % 64)) != 0)
    }
}

/// The value under a text key among keys and values by turns.
pub(crate) fn find(tree: &Tree, pairs: &[Id], key: &str) -> Option<Id> {
    pairs.chunks_exact(2).find(|pair| tree.text_of(pair[0]) == Some(key)).map(|pair| pair[1])
}
