//! The normal form of columns: equal values, equal bytes.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BinaryViewArray, RecordBatch, RecordBatchOptions, StringViewArray, UInt64Array,
    make_array,
};
use arrow_buffer::{MutableBuffer, NullBuffer};
use arrow_data::ArrayData;
use arrow_schema::{ArrowError, DataType, SchemaRef};
use arrow_select::concat::concat_batches;
use arrow_select::take::take;

/// All rows in one batch, in the normal form.
pub(crate) fn batch(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<RecordBatch, ArrowError> {
    let whole = match batches {
        [one] => one.clone(),
        several => concat_batches(schema, several)?,
    };
    let columns = whole.columns().iter().map(column).collect::<Result<_, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(whole.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
}

/// The column without what doesn't count: what lies behind nulls, bits and bytes that no row is in.
///
/// A column of numbers or texts without nulls is in this form but for where it begins and ends, which the writer of IPC leaves
/// out.
fn column(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let is_plain = column.data_type().is_primitive()
        || matches!(
            column.data_type(),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary
        );
    if is_plain && column.null_count() == 0 {
        return without_nulls(column);
    }
    if matches!(column.data_type(), DataType::Null | DataType::RunEndEncoded(..) | DataType::Union(..)) {
        return Ok(Arc::clone(column));
    }
    if let Some(width) = width(column.data_type()) {
        return zeroed(column, width);
    }
    // Taken by an index that is null, a row has the default value.
    let nulls = column.logical_nulls().filter(|nulls| nulls.null_count() > 0);
    let rows = u64::try_from(column.len()).unwrap_or(u64::MAX);
    let indices = UInt64Array::new((0..rows).collect(), nulls);
    let taken = take(column, &indices, None)?;
    let compact = compact_views(&taken);
    within(&without_nulls(&compact)?)
}

/// The bytes of a value, of types whose values lie one after the other.
fn width(of: &DataType) -> Option<usize> {
    match of {
        DataType::FixedSizeBinary(size) => usize::try_from(*size).ok(),
        // The keys; the dictionary itself counts as it is.
        DataType::Dictionary(keys, _) => keys.primitive_width(),
        other => other.primitive_width(),
    }
}

/// A copy of the column with zeros where it has nulls.
fn zeroed(column: &ArrayRef, width: usize) -> Result<ArrayRef, ArrowError> {
    let data = column.to_data();
    let range = data.offset() * width..(data.offset() + data.len()) * width;
    let mut values = MutableBuffer::with_capacity(range.len());
    values.extend_from_slice(&data.buffers()[0][range]);
    // A copy of the bitmap, from its first bit.
    let nulls = data.nulls().map(|nulls| nulls.iter().collect::<NullBuffer>());
    for row in (0..data.len()).filter(|&row| data.is_null(row)) {
        values[row * width..(row + 1) * width].fill(0);
    }
    let normal = ArrayData::builder(data.data_type().clone())
        .len(data.len())
        .nulls(nulls)
        .add_buffer(values.into())
        .child_data(data.child_data().to_vec());
    without_nulls(&make_array(normal.build()?))
}

/// The same for what the values of a list, a struct or a map are.
fn within(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let data = array.to_data();
    if data.child_data().is_empty() {
        return Ok(Arc::clone(array));
    }
    let children = data
        .child_data()
        .iter()
        .map(|child| column(&make_array(child.clone())).map(|child| child.to_data()))
        .collect::<Result<_, _>>()?;
    Ok(make_array(data.into_builder().child_data(children).build()?))
}

/// The array without a bitmap of nulls that has none.
fn without_nulls(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if array.nulls().is_none_or(|nulls: &NullBuffer| nulls.null_count() > 0) {
        return Ok(Arc::clone(array));
    }
    Ok(make_array(array.to_data().into_builder().nulls(None).build()?))
}

/// Texts and bytes of which a column has views, one after the other: none that no row has.
fn compact_views(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Utf8View => Arc::new(array.as_string_view().iter().collect::<StringViewArray>()),
        DataType::BinaryView => Arc::new(array.as_binary_view().iter().collect::<BinaryViewArray>()),
        _ => Arc::clone(array),
    }
}
