//! Items in the blocks of functions.

use super::extent::ends_statement;
use super::{Parser, Place, new_scope};
use crate::lexer::Kind;
use crate::model::{Item, ItemId, ItemKind, ScopeId, Visibility};
use crate::source::Source;
use crate::standard_macros::hold_expressions;

impl Parser<'_> {
    /// Looks for items in a block and in the groups in it.
    pub(super) fn block(
        &mut self,
        from: usize,
        to: usize,
        outer: ScopeId,
        owner: ItemId,
        braces: bool,
        place: &Place<'_>,
    ) {
        let source = place.source;
        let mut scope = outer;
        if braces {
            let mut at = from;
            let mut begins = true;
            while at < to {
                if begins && self.is_item(source, at) {
                    scope = new_scope(self.model, self.krate, Some(outer), false, place.file, (from, to));
                    self.model.scopes[scope].owner = Some(owner);
                    self.model.items[owner].blocks.push(scope);
                    break;
                }
                let after = source.after(at);
                begins = ends_statement(source, at);
                at = after;
            }
        }
        let mut at = from;
        let mut begins = braces;
        while at < to {
            if begins && scope != outer && self.is_item(source, at) {
                at = self.item(at, to, &place.of_scope(scope, place.folder.clone())).max(at + 1);
                continue;
            }
            let after = source.after(at);
            self.call_in_block(at, to, scope, owner, place);
            if let Kind::Open(delimiter) = source.kind(at) {
                // What a macro is given may be statements whatever is around it.
                let braces = delimiter == b'{' || (at > from && source.is_punct(at - 1, b'!'));
                self.block(at + 1, after - 1, scope, owner, braces, place);
            }
            begins = ends_statement(source, at);
            at = after;
        }
    }

    /// Notes a call of a macro in a block, whose name is at `at`: it may make implementations, or bring them from a file.
    fn call_in_block(&mut self, at: usize, to: usize, scope: ScopeId, owner: ItemId, place: &Place<'_>) {
        let source = place.source;
        let (bang, group) = (at + 1, at + 2);
        let Some(name) = source.word(at).filter(|_| source.is_punct(bang, b'!') && group < to) else {
            return;
        };
        if !matches!(source.kind(group), Kind::Open(_)) || hold_expressions(self.word(source, at)) {
            return;
        }
        self.included_in_block(name, (group + 1, source.pair(group)), scope, owner, place);
        let item = Item {
            kind: ItemKind::Call,
            name: Some(name),
            file: place.file,
            attributes: (at, at),
            visible: at,
            range: (at, source.after(group)),
            body: None,
            scope,
            parent: None,
            members: Vec::new(),
            blocks: Vec::new(),
            of_trait: None,
            of_type: None,
            outer: (0, 0),
            visibility: Visibility::Public,
            conditional: false,
            is_foreign: false,
        };
        self.model.block_calls.push(self.model.items.len());
        // No attribute is looked for in it: it is a part of the function's own code.
        self.model.items.push(item);
    }

    /// Whether an item begins here, its attributes apart.
    fn is_item(&self, source: &Source, at: usize) -> bool {
        if source.text_of(at).starts_with("r#") {
            return false;
        }
        let next = self.word(source, at + 1);
        match self.word(source, at) {
            "fn" | "struct" | "enum" | "trait" | "impl" | "mod" | "extern" | "pub" => true,
            "type" => !next.is_empty(),
            "use" => !source.is_punct(at + 1, b'<'),
            "macro_rules" => source.is_punct(at + 1, b'!'),
            "static" => !next.is_empty() && next != "move",
            "const" => {
                !next.is_empty() && next != "move" && !(next == "async" && self.word(source, at + 2) != "fn")
            }
            "unsafe" => matches!(next, "fn" | "impl" | "trait" | "extern"),
            "async" => matches!(next, "fn" | "unsafe"),
            "union" => !next.is_empty() && (source.is_open(at + 2, b'{') || source.is_punct(at + 2, b'<')),
            _ => {
                // Attributes go with the item behind them.
                source.is_punct(at, b'#')
                    && source.is_open(at + 1, b'[')
                    && self.is_item(source, source.pair(at + 1) + 1)
            }
        }
    }
}
