//! Colours, on a terminal only.

use std::fmt::{self, Display};
use std::io::IsTerminal;

use crate::args::Color;

/// Whether to colour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    on: bool,
}

/// A text in a colour.
pub(crate) struct Painted<T> {
    text: T,
    code: Option<&'static str>,
}

impl Style {
    pub(crate) fn new(color: Color) -> Self {
        let on = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                std::io::stdout().is_terminal()
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        Self { on }
    }

    /// No colours.
    pub(crate) fn plain() -> Self {
        Self { on: false }
    }

    /// A type.
    pub(crate) fn kind<T: Display>(self, text: T) -> Painted<T> {
        self.paint(text, "36")
    }

    /// A key or an attribute.
    pub(crate) fn key<T: Display>(self, text: T) -> Painted<T> {
        self.paint(text, "1")
    }

    /// A measure, or what only leads the eye.
    pub(crate) fn dim<T: Display>(self, text: T) -> Painted<T> {
        self.paint(text, "2")
    }

    fn paint<T>(self, text: T, code: &'static str) -> Painted<T> {
        Painted { text, code: self.on.then_some(code) }
    }
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "\x1b[{code}m{}\x1b[0m", self.text),
            None => self.text.fmt(f),
        }
    }
}
