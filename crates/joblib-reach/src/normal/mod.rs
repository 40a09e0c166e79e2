//! The normal form of tokens: what `rustfmt` writes its own way is written one way, and nothing else is touched.
//!
//! The form is a text with a space between any two words. Two pieces of code with one form do the same. What a macro is
//! given stays as it is, because a macro may look at every token; only the macros of the standard library are known not to.

mod attributes;
mod groups;
mod imports;

use crate::lexer::{Kind, Name, Names};
use crate::source::Source;
use crate::standard_macros;

/// What the normal form depends on beside the tokens.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) names: &'a Names,
    /// Whether the package defines a macro of this name.
    pub(crate) own_macro: &'a dyn Fn(Name) -> bool,
    /// Whether such a macro makes a text of what it is given, with the spaces between tokens.
    pub(crate) prints: &'a dyn Fn(Name) -> bool,
    /// Whether this option of `#[cached]` says what a key or a result means.
    pub(crate) is_code: &'a dyn Fn(&str) -> bool,
    /// Whether documentation counts: an attribute or a derive of others can see it.
    pub(crate) docs: bool,
}

/// The parts of attributes that say nothing about what the code does.
pub(crate) fn silent_parts(source: &Source, from: usize, to: usize, rules: Rules<'_>) -> Vec<(usize, usize)> {
    let writer = Writer { source, rules, out: String::new() };
    let mut parts = Vec::new();
    let mut arguments_end = from;
    for at in from..to {
        // A macro may look at every attribute that it is given.
        if source.word(at).is_some()
            && source.is_punct(at + 1, b'!')
            && matches!(source.kind(at + 2), Kind::Open(_))
        {
            arguments_end = arguments_end.max(source.pair(at + 2));
        }
        if at < arguments_end {
            continue;
        }
        let open = if source.is_punct(at + 1, b'!') { at + 2 } else { at + 1 };
        if !source.is_punct(at, b'#') || !source.is_open(open, b'[') {
            continue;
        }
        let end = source.pair(open);
        let first = writer.text_of_word(open + 1).unwrap_or_default();
        if writer.is_silent(open + 1) && !(rules.docs && first == "doc") {
            parts.push((at, end + 1));
        } else if writer.is_ours(open + 1, end) {
            // Another attribute of our name is code.
            let mut kept = (open + 1..end).find(|at| source.is_open(*at, b'(')).unwrap_or(end);
            for (from, to) in writer.code_options(open + 1, end) {
                parts.push((kept, from));
                kept = to;
            }
            parts.push((kept, end));
        }
    }
    parts
}

/// The normal form of the tokens from `from` to `to`.
pub(crate) fn normal(source: &Source, from: usize, to: usize, rules: Rules<'_>) -> String {
    let mut writer = Writer { source, rules, out: String::new() };
    writer.code(from, to);
    writer.out
}

/// The tokens from `from` to `to` as an attribute or a derive sees them: it may look at each, and at the spaces in between.
pub(crate) fn as_given(source: &Source, from: usize, to: usize, rules: Rules<'_>) -> String {
    let mut writer = Writer { source, rules, out: String::new() };
    writer.raw(from, to, true, true);
    writer.out
}

