//! A value as a short text for messages.
//!
//! Most messages that would show a value are never written. So its beginning is recorded, which takes nanoseconds and no
//! memory once there is some, and becomes text only when it is asked for. What is recorded is not the encoding: that has no
//! names of structs.

mod serializer;
mod tokens;
mod writer;

use serde::ser::Serialize;

use tokens::{Form, Recording, Token};
use writer::Writer;

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
pub struct Preview(Recording);

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
        self.0.is_cut = self.0.value(value).is_err();
    }

    /// Forgets what was recorded.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The value as text, of `max_chars` characters at most, beside the `…` that says that there is more.
    pub fn text(&self, max_chars: usize) -> String {
        let text = Writer::write(&self.0, &self.0.tokens, Some(1));
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
        let text = match self.0.tokens.split_first() {
            Some((Token::Begin(Form::Tuple, "", len), elements)) => {
                let elements = if self.0.is_cut { elements } else { &elements[..elements.len() - 1] };
                Writer::write(&self.0, elements, *len)
            }
            Some((Token::Name("()"), [])) => String::new(),
            _ => Writer::write(&self.0, &self.0.tokens, Some(1)),
        };
        cut(text, max_chars)
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
