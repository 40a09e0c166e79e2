//! Colours and the size of the terminal, where there is one.

use std::fmt::{self, Display};
use std::io::IsTerminal;

use console::Term;

use crate::args::Color;

/// Whether to colour, and how much there is room for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    on: bool,
    /// Rows and columns of the terminal. Without one, lines are as long as they are.
    size: Option<(usize, usize)>,
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
        let size = Term::stdout().size_checked().filter(|_| std::io::stdout().is_terminal());
        let size = size.map(|(rows, columns)| (usize::from(rows), usize::from(columns)));
        Self { on, size: size.filter(|(_, columns)| *columns > 0) }
    }

    /// No colours, and lines of any length.
    pub(crate) fn plain() -> Self {
        Self { on: false, size: None }
    }

    /// No colours, on a terminal of this size.
    #[cfg(test)]
    pub(crate) fn of_size(rows: usize, columns: usize) -> Self {
        Self { on: false, size: Some((rows, columns)) }
    }

    /// The columns of the terminal.
    pub(crate) fn columns(self) -> Option<usize> {
        self.size.map(|(_, columns)| columns)
    }

    /// The rows of the terminal.
    pub(crate) fn rows(self) -> Option<usize> {
        self.size.map(|(rows, _)| rows)
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
