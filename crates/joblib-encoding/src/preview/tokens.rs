//! What is recorded of a value.

use std::fmt::{self, Write as _};

use joblib_array::DType;
use joblib_array::transfer::Captured;
use serde::ser;

/// Tokens that are recorded in all.
const MAX_TOKENS: usize = 48;
/// Bytes of texts that are recorded in all.
const MAX_TEXT: usize = 256;

/// The beginning of a value, as tokens.
#[derive(Debug, Default, Clone)]
pub(super) struct Recording {
    pub(super) tokens: Vec<Token>,
    /// The texts of the tokens, one after another.
    pub(super) text: String,
    /// The shapes of arrays, one after another.
    pub(super) shapes: Vec<usize>,
    /// How many values that leave no token are open.
    pub(super) wrapped: usize,
    /// Whether the value goes on after the tokens.
    pub(super) is_cut: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Token {
    /// A name that stands for itself: of a variant, a unit struct, or nothing.
    Name(&'static str),
    Unsigned(u64),
    Signed(i64),
    F32(f32),
    F64(f64),
    Char(char),
    /// Bytes of `Recording::text` up to here, after those of the tokens before; whether the text goes on.
    Text {
        end: usize,
        is_cut: bool,
    },
    /// As `Text`, shown without quotes.
    Word {
        end: usize,
    },
    Bytes {
        len: usize,
    },
    /// Dimensions of `Recording::shapes` up to here, after those of the tokens before.
    Array {
        dtype: DType,
        end: usize,
    },
    /// The same for a value of this type that is stored as an array.
    Stored {
        name: &'static str,
        end: usize,
    },
    /// A container, with its name and its length.
    Begin(Form, &'static str, Option<usize>),
    End,
    /// Before a field: its name.
    Field(&'static str),
    /// Between a map's key and its value.
    Value,
    /// Elements are left out; how many there are in all, if it is known.
    More(Option<usize>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Sequence,
    Tuple,
    Map,
    Struct,
}

impl Recording {
    pub(super) fn clear(&mut self) {
        self.tokens.clear();
        self.text.clear();
        self.shapes.clear();
        self.wrapped = 0;
        self.is_cut = false;
    }

    pub(super) fn push(&mut self, token: Token) -> Result<(), Enough> {
        if self.tokens.len() == MAX_TOKENS {
            return Err(Enough);
        }
        self.tokens.push(token);
        Ok(())
    }

    pub(super) fn push_text(&mut self, text: &str) -> Result<(), Enough> {
        let mut len = text.len().min(MAX_TEXT - self.text.len());
        while !text.is_char_boundary(len) {
            len -= 1;
        }
        self.text.push_str(&text[..len]);
        let is_cut = len < text.len();
        self.push(Token::Text { end: self.text.len(), is_cut })?;
        if is_cut { Err(Enough) } else { Ok(()) }
    }

    pub(super) fn push_word(&mut self, word: impl fmt::Display) -> Result<(), Enough> {
        let len = self.text.len();
        // Writing to a `String` does not fail.
        let _ = write!(self.text, "{word}");
        if self.text.len() > MAX_TEXT {
            self.text.truncate(len);
            return Err(Enough);
        }
        self.push(Token::Word { end: self.text.len() })
    }

    pub(super) fn push_array(&mut self, dtype: DType, shape: &[usize]) -> Result<(), Enough> {
        self.shapes.extend_from_slice(shape);
        self.push(Token::Array { dtype, end: self.shapes.len() })
    }

    pub(super) fn push_captured(&mut self, captured: &Captured<'_>) -> Result<(), Enough> {
        match captured {
            Captured::Array(array) => self.push_array(array.dtype, array.shape),
            Captured::Content(content) => {
                self.shapes.extend_from_slice(&content.shape);
                self.push(Token::Stored { name: content.name, end: self.shapes.len() })
            }
        }
    }
}

/// There is enough to show, or the value refused.
#[derive(Debug)]
pub(super) struct Enough;

impl fmt::Display for Enough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("enough")
    }
}

impl std::error::Error for Enough {}

impl ser::Error for Enough {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}
