//! The pickle machine: a stack, a memo and a loop over opcodes that builds a [`Tree`].
//!
//! Python's machine imports what `GLOBAL` names and calls it in `REDUCE`, which is why loading a pickle there runs code.
//! This one notes the name and the arguments as an [`Object`]; [`reduce`](super::reduce) turns the few calls that make
//! values (`set([…])`, numpy's arrays) into those values. joblib's array payloads, which interrupt the opcodes, are
//! [`payload`](super::payload)'s business.

use super::fault::Fault;
use super::input::{Input, Shortage};
use super::int;
use super::limits::Limits;
use super::memo::Memo;
use super::opcode as op;
use super::payload::Payloads;
use super::text;
use super::tree::{Id, Items, Node, Object, Tree};

/// Strings of bytes this long get memory of their own, aligned for an array.
const BLOB: u64 = 16 * 1024;
/// Opcodes between two looks at how much memory the tree takes.
const CHECK_EVERY: u32 = 4096;

type Step<T> = Result<T, Box<Fault>>;

/// Reads one pickle. `payloads` says what to do at joblib's stand-ins for arrays.
pub(super) fn read(
    input: &mut Input<'_>,
    tree: &mut Tree,
    limits: &Limits,
    payloads: Option<&Payloads<'_>>,
) -> Step<Id> {
    let none = tree.push(Node::None, 0)?;
    let mut machine = Machine {
        none,
        truth: [tree.push(Node::Bool(false), 0)?, tree.push(Node::Bool(true), 0)?],
        empty: tree.push(Node::Tuple(Items::EMPTY), 0)?,
        input,
        tree,
        limits,
        payloads,
        stack: Vec::new(),
        marks: Vec::new(),
        floor: 0,
        memo: Memo::default(),
        frame_end: 0,
        at: 0,
        heavy: 0,
    };
    machine.run()
}

pub(super) struct Machine<'m, 'a> {
    pub(super) input: &'m mut Input<'a>,
    pub(super) tree: &'m mut Tree,
    pub(super) limits: &'m Limits,
    payloads: Option<&'m Payloads<'m>>,
    none: Id,
    truth: [Id; 2],
    pub(super) empty: Id,
    stack: Vec<Id>,
    marks: Vec<usize>,
    /// The stack's length at the last mark: what lies below can't be popped.
    floor: usize,
    memo: Memo,
    /// The end of the current frame, or of the last one.
    frame_end: u64,
    /// The offset of the current opcode.
    pub(super) at: u64,
    /// Bytes of arrays and other payloads.
    heavy: u64,
}

impl Machine<'_, '_> {
    fn run(&mut self) -> Step<Id> {
        let mut until_check = CHECK_EVERY;
        loop {
            self.at = self.input.offset();
            let opcode = match self.input.byte() {
                Ok(opcode) => opcode,
                Err(shortage) => {
                    let fault: Box<Fault> = match shortage {
                        Shortage::End(_) => Fault::corrupt("the pickle ends without the opcode STOP"),
                        Shortage::Io(_) => shortage.into(),
                    };
                    return Err(fault.at(self.at, ""));
                }
            };
            if opcode == op::STOP {
                return match (self.stack.len(), self.marks.is_empty()) {
                    (1.., true) => Ok(self.stack[self.stack.len() - 1]),
                    _ => Err(self.blame(Fault::corrupt("the pickle stops without a value"), opcode)),
                };
            }
            if let Err(fault) = self.step(opcode) {
                return Err(self.blame(fault, opcode));
            }
            if self.input.offset() > self.frame_end && self.at < self.frame_end {
                return Err(self.blame(Fault::corrupt("the opcode goes beyond the end of its frame"), opcode));
            }
            until_check -= 1;
            if until_check == 0 {
                until_check = CHECK_EVERY;
                self.check_total().map_err(|fault| self.blame(fault, opcode))?;
            }
        }
    }

    #[cold]
    fn blame(&self, fault: Box<Fault>, opcode: u8) -> Box<Fault> {
        fault.at(self.at, op::name(opcode).unwrap_or(""))
    }

