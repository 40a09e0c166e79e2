//! Source text as a flat list of tokens: comments and white space are gone, and every opening delimiter knows its end.

use std::collections::HashMap;

/// A name, as a number: the same for equal names of one [`Names`].
pub(crate) type Name = u32;

/// The names met so far.
#[derive(Debug, Default)]
pub(crate) struct Names {
    by_text: HashMap<Box<str>, Name>,
    texts: Vec<Box<str>>,
}

impl Names {
    pub(crate) fn of(&mut self, text: &str) -> Name {
        if let Some(name) = self.by_text.get(text) {
            return *name;
        }
        let name = self.texts.len() as Name;
        self.texts.push(text.into());
        self.by_text.insert(text.into(), name);
        name
    }

    /// The number of a name that was met, if it was.
    pub(crate) fn find(&self, text: &str) -> Option<Name> {
        self.by_text.get(text).copied()
    }

    pub(crate) fn text(&self, name: Name) -> &str {
        &self.texts[name as usize]
    }
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word: an identifier or a keyword. A raw identifier has the name without `r#`.
    Word(Name),
    /// `'a`
    Lifetime,
    /// A number, a character or a byte.
    Literal,
    /// A string of any sort.
    Text,
    /// One character of punctuation.
    Punct(u8),
    /// An opening delimiter.
    Open(u8),
    /// A closing delimiter.
    Close(u8),
}

/// A token and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Counted from 1.
    pub(crate) line: u32,
    /// Of a delimiter: the index of the other one.
    pub(crate) pair: u32,
}

/// Why a text can't be divided into tokens.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) line: u32,
    pub(crate) what: &'static str,
}

/// A comment of documentation, which is an attribute to macros: the token that it stands before, and where its text is.
pub(crate) type Doc = (usize, usize, usize);

/// Divides a text into tokens. Comments of documentation are given apart.
pub(crate) fn lex(text: &str, names: &mut Names) -> Result<(Vec<Token>, Vec<Doc>), Malformed> {
    let mut lexer = Lexer {
        text,
        bytes: text.as_bytes(),
        at: 0,
        line: 1,
        tokens: Vec::new(),
        docs: Vec::new(),
        open: Vec::new(),
    };
    lexer.skip_shebang();
    while lexer.at < lexer.bytes.len() {
        lexer.next(names)?;
    }
    if lexer.open.is_empty() {
        Ok((lexer.tokens, lexer.docs))
    } else {
        Err(lexer.malformed("a delimiter is not closed"))
    }
}

