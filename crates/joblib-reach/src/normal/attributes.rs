//! Attributes: those that say what the code does, and of ours the options that do.

use super::{SILENT, Writer, normal};

impl Writer<'_> {
    /// An attribute, if it says what the code does.
    pub(super) fn attribute(&mut self, at: usize) -> usize {
        let source = self.source;
        let open = if source.is_punct(at + 1, b'!') { at + 2 } else { at + 1 };
        if !source.is_open(open, b'[') {
            self.put("#");
            return at + 1;
        }
        let end = source.pair(open);
        let first = self.text_of_word(open + 1).unwrap_or_default();
        let (silent, derives) = (self.is_silent(open + 1), first == "derive");
        if silent && !(self.rules.docs && first == "doc") {
            return end + 1;
        }
        if self.is_ours(open + 1, end) {
            self.options(open + 1, end);
            return end + 1;
        }
        for word in at..=open {
            self.put(source.text_of(word));
        }
        if derives && source.is_open(open + 2, b'(') {
            self.put("derive (");
            self.arguments(open + 3, source.pair(open + 2));
            self.put(")");
        } else {
            self.raw(open + 1, end, false, false);
        }
        self.put("]");
        end + 1
    }

    /// Whether the attribute that begins here says nothing about what the code does.
    pub(super) fn is_silent(&self, at: usize) -> bool {
        let first = self.text_of_word(at).unwrap_or_default();
        // A longer path is that of a macro in a crate of that name.
        SILENT.contains(&first) && (first == "rustfmt" || !self.source.is_pair(at + 1, b':', b':'))
    }

    /// Whether an attribute is `#[cached]` or `#[tracked]`.
    pub(super) fn is_ours(&self, from: usize, to: usize) -> bool {
        let path = (from..to).take_while(|at| !self.source.is_open(*at, b'('));
        matches!(path.filter_map(|at| self.text_of_word(at)).last(), Some("cached" | "tracked"))
    }

    /// The options of `#[cached(…)]` that say what a key or a result means.
    pub(super) fn code_options(&self, from: usize, to: usize) -> Vec<(usize, usize)> {
        let Some(open) = (from..to).find(|at| self.source.is_open(*at, b'(')) else { return Vec::new() };
        let (mut at, end) = (open + 1, self.source.pair(open));
        let mut kept = Vec::new();
        while at < end {
            let mut comma = at;
            while comma < end && !self.source.is_punct(comma, b',') {
                comma = self.source.after(comma);
            }
            if self.text_of_word(at).is_none_or(|name| (self.rules.is_code)(name)) {
                kept.push((at, comma));
            }
            at = comma + 1;
        }
        kept
    }

    /// Writes these options in the order of their names.
    fn options(&mut self, from: usize, to: usize) {
        let options = self.code_options(from, to).into_iter();
        let mut kept: Vec<String> =
            options.map(|(from, to)| normal(self.source, from, to, self.rules)).collect();
        kept.sort();
        if !kept.is_empty() {
            let kept = kept.join(" , ");
            self.put("# [ cached (");
            self.put(&kept);
            self.put(") ]");
        }
    }
}
