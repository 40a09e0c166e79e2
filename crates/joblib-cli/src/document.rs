//! What `--json` prints: one document in a line.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;

use crate::failure::Failure;
use crate::text::is_obeyed;

/// Prints a document. Characters that a terminal would obey are written as escapes of JSON, which read as the
/// same text.
pub(crate) fn print(document: &impl Serialize, out: &mut dyn Write) -> Result<(), Failure> {
    write(document, out)?;
    writeln!(out)?;
    Ok(())
}

/// The same without the end of the line.
pub(crate) fn write(document: &impl Serialize, out: &mut dyn Write) -> Result<(), Failure> {
    serde_json::to_writer(Safe(out), document).map_err(|error| Failure::Output(error.into()))
}

/// Passes JSON on, which arrives in pieces that are whole characters. All that is obeyed in it is in texts.
struct Safe<'a>(&'a mut dyn Write);

impl Write for Safe<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(bytes) {
            Ok(text) if text.chars().any(is_obeyed) => self.0.write_all(escaped(text).as_bytes())?,
            _ => self.0.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(2 * text.len());
    for character in text.chars() {
        if is_obeyed(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a `String` does not fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_document_is_the_same_text_and_safe_to_print() {
        let hostile = "\x1b[2J\u{9b}\u{202e}\u{e0041}é\n";
        let mut out = Vec::new();
        super::print(&[hostile], &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.trim_end().chars().any(super::is_obeyed), "{text}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), [hostile]);
    }
}
