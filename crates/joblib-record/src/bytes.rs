//! Numbers and texts as bytes, and back.

/// Bytes of a text, so that a record of several fits into a frame.
const LONGEST: usize = 64 << 10;

/// Appends what a record holds.
pub(crate) trait Put {
    fn number(&mut self, number: u64);
    fn bytes(&mut self, bytes: &[u8]);

    /// A text; of one that is too long the beginning, with a mark.
    fn text(&mut self, text: &str) {
        const MARK: &str = "…";
        if text.len() <= LONGEST {
            return self.bytes(text.as_bytes());
        }
        let kept = &text[..text.floor_char_boundary(LONGEST - MARK.len())];
        self.bytes([kept, MARK].concat().as_bytes());
    }
}

impl Put for Vec<u8> {
    /// Seven bits a byte, the lowest first; the eighth bit says that more follow.
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.push(number as u8);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.extend_from_slice(bytes);
    }
}

/// Takes apart what a record holds. A field beyond the end is that of an older version: zero, or empty.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn number(&mut self) -> Option<u64> {
        if self.0.is_empty() {
            return Some(0);
        }
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    /// A text; what is not UTF-8 in it is replaced.
    pub(crate) fn text(&mut self) -> Option<String> {
        Some(String::from_utf8_lossy(self.bytes()?).into_owned())
    }

    /// A fixed number of bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        if self.0.is_empty() {
            return Some([0; N]);
        }
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_read_back_and_bad_lengths_do_not() {
        let mut bytes = Vec::new();
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        for number in numbers {
            bytes.number(number);
        }
        bytes.text("é");
        let mut fields = Fields(&bytes);
        for number in numbers {
            assert_eq!(fields.number(), Some(number));
        }
        assert_eq!(fields.text().as_deref(), Some("é"));
        assert_eq!(fields.number(), Some(0), "a field of a later version");
        assert_eq!(Fields(&[0xff; 11]).number(), None);
        assert_eq!(Fields(&[200, 1, 7]).bytes(), None, "longer than what there is");
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_between_characters() {
        for text in ["x".repeat(LONGEST + 1), "é".repeat(LONGEST), format!("x{}", "é".repeat(LONGEST))] {
            let mut bytes = Vec::new();
            bytes.text(&text);
            let read = Fields(&bytes).text().unwrap();
            assert!(read.len() <= LONGEST && read.len() > LONGEST - 4, "{}", read.len());
            assert!(read.strip_suffix('…').is_some_and(|start| text.starts_with(start)));
        }
        let whole = "x".repeat(LONGEST);
        let mut bytes = Vec::new();
        bytes.text(&whole);
        assert_eq!(Fields(&bytes).text(), Some(whole));
    }
}
