//! The short form of a task's arguments that its error shows.
//!
//! A task's arguments are gone once it runs, and most tasks don't fail. So before each task the first bytes of its
//! arguments' `MessagePack` form are kept, which costs some nanoseconds, and turned into text only for a failure.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;

/// Bytes kept of a task's arguments.
const KEPT: usize = 160;
/// Characters shown of them.
const SHOWN: usize = 120;

/// The first bytes of a task's arguments.
#[doc(hidden)]
pub struct ArgumentPrefix {
    bytes: [u8; KEPT],
    len: usize,
}

impl ArgumentPrefix {
    pub(crate) fn new() -> Self {
        ArgumentPrefix { bytes: [0; KEPT], len: 0 }
    }

    /// Keeps the beginning of `arguments`, a tuple.
    pub(crate) fn keep<A: Serialize>(&mut self, arguments: &A) {
        self.len = 0;
        // The error says that the arguments are longer than what is kept, or can't be written at all.
        let _ = arguments.serialize(&mut rmp_serde::Serializer::new(self));
    }

    /// Forgets what is kept.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// The arguments as text, at most `SHOWN` characters long.
    pub(crate) fn text(&self) -> String {
        describe(&self.bytes[..self.len])
    }
}

impl io::Write for &mut ArgumentPrefix {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(KEPT - self.len);
        self.bytes[self.len..self.len + taken].copy_from_slice(&bytes[..taken]);
        self.len += taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The text of arguments given as `MessagePack`, of which the end may be missing.
pub(crate) fn describe(bytes: &[u8]) -> String {
    let mut text = Text { bytes, out: String::new() };
    if !bytes.is_empty() && text.arguments().is_none() {
        text.out.push('…');
    }
    let mut out = text.out;
    if let Some((end, _)) = out.char_indices().nth(SHOWN) {
        out.truncate(end);
        out.push('…');
    }
    out
}

/// A reader of `MessagePack` that writes what it reads; each step is `None` where the bytes end.
struct Text<'a> {
    bytes: &'a [u8],
    out: String,
}

impl Text<'_> {
    fn take(&mut self, len: usize) -> Option<&[u8]> {
        if len > self.bytes.len() {
            return None;
        }
        let (taken, rest) = self.bytes.split_at(len);
        self.bytes = rest;
        Some(taken)
    }

    fn uint(&mut self, len: usize) -> Option<u64> {
        Some(self.take(len)?.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)))
    }

    fn arguments(&mut self) -> Option<()> {
        let marker = self.uint(1)? as u8;
        let count = match marker {
            0x90..=0x9f => u64::from(marker & 0x0f),
            0xdc => self.uint(2)?,
            // A function without arguments: the empty tuple is nil.
            _ => return Some(()),
        };
        self.items(count, 0, "")
    }

    /// `count` values, separated by commas.
    fn items(&mut self, count: u64, depth: u32, close: &str) -> Option<()> {
        for i in 0..count {
            if i > 0 {
                self.out.push_str(", ");
            }
            if self.out.len() > 4 * SHOWN {
                return None;
            }
            self.value(depth + 1)?;
        }
        self.out.push_str(close);
        Some(())
    }

    fn pairs(&mut self, count: u64, depth: u32) -> Option<()> {
        self.out.push('{');
        for i in 0..count {
            if i > 0 {
                self.out.push_str(", ");
            }
            if self.out.len() > 4 * SHOWN {
                return None;
            }
            self.value(depth + 1)?;
            self.out.push_str(": ");
            self.value(depth + 1)?;
        }
        self.out.push('}');
        Some(())
    }

    fn list(&mut self, count: u64, depth: u32) -> Option<()> {
        self.out.push('[');
        self.items(count, depth, "]")
    }

    fn string(&mut self, len: u64) -> Option<()> {
        let have = self.bytes.len() as u64;
        let bytes = self.take(len.min(have) as usize)?;
        let text = String::from_utf8_lossy(bytes).into_owned();
        // Writing to a String does not fail.
        let _ = write!(self.out, "{text:?}");
        (len <= have).then_some(())
    }

    fn binary(&mut self, len: u64) -> Option<()> {
        let _ = write!(self.out, "<{len} bytes>");
        self.take(usize::try_from(len).ok()?).map(drop)
    }

    fn float(&mut self, value: f64) {
        let _ = write!(self.out, "{value:?}");
    }

    fn value(&mut self, depth: u32) -> Option<()> {
        if depth > 32 {
            return None;
        }
        let marker = self.uint(1)? as u8;
        match marker {
            0x00..=0x7f => _ = write!(self.out, "{marker}"),
            0xe0..=0xff => _ = write!(self.out, "{}", marker as i8),
            0x80..=0x8f => return self.pairs(u64::from(marker & 0x0f), depth),
            0x90..=0x9f => return self.list(u64::from(marker & 0x0f), depth),
            0xa0..=0xbf => return self.string(u64::from(marker & 0x1f)),
            0xc0 => self.out.push_str("()"),
            0xc2 => self.out.push_str("false"),
            0xc3 => self.out.push_str("true"),
            0xca => {
                let bits = self.uint(4)? as u32;
                // The shortest text of a float is that of its own width.
                let _ = write!(self.out, "{:?}", f32::from_bits(bits));
            }
            0xcb => {
                let bits = self.uint(8)?;
                self.float(f64::from_bits(bits));
            }
            0xcc..=0xcf => {
                let value = self.uint(1 << (marker - 0xcc))?;
                let _ = write!(self.out, "{value}");
            }
            0xd0..=0xd3 => {
                let len = 1 << (marker - 0xd0);
                let shift = 64 - 8 * len as u32;
                let value = (self.uint(len)? << shift) as i64 >> shift;
                let _ = write!(self.out, "{value}");
            }
            0xc4..=0xc6 => {
                let len = self.uint(1 << (marker - 0xc4))?;
                return self.binary(len);
            }
            0xd9..=0xdb => {
                let len = self.uint(1 << (marker - 0xd9))?;
                return self.string(len);
            }
            0xdc | 0xdd => {
                let count = self.uint(2 << (marker - 0xdc))?;
                return self.list(count, depth);
            }
            0xde | 0xdf => {
                let count = self.uint(2 << (marker - 0xde))?;
                return self.pairs(count, depth);
            }
            // Extensions: rmp-serde writes none by itself.
            0xc1 | 0xc7..=0xc9 | 0xd4..=0xd8 => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::ArgumentPrefix;
    use serde::Serialize;

    fn text<A: Serialize>(arguments: A) -> String {
        let mut prefix = ArgumentPrefix::new();
        prefix.keep(&arguments);
        prefix.text()
    }

    #[test]
    fn arguments_read_as_one_would_write_them() {
        assert_eq!(text(()), "");
        assert_eq!(text((1,)), "1");
        assert_eq!(text((0.5, 5, -7, -70_000_i64, true)), "0.5, 5, -7, -70000, true");
        assert_eq!(text(("ridge", vec![1, 2, 300], Some(0.1_f32))), "\"ridge\", [1, 2, 300], 0.1");
        assert_eq!(text((u64::MAX, i64::MIN)), format!("{}, {}", u64::MAX, i64::MIN));
    }

    #[test]
    fn long_arguments_are_cut_short() {
        let shown = text((vec![1_u64; 1_000_000],));
        assert!(
            shown.ends_with('…') && shown.starts_with("[1, 1, ") && shown.chars().count() < 130,
            "{shown}"
        );
        let shown = text(("x".repeat(1000), 1));
        assert!(shown.ends_with('…') && shown.starts_with("\"xxx"), "{shown}");
    }
}
