//! The values of a column, whatever they are kept in.

use std::ops::Range;
use std::rc::Rc;

use joblib_array::Buffer;

use super::period::Freq;
use crate::ends::Ends;
use crate::numpy::array::{Data, NdArray};
use crate::numpy::dtype::Kind;
use crate::tree::{Id, Tree};

/// The values of a column.
#[derive(Clone)]
pub(crate) enum Column {
    /// `utc` when they are times that pandas keeps in UTC.
    Array {
        array: Rc<NdArray>,
        utc: bool,
    },
    /// Values with a mask that is true where there is none.
    Masked {
        data: Rc<NdArray>,
        mask: Rc<NdArray>,
        utc: bool,
    },
    /// Numbers of categories; -1 where there is none.
    Categories {
        codes: Rc<NdArray>,
        categories: Box<Column>,
    },
    Range {
        start: i64,
        stop: i64,
        step: i64,
    },
    /// Text or bytes, one after another.
    Texts(Rc<Texts>),
    /// Values that were worked out when the column was read.
    Made(Rc<[Made]>),
    /// Sequences of the values of another column.
    Lists(Rc<Lists>),
    /// One value of each column together: the levels of a `MultiIndex`, the fields of a struct.
    Rows(Rc<Rows>),
    Intervals {
        left: Box<Column>,
        right: Box<Column>,
        closed: Closed,
    },
    /// Counts of periods since 1970.
    Periods {
        ordinals: Rc<NdArray>,
        freq: Freq,
    },
    Sparse(Rc<Sparse>),
    Runs(Rc<Runs>),
    Union(Rc<Union>),
    /// Columns one after another.
    Chunks(Rc<[Column]>),
    /// Values of a class that is not known.
    Opaque {
        id: Id,
        len: usize,
    },
}

/// Text or bytes with the places where they end.
pub(crate) struct Texts {
    pub(crate) ends: Ends,
    pub(crate) bytes: Buffer,
    pub(crate) missing: Missing,
    pub(crate) is_text: bool,
}

impl Texts {
    /// The bytes at a place; `None` where there is no value.
    pub(crate) fn get(&self, place: usize) -> Option<&[u8]> {
        if self.missing.at(place) {
            return None;
        }
        self.bytes.as_bytes().get(self.ends.at(place))
    }
}

/// Which values are missing.
#[derive(Clone, Default)]
pub(crate) struct Missing(pub(crate) Option<Rc<[bool]>>);

impl Missing {
    pub(crate) fn at(&self, place: usize) -> bool {
        self.0.as_ref().is_some_and(|missing| missing.get(place).copied().unwrap_or(true))
    }
}

/// A value of its own.
#[derive(Debug, Clone)]
pub(crate) enum Made {
    Missing,
    /// A text, and the class of Python that it is of.
    Text(&'static str, String),
}

/// Values each of which stands in a run of places.
pub(crate) struct Runs {
    /// Where each run ends, counted from `offset` places before the first.
    pub(crate) ends: Vec<usize>,
    pub(crate) values: Column,
    pub(crate) offset: usize,
    pub(crate) len: usize,
}

pub(crate) struct Lists {
    pub(crate) spans: Spans,
    pub(crate) values: Column,
    pub(crate) missing: Missing,
}

/// Which values each list has.
pub(crate) enum Spans {
    Ends(Ends),
    /// Places that may lie in several lists.
    Each(Vec<Range<usize>>),
}

impl Spans {
    fn len(&self) -> usize {
        match self {
            Self::Ends(ends) => ends.values(),
            Self::Each(spans) => spans.len(),
        }
    }

    /// The places of the values in the list at `place`.
    pub(crate) fn at(&self, place: usize) -> Range<usize> {
        match self {
            Self::Ends(ends) => ends.at(place),
            Self::Each(spans) => spans[place].clone(),
        }
    }
}

/// Values of several columns by turns.
pub(crate) struct Union {
    /// The number of the column of each value, and its place there.
    pub(crate) choices: Vec<(usize, usize)>,
    pub(crate) columns: Vec<Column>,
}

pub(crate) struct Rows {
    pub(crate) names: Vec<Option<RowName>>,
    pub(crate) columns: Vec<Column>,
    pub(crate) missing: Missing,
    pub(crate) len: usize,
    /// The place of the first row in the columns.
    pub(crate) offset: usize,
    /// Whether a row is a tuple and not a dict.
    pub(crate) is_tuple: bool,
}

/// The name of a level or a field.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RowName {
    Node(Id),
}

