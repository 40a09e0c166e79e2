//! Literals of Python, as the header of a `.npy` file is one: texts, integers, `True`, `False`, `None`, tuples, lists, dicts.

/// Literals within literals; a header's are few.
const MAX_DEPTH: usize = 40;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Int(u64),
    Bool(bool),
    None,
    /// A tuple or a list.
    Sequence(Vec<Literal>),
    Dict(Vec<(Literal, Literal)>),
}

impl Literal {
    /// The literal that all of `text` is.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser { rest: text };
        let literal = parser.literal(0)?;
        parser.space();
        parser.rest.is_empty().then_some(literal)
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_sequence(&self) -> Option<&[Self]> {
        match self {
            Self::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The value under a text key of a dict.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Dict(entries) => {
                entries.iter().find(|(found, _)| found.as_text() == Some(key)).map(|(_, value)| value)
            }
            _ => None,
        }
    }
}

struct Parser<'t> {
    rest: &'t str,
}

impl Parser<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn take(&mut self, what: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(what) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn literal(&mut self, depth: usize) -> Option<Literal> {
        if depth > MAX_DEPTH {
            return None;
        }
        for (name, literal) in
            [("True", Literal::Bool(true)), ("False", Literal::Bool(false)), ("None", Literal::None)]
        {
            if self.take(name) {
                return Some(literal);
            }
        }
        for (open, close) in [("(", ")"), ("[", "]")] {
            if self.take(open) {
                let mut items = Vec::new();
                while !self.take(close) {
                    items.push(self.literal(depth + 1)?);
                    if !self.take(",") {
                        if !self.take(close) {
                            return None;
                        }
                        break;
                    }
                }
                return Some(Literal::Sequence(items));
            }
        }
        if self.take("{") {
            let mut entries = Vec::new();
            while !self.take("}") {
                let key = self.literal(depth + 1)?;
                if !self.take(":") {
                    return None;
                }
                entries.push((key, self.literal(depth + 1)?));
                if !self.take(",") {
                    if !self.take("}") {
                        return None;
                    }
                    break;
                }
            }
            return Some(Literal::Dict(entries));
        }
        match self.rest.as_bytes().first()? {
            b'0'..=b'9' => {
                let end = self.rest.bytes().take_while(u8::is_ascii_digit).count();
                let number = self.rest[..end].parse().ok()?;
                // Python 2 wrote long integers with a letter.
                self.rest = self.rest[end..].trim_start_matches('L');
                Some(Literal::Int(number))
            }
            _ => self.text(),
        }
    }

    fn text(&mut self) -> Option<Literal> {
        // Python 2's text and bytes have a letter.
        let start = self.rest.strip_prefix(['u', 'b']).unwrap_or(self.rest);
        let quote = start.chars().next().filter(|&quote| matches!(quote, '\'' | '"'))?;
        let mut text = String::new();
        let mut chars = start[1..].char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                _ if c == quote => {
                    self.rest = &start[1 + at + 1..];
                    return Some(Literal::Text(text));
                }
                '\\' => {
                    let digits = match chars.next()?.1 {
                        'n' => Err('\n'),
                        't' => Err('\t'),
                        'r' => Err('\r'),
                        'x' => Ok(2),
                        'u' => Ok(4),
                        'U' => Ok(8),
                        other => Err(other),
                    };
                    match digits {
                        Err(c) => text.push(c),
                        Ok(count) => {
                            let hex: String = chars.by_ref().take(count).map(|(_, c)| c).collect();
                            text.push(char::from_u32(u32::from_str_radix(&hex, 16).ok()?)?);
                        }
                    }
                }
                _ => text.push(c),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Literal;

    #[test]
    fn literals_are_read_to_their_end() {
        let header = Literal::parse(
            "{'descr': [('it\\'s', \"<f8\"), ('', '|V4')], 'fortran_order': False, 'shape': (3L, 2), }  \n",
        );
        let header = header.unwrap();
        let fields = header.get("descr").and_then(Literal::as_sequence).unwrap();
        assert_eq!(fields[0].as_sequence().unwrap()[0].as_text(), Some("it's"));
        assert_eq!(header.get("shape").and_then(Literal::as_sequence).unwrap()[0], Literal::Int(3));
        assert_eq!(Literal::parse("(1, 2"), None);
        assert_eq!(Literal::parse("{} x"), None);
        assert_eq!(Literal::parse(&"(".repeat(100_000)), None);
    }
}
