//! A vector of texts, whose code is compiled here and not in the crate that asks for one.

use std::fmt;

use serde::de::{SeqAccess, Visitor};

/// Elements of a sequence that room is made for before they come.
const MOST_EXPECTED: usize = 64 << 10;

/// A vector of texts.
pub(super) struct Texts;

impl<'de> Visitor<'de> for Texts {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<String>, A::Error> {
        // Each text has a byte or more, so a false length can't be far from what is there.
        let mut texts = Vec::with_capacity(sequence.size_hint().unwrap_or(0).min(MOST_EXPECTED));
        while let Some(text) = sequence.next_element()? {
            texts.push(text);
        }
        Ok(texts)
    }
}
