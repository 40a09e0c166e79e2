//! Columns between polars and Arrow, by Arrow's C data interface: no value is copied.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::ffi::{FFI_ArrowArray, from_ffi, to_ffi};
use arrow_array::{ArrayRef, NullArray, make_array};
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{ArrowError, Field};
use polars_arrow::ffi::{
    ArrowArray, ArrowSchema, export_array_to_c, export_field_to_c, import_array_from_c, import_field_from_c,
};
use polars_core::datatypes::{CompatLevel, DataType};
use polars_core::error::PolarsError;
use polars_core::series::Series;

/// The column of Arrow with the values of a series in one chunk.
///
/// Categories are numbered in the order in which they first appear, whatever other series this process has.
pub(crate) fn export(series: &Series) -> Result<(Field, ArrayRef), ArrowError> {
    let whole = series.rechunk();
    if whole.dtype().contains_objects() {
        return Err(fault(series.name(), "objects of Rust or Python have no form in Arrow"));
    }
    // polars exports a column of nulls alone with a bitmap, which the interface does not have for this type.
    if whole.dtype() == &DataType::Null {
        let field = Field::new(whole.name().as_str(), arrow_schema::DataType::Null, true);
        return Ok((field, Arc::new(NullArray::new(whole.len()))));
    }
    let of_polars = |error: PolarsError| fault(series.name(), error);
    let of_arrow = |error: ArrowError| fault(series.name(), error);
    whole.dtype().try_to_arrow(CompatLevel::newest()).map_err(of_polars)?;
    let field = whole.field().to_arrow(CompatLevel::newest());
    let array = whole.to_arrow_with_field(0, Cow::Borrowed(&field), true).map_err(of_polars)?;
    // SAFETY: both types are the struct `ArrowSchema` of Arrow's C data interface, whose layout its specification fixes.
    let schema = unsafe { std::mem::transmute::<ArrowSchema, FFI_ArrowSchema>(export_field_to_c(&field)) };
    // SAFETY: as above, of the struct `ArrowArray`.
    let array = unsafe { std::mem::transmute::<ArrowArray, FFI_ArrowArray>(export_array_to_c(array)) };
    // SAFETY: polars exported the array by this interface, and the schema is that of the array.
    let data = unsafe { from_ffi(array, &schema) }.map_err(of_arrow)?;
    Ok((Field::try_from(&schema).map_err(of_arrow)?, make_array(data)))
}

/// The series with these chunks.
pub(crate) fn import(field: &Field, chunks: &[ArrayRef]) -> Result<Series, ArrowError> {
    // polars panics on a type for which it was built without a feature.
    catch_unwind(AssertUnwindSafe(|| import_unguarded(field, chunks))).unwrap_or_else(|_| {
        let why = format!("polars was built without the feature for the type {}", field.data_type());
        Err(fault(field.name(), why))
    })
}

fn import_unguarded(field: &Field, chunks: &[ArrayRef]) -> Result<Series, ArrowError> {
    let of_polars = |error: PolarsError| fault(field.name(), error);
    let schema = FFI_ArrowSchema::try_from(field).map_err(|error| fault(field.name(), error))?;
    // SAFETY: both types are the struct `ArrowSchema` of Arrow's C data interface, whose layout its specification fixes.
    let schema = unsafe { std::mem::transmute::<FFI_ArrowSchema, ArrowSchema>(schema) };
    // SAFETY: `arrow-schema` exported it by this interface.
    let of_field = unsafe { import_field_from_c(&schema) }.map_err(of_polars)?;
    if DataType::from_arrow_field(&of_field).contains_objects() {
        return Err(fault(field.name(), "the objects of another process are pointers into its memory"));
    }
    let mut imported = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        let (array, _) = to_ffi(&chunk.to_data()).map_err(|error| fault(field.name(), error))?;
        // SAFETY: both types are the struct `ArrowArray` of Arrow's C data interface.
        let array = unsafe { std::mem::transmute::<FFI_ArrowArray, ArrowArray>(array) };
        // SAFETY: `arrow-array` exported it by this interface, and a column has the type of its field.
        let array = unsafe { import_array_from_c(array, of_field.dtype().clone()) }.map_err(of_polars)?;
        imported.push(array);
    }
    Series::try_from((&of_field, imported)).map_err(of_polars)
}

fn fault(column: &str, why: impl std::fmt::Display) -> ArrowError {
    ArrowError::SchemaError(format!("the column `{column}`: {why}"))
}
