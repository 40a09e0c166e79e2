//! The entries of a map or a set, collected in any order and given back sorted.

use rayon::slice::ParallelSliceMut;

use crate::stream::Stream;

/// From this many entries on, sorting on several threads is faster.
const PARALLEL_SORT: usize = 16 << 10;

/// The entries so far, and the stream that goes on behind them.
pub(crate) struct Entries {
    pub(crate) outer: Stream,
    /// Where each entry ends in the buffer of the encoder's stream.
    pub(crate) ends: Vec<usize>,
}

/// The entries one behind the other, in ascending order of their bytes.
pub(crate) fn sorted(bytes: &[u8], ends: &[usize]) -> Vec<u8> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let mut order: Vec<Place> = starts.zip(ends).map(|(start, &end)| Place::new(bytes, start, end)).collect();
    let compare = |a: &Place, b: &Place| {
        a.prefix.cmp(&b.prefix).then_with(|| bytes[a.start..a.end].cmp(&bytes[b.start..b.end]))
    };
    if order.len() < PARALLEL_SORT {
        order.sort_unstable_by(compare);
    } else {
        order.par_sort_unstable_by(compare);
    }
    let mut sorted = Vec::with_capacity(bytes.len());
    for place in &order {
        sorted.extend_from_slice(&bytes[place.start..place.end]);
    }
    sorted
}

/// Where an entry is, with its first bytes, which decide nearly every comparison without a look at the entry.
struct Place {
    /// The first 16 bytes, big-endian; zeros where the entry is shorter.
    prefix: u128,
    start: usize,
    end: usize,
}

impl Place {
    fn new(bytes: &[u8], start: usize, end: usize) -> Self {
        let prefix = bytes[start..end].first_chunk().copied().unwrap_or_else(|| {
            let mut prefix = [0; 16];
            prefix[..end - start].copy_from_slice(&bytes[start..end]);
            prefix
        });
        Self { prefix: u128::from_be_bytes(prefix), start, end }
    }
}