    fn step(&mut self, opcode: u8) -> Step<()> {
        match opcode {
            op::BINGET => {
                let number = self.input.byte()?;
                self.get(u32::from(number))
            }
            op::LONG_BINGET => {
                let number = self.u32()?;
                self.get(number)
            }
            op::MEMOIZE => {
                let top = self.top()?;
                self.check_memo()?;
                self.memo.push(top);
                Ok(())
            }
            op::BINPUT => {
                let number = self.input.byte()?;
                self.put(u32::from(number))
            }
            op::LONG_BINPUT => {
                let number = self.u32()?;
                self.put(number)
            }
            op::BININT => {
                let value = i32::from_le_bytes(self.input.array()?);
                self.push(Node::Int(i64::from(value)))
            }
            op::BININT1 => {
                let value = self.input.byte()?;
                self.push(Node::Int(i64::from(value)))
            }
            op::BININT2 => {
                let value = u16::from_le_bytes(self.input.array()?);
                self.push(Node::Int(i64::from(value)))
            }
            op::BINFLOAT => {
                let value = f64::from_be_bytes(self.input.array()?);
                self.push(Node::Float(value))
            }
            op::SHORT_BINUNICODE => {
                let len = self.input.byte()?;
                self.text(u64::from(len))
            }
            op::BINUNICODE => {
                let len = self.u32()?;
                self.text(u64::from(len))
            }
            op::BINUNICODE8 => {
                let len = self.u64()?;
                self.text(len)
            }
            op::NONE => self.push_id(self.none),
            op::NEWTRUE => self.push_id(self.truth[1]),
            op::NEWFALSE => self.push_id(self.truth[0]),
            op::MARK => {
                if self.marks.len() >= self.limits.depth {
                    return Err(self.too_deep());
                }
                self.marks.push(self.stack.len());
                self.floor = self.stack.len();
                Ok(())
            }
            op::EMPTY_DICT => self.push(Node::Dict(Items::EMPTY)),
            op::EMPTY_LIST => self.push(Node::List(Items::EMPTY)),
            op::EMPTY_TUPLE => self.push_id(self.empty),
            op::EMPTY_SET => self.push(Node::Set(Items::EMPTY)),
            op::SETITEM | op::APPEND => {
                let take = if opcode == op::SETITEM { 2 } else { 1 };
                let start = self.require(take)?;
                self.add(start, opcode == op::SETITEM)
            }
            op::SETITEMS | op::APPENDS => {
                let start = self.take_mark()?;
                if opcode == op::SETITEMS && !(self.stack.len() - start).is_multiple_of(2) {
                    return Err(Fault::corrupt("a key without a value"));
                }
                self.add(start, opcode == op::SETITEMS)
            }
            op::ADDITEMS => {
                let start = self.take_mark()?;
                self.add_to_set(start)
            }
            op::TUPLE1 | op::TUPLE2 | op::TUPLE3 => {
                let start = self.require(usize::from(opcode - op::TUPLE1) + 1)?;
                self.collect(start, Node::Tuple)
            }
            op::TUPLE => {
                let start = self.take_mark()?;
                self.collect(start, Node::Tuple)
            }
            op::LIST => {
                let start = self.take_mark()?;
                self.collect(start, Node::List)
            }
            op::FROZENSET => {
                let start = self.take_mark()?;
                self.collect(start, Node::FrozenSet)
            }
            op::DICT => {
                let start = self.take_mark()?;
                if !(self.stack.len() - start).is_multiple_of(2) {
                    return Err(Fault::corrupt("a key without a value"));
                }
                self.collect(start, Node::Dict)
            }
            op::FRAME => {
                let len = self.u64()?;
                let start = self.input.offset();
                if start < self.frame_end {
                    return Err(Fault::corrupt("a frame begins before the end of the one before it"));
                }
                self.input.check(len)?;
                self.frame_end = start.saturating_add(len);
                Ok(())
            }
            op::PROTO => match self.input.byte()? {
                0..=op::HIGHEST_PROTOCOL => Ok(()),
                protocol => Err(Fault::unsupported(format!(
                    "the pickle has protocol {protocol}; the highest that is known is {}",
                    op::HIGHEST_PROTOCOL
                ))),
            },
            _ => self.rare_step(opcode),
        }
    }

