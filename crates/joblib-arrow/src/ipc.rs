//! Arrow IPC files in memory: written whole, read in place.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{FileDecoder, read_footer_length};
use arrow_ipc::writer::FileWriter;
use arrow_ipc::{Block, root_as_footer};
use arrow_schema::{ArrowError, Schema, SchemaRef};

/// The length of a footer, and the magic word.
const TRAILER: usize = 10;

/// A file of one batch.
pub(crate) fn write(schema: &Schema, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    // What a file has beside its columns is small. Memory that a vector has too much of costs nothing.
    let mut writer = FileWriter::try_new(Vec::with_capacity(batch.get_array_memory_size() + 4096), schema)?;
    writer.write(batch)?;
    writer.finish()?;
    writer.into_inner()
}

/// The batches of a file, whose columns lie in its memory where that is aligned.
pub(crate) fn read(file: &Buffer) -> Result<(SchemaRef, Vec<RecordBatch>), ArrowError> {
    // The decoder trusts the places that a file names: one that is outside of it is a panic.
    catch_unwind(AssertUnwindSafe(|| decode(file)))
        .unwrap_or_else(|_| Err(damaged("it names a place outside of it")))
}

fn decode(file: &Buffer) -> Result<(SchemaRef, Vec<RecordBatch>), ArrowError> {
    let trailer = file.last_chunk::<TRAILER>().ok_or_else(|| damaged("it is too short"))?;
    let end = file.len() - TRAILER;
    let footer =
        end.checked_sub(read_footer_length(*trailer)?).ok_or_else(|| damaged("its footer is too long"))?;
    let footer = root_as_footer(&file[footer..end]).map_err(|error| damaged(&error.to_string()))?;
    let schema = footer.schema().ok_or_else(|| damaged("it has no schema"))?;
    let schema = Arc::new(try_fb_to_schema(schema)?);
    let mut decoder = FileDecoder::new(Arc::clone(&schema), footer.version());
    for block in footer.dictionaries().iter().flatten() {
        decoder.read_dictionary(block, &slice(file, block)?)?;
    }
    let mut batches = Vec::new();
    for block in footer.recordBatches().iter().flatten() {
        batches.extend(decoder.read_record_batch(block, &slice(file, block)?)?);
    }
    Ok((schema, batches))
}

/// The bytes of a block, if they are in the file.
fn slice(file: &Buffer, block: &Block) -> Result<Buffer, ArrowError> {
    let place = || {
        let start = usize::try_from(block.offset()).ok()?;
        let metadata = usize::try_from(block.metaDataLength()).ok()?;
        let len = usize::try_from(block.bodyLength()).ok()?.checked_add(metadata)?;
        (start.checked_add(len)? <= file.len()).then_some((start, len))
    };
    let (start, len) = place().ok_or_else(|| damaged("a block is outside of it"))?;
    Ok(file.slice_with_length(start, len))
}

fn damaged(why: &str) -> ArrowError {
    ArrowError::IpcError(format!("not a valid Arrow IPC file: {why}"))
}
