//! What the hash of a table is made of: its schema, and the values of each column whatever their chunks.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, OffsetSizeTrait, RecordBatch, UInt64Array};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Schema, UnionFields, UnionMode};
use arrow_select::concat::concat;
use arrow_select::take::take;
use joblib_array::content::{Content, Part};

use crate::schema::describe;
use crate::stream::{self, Chunk, Stream};

/// The content of a table.
pub(crate) fn of(schema: &Schema, batches: &[RecordBatch]) -> Result<Content, ArrowError> {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let mut parts = Parts(Vec::new());
    let mut head = Stream::of_width(1);
    head.push(stream::bytes(Buffer::from(describe(schema, rows))));
    parts.push(head);
    for (at, field) in schema.fields().iter().enumerate() {
        let chunks = batches.iter().map(|batch| Rows::of(Arc::clone(batch.column(at)), None));
        parts.column(field.data_type(), chunks.collect())?;
    }
    Ok(Content { name: "Table", shape: vec![rows, schema.fields().len()], parts: parts.0 })
}

/// Rows of one chunk.
struct Rows {
    array: ArrayRef,
    /// The rows that don't count, among them those whose struct or list is null.
    nulls: Option<NullBuffer>,
}

impl Rows {
    fn of(array: ArrayRef, outer: Option<&NullBuffer>) -> Self {
        let nulls = NullBuffer::union(array.nulls(), outer).filter(|nulls| nulls.null_count() > 0);
        Self { array, nulls }
    }

    fn is_valid(&self, row: usize) -> bool {
        self.nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row))
    }
}

/// The parts of columns. Which there are for a column depends on its type alone.
struct Parts(Vec<Box<dyn Part>>);

impl Parts {
    fn push(&mut self, stream: Stream) {
        self.0.push(Box::new(stream));
    }

    /// Adds the values of a column.
    fn column(&mut self, of: &DataType, mut chunks: Vec<Rows>) -> Result<(), ArrowError> {
        chunks.retain(|chunk| !chunk.array.is_empty());
        match of {
            // Where their rows are null is in the values and in the fields.
            DataType::RunEndEncoded(_, values) => {
                let chunks =
                    chunks.iter().map(|chunk| Ok(Rows::of(run_values(&chunk.array)?, chunk.nulls.as_ref())));
                return self.column(values.data_type(), chunks.collect::<Result<_, ArrowError>>()?);
            }
            DataType::Null => return Ok(()),
            _ => self.validity(&chunks),
        }
        match of {
            DataType::Boolean => {
                let bits =
                    chunks.iter().map(|chunk| (chunk.array.as_boolean().values(), chunk.nulls.as_ref()));
                self.push(stream::packed(bits));
            }
            DataType::Utf8 | DataType::Binary => self.texts::<i32>(&chunks),
            DataType::LargeUtf8 | DataType::LargeBinary => self.texts::<i64>(&chunks),
            DataType::Utf8View | DataType::BinaryView => self.views(&chunks),
            DataType::List(items) | DataType::Map(items, _) => {
                self.lists::<i32>(items.data_type(), &chunks, false)?;
            }
            DataType::LargeList(items) => self.lists::<i64>(items.data_type(), &chunks, false)?,
            DataType::ListView(items) => self.lists::<i32>(items.data_type(), &chunks, true)?,
            DataType::LargeListView(items) => self.lists::<i64>(items.data_type(), &chunks, true)?,
            DataType::FixedSizeList(items, size) => {
                let size = usize::try_from(*size).unwrap_or(0);
                let items_of = |chunk: &Rows| {
                    let nulls = chunk.nulls.as_ref().map(|nulls| nulls.expand(size));
                    Rows::of(Arc::clone(chunk.array.as_fixed_size_list().values()), nulls.as_ref())
                };
                self.column(items.data_type(), chunks.iter().map(items_of).collect())?;
            }
            DataType::Struct(fields) => {
                for (at, field) in fields.iter().enumerate() {
                    let of_field = |chunk: &Rows| {
                        Rows::of(Arc::clone(chunk.array.as_struct().column(at)), chunk.nulls.as_ref())
                    };
                    self.column(field.data_type(), chunks.iter().map(of_field).collect())?;
                }
            }
            DataType::Union(fields, mode) => self.union(fields, *mode, &chunks)?,
            DataType::Dictionary(_, values) => self.dictionary(values, &chunks)?,
            other => self.numbers(other, &chunks)?,
        }
        Ok(())
    }

