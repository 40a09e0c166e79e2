//! Tokens as text: one space between any two, operators whole.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// Operators of more than one character. In source text two neighbouring ones may touch (`=>-`) or not (`=> -`); the
/// compiler reads them by the longest match, and so does this.
const OPERATORS: [&str; 25] = [
    "<<=", ">>=", "...", "..=", "::", "->", "=>", "==", "!=", "<=", ">=", "&&", "||", "+=", "-=", "*=", "/=",
    "%=", "^=", "&=", "|=", "<<", ">>", "..", "<-",
];

/// The text of tokens, the same however they were laid out.
pub(crate) fn normal_text(tokens: &TokenStream) -> String {
    let mut text = Text::default();
    text.tokens(tokens);
    text.end_operators();
    text.done
}

#[derive(Default)]
struct Text {
    done: String,
    /// Characters of punctuation that touch, and have still to be told apart.
    touching: String,
}

impl Text {
    fn tokens(&mut self, tokens: &TokenStream) {
        for token in tokens.clone() {
            match token {
                TokenTree::Punct(punct) => {
                    self.touching.push(punct.as_char());
                    if punct.spacing() == Spacing::Alone || punct.as_char() == '\'' {
                        self.end_operators();
                    }
                }
                TokenTree::Group(group) => {
                    let (open, close) = match group.delimiter() {
                        Delimiter::Parenthesis => ("(", ")"),
                        Delimiter::Brace => ("{", "}"),
                        Delimiter::Bracket => ("[", "]"),
                        // What a macro's variable stands for is one operand, whatever is in it.
                        Delimiter::None => ("\u{ab}", "\u{bb}"),
                    };
                    self.word(open);
                    self.tokens(&group.stream());
                    self.word(close);
                }
                TokenTree::Ident(ident) => self.word(&ident.to_string()),
                TokenTree::Literal(literal) => self.word(&literal.to_string()),
            }
        }
    }

    fn end_operators(&mut self) {
        let touching = std::mem::take(&mut self.touching);
        let mut rest = touching.as_str();
        while let Some(first) = rest.chars().next() {
            let operator = OPERATORS.iter().find(|operator| rest.starts_with(**operator));
            let length = operator.map_or(first.len_utf8(), |operator| operator.len());
            self.put(&rest[..length]);
            rest = &rest[length..];
        }
    }

    fn word(&mut self, word: &str) {
        self.end_operators();
        self.put(word);
    }

    fn put(&mut self, word: &str) {
        if !self.done.is_empty() {
            self.done.push(' ');
        }
        self.done.push_str(word);
    }
}
