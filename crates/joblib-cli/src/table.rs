//! Columns of text, aligned.

use std::io::{self, Write};

use crate::style::Style;
use crate::text::Visible;

/// A table whose rows are printed once all are known.
pub(crate) struct Table {
    header: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns. One whose name begins with a space is aligned to the right.
    pub(crate) fn new(header: &'static [&'static str]) -> Self {
        Self { header, rows: Vec::new() }
    }

    /// Adds a row; what its texts hold that a terminal would obey is escaped.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| Visible(cell).to_string()).collect());
    }

    pub(crate) fn print(&self, style: Style, out: &mut dyn Write) -> io::Result<()> {
        let header: Vec<String> = self.header.iter().map(|name| name.trim_start().to_owned()).collect();
        let widths: Vec<usize> = (0..header.len())
            .map(|column| {
                let cells = std::iter::once(&header).chain(&self.rows);
                cells.map(|cells| width(&cells[column])).max().unwrap_or_default()
            })
            .collect();
        for (number, cells) in std::iter::once(&header).chain(&self.rows).enumerate() {
            let mut line = String::new();
            for (column, cell) in cells.iter().enumerate() {
                let room = " ".repeat(widths[column] - width(cell));
                let right = self.header[column].starts_with(' ');
                line += if column > 0 { "  " } else { "" };
                let (first, second) =
                    if right { (room.as_str(), cell.as_str()) } else { (cell.as_str(), room.as_str()) };
                line.extend([first, second]);
            }
            let line = line.trim_end();
            if number == 0 {
                writeln!(out, "{}", style.dim(line))?;
            } else {
                writeln!(out, "{line}")?;
            }
        }
        Ok(())
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}
