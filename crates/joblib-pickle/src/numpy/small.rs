//! Floats of 16 bits and fewer and integers of 4 and 2 bits, which numpy does not have itself: those of the package
//! `ml_dtypes`. Each is an `f32`, an `i8` or a `u8`.

/// How the bits of a small float are to be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) name: &'static str,
    /// Bits of the exponent and of the fraction; the rest is the sign, if there is one.
    exponent: u32,
    fraction: u32,
    bias: i32,
    special: Special,
}

/// Which bits are infinite or not a number.
#[derive(Debug, PartialEq, Eq)]
enum Special {
    /// As in IEEE 754: all exponents of ones.
    Ieee,
    /// Only all ones is not a number, and nothing is infinite.
    Finite,
    /// The negative zero is not a number, and nothing is infinite.
    Unsigned,
    /// Every value is a number.
    Nothing,
    /// An exponent alone; all ones is not a number.
    Exponent,
}

const FORMATS: [Format; 12] = [
    Format { name: "bfloat16", exponent: 8, fraction: 7, bias: 127, special: Special::Ieee },
    Format { name: "float4_e2m1fn", exponent: 2, fraction: 1, bias: 1, special: Special::Nothing },
    Format { name: "float6_e2m3fn", exponent: 2, fraction: 3, bias: 1, special: Special::Nothing },
    Format { name: "float6_e3m2fn", exponent: 3, fraction: 2, bias: 3, special: Special::Nothing },
    Format { name: "float8_e3m4", exponent: 3, fraction: 4, bias: 3, special: Special::Ieee },
    Format { name: "float8_e4m3", exponent: 4, fraction: 3, bias: 7, special: Special::Ieee },
    Format { name: "float8_e4m3b11fnuz", exponent: 4, fraction: 3, bias: 11, special: Special::Unsigned },
    Format { name: "float8_e4m3fn", exponent: 4, fraction: 3, bias: 7, special: Special::Finite },
    Format { name: "float8_e4m3fnuz", exponent: 4, fraction: 3, bias: 8, special: Special::Unsigned },
    Format { name: "float8_e5m2", exponent: 5, fraction: 2, bias: 15, special: Special::Ieee },
    Format { name: "float8_e5m2fnuz", exponent: 5, fraction: 2, bias: 16, special: Special::Unsigned },
    Format { name: "float8_e8m0fnu", exponent: 8, fraction: 0, bias: 127, special: Special::Exponent },
];

/// Integers in the lower bits of a byte each.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Narrow {
    pub(crate) name: &'static str,
    bits: u32,
    pub(crate) is_signed: bool,
}

const NARROW: [Narrow; 4] = [
    Narrow { name: "int2", bits: 2, is_signed: true },
    Narrow { name: "int4", bits: 4, is_signed: true },
    Narrow { name: "uint2", bits: 2, is_signed: false },
    Narrow { name: "uint4", bits: 4, is_signed: false },
];

impl Narrow {
    pub(crate) fn of(name: &str) -> Option<&'static Self> {
        NARROW.iter().find(|narrow| narrow.name == name)
    }

    /// The value of an element's byte.
    pub(crate) fn value(&self, bytes: &[u8]) -> i8 {
        let unused = 8 - self.bits;
        let byte = bytes.first().copied().unwrap_or(0) << unused;
        if self.is_signed { byte as i8 >> unused } else { (byte >> unused) as i8 }
    }
}

impl Format {
    pub(crate) fn of(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name == name)
    }

    /// Bytes of an element.
    pub(crate) fn size(&self) -> usize {
        if self.exponent + self.fraction > 8 { 2 } else { 1 }
    }

    /// The value of an element's bytes.
    pub(crate) fn value(&self, bytes: &[u8], big_endian: bool) -> f32 {
        let bits = match *bytes {
            [byte] => u32::from(byte),
            [first, second] if big_endian => u32::from(u16::from_be_bytes([first, second])),
            [first, second] => u32::from(u16::from_le_bytes([first, second])),
            _ => return f32::NAN,
        };
        let fraction = bits & ((1 << self.fraction) - 1);
        let exponent = bits >> self.fraction & ((1 << self.exponent) - 1);
        let negative = self.special != Special::Exponent && bits >> (self.fraction + self.exponent) & 1 == 1;
        let ones = (1 << self.exponent) - 1;
        match self.special {
            Special::Ieee if exponent == ones && fraction != 0 => return f32::NAN,
            Special::Ieee if exponent == ones => {
                return if negative { f32::NEG_INFINITY } else { f32::INFINITY };
            }
            Special::Finite if exponent == ones && fraction == (1 << self.fraction) - 1 => return f32::NAN,
            Special::Unsigned if negative && exponent == 0 && fraction == 0 => return f32::NAN,
            Special::Exponent if exponent == ones => return f32::NAN,
            _ => {}
        }
        let scale = |power: i32| 2_f64.powi(power);
        let digits = f64::from(fraction) * scale(-(self.fraction as i32));
        let value = match (exponent, &self.special) {
            (0, special) if *special != Special::Exponent => digits * scale(1 - self.bias),
            _ => (1.0 + digits) * scale(exponent as i32 - self.bias),
        };
        (if negative { -value } else { value }) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    fn value(name: &str, bits: u8) -> f32 {
        Format::of(name).unwrap().value(&[bits], false)
    }

    #[test]
    fn the_bits_of_each_format_have_the_values_of_ml_dtypes() {
        assert_eq!(Format::of("bfloat16").unwrap().value(&[0xc0, 0x3f], false).to_bits(), 1.5_f32.to_bits());
        assert_eq!((value("float8_e4m3fn", 0x38), value("float8_e4m3fn", 0x7e)), (1.0, 448.0));
        assert_eq!((value("float8_e5m2", 0x3c), value("float8_e5m2", 0xfc)), (1.0, f32::NEG_INFINITY));
        assert_eq!((value("float8_e8m0fnu", 0x7f), value("float8_e4m3fn", 0x01)), (1.0, 0.001_953_125));
        assert_eq!((value("float4_e2m1fn", 0x0a), value("float4_e2m1fn", 0x07)), (-1.0, 6.0));
        assert_eq!((value("float6_e2m3fn", 0x3f), value("float6_e3m2fn", 0x1f)), (-7.5, 28.0));
        assert!(value("float8_e4m3fn", 0xff).is_nan() && value("float8_e5m2fnuz", 0x80).is_nan());
    }
}
