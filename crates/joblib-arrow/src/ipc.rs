//! Arrow IPC files in memory: written whole, read in place.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{FileDecoder, read_footer_length};
use arrow_ipc::writer::FileWriter;
use arrow_ipc::{Block, root_as_footer, root_as_message};
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
    // The decoder asserts some of what a file says: the types and the offsets of a union are cut from their buffers by the
    // number of rows, and the ends of runs too. Whoever loads a damaged file gets an error and no panic. What is read was only
    // borrowed, so that nothing is left half-made. (A build with `panic = "abort"` ends there.)
    catch_unwind(AssertUnwindSafe(|| decode(file)))
        .unwrap_or_else(|_| Err(damaged("its columns do not have the rows that it says")))
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
        decoder.read_dictionary(block, &checked(file, block)?)?;
    }
    let mut batches = Vec::new();
    for block in footer.recordBatches().iter().flatten() {
        batches.extend(decoder.read_record_batch(block, &checked(file, block)?)?);
    }
    Ok((schema, batches))
}

/// The bytes of a block, if they are in the file, and its buffers in the block.
fn checked(file: &Buffer, block: &Block) -> Result<Buffer, ArrowError> {
    let place = || {
        let start = usize::try_from(block.offset()).ok()?;
        let metadata = usize::try_from(block.metaDataLength()).ok()?;
        let body = usize::try_from(block.bodyLength()).ok()?;
        let len = body.checked_add(metadata)?;
        (start.checked_add(len)? <= file.len()).then_some((start, metadata, body))
    };
    let (start, metadata, body) = place().ok_or_else(|| damaged("a block is outside of it"))?;
    check_buffers(&file[start..start + metadata], body)?;
    Ok(file.slice_with_length(start, metadata + body))
}

/// Checks that the buffers of a message are in its body, of that many bytes: the decoder takes it for granted.
fn check_buffers(message: &[u8], body: usize) -> Result<(), ArrowError> {
    // The length, and in files of today's version a marker before it.
    let start = if message.starts_with(&[0xff; 4]) { 8 } else { 4 };
    let message = message.get(start..).ok_or_else(|| damaged("a message is too short"))?;
    let message = root_as_message(message).map_err(|error| damaged(&error.to_string()))?;
    let of_dictionary = || message.header_as_dictionary_batch().and_then(|dictionary| dictionary.data());
    let Some(batch) = message.header_as_record_batch().or_else(of_dictionary) else { return Ok(()) };
    let is_inside = |buffer: &arrow_ipc::Buffer| {
        let [start, len] = [buffer.offset(), buffer.length()].map(|place| usize::try_from(place).ok());
        start.zip(len).and_then(|(start, len)| start.checked_add(len)).is_some_and(|end| end <= body)
    };
    if batch.buffers().iter().flatten().all(is_inside) {
        return Ok(());
    }
    Err(damaged("a buffer is outside of its block"))
}

fn damaged(why: &str) -> ArrowError {
    ArrowError::IpcError(format!("not a valid Arrow IPC file: {why}"))
}