pub(crate) struct Sparse {
    /// Places that have a value, ascending.
    pub(crate) places: Vec<usize>,
    pub(crate) values: Column,
    /// The value of all other places; `None` where that is that there is none.
    pub(crate) fill: Option<Id>,
    pub(crate) len: usize,
}

/// Which ends belong to an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    Left,
    Right,
    Both,
    Neither,
}

impl Closed {
    pub(crate) fn of(tree: &Tree, id: Id) -> Option<Self> {
        Self::named(tree.text_of(id)?)
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "left" => Self::Left,
            "right" => Self::Right,
            "both" => Self::Both,
            "neither" => Self::Neither,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Both => "both",
            Self::Neither => "neither",
        }
    }

    /// The interval as Python prints it.
    pub(crate) fn text(self, left: &str, right: &str) -> String {
        let open = if matches!(self, Self::Left | Self::Both) { '[' } else { '(' };
        let close = if matches!(self, Self::Right | Self::Both) { ']' } else { ')' };
        format!("{open}{left}, {right}{close}")
    }
}

impl Column {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Array { array, .. }
            | Self::Masked { data: array, .. }
            | Self::Categories { codes: array, .. }
            | Self::Periods { ordinals: array, .. } => array.len(),
            Self::Range { start, stop, step } => range_len(*start, *stop, *step),
            Self::Texts(texts) => texts.ends.values(),
            Self::Made(values) => values.len(),
            Self::Lists(lists) => lists.spans.len(),
            Self::Union(union) => union.choices.len(),
            Self::Rows(rows) => rows.len,
            Self::Intervals { left, .. } => left.len(),
            Self::Sparse(sparse) => sparse.len,
            Self::Runs(runs) => runs.len,
            Self::Chunks(chunks) => chunks.iter().fold(0, |len, chunk| len.saturating_add(chunk.len())),
            Self::Opaque { len, .. } => *len,
        }
    }
}

impl Column {
    /// Whether each of its values takes bytes in the file, so that these bound how many there are.
    pub(crate) fn is_stored(&self) -> bool {
        match self {
            Self::Range { .. } | Self::Sparse(_) | Self::Runs(_) | Self::Opaque { .. } => false,
            Self::Chunks(chunks) => chunks.iter().all(Self::is_stored),
            Self::Rows(rows) => rows.columns.iter().any(Self::is_stored),
            Self::Intervals { left, .. } => left.is_stored(),
            _ => true,
        }
    }
}

/// Numbers in `range(start, stop, step)`.
pub(crate) fn range_len(start: i64, stop: i64, step: i64) -> usize {
    let (start, stop, step) = (i128::from(start), i128::from(stop), i128::from(step));
    let len = match step {
        0 => 0,
        1.. => (stop - start + step - 1) / step,
        _ => (start - stop - step - 1) / -step,
    };
    usize::try_from(len.max(0)).unwrap_or(usize::MAX)
}

/// An integer of an array.
pub(crate) fn array_int(array: &NdArray, place: usize) -> Option<i64> {
    use crate::numpy::element::{Number, number};

    match (&array.data, &array.layout.kind) {
        (Data::Bytes(buffer), Kind::Number(dtype)) => {
            let size = array.layout.size;
            let bytes = buffer.as_bytes().get(place.checked_mul(size)?..(place + 1).checked_mul(size)?)?;
            match number(*dtype, array.layout.big_endian, bytes)? {
                Number::Int(value) => Some(value),
                Number::Uint(value) => i64::try_from(value).ok(),
                Number::Bool(value) => Some(i64::from(value)),
                _ => None,
            }
        }
        _ => None,
    }
}
