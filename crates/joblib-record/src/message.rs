//! Texts of errors and panics, of bounded length.

use std::error::Error;
use std::fmt::{self, Display, Write};

/// Characters of a message.
const LONGEST: usize = 10_000;
/// Characters before the last one, which is a mark.
const LAST: usize = LONGEST - 1;
/// Sources of an error: more than any has, and an end for one that is its own source.
const MOST_SOURCES: usize = 64;

/// What went wrong, as text: at most 10,000 characters, with a mark where the rest is left out.
///
/// ```
/// use joblib_record::Message;
///
/// let error = "x".parse::<i32>().unwrap_err();
/// let message = Message::of(&"the row 3").with_sources(Some(&error));
/// assert_eq!(message.into_text(), "the row 3: invalid digit found in string");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Message {
    text: String,
    characters: usize,
}

impl Message {
    /// What a value shows.
    pub fn of(shown: &dyn Display) -> Self {
        Self::default().with(format_args!("{shown}"))
    }

    /// What a value shows to programmers.
    pub fn of_debug(shown: &dyn fmt::Debug) -> Self {
        Self::default().with(format_args!("{shown:?}"))
    }

    fn with(mut self, shown: fmt::Arguments<'_>) -> Self {
        // It fails when the message is full, and when the value refuses to be shown.
        let _ = self.write_fmt(shown);
        self
    }

    /// With an error's sources behind it. One whose text is in the message already is not repeated.
    #[must_use]
    pub fn with_sources(mut self, first: Option<&(dyn Error + 'static)>) -> Self {
        let sources = std::iter::successors(first, |&error| error.source());
        for source in sources.take(MOST_SOURCES) {
            let text = Self::of(source).text;
            if !text.is_empty() && !self.text.contains(&text) {
                self = self.with(format_args!(": {text}"));
            }
        }
        self
    }

    /// The text.
    pub fn into_text(self) -> String {
        self.text
    }
}

impl Write for Message {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match self.characters {
                LONGEST => return Err(fmt::Error),
                LAST => self.text.push('…'),
                _ => self.text.push(character),
            }
            self.characters += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug)]
    struct Chained(&'static str, Option<Box<Chained>>);

    impl Display for Chained {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Chained {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|source| source as _)
        }
    }

    struct Endless;

    impl Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                f.write_str("again and again")?;
            }
        }
    }

    struct Refusing;

    impl Display for Refusing {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a part")?;
            Err(fmt::Error)
        }
    }

    #[test]
    fn sources_follow_and_none_is_told_twice() {
        let inner = Chained("no rows", None);
        let error = Chained("the table is bad: no rows", Some(Box::new(inner)));
        let outer = Chained("the study failed", Some(Box::new(error)));
        let message = Message::of(&outer).with_sources(outer.source());
        assert_eq!(message.into_text(), "the study failed: the table is bad: no rows");
        let wrapped = io::Error::other(outer);
        let message = Message::of(&wrapped).with_sources(wrapped.source());
        assert_eq!(message.into_text(), "the study failed: the table is bad: no rows");
    }

    #[test]
    fn a_message_ends_whatever_it_is_made_of() {
        let text = Message::of(&Endless).into_text();
        assert_eq!(text.chars().count(), LONGEST);
        assert!(text.ends_with('…'));
        let whole = "x".repeat(LAST);
        assert_eq!(Message::of(&whole).into_text(), whole);
        assert_eq!(Message::of(&Refusing).into_text(), "a part");
        assert_eq!(Message::of_debug(&"a\nb").into_text(), r#""a\nb""#);
    }
}
