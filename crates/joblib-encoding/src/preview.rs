//! A value as a short text for messages.
//!
//! Most messages that would show a value are never written. So its beginning is recorded, which takes nanoseconds and no
//! memory once there is some, and becomes text only when it is asked for. What is recorded is not the encoding: that has no
//! names of structs.

use std::fmt::{self, Write as _};

use joblib_array::{DType, structs, transfer, tuples};
use serde::ser::{self, Serialize};

/// Elements of a sequence, or fields of a struct, that are recorded.
const MAX_ITEMS: usize = 6;
/// Tokens that are recorded in all.
const MAX_TOKENS: usize = 48;
/// Values within values that leave no token, such as newtype structs: each takes stack.
const MAX_WRAPPED: usize = 48;
/// Bytes of texts that are recorded in all.
const MAX_TEXT: usize = 256;

/// The beginning of a value, or of a call's arguments, for a short text. A large value is not walked to its end.
///
/// ```
/// use joblib_encoding::Preview;
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Point {
///     x: f64,
///     y: f64,
/// }
///
/// assert_eq!(Preview::of(&Point { x: 0.5, y: 2.0 }).text(80), "Point { x: 0.5, y: 2.0 }");
/// assert_eq!(Preview::of(&vec![7; 1000]).text(80), "[7, 7, 7, 7, 7, 7, …; 1000]");
/// ```
#[derive(Debug, Default, Clone)]
pub struct Preview {
    tokens: Vec<Token>,
    /// The texts of the tokens, one after another.
    text: String,
    /// The shapes of arrays, one after another.
    shapes: Vec<usize>,
    /// How many values that leave no token are open.
    wrapped: usize,
    /// Whether the value goes on after the tokens.
    is_cut: bool,
}

#[derive(Debug, Clone, Copy)]
enum Token {
    /// A name that stands for itself: of a variant, a unit struct, or nothing.
    Name(&'static str),
    Unsigned(u64),
    Signed(i64),
    F32(f32),
    F64(f64),
    Char(char),
    /// Bytes of `Preview::text` up to here, after those of the tokens before; whether the text goes on.
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
    /// Dimensions of `Preview::shapes` up to here, after those of the tokens before.
    Array {
        dtype: DType,
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
enum Form {
    Sequence,
    Tuple,
    Map,
    Struct,
}

impl Preview {
    /// A preview of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A preview of `value`.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Self {
        let mut preview = Self::new();
        preview.record(value);
        preview
    }

    /// Records the beginning of `value` instead of what was recorded. The memory is used again.
    pub fn record<T: Serialize + ?Sized>(&mut self, value: &T) {
        self.clear();
        // The one error says that there is enough, or that the value refuses.
        self.is_cut = value.serialize(&mut *self).is_err();
    }

    /// Forgets what was recorded.
    pub fn clear(&mut self) {
        self.tokens.clear();
        self.text.clear();
        self.shapes.clear();
        self.wrapped = 0;
        self.is_cut = false;
    }

    /// The value as text, of `max_chars` characters at most, beside the `…` that says that there is more.
    pub fn text(&self, max_chars: usize) -> String {
        let text = Writer::write(self, &self.tokens, Some(1));
        cut(text, max_chars)
    }

    /// A tuple's elements as text, as the arguments of a call are written: without the parentheses.
    ///
    /// ```
    /// use joblib_encoding::Preview;
    ///
    /// assert_eq!(Preview::of(&("ridge", 0.5)).arguments(80), "\"ridge\", 0.5");
    /// assert_eq!(Preview::of(&()).arguments(80), "");
    /// ```
    pub fn arguments(&self, max_chars: usize) -> String {
        let text = match self.tokens.split_first() {
            Some((Token::Begin(Form::Tuple, "", len), elements)) => {
                let elements = if self.is_cut { elements } else { &elements[..elements.len() - 1] };
                Writer::write(self, elements, *len)
            }
            Some((Token::Name("()"), [])) => String::new(),
            _ => Writer::write(self, &self.tokens, Some(1)),
        };
        cut(text, max_chars)
    }

    fn push(&mut self, token: Token) -> Result<(), Enough> {
        if self.tokens.len() == MAX_TOKENS {
            return Err(Enough);
        }
        self.tokens.push(token);
        Ok(())
    }

    /// A value that leaves no token besides what is in it.
    fn wrapper<T: Serialize + ?Sized>(&mut self, inner: &T) -> Result<(), Enough> {
        if self.wrapped == MAX_WRAPPED {
            return Err(Enough);
        }
        self.wrapped += 1;
        inner.serialize(&mut *self)?;
        self.wrapped -= 1;
        Ok(())
    }

    fn push_text(&mut self, text: &str) -> Result<(), Enough> {
        let mut len = text.len().min(MAX_TEXT - self.text.len());
        while !text.is_char_boundary(len) {
            len -= 1;
        }
        self.text.push_str(&text[..len]);
        let is_cut = len < text.len();
        self.push(Token::Text { end: self.text.len(), is_cut })?;
        if is_cut { Err(Enough) } else { Ok(()) }
    }

    fn push_word(&mut self, word: impl fmt::Display) -> Result<(), Enough> {
        let len = self.text.len();
        // Writing to a `String` does not fail.
        let _ = write!(self.text, "{word}");
        if self.text.len() > MAX_TEXT {
            self.text.truncate(len);
            return Err(Enough);
        }
        self.push(Token::Word { end: self.text.len() })
    }

    fn push_array(&mut self, dtype: DType, shape: &[usize]) -> Result<(), Enough> {
        self.shapes.extend_from_slice(shape);
        self.push(Token::Array { dtype, end: self.shapes.len() })
    }

    fn begin(&mut self, form: Form, name: &'static str, len: Option<usize>) -> Result<Items<'_>, Enough> {
        self.push(Token::Begin(form, name, len))?;
        Ok(Items { preview: self, len, given: 0 })
    }
}

fn cut(mut text: String, max_chars: usize) -> String {
    // A text of few bytes has few characters.
    if text.len() > max_chars
        && let Some((end, _)) = text.char_indices().nth(max_chars)
    {
        text.truncate(end);
        if !text.ends_with('…') {
            text.push('…');
        }
    }
    text
}

/// Writes tokens as text.
struct Writer<'a> {
    preview: &'a Preview,
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
    fn write(preview: &'a Preview, tokens: &[Token], len: Option<usize>) -> String {
        let mut writer = Self {
            preview,
            out: String::with_capacity(32),
            open: vec![Open { form: None, len, written: 0 }],
            is_joined: false,
            text: 0,
            shapes: 0,
        };
        for token in tokens {
            writer.token(*token);
        }
        if preview.is_cut {
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
                let text = &self.preview.text[std::mem::replace(&mut self.text, end)..end];
                write!(self.out, "{text:?}{}", if is_cut { "…" } else { "" })
            }
            Token::Word { end } => {
                let word = &self.preview.text[std::mem::replace(&mut self.text, end)..end];
                write!(self.out, "{word}")
            }
            Token::Bytes { len } => write!(self.out, "{len} bytes"),
            Token::Array { dtype, end } => {
                let shape = &self.preview.shapes[std::mem::replace(&mut self.shapes, end)..end];
                write!(self.out, "{}{shape:?}", dtype.name())
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

/// There is enough to show, or the value refused.
#[derive(Debug)]
pub struct Enough;

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

/// What holds other values.
pub struct Items<'a> {
    preview: &'a mut Preview,
    len: Option<usize>,
    given: usize,
}

impl Items<'_> {
    /// Whether the next element is recorded. The rest of a container of known length is not even walked.
    fn next(&mut self) -> Result<bool, Enough> {
        self.given += 1;
        if self.given <= MAX_ITEMS {
            return Ok(true);
        }
        if self.given == MAX_ITEMS + 1 {
            self.preview.push(Token::More(self.len))?;
            if self.len.is_some() {
                return Err(Enough);
            }
        }
        Ok(false)
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Enough> {
        if self.next()? { value.serialize(&mut *self.preview) } else { Ok(()) }
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Enough> {
        if !self.next()? {
            return Ok(());
        }
        self.preview.push(Token::Field(name))?;
        value.serialize(&mut *self.preview)
    }

    fn finish(self) -> Result<(), Enough> {
        self.preview.push(Token::End)
    }
}

tuples!(Items<'_> => (), Enough);
structs!(Items<'_> => (), Enough);

impl ser::SerializeSeq for Items<'_> {
    type Ok = ();
    type Error = Enough;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Enough> {
        self.element(value)
    }

    fn end(self) -> Result<(), Enough> {
        self.finish()
    }
}

impl ser::SerializeMap for Items<'_> {
    type Ok = ();
    type Error = Enough;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Enough> {
        self.element(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Enough> {
        if self.given > MAX_ITEMS {
            return Ok(());
        }
        self.preview.push(Token::Value)?;
        value.serialize(&mut *self.preview)
    }

    fn end(self) -> Result<(), Enough> {
        self.finish()
    }
}

macro_rules! numbers {
    ($($method:ident: $type:ty => $token:ident,)*) => {$(
        fn $method(self, value: $type) -> Result<(), Enough> {
            self.push(Token::$token(value.into()))
        }
    )*};
}

impl<'a> ser::Serializer for &'a mut Preview {
    type Ok = ();
    type Error = Enough;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Items<'a>;
    type SerializeMap = Items<'a>;
    type SerializeStruct = Items<'a>;
    type SerializeStructVariant = Items<'a>;

    numbers! {
        serialize_i8: i8 => Signed, serialize_i16: i16 => Signed, serialize_i32: i32 => Signed,
        serialize_i64: i64 => Signed, serialize_u8: u8 => Unsigned, serialize_u16: u16 => Unsigned,
        serialize_u32: u32 => Unsigned, serialize_u64: u64 => Unsigned, serialize_f32: f32 => F32,
        serialize_f64: f64 => F64, serialize_char: char => Char,
    }

    fn serialize_bool(self, value: bool) -> Result<(), Enough> {
        self.push(Token::Name(if value { "true" } else { "false" }))
    }

    fn serialize_i128(self, value: i128) -> Result<(), Enough> {
        self.push_word(value)
    }

    fn serialize_u128(self, value: u128) -> Result<(), Enough> {
        self.push_word(value)
    }

    fn serialize_str(self, value: &str) -> Result<(), Enough> {
        self.push_text(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Enough> {
        self.push(Token::Bytes { len: value.len() })
    }

    fn serialize_none(self) -> Result<(), Enough> {
        self.push(Token::Name("None"))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Enough> {
        self.wrapper(value)
    }

    fn serialize_unit(self) -> Result<(), Enough> {
        self.push(Token::Name("()"))
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), Enough> {
        self.push(Token::Name(name))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Enough> {
        self.push(Token::Name(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Enough> {
        if name == transfer::NAME
            && let Some(recorded) =
                transfer::capture(value, |array| self.push_array(array.dtype, array.shape))
        {
            return recorded;
        }
        self.wrapper(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Enough> {
        let mut items = self.begin(Form::Tuple, variant, Some(1))?;
        items.element(value)?;
        items.finish()
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Items<'a>, Enough> {
        self.begin(Form::Sequence, "", len)
    }

    fn serialize_tuple(self, len: usize) -> Result<Items<'a>, Enough> {
        self.begin(Form::Tuple, "", Some(len))
    }

    fn serialize_tuple_struct(self, name: &'static str, len: usize) -> Result<Items<'a>, Enough> {
        self.begin(Form::Tuple, name, Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Items<'a>, Enough> {
        self.begin(Form::Tuple, variant, Some(len))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Items<'a>, Enough> {
        self.begin(Form::Map, "", len)
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Items<'a>, Enough> {
        self.begin(Form::Struct, name, Some(len))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Items<'a>, Enough> {
        self.begin(Form::Struct, variant, Some(len))
    }
}
