//! Pieces and blocks into a value, through serde's `Deserialize`.

mod access;
mod block;
mod deserializer;
mod ndarray;
mod plain_array;
mod skip;
mod texts;
mod token;

use std::io;

use joblib_array::DType;
use joblib_array::buffered;
use joblib_array::scalar::Scalar;
use joblib_array::transfer::OwnedRawArray;
use joblib_array::vec::NumberVec;
use serde::Deserialize;

use crate::block::Block;
use crate::error::{Error, Result};
use crate::limits::MAX_DEPTH;
use crate::markers::Role;
use crate::scalar;
use crate::spare;
use crate::stream::Source;

/// Which of the types that were encoded a value accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Types {
    /// Whatever the value's `Deserialize` accepts: an integer for a float, an array for a `Vec`.
    #[default]
    Compatible,
    /// A float only for a float of the same width, elements of a block only for their own type, an array only for an array.
    /// (Integers have no width in the encoding; they arrive if they fit.)
    Exact,
}

/// Decodes the value in `source`.
///
/// # Errors
///
/// Returns an error if the bytes are not what [`encode`](crate::encode) writes, if they hold another type, or if the source
/// fails.
pub fn decode<T: for<'de> Deserialize<'de>>(source: &mut dyn Source, types: Types) -> Result<T> {
    if Scalar::holds::<T>()
        && let Some(number) = source.whole_piece().and_then(scalar::parse)
        && let Some(value) = number.into_value()
    {
        source.skip_piece();
        return Ok(value);
    }
    if Scalar::holds_in_tuple::<T>()
        && let Some(number) = source.whole_piece().and_then(scalar::parse_tuple)
        && let Some(value) = number.into_tuple()
    {
        source.skip_piece();
        return Ok(value);
    }
    let mut decoder = Decoder {
        body_start: source.position(),
        source,
        body: spare::take(),
        at: 0,
        somes: 0,
        depth: 0,
        exact: types == Types::Exact,
        value: 0,
    };
    let value = buffered::scope(|| T::deserialize(&mut decoder))
        .map_err(|error| error.at_offset(decoder.body_start + decoder.value as u64))?;
    if decoder.at < decoder.body.len() {
        return Err(decoder.corrupt("the value is complete, but more of it follows"));
    }
    spare::give_back(decoder.body);
    Ok(value)
}

/// Gives the values of the pieces one after another.
pub(crate) struct Decoder<'s> {
    source: &'s mut dyn Source,
    /// The piece that is being read.
    body: Vec<u8>,
    at: usize,
    /// Where in the stream `body` starts.
    body_start: u64,
    /// Where in `body` the value that was begun last starts, for errors.
    value: usize,
    /// How many of the `Some`s of an `EXT_SOME` were given.
    somes: u8,
    depth: u16,
    exact: bool,
}

impl Decoder<'_> {
    /// Where in the stream the next byte of the body is.
    fn offset(&self) -> u64 {
        self.body_start + self.at as u64
    }

    #[cold]
    fn corrupt(&self, message: impl Into<String>) -> Error {
        Error::corrupt(message).at_offset(self.offset())
    }

    /// The first byte of the next value, which is not taken yet.
    #[inline]
    fn peek(&mut self) -> Result<u8> {
        if self.at == self.body.len() {
            self.next_body()?;
        }
        self.value = self.at;
        self.body.get(self.at).copied().ok_or_else(|| self.corrupt("the body ends inside of a value"))
    }

    #[cold]
    fn next_body(&mut self) -> Result<()> {
        self.body_start = self.source.piece(&mut self.body)?;
        self.at = 0;
        self.value = 0;
        Ok(())
    }

    /// The next `len` bytes of the value that was begun.
    #[inline]
    fn take(&mut self, len: usize) -> Result<&[u8]> {
        let start = self.at;
        match start.checked_add(len) {
            Some(end) if end <= self.body.len() => {
                self.at = end;
                Ok(&self.body[start..end])
            }
            _ => Err(self.corrupt("the body ends inside of a value")),
        }
    }

    #[inline]
    fn take_array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.corrupt(format!("the value nests deeper than {MAX_DEPTH} levels")));
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// The header of the block that the reference just read stands for.
    fn block(&mut self, role: Role) -> Result<Block> {
        if self.at < self.body.len() {
            return Err(self.corrupt("a reference to a block is not followed by it"));
        }
        let start = self.source.position();
        let block = self.source.block()?;
        self.body_start = self.source.position();
        (self.at, self.value) = (0, 0);
        self.body.clear();
        let is_flat = block.shape.len() == 1;
        let fits = match role {
            Role::Array | Role::Ndarray => true,
            Role::Sequence => is_flat,
            Role::Bytes | Role::Text => is_flat && block.dtype == DType::U8,
        };
        if !fits {
            return Err(Error::corrupt("a block is not what its reference says").at_offset(start));
        }
        Ok(block)
    }

    /// A block as an array.
    fn block_array(&mut self, block: Block) -> Result<OwnedRawArray> {
        let buffer = self.source.buffer()?;
        self.block_done();
        let Block { dtype, order, shape } = block;
        Ok(OwnedRawArray { dtype, order, shape, buffer })
    }

    /// The elements of a block of one dimension.
    fn numbers(&mut self, block: &Block) -> Result<NumberVec> {
        let len = block.shape.iter().product();
        let start = self.source.position();
        let mut numbers = NumberVec::zeroed(block.dtype, len)
            .map_err(|_| Error::other(io::Error::from(io::ErrorKind::OutOfMemory)).at_offset(start))?;
        self.source.block_into(numbers.as_mut_bytes())?;
        numbers.from_little_endian();
        self.block_done();
        Ok(numbers)
    }

    /// The elements of a block in C order, which it does not have them in.
    fn reordered(&mut self, block: Block) -> Result<NumberVec> {
        let array = self.block_array(block)?;
        let mut numbers = NumberVec::zeroed(array.dtype, array.shape.iter().product())
            .map_err(|_| Error::other(io::Error::from(io::ErrorKind::OutOfMemory)))?;
        array.write_in_c_order(numbers.as_mut_bytes());
        numbers.from_little_endian();
        Ok(numbers)
    }

    /// Errors from now on are about what follows the block.
    fn block_done(&mut self) {
        self.body_start = self.source.position();
    }

    /// Refuses a form that only other types are encoded as.
    #[cold]
    fn inexact(expected: &str, found: &str) -> Error {
        serde::de::Error::custom(format_args!("expected exactly {expected}, found {found}"))
    }
}
