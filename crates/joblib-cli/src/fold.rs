//! Lines that are folded between words where a terminal ends.

use std::io::{self, Write};

use console::measure_text_width;

use crate::style::Style;

/// The least columns that are left for the text beside its indentation.
const LEAST: usize = 30;

/// Prints a line, whose characters are safe for a terminal: `first` in front of it, and `rest` in front of what does
/// not fit beside it.
pub(crate) fn print(
    out: &mut dyn Write,
    style: Style,
    (first, rest): (&str, &str),
    text: &str,
) -> io::Result<()> {
    let Some(columns) = style.columns() else { return writeln!(out, "{first}{text}") };
    let room = columns.saturating_sub(measure_text_width(rest).max(measure_text_width(first))).max(LEAST);
    let mut lines = folded(text, room).into_iter();
    writeln!(out, "{first}{}", lines.next().unwrap_or_default())?;
    for line in lines {
        writeln!(out, "{rest}{line}")?;
    }
    Ok(())
}

/// The lines of a text, each as long as there is room for, or one longer word.
fn folded(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let width = measure_text_width(word);
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
            used = width;
        } else if used + 1 + width <= room || width > room {
            line.push(' ');
            line.push_str(word);
            used += 1 + width;
        } else {
            lines.push(word.to_owned());
            used = width;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{folded, print};
    use crate::style::Style;

    #[test]
    fn a_line_is_folded_between_words_and_colours_take_no_room() {
        assert_eq!(folded("\x1b[1mone\x1b[0m two three", 7), ["\x1b[1mone\x1b[0m two", "three"]);
        assert_eq!(folded("a a-very-long-word b", 5), ["a a-very-long-word", "b"]);
        assert_eq!(folded("", 5), [""]);
        // Each of these takes two columns.
        assert_eq!(folded("日本 日本", 5), ["日本", "日本"]);
    }

    #[test]
    fn what_does_not_fit_is_indented_and_without_a_terminal_everything_fits() {
        let text = "word ".repeat(20);
        let printed = |style| {
            let mut out = Vec::new();
            print(&mut out, style, ("- ", "  "), text.trim_end()).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(printed(Style::plain()).lines().count(), 1);
        let narrow = printed(Style::of_size(24, 42));
        assert!(narrow.lines().all(|line| line.len() <= 42), "{narrow}");
        assert!(narrow.starts_with("- word") && narrow.contains("\n  word"), "{narrow}");
    }
}
