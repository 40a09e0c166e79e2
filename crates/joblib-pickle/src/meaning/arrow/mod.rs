//! pyarrow's arrays, out of the parts that they are pickled as: `_restore_array((type, length, null_count, offset,
//! buffers, children, dictionary))`. The layout of the buffers is Arrow's columnar format
//! (<https://arrow.apache.org/docs/format/Columnar.html>).

mod kind;
mod view;

use std::rc::Rc;

use joblib_array::{Buffer, DType, Order};

use self::kind::{MAX_DEPTH, Type, type_of};
use super::column::{Column, Lists, Made, Missing, Rows, Runs, Spans, Sparse, Texts, Union, array_int};
use crate::ends::Ends;
use crate::int::{self, uuid_text};
use crate::numpy::array::{Data, NdArray};
use crate::numpy::dtype::{Base, Kind, Layout, Unit};
use crate::numpy::element::{Number, number};
use crate::tree::{Id, Node, Tree};

struct Parts<'t> {
    tree: &'t Tree,
    len: usize,
    offset: usize,
    buffers: Vec<Option<Buffer>>,
    children: &'t [Id],
    missing: Missing,
}

/// The array that the tuple of its parts describes.
pub(crate) fn array(tree: &Tree, data: Id, depth: usize) -> Option<Column> {
    if depth > MAX_DEPTH {
        return None;
    }
    let &[kind, len, nulls, offset, buffers, children, ref rest @ ..] = tree.sequence(data)? else {
        return None;
    };
    let size = |id: Id| tree.int_of(id).and_then(|value| usize::try_from(value).ok());
    let (len, offset) = (size(len)?, size(offset)?);
    let end = offset.checked_add(len)?;
    let buffers = tree
        .sequence(buffers)?
        .iter()
        .map(|&id| match tree.node(id) {
            Node::None => Some(None),
            _ => buffer(tree, id).map(Some),
        })
        .collect::<Option<Vec<_>>>()?;
    let validity = buffers.first().and_then(Option::as_ref).filter(|_| tree.int_of(nulls) != Some(0));
    let missing = match validity {
        Some(bits) => {
            Missing(Some((offset..end).map(|at| bit(bits, at).map(|bit| !bit)).collect::<Option<_>>()?))
        }
        None => Missing::default(),
    };
    // A length is believed only as far as there are bytes for it.
    let parts = Parts { tree, len, offset, buffers, children: tree.sequence(children)?, missing };
    let dictionary = rest.first().copied();
    parts.column(&type_of(tree, kind, depth)?, dictionary, depth)
}

