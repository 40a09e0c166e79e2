//! A schema and its batches.

use std::fmt;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_schema::{ArrowError, SchemaRef};
use arrow_select::concat::concat_batches;
use joblib_array::Array;
use joblib_array::content::Content;
use joblib_array::stored::{self, Stored};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{ipc, normal};

/// Rows of columns that have names, in one batch or several.
///
/// A clone shares the columns.
///
/// ```
/// use std::sync::Arc;
///
/// use arrow_array::{Int64Array, RecordBatch};
/// use joblib_arrow::Table;
///
/// let column = Int64Array::from(vec![1, 2, 3]);
/// let batch = RecordBatch::try_from_iter([("n", Arc::new(column) as _)])?;
/// let whole = Table::from(batch.clone());
/// // The same rows in two batches are the same table.
/// let parts = Table::new(batch.schema(), vec![batch.slice(0, 1), batch.slice(1, 2)])?;
/// assert_eq!(whole, parts);
/// assert_eq!(joblib_hash::hash(&whole)?, joblib_hash::hash(&parts)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Table {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Table {
    /// A table of these batches.
    ///
    /// # Errors
    ///
    /// Returns an error if a batch has another schema.
    pub fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<Self, ArrowError> {
        match batches.iter().position(|batch| batch.schema_ref() != &schema) {
            None => Ok(Self { schema, batches }),
            Some(which) => Err(ArrowError::SchemaError(format!(
                "batch {which} of a table of {schema} has the schema {}",
                batches[which].schema_ref()
            ))),
        }
    }

    /// The names and types of the columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The batches, as they were given. One that was loaded has one batch.
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// The batches.
    pub fn into_batches(self) -> Vec<RecordBatch> {
        self.batches
    }

    /// The number of rows of all batches.
    pub fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// All rows in one batch; of a table of one, without a copy.
    ///
    /// # Errors
    ///
    /// Returns an error if the texts of a column are too many for its type: more than 2 GiB of a `Utf8` or `Binary`.
    pub fn batch(&self) -> Result<RecordBatch, ArrowError> {
        match &self.batches[..] {
            [one] => Ok(one.clone()),
            several => concat_batches(&self.schema, several),
        }
    }

    /// The table as an Arrow IPC file, as it is stored.
    ///
    /// # Errors
    ///
    /// Returns an error if a column has a type that Arrow IPC does not know.
    pub fn to_array(&self) -> Result<Array<u8>, ArrowError> {
        let batch = normal::batch(&self.schema, &self.batches)?;
        ipc::write(&self.schema, &batch).map(Array::from)
    }

    /// The table of an Arrow IPC file. Its columns lie in the array's memory where that is aligned.
    ///
    /// # Errors
    ///
    /// Returns an error if the array is not a valid Arrow IPC file.
    pub fn from_array(array: Array<u8>) -> Result<Self, ArrowError> {
        let file = Buffer::from(bytes::Bytes::from_owner(Owner(array)));
        let (schema, batches) = ipc::read(&file)?;
        Ok(Self { schema, batches })
    }
}

impl From<RecordBatch> for Table {
    fn from(batch: RecordBatch) -> Self {
        Self { schema: batch.schema(), batches: vec![batch] }
    }
}

impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.schema == other.schema
            && self.num_rows() == other.num_rows()
            && are_equal(&self.batches, &other.batches)
    }
}

/// Whether as many rows are equal, which are divided into batches in any way. No row is copied.
fn are_equal(some: &[RecordBatch], others: &[RecordBatch]) -> bool {
    let with_rows = |batch: &&RecordBatch| batch.num_rows() > 0;
    let (mut left, mut right) = (some.iter().filter(with_rows), others.iter().filter(with_rows));
    let (mut one, mut other) = (left.next().cloned(), right.next().cloned());
    while let (Some(a), Some(b)) = (&one, &other) {
        // As many rows as are in one batch on both sides.
        let rows = a.num_rows().min(b.num_rows());
        if a.slice(0, rows) != b.slice(0, rows) {
            return false;
        }
        let rest = |batch: &RecordBatch| {
            (batch.num_rows() > rows).then(|| batch.slice(rows, batch.num_rows() - rows))
        };
        (one, other) = (rest(a).or_else(|| left.next().cloned()), rest(b).or_else(|| right.next().cloned()));
    }
    one.is_none() && other.is_none()
}

/// As a table is printed: its columns, and how many rows it has.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.schema.fields().iter().map(|field| field.name()).collect();
        f.debug_struct("Table")
            .field("columns", &names)
            .field("rows", &self.num_rows())
            .finish_non_exhaustive()
    }
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        stored::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_array(Array::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl Stored for Table {
    type Error = ArrowError;

    fn content(&self) -> Result<Content, ArrowError> {
        crate::content::of(&self.schema, &self.batches)
    }

    fn to_array(&self) -> Result<Array<u8>, ArrowError> {
        self.to_array()
    }
}

/// Keeps the memory of the columns.
struct Owner(Array<u8>);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        self.0.as_slice()
    }
}
