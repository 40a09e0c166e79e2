//! A function's source as its author laid it out: kept beside its results, for display.

use proc_macro2::{LineColumn, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Block, Signature};

/// The signature and the body. Comments in the body are there.
pub(crate) fn of_function(sig: &Signature, block: &Block) -> String {
    let body = block.brace_token.span.join().source_text();
    let body = body.unwrap_or_else(|| block.to_token_stream().to_string());
    format!("{} {body}", of_tokens(&sig.to_token_stream()))
}

/// Tokens laid out as they were, as far as the compiler tells; without the comments between them.
fn of_tokens(tokens: &TokenStream) -> String {
    let mut layout = Layout { text: String::new(), end: None };
    layout.tokens(tokens);
    layout.text
}

struct Layout {
    text: String,
    /// Where the last token ended.
    end: Option<(usize, usize)>,
}

impl Layout {
    fn tokens(&mut self, tokens: &TokenStream) {
        for token in tokens.clone() {
            match token {
                TokenTree::Group(group) => {
                    let (open, close) = match group.delimiter() {
                        proc_macro2::Delimiter::Parenthesis => ("(", ")"),
                        proc_macro2::Delimiter::Brace => ("{", "}"),
                        proc_macro2::Delimiter::Bracket => ("[", "]"),
                        proc_macro2::Delimiter::None => ("", ""),
                    };
                    // What printed the group may have given both delimiters the span of the whole.
                    let (start, end) = (group.span_open().start(), group.span_close().end());
                    let after = LineColumn { column: start.column + 1, ..start };
                    let before = LineColumn { column: end.column.saturating_sub(1), ..end };
                    self.put(open, start, after);
                    self.tokens(&group.stream());
                    self.put(close, before, end);
                }
                other => self.put(&other.to_string(), other.span().start(), other.span().end()),
            }
        }
    }

    fn put(&mut self, word: &str, start: LineColumn, end: LineColumn) {
        if word.is_empty() {
            return;
        }
        match self.end {
            Some((line, column)) if line == start.line && column == start.column => {}
            Some((line, _)) if start.line > line => {
                self.text.push('\n');
                self.text.push_str(&" ".repeat(start.column.min(80)));
            }
            Some(_) => self.text.push(' '),
            None => {}
        }
        self.text.push_str(word);
        self.end = Some((end.line, end.column));
    }
}
