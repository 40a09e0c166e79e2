//! The types of Arrow, out of the calls that pyarrow pickles them as.

use joblib_array::DType;

use crate::meaning::column::{Closed, RowName};
use crate::meaning::period::Freq;
use crate::numpy::dtype::{Base, Unit};
use crate::tree::{Id, Node, Object, Tree};

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
    /// Milliseconds at the start of a day.
    Date64,
    /// Months, days and nanoseconds.
    MonthsDaysNanos,
    /// A truth value in a byte.
    Bool8,
    Uuid,
    /// pandas' periods, as their numbers.
    Periods(Freq),
    /// pandas' intervals, as structs of their ends.
    Intervals(Closed, Vec<RowName>),
    /// Values of several types by turns, with the codes of the types; a dense one has their places, too.
    Union {
        dense: bool,
        codes: Vec<i64>,
    },
    /// The time of day, with this many units per second.
    Time {
        size: usize,
        per_second: i64,
    },
    /// 4 to 32 bytes, and digits behind the point.
    Decimal {
        size: usize,
        scale: i64,
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
    /// Lists whose values may lie anywhere.
    ListView {
        large: bool,
    },
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
    let Some(class) = tree.class_of(object.class).filter(|class| class.module.starts_with("pyarrow")) else {
        return extension(tree, object, args, depth);
    };
    let size = |at: usize| {
        args.get(at).and_then(|&id| tree.int_of(id)).and_then(|value| usize::try_from(value).ok())
    };
    let text = |at: usize| args.get(at).and_then(|&id| tree.text_of(id));
    let scale = || args.get(1).map_or(Some(0), |&id| tree.int_of(id));
    Some(match &*class.name {
        "type_for_alias" => alias(text(0)?)?,
        "timestamp" => Type::DateTime(unit(text(0)?)?, text(1).is_some()),
        "duration" => Type::TimeDelta(unit(text(0)?)?),
        "time32" | "time64" => alias(&format!("{}[{}]", class.name, text(0)?))?,
        "decimal32" => Type::Decimal { size: 4, scale: scale()? },
        "decimal64" => Type::Decimal { size: 8, scale: scale()? },
        "decimal128" => Type::Decimal { size: 16, scale: scale()? },
        "decimal256" => Type::Decimal { size: 32, scale: scale()? },
        "binary" => Type::FixedBytes(size(0)?),
        "uuid" => Type::Uuid,
        "bool8" => Type::Bool8,
        "json_" | "opaque" => type_of(tree, *args.first()?, depth + 1)?,
        // Row by row, as Arrow stores it.
        "fixed_shape_tensor" => Type::FixedList(
            tree.sequence(*args.get(1)?)?
                .iter()
                .try_fold(1_usize, |size, &len| size.checked_mul(usize::try_from(tree.int_of(len)?).ok()?))?,
        ),
        "list_view" => Type::ListView { large: false },
        "large_list_view" => Type::ListView { large: true },
        "union" => Type::Union {
            dense: text(1)? == "dense",
            codes: match args.get(2).and_then(|&id| tree.sequence(id)) {
                Some(codes) => codes.iter().map(|&code| tree.int_of(code)).collect::<Option<_>>()?,
                None => (0..tree.sequence(*args.first()?)?.len() as i64).collect(),
            },
        },
        "list_" => match size(1) {
            Some(len) => Type::FixedList(len),
            None => Type::List { large: false },
        },
        "large_list" => Type::List { large: true },
        "map_" => Type::Map,
        "run_end_encoded" => Type::RunEnds,
        "struct" => Type::Struct(fields(tree, *args.first()?)?),
        "dictionary" => match type_of(tree, *args.first()?, depth + 1)? {
            Type::Number(dtype) => Type::Dictionary(dtype),
            _ => return None,
        },
        _ => return None,
    })
}

/// The names of a struct's fields.
fn fields(tree: &Tree, fields: Id) -> Option<Vec<RowName>> {
    tree.sequence(fields)?
        .iter()
        .map(|&field| match tree.node(field) {
            Node::Object(field) => {
                tree.sequence(tree.object(field).args)?.first().copied().map(RowName::Node)
            }
            _ => None,
        })
        .collect()
}

/// A type of another package, `Class.__arrow_ext_deserialize__(storage, parameters)`: what Arrow says to take for the type that
/// its values are stored as, but for pandas' periods and intervals.
fn extension(tree: &Tree, object: &Object, args: &[Id], depth: usize) -> Option<Type> {
    let (Node::Object(method), &[storage, parameters, ..]) = (tree.node(object.class), args) else {
        return None;
    };
    let method = tree.sequence(tree.object(method).args)?;
    let &[class, name] = method else { return None };
    if tree.text_of(name)? != "__arrow_ext_deserialize__" {
        return None;
    }
    let stored = type_of(tree, storage, depth + 1)?;
    let class = tree.class_of(class)?;
    let parameter = |name: &str| {
        let json = std::str::from_utf8(tree.bytes_of(parameters)?).ok()?;
        let (_, rest) = json.split_once(&format!("\"{name}\": \""))?;
        rest.split_once('"').map(|(value, _)| value)
    };
    match (&*class.name, stored) {
        ("ArrowPeriodType", Type::Number(DType::I64)) => Some(Type::Periods(Freq::of(parameter("freq")?)?)),
        ("ArrowIntervalType", Type::Struct(names)) => {
            Some(Type::Intervals(Closed::named(parameter("closed")?)?, names))
        }
        (_, stored) => Some(stored),
    }
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
        "date64[ms]" | "date64" => Type::Date64,
        "month_day_nano_interval" => Type::MonthsDaysNanos,
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
