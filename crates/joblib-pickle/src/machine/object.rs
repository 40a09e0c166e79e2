//! What fills containers, gives instances their state and notes calls.

use super::fault::Fault;
use super::reduce::{self, Built};
use super::{Machine, Step, underflow};
use crate::tree::{Id, Items, Node, Object};

impl Machine<'_, '_> {
    /// Adds what lies above `start` to the container or object below it, by key or in a row.
    #[inline]
    pub(super) fn add(&mut self, start: usize, by_key: bool) -> Step<()> {
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

    pub(super) fn add_to_set(&mut self, start: usize) -> Step<()> {
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
            _ => return Err(Fault::corrupt("items are added to a value that is not a set")),
        }
        self.stack.truncate(start);
        Ok(())
    }

    pub(super) fn build(&mut self) -> Step<()> {
        let start = self.require(2)?;
        let (target, state) = (self.stack[start], self.stack[start + 1]);
        self.stack.truncate(start + 1);
        let Node::Object(index) = self.tree.node(target) else {
            return Err(Fault::corrupt("a state is given to a value that has none"));
        };
        if self.tree.object(index).state.is_some() {
            return Err(Fault::unsupported("an object gets a second state"));
        }
        match reduce::set_state(self.tree, target, index, state, self.at)? {
            Built::Done => Ok(()),
            Built::StandIn => match self.payloads {
                Some(payloads) => {
                    let array = payloads.read(self, index)?;
                    self.tree.set_node(target, array);
                    Ok(())
                }
                None => Ok(()),
            },
        }
    }

    pub(super) fn call(&mut self, class: Id, args: Id, kwargs: Option<Id>, function: bool) -> Step<Id> {
        if !matches!(self.tree.node(class), Node::Class(_) | Node::Object(_)) {
            return Err(Fault::corrupt("the called object is neither a class nor a function"));
        }
        if self.tree.sequence(args).is_none() {
            return Err(Fault::corrupt("arguments that are no tuple"));
        }
        if function && let Some(id) = reduce::call(self, class, args)? {
            return Ok(id);
        }
        let object = Object {
            class,
            args,
            kwargs,
            called: function,
            state: None,
            items: Items::EMPTY,
            pairs: Items::EMPTY,
        };
        Ok(self.tree.push_object(object, self.at)?)
    }
}