    /// Which rows are null; nothing if none is.
    fn validity(&mut self, chunks: &[Rows]) {
        if chunks.iter().all(|chunk| chunk.nulls.is_none()) {
            return self.push(Stream::of_width(1));
        }
        let bits: Vec<BooleanBuffer> = chunks
            .iter()
            .map(|chunk| match &chunk.nulls {
                Some(nulls) => nulls.inner().clone(),
                None => BooleanBuffer::new_set(chunk.array.len()),
            })
            .collect();
        self.push(stream::packed(bits.iter().map(|bits| (bits, None))));
    }

    /// Values of a fixed width, one after the other.
    fn numbers(&mut self, of: &DataType, chunks: &[Rows]) -> Result<(), ArrowError> {
        let width = match of {
            DataType::FixedSizeBinary(size) => usize::try_from(*size).ok(),
            other => other.primitive_width(),
        };
        let width =
            width.ok_or_else(|| ArrowError::NotYetImplemented(format!("the hash of a column of {of}")))?;
        let mut numbers = Stream::of_width(width);
        for chunk in chunks {
            let data = chunk.array.to_data();
            let bytes = data.buffers()[0].slice_with_length(data.offset() * width, data.len() * width);
            numbers.push(Chunk::Fixed { bytes, width, nulls: chunk.nulls.clone() });
        }
        self.push(numbers);
        Ok(())
    }

    /// The lengths of texts, and their bytes.
    fn texts<O: Offset>(&mut self, chunks: &[Rows]) {
        let (mut lengths, mut bytes) = (Stream::of_width(size_of::<O>()), Stream::of_width(1));
        for chunk in chunks {
            let data = chunk.array.to_data();
            let offsets = ScalarBuffer::<O>::new(data.buffers()[0].clone(), data.offset(), data.len() + 1);
            for Range { start, end } in ranges(chunk, &offsets) {
                bytes.push(stream::bytes(data.buffers()[1].slice_with_length(start, end - start)));
            }
            lengths.push(O::lengths(offsets, chunk.nulls.clone()));
        }
        self.push(lengths);
        self.push(bytes);
    }

    fn views(&mut self, chunks: &[Rows]) {
        let (mut lengths, mut bytes) = (Stream::of_width(size_of::<u32>()), Stream::of_views());
        for chunk in chunks {
            let nulls = chunk.nulls.clone();
            let [of_lengths, of_bytes] = match chunk.array.as_string_view_opt() {
                Some(texts) => stream::views(texts, nulls),
                None => stream::views(chunk.array.as_binary_view(), nulls),
            };
            lengths.push(of_lengths);
            bytes.push(of_bytes);
        }
        self.push(lengths);
        self.push(bytes);
    }

    /// The lengths of lists, and the column of their items.
    fn lists<O: Offset>(
        &mut self,
        of: &DataType,
        chunks: &[Rows],
        are_views: bool,
    ) -> Result<(), ArrowError> {
        let (mut lengths, mut items) = (Stream::of_width(size_of::<O>()), Vec::new());
        for chunk in chunks {
            let data = chunk.array.to_data();
            let child = arrow_array::make_array(data.child_data()[0].clone());
            let buffer = |number: usize, len| {
                ScalarBuffer::<O>::new(data.buffers()[number].clone(), data.offset(), len)
            };
            let ranges = if are_views {
                let (offsets, sizes) = (buffer(0, data.len()), buffer(1, data.len()));
                let width = size_of::<O>();
                let bytes = sizes.inner().clone();
                lengths.push(Chunk::Fixed { bytes, width, nulls: chunk.nulls.clone() });
                let of_row =
                    |row: usize| offsets[row].as_usize()..offsets[row].as_usize() + sizes[row].as_usize();
                joined((0..data.len()).filter(|&row| chunk.is_valid(row)).map(of_row))
            } else {
                let offsets = buffer(0, data.len() + 1);
                let ranges = ranges(chunk, &offsets);
                lengths.push(O::lengths(offsets, chunk.nulls.clone()));
                ranges
            };
            let of_range = |Range { start, end }| Rows::of(child.slice(start, end - start), None);
            items.extend(ranges.into_iter().map(of_range));
        }
        self.push(lengths);
        self.column(of, items)
    }

    /// Which field each row has, and for each field the column of its rows.
    fn union(&mut self, fields: &UnionFields, mode: UnionMode, chunks: &[Rows]) -> Result<(), ArrowError> {
        let mut ids = Stream::of_width(1);
        for chunk in chunks {
            let bytes = chunk.array.as_union().type_ids().inner().clone();
            ids.push(Chunk::Fixed { bytes, width: 1, nulls: chunk.nulls.clone() });
        }
        self.push(ids);
        for (id, field) in fields.iter() {
            let of_field = |chunk: &Rows| {
                let union = chunk.array.as_union();
                let rows = (0..union.len()).filter(|&row| union.type_id(row) == id && chunk.is_valid(row));
                let places = rows.map(|row| match mode {
                    UnionMode::Sparse => row as u64,
                    UnionMode::Dense => union.value_offset(row) as u64,
                });
                let values = take(union.child(id), &UInt64Array::from_iter_values(places), None)?;
                Ok(Rows::of(values, None))
            };
            self.column(field.data_type(), chunks.iter().map(of_field).collect::<Result<_, ArrowError>>()?)?;
        }
        Ok(())
    }