impl Parts<'_> {
    #[expect(clippy::too_many_lines, reason = "one arm for each type")]
    fn column(self, kind: &Type, dictionary: Option<Id>, depth: usize) -> Option<Column> {
        match *kind {
            Type::Null => {
                // No buffer bounds the length of an array of nothing: who takes its values pays for each.
                let values = Column::Made([].into());
                Some(Column::Sparse(Rc::new(Sparse {
                    places: Vec::new(),
                    values,
                    fill: None,
                    len: self.len,
                })))
            }
            Type::Bool => {
                let bits = self.buffer(1)?;
                let bytes =
                    self.places().map(|at| bit(bits, at).map(u8::from)).collect::<Option<Vec<_>>>()?;
                Some(self.numbers(Layout::number(DType::Bool), Buffer::copy_of(&bytes), false))
            }
            Type::Number(dtype) => {
                Some(self.numbers(Layout::number(dtype), self.words(dtype.size())?, false))
            }
            Type::DateTime(unit, utc) => Some(self.numbers(count(Kind::DateTime(unit)), self.words(8)?, utc)),
            Type::TimeDelta(unit) => Some(self.numbers(count(Kind::TimeDelta(unit)), self.words(8)?, false)),
            Type::Date32 => {
                let days = self.words(4)?;
                let days = days.as_bytes().chunks_exact(4).map(|day| i64::from(int32(day)));
                Some(self.days(days))
            }
            Type::Date64 => {
                let millis = self.words(8)?;
                let days = millis.as_bytes().chunks_exact(8).map(|word| int64(word).div_euclid(86_400_000));
                Some(self.days(days))
            }
            Type::MonthsDaysNanos => {
                let words = self.words(16)?;
                let part = |dtype: DType, from: usize, to: usize| {
                    let bytes: Vec<u8> =
                        words.as_bytes().chunks_exact(16).flat_map(|word| &word[from..to]).copied().collect();
                    let array = Rc::new(flat(Layout::number(dtype), self.len, Buffer::copy_of(&bytes)));
                    Column::Array { array, utc: false }
                };
                let columns = vec![part(DType::I32, 0, 4), part(DType::I32, 4, 8), part(DType::I64, 8, 16)];
                let (missing, len) = (self.missing, self.len);
                let names = vec![None; 3];
                Some(Column::Rows(Rc::new(Rows { names, columns, missing, len, offset: 0, is_tuple: true })))
            }
            Type::Bool8 => {
                let bytes = self.words(1)?;
                let bytes: Vec<u8> = bytes.as_bytes().iter().map(|&byte| u8::from(byte != 0)).collect();
                Some(self.numbers(Layout::number(DType::Bool), Buffer::copy_of(&bytes), false))
            }
            Type::Uuid => {
                let words = self.words(16)?;
                let values = words.as_bytes().chunks_exact(16).map(|word| {
                    let number = word.try_into().map_or(0, u128::from_be_bytes);
                    Made::Text("uuid.UUID", uuid_text(number))
                });
                Some(self.made(values))
            }
            Type::Periods(freq) => {
                let words = self.words(8)?;
                // A missing period has the number that is NaT's.
                let ordinals: Vec<u8> = words
                    .as_bytes()
                    .chunks_exact(8)
                    .enumerate()
                    .flat_map(|(place, word)| {
                        if self.missing.at(place) { i64::MIN } else { int64(word) }.to_le_bytes()
                    })
                    .collect();
                let ordinals = flat(Layout::number(DType::I64), self.len, Buffer::copy_of(&ordinals));
                Some(Column::Periods { ordinals: Rc::new(ordinals), freq })
            }
            Type::Intervals(closed, ref names) => {
                let (missing, len) = (self.missing.clone(), self.len);
                match self.column(&Type::Struct(names.clone()), None, depth)? {
                    Column::Rows(rows) if rows.columns.len() == 2 && rows.offset == 0 => {
                        // pandas marks a missing interval by its ends.
                        let whole = (0..len).all(|place| !missing.at(place));
                        let [left, right] = [0, 1].map(|end| Box::new(rows.columns[end].clone()));
                        let fits = whole && left.len() == len && right.len() == len;
                        fits.then_some(Column::Intervals { left, right, closed })
                    }
                    _ => None,
                }
            }
            Type::Union { dense, ref codes } => {
                let columns = self.children_at(depth)?;
                let kinds = self.buffer(1)?.as_bytes().get(self.places())?;
                let starts = if dense {
                    Some(self.buffer(2)?.as_bytes().get(self.offset * 4..(self.offset + self.len) * 4)?)
                } else {
                    None
                };
                let choices = kinds
                    .iter()
                    .enumerate()
                    .map(|(place, &kind)| {
                        let child = codes.iter().position(|&code| code == i64::from(kind as i8))?;
                        let place = match starts {
                            Some(starts) => usize::try_from(int32(&starts[4 * place..4 * place + 4])).ok()?,
                            None => self.offset + place,
                        };
                        (place < columns.get(child)?.len()).then_some((child, place))
                    })
                    .collect::<Option<_>>()?;
                Some(Column::Union(Rc::new(Union { choices, columns })))
            }
            Type::Time { size, per_second } => {
                let words = self.words(size)?;
                let values = words.as_bytes().chunks_exact(size).map(|word| {
                    let ticks = if size == 4 { i64::from(int32(word)) } else { int64(word) };
                    Made::Text("datetime.time", time_text(ticks, per_second))
                });
                Some(self.made(values))
            }
            Type::Decimal { size, scale } => {
                let words = self.words(size)?;
                let values = words.as_bytes().chunks_exact(size).map(|word| decimal(word, scale));
                Some(self.made(values))
            }
            Type::Text { large, is_text } => {
                let ends = self.ends(large)?;
                let bytes = self.buffers.get(2)?.clone().unwrap_or_else(|| Buffer::copy_of(&[]));
                let sound = ends.all().end <= bytes.len();
                let texts = Texts { ends, bytes, missing: self.missing, is_text };
                sound.then(|| Column::Texts(Rc::new(texts)))
            }
            Type::View { is_text } => {
                let views = self.words(view::SIZE)?;
                let texts = view::texts(views.as_bytes(), self.buffers.get(2..)?, self.missing, is_text)?;
                Some(Column::Texts(Rc::new(texts)))
            }
            Type::FixedBytes(size) => {
                let bytes = self.words(size)?;
                let ends = Ends::Counted((0..=self.len).map(|i| (i * size) as u64).collect());
                Some(Column::Texts(Rc::new(Texts { ends, bytes, missing: self.missing, is_text: false })))
            }
            Type::List { large } => {
                let ends = self.ends(large)?;
                let values = array(self.tree, *self.children.first()?, depth + 1)?;
                let sound = ends.all().end <= values.len();
                let spans = Spans::Ends(ends);
                sound.then(|| Column::Lists(Rc::new(Lists { spans, values, missing: self.missing })))
            }
            Type::Map => {
                let ends = self.ends(false)?;
                // Each pair is a struct of a key and a value.
                let values = match array(self.tree, *self.children.first()?, depth + 1)? {
                    Column::Rows(pairs) if pairs.columns.len() == 2 => Column::Rows(Rc::new(Rows {
                        names: pairs.names.clone(),
                        columns: pairs.columns.clone(),
                        missing: pairs.missing.clone(),
                        len: pairs.len,
                        offset: pairs.offset,
                        is_tuple: true,
                    })),
                    _ => return None,
                };
                let sound = ends.all().end <= values.len();
                let spans = Spans::Ends(ends);
                sound.then(|| Column::Lists(Rc::new(Lists { spans, values, missing: self.missing })))
            }
            Type::RunEnds => {
                let &[ends, values] = self.children else { return None };
                let Column::Array { array: ends, .. } = array(self.tree, ends, depth + 1)? else {
                    return None;
                };
                let ends: Vec<usize> = (0..ends.len())
                    .map(|place| array_int(&ends, place).and_then(|end| usize::try_from(end).ok()))
                    .collect::<Option<_>>()?;
                let values = array(self.tree, values, depth + 1)?;
                let sound = ends.is_sorted()
                    && ends.len() <= values.len()
                    && ends.last().copied().unwrap_or(0) >= self.places().end;
                sound
                    .then(|| Column::Runs(Rc::new(Runs { ends, values, offset: self.offset, len: self.len })))
            }
            Type::ListView { large } => {
                let size = if large { 8 } else { 4 };
                let numbers = |index: usize| {
                    let (start, end) = (self.offset * size, (self.offset + self.len) * size);
                    let words = self.buffer(index)?.as_bytes().get(start..end)?;
                    words
                        .chunks_exact(size)
                        .map(|word| {
                            let number = if large { int64(word) } else { i64::from(int32(word)) };
                            usize::try_from(number).ok()
                        })
                        .collect::<Option<Vec<usize>>>()
                };
                let (starts, sizes) =
                    if self.len == 0 { (Vec::new(), Vec::new()) } else { (numbers(1)?, numbers(2)?) };
                let values = array(self.tree, *self.children.first()?, depth + 1)?;
                let spans = starts
                    .into_iter()
                    .zip(sizes)
                    .enumerate()
                    .map(|(place, (start, size))| {
                        if self.missing.at(place) {
                            return Some(0..0);
                        }
                        let end = start.checked_add(size)?;
                        (end <= values.len()).then_some(start..end)
                    })
                    .collect::<Option<_>>()?;
                let spans = Spans::Each(spans);
                Some(Column::Lists(Rc::new(Lists { spans, values, missing: self.missing })))
            }
            Type::FixedList(size) => {
                let values = array(self.tree, *self.children.first()?, depth + 1)?;
                let ends: Vec<u64> = (self.offset..=self.offset.checked_add(self.len)?)
                    .map(|i| i.checked_mul(size).map(|end| end as u64))
                    .collect::<Option<_>>()?;
                let ends = Ends::Counted(ends);
                let sound = ends.all().end <= values.len();
                let spans = Spans::Ends(ends);
                sound.then(|| Column::Lists(Rc::new(Lists { spans, values, missing: self.missing })))
            }
            Type::Struct(ref names) => {
                let columns = self.children_at(depth)?;
                let end = self.places().end;
                let fits = columns.len() == names.len() && columns.iter().all(|column| column.len() >= end);
                fits.then(|| {
                    Column::Rows(Rc::new(Rows {
                        names: names.iter().copied().map(Some).collect(),
                        columns,
                        missing: self.missing,
                        len: self.len,
                        offset: self.offset,
                        is_tuple: false,
                    }))
                })
            }
            Type::Dictionary(index) => {
                let categories = Box::new(array(self.tree, dictionary?, depth + 1)?);
                let words = self.words(index.size())?;
                // A missing value is the code -1, as in pandas.
                let codes: Vec<u8> = words
                    .as_bytes()
                    .chunks_exact(index.size())
                    .enumerate()
                    .map(|(place, word)| {
                        if self.missing.at(place) {
                            return Some(-1);
                        }
                        match number(index, false, word)? {
                            Number::Int(code) => Some(code),
                            Number::Uint(code) => i64::try_from(code).ok(),
                            _ => None,
                        }
                    })
                    .collect::<Option<Vec<i64>>>()?
                    .into_iter()
                    .flat_map(i64::to_le_bytes)
                    .collect();
                let codes = flat(Layout::number(DType::I64), self.len, Buffer::copy_of(&codes));
                Some(Column::Categories { codes: Rc::new(codes), categories })
            }
        }
    }

    fn places(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.len
    }

    /// The columns of a struct or a union.
    fn children_at(&self, depth: usize) -> Option<Vec<Column>> {
        self.children.iter().map(|&child| array(self.tree, child, depth + 1)).collect()
    }

    /// Counts of days.
    fn days(&self, days: impl Iterator<Item = i64>) -> Column {
        let wide: Vec<u8> = days.flat_map(i64::to_le_bytes).collect();
        let layout = count(Kind::DateTime(Unit { base: Base::Day, count: 1 }));
        self.numbers(layout, Buffer::copy_of(&wide), false)
    }

    fn buffer(&self, index: usize) -> Option<&Buffer> {
        self.buffers.get(index)?.as_ref()
    }

    /// The elements of a buffer of words of `size` bytes.
    fn words(&self, size: usize) -> Option<Buffer> {
        if self.len == 0 {
            return Some(Buffer::copy_of(&[]));
        }
        let (start, end) = (self.offset.checked_mul(size)?, (self.offset + self.len).checked_mul(size)?);
        let buffer = self.buffer(1)?;
        (end <= buffer.len()).then(|| buffer.slice(start..end))
    }

    /// Where each text or list ends.
    fn ends(&self, large: bool) -> Option<Ends> {
        if self.len == 0 {
            return Some(Ends::Counted(vec![0]));
        }
        let size = if large { 8 } else { 4 };
        let (start, end) = (self.offset.checked_mul(size)?, (self.offset + self.len + 1).checked_mul(size)?);
        let words = self.buffer(1)?;
        (end <= words.len()).then(|| words.slice(start..end)).and_then(|words| Ends::of_words(words, size))
    }

    fn numbers(&self, layout: Layout, buffer: Buffer, utc: bool) -> Column {
        let data = Rc::new(flat(layout, self.len, buffer));
        match &self.missing.0 {
            None => Column::Array { array: data, utc },
            Some(missing) => {
                let bytes: Vec<u8> = missing.iter().map(|&missing| u8::from(missing)).collect();
                let mask = flat(Layout::number(DType::Bool), self.len, Buffer::copy_of(&bytes));
                Column::Masked { data, mask: Rc::new(mask), utc }
            }
        }
    }

    fn made(&self, values: impl Iterator<Item = Made>) -> Column {
        Column::Made(
            values
                .enumerate()
                .map(|(place, value)| if self.missing.at(place) { Made::Missing } else { value })
                .collect(),
        )
    }
}

