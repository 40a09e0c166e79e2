//! numpy's dtypes: what the bytes of an array's elements mean.

use joblib_array::DType;

use super::small;

/// The layout of one element.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layout {
    pub(crate) kind: Kind,
    /// Bytes of one element.
    pub(crate) size: usize,
    /// Whether its words are big-endian.
    pub(crate) big_endian: bool,
}

/// What an element is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Number(DType),
    /// x87's 80-bit float in 12 or 16 bytes.
    LongDouble,
    ComplexLongDouble,
    /// Bytes up to the size, zeros at the end not being part of them.
    Bytes,
    /// UTF-32 up to the size, zeros at the end not being part of it.
    Text,
    /// Bytes without a meaning.
    Void,
    DateTime(Unit),
    TimeDelta(Unit),
    /// A Python object; the array's data are nodes.
    Object,
    /// Texts of any length, which are pickled as objects.
    Strings,
    /// A float of 16 bits or fewer that is not numpy's: bfloat16, float8.
    Small(&'static small::Format),
    /// An integer of 4 or 2 bits.
    Narrow(&'static small::Narrow),
    /// A dtype whose elements mean nothing here, by its name.
    Unknown(String),
    Struct(Vec<Field>),
    /// An array in each element.
    Sub(Box<Layout>, Vec<usize>),
}

/// A field of a structured dtype.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) offset: usize,
    pub(crate) layout: Layout,
}

/// What `datetime64` and `timedelta64` count: `count` of a base unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) base: Base,
    pub(crate) count: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    Generic,
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Milli,
    Micro,
    Nano,
    Pico,
    Femto,
    Atto,
}

impl Base {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "generic" => Self::Generic,
            "Y" => Self::Year,
            "M" => Self::Month,
            "W" => Self::Week,
            "D" => Self::Day,
            "h" => Self::Hour,
            "m" => Self::Minute,
            "s" => Self::Second,
            "ms" => Self::Milli,
            "us" | "μs" => Self::Micro,
            "ns" => Self::Nano,
            "ps" => Self::Pico,
            "fs" => Self::Femto,
            "as" => Self::Atto,
            _ => return None,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Year => "Y",
            Self::Month => "M",
            Self::Week => "W",
            Self::Day => "D",
            Self::Hour => "h",
            Self::Minute => "m",
            Self::Second => "s",
            Self::Milli => "ms",
            Self::Micro => "us",
            Self::Nano => "ns",
            Self::Pico => "ps",
            Self::Femto => "fs",
            Self::Atto => "as",
        }
    }
}

impl std::fmt::Display for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.count != 1 {
            write!(f, "{}", self.count)?;
        }
        f.write_str(self.base.name())
    }
}

impl Layout {
    pub(crate) fn number(dtype: DType) -> Self {
        Self { kind: Kind::Number(dtype), size: dtype.size(), big_endian: false }
    }

    pub(crate) fn object() -> Self {
        Self { kind: Kind::Object, size: 8, big_endian: false }
    }

    pub(crate) fn strings() -> Self {
        Self { kind: Kind::Strings, ..Self::object() }
    }

    pub(crate) fn has_objects(&self) -> bool {
        match &self.kind {
            Kind::Object | Kind::Strings => true,
            Kind::Struct(fields) => fields.iter().any(|field| field.layout.has_objects()),
            Kind::Sub(layout, _) => layout.has_objects(),
            _ => false,
        }
    }

    /// The layout of a masked array's mask: a `bool` for each number, in structures without gaps.
    pub(crate) fn mask(&self) -> Self {
        match &self.kind {
            Kind::Struct(fields) => {
                let mut size = 0;
                let fields = fields
                    .iter()
                    .map(|field| {
                        let layout = field.layout.mask();
                        let offset = size;
                        size += layout.size;
                        Field { name: field.name.clone(), offset, layout }
                    })
                    .collect();
                Self { kind: Kind::Struct(fields), size, big_endian: false }
            }
            Kind::Sub(inner, shape) => {
                let inner = inner.mask();
                let size = shape.iter().product::<usize>() * inner.size;
                Self { kind: Kind::Sub(Box::new(inner), shape.clone()), size, big_endian: false }
            }
            _ => Self::number(DType::Bool),
        }
    }

