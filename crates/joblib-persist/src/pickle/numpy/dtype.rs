//! numpy's dtypes: what the bytes of an array's elements mean.

use joblib_array::DType;

use crate::pickle::class::{Class, Known};
use crate::pickle::machine::fault::Fault;
use crate::pickle::tree::{Id, Node, Tree};

/// Structured dtypes within structured dtypes.
const MAX_DEPTH: usize = 32;
/// Fields of one dtype, those of its fields included.
const MAX_FIELDS: usize = 16 * 1024;

/// The layout of one element.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pickle) struct Layout {
    pub(in crate::pickle) kind: Kind,
    /// Bytes of one element.
    pub(in crate::pickle) size: usize,
    /// Whether its words are big-endian.
    pub(in crate::pickle) big_endian: bool,
}

/// What an element is.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pickle) enum Kind {
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
    Struct(Vec<Field>),
    /// An array in each element.
    Sub(Box<Layout>, Vec<usize>),
}

/// A field of a structured dtype.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pickle) struct Field {
    pub(in crate::pickle) name: String,
    pub(in crate::pickle) offset: usize,
    pub(in crate::pickle) layout: Layout,
}

/// What `datetime64` and `timedelta64` count: `count` of a base unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pickle) struct Unit {
    pub(in crate::pickle) base: Base,
    pub(in crate::pickle) count: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pickle) enum Base {
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
    fn of(name: &str) -> Option<Self> {
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
    pub(in crate::pickle) fn number(dtype: DType) -> Self {
        Self { kind: Kind::Number(dtype), size: dtype.size(), big_endian: false }
    }

    pub(in crate::pickle) fn object() -> Self {
        Self { kind: Kind::Object, size: 8, big_endian: false }
    }

    pub(in crate::pickle) fn has_objects(&self) -> bool {
        match &self.kind {
            Kind::Object => true,
            Kind::Struct(fields) => fields.iter().any(|field| field.layout.has_objects()),
            Kind::Sub(layout, _) => layout.has_objects(),
            _ => false,
        }
    }

    /// numpy's name for it: `float64`, `<U3`, `datetime64[ns]`, `[('a', 'int32'), …]`.
    pub(in crate::pickle) fn name(&self) -> String {
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
    pub(in crate::pickle) fn from_descr(descr: &str) -> Option<Self> {
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

    /// The dtype that a node is.
    pub(in crate::pickle) fn from_tree(tree: &Tree, id: Id) -> Result<Self, Fault> {
        let mut fields_left = MAX_FIELDS;
        parse(tree, id, 0, &mut fields_left)
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

fn parse(tree: &Tree, id: Id, depth: usize, fields_left: &mut usize) -> Result<Layout, Fault> {
    if depth > MAX_DEPTH {
        return Err(Fault::limit(format!("a dtype is nested more than {MAX_DEPTH} levels deep")));
    }
    let bad = |what: &str| Fault::corrupt(format!("a dtype that is none: {what}"));
    let Node::Object(index) = tree.node(id) else {
        return Err(bad("it is not an object"));
    };
    let object = tree.object(index);
    if tree.known(object.class) != Known::DType {
        let class = tree.class_of(object.class).map_or_else(String::new, Class::path);
        return Err(Fault::unsupported(format!(
            "arrays of {class} can't be read: only numpy.dtype has a known layout"
        )));
    }
    let spec = tree.sequence(object.args).and_then(|args| args.first().copied());
    let spec = spec.and_then(|id| tree.text_of(id)).ok_or_else(|| bad("no type string"))?;
    let mut layout = Layout::from_descr(spec).ok_or_else(|| {
        Fault::unsupported(format!("arrays of dtype {spec:?} can't be read: its layout is not known"))
    })?;
    let Some(state) = object.state else {
        return Ok(layout);
    };
    let state = tree.sequence(state).ok_or_else(|| bad("its state is no tuple"))?;
    let at = |index: usize| state.get(index).copied();
    if at(1).and_then(|id| tree.text_of(id)) == Some(">") && layout.size != 1 {
        layout.big_endian = true;
    }
    if matches!(layout.kind, Kind::Void | Kind::Struct(_)) {
        if let Some(size) = at(5).and_then(|id| tree.int_of(id)).filter(|&size| size >= 0) {
            layout.size = usize::try_from(size).map_err(|_| bad("its item size is too large"))?;
        }
        if let Some(sub) = at(2).and_then(|id| tree.sequence(id)) {
            layout.kind = sub_array(tree, sub, depth, fields_left)?;
            let Kind::Sub(inner, shape) = &layout.kind else { return Err(bad("its sub-array")) };
            let size = shape.iter().try_fold(inner.size, |size, &len| size.checked_mul(len));
            layout.size = size.ok_or_else(|| bad("its sub-array is too large"))?;
        } else if let (Some(names), Some(fields)) =
            (at(3).and_then(|id| tree.sequence(id)), at(4).filter(|&id| tree.pairs(id).is_some()))
        {
            let names: Vec<Id> = names.to_vec();
            layout.kind = Kind::Struct(struct_fields(tree, &names, fields, layout.size, depth, fields_left)?);
        }
    }
    if let (Kind::DateTime(unit) | Kind::TimeDelta(unit), Some(metadata)) = (&mut layout.kind, at(8)) {
        *unit = time_unit(tree, metadata).ok_or_else(|| bad("its time unit"))?;
    }
    Ok(layout)
}

fn sub_array(tree: &Tree, sub: &[Id], depth: usize, fields_left: &mut usize) -> Result<Kind, Fault> {
    let bad = || Fault::corrupt("a dtype whose sub-array is not (dtype, shape)");
    let &[base, shape] = sub else { return Err(bad()) };
    let inner = parse(tree, base, depth + 1, fields_left)?;
    let shape = match tree.int_of(shape) {
        Some(len) => vec![usize::try_from(len).map_err(|_| bad())?],
        None => super::ndarray::shape_of(tree, shape)?,
    };
    super::ndarray::element_count(&shape)?;
    Ok(Kind::Sub(Box::new(inner), shape))
}

fn struct_fields(
    tree: &Tree,
    names: &[Id],
    fields: Id,
    size: usize,
    depth: usize,
    fields_left: &mut usize,
) -> Result<Vec<Field>, Fault> {
    let bad = |what: &str| Fault::corrupt(format!("a structured dtype with a field that is none: {what}"));
    let mut result = Vec::new();
    for &name in names {
        *fields_left = fields_left
            .checked_sub(1)
            .ok_or_else(|| Fault::limit(format!("a dtype has more than {MAX_FIELDS} fields")))?;
        let name = tree.text_of(name).ok_or_else(|| bad("its name is no text"))?;
        let parts = tree.get(fields, name).and_then(|id| tree.sequence(id)).ok_or_else(|| bad(name))?;
        let (&dtype, offset) = match parts {
            [dtype, offset, ..] => (dtype, tree.int_of(*offset)),
            _ => return Err(bad(name)),
        };
        let layout = parse(tree, dtype, depth + 1, fields_left)?;
        let offset = offset.and_then(|offset| usize::try_from(offset).ok()).ok_or_else(|| bad(name))?;
        if offset.checked_add(layout.size).is_none_or(|end| end > size) {
            return Err(bad(name));
        }
        result.push(Field { name: name.to_owned(), offset, layout });
    }
    Ok(result)
}

/// `(metadata, (b'ns', 1, 1, 1))`.
fn time_unit(tree: &Tree, metadata: Id) -> Option<Unit> {
    let parts = tree.sequence(*tree.sequence(metadata)?.get(1)?)?;
    let name = match tree.text_of(*parts.first()?) {
        Some(name) => name,
        None => std::str::from_utf8(tree.bytes_of(parts[0])?).ok()?,
    };
    let count = parts.get(1).and_then(|&id| tree.int_of(id)).unwrap_or(1);
    Some(Unit { base: Base::of(name)?, count })
}
