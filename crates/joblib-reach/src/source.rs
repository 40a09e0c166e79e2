//! A text with its tokens.

use crate::lexer::{Doc, Kind, Malformed, Name, Names, Token, lex};

/// The text of a file or of a function, divided into tokens.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) text: String,
    pub(crate) tokens: Vec<Token>,
    docs: Vec<Doc>,
}

impl Source {
    pub(crate) fn new(text: String, names: &mut Names) -> Result<Self, Malformed> {
        let (tokens, docs) = lex(&text, names)?;
        Ok(Self { text, tokens, docs })
    }

    /// What the token is; behind the last one, a closing delimiter that there is not.
    pub(crate) fn kind(&self, at: usize) -> Kind {
        self.tokens.get(at).map_or(Kind::Close(0), |token| token.kind)
    }

    /// The token as it is written.
    pub(crate) fn text_of(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &self.text[token.start as usize..token.end as usize])
    }

    /// The comments of documentation right before a token.
    pub(crate) fn docs(&self, at: usize) -> impl Iterator<Item = &str> {
        let first = self.docs.partition_point(|(before, ..)| *before < at);
        let here = self.docs[first..].iter().take_while(move |(before, ..)| *before == at);
        here.map(|(_, start, end)| &self.text[*start..*end])
    }

    pub(crate) fn word(&self, at: usize) -> Option<Name> {
        match self.kind(at) {
            Kind::Word(name) => Some(name),
            _ => None,
        }
    }

    pub(crate) fn is_punct(&self, at: usize, punct: u8) -> bool {
        self.kind(at) == Kind::Punct(punct)
    }

    pub(crate) fn is_open(&self, at: usize, delimiter: u8) -> bool {
        self.kind(at) == Kind::Open(delimiter)
    }

    /// Whether two characters of punctuation stand here side by side.
    pub(crate) fn is_pair(&self, at: usize, first: u8, second: u8) -> bool {
        self.is_punct(at, first) && self.is_punct(at + 1, second) && self.touches(at)
    }

    /// Whether nothing stands between this token and the next.
    pub(crate) fn touches(&self, at: usize) -> bool {
        match (self.tokens.get(at), self.tokens.get(at + 1)) {
            (Some(left), Some(right)) => left.end == right.start,
            _ => false,
        }
    }

    /// The index of the other delimiter of a pair.
    pub(crate) fn pair(&self, at: usize) -> usize {
        self.tokens.get(at).map_or(at, |token| token.pair as usize)
    }

    /// The index behind the token, or behind the group that it opens.
    pub(crate) fn after(&self, at: usize) -> usize {
        if matches!(self.kind(at), Kind::Open(_)) { self.pair(at) + 1 } else { at + 1 }
    }

    pub(crate) fn line(&self, at: usize) -> u32 {
        self.tokens.get(at).map_or(0, |token| token.line)
    }

    /// What a string literal holds, its escapes as they are written; `None` for other tokens.
    pub(crate) fn content(&self, at: usize) -> Option<&str> {
        if self.kind(at) != Kind::Text {
            return None;
        }
        let text = self.text_of(at);
        let (start, end) = (text.find('"')? + 1, text.rfind('"')?);
        text.get(start..end)
    }

    /// Whether the tokens hold this name.
    pub(crate) fn mentions(&self, from: usize, to: usize, name: Name) -> bool {
        self.tokens[from..to].iter().any(|token| token.kind == Kind::Word(name))
    }
}
