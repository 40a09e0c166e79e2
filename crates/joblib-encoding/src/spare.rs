//! The memory of a piece, which a thread keeps for its next value: to allocate it costs more than to encode a number.

use std::cell::Cell;

/// A larger one is freed: whoever encodes so much does not notice what allocating costs.
const KEPT: usize = 16 << 10;

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Memory for a piece, which is empty. A value inside of a value gets its own.
#[inline]
pub(crate) fn take() -> Vec<u8> {
    // A thread that ends has none any more.
    SPARE.try_with(Cell::take).unwrap_or_default()
}

/// Keeps the memory for the next value.
#[inline]
pub(crate) fn give_back(mut piece: Vec<u8>) {
    if piece.capacity() <= KEPT {
        piece.clear();
        let _ = SPARE.try_with(|spare| spare.set(piece));
    }
}
