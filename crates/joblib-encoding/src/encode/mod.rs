//! A value as MessagePack with extensions, in pieces of bounded size; arrays and long texts are blocks.

mod compound;
mod lists;
mod run;
mod serializer;
mod structs;

use joblib_array::scalar::Scalar;
use joblib_array::transfer::{self, RawArray};
use joblib_array::{DType, foreign};
use serde::Serialize;

use crate::block::{Block, codes};
use crate::error::{Error, Result};
use crate::limits::{MAX_DEPTH, MIN_BLOCK, PIECE};
use crate::markers::{
    ARRAY32, CONTINUED, EXT_ARRAY, EXT_BLOCK, EXT_NDARRAY, EXT8, EXT16, FIXEXT1, MAP32, Role,
};
use crate::scalar::{self, Short};
use crate::spare;
use crate::stream::Sink;

/// Encodes `value` into `sink`.
///
/// # Errors
///
/// Returns an error if the value nests deeper than [`MAX_DEPTH`], if it has an array of a shape that no reader holds, if its
/// `Serialize` refuses, or if the sink fails.
pub fn encode<T: Serialize + ?Sized>(value: &T, sink: &mut dyn Sink) -> Result<()> {
    if let Some(number) = Scalar::of(value) {
        let mut piece = Short::default();
        scalar::put(number, &mut piece);
        return sink.piece(piece.as_bytes());
    }
    if let Some(number) = Scalar::in_tuple(value) {
        let mut piece = Short::default();
        scalar::put_tuple(number, &mut piece);
        return sink.piece(piece.as_bytes());
    }
    let mut encoder = Encoder { sink, body: spare::take(), flushes: 0, depth: 0, counting: Vec::new() };
    encoder.value(value)?;
    encoder.flush_body()?;
    spare::give_back(encoder.body);
    Ok(())
}

/// Turns the calls of a value's `Serialize` into pieces and blocks.
pub(crate) struct Encoder<'s> {
    sink: &'s mut dyn Sink,
    /// The piece that is being written. Only ever ends between two values.
    body: Vec<u8>,
    /// Pieces written, to see whether a place in `body` is still there.
    flushes: u64,
    depth: u16,
    /// The open containers whose length is not known, outermost first.
    counting: Vec<Counting>,
}

/// A container that is being counted.
struct Counting {
    /// `array 32` or `map 32`.
    marker: u8,
    /// Where in the body its header is; `None` when that piece was written, and the next element starts a new header.
    header: Option<usize>,
    /// Elements since that header.
    count: u32,
}

impl Encoder<'_> {
    /// Writes the piece of the body when it is long enough. Called between values only, so that none is torn.
    #[inline]
    fn flush_long_body(&mut self) -> Result<()> {
        if self.body.len() >= PIECE { self.flush_body() } else { Ok(()) }
    }

    #[cold]
    fn flush_body(&mut self) -> Result<()> {
        for container in &mut self.counting {
            if let Some(header) = container.header.take() {
                patch_count(&mut self.body, header, container.count | CONTINUED);
            }
        }
        if !self.body.is_empty() {
            self.sink.piece(&self.body)?;
            self.body.clear();
            self.flushes += 1;
        }
        Ok(())
    }

    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::value(format!(
                "the value nests deeper than {MAX_DEPTH} levels, which could not be loaded"
            )));
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Starts a container of unknown length.
    fn begin_counting(&mut self, marker: u8) {
        let header = Some(self.put_open_header(marker));
        self.counting.push(Counting { marker, header, count: 0 });
    }

    fn put_open_header(&mut self, marker: u8) -> usize {
        let at = self.body.len();
        self.body.extend_from_slice(&[marker, 0, 0, 0, 0]);
        at
    }

    /// Counts an element of the innermost container of unknown length, before the element is written.
    fn count_element(&mut self) -> Result<()> {
        self.flush_long_body()?;
        let at = self.body.len();
        if let Some(container) = self.counting.last_mut() {
            if container.count == CONTINUED - 1
                && let Some(header) = container.header.take()
            {
                patch_count(&mut self.body, header, container.count | CONTINUED);
            }
            if container.header.is_none() {
                self.body.extend_from_slice(&[container.marker, 0, 0, 0, 0]);
                container.header = Some(at);
                container.count = 0;
            }
            container.count += 1;
        }
        Ok(())
    }

    /// Ends the innermost container of unknown length.
    fn end_counting(&mut self) {
        if let Some(mut container) = self.counting.pop() {
            let header = if let Some(header) = container.header {
                header
            } else {
                container.count = 0;
                self.put_open_header(container.marker)
            };
            patch_count(&mut self.body, header, container.count);
        }
    }

    /// A reference to the block that the caller writes next.
    fn refer(&mut self, role: Role) -> Result<()> {
        self.body.extend_from_slice(&[FIXEXT1, EXT_BLOCK, role as u8]);
        self.flush_body()
    }

    /// A value, which may be an array of another crate.
    #[inline]
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        match foreign::whole(value) {
            Some(whole) => self.array(&whole.raw(), Role::Ndarray),
            None => value.serialize(self),
        }
    }

    /// An array, of this crate's or in the role of another's.
    fn array(&mut self, array: &RawArray<'_>, role: Role) -> Result<()> {
        transfer::check_shape(array.dtype, array.shape)
            .map_err(|error| Error::value(format!("an array can't be saved: {error}")))?;
        // An array without elements needs no memory of its own.
        if array.bytes.is_empty() || (array.bytes.len() < MIN_BLOCK && !self.sink.wants_small_arrays()) {
            self.small_array(array, if role == Role::Ndarray { EXT_NDARRAY } else { EXT_ARRAY });
            return Ok(());
        }
        self.refer(role)?;
        self.sink.array(array)
    }

    fn small_array(&mut self, array: &RawArray<'_>, kind: u8) {
        let len = 3 + 8 * array.shape.len() + array.bytes.len();
        if let Ok(len) = u8::try_from(len) {
            self.body.extend_from_slice(&[EXT8, len]);
        } else {
            // `MIN_BLOCK` and 64 dimensions are far below 2¹⁶ bytes.
            self.body.push(EXT16);
            self.body.extend_from_slice(&(len as u16).to_be_bytes());
        }
        let ndim = array.shape.len() as u8;
        let (dtype, order) = codes(array.dtype, array.order);
        self.body.extend_from_slice(&[kind, dtype, order, ndim]);
        for &dimension in array.shape {
            self.body.extend_from_slice(&(dimension as u64).to_le_bytes());
        }
        self.body.extend_from_slice(array.bytes);
    }

    /// Long bytes or text.
    fn long_bytes(&mut self, role: Role, bytes: &[u8]) -> Result<()> {
        self.refer(role)?;
        self.sink.block(&Block::run(DType::U8, bytes.len()), bytes)
    }
}

fn patch_count(body: &mut [u8], header: usize, count: u32) {
    body[header + 1..header + 5].copy_from_slice(&count.to_be_bytes());
}

/// The marker of arrays or maps of unknown length.
fn open_marker(map: bool) -> u8 {
    if map { MAP32 } else { ARRAY32 }
}