/// A normal form with another word in the place of a name.
pub fn without_name(form: &str, name: &str) -> String {
    let words = form.split(' ').map(|word| if word == name { "fn" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// Attributes that say nothing about what the code does.
const SILENT: [&str; 11] = [
    "doc",
    "allow",
    "warn",
    "deny",
    "forbid",
    "expect",
    "must_use",
    "inline",
    "cold",
    "deprecated",
    "rustfmt",
];

/// Operators that a macro can tell from their parts.
const OPERATORS: [&str; 25] = [
    "<<=", ">>=", "...", "..=", "::", "->", "=>", "==", "!=", "<=", ">=", "&&", "||", "+=", "-=", "*=", "/=",
    "%=", "^=", "&=", "|=", "<<", ">>", "..", "<-",
];

/// Words after which an expression begins, and not the arguments of a call.
const KEYWORDS: [&str; 26] = [
    "as", "break", "const", "continue", "dyn", "else", "enum", "for", "if", "impl", "in", "let", "loop",
    "match", "move", "mut", "pub", "ref", "return", "static", "unsafe", "use", "where", "while", "yield",
    "box",
];

struct Writer<'a> {
    source: &'a Source,
    rules: Rules<'a>,
    out: String,
}

impl Writer<'_> {
    fn put(&mut self, word: &str) {
        if !self.out.is_empty() {
            self.out.push(' ');
        }
        self.out.push_str(word);
    }

    fn text_of_word(&self, at: usize) -> Option<&str> {
        self.source.word(at).map(|name| self.rules.names.text(name))
    }

    fn is_word(&self, at: usize, word: &str) -> bool {
        self.text_of_word(at) == Some(word)
    }

    /// Whether an expression can end before `at`, so that parentheses there are those of a call.
    fn follows_operand(&self, from: usize, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).filter(|before| *before >= from) else { return false };
        match self.source.kind(before) {
            Kind::Word(name) => !KEYWORDS.contains(&self.rules.names.text(name)) || self.is_raw(before),
            Kind::Close(b'}') => false,
            Kind::Close(_) => !self.is_before_type_or_value(before),
            Kind::Punct(b'?') => true,
            Kind::Punct(b'>') => self.is_turbofish(from, before),
            _ => false,
        }
    }

    /// Whether a group that ends here is that of an attribute or of `pub(…)`, behind which a type or an expression begins.
    fn is_before_type_or_value(&self, end: usize) -> bool {
        let Some(before) = self.source.pair(end).checked_sub(1) else { return false };
        self.is_word(before, "pub")
            || self.source.is_punct(before, b'#')
            || (self.source.is_punct(before, b'!') && before > 0 && self.source.is_punct(before - 1, b'#'))
    }

    fn is_raw(&self, at: usize) -> bool {
        self.source.text_of(at).starts_with("r#")
    }

    /// Whether `>` at this place ends generic arguments behind `::` or a function's generic parameters.
    fn is_turbofish(&self, from: usize, end: usize) -> bool {
        if end > from && self.source.is_pair(end - 1, b'-', b'>') {
            return false;
        }
        let (mut depth, mut at) = (0usize, end);
        loop {
            match self.source.kind(at) {
                Kind::Punct(b'>') if !(at > from && self.source.is_pair(at - 1, b'-', b'>')) => depth += 1,
                Kind::Punct(b'<') => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        let is_path = at >= from + 2 && self.source.is_pair(at - 2, b':', b':');
                        return is_path || (at >= from + 2 && self.is_word(at - 2, "fn"));
                    }
                }
                Kind::Punct(b';') | Kind::Open(_) => return false,
                Kind::Close(_) => at = self.source.pair(at),
                _ => {}
            }
            match at.checked_sub(1) {
                Some(before) if before >= from => at = before,
                _ => return false,
            }
        }
    }

    /// Writes code that is not a macro's: the tokens of one group, or of an item.
    fn code(&mut self, from: usize, to: usize) {
        let source = self.source;
        let mut at = from;
        while at < to {
            if self.rules.docs {
                self.docs(at);
            }
            at = match source.kind(at) {
                Kind::Punct(b'#') => self.attribute(at),
                Kind::Word(_) => self.word(from, at, to),
                Kind::Open(delimiter) => {
                    self.group(from, at, delimiter);
                    self.after_arm(from, at, to)
                }
                Kind::Punct(b',') => {
                    let closes = at + 1 == to && self.is_superfluous(from, to);
                    if !closes && !source.is_punct(at + 1, b'>') {
                        self.put(",");
                    }
                    at + 1
                }
                Kind::Punct(b';') => {
                    // An empty statement.
                    let empty = at > from && source.is_punct(at - 1, b';');
                    if !empty || source.is_open(from.wrapping_sub(1), b'[') {
                        self.put(";");
                    }
                    at + 1
                }
                Kind::Punct(b'|') if !self.follows_operand(from, at) => self.bar(at, to),
                Kind::Punct(b'-') if source.is_pair(at, b'-', b'>') => {
                    let unit = source.is_open(at + 2, b'(') && source.pair(at + 2) == at + 3;
                    if unit {
                        at + 4
                    } else {
                        self.put("->");
                        at + 2
                    }
                }
                Kind::Punct(punct) => {
                    if matches!(punct, b'&' | b'|') && source.is_pair(at, punct, punct) {
                        self.put(if punct == b'&' { "&&" } else { "||" });
                        at + 2
                    } else if source.is_pair(at, b'<', b'>') {
                        at + 2
                    } else {
                        self.put(source.text_of(at));
                        at + 1
                    }
                }
                _ => {
                    self.put(source.text_of(at));
                    at + 1
                }
            };
        }
    }

    /// Whether a comma behind the last item of a group has no meaning.
    fn is_superfluous(&self, from: usize, to: usize) -> bool {
        let Some(open) = from.checked_sub(1) else { return false };
        match self.source.kind(open) {
            Kind::Open(b'(') => {
                let commas = self.top_level(from, to - 1, b',');
                commas || self.follows_operand(0, open)
            }
            Kind::Open(_) => true,
            _ => false,
        }
    }

    /// Whether a character of punctuation stands between `from` and `to`, that in groups apart.
    fn top_level(&self, from: usize, to: usize, punct: u8) -> bool {
        let mut at = from;
        while at < to {
            if self.source.is_punct(at, punct) {
                return true;
            }
            at = self.source.after(at);
        }
        false
    }

    fn word(&mut self, from: usize, at: usize, to: usize) -> usize {
        let source = self.source;
        let opens = |at: usize| matches!(source.kind(at), Kind::Open(_));
        if self.is_word(at, "use") && !source.is_punct(at + 1, b'<') {
            return self.uses(at, to);
        }
        if source.is_punct(at + 1, b'!') && !source.is_punct(at + 2, b'=') {
            let rules = self.is_word(at, "macro_rules");
            let group = if rules { at + 3 } else { at + 2 };
            if opens(group) && group < to {
                for word in at..group {
                    self.put(source.text_of(word));
                }
                let standard = self.source.word(at).is_some_and(|name| {
                    standard_macros::take_arguments(self.rules.names.text(name))
                        && !(self.rules.own_macro)(name)
                });
                let end = source.pair(group);
                self.put(source.text_of(group));
                if standard {
                    self.arguments(group + 1, end);
                } else {
                    let spaced = !rules && self.prints(at);
                    self.raw(group + 1, end, self.rules.docs || !rules, spaced);
                }
                self.put(source.text_of(end));
                return end + 1;
            }
        }
        if matches!(self.text_of_word(at), Some("return" | "break" | "continue"))
            && self.begins_statement(from, at)
        {
            return self.last_jump(at, to);
        }
        let text = source.text_of(at);
        self.put(text);
        at + 1
    }

    fn begins_statement(&self, from: usize, at: usize) -> bool {
        from > 0
            && self.source.is_open(from - 1, b'{')
            && (at == from || matches!(self.source.kind(at - 1), Kind::Punct(b';') | Kind::Close(b'}')))
    }

    /// A jump that ends a block has a semicolon, written or not.
    fn last_jump(&mut self, at: usize, to: usize) -> usize {
        let text = self.source.text_of(at);
        self.put(text);
        let statement_ends = self.top_level(at, to, b';');
        if statement_ends || self.top_level(at, to, b',') {
            return at + 1;
        }
        self.code(at + 1, to);
        self.put(";");
        to
    }

    /// The arguments of a macro of the standard library.
    fn arguments(&mut self, from: usize, to: usize) {
        let end = if to > from && self.source.is_punct(to - 1, b',') { to - 1 } else { to };
        self.code(from, end);
    }

    /// Comments of documentation before a token.
    fn docs(&mut self, at: usize) {
        for doc in self.source.docs(at) {
            self.put(doc);
        }
    }

    /// What a macro is given, to which comments of documentation are attributes.
    fn raw(&mut self, from: usize, to: usize, docs: bool, spaced: bool) {
        let source = self.source;
        let mut at = from;
        let mut spaced_until = if spaced { to } else { from };
        while at < to {
            if source.is_punct(at + 1, b'!') && source.word(at).is_some() && self.prints(at) {
                spaced_until = spaced_until.max(source.after(at + 2));
            }
            if at > from && at < spaced_until && !source.touches(at - 1) {
                self.put("␣");
            }
            if docs {
                self.docs(at);
            }
            if let Kind::Punct(_) = source.kind(at) {
                let operator = OPERATORS.iter().find(|operator| {
                    operator.bytes().enumerate().all(|(index, byte)| {
                        at + index < to
                            && source.is_punct(at + index, byte)
                            && (index == 0 || source.touches(at + index - 1))
                    })
                });
                if let Some(operator) = operator {
                    self.put(operator);
                    at += operator.len();
                    continue;
                }
            }
            self.put(source.text_of(at));
            at += 1;
        }
    }

    /// Whether a macro of the name at `at` makes a text of what it is given.
    fn prints(&self, at: usize) -> bool {
        self.is_word(at, "stringify") || self.source.word(at).is_some_and(self.rules.prints)
    }

    /// `|` where an expression or a pattern begins: a closure, or a bar before the first pattern.
    fn bar(&mut self, at: usize, to: usize) -> usize {
        let source = self.source;
        let mut end = at + 1;
        while end < to
            && !matches!(source.kind(end), Kind::Punct(b'|' | b';'))
            && !source.is_pair(end, b'=', b'>')
        {
            end = source.after(end);
        }
        if self.leads_arm(at, to) {
            return at + 1;
        }
        if !source.is_punct(end, b'|') || end >= to {
            self.put("|");
            return at + 1;
        }
        self.put("|");
        let last = if end > at + 1 && source.is_punct(end - 1, b',') { end - 1 } else { end };
        self.code(at + 1, last);
        self.put("|");
        let body = end + 1;
        if source.is_open(body, b'{') && body < to {
            let after = source.pair(body) + 1;
            let ends = after >= to || matches!(source.kind(after), Kind::Punct(b',' | b';') | Kind::Close(_));
            if ends {
                let (from, to) = self.unwrapped(body);
                if from == body {
                    self.group(body, body, b'{');
                } else {
                    self.code(from, to);
                }
                return after;
            }
        }
        body
    }

    /// Whether a bar stands before the first pattern of an arm: `=>` follows in the same list.
    fn leads_arm(&self, at: usize, to: usize) -> bool {
        let mut next = at + 1;
        while next < to && !matches!(self.source.kind(next), Kind::Punct(b',' | b';')) {
            if self.source.is_pair(next, b'=', b'>') {
                return true;
            }
            next = self.source.after(next);
        }
        false
    }
}

#[cfg(test)]
mod tests;
