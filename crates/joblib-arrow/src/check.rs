//! What the decoder of Arrow IPC takes for granted of a file, and would end with a panic, or with a failed allocation, if it were
//! otherwise.

use arrow_ipc::{Block, BodyCompressionMethod, CompressionType, FieldNode, MetadataVersion, root_as_message};
use arrow_schema::{ArrowError, DataType, Schema, UnionMode};

/// Where a block is in its file.
pub(crate) struct Extent {
    pub(crate) start: usize,
    /// Of the message.
    metadata: usize,
    /// Of the message and the body.
    pub(crate) len: usize,
}

/// The extent of a block that can be decoded.
pub(crate) fn block(
    file: &[u8],
    block: &Block,
    schema: &Schema,
    version: MetadataVersion,
) -> Result<Extent, ArrowError> {
    let extent = extent(file, block).ok_or_else(|| damaged("a block is outside of it"))?;
    let (metadata, body) = file[extent.start..extent.start + extent.len].split_at(extent.metadata);
    let at = extent.start + extent.metadata;
    // The length, and in files of today's version a marker before it.
    let start = if metadata.starts_with(&[0xff; 4]) { 8 } else { 4 };
    let message = metadata.get(start..).ok_or_else(|| damaged("a message is too short"))?;
    let message = root_as_message(message).map_err(|error| damaged(&error.to_string()))?;
    if let Some(batch) = message.header_as_record_batch() {
        let mut columns = Columns::of(&batch, body, at, version)?;
        schema.fields().iter().try_for_each(|field| columns.check(field.data_type()))?;
    } else if let Some(dictionary) = message.header_as_dictionary_batch() {
        // That the type of its values is that of the first field with its number is the decoder's way to tell it.
        #[expect(deprecated)]
        let fields = schema.fields_with_dict_id(dictionary.id());
        let of = fields.first().map(|field| field.data_type());
        if let (Some(DataType::Dictionary(_, values)), Some(batch)) = (of, dictionary.data()) {
            Columns::of(&batch, body, at, version)?.check(values)?;
        }
    }
    Ok(extent)
}

fn extent(file: &[u8], block: &Block) -> Option<Extent> {
    let start = usize::try_from(block.offset()).ok()?;
    let metadata = usize::try_from(block.metaDataLength()).ok()?;
    let body = usize::try_from(block.bodyLength()).ok()?;
    let len = body.checked_add(metadata)?;
    (start.checked_add(len)? <= file.len()).then_some(Extent { start, metadata, len })
}

/// What a message says of its columns, in the order in which they are decoded.
struct Columns<'a> {
    nodes: Vec<&'a FieldNode>,
    buffers: Vec<Content>,
    variadic: Vec<i64>,
    version: MetadataVersion,
}

/// A buffer's place in its file, and its length without compression.
#[derive(Clone, Copy)]
struct Content {
    start: usize,
    len: usize,
}

impl<'a> Columns<'a> {
    /// Checks that buffers are in the body, which begins at `at`, and those that are compressed no longer than such ones can be.
    fn of(
        batch: &arrow_ipc::RecordBatch<'a>,
        body: &[u8],
        at: usize,
        version: MetadataVersion,
    ) -> Result<Self, ArrowError> {
        let codec = batch.compression().map(|compression| (compression.method(), compression.codec()));
        let buffers = batch.buffers().into_iter().flatten().map(|buffer| {
            let [start, len] = [buffer.offset(), buffer.length()].map(|place| usize::try_from(place).ok());
            let bytes = start.zip(len).and_then(|(start, len)| body.get(start..start.checked_add(len)?));
            let bytes = bytes.ok_or_else(|| damaged("a buffer is outside of its block"))?;
            let len = match codec {
                Some((BodyCompressionMethod::BUFFER, codec)) => decompressed(bytes, codec)?,
                _ => bytes.len(),
            };
            Ok(Content { start: at + start.unwrap_or_default(), len })
        });
        let mut columns = Self {
            nodes: batch.nodes().iter().flatten().collect(),
            buffers: buffers.collect::<Result<_, ArrowError>>()?,
            variadic: batch.variadicBufferCounts().iter().flatten().collect(),
            version,
        };
        // They are taken from the end.
        columns.nodes.reverse();
        columns.buffers.reverse();
        columns.variadic.reverse();
        Ok(columns)
    }

