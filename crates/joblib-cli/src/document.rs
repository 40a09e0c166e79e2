//! What `--json` prints: one document in a line.

use std::fmt::Write as _;
use std::io::Write;

use serde::Serialize;

use crate::failure::Failure;
use crate::text::is_obeyed;

/// Prints a document. Characters that a terminal would obey are written as escapes of JSON, which read as the
/// same text.
pub(crate) fn print(document: &impl Serialize, out: &mut dyn Write) -> Result<(), Failure> {
    let text = serde_json::to_string(document).map_err(|error| Failure::Output(error.into()))?;
    if text.chars().any(is_obeyed) {
        let mut safe = String::with_capacity(text.len());
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
        writeln!(out, "{safe}")?;
    } else {
        writeln!(out, "{text}")?;
    }
    Ok(())
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
