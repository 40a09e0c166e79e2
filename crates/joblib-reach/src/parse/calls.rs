//! Calls of macros where items stand.

use std::path::Path;

use super::extent::end_of_item;
use super::{Parser, Place};
use crate::model::{Item, ItemKind};

impl Parser<'_> {
    /// A call of a macro where items stand; what else begins with a name is passed over.
    pub(super) fn call(&mut self, mut item: Item, at: usize, to: usize, place: &Place<'_>) -> usize {
        let source = place.source;
        let mut bang = at + 1;
        while source.is_pair(bang, b':', b':') && source.word(bang + 2).is_some() {
            bang += 3;
        }
        if !source.is_punct(bang, b'!') {
            let end = end_of_item(source, at, to, true).0;
            item.range.1 = end;
            // Nobody knows what it defines, as with a macro.
            item.kind = ItemKind::Call;
            self.add(item, place);
            return end;
        }
        let group = bang + 1;
        let end = source.after(group).min(to);
        let after = if source.is_punct(end, b';') { end + 1 } else { end };
        item.range.1 = end;
        item.kind = ItemKind::Call;
        item.name = source.word(bang - 1);
        let is_include = self.word(source, bang - 1) == "include";
        self.note_conditions(&item, place);
        let name = item.name;
        self.add(item, place);
        self.modules_of_call(name, (group + 1, source.pair(group)), place);
        if !is_include {
            self.included_by_macro(name, (group + 1, source.pair(group)), place);
        }
        if is_include {
            match self.file_included((group + 1, source.pair(group)), place) {
                None => self.model.crates[self.krate].is_opaque = true,
                Some(path) => {
                    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
                    if let Err(reason) = self.file(&path, place.scope, folder)
                        && !self.guesses
                    {
                        self.model.unread.push(reason);
                    }
                }
            }
        }
        after
    }
}