/// Whether a character beyond ASCII is white space of the language: what else there is outside of texts is in a name.
fn is_space(letter: char) -> bool {
    matches!(letter, '\u{85}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// Whether a character changes the letter before it, with which the compiler makes one of both.
fn is_composed(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

struct Lexer<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    line: u32,
    tokens: Vec<Token>,
    docs: Vec<Doc>,
    open: Vec<usize>,
}

impl Lexer<'_> {
    fn malformed(&self, what: &'static str) -> Malformed {
        Malformed { line: self.line, what }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn skip_shebang(&mut self) {
        if self.text.starts_with('\u{feff}') {
            self.at = '\u{feff}'.len_utf8();
        }
        if self.peek(0) == b'#'
            && self.peek(1) == b'!'
            && self.text[self.at + 2..].trim_start().as_bytes().first() != Some(&b'[')
        {
            self.skip_line();
        }
    }

    fn skip_line(&mut self) {
        while self.at < self.bytes.len() && self.bytes[self.at] != b'\n' {
            self.at += 1;
        }
    }

    fn push(&mut self, kind: Kind, start: usize, line: u32) {
        self.tokens.push(Token { kind, start: start as u32, end: self.at as u32, line, pair: 0 });
    }

    fn next(&mut self, names: &mut Names) -> Result<(), Malformed> {
        let (start, line) = (self.at, self.line);
        let byte = self.bytes[start];
        match byte {
            b'\n' => {
                self.line += 1;
                self.at += 1;
            }
            b' ' | b'\t' | b'\r' | 0x0b | 0x0c => self.at += 1,
            b'/' if self.peek(1) == b'/' => {
                self.skip_line();
                self.doc(start);
            }
            b'/' if self.peek(1) == b'*' => {
                self.block_comment()?;
                self.doc(start);
            }
            b'(' | b'[' | b'{' => {
                self.at += 1;
                self.open.push(self.tokens.len());
                self.push(Kind::Open(byte), start, line);
            }
            b')' | b']' | b'}' => {
                self.at += 1;
                let expected = match byte {
                    b')' => b'(',
                    b']' => b'[',
                    _ => b'{',
                };
                let open = self.open.pop().filter(|open| self.tokens[*open].kind == Kind::Open(expected));
                let Some(open) = open else {
                    return Err(self.malformed("a closing delimiter is not the expected one"));
                };
                let close = self.tokens.len();
                self.push(Kind::Close(byte), start, line);
                self.tokens[open].pair = close as u32;
                self.tokens[close].pair = open as u32;
            }
            b'"' => self.text_literal(start)?,
            b'\'' => self.quote(start)?,
            b'0'..=b'9' => self.number(start),
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => self.word(start, names)?,
            _ if byte.is_ascii() => {
                self.at += 1;
                self.push(Kind::Punct(byte), start, line);
            }
            _ => {
                let letter = self.text[start..].chars().next().unwrap_or(' ');
                if is_space(letter) {
                    self.at += letter.len_utf8();
                } else {
                    self.word(start, names)?;
                }
            }
        }
        Ok(())
    }

    /// Notes the comment that begins at `start` if it is one of documentation.
    fn doc(&mut self, start: usize) {
        let comment = &self.text[start..self.at];
        let is_doc = comment.starts_with("//!")
            || comment.starts_with("/*!")
            || (comment.starts_with("///") && !comment.starts_with("////"))
            || (comment.starts_with("/**") && !comment.starts_with("/***") && comment.len() > 4);
        if is_doc {
            self.docs.push((self.tokens.len(), start, self.at));
        }
    }

    fn block_comment(&mut self) -> Result<(), Malformed> {
        let mut depth = 0usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return Ok(());
                    }
                }
                _ if self.at >= self.bytes.len() => return Err(self.malformed("a comment is not closed")),
                (byte, _) => {
                    self.line += u32::from(byte == b'\n');
                    self.at += 1;
                }
            }
        }
    }

    /// Moves behind letters, digits and underscores.
    fn skip_word(&mut self) {
        while self.at < self.bytes.len() {
            let byte = self.bytes[self.at];
            if byte == b'_' || byte.is_ascii_alphanumeric() {
                self.at += 1;
            } else if byte.is_ascii() {
                break;
            } else {
                match self.text[self.at..].chars().next() {
                    Some(letter) if !is_space(letter) => self.at += letter.len_utf8(),
                    _ => break,
                }
            }
        }
    }

    fn word(&mut self, start: usize, names: &mut Names) -> Result<(), Malformed> {
        self.skip_word();
        let line = self.line;
        let word = &self.text[start..self.at];
        if word.contains(is_composed) {
            return Err(self.malformed("a name has a combining mark, and may be written in two ways"));
        }
        match (word, self.peek(0)) {
            ("b" | "c", b'"') => return self.text_literal(start),
            ("b", b'\'') => return self.quote(start),
            ("r" | "br" | "cr", b'"') => return self.raw_text(start),
            ("r" | "br" | "cr", b'#') => {
                let mut ahead = 0;
                while self.peek(ahead) == b'#' {
                    ahead += 1;
                }
                if self.peek(ahead) == b'"' {
                    return self.raw_text(start);
                }
                if word == "r" && ahead == 1 {
                    self.at += 1;
                    let inner = self.at;
                    self.skip_word();
                    let name = names.of(&self.text[inner..self.at]);
                    self.push(Kind::Word(name), start, line);
                    return Ok(());
                }
            }
            _ => {}
        }
        let name = names.of(word);
        self.push(Kind::Word(name), start, line);
        Ok(())
    }

    fn text_literal(&mut self, start: usize) -> Result<(), Malformed> {
        let line = self.line;
        self.at += 1;
        loop {
            match self.peek(0) {
                b'"' => break,
                b'\\' => {
                    self.line += u32::from(self.peek(1) == b'\n');
                    self.at += 2;
                }
                byte => {
                    self.line += u32::from(byte == b'\n');
                    self.at += 1;
                }
            }
            if self.at >= self.bytes.len() {
                return Err(self.malformed("a string is not closed"));
            }
        }
        self.at += 1;
        // A suffix, which literals of macros may have.
        self.skip_word();
        self.push(Kind::Text, start, line);
        Ok(())
    }

    fn raw_text(&mut self, start: usize) -> Result<(), Malformed> {
        let line = self.line;
        let mut hashes = 0;
        while self.peek(0) == b'#' {
            hashes += 1;
            self.at += 1;
        }
        self.at += 1;
        loop {
            if self.at >= self.bytes.len() {
                return Err(self.malformed("a string is not closed"));
            }
            let byte = self.bytes[self.at];
            self.at += 1;
            if byte == b'\n' {
                self.line += 1;
            } else if byte == b'"' && (0..hashes).all(|ahead| self.peek(ahead) == b'#') {
                self.at += hashes;
                break;
            }
        }
        self.push(Kind::Text, start, line);
        Ok(())
    }

    /// A character, a byte or a lifetime.
    fn quote(&mut self, start: usize) -> Result<(), Malformed> {
        let line = self.line;
        self.at += 1;
        if self.peek(0) == b'\\' {
            self.at += 2;
            while self.peek(0) != b'\'' {
                if self.at >= self.bytes.len() {
                    return Err(self.malformed("a character is not closed"));
                }
                self.at += 1;
            }
            self.at += 1;
            self.push(Kind::Literal, start, line);
            return Ok(());
        }
        let Some(letter) = self.text[self.at..].chars().next() else {
            return Err(self.malformed("a character is not closed"));
        };
        if self.peek(letter.len_utf8()) == b'\'' {
            self.line += u32::from(letter == '\n');
            self.at += letter.len_utf8() + 1;
            self.push(Kind::Literal, start, line);
        } else {
            self.skip_word();
            self.push(Kind::Lifetime, start, line);
        }
        Ok(())
    }

    fn number(&mut self, start: usize) {
        let line = self.line;
        self.skip_word();
        let after = |lexer: &Self| {
            lexer.text[lexer.at + 1..]
                .chars()
                .next()
                .is_some_and(|c| c == '.' || c == '_' || c.is_alphabetic())
        };
        if self.peek(0) == b'.' && !after(self) {
            self.at += 1;
            self.skip_word();
        }
        // Not that of a suffix: `8usize-K` are three tokens.
        let has_exponent = self.bytes[start..self.at].split_last().is_some_and(|(last, digits)| {
            matches!(last, b'e' | b'E')
                && digits.iter().all(|digit| digit.is_ascii_digit() || matches!(digit, b'.' | b'_'))
        });
        if has_exponent && matches!(self.peek(0), b'+' | b'-') {
            self.at += 1;
            self.skip_word();
        }
        self.push(Kind::Literal, start, line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        let (tokens, _) = lex(text, &mut Names::default()).expect(text);
        tokens.iter().map(|token| &text[token.start as usize..token.end as usize]).collect()
    }

    #[test]
    fn every_sort_of_token_is_one() {
        assert_eq!(words("r#type 'a 'b' b'\\'' '\\u{e9}'"), ["r#type", "'a", "'b'", "b'\\''", "'\\u{e9}'"]);
        assert_eq!(
            words(r##""a\"b" r#"c"d"# br"e" c"f""##),
            [r#""a\"b""#, r##"r#"c"d"#"##, r#"br"e""#, r#"c"f""#]
        );
        assert_eq!(
            words("1.0 1..2 1.max(2) 1e-5 0x1e-5 2. 1_f64 1_0.5E+3 8usize-K"),
            [
                "1.0", "1", ".", ".", "2", "1", ".", "max", "(", "2", ")", "1e-5", "0x1e", "-", "5", "2.",
                "1_f64", "1_0.5E+3", "8usize", "-", "K"
            ]
        );
        assert_eq!(words("a /* b /* c */ d */ e // f\ng"), ["a", "e", "g"]);
        assert_eq!(words("x.0.1"), ["x", ".", "0.1"]);
        assert_eq!(words("#!/usr/bin/env run\nlänge"), ["länge"]);
    }

    #[test]
    fn comments_of_documentation_are_known_with_the_token_behind_them() {
        let text = "a // b\n/// c\nd //// e\n/* f */ /** g */ /**/ /*! h */ i";
        let (_, docs) = lex(text, &mut Names::default()).expect(text);
        let docs: Vec<_> = docs.into_iter().map(|(at, start, end)| (at, &text[start..end])).collect();
        assert_eq!(docs, [(1, "/// c"), (2, "/** g */"), (2, "/*! h */")]);
    }

    #[test]
    fn a_delimiter_knows_its_other_side_and_a_missing_one_is_an_error() {
        let (tokens, _) = lex("f(a[0]) {}", &mut Names::default()).unwrap();
        assert_eq!((tokens[1].pair, tokens[6].pair), (6, 1));
        assert!(lex("f(a]", &mut Names::default()).is_err());
        assert!(lex("f(a", &mut Names::default()).is_err());
        assert!(lex("\"a", &mut Names::default()).is_err());
        assert!(lex("/* a", &mut Names::default()).is_err());
    }
}