fn flat(layout: Layout, len: usize, buffer: Buffer) -> NdArray {
    NdArray {
        layout: Rc::new(layout),
        shape: vec![len],
        order: Order::C,
        data: Data::Bytes(buffer),
        scalar: false,
    }
}

fn count(kind: Kind) -> Layout {
    Layout { kind, size: 8, big_endian: false }
}

/// `py_buffer(bytes)`.
fn buffer(tree: &Tree, id: Id) -> Option<Buffer> {
    let Node::Object(object) = tree.node(id) else { return None };
    let bytes = *tree.sequence(tree.object(object).args)?.first()?;
    match tree.node(bytes) {
        Node::Blob(index) => Some(tree.blob(index).buffer.clone()),
        _ => tree.bytes_of(bytes).map(Buffer::copy_of),
    }
}

fn bit(bits: &Buffer, at: usize) -> Option<bool> {
    bits.as_bytes().get(at / 8).map(|byte| byte >> (at % 8) & 1 == 1)
}

fn int32(word: &[u8]) -> i32 {
    word.try_into().map_or(0, i32::from_le_bytes)
}

fn int64(word: &[u8]) -> i64 {
    word.try_into().map_or(0, i64::from_le_bytes)
}

/// The time of day as Python's `isoformat` writes it.
fn time_text(ticks: i64, per_second: i64) -> String {
    let (seconds, rest) = (ticks.div_euclid(per_second), ticks.rem_euclid(per_second));
    let text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    match rest * (1_000_000_000 / per_second) {
        0 => text,
        nanos if nanos % 1000 == 0 => format!("{text}.{:06}", nanos / 1000),
        nanos => format!("{text}.{nanos:09}"),
    }
}

/// The digits of a decimal number, of which `scale` stand behind the point.
fn decimal(word: &[u8], scale: i64) -> Made {
    let number = match word.try_into() {
        Ok(word) => i128::from_le_bytes(word).to_string(),
        Err(_) => int::decimal(word),
    };
    let (sign, digits) = number.strip_prefix('-').map_or(("", &*number), |digits| ("-", digits));
    let mut digits = digits.to_owned();
    // No decimal of 256 bits has more than 76 digits.
    let places = usize::try_from(scale.unsigned_abs()).unwrap_or(usize::MAX).min(1000);
    if scale < 0 && digits != "0" {
        digits.push_str(&"0".repeat(places));
    } else if scale > 0 {
        if digits.len() <= places {
            digits.insert_str(0, &"0".repeat(places + 1 - digits.len()));
        }
        digits.insert(digits.len() - places, '.');
    }
    Made::Text("decimal.Decimal", format!("{sign}{digits}"))
}
