//! What an object of a known class means, worked out from its class, arguments and state when somebody looks.

pub(in crate::pickle) mod frame;
pub(in crate::pickle) mod moment;

use std::borrow::Cow;

use self::frame::{Column, Frame};
use self::moment::{Moment, Span};
use crate::pickle::class::Known;
use crate::pickle::int;
use crate::pickle::numpy::ndarray::{self, Masked};
use crate::pickle::tree::{Id, Node, Object, Tree, find};

/// A value that Python keeps as an object.
pub(in crate::pickle) enum Meaning<'t> {
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
    Series {
        name: Option<Id>,
        index: Option<Column>,
        values: Column,
    },
    Index(Column),
    Instance(Instance<'t>),
}

/// An instance of a class that means nothing special, or the result of a call that was not made.
pub(in crate::pickle) struct Instance<'t> {
    pub(in crate::pickle) args: &'t [Id],
    /// Attributes: keys and values by turns, first those of `__dict__`, then those of `__slots__`.
    pub(in crate::pickle) attributes: [&'t [Id]; 2],
    /// A state that is no attributes.
    pub(in crate::pickle) other_state: Option<Id>,
    pub(in crate::pickle) items: &'t [Id],
    pub(in crate::pickle) pairs: &'t [Id],
    /// The member of an enum that was pickled by name.
    pub(in crate::pickle) member: Option<&'t str>,
}

impl Instance<'_> {
    pub(in crate::pickle) fn has_attributes(&self) -> bool {
        !self.attributes[0].is_empty() || !self.attributes[1].is_empty()
    }
}

/// What the object at `index` means.
pub(in crate::pickle) fn of(tree: &Tree, index: u32) -> Meaning<'_> {
    let object = tree.object(index);
    known(tree, object).unwrap_or_else(|| Meaning::Instance(instance(tree, object)))
}

fn known<'t>(tree: &'t Tree, object: &'t Object) -> Option<Meaning<'t>> {
    let known = tree.known(object.class);
    let args = tree.sequence(object.args).unwrap_or_default();
    match known {
        Known::Other => None,
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
        Known::DateTime | Known::Date | Known::Time => {
            Some(Meaning::Moment(Moment::from_object(tree, known, object)?))
        }
        Known::Timestamp => match tree.int_of(*args.first()?)? {
            i64::MIN => Some(Meaning::Missing),
            _ => Some(Meaning::Moment(Moment::from_object(tree, known, object)?)),
        },
        Known::Timedelta if tree.int_of(*args.first()?)? == i64::MIN => Some(Meaning::Missing),
        Known::TimeDelta | Known::Timedelta => Some(Meaning::Span(Span::from_object(tree, known, object)?)),
        Known::PandasNat | Known::PandasNa => Some(Meaning::Missing),
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
        Known::Range => match *args {
            [start, stop, step] => {
                let (start, stop, step) = (tree.int_of(start)?, tree.int_of(stop)?, tree.int_of(step)?);
                (step != 0).then_some(Meaning::Range { start, stop, step })
            }
            _ => None,
        },
        Known::Slice => args.try_into().ok().map(Meaning::Slice),
        Known::MaskedReconstruct => ndarray::masked_parts(tree, object).map(Meaning::Masked),
        Known::Sparse => sparse(tree, object.state?),
        Known::DataFrame => frame::data_frame(tree, object).map(Meaning::Frame),
        Known::Series => {
            let (name, index, values) = frame::series(tree, object)?;
            Some(Meaning::Series { name, index, values })
        }
        _ => frame::column_of_object(tree, object, 0).map(Meaning::Index),
    }
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

/// What is there to see of an object of no known class.
pub(in crate::pickle) fn instance<'t>(tree: &'t Tree, object: &'t Object) -> Instance<'t> {
    let mut attributes: [&[Id]; 2] = [&[], &[]];
    let mut other_state = None;
    if let Some(state) = object.state {
        match (tree.pairs(state), tree.sequence(state)) {
            (Some(pairs), _) => attributes[0] = pairs,
            // `(__dict__ or None, __slots__)`.
            (None, Some(&[dict, slots]))
                if matches!(tree.node(state), Node::Tuple(_))
                    && tree.pairs(slots).is_some()
                    && matches!(tree.node(dict), Node::None | Node::Dict(_)) =>
            {
                attributes = [tree.pairs(dict).unwrap_or_default(), tree.pairs(slots).unwrap_or_default()];
            }
            _ => other_state = Some(state),
        }
    }
    let args = tree.sequence(object.args).unwrap_or_default();
    let member = match (tree.known(object.class), args) {
        (Known::GetAttr, &[_, name]) => tree.text_of(name),
        _ => None,
    };
    Instance {
        args,
        attributes,
        other_state,
        items: tree.items(object.items),
        pairs: tree.items(object.pairs),
        member,
    }
}

/// The attribute of an object under a name.
pub(in crate::pickle) fn attribute(tree: &Tree, object: &Object, name: &str) -> Option<Id> {
    let [dict, slots] = instance(tree, object).attributes;
    find(tree, dict, name).or_else(|| find(tree, slots, name))
}

pub(in crate::pickle) fn float(tree: &Tree, id: Id) -> Option<f64> {
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