    /// The dictionaries one after the other, and the place of each row's value in them.
    fn dictionary(&mut self, of: &DataType, chunks: &[Rows]) -> Result<(), ArrowError> {
        let mut dictionaries: Vec<&ArrayRef> = Vec::new();
        let mut which = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            let values = chunk.array.as_any_dictionary().values();
            let known = dictionaries.iter().position(|known| Arc::ptr_eq(known, values) || *known == values);
            which.push(known.unwrap_or(dictionaries.len()));
            if known.is_none() {
                dictionaries.push(values);
            }
        }
        if let [] | [_] = dictionaries[..] {
            let keys = chunks.iter().map(|chunk| Rows {
                array: chunk.array.as_any_dictionary().keys().slice(0, chunk.array.len()),
                nulls: chunk.nulls.clone(),
            });
            let keys: Vec<Rows> = keys.collect();
            let key_type = keys.first().map_or(DataType::Int8, |keys| keys.array.data_type().clone());
            self.numbers(&key_type, &keys)?;
        } else {
            let mut keys = Stream::of_width(size_of::<u64>());
            for (chunk, which) in chunks.iter().zip(which) {
                let start: usize = dictionaries[..which].iter().map(Array::len).sum();
                let places = match dictionaries[which].len() {
                    // All are null.
                    0 => vec![0; chunk.array.len()],
                    _ => chunk.array.as_any_dictionary().normalized_keys(),
                };
                let places: ScalarBuffer<u64> = places.iter().map(|place| (start + place) as u64).collect();
                let bytes = places.into_inner();
                keys.push(Chunk::Fixed { bytes, width: size_of::<u64>(), nulls: chunk.nulls.clone() });
            }
            self.push(keys);
        }
        let values: Vec<&dyn Array> = dictionaries.iter().map(AsRef::as_ref).collect();
        let values = if values.is_empty() { Vec::new() } else { vec![Rows::of(concat(&values)?, None)] };
        self.column(of, values)
    }
}

/// The type of offsets.
trait Offset: OffsetSizeTrait {
    fn lengths(offsets: ScalarBuffer<Self>, nulls: Option<NullBuffer>) -> Chunk;
}

impl Offset for i32 {
    fn lengths(offsets: ScalarBuffer<Self>, nulls: Option<NullBuffer>) -> Chunk {
        Chunk::Lengths { offsets, nulls }
    }
}

impl Offset for i64 {
    fn lengths(offsets: ScalarBuffer<Self>, nulls: Option<NullBuffer>) -> Chunk {
        Chunk::LargeLengths { offsets, nulls }
    }
}

/// Where the items of the rows are that count: in one place, unless there are some behind nulls.
fn ranges<O: Offset>(chunk: &Rows, offsets: &[O]) -> Vec<Range<usize>> {
    let at = |row: usize| offsets[row].as_usize();
    let has_hidden =
        |nulls: &NullBuffer| (!nulls.inner()).set_indices().any(|row| offsets[row] != offsets[row + 1]);
    match &chunk.nulls {
        Some(nulls) if has_hidden(nulls) => {
            joined(nulls.valid_slices().map(|(start, end)| at(start)..at(end)))
        }
        _ => joined(std::iter::once(at(0)..at(chunk.array.len()))),
    }
}

/// The ranges without the empty ones, and as one where one begins where the other ends.
fn joined(ranges: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges.filter(|range| !range.is_empty()) {
        match joined.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => joined.push(range),
        }
    }
    joined
}

/// A value for each row.
fn run_values(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let rows: Vec<u64> = (0..array.len() as u64).collect();
    let (places, values) = if let Some(runs) = array.as_run_opt::<Int16Type>() {
        (runs.get_physical_indices(&rows)?, runs.values())
    } else if let Some(runs) = array.as_run_opt::<Int32Type>() {
        (runs.get_physical_indices(&rows)?, runs.values())
    } else {
        let runs = array.as_run::<Int64Type>();
        (runs.get_physical_indices(&rows)?, runs.values())
    };
    take(values, &UInt64Array::from_iter_values(places.into_iter().map(|place| place as u64)), None)
}
