//! Columns of text, aligned.

use std::io::{self, Write};

use console::{measure_text_width, truncate_str};

use crate::style::Style;
use crate::text::Visible;

/// What is between two columns.
const SPACE: &str = "  ";
/// The least columns that are left of a name, and of a text at the end: longer lines are for the terminal to fold.
const LEAST_NAME: usize = 20;
const LEAST_TEXT: usize = 60;

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

    /// Prints it. At a terminal that is too narrow the last column is cut, or the first if that holds numbers.
    pub(crate) fn print(&self, style: Style, out: &mut dyn Write) -> io::Result<()> {
        let header: Vec<String> = self.header.iter().map(|name| name.trim_start().to_owned()).collect();
        let mut lines: Vec<Vec<String>> =
            std::iter::once(&header).chain(&self.rows).map(Vec::clone).collect();
        if let (Some(columns), Some(last)) = (style.columns(), self.header.last()) {
            let widths = widths(&lines);
            let (column, least) =
                if last.starts_with(' ') { (0, LEAST_NAME) } else { (widths.len() - 1, LEAST_TEXT) };
            let others = widths.iter().sum::<usize>() - widths[column] + SPACE.len() * (widths.len() - 1);
            let room = columns.saturating_sub(others).max(least);
            for cells in &mut lines {
                cells[column] = cut(&cells[column], room, column == 0);
            }
        }
        let widths = widths(&lines);
        for (number, cells) in lines.iter().enumerate() {
            let mut line = String::new();
            for (column, cell) in cells.iter().enumerate() {
                let room = " ".repeat(widths[column] - measure_text_width(cell));
                let right = self.header[column].starts_with(' ');
                line += if column > 0 { SPACE } else { "" };
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

fn widths(lines: &[Vec<String>]) -> Vec<usize> {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| lines.iter().map(move |cells| measure_text_width(&cells[column])).max();
    (0..columns).map(|column| width(column).unwrap_or_default()).collect()
}

/// A cell of at most so many columns; of a name the end counts.
fn cut(cell: &str, room: usize, is_name: bool) -> String {
    if !is_name || measure_text_width(cell) <= room {
        return truncate_str(cell, room, "…").into_owned();
    }
    let mut end = cell.chars();
    while measure_text_width(end.as_str()) >= room && end.next().is_some() {}
    format!("…{}", end.as_str())
}

#[cfg(test)]
mod tests {
    use super::{Style, Table};

    fn printed(table: &Table, columns: usize) -> String {
        let mut out = Vec::new();
        table.print(Style::of_size(24, columns), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        let mut table = Table::new(&["NAME", " SIZE", "TEXT"]);
        table.row(["日本".to_owned(), "1".to_owned(), "a".repeat(100)]);
        table.row(["abc".to_owned(), "10".to_owned(), "\x1b[2J".to_owned()]);
        let text = "a".repeat(67);
        let expected = format!("NAME  SIZE  TEXT\n日本     1  {text}…\nabc     10  \\u{{1b}}[2J\n");
        assert_eq!(printed(&table, 80), expected);
        assert!(printed(&table, 20).contains(&format!("{}…", "a".repeat(59))), "the rest is folded");
    }

    #[test]
    fn of_names_the_end_is_shown_where_numbers_follow() {
        let mut table = Table::new(&["FUNCTION", " RESULTS"]);
        table.row(["flights::features::of_the_weather".to_owned(), "1".to_owned()]);
        assert!(
            printed(&table, 40).contains("…ghts::features::of_the_weather        1\n"),
            "{}",
            printed(&table, 40)
        );
        assert!(printed(&table, 80).contains("flights::features::of_the_weather  "));
    }
}
