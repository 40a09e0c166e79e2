//! What is only declared, and defined elsewhere.

use std::path::Path;

use super::Walk;
use crate::macros::definitions;
use crate::model::{ItemId, ItemKind, Model};
use crate::named_files::files_below;
use crate::values::Value;

impl Walk<'_> {
    /// Whether a function has no body, or a static no value.
    pub(super) fn is_only_declared(&self, item: ItemId) -> bool {
        let of = &self.known.model.items[item];
        let source = self.known.model.source(item);
        match of.kind {
            ItemKind::Function => of.body.is_none(),
            ItemKind::Value => !(of.range.0..of.range.1).any(|at| source.is_punct(at, b'=')),
            _ => false,
        }
    }

    /// What is only declared is defined elsewhere, under the same symbol.
    pub(super) fn link(&mut self, item: ItemId) {
        let text = |model: &Model, item: ItemId, attribute: &str| {
            let (source, (from, to)) = (model.source(item), model.items[item].attributes);
            let at = (from..to).find(|at| source.text_of(*at) == attribute)?;
            Some(source.content(at + 2).unwrap_or_default().to_owned())
        };
        let model = &self.known.model;
        let own = |item: ItemId| model.items[item].name.map(|name| model.names.text(name).to_owned());
        let symbol = text(model, item, "link_name").or_else(|| own(item));
        let defined: Vec<ItemId> = (0..model.items.len())
            .filter(|other| matches!(model.items[*other].kind, ItemKind::Function | ItemKind::Value))
            .filter(|other| {
                let exported = text(model, *other, "export_name");
                let plain = text(model, *other, "no_mangle").and_then(|_| own(*other));
                // A name that is put together, as in `concat!(…)`, may be any.
                exported.or(plain).is_some_and(|name| {
                    name.is_empty()
                        || symbol.as_ref().is_none_or(|symbol| symbol.is_empty() || *symbol == name)
                })
            })
            .collect();
        // An assembler's labels are in texts, and macros export what they write.
        let may_define = |call: &ItemId| {
            let name = model.items[*call].name;
            let is_assembly = name.is_some_and(|name| model.names.text(name) == "global_asm");
            is_assembly
                || definitions(model, name).into_iter().chain([*call]).any(|item| {
                    let (from, to) = model.items[item].range;
                    let source = model.source(item);
                    (from..to)
                        .any(|at| matches!(source.text_of(at), "no_mangle" | "export_name" | "global_asm"))
                })
        };
        let written: Vec<ItemId> = model.calls.iter().copied().filter(may_define).collect();
        if defined.is_empty() {
            // In another language, perhaps: what the build script compiled is there.
            let krate =
                &self.known.model.crates[self.known.model.scopes[self.known.model.items[item].scope].krate];
            match krate.environment()("OUT_DIR") {
                Some(folder) => {
                    let libraries = files_below(Path::new(&folder)).into_iter().filter(|path| {
                        path.extension().is_some_and(|extension| {
                            ["a", "o", "lib", "so", "dylib"].iter().any(|known| extension == *known)
                        })
                    });
                    self.found.values.extend(libraries.map(Value::File));
                }
                None if !krate.is_own => {
                    self.found.foreign.insert(krate.name.clone());
                }
                None => {}
            }
        }
        for item in defined.into_iter().chain(written) {
            let number = self.number((item, None));
            self.digester.number(u128::from(number));
        }
    }
}