    /// Checks the next column, of this type.
    fn check(&mut self, of: &DataType) -> Result<(), ArrowError> {
        let node = self.nodes.pop().ok_or_else(|| damaged("a column is missing"))?;
        let rows = usize::try_from(node.length()).map_err(|_| damaged("a column has less than no rows"))?;
        match of {
            DataType::Null => {}
            DataType::Utf8 | DataType::Binary => {
                self.any()?;
                self.of_width(4)?;
                self.any()?;
            }
            DataType::LargeUtf8 | DataType::LargeBinary => {
                self.any()?;
                self.of_width(8)?;
                self.any()?;
            }
            DataType::Utf8View | DataType::BinaryView => {
                self.any()?;
                self.of_width(16)?;
                let count = self.variadic.pop().ok_or_else(|| damaged("a count of buffers is missing"))?;
                (0..count).try_for_each(|_| self.any().map(|_| ()))?;
            }
            DataType::List(items) | DataType::Map(items, _) => {
                self.any()?;
                self.of_width(4)?;
                self.check(items.data_type())?;
            }
            DataType::LargeList(items) => {
                self.any()?;
                self.of_width(8)?;
                self.check(items.data_type())?;
            }
            DataType::ListView(items) => {
                self.any()?;
                self.of_width(4)?;
                self.of_width(4)?;
                self.check(items.data_type())?;
            }
            DataType::LargeListView(items) => {
                self.any()?;
                self.of_width(8)?;
                self.of_width(8)?;
                self.check(items.data_type())?;
            }
            DataType::FixedSizeList(items, size) => {
                is_size(*size)?;
                self.any()?;
                self.check(items.data_type())?;
            }
            DataType::Struct(fields) => {
                self.any()?;
                fields.iter().try_for_each(|field| self.check(field.data_type()))?;
            }
            DataType::RunEndEncoded(ends, values) => {
                self.check(ends.data_type())?;
                self.check(values.data_type())?;
            }
            DataType::Dictionary(keys, _) => {
                self.any()?;
                self.of_width(keys.primitive_width().unwrap_or(1))?;
            }
            DataType::Union(fields, mode) => {
                if self.version < MetadataVersion::V5 {
                    self.any()?;
                }
                self.of_rows(rows, 1)?;
                if *mode == UnionMode::Dense {
                    self.of_rows(rows, 4)?;
                }
                fields.iter().try_for_each(|(_, field)| self.check(field.data_type()))?;
            }
            other => {
                if let DataType::FixedSizeBinary(size) = other {
                    is_size(*size)?;
                }
                self.any()?;
                self.any()?;
            }
        }
        Ok(())
    }

    fn any(&mut self) -> Result<Content, ArrowError> {
        self.buffers.pop().ok_or_else(|| damaged("a buffer is missing"))
    }

    /// A buffer of whole items.
    fn of_width(&mut self, width: usize) -> Result<(), ArrowError> {
        match self.any()?.len % width {
            0 => Ok(()),
            _ => Err(damaged("a buffer ends within an item")),
        }
    }

    /// A buffer of an item for each row, which lies where such items can be read.
    fn of_rows(&mut self, rows: usize, width: usize) -> Result<(), ArrowError> {
        let Content { start, len } = self.any()?;
        if rows.checked_mul(width).is_none_or(|needed| needed > len) {
            return Err(damaged("a buffer has fewer items than there are rows"));
        }
        if start % width != 0 {
            return Err(damaged("a buffer is not aligned"));
        }
        Ok(())
    }
}

/// The length that a compressed buffer says to have without compression. The decoder allocates as much.
fn decompressed(bytes: &[u8], codec: CompressionType) -> Result<usize, ArrowError> {
    if bytes.is_empty() {
        return Ok(0);
    }
    let (len, bytes) =
        bytes.split_first_chunk().ok_or_else(|| damaged("a compressed buffer has no length"))?;
    // Blocks of Zstandard have up to 128 KiB, and take up at least 4 bytes. LZ4 makes up to 255 bytes of one.
    let most = match codec {
        CompressionType::ZSTD => (bytes.len() / 4 + 1).saturating_mul(128 << 10),
        _ => bytes.len().saturating_mul(255),
    };
    match i64::from_le_bytes(*len) {
        -1 => Ok(bytes.len()),
        len => usize::try_from(len)
            .ok()
            .filter(|len| *len <= most)
            .ok_or_else(|| damaged("a compressed buffer is longer than it can be")),
    }
}

fn is_size(size: i32) -> Result<(), ArrowError> {
    if size < 0 { Err(damaged("a type has a negative size")) } else { Ok(()) }
}

pub(crate) fn damaged(why: &str) -> ArrowError {
    ArrowError::IpcError(format!("not a valid Arrow IPC file: {why}"))
}
