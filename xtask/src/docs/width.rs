//! The width of Markdown: at most 100 characters in prose and in examples, so that the pages can be read in a
//! terminal and reviewed side by side.

use super::markdown::{files, read};
use crate::run::Result;

const MOST: usize = 100;

/// Adds a line for each one that is too long. Rows of tables and images can't be broken; neither can a line of one
/// word.
pub(crate) fn check(wrong: &mut Vec<String>) -> Result {
    for file in files()? {
        for (line, width) in too_long(&read(&file)?) {
            wrong.push(format!("{}:{line}: {width} characters, at most {MOST}", file.display()));
        }
    }
    Ok(())
}

fn too_long(text: &str) -> impl Iterator<Item = (usize, usize)> {
    text.lines().enumerate().filter_map(|(at, line)| {
        let width = line.chars().count();
        let whole = line.trim_start().starts_with(['|', '!']) || line.split_whitespace().count() == 1;
        (width > MOST && !whole).then_some((at + 1, width))
    })
}

#[cfg(test)]
mod tests {
    use super::too_long;

    #[test]
    fn prose_is_too_long_and_a_row_of_a_table_is_not() {
        let long = "word ".repeat(21);
        let text = format!("short\n{long}\n| {long} |\n![{long}](a.svg)\n{}\n", "x".repeat(120));
        assert_eq!(too_long(&text).collect::<Vec<_>>(), [(2, 105)]);
    }
}
