//! Python's integers, which have any size: two's complement bytes, and their decimal digits.

/// An integer: small, or its two's complement in little-endian bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Integer {
    Small(i64),
    Big(Vec<u8>),
}

/// Digits of a decimal text; Python's own limit is 4,300.
const MAX_DIGITS: usize = 10_000;

impl Integer {
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        match small(bytes) {
            Some(value) => Self::Small(value),
            None => Self::Big(bytes.to_vec()),
        }
    }

    pub(crate) fn from_decimal(digits: &str) -> Option<Self> {
        if let Ok(value) = digits.parse() {
            return Some(Self::Small(value));
        }
        let (negative, digits) = match digits.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, digits.strip_prefix('+').unwrap_or(digits)),
        };
        if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit())
        {
            return None;
        }
        let mut words: Vec<u32> = Vec::new();
        for digit in digits.bytes() {
            let mut carry = u64::from(digit - b'0');
            for word in &mut words {
                let value = u64::from(*word) * 10 + carry;
                *word = value as u32;
                carry = value >> 32;
            }
            if carry > 0 {
                words.push(carry as u32);
            }
        }
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.push(0);
        if negative {
            negate(&mut bytes);
        }
        Some(Self::from_bytes(&bytes))
    }
}

/// The value of two's complement bytes, when it is an `i64`.
#[inline]
pub(crate) fn small(bytes: &[u8]) -> Option<i64> {
    wide(bytes).and_then(|value| i64::try_from(value).ok())
}

/// The value of two's complement bytes, when it is an `i128`.
pub(crate) fn wide(bytes: &[u8]) -> Option<i128> {
    let sign = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
    let mut all = [sign; 16];
    if bytes.len() <= 16 {
        all[..bytes.len()].copy_from_slice(bytes);
        return Some(i128::from_le_bytes(all));
    }
    if bytes[16..].iter().any(|&byte| byte != sign) || (bytes[15] ^ sign) & 0x80 != 0 {
        return None;
    }
    all.copy_from_slice(&bytes[..16]);
    Some(i128::from_le_bytes(all))
}

/// The value of two's complement bytes, when it is a `u128`.
pub(crate) fn wide_unsigned(bytes: &[u8]) -> Option<u128> {
    if bytes.last().is_some_and(|byte| byte & 0x80 != 0) {
        return None;
    }
    let len = bytes.len() - bytes.iter().rev().take_while(|&&byte| byte == 0).count();
    let mut all = [0; 16];
    all.get_mut(..len)?.copy_from_slice(&bytes[..len]);
    Some(u128::from_le_bytes(all))
}

/// The text of a UUID.
pub(crate) fn uuid_text(value: u128) -> String {
    let hex = format!("{value:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// The decimal digits of two's complement bytes; hexadecimal (`0x…`) beyond 10,000 digits, whose conversion would take
/// a time that grows with the square of their number.
pub(crate) fn decimal(bytes: &[u8]) -> String {
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut magnitude = bytes.to_vec();
    magnitude.push(if negative { 0xff } else { 0 });
    if negative {
        negate(&mut magnitude);
    }
    while magnitude.last() == Some(&0) {
        magnitude.pop();
    }
    let sign = if negative { "-" } else { "" };
    if magnitude.len() > MAX_DIGITS * 10 / 25 {
        let mut hex = format!("{sign}0x");
        let mut digits = magnitude.iter().rev().flat_map(|byte| [byte >> 4, byte & 15]).peekable();
        while digits.next_if_eq(&0).is_some() {}
        hex.extend(digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)));
        return hex;
    }
    let mut words: Vec<u32> = magnitude
        .chunks(4)
        .map(|chunk| {
            let mut word = [0; 4];
            word[..chunk.len()].copy_from_slice(chunk);
            u32::from_le_bytes(word)
        })
        .collect();
    let mut groups = Vec::new();
    while !words.is_empty() {
        let mut rest = 0_u64;
        for word in words.iter_mut().rev() {
            let value = (rest << 32) | u64::from(*word);
            *word = (value / 1_000_000_000) as u32;
            rest = value % 1_000_000_000;
        }
        groups.push(rest);
        while words.last() == Some(&0) {
            words.pop();
        }
    }
    let first = groups.pop().unwrap_or(0);
    let rest = groups.iter().rev().map(|group| format!("{group:09}"));
    std::iter::once(format!("{sign}{first}")).chain(rest).collect()
}

fn negate(bytes: &mut [u8]) {
    let mut carry = true;
    for byte in bytes {
        let (value, overflow) = (!*byte).overflowing_add(u8::from(carry));
        *byte = value;
        carry = overflow;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_bytes_are_the_same_number() {
        for digits in [
            "9223372036854775808",
            "-9223372036854775809",
            "340282366920938463463374607431768211456",
            "-170141183460469231731687303715884105729",
            "1000000000000000000000000000000000000000000000000000000001",
        ] {
            let Some(Integer::Big(bytes)) = Integer::from_decimal(digits) else { panic!("{digits} is big") };
            assert_eq!(decimal(&bytes), digits);
        }
        assert_eq!(Integer::from_decimal("-12"), Some(Integer::Small(-12)));
        assert_eq!(wide(&[0xff; 20]), Some(-1));
        assert_eq!(wide_unsigned(&[0xff, 0]), Some(255));
        assert_eq!(decimal(&[]), "0");
    }
}
