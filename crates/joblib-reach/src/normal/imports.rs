//! Declarations `use`, whose order has no meaning.

use super::Writer;

impl Writer<'_> {
    /// Neighbouring `use` declarations, in the order of their texts: their order has no meaning.
    pub(super) fn uses(&mut self, from: usize, to: usize) -> usize {
        let mut declarations = Vec::new();
        let mut at = from;
        while at < to && self.is_word(at, "use") {
            let mut end = at + 1;
            let mut writer = Writer { source: self.source, rules: self.rules, out: String::new() };
            writer.put("use");
            while end < to && !self.source.is_punct(end, b';') {
                if self.source.is_open(end, b'{') {
                    writer.use_group(end);
                } else {
                    writer.put(self.source.text_of(end));
                }
                end = self.source.after(end);
            }
            writer.put(";");
            declarations.push(writer.out);
            at = end + 1;
        }
        declarations.sort();
        for declaration in declarations {
            self.put(&declaration);
        }
        at.min(to)
    }

    fn use_group(&mut self, open: usize) {
        let end = self.source.pair(open);
        let mut items = vec![Writer { source: self.source, rules: self.rules, out: String::new() }];
        let mut at = open + 1;
        while at < end {
            // There is always a last one: the list starts with one and only grows.
            let Some(item) = items.last_mut() else { break };
            if self.source.is_punct(at, b',') {
                items.push(Writer { source: self.source, rules: self.rules, out: String::new() });
            } else if self.source.is_open(at, b'{') {
                item.use_group(at);
            } else {
                item.put(self.source.text_of(at));
            }
            at = self.source.after(at);
        }
        let mut items: Vec<String> =
            items.into_iter().map(|item| item.out).filter(|item| !item.is_empty()).collect();
        items.sort();
        let items = items.join(" , ");
        self.put("{");
        self.put(&items);
        self.put("}");
    }
}
