//! Tables as files of Arrow's IPC format and of Parquet.

mod moment;
mod read;
mod write;

use std::io::Cursor;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{Field, Schema};
use bytes::Bytes;
use joblib_persist::pickle::Value;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::table::Named;

type Made<T> = Result<T, String>;

/// A table as the bytes of a file.
pub(super) fn write(table: &[Named<'_>], to_parquet: bool) -> Made<Vec<u8>> {
    let arrays = table
        .iter()
        .map(|named| write::array(&named.column).map_err(|error| format!("column {:?}: {error}", named.name)))
        .collect::<Made<Vec<ArrayRef>>>()?;
    let fields: Vec<Field> = table
        .iter()
        .zip(&arrays)
        .map(|(named, array)| Field::new(&named.name, array.data_type().clone(), true))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    if to_parquet {
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let mut writer =
            ArrowWriter::try_new(&mut bytes, schema, Some(properties)).map_err(|e| e.to_string())?;
        writer.write(&batch).map_err(|error| error.to_string())?;
        writer.close().map_err(|error| error.to_string())?;
    } else {
        let mut writer = FileWriter::try_new(&mut bytes, &schema).map_err(|error| error.to_string())?;
        writer.write(&batch).and_then(|()| writer.finish()).map_err(|error| error.to_string())?;
    }
    Ok(bytes)
}

/// The table in a file of Arrow, or in a stream.
pub(super) fn read_ipc(bytes: &[u8], is_file: bool) -> Made<Value> {
    let bad = |error: arrow_schema::ArrowError| format!("an Arrow file that can't be read: {error}");
    let (schema, batches) = if is_file {
        let reader = FileReader::try_new(Cursor::new(bytes), None).map_err(bad)?;
        (reader.schema(), reader.collect::<Result<Vec<_>, _>>().map_err(bad)?)
    } else {
        let reader = StreamReader::try_new(bytes, None).map_err(bad)?;
        (reader.schema(), reader.collect::<Result<Vec<_>, _>>().map_err(bad)?)
    };
    table(&schema, &batches)
}

/// The table in a file of Parquet.
pub(super) fn read_parquet(bytes: &[u8]) -> Made<Value> {
    let bad = |error: String| format!("a Parquet file that can't be read: {error}");
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(bytes))
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .map_err(|error| bad(error.to_string()))?;
    let schema = arrow_array::RecordBatchReader::schema(&reader);
    let batches = reader.collect::<Result<Vec<_>, _>>().map_err(|error| bad(error.to_string()))?;
    table(&schema, &batches)
}

/// A dict of columns.
fn table(schema: &Schema, batches: &[RecordBatch]) -> Made<Value> {
    let columns = schema.fields().iter().enumerate().map(|(at, field)| {
        let parts: Vec<&dyn arrow_array::Array> = batches.iter().map(|batch| &**batch.column(at)).collect();
        let values = read::column(field.data_type(), &parts)
            .map_err(|error| format!("column {:?}: {error}", field.name()))?;
        Ok((Value::Str(field.name().clone()), values))
    });
    columns.collect::<Made<_>>().map(Value::Dict)
}
