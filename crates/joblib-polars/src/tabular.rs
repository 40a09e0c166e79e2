//! What has a table's form: frames, and series as tables of one column.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, Schema};
use joblib_arrow::Table;
use polars_core::frame::DataFrame;
use polars_core::prelude::Column;
use polars_core::series::Series;

use crate::ffi;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::DataFrame {}
    impl Sealed for super::Series {}
}

/// The types of polars that [`Polars`](crate::Polars) knows: [`DataFrame`] and [`Series`].
pub trait Tabular: sealed::Sealed + Sized {
    /// The table with these columns. Of a column that is in one chunk, no value is copied.
    ///
    /// # Errors
    ///
    /// Returns an error if Arrow has no form for a column: objects, integers of 128 bits, and lists of the type of
    /// nulls alone.
    fn to_table(&self) -> Result<Table, ArrowError>;

    /// The value with the columns of the table, whose memory it shares: one chunk for each batch.
    ///
    /// # Errors
    ///
    /// Returns an error if polars has no type for a column or was built without the feature for it, and for a series if
    /// the table has another number of columns than one.
    fn from_table(table: &Table) -> Result<Self, ArrowError>;
}

impl Tabular for DataFrame {
    fn to_table(&self) -> Result<Table, ArrowError> {
        table(self.columns().iter().map(Column::as_materialized_series), self.height())
    }

    fn from_table(table: &Table) -> Result<Self, ArrowError> {
        let columns = (0..table.schema().fields().len()).map(|at| series(table, at).map(Into::into));
        let columns = columns.collect::<Result<_, _>>()?;
        Self::new(table.num_rows(), columns).map_err(|error| ArrowError::SchemaError(error.to_string()))
    }
}

impl Tabular for Series {
    fn to_table(&self) -> Result<Table, ArrowError> {
        table([self].into_iter(), self.len())
    }

    fn from_table(table: &Table) -> Result<Self, ArrowError> {
        match table.schema().fields().len() {
            1 => series(table, 0),
            n => Err(ArrowError::SchemaError(format!(
                "a series is a table of one column, and this one has {n}"
            ))),
        }
    }
}

fn table<'s>(columns: impl Iterator<Item = &'s Series>, height: usize) -> Result<Table, ArrowError> {
    let columns = columns.map(ffi::export).collect::<Result<Vec<_>, _>>()?;
    let (fields, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    let options = RecordBatchOptions::new().with_row_count(Some(height));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).map(Table::from)
}

/// The column at this place.
fn series(table: &Table, at: usize) -> Result<Series, ArrowError> {
    let mut chunks: Vec<ArrayRef> =
        table.batches().iter().map(|batch| Arc::clone(batch.column(at))).collect();
    if chunks.is_empty() {
        chunks.push(arrow_array::new_empty_array(table.schema().field(at).data_type()));
    }
    ffi::import(table.schema().field(at), &chunks)
}
