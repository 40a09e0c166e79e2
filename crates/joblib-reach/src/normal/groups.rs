//! Groups: braces and parentheses that have a meaning, and those that have none.

use super::Writer;

impl Writer<'_> {
    /// The tokens of the one expression that a block holds, without its braces; else the block itself.
    pub(super) fn unwrapped(&self, mut open: usize) -> (usize, usize) {
        let source = self.source;
        loop {
            let (from, to) = (open + 1, source.pair(open));
            let declares = matches!(
                self.text_of_word(from),
                Some(
                    "let"
                        | "use"
                        | "fn"
                        | "struct"
                        | "enum"
                        | "const"
                        | "static"
                        | "impl"
                        | "return"
                        | "break"
                        | "continue"
                )
            );
            let is_expression =
                from < to && !declares && !source.is_punct(from, b'#') && !self.top_level(from, to, b';');
            if !is_expression {
                return (open, to + 1);
            }
            if source.is_open(from, b'{') && source.pair(from) + 1 == to {
                open = from;
                continue;
            }
            return (from, to);
        }
    }

    /// A group with its delimiters, where they have a meaning.
    pub(super) fn group(&mut self, from: usize, at: usize, delimiter: u8) {
        let source = self.source;
        let mut open = at;
        if delimiter == b'{' && at >= from + 2 && source.is_pair(at - 2, b'=', b'>') {
            let (inner, end) = self.unwrapped(at);
            if inner != at {
                // One expression, or several blocks of which the inner ones hold it.
                if source.is_open(inner, b'{') && source.pair(inner) + 1 == end {
                    self.plain_group(inner);
                } else {
                    self.code(inner, end);
                }
                return;
            }
        }
        if delimiter == b'(' && !self.follows_operand(from, at) {
            while source.is_open(open + 1, b'(')
                && source.pair(open + 1) + 1 == source.pair(open)
                && source.pair(open + 1) > open + 2
                && !self.top_level(open + 2, source.pair(open + 1), b',')
            {
                open += 1;
            }
        }
        self.plain_group(open);
    }

    pub(super) fn plain_group(&mut self, open: usize) {
        let end = self.source.pair(open);
        self.put(self.source.text_of(open));
        self.code(open + 1, end);
        self.put(self.source.text_of(end));
    }

    /// Behind the block of an arm stands a comma, written or not.
    pub(super) fn after_arm(&mut self, from: usize, at: usize, to: usize) -> usize {
        let source = self.source;
        let after = source.pair(at) + 1;
        let is_arm = source.is_open(at, b'{') && at >= from + 2 && source.is_pair(at - 2, b'=', b'>');
        if is_arm && after < to && !source.is_punct(after, b',') {
            self.put(",");
        }
        after
    }
}
