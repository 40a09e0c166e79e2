//! The text arguments of protocol 0: quoted strings with escapes, numbers in decimal.

use crate::int::Integer;

/// A Python 2 `str` literal: `'a\x00b'`.
pub(crate) fn quoted(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.trim_ascii();
    let (&quote, rest) = line.split_first()?;
    let (&last, inner) = rest.split_last()?;
    if quote != last || !matches!(quote, b'\'' | b'"') {
        return None;
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let (&escape, after) = rest.split_first()?;
        rest = after;
        match escape {
            b'\\' | b'\'' | b'"' => bytes.push(escape),
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            b't' => bytes.push(b'\t'),
            b'a' => bytes.push(7),
            b'b' => bytes.push(8),
            b'f' => bytes.push(12),
            b'v' => bytes.push(11),
            b'\n' => {}
            b'x' => {
                let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = &rest[2..];
            }
            b'0'..=b'7' => {
                let mut value = u32::from(escape - b'0');
                for _ in 0..2 {
                    match rest.split_first() {
                        Some((&digit @ b'0'..=b'7', after)) => {
                            value = value * 8 + u32::from(digit - b'0');
                            rest = after;
                        }
                        _ => break,
                    }
                }
                bytes.push(value as u8);
            }
            other => bytes.extend([b'\\', other]),
        }
    }
    Some(bytes)
}

/// Python's `raw-unicode-escape`: Latin-1, with `\u` and four, `\U` and eight hexadecimal digits. Surrogate pairs are one
/// character.
pub(crate) fn unicode(line: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'\\' || !matches!(after.first(), Some(b'u' | b'U')) {
            text.push(char::from(byte));
            rest = after;
            continue;
        }
        let (first, after) = escape(rest)?;
        rest = after;
        if (0xd800..0xdc00).contains(&first) {
            let (second, after) = escape(rest)?;
            rest = after;
            let low = second.checked_sub(0xdc00).filter(|&low| low < 0x400)?;
            text.push(char::from_u32(0x10000 + ((first - 0xd800) << 10) + low)?);
        } else {
            text.push(char::from_u32(first)?);
        }
    }
    Some(text)
}

fn escape(text: &[u8]) -> Option<(u32, &[u8])> {
    let digits = match text.get(..2)? {
        b"\\u" => 4,
        b"\\U" => 8,
        _ => return None,
    };
    let hex = std::str::from_utf8(text.get(2..2 + digits)?).ok()?;
    Some((u32::from_str_radix(hex, 16).ok()?, &text[2 + digits..]))
}

/// A decimal integer, with the `L` that Python 2 put behind.
pub(crate) fn integer(line: &[u8]) -> Option<Integer> {
    let line = line.trim_ascii();
    let digits = std::str::from_utf8(line.strip_suffix(b"L").unwrap_or(line)).ok()?;
    Integer::from_decimal(digits)
}

/// A float as Python's `repr` writes it.
pub(crate) fn float(line: &[u8]) -> Option<f64> {
    std::str::from_utf8(line.trim_ascii()).ok()?.parse().ok()
}

/// A memo number in digits.
pub(super) fn number(line: &[u8]) -> Option<u32> {
    std::str::from_utf8(line.trim_ascii()).ok()?.parse().ok()
}
