//! Columns of text, aligned.

use std::io::{self, Write};

use console::{measure_text_width, truncate_str};

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

    /// Prints it. At a terminal, lines end where that does.
    pub(crate) fn print(&self, style: Style, out: &mut dyn Write) -> io::Result<()> {
        let header: Vec<String> = self.header.iter().map(|name| name.trim_start().to_owned()).collect();
        let widths: Vec<usize> = (0..header.len())
            .map(|column| {
                let cells = std::iter::once(&header).chain(&self.rows);
                cells.map(|cells| measure_text_width(&cells[column])).max().unwrap_or_default()
            })
            .collect();
        for (number, cells) in std::iter::once(&header).chain(&self.rows).enumerate() {
            let mut line = String::new();
            for (column, cell) in cells.iter().enumerate() {
                let room = " ".repeat(widths[column] - measure_text_width(cell));
                let right = self.header[column].starts_with(' ');
                line += if column > 0 { "  " } else { "" };
                let (first, second) =
                    if right { (room.as_str(), cell.as_str()) } else { (cell.as_str(), room.as_str()) };
                line.extend([first, second]);
            }
            // The last column has the longest texts.
            let line = match style.columns() {
                Some(columns) => truncate_str(line.trim_end(), columns, "…"),
                None => line.trim_end().into(),
            };
            if number == 0 {
                writeln!(out, "{}", style.dim(&line))?;
            } else {
                writeln!(out, "{line}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Style, Table};

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows_and_end_where_it_ends() {
        let mut table = Table::new(&["NAME", " SIZE", "TEXT"]);
        table.row(["日本".to_owned(), "1".to_owned(), "a".repeat(50)]);
        table.row(["abc".to_owned(), "10".to_owned(), "\x1b[2J".to_owned()]);
        let mut out = Vec::new();
        table.print(Style::of_size(24, 20), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let expected = "NAME  SIZE  TEXT\n日本     1  aaaaaaa…\nabc     10  \\u{1b}[2J\n";
        assert_eq!(text, expected);
    }
}
