//! The pickle machine: a stack, a memo and a loop over opcodes that builds a [`Tree`].
//!
//! Python's machine imports what `GLOBAL` names and calls it in `REDUCE`, which is why loading a pickle there runs code.
//! This one notes the name and the arguments as an [`Object`](crate::tree::Object); [`reduce`] turns the few calls that make
//! values (`set([…])`, numpy's arrays) into those values. joblib's array payloads, which interrupt the opcodes, are
//! [`payload`]'s business.

mod argument;
pub(crate) mod fault;
pub(crate) mod input;
mod literal;
mod memo;
pub(crate) mod npy;
pub(crate) mod npz;
mod object;
pub(crate) mod opcode;
pub(crate) mod payload;
pub(crate) mod payloads;
mod reduce;
mod stack;
mod text;
pub(crate) mod zfile;

use self::fault::Fault;
use self::input::{Input, Shortage};
use self::memo::Memo;
use self::opcode as op;
use self::payloads::Payloads;
use self::text::number;
use crate::limits::Limits;
use crate::tree::{Id, Items, Node, Tree};

/// Opcodes between two looks at how much memory the tree takes.
const CHECK_EVERY: u32 = 4096;

type Step<T> = Result<T, Fault>;

/// Reads one pickle. `payloads` says what to do at joblib's stand-ins for arrays.
pub(crate) fn read(
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

pub(crate) struct Machine<'m, 'a> {
    pub(crate) input: &'m mut Input<'a>,
    pub(crate) tree: &'m mut Tree,
    pub(crate) limits: &'m Limits,
    payloads: Option<&'m Payloads<'m>>,
    none: Id,
    truth: [Id; 2],
    pub(crate) empty: Id,
    stack: Vec<Id>,
    marks: Vec<usize>,
    /// The stack's length at the last mark: what lies below can't be popped.
    floor: usize,
    memo: Memo,
    /// The end of the current frame, or of the last one.
    frame_end: u64,
    /// The offset of the current opcode.
    pub(crate) at: u64,
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
                    let fault: Fault = match shortage {
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
    fn blame(&self, fault: Fault, opcode: u8) -> Fault {
        fault.at(self.at, op::name(opcode).unwrap_or(""))
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each opcode")]
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

    /// The opcodes that large pickles have few of.
    #[expect(clippy::too_many_lines, reason = "one arm for each opcode")]
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
                None => Err(Fault::corrupt("not a valid float")),
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
                let number = self.line(number)?.ok_or_else(|| Fault::corrupt("not a valid memo number"))?;
                self.get(number)
            }
            op::PUT => {
                let number = self.line(number)?.ok_or_else(|| Fault::corrupt("not a valid memo number"))?;
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
                        _ => return Err(Fault::corrupt("the name of a class is not text")),
                    };
                self.stack.truncate(start);
                let id = self.tree.class(&class.0, &class.1, self.at)?;
                self.push_id(id)
            }
            op::PERSID => {
                let name = self.line(|line| String::from_utf8(line.to_vec()).ok())?;
                let name = name.ok_or_else(|| Fault::corrupt("a persistent id that is not text"))?;
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

    #[cold]
    fn too_deep(&self) -> Fault {
        Fault::limit(format!("containers are nested more than {} levels deep", self.limits.depth))
    }

    /// Accounts for an array or another payload before it is read.
    pub(crate) fn add_heavy(&mut self, len: u64) -> Step<()> {
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
    pub(crate) fn leave_frame(&mut self) -> Step<()> {
        if self.input.offset() < self.frame_end {
            return Err(Fault::corrupt("an array's data begin inside of a frame"));
        }
        self.frame_end = 0;
        Ok(())
    }
}

#[cold]
fn underflow() -> Fault {
    Fault::corrupt("too few values are on the stack")
}

impl From<Shortage> for Fault {
    fn from(shortage: Shortage) -> Self {
        match shortage {
            Shortage::End(missing) => Fault::corrupt(format!("the stream ends {missing} bytes too early")),
            Shortage::Io(error) => Fault::io(error, "reading the stream"),
        }
    }
}
