//! Tokens as text.

use std::fmt::Write as _;

use super::tokens::{Form, Recording, Token};

/// Writes tokens as text.
pub(super) struct Writer<'a> {
    recording: &'a Recording,
    out: String,
    /// The open containers; the first stands around everything.
    open: Vec<Open>,
    /// Whether the next value belongs to what was written last, so that no comma stands before it.
    is_joined: bool,
    text: usize,
    shapes: usize,
}

#[derive(Clone, Copy)]
struct Open {
    form: Option<Form>,
    /// The number of elements, if it is known.
    len: Option<usize>,
    written: usize,
}

impl<'a> Writer<'a> {
    /// Writes `tokens`, which are `len` values.
    pub(super) fn write(recording: &'a Recording, tokens: &[Token], len: Option<usize>) -> String {
        let mut writer = Self {
            recording,
            out: String::with_capacity(32),
            open: vec![Open { form: None, len, written: 0 }],
            is_joined: false,
            text: 0,
            shapes: 0,
        };
        for token in tokens {
            writer.token(*token);
        }
        if recording.is_cut {
            writer.rest(tokens.last());
        }
        writer.out
    }

    /// What stands for the rest of a value that is not recorded to its end.
    fn rest(&mut self, last: Option<&Token>) {
        let mut is_said = matches!(last, Some(Token::More(_) | Token::Text { is_cut: true, .. }));
        if self.is_joined {
            self.out.push('…');
            (self.is_joined, is_said) = (false, true);
        }
        while let Some(open) = self.open.last() {
            if !is_said && open.len.is_none_or(|len| open.written < len) {
                self.separate();
                self.out.push('…');
            }
            is_said = false;
            self.end();
        }
    }

    fn separate(&mut self) {
        if std::mem::take(&mut self.is_joined) {
            return;
        }
        if let Some(open) = self.open.last_mut() {
            match (open.written, open.form) {
                (0, Some(Form::Struct)) => self.out.push(' '),
                (0, _) => {}
                _ => self.out.push_str(", "),
            }
            open.written += 1;
        }
    }

    fn end(&mut self) {
        let Some(Open { form: Some(form), written, .. }) = self.open.pop() else { return };
        self.out.push_str(match (form, written) {
            (Form::Sequence, _) => "]",
            (Form::Tuple, _) => ")",
            (Form::Map, _) | (Form::Struct, 0) => "}",
            (Form::Struct, _) => " }",
        });
    }

    fn token(&mut self, token: Token) {
        match token {
            Token::End => return self.end(),
            Token::Value => {
                self.out.push_str(": ");
                self.is_joined = true;
                return;
            }
            _ => self.separate(),
        }
        // Writing to a `String` does not fail.
        let _ = match token {
            Token::Name(name) => write!(self.out, "{name}"),
            Token::Unsigned(value) => write!(self.out, "{value}"),
            Token::Signed(value) => write!(self.out, "{value}"),
            Token::F32(value) => write!(self.out, "{value:?}"),
            Token::F64(value) => write!(self.out, "{value:?}"),
            Token::Char(value) => write!(self.out, "{value:?}"),
            Token::Text { end, is_cut } => {
                let text = &self.recording.text[std::mem::replace(&mut self.text, end)..end];
                write!(self.out, "{text:?}{}", if is_cut { "…" } else { "" })
            }
            Token::Word { end } => {
                let word = &self.recording.text[std::mem::replace(&mut self.text, end)..end];
                write!(self.out, "{word}")
            }
            Token::Bytes { len } => write!(self.out, "{len} bytes"),
            Token::Array { dtype, end } => {
                let shape = &self.recording.shapes[std::mem::replace(&mut self.shapes, end)..end];
                write!(self.out, "{}{shape:?}", dtype.name())
            }
            Token::Stored { name, end } => {
                let shape = &self.recording.shapes[std::mem::replace(&mut self.shapes, end)..end];
                write!(self.out, "{name}{shape:?}")
            }
            Token::Begin(form, name, len) => {
                self.open.push(Open { form: Some(form), len, written: 0 });
                let opening = match form {
                    Form::Sequence => "[",
                    Form::Tuple => "(",
                    Form::Map => "{",
                    Form::Struct => " {",
                };
                write!(self.out, "{name}{opening}")
            }
            Token::Field(name) => {
                self.is_joined = true;
                write!(self.out, "{name}: ")
            }
            Token::More(Some(len)) => write!(self.out, "…; {len}"),
            Token::More(None) => write!(self.out, "…"),
            Token::End | Token::Value => Ok(()),
        };
    }
}