    /// numpy's name for it: `float64`, `<U3`, `datetime64[ns]`, `[('a', 'int32'), …]`.
    pub(crate) fn name(&self) -> String {
        let order = if self.big_endian { '>' } else { '<' };
        match &self.kind {
            Kind::Number(dtype) if self.big_endian => dtype.numpy_descr().replace('<', ">"),
            Kind::Number(dtype) => dtype.name().to_owned(),
            Kind::LongDouble => format!("float{}", 8 * self.size),
            Kind::ComplexLongDouble => format!("complex{}", 8 * self.size),
            Kind::Bytes => format!("|S{}", self.size),
            Kind::Text => format!("{order}U{}", self.size / 4),
            Kind::Void => format!("|V{}", self.size),
            Kind::DateTime(unit) => temporal("datetime64", 'M', *unit, self.big_endian),
            Kind::TimeDelta(unit) => temporal("timedelta64", 'm', *unit, self.big_endian),
            Kind::Object => "object".to_owned(),
            Kind::Strings => "StringDType()".to_owned(),
            Kind::Small(format) => format.name.to_owned(),
            Kind::Narrow(narrow) => narrow.name.to_owned(),
            Kind::Unknown(name) => name.clone(),
            Kind::Struct(fields) => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|field| format!("('{}', '{}')", field.name, field.layout.name()))
                    .collect();
                format!("[{}]", fields.join(", "))
            }
            Kind::Sub(layout, shape) => format!("({}, {shape:?})", layout.name()),
        }
    }

    /// Reads the type strings of numpy: `f8`, `<i4`, `|S5`, `M8[ns]`.
    pub(crate) fn from_descr(descr: &str) -> Option<Self> {
        let (order, rest) = match descr.as_bytes().first()? {
            b'<' | b'|' | b'=' => ('<', &descr[1..]),
            b'>' => ('>', &descr[1..]),
            _ => ('<', descr),
        };
        let kind = rest.chars().next()?;
        let digits = rest.get(kind.len_utf8()..)?;
        let (digits, unit) = match digits.split_once('[') {
            Some((digits, unit)) => (digits, Some(unit.strip_suffix(']')?)),
            None => (digits, None),
        };
        let size: usize = if digits.is_empty() { usize::from(kind == '?') } else { digits.parse().ok()? };
        let plain = |kind, size| Some(Self { kind, size, big_endian: order == '>' && size != 1 });
        let number = |dtype: DType| plain(Kind::Number(dtype), size);
        match (kind, size) {
            ('?', _) | ('b', 1) => Some(Self::number(DType::Bool)),
            ('i', 1) => number(DType::I8),
            ('i', 2) => number(DType::I16),
            ('i', 4) => number(DType::I32),
            ('i', 8) => number(DType::I64),
            ('u', 1) => number(DType::U8),
            ('u', 2) => number(DType::U16),
            ('u', 4) => number(DType::U32),
            ('u', 8) => number(DType::U64),
            ('f', 2) => number(DType::F16),
            ('f', 4) => number(DType::F32),
            ('f', 8) => number(DType::F64),
            ('c', 8) => number(DType::C64),
            ('c', 16) => number(DType::C128),
            ('f', 12 | 16) => plain(Kind::LongDouble, size),
            ('c', 24 | 32) => plain(Kind::ComplexLongDouble, size),
            ('S' | 'a', _) => Some(Self { kind: Kind::Bytes, size, big_endian: false }),
            ('U', _) => plain(Kind::Text, size.checked_mul(4)?),
            ('V', _) => Some(Self { kind: Kind::Void, size, big_endian: false }),
            ('M', 8) => plain(Kind::DateTime(unit_of(unit)?), 8),
            ('m', 8) => plain(Kind::TimeDelta(unit_of(unit)?), 8),
            ('O', _) => Some(Self::object()),
            _ => None,
        }
    }
}

fn temporal(name: &str, letter: char, unit: Unit, big_endian: bool) -> String {
    if big_endian { format!(">{letter}8[{unit}]") } else { format!("{name}[{unit}]") }
}

fn unit_of(text: Option<&str>) -> Option<Unit> {
    let Some(text) = text else {
        return Some(Unit { base: Base::Generic, count: 1 });
    };
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let count = if digits == 0 { 1 } else { text[..digits].parse().ok()? };
    Some(Unit { base: Base::of(&text[digits..])?, count })
}
