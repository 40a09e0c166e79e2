//! The arguments that stand in the stream behind an opcode: numbers, lines, texts, bytes, names.

use super::fault::Fault;
use super::{Machine, Step, text};
use crate::int;
use crate::numpy::ndarray;
use crate::tree::{Id, Node, Span};

/// Strings of bytes this long get memory of their own, aligned for an array.
const BLOB: u64 = 16 * 1024;

impl Machine<'_, '_> {
    #[inline]
    pub(super) fn u32(&mut self) -> Step<u32> {
        Ok(u32::from_le_bytes(self.input.array()?))
    }

    #[inline]
    pub(super) fn u64(&mut self) -> Step<u64> {
        Ok(u64::from_le_bytes(self.input.array()?))
    }

    pub(super) fn line<R>(&mut self, parse: impl FnOnce(&[u8]) -> Option<R>) -> Step<Option<R>> {
        Ok(self.input.line(self.limits.string, parse)?)
    }

    #[inline]
    pub(super) fn check_string(&self, len: u64) -> Step<()> {
        if len > self.limits.string {
            return Err(Fault::limit(format!(
                "a string of {len} bytes; the limit is {} bytes",
                self.limits.string
            )));
        }
        Ok(())
    }

    #[inline]
    pub(super) fn text(&mut self, len: u64) -> Step<()> {
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

    pub(super) fn bytes(&mut self, len: u64, node: impl FnOnce(Span) -> Node) -> Step<()> {
        self.check_string(len)?;
        if len < BLOB {
            let mut bytes = Vec::new();
            self.input.pieces(len, |piece| bytes.extend_from_slice(piece))?;
            let span = self.tree.add_bytes(&bytes)?;
            return self.push(node(span));
        }
        self.add_heavy(len)?;
        let buffer = self.input.buffer(len)?;
        let blob = ndarray::blob(self.tree, buffer)?;
        self.push(blob)
    }

    pub(super) fn old_str(&mut self, bytes: &[u8]) -> Step<()> {
        let span = self.tree.add_bytes(bytes)?;
        self.push(Node::OldStr(span))
    }

    pub(super) fn long(&mut self, len: u64) -> Step<()> {
        self.check_string(len)?;
        let mut bytes = Vec::new();
        self.input.pieces(len, |piece| bytes.extend_from_slice(piece))?;
        self.integer(int::Integer::from_bytes(&bytes))
    }

    pub(super) fn text_int(&mut self, booleans: bool) -> Step<()> {
        let parsed = self.line(|line| match line {
            b"00" if booleans => Some(Err(false)),
            b"01" if booleans => Some(Err(true)),
            _ => text::integer(line).map(Ok),
        })?;
        match parsed {
            Some(Ok(value)) => self.integer(value),
            Some(Err(truth)) => self.push_id(self.truth[usize::from(truth)]),
            None => Err(Fault::corrupt("not a valid integer")),
        }
    }

    pub(super) fn integer(&mut self, value: int::Integer) -> Step<()> {
        let node = match value {
            int::Integer::Small(value) => Node::Int(value),
            int::Integer::Big(bytes) => Node::Long(self.tree.add_bytes(&bytes)?),
        };
        self.push(node)
    }

    pub(super) fn class_lines(&mut self) -> Step<Id> {
        let bad = || Fault::corrupt("the name of a class is not text");
        let text = |line: &[u8]| String::from_utf8(line.to_vec()).ok();
        let module = self.line(text)?.ok_or_else(bad)?;
        let name = self.line(text)?.ok_or_else(bad)?;
        Ok(self.tree.class(&module, &name, self.at)?)
    }
}
