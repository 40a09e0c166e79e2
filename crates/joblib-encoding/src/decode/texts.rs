//! A vector of texts, whose code is compiled here and not in the crate that asks for one.

use serde::Deserialize;

use super::Decoder;
use super::token::Head;
use crate::error::Result;
use crate::markers::{ARRAY16, ARRAY32};

/// Elements of a sequence that room is made for before they come. The kernel gives memory as it is filled, so that a false
/// length takes none.
const MOST_EXPECTED: usize = 1 << 20;

impl Decoder<'_> {
    /// The texts of a sequence; `None` if it is no sequence of its own.
    pub(super) fn texts(&mut self) -> Result<Option<Vec<String>>> {
        let marker = self.peek()?;
        if !matches!(marker, 0x90..=0x9f | ARRAY16 | ARRAY32) {
            return Ok(None);
        }
        self.at += 1;
        let Head::Array { mut len, mut continued } = self.long_head(marker)? else {
            return Err(self.corrupt("a sequence was announced, and another value follows"));
        };
        self.enter()?;
        let mut texts = Vec::new();
        // Where there is no room for so many, there may be for those that come.
        let _ = texts.try_reserve_exact((len as usize).min(MOST_EXPECTED));
        loop {
            for _ in 0..len {
                texts.push(self.one_text()?);
            }
            if !continued {
                break;
            }
            (len, continued) = self.continuation(false)?;
        }
        self.leave();
        Ok(Some(texts))
    }

    fn one_text(&mut self) -> Result<String> {
        match self.peek()? {
            // A short one, as most are in a column.
            marker @ 0xa0..=0xbf => {
                self.at += 1;
                self.text(usize::from(marker & 0x1f)).map(str::to_owned)
            }
            _ => String::deserialize(&mut *self),
        }
    }
}
