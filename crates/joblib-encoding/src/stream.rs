//! Where encoded values go to and come from.

use joblib_array::Buffer;
use joblib_array::transfer::RawArray;

use crate::block::Block;
use crate::error::{Error, Result};

/// Takes an encoded value: pieces and blocks, in the order in which a [`Source`] has to give them back.
///
/// An implementation wraps its own errors with [`Error::other`](crate::Error::other).
pub trait Sink {
    /// Whether small arrays are blocks too. By default they stay in the piece.
    fn wants_small_arrays(&self) -> bool {
        false
    }

    /// Takes the next piece of the value. No piece is empty.
    ///
    /// # Errors
    ///
    /// Returns an error if the piece can't be written.
    fn piece(&mut self, bytes: &[u8]) -> Result<()>;

    /// Starts a block whose elements come in parts.
    ///
    /// # Errors
    ///
    /// Returns an error if the block can't be written.
    fn begin_block(&mut self, block: &Block) -> Result<()>;

    /// Takes the next elements of the block, little-endian.
    ///
    /// # Errors
    ///
    /// Returns an error if they can't be written.
    fn block_bytes(&mut self, bytes: &[u8]) -> Result<()>;

    /// Ends the block.
    ///
    /// # Errors
    ///
    /// Returns an error if the block has more or fewer bytes than its header says.
    fn end_block(&mut self) -> Result<()>;

    /// Takes a block whose elements are all there.
    ///
    /// # Errors
    ///
    /// As the three methods that it stands for.
    fn block(&mut self, block: &Block, bytes: &[u8]) -> Result<()> {
        self.begin_block(block)?;
        self.block_bytes(bytes)?;
        self.end_block()
    }

    /// Takes an array, whose memory can be kept or shared through [`RawArray::buffer`].
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Sink::block`].
    fn array(&mut self, array: &RawArray<'_>) -> Result<()> {
        self.block(&Block::of(array), array.bytes)
    }
}

/// Gives back what a [`Sink`] took.
///
/// After [`Source::block`], the decoder calls [`Source::buffer`], [`Source::block_into`] or [`Source::skip_block`], or else
/// [`Source::block_bytes`] until it has all elements and then [`Source::end_block`].
///
/// An implementation wraps its own errors with [`Error::other`](crate::Error::other).
pub trait Source {
    /// Where in the stream the next byte is, for errors.
    fn position(&self) -> u64;

    /// Replaces the content of `piece` by the next piece, and returns where in the stream it starts.
    ///
    /// # Errors
    ///
    /// Returns an error if no piece comes next, or it can't be read.
    fn piece(&mut self, piece: &mut Vec<u8>) -> Result<u64>;

    /// The next piece, where it lies in memory. It still comes next. By default, no piece is at hand.
    fn whole_piece(&self) -> Option<&[u8]> {
        None
    }

    /// Goes on behind the piece that [`whole_piece`](Self::whole_piece) showed.
    fn skip_piece(&mut self) {}

    /// Reads the header of the block that comes next.
    ///
    /// # Errors
    ///
    /// Returns an error if no block comes next, or it can't be read.
    fn block(&mut self) -> Result<Block>;

    /// Reads all elements of the block.
    ///
    /// # Errors
    ///
    /// Returns an error if the block can't be read or is damaged.
    fn buffer(&mut self) -> Result<Buffer>;

    /// Fills `target` with all elements of the block, whose size it has.
    ///
    /// # Errors
    ///
    /// Returns an error if the block can't be read, is damaged, or has another size.
    fn block_into(&mut self, target: &mut [u8]) -> Result<()> {
        let (mut left, mut bytes) = (target, Vec::new());
        while !left.is_empty() {
            self.block_bytes(&mut bytes)?;
            let (now, later) = left
                .split_at_mut_checked(bytes.len())
                .filter(|_| !bytes.is_empty())
                .ok_or_else(|| Error::corrupt("a block has another size than its header says"))?;
            now.copy_from_slice(&bytes);
            left = later;
        }
        self.end_block()
    }

    /// Replaces the content of `bytes` by the next elements of the block: one or more, and no part of one.
    ///
    /// # Errors
    ///
    /// Returns an error if the elements can't be read.
    fn block_bytes(&mut self, bytes: &mut Vec<u8>) -> Result<()>;

    /// Ends a block that was read in parts.
    ///
    /// # Errors
    ///
    /// Returns an error if not all of the block was read, or it is damaged.
    fn end_block(&mut self) -> Result<()>;

    /// Moves over the block.
    ///
    /// # Errors
    ///
    /// Returns an error if the block can't be read.
    fn skip_block(&mut self) -> Result<()>;
}
