//! The types of Arrow, out of the calls that pyarrow pickles them as.

use joblib_array::DType;

use crate::meaning::column::RowName;
use crate::numpy::dtype::{Base, Unit};
use crate::tree::{Id, Node, Tree};

/// Types within types; real ones are a few deep.
pub(super) const MAX_DEPTH: usize = 16;

/// A type of Arrow, by what its buffers are.
pub(super) enum Type {
    Null,
    Bool,
    Number(DType),
    /// 64-bit counts of a unit.
    DateTime(Unit, bool),
    TimeDelta(Unit),
    /// Days in 32 bits.
    Date32,
    /// The time of day in units of which a second has so many.
    Time {
        size: usize,
        per_second: i64,
    },
    /// 4 to 32 bytes, and digits behind the point.
    Decimal {
        size: usize,
        scale: usize,
    },
    /// Text or bytes; `large` with ends of 64 bits.
    Text {
        large: bool,
        is_text: bool,
    },
    /// Text or bytes, short ones within the view of them.
    View {
        is_text: bool,
    },
    FixedBytes(usize),
    List {
        large: bool,
    },
    FixedList(usize),
    Struct(Vec<RowName>),
    /// Lists of pairs of a key and its value.
    Map,
    Dictionary(DType),
    /// Values with the places where runs of them end.
    RunEnds,
}

/// The type that a pickled `DataType` is.
pub(super) fn type_of(tree: &Tree, id: Id, depth: usize) -> Option<Type> {
    if depth > MAX_DEPTH {
        return None;
    }
    let Node::Object(object) = tree.node(id) else { return None };
    let object = tree.object(object);
    let args = tree.sequence(object.args)?;
    let class = tree.class_of(object.class).filter(|class| class.module.starts_with("pyarrow"))?;
    let size = |at: usize| {
        args.get(at).and_then(|&id| tree.int_of(id)).and_then(|value| usize::try_from(value).ok())
    };
    let text = |at: usize| args.get(at).and_then(|&id| tree.text_of(id));
    Some(match &*class.name {
        "type_for_alias" => alias(text(0)?)?,
        "timestamp" => Type::DateTime(unit(text(0)?)?, text(1).is_some()),
        "duration" => Type::TimeDelta(unit(text(0)?)?),
        "time32" | "time64" => alias(&format!("{}[{}]", class.name, text(0)?))?,
        "decimal32" => Type::Decimal { size: 4, scale: size(1).unwrap_or(0) },
        "decimal64" => Type::Decimal { size: 8, scale: size(1).unwrap_or(0) },
        "decimal128" => Type::Decimal { size: 16, scale: size(1).unwrap_or(0) },
        "decimal256" => Type::Decimal { size: 32, scale: size(1).unwrap_or(0) },
        "binary" => Type::FixedBytes(size(0)?),
        "list_" => match size(1) {
            Some(len) => Type::FixedList(len),
            None => Type::List { large: false },
        },
        "large_list" => Type::List { large: true },
        "map_" => Type::Map,
        "run_end_encoded" => Type::RunEnds,
        "struct" => Type::Struct(
            tree.sequence(*args.first()?)?
                .iter()
                .map(|&field| match tree.node(field) {
                    Node::Object(field) => {
                        tree.sequence(tree.object(field).args)?.first().copied().map(RowName::Node)
                    }
                    _ => None,
                })
                .collect::<Option<_>>()?,
        ),
        "dictionary" => match type_of(tree, *args.first()?, depth + 1)? {
            Type::Number(dtype) => Type::Dictionary(dtype),
            _ => return None,
        },
        _ => return None,
    })
}

/// The type of a name that `str(type)` gives.
fn alias(name: &str) -> Option<Type> {
    let time = |size, per_second| Type::Time { size, per_second };
    Some(match name {
        "null" => Type::Null,
        "bool" => Type::Bool,
        "float" => Type::Number(DType::F32),
        "double" => Type::Number(DType::F64),
        "halffloat" => Type::Number(DType::F16),
        "string" | "utf8" => Type::Text { large: false, is_text: true },
        "large_string" | "large_utf8" => Type::Text { large: true, is_text: true },
        "binary" => Type::Text { large: false, is_text: false },
        "large_binary" => Type::Text { large: true, is_text: false },
        "string_view" | "utf8_view" => Type::View { is_text: true },
        "binary_view" => Type::View { is_text: false },
        "date32[day]" | "date32" => Type::Date32,
        "date64[ms]" | "date64" => Type::DateTime(unit("ms")?, false),
        "time32[s]" => time(4, 1),
        "time32[ms]" => time(4, 1000),
        "time64[us]" => time(8, 1_000_000),
        "time64[ns]" => time(8, 1_000_000_000),
        _ => {
            if let Some(unit_name) = name.strip_prefix("timestamp[").and_then(|rest| rest.strip_suffix(']')) {
                let (unit_name, zone) =
                    unit_name.split_once(',').map_or((unit_name, false), |(unit, _)| (unit, true));
                return Some(Type::DateTime(unit(unit_name)?, zone));
            }
            if let Some(name) = name.strip_prefix("duration[").and_then(|rest| rest.strip_suffix(']')) {
                return Some(Type::TimeDelta(unit(name)?));
            }
            Type::Number(name.parse().ok().filter(|dtype| {
                matches!(
                    dtype,
                    DType::I8
                        | DType::I16
                        | DType::I32
                        | DType::I64
                        | DType::U8
                        | DType::U16
                        | DType::U32
                        | DType::U64
                )
            })?)
        }
    })
}

fn unit(name: &str) -> Option<Unit> {
    let base = match name {
        "s" => Base::Second,
        "ms" => Base::Milli,
        "us" => Base::Micro,
        "ns" => Base::Nano,
        _ => return None,
    };
    Some(Unit { base, count: 1 })
}