    fn rare_step(&mut self, opcode: u8) -> Step<()> {
        match opcode {
            op::POP => {
                // As in Python, it takes a mark when one is on top.
                if self.stack.len() == self.floor && !self.marks.is_empty() {
                    self.take_mark()?;
                } else {
                    let start = self.require(1)?;
                    self.stack.truncate(start);
                }
                Ok(())
            }
            op::POP_MARK => {
                let start = self.take_mark()?;
                self.stack.truncate(start);
                Ok(())
            }
            op::DUP => {
                let top = self.top()?;
                self.tree.share(top);
                self.push_id(top)
            }
            op::INT | op::LONG => self.text_int(opcode == op::INT),
            op::LONG1 => {
                let len = self.input.byte()?;
                self.long(u64::from(len))
            }
            op::LONG4 => {
                let len = u64::try_from(i32::from_le_bytes(self.input.array()?))
                    .map_err(|_| Fault::corrupt("an integer of negative length"))?;
                self.long(len)
            }
            op::FLOAT => match self.line(text::float)? {
                Some(value) => self.push(Node::Float(value)),
                None => Err(Fault::corrupt("a float that is none")),
            },
            op::STRING => match self.line(text::quoted)? {
                Some(bytes) => self.old_str(&bytes),
                None => Err(Fault::corrupt("a string without its quotes")),
            },
            op::UNICODE => match self.line(text::unicode)? {
                Some(text) => {
                    let span = self.tree.add_text(&text)?;
                    self.push(Node::Str(span))
                }
                None => Err(Fault::corrupt("a string with a broken escape or half a surrogate pair")),
            },
            op::SHORT_BINSTRING => {
                let len = self.input.byte()?;
                self.bytes(u64::from(len), Node::OldStr)
            }
            op::BINSTRING => {
                let len = u64::try_from(i32::from_le_bytes(self.input.array()?))
                    .map_err(|_| Fault::corrupt("a string of negative length"))?;
                self.bytes(len, Node::OldStr)
            }
            op::SHORT_BINBYTES => {
                let len = self.input.byte()?;
                self.bytes(u64::from(len), Node::Bytes)
            }
            op::BINBYTES => {
                let len = self.u32()?;
                self.bytes(u64::from(len), Node::Bytes)
            }
            op::BINBYTES8 => {
                let len = self.u64()?;
                self.bytes(len, Node::Bytes)
            }
            op::BYTEARRAY8 => {
                let len = self.u64()?;
                self.bytes(len, Node::ByteArray)
            }
            op::GET => {
                let number =
                    self.line(number)?.ok_or_else(|| Fault::corrupt("a memo number that is none"))?;
                self.get(number)
            }
            op::PUT => {
                let number =
                    self.line(number)?.ok_or_else(|| Fault::corrupt("a memo number that is none"))?;
                self.put(number)
            }
            op::GLOBAL => {
                let id = self.class_lines()?;
                self.push_id(id)
            }
            op::STACK_GLOBAL => {
                let start = self.require(2)?;
                let class =
                    match (self.tree.text_of(self.stack[start]), self.tree.text_of(self.stack[start + 1])) {
                        (Some(module), Some(name)) => (module.to_owned(), name.to_owned()),
                        _ => return Err(Fault::corrupt("the name of a class is no text")),
                    };
                self.stack.truncate(start);
                let id = self.tree.class(&class.0, &class.1, self.at)?;
                self.push_id(id)
            }
            op::PERSID => {
                let name = self.line(|line| String::from_utf8(line.to_vec()).ok())?;
                let name = name.ok_or_else(|| Fault::corrupt("a persistent id that is no text"))?;
                let span = self.tree.add_text(&name)?;
                let id = self.tree.push(Node::Str(span), self.at)?;
                self.push(Node::Persistent(id))
            }
            op::BINPERSID => {
                let start = self.require(1)?;
                let id = self.stack[start];
                self.stack.truncate(start);
                self.push(Node::Persistent(id))
            }
            op::REDUCE | op::NEWOBJ => {
                let start = self.require(2)?;
                let (class, args) = (self.stack[start], self.stack[start + 1]);
                self.stack.truncate(start);
                let id = self.call(class, args, None, opcode == op::REDUCE)?;
                self.push_id(id)
            }
            op::NEWOBJ_EX => {
                let start = self.require(3)?;
                let (class, args, kwargs) = (self.stack[start], self.stack[start + 1], self.stack[start + 2]);
                self.stack.truncate(start);
                let id = self.call(class, args, Some(kwargs), false)?;
                self.push_id(id)
            }
            op::INST | op::OBJ => {
                let (class, start, first) = if opcode == op::INST {
                    let class = self.class_lines()?;
                    let start = self.take_mark()?;
                    (class, start, start)
                } else {
                    let start = self.take_mark()?;
                    let class = *self
                        .stack
                        .get(start)
                        .ok_or_else(|| Fault::corrupt("an instance without a class"))?;
                    (class, start, start + 1)
                };
                let items = self.tree.extend(Items::EMPTY, &self.stack[first..])?;
                self.stack.truncate(start);
                let args = self.tree.push(Node::Tuple(items), self.at)?;
                let id = self.call(class, args, None, false)?;
                self.push_id(id)
            }
            op::BUILD => self.build(),
            op::NEXT_BUFFER | op::READONLY_BUFFER => Err(Fault::unsupported(
                "the pickle keeps its buffers outside of itself (buffer_callback), so the data are not in this file: \
                 dump it without buffer_callback",
            )),
            op::EXT1 | op::EXT2 | op::EXT4 => Err(Fault::unsupported(
                "the pickle names a class by a number of copyreg's extension registry, which only the program that \
                 wrote it knows",
            )),
            _ => Err(Fault::corrupt(format!("there is no opcode {opcode:#04x}"))),
        }
    }

