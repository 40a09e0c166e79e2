//! What an object of a known class means, worked out from its class, arguments and state when somebody looks.

pub(crate) mod arrow;
pub(crate) mod calendar;
pub(crate) mod column;
mod dtype;
pub(crate) mod extension;
pub(crate) mod frame;
pub(crate) mod instance;
mod iso;
pub(crate) mod moment;
pub(crate) mod period;
pub(crate) mod span;
pub(crate) mod zone;

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use self::column::{Closed, Column};
use self::frame::{Frame, Series};
pub(crate) use self::instance::Instance;
use self::instance::instance;
use self::moment::Moment;
use self::span::Span;
use crate::class::Known;
use crate::int;
use crate::numpy::ndarray::{self, Masked};
use crate::tree::{Id, Node, Object, Tree};

/// A value that Python keeps as an object.
pub(crate) enum Meaning<'t> {
    /// There is no value: `pandas.NA`, `NaT`.
    Missing,
    /// Keys and values by turns.
    Mapping(Cow<'t, [Id]>),
    Sequence(&'t [Id]),
    Complex(f64, f64),
    Moment(Moment),
    Span(Span),
    /// A number in decimal digits.
    Decimal(&'t str),
    Fraction(Cow<'t, str>, Cow<'t, str>),
    Uuid(u128),
    Path(String),
    Range {
        start: i64,
        stop: i64,
        step: i64,
    },
    /// `start`, `stop` and `step`.
    Slice([Id; 3]),
    Masked(Masked),
    /// A sparse matrix: its fields under scipy's public names.
    Sparse(Vec<(Cow<'t, str>, Id)>),
    Frame(Frame),
    Series(Series),
    Index(Column),
    /// A regular expression and Python's number of its flags.
    Pattern(&'t str, i64),
    /// A text that says all of it.
    Text(String),
    /// A value in a wrapper that says no more than it.
    Same(Id),
    Interval {
        ends: [Id; 2],
        closed: Closed,
    },
    Instance(Instance<'t>),
}

/// What the object at `index` means.
pub(crate) fn of(tree: &Tree, index: u32) -> Meaning<'_> {
    let object = tree.object(index);
    known(tree, object).unwrap_or_else(|| Meaning::Instance(instance(tree, object)))
}

fn known<'t>(tree: &'t Tree, object: &'t Object) -> Option<Meaning<'t>> {
    let known = tree.known(object.class);
    let args = tree.sequence(object.args).unwrap_or_default();
    match known {
        Known::Other => table_of_subclass(tree, object)
            .or_else(|| moment_of_subclass(tree, object).map(Meaning::Moment))
            .or_else(|| dtype::of_pandas(tree, object).map(Meaning::Text)),
        Known::DType => dtype::of_numpy(tree, object).map(Meaning::Text),
        Known::Mapping => mapping(tree, object, args),
        Known::Deque => {
            let items = tree.items(object.items);
            match args.first().and_then(|&id| tree.sequence(id)) {
                Some(first) if items.is_empty() => Some(Meaning::Sequence(first)),
                _ => Some(Meaning::Sequence(items)),
            }
        }
        Known::Complex => match *args {
            [re, im] => Some(Meaning::Complex(float(tree, re)?, float(tree, im)?)),
            _ => None,
        },
        Known::DateTime | Known::Date | Known::Time | Known::DateTimeParts | Known::TimeParts => {
            Some(Meaning::Moment(Moment::from_object(tree, known, object)?))
        }
        Known::Timestamp => match tree.int_of(*args.first()?)? {
            i64::MIN => Some(Meaning::Missing),
            _ => Some(Meaning::Moment(Moment::from_object(tree, known, object)?)),
        },
        Known::Timedelta if tree.int_of(*args.first()?)? == i64::MIN => Some(Meaning::Missing),
        Known::TimeDelta | Known::Timedelta => Some(Meaning::Span(Span::from_object(tree, known, object)?)),
        Known::PandasNat | Known::PandasNa | Known::MaskedConstant => Some(Meaning::Missing),
        Known::Decimal => Some(Meaning::Decimal(tree.text_of(*args.first()?)?)),
        Known::Fraction => match *args {
            [one] => {
                let text = tree.text_of(one)?;
                let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
                Some(Meaning::Fraction(numerator.into(), denominator.into()))
            }
            [numerator, denominator] => {
                Some(Meaning::Fraction(digits(tree, numerator)?.into(), digits(tree, denominator)?.into()))
            }
            _ => None,
        },
        Known::Uuid => {
            let value = tree.get(object.state?, "int")?;
            match tree.node(value) {
                Node::Int(value) => u128::try_from(value).ok(),
                Node::Long(span) => int::wide_unsigned(tree.pool_bytes(span)),
                _ => None,
            }
            .map(Meaning::Uuid)
        }
        Known::Path => path(tree, args, '/'),
        Known::WindowsPath => path(tree, args, '\\'),
        Known::Pattern => match *args {
            [pattern, flags] => Some(Meaning::Pattern(tree.text_of(pattern)?, tree.int_of(flags)?)),
            _ => None,
        },
        Known::Range => match *args {
            [start, stop, step] => {
                let (start, stop, step) = (tree.int_of(start)?, tree.int_of(stop)?, tree.int_of(step)?);
                (step != 0).then_some(Meaning::Range { start, stop, step })
            }
            _ => None,
        },
        Known::Slice => args.try_into().ok().map(Meaning::Slice),
        Known::MaskedReconstruct => ndarray::masked_parts(tree, object).map(Meaning::Masked),
        // A `dok` matrix was a dict before scipy 1.12: its entries are not in its attributes.
        Known::Sparse if !tree.items(object.pairs).is_empty() => None,
        Known::Sparse => sparse(tree, object.state?),
        Known::DataFrame => frame::data_frame(tree, object).map(Meaning::Frame),
        Known::Series => frame::series(tree, object).map(Meaning::Series),
        Known::Interval => match *args {
            [left, right, closed] => {
                Some(Meaning::Interval { ends: [left, right], closed: Closed::of(tree, closed)? })
            }
            _ => None,
        },
        Known::ArrowScalar => Some(Meaning::Same(*args.first()?)),
        Known::IpAddress => ip_address(tree, *args.first()?).map(Meaning::Text),
        Known::ZoneInfo | Known::PytzZone => Some(Meaning::Text(tree.text_of(*args.first()?)?.to_owned())),
        Known::Utc => Some(Meaning::Text("UTC".to_owned())),
        Known::Period => period::scalar(tree, args).map(Meaning::Text),
        Known::ArrowTable => frame::arrow_table(tree, args).map(Meaning::Frame),
        _ => extension::column_of_object(tree, object, 0).map(Meaning::Index),
    }
}

/// An instance of a class that is made of pandas' `DataFrame` or `Series`, as it says in its state.
fn table_of_subclass<'t>(tree: &'t Tree, object: &'t Object) -> Option<Meaning<'t>> {
    match tree.text_of(tree.get(object.state?, "_typ")?)? {
        "dataframe" => frame::data_frame(tree, object).map(Meaning::Frame),
        "series" => frame::series(tree, object).map(Meaning::Series),
        _ => None,
    }
}

/// A date or time of a class that is made of one of Python's. These are pickled as a call with the bytes that Python's own are
/// called with; a class of bytes is not called, but made as an instance.
fn moment_of_subclass(tree: &Tree, object: &Object) -> Option<Moment> {
    let args = tree.sequence(object.args)?;
    if !object.called || object.state.is_some() || args.len() > 2 {
        return None;
    }
    let known = match tree.bytes_of(*args.first()?)?.len() {
        10 => Known::DateTime,
        6 => Known::Time,
        4 if args.len() == 1 => Known::Date,
        _ => return None,
    };
    Moment::from_object(tree, known, object)
}

fn mapping<'t>(tree: &'t Tree, object: &'t Object, args: &'t [Id]) -> Option<Meaning<'t>> {
    let pairs = tree.items(object.pairs);
    if !pairs.is_empty() || args.is_empty() {
        return Some(Meaning::Mapping(pairs.into()));
    }
    let first = args[0];
    if let Some(pairs) = tree.pairs(first) {
        return Some(Meaning::Mapping(pairs.into()));
    }
    // Python 2 gave an OrderedDict its items as a list of lists.
    match tree.sequence(first) {
        Some(items) => {
            let mut pairs = Vec::new();
            for &item in items {
                match tree.sequence(item)? {
                    &[key, value] => pairs.extend([key, value]),
                    _ => return None,
                }
            }
            Some(Meaning::Mapping(pairs.into()))
        }
        // A defaultdict's first argument is what makes its defaults.
        None => Some(Meaning::Mapping(pairs.into())),
    }
}

fn path<'t>(tree: &'t Tree, args: &[Id], separator: char) -> Option<Meaning<'t>> {
    let mut path = String::new();
    for &part in args {
        let part = tree.text_of(part)?;
        if !path.is_empty() && !path.ends_with(separator) {
            path.push(separator);
        }
        path.push_str(part);
    }
    if path.is_empty() {
        path.push('.');
    }
    Some(Meaning::Path(path))
}

/// `IPv4Address(number)`, `IPv6Address(text)` or a network or an interface of either.
fn ip_address(tree: &Tree, address: Id) -> Option<String> {
    match tree.node(address) {
        Node::Int(number) => u32::try_from(number).ok().map(|number| Ipv4Addr::from(number).to_string()),
        Node::Long(span) => {
            int::wide_unsigned(tree.pool_bytes(span)).map(|number| Ipv6Addr::from(number).to_string())
        }
        _ => tree.text_of(address).map(str::to_owned),
    }
}

fn sparse(tree: &Tree, state: Id) -> Option<Meaning<'_>> {
    let mut fields = Vec::new();
    for pair in tree.pairs(state)?.chunks_exact(2) {
        let name = tree.text_of(pair[0])?;
        match (name, tree.sequence(pair[1])) {
            ("_shape", _) => fields.push(("shape".into(), pair[1])),
            // scipy ≥ 1.11 keeps a coo matrix's row and col together.
            ("coords", Some(&[row, col])) => {
                fields.push(("row".into(), row));
                fields.push(("col".into(), col));
            }
            _ => fields.push((name.into(), pair[1])),
        }
    }
    Some(Meaning::Sparse(fields))
}

/// A regular expression with those flags in front that change what it matches.
pub(crate) fn pattern_text(pattern: &str, flags: i64) -> String {
    const LETTERS: [(i64, char); 5] = [(256, 'a'), (2, 'i'), (8, 'm'), (16, 's'), (64, 'x')];
    let letters: String =
        LETTERS.into_iter().filter(|(flag, _)| flags & flag != 0).map(|(_, letter)| letter).collect();
    if letters.is_empty() { pattern.to_owned() } else { format!("(?{letters}){pattern}") }
}

pub(crate) fn float(tree: &Tree, id: Id) -> Option<f64> {
    match tree.node(id) {
        Node::Float(value) => Some(value),
        Node::Int(value) => Some(value as f64),
        _ => None,
    }
}

fn digits(tree: &Tree, id: Id) -> Option<String> {
    match tree.node(id) {
        Node::Int(value) => Some(value.to_string()),
        Node::Long(span) => Some(int::decimal(tree.pool_bytes(span))),
        _ => None,
    }
}
