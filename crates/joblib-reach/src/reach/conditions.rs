//! Conditions, and what else the compiler brings in.

use std::rc::Rc;

use super::Walk;
use crate::hash::Digester;
use crate::model::{FileId, ItemId, Model, Range, ScopeId};
use crate::values::{Value, value_at};

impl Walk<'_> {
    /// A digest of the conditions on a scope and on those around it, as they are written.
    pub(super) fn context(&mut self, scope: ScopeId) -> u128 {
        if let Some(known) = self.contexts.get(&scope) {
            return *known;
        }
        let model = &self.known.model;
        let conditions: Vec<String> = model.scopes[scope]
            .own_attributes
            .iter()
            .flat_map(|(file, range)| conditions_in(model, *file, *range))
            .collect();
        let outer = model.scopes[scope].parent.map_or(0, |parent| self.context(parent));
        let context = if conditions.is_empty() {
            outer
        } else {
            let mut digester = Digester::default();
            digester.number(outer);
            for condition in &conditions {
                digester.text(condition);
            }
            digester.finish()
        };
        self.contexts.insert(scope, context);
        context
    }

    /// Takes in the conditions on an implementation of which nothing else may count.
    pub(super) fn conditions_on(&mut self, item: ItemId) {
        let of = &self.known.model.items[item];
        let (file, scope, (from, to)) = (of.file, of.scope, of.attributes);
        let source = Rc::clone(self.known.model.source(item));
        let values: Vec<Value> =
            (from..to).flat_map(|at| value_at(&self.known.model, file, &source, at, to)).collect();
        self.take_values(&values, scope);
        self.conditions_of(scope);
    }

    /// Conditions on the modules around an item.
    pub(super) fn conditions_of(&mut self, scope: ScopeId) {
        let mut at = Some(scope);
        while let Some(scope) = at {
            if !self.scopes.insert(scope) {
                return;
            }
            if let Some(module) = self.known.model.scopes[scope].item {
                let number = self.number((module, None));
                self.digester.number(u128::from(number));
            }
            let model = &self.known.model;
            let mut values = Vec::new();
            for (file, (from, to)) in &model.scopes[scope].attributes {
                let source = Rc::clone(&model.files[*file].source);
                let is_cfg = |at: &usize| {
                    source.word(*at).is_some_and(|name| matches!(model.names.text(name), "cfg" | "cfg_attr"))
                };
                for at in (*from..*to).filter(is_cfg) {
                    values.extend(value_at(model, *file, &source, at, *to));
                }
            }
            at = model.scopes[scope].parent;
            self.take_values(&values, scope);
        }
    }

    pub(super) fn take_values(&mut self, values: &[Value], scope: ScopeId) {
        let krate = &self.known.model.crates[self.known.model.scopes[scope].krate];
        let (is_own, name) = (krate.is_own, krate.name.clone());
        // A procedural macro reads the variables of the compiler that asks it.
        let reads = |value: &Value| krate.is_proc_macro && matches!(value, Value::Variable(_));
        let given: Vec<bool> = values.iter().map(reads).collect();
        for (value, is_given) in values.iter().zip(given) {
            if is_own || is_given || matches!(value, Value::File(_) | Value::Folder(_)) {
                self.found.values.insert(value.clone());
            } else {
                // Its features and variables are those of its own compilation.
                self.found.foreign.insert(name.clone());
            }
        }
    }
}

/// The attributes in a range of a file that say a condition, as they are written.
fn conditions_in(model: &Model, file: FileId, (from, to): Range) -> Vec<String> {
    let source = &model.files[file].source;
    let mut found = Vec::new();
    let mut at = from;
    while at < to {
        let open = if source.is_punct(at + 1, b'!') { at + 2 } else { at + 1 };
        if !source.is_open(open, b'[') {
            break;
        }
        let end = source.pair(open);
        if matches!(source.text_of(open + 1), "cfg" | "cfg_attr") {
            found.push((open + 1..end).map(|at| source.text_of(at)).collect::<Vec<_>>().join(" "));
        }
        at = end + 1;
    }
    found
}