    // The stack.

    #[inline]
    pub(super) fn push(&mut self, node: Node) -> Step<()> {
        let id = self.tree.push(node, self.at)?;
        self.stack.push(id);
        Ok(())
    }

    #[inline]
    #[expect(clippy::unnecessary_wraps, reason = "every arm of the loop's match returns a step")]
    fn push_id(&mut self, id: Id) -> Step<()> {
        self.stack.push(id);
        Ok(())
    }

    #[inline]
    fn top(&self) -> Step<Id> {
        match self.stack.last() {
            Some(&id) if self.stack.len() > self.floor => Ok(id),
            _ => Err(underflow()),
        }
    }

    /// Where the topmost `count` values start.
    #[inline]
    fn require(&self, count: usize) -> Step<usize> {
        match self.stack.len().checked_sub(count) {
            Some(start) if start >= self.floor => Ok(start),
            _ => Err(underflow()),
        }
    }

    /// Takes the last mark: where the values above it start.
    #[inline]
    fn take_mark(&mut self) -> Step<usize> {
        let start = self.marks.pop().ok_or_else(|| Fault::corrupt("there is no mark on the stack"))?;
        self.floor = self.marks.last().copied().unwrap_or(0);
        Ok(start)
    }

    #[inline]
    fn collect(&mut self, start: usize, container: impl FnOnce(Items) -> Node) -> Step<()> {
        let items = self.tree.extend(Items::EMPTY, &self.stack[start..])?;
        self.stack.truncate(start);
        self.push(container(items))
    }

    // The memo.

    #[inline]
    fn get(&mut self, number: u32) -> Step<()> {
        let id = self
            .memo
            .get(number)
            .ok_or_else(|| Fault::corrupt(format!("nothing is in the memo at {number}")))?;
        self.tree.share(id);
        self.push_id(id)
    }

    #[inline]
    fn put(&mut self, number: u32) -> Step<()> {
        let top = self.top()?;
        self.check_memo()?;
        self.memo.put(number, top);
        Ok(())
    }

    #[inline]
    fn check_memo(&self) -> Step<()> {
        if self.memo.len() < self.limits.memo {
            return Ok(());
        }
        Err(Fault::limit(format!("the memo has more than {} entries", self.limits.memo)))
    }

    // Arguments.

    #[inline]
    fn u32(&mut self) -> Step<u32> {
        Ok(u32::from_le_bytes(self.input.array()?))
    }

    #[inline]
    fn u64(&mut self) -> Step<u64> {
        Ok(u64::from_le_bytes(self.input.array()?))
    }

    fn line<R>(&mut self, parse: impl FnOnce(&[u8]) -> Option<R>) -> Step<Option<R>> {
        Ok(self.input.line(self.limits.string, parse)?)
    }

