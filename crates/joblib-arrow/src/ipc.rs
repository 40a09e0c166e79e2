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

use crate::check::{self, Extent, damaged};

/// The length of a footer, and the magic word.
const TRAILER: usize = 10;
/// Of the widest items that are read in place without a copy of their own.
const ALIGNMENT: usize = 8;

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
    // Places in a file are aligned if it is.
    let copied = (file.as_ptr().align_offset(ALIGNMENT) != 0).then(|| Buffer::from(file.as_slice()));
    let file = copied.as_ref().unwrap_or(file);
    // What is known to panic is checked before. Whoever loads a damaged file gets an error where a release of Arrow asserts
    // something else, too; what it then prints is no part of this program's messages. What is read was only borrowed, so that
    // nothing is left half-made. (A build with `panic = "abort"` ends there.)
    catch_unwind(AssertUnwindSafe(|| decode(file)))
        .unwrap_or_else(|_| Err(damaged("its columns are not what it says")))
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
    let bytes = |block: &Block| {
        let Extent { start, len, .. } = check::block(file, block, &schema, footer.version())?;
        Ok::<_, ArrowError>(file.slice_with_length(start, len))
    };
    for block in footer.dictionaries().iter().flatten() {
        decoder.read_dictionary(block, &bytes(block)?)?;
    }
    let mut batches = Vec::new();
    for block in footer.recordBatches().iter().flatten() {
        batches.extend(decoder.read_record_batch(block, &bytes(block)?)?);
    }
    Ok((schema, batches))
}
