//! Sizes and depths on which encoder and decoder agree.

/// No value nests deeper: containers, variants with data, newtype structs and `Some` count. Deeper values are refused by the
/// encoder, the decoder and what hashes values; a deeper recursion could exhaust the stack.
pub const MAX_DEPTH: u16 = 512;

/// Sequences that an array without elements may be read as: no bytes bound their number.
pub(crate) const MAX_EMPTY_ROWS: usize = 1 << 20;

/// A piece ends when it is this long.
pub(crate) const PIECE: usize = 512 << 10;

/// Arrays, and sequences of numbers, from this size in bytes on are blocks; shorter ones stay in the piece.
pub(crate) const MIN_BLOCK: usize = 1024;

/// Strings and bytes from this size on are blocks: those that a 16-bit length does not reach.
pub(crate) const MIN_TEXT_BLOCK: usize = 64 << 10;