    #[inline]
    fn check_string(&self, len: u64) -> Step<()> {
        if len > self.limits.string {
            return Err(Fault::limit(format!(
                "a string of {len} bytes; the limit is {} bytes",
                self.limits.string
            )));
        }
        Ok(())
    }

    #[inline]
    fn text(&mut self, len: u64) -> Step<()> {
        self.check_string(len)?;
        let tree = &mut *self.tree;
        let mut span = None;
        let mut rest: Vec<u8> = Vec::new();
        self.input.pieces(len, |piece| {
            if span.is_none() && piece.len() as u64 == len {
                span = Some(std::str::from_utf8(piece).ok().map(|text| tree.add_text(text)));
            } else {
                rest.extend_from_slice(piece);
            }
        })?;
        let span = match span {
            Some(span) => span,
            None => std::str::from_utf8(&rest).ok().map(|text| tree.add_text(text)),
        };
        let span = span.ok_or_else(|| {
            Fault::corrupt(
                "a string that is not UTF-8 (Python lets half a surrogate pair pass; Rust's strings can't)",
            )
        })??;
        self.push(Node::Str(span))
    }

    fn bytes(&mut self, len: u64, node: impl FnOnce(super::tree::Span) -> Node) -> Step<()> {
        self.check_string(len)?;
        if len < BLOB {
            let mut bytes = Vec::new();
            self.input.pieces(len, |piece| bytes.extend_from_slice(piece))?;
            let span = self.tree.add_bytes(&bytes)?;
            return self.push(node(span));
        }
        self.add_heavy(len)?;
        let buffer = self.input.buffer(len)?;
        let blob = super::ndarray::blob(self.tree, buffer)?;
        self.push(blob)
    }

    fn old_str(&mut self, bytes: &[u8]) -> Step<()> {
        let span = self.tree.add_bytes(bytes)?;
        self.push(Node::OldStr(span))
    }

    fn long(&mut self, len: u64) -> Step<()> {
        self.check_string(len)?;
        let mut bytes = Vec::new();
        self.input.pieces(len, |piece| bytes.extend_from_slice(piece))?;
        self.integer(int::Integer::from_bytes(&bytes))
    }

    fn text_int(&mut self, booleans: bool) -> Step<()> {
        let parsed = self.line(|line| match line {
            b"00" if booleans => Some(Err(false)),
            b"01" if booleans => Some(Err(true)),
            _ => text::integer(line).map(Ok),
        })?;
        match parsed {
            Some(Ok(value)) => self.integer(value),
            Some(Err(truth)) => self.push_id(self.truth[usize::from(truth)]),
            None => Err(Fault::corrupt("an integer that is none")),
        }
    }

    fn integer(&mut self, value: int::Integer) -> Step<()> {
        let node = match value {
            int::Integer::Small(value) => Node::Int(value),
            int::Integer::Big(bytes) => Node::Long(self.tree.add_bytes(&bytes)?),
        };
        self.push(node)
    }

    fn class_lines(&mut self) -> Step<Id> {
        let bad = || Fault::corrupt("the name of a class is no text");
        let text = |line: &[u8]| String::from_utf8(line.to_vec()).ok();
        let module = self.line(text)?.ok_or_else(bad)?;
        let name = self.line(text)?.ok_or_else(bad)?;
        Ok(self.tree.class(&module, &name, self.at)?)
    }

    // Containers and objects.

    /// Adds what lies above `start` to the container or object below it, by key or in a row.
    #[inline]
    fn add(&mut self, start: usize, by_key: bool) -> Step<()> {
        let target = match start.checked_sub(1) {
            Some(below) if below >= self.floor => self.stack[below],
            _ => return Err(underflow()),
        };
        let more = &self.stack[start..];
        match (self.tree.node(target), by_key) {
            (Node::Dict(items), true) => {
                let items = self.tree.extend(items, more)?;
                self.tree.set_node(target, Node::Dict(items));
            }
            (Node::List(items), false) => {
                let items = self.tree.extend(items, more)?;
                self.tree.set_node(target, Node::List(items));
            }
            (Node::Object(index), true) => {
                let pairs = self.tree.extend(self.tree.object(index).pairs, more)?;
                self.tree.object_mut(index).pairs = pairs;
            }
            (Node::Object(index), false) => {
                let items = self.tree.extend(self.tree.object(index).items, more)?;
                self.tree.object_mut(index).items = items;
            }
            _ => return Err(Fault::corrupt("items are added to a value that holds none")),
        }
        self.stack.truncate(start);
        Ok(())
    }

