//! The stack with its marks, and the memo: where opcodes find their operands and leave their results.

use super::fault::Fault;
use super::{Machine, Step, underflow};
use crate::tree::{Id, Items, Node};

impl Machine<'_, '_> {
    #[inline]
    pub(crate) fn push(&mut self, node: Node) -> Step<()> {
        let id = self.tree.push(node, self.at)?;
        self.stack.push(id);
        Ok(())
    }

    #[inline]
    #[expect(clippy::unnecessary_wraps, reason = "every arm of the loop's match returns a step")]
    pub(super) fn push_id(&mut self, id: Id) -> Step<()> {
        self.stack.push(id);
        Ok(())
    }

    #[inline]
    pub(super) fn top(&self) -> Step<Id> {
        match self.stack.last() {
            Some(&id) if self.stack.len() > self.floor => Ok(id),
            _ => Err(underflow()),
        }
    }

    /// Where the topmost `count` values start.
    #[inline]
    pub(super) fn require(&self, count: usize) -> Step<usize> {
        match self.stack.len().checked_sub(count) {
            Some(start) if start >= self.floor => Ok(start),
            _ => Err(underflow()),
        }
    }

    /// Takes the last mark: where the values above it start.
    #[inline]
    pub(super) fn take_mark(&mut self) -> Step<usize> {
        let start = self.marks.pop().ok_or_else(|| Fault::corrupt("there is no mark on the stack"))?;
        self.floor = self.marks.last().copied().unwrap_or(0);
        Ok(start)
    }

    #[inline]
    pub(super) fn collect(&mut self, start: usize, container: impl FnOnce(Items) -> Node) -> Step<()> {
        let items = self.tree.extend(Items::EMPTY, &self.stack[start..])?;
        self.stack.truncate(start);
        self.push(container(items))
    }

    #[inline]
    pub(super) fn get(&mut self, number: u32) -> Step<()> {
        let id = self
            .memo
            .get(number)
            .ok_or_else(|| Fault::corrupt(format!("nothing is in the memo at {number}")))?;
        self.tree.share(id);
        self.push_id(id)
    }

    #[inline]
    pub(super) fn put(&mut self, number: u32) -> Step<()> {
        let top = self.top()?;
        self.check_memo()?;
        self.memo.put(number, top);
        Ok(())
    }

    #[inline]
    pub(super) fn check_memo(&self) -> Step<()> {
        if self.memo.len() < self.limits.memo {
            return Ok(());
        }
        Err(Fault::limit(format!("the memo has more than {} entries", self.limits.memo)))
    }
}
