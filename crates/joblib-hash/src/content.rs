//! The digest of a large array's elements, which an array in memory keeps until it is written.

use std::convert::Infallible;

use joblib_array::Buffer;
use joblib_array::transfer::RawArray;
use rayon::prelude::*;
use twox_hash::XxHash3_128 as Xxh3;

use crate::stream::Stream;
use crate::{Algorithm, Digest};

/// Bytes of a piece; the size of every element divides it.
const PIECE: usize = 1 << 20;

/// The digest of an array's elements in C order.
///
/// Kept with the memory it was made from where nobody else can change that: not of a mapped file, whose content may change
/// without this process writing it.
pub(crate) fn digest(array: &RawArray<'_>, algorithm: Algorithm) -> Digest {
    let compute = || {
        if algorithm == Algorithm::Xxh3 {
            return digest_of_pieces(array);
        }
        let mut stream = Stream::new(algorithm, Vec::new());
        stream.elements(array);
        stream.finish()
    };
    let own = |buffer: &&Buffer| buffer.is_whole() && buffer.mmap_mode().is_none();
    let Some(buffer) = array.buffer.filter(own).filter(|_| array.is_in_c_order()) else {
        return compute();
    };
    match algorithm {
        Algorithm::Blake3 => kept::<0>(buffer, compute),
        Algorithm::Xxh3 => kept::<1>(buffer, compute),
        #[cfg(feature = "digests")]
        _ => compute(),
    }
}

/// XXH3 reads its input from one end to the other. So that all cores take part, what it reads of a large array are the
/// XXH3s of the array's pieces.
fn digest_of_pieces(array: &RawArray<'_>) -> Digest {
    let digest = |piece: &[u8]| Xxh3::oneshot(piece).to_be_bytes();
    let digests: Vec<[u8; 16]> = if array.is_in_c_order() {
        array.bytes.par_chunks(PIECE).map(digest).collect()
    } else {
        let size = array.dtype.size();
        let mut digests = Vec::new();
        let mut piece = Vec::with_capacity(PIECE);
        array.for_each_in_c_order(|place| {
            piece.extend_from_slice(&array.bytes[place * size..(place + 1) * size]);
            if piece.len() == PIECE {
                digests.push(digest(&piece));
                piece.clear();
            }
        });
        if !piece.is_empty() {
            digests.push(digest(&piece));
        }
        digests
    };
    Digest::new(Algorithm::Xxh3, &digest(digests.as_flattened()))
}

fn kept<const ALGORITHM: u8>(buffer: &Buffer, compute: impl FnOnce() -> Digest) -> Digest {
    let Ok((kept, _)) = buffer.derived(|_| Ok::<_, Infallible>(Kept::<ALGORITHM>(compute())));
    kept.0
}

/// A type of its own for each algorithm: what a buffer keeps is found by its type.
struct Kept<const ALGORITHM: u8>(Digest);