    fn add_to_set(&mut self, start: usize) -> Step<()> {
        let target = match start.checked_sub(1) {
            Some(below) if below >= self.floor => self.stack[below],
            _ => return Err(underflow()),
        };
        match self.tree.node(target) {
            Node::Set(items) => {
                let items = self.tree.extend(items, &self.stack[start..])?;
                self.tree.set_node(target, Node::Set(items));
            }
            Node::Object(index) => {
                let items = self.tree.extend(self.tree.object(index).items, &self.stack[start..])?;
                self.tree.object_mut(index).items = items;
            }
            _ => return Err(Fault::corrupt("items are added to a value that is no set")),
        }
        self.stack.truncate(start);
        Ok(())
    }

    fn build(&mut self) -> Step<()> {
        let start = self.require(2)?;
        let (target, state) = (self.stack[start], self.stack[start + 1]);
        self.stack.truncate(start + 1);
        let Node::Object(index) = self.tree.node(target) else {
            return Err(Fault::corrupt("a state is given to a value that has none"));
        };
        if self.tree.object(index).state.is_some() {
            return Err(Fault::unsupported("an object gets a second state"));
        }
        match super::reduce::set_state(self.tree, target, index, state, self.at)? {
            super::reduce::Built::Done => Ok(()),
            super::reduce::Built::StandIn => match self.payloads {
                Some(payloads) => {
                    let array = payloads.read(self, index)?;
                    self.tree.set_node(target, array);
                    Ok(())
                }
                None => Ok(()),
            },
        }
    }

    fn call(&mut self, class: Id, args: Id, kwargs: Option<Id>, function: bool) -> Step<Id> {
        if !matches!(self.tree.node(class), Node::Class(_) | Node::Object(_)) {
            return Err(Fault::corrupt("what is called is no class and no function"));
        }
        if self.tree.sequence(args).is_none() {
            return Err(Fault::corrupt("arguments that are no tuple"));
        }
        if function && let Some(id) = super::reduce::call(self, class, args)? {
            return Ok(id);
        }
        let object = Object { class, args, kwargs, state: None, items: Items::EMPTY, pairs: Items::EMPTY };
        Ok(self.tree.push_object(object, self.at)?)
    }

    // Limits.

    #[cold]
    fn too_deep(&self) -> Box<Fault> {
        Fault::limit(format!("containers are nested more than {} levels deep", self.limits.depth))
    }

    /// Accounts for an array or another payload before it is read.
    pub(super) fn add_heavy(&mut self, len: u64) -> Step<()> {
        self.check_string(len)?;
        self.heavy = self.heavy.saturating_add(len);
        self.check_total()
    }

    fn check_total(&self) -> Step<()> {
        if self.limits.total == u64::MAX {
            return Ok(());
        }
        let total = self.tree.footprint().saturating_add(self.heavy);
        if total > self.limits.total {
            return Err(Fault::limit(format!(
                "the values take more than {} bytes of memory",
                self.limits.total
            )));
        }
        Ok(())
    }

    /// That the stream is between frames, where payloads stand: what follows belongs to the opcode, not to a frame.
    pub(super) fn leave_frame(&mut self) -> Step<()> {
        if self.input.offset() < self.frame_end {
            return Err(Fault::corrupt("an array's data begin inside of a frame"));
        }
        self.frame_end = 0;
        Ok(())
    }
}

#[cold]
fn underflow() -> Box<Fault> {
    Fault::corrupt("too few values are on the stack")
}

fn number(line: &[u8]) -> Option<u32> {
    std::str::from_utf8(line.trim_ascii()).ok()?.parse().ok()
}

impl From<Shortage> for Box<Fault> {
    fn from(shortage: Shortage) -> Self {
        match shortage {
            Shortage::End(missing) => Fault::corrupt(format!("the stream ends {missing} bytes too early")),
            Shortage::Io(error) => Fault::io(error, "reading the stream"),
        }
    }
}
