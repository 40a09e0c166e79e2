//! Values in one run of bytes: the parts one after another, each with its kind and its size.
//!
//! ```text
//! piece  = 0, length (u32), bytes
//! block  = 1, element type, order, number of dimensions, dimensions (u64 each), bytes
//! shared = 2, element type, order, number of dimensions, dimensions (u64 each), number (u64)
//! ```
//!
//! All integers are little-endian.

use joblib_array::Buffer;
use joblib_array::transfer::RawArray;
use serde::{Deserialize, Serialize};

use crate::block::Block;
use crate::decode::{Types, decode};
use crate::encode::encode;
use crate::error::{Error, Result};
use crate::stream::{Sink, Source};

const PIECE: u8 = 0;
const BLOCK: u8 = 1;
const SHARED: u8 = 2;

/// Bytes of a block that are given at a time: a multiple of every element's size.
const CHUNK: usize = 64 << 10;

/// Encodes `value` into a vector, arrays included.
///
/// # Errors
///
/// Returns the same errors as [`encode`].
///
/// ```
/// let bytes = joblib_encoding::to_vec("text")?;
/// assert_eq!(joblib_encoding::from_slice::<String>(&bytes)?, "text");
/// # Ok::<(), joblib_encoding::Error>(())
/// ```
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    encode(value, &mut MessageSink::new(&mut bytes))?;
    Ok(bytes)
}

/// Decodes what [`to_vec`] encoded.
///
/// # Errors
///
/// Returns the same errors as [`decode`], and an error if anything follows the value.
pub fn from_slice<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T> {
    let mut source = MessageSource::new(bytes);
    let value = decode(&mut source, Types::Compatible)?;
    match source.rest() {
        [] => Ok(value),
        rest => Err(Error::corrupt(format!("{} bytes follow the value", rest.len()))),
    }
}

/// Takes a block's memory and returns the number that stands for it, or leaves it to the message.
pub type Share<'m> = dyn FnMut(&Buffer) -> Option<u64> + 'm;

/// Appends values to a vector. Arrays can be left out of it, and travel in another way.
///
/// ```
/// use joblib_array::{Array, Buffer};
/// use joblib_encoding::{MessageSink, MessageSource, Types, decode, encode};
///
/// let array: Array<f64> = Array::zeros(&[1000]);
/// let mut shared = Vec::new();
/// let mut share = |buffer: &Buffer| {
///     shared.push(buffer.clone());
///     Some(shared.len() as u64 - 1)
/// };
/// let mut bytes = Vec::new();
/// let mut sink = MessageSink::new(&mut bytes).share(&mut share);
/// encode(&array, &mut sink)?;
/// encode("text", &mut sink)?;
/// assert!(bytes.len() < 100);
///
/// let mut shared = |number: u64| shared.get(number as usize).cloned();
/// let mut source = MessageSource::new(&bytes).shared(&mut shared);
/// assert_eq!(decode::<Array<f64>>(&mut source, Types::Exact)?, array);
/// assert_eq!(decode::<String>(&mut source, Types::Exact)?, "text");
/// assert!(source.rest().is_empty());
/// # Ok::<(), joblib_encoding::Error>(())
/// ```
pub struct MessageSink<'m> {
    bytes: &'m mut Vec<u8>,
    share: Option<&'m mut Share<'m>>,
    /// Bytes that the open block still lacks.
    left: usize,
}

impl<'m> MessageSink<'m> {
    /// A sink that appends to `bytes`.
    pub fn new(bytes: &'m mut Vec<u8>) -> Self {
        Self { bytes, share: None, left: 0 }
    }

    /// Offers every array that is a block to `share`. If it returns a number, the number is written instead of the elements.
    pub fn share(self, share: &'m mut Share<'m>) -> Self {
        Self { share: Some(share), ..self }
    }

    /// Writes `number` instead of the elements of `block`, which travel in another way, as an array does that `share` takes.
    pub fn shared_block(&mut self, block: &Block, number: u64) {
        self.header(SHARED, block);
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    fn header(&mut self, kind: u8, block: &Block) {
        let (dtype, order) = block.codes();
        self.bytes.extend_from_slice(&[kind, dtype, order, block.shape.len() as u8]);
        for &dimension in &block.shape {
            self.bytes.extend_from_slice(&(dimension as u64).to_le_bytes());
        }
    }
}

impl Sink for MessageSink<'_> {
    fn piece(&mut self, bytes: &[u8]) -> Result<()> {
        let len = u32::try_from(bytes.len()).map_err(|_| {
            Error::value(format!("a text of {} bytes is too long for a map's key", bytes.len()))
        })?;
        self.bytes.reserve(bytes.len() + 5);
        self.bytes.push(PIECE);
        self.bytes.extend_from_slice(&len.to_le_bytes());
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn begin_block(&mut self, block: &Block) -> Result<()> {
        self.left = block.byte_len().unwrap_or(usize::MAX);
        self.header(BLOCK, block);
        Ok(())
    }

    fn block_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.left = self
            .left
            .checked_sub(bytes.len())
            .ok_or_else(|| Error::value("a sequence has more elements than the length that it declared"))?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn end_block(&mut self) -> Result<()> {
        match self.left {
            0 => Ok(()),
            _ => Err(Error::value("a sequence has fewer elements than the length that it declared")),
        }
    }

    fn array(&mut self, array: &RawArray<'_>) -> Result<()> {
        let block = Block::of(array);
        let shared = array.buffer.and_then(|buffer| self.share.as_mut().and_then(|share| share(buffer)));
        match shared {
            Some(number) => {
                self.shared_block(&block, number);
                Ok(())
            }
            None => self.block(&block, array.bytes),
        }
    }
}

/// Reads the values that a [`MessageSink`] appended, one after another.
pub struct MessageSource<'m> {
    bytes: &'m [u8],
    at: usize,
    shared: Option<&'m mut dyn FnMut(u64) -> Option<Buffer>>,
    block: Payload<'m>,
}

/// The elements of the block whose header was read.
enum Payload<'m> {
    Inline(&'m [u8]),
    Shared(Buffer),
}

impl<'m> MessageSource<'m> {
    /// A source of the values in `bytes`.
    pub fn new(bytes: &'m [u8]) -> Self {
        Self { bytes, at: 0, shared: None, block: Payload::Inline(&[]) }
    }

    /// Asks `shared` for the arrays that were left out of the bytes.
    pub fn shared(self, shared: &'m mut dyn FnMut(u64) -> Option<Buffer>) -> Self {
        Self { shared: Some(shared), ..self }
    }

    /// What follows the values that were read.
    pub fn rest(&self) -> &'m [u8] {
        &self.bytes[self.at..]
    }

    fn take(&mut self, len: usize) -> Result<&'m [u8]> {
        let (bytes, _) = self.rest().split_at_checked(len).ok_or_else(|| {
            Error::corrupt(format!(
                "the message ends here, expected {len} bytes, found {}",
                self.rest().len()
            ))
            .at_offset(self.at as u64)
        })?;
        self.at += len;
        Ok(bytes)
    }

    fn number(&mut self) -> Result<u64> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.take(8)?);
        Ok(u64::from_le_bytes(bytes))
    }

    fn lost(&self, what: &str) -> Error {
        Error::corrupt(format!("expected {what} here")).at_offset(self.at as u64)
    }

    /// What is left of the block.
    fn remaining(&self) -> &[u8] {
        match &self.block {
            Payload::Inline(bytes) => bytes,
            Payload::Shared(buffer) => buffer.as_bytes(),
        }
    }
}

impl Source for MessageSource<'_> {
    fn position(&self) -> u64 {
        self.at as u64
    }

    fn piece(&mut self, piece: &mut Vec<u8>) -> Result<u64> {
        if self.take(1)? != [PIECE] {
            return Err(self.lost("more of the value"));
        }
        let mut len = [0; 4];
        len.copy_from_slice(self.take(4)?);
        let start = self.position();
        let bytes = self.take(u32::from_le_bytes(len) as usize)?;
        piece.clear();
        piece.extend_from_slice(bytes);
        Ok(start)
    }

    fn whole_piece(&self) -> Option<&[u8]> {
        let rest = self.rest().strip_prefix(&[PIECE])?;
        let (len, rest) = rest.split_first_chunk()?;
        rest.get(..u32::from_le_bytes(*len) as usize)
    }

    fn skip_piece(&mut self) {
        let len = self.whole_piece().map_or(0, |piece| 5 + piece.len());
        self.at += len;
    }

    fn block(&mut self) -> Result<Block> {
        let start = self.position();
        let &[kind, dtype, order, ndim] = self.take(4)? else {
            return Err(self.lost("a block"));
        };
        let shape: Vec<usize> = (0..ndim)
            .map(|_| self.number().map(|dimension| usize::try_from(dimension).unwrap_or(usize::MAX)))
            .collect::<Result<_>>()?;
        let block = Block::from_codes(dtype, order, shape).map_err(|error| error.at_offset(start))?;
        let lie =
            || Error::corrupt(format!("a block says it has the shape {:?}", block.shape)).at_offset(start);
        let len = block.byte_len().ok_or_else(lie)?;
        self.block = match kind {
            BLOCK => Payload::Inline(self.take(len)?),
            SHARED => {
                let number = self.number()?;
                let buffer = self.shared.as_mut().and_then(|shared| shared(number)).ok_or_else(|| {
                    Error::corrupt(format!(
                        "array number {number} was sent separately from the message, and is missing"
                    ))
                    .at_offset(start)
                })?;
                if buffer.len() != len {
                    return Err(lie());
                }
                Payload::Shared(buffer)
            }
            _ => return Err(self.lost("a block")),
        };
        Ok(block)
    }

    fn buffer(&mut self) -> Result<Buffer> {
        match std::mem::replace(&mut self.block, Payload::Inline(&[])) {
            Payload::Inline(bytes) => Ok(Buffer::copy_of(bytes)),
            Payload::Shared(buffer) => Ok(buffer),
        }
    }

    fn block_into(&mut self, target: &mut [u8]) -> Result<()> {
        let bytes = self.remaining();
        if bytes.len() != target.len() {
            return Err(self.lost("the elements of a block"));
        }
        target.copy_from_slice(bytes);
        self.skip_block()
    }

    fn block_bytes(&mut self, bytes: &mut Vec<u8>) -> Result<()> {
        bytes.clear();
        let now = self.remaining().len().min(CHUNK);
        bytes.extend_from_slice(&self.remaining()[..now]);
        self.block = match std::mem::replace(&mut self.block, Payload::Inline(&[])) {
            Payload::Inline(all) => Payload::Inline(&all[now..]),
            Payload::Shared(buffer) => Payload::Shared(buffer.slice(now..buffer.len())),
        };
        Ok(())
    }

    fn end_block(&mut self) -> Result<()> {
        match self.remaining() {
            [] => Ok(()),
            _ => Err(self.lost("the end of a block")),
        }
    }

    fn skip_block(&mut self) -> Result<()> {
        self.block = Payload::Inline(&[]);
        Ok(())
    }
}
