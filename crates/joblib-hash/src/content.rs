//! The digests of what is large: an array's elements, which an array in memory keeps until it is written, and the parts of
//! values that are hashed by their content.

use std::convert::Infallible;

use joblib_array::Buffer;
use joblib_array::content::Part;
use joblib_array::transfer::RawArray;
use rayon::prelude::*;

use crate::stream::digest_of;
use crate::{Algorithm, Digest};

/// Bytes of a piece; the size of every element divides it.
const PIECE: usize = 1 << 20;
/// Rows that are copied together, if that is not too much: a line of the cache has 8 numbers of 64 bits.
const NEIGHBOURS: usize = 8;
/// Bytes that a thread copies at most at a time.
const LARGEST_PART: usize = 8 << 20;

/// The digest of an array's elements in C order.
///
/// Kept with the memory it was made from where nobody else can change that: not of a mapped file, whose content may change
/// without this process writing it.
pub(crate) fn digest(array: &RawArray<'_>, algorithm: Algorithm) -> Digest {
    let compute = || digest_of_pieces(array, algorithm);
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

/// The digest of the digests of the array's pieces, which are made on all cores.
fn digest_of_pieces(array: &RawArray<'_>, algorithm: Algorithm) -> Digest {
    let digest = |piece: &[u8]| digest_of(algorithm, piece);
    let digests: Vec<Digest> = if array.is_in_c_order() {
        array.bytes.par_chunks(PIECE).map(digest).collect()
    } else {
        let (length, size) = (array.bytes.len(), array.dtype.size());
        // Elements that lie together in memory are neighbours along the first axis: pieces are copied as many together as
        // have some of them.
        let row = length / array.shape[0].max(1);
        let part = (NEIGHBOURS * row).next_multiple_of(PIECE).min(LARGEST_PART);
        let copy_from = |copy: &mut Vec<u8>, start: usize| {
            copy.resize(part.min(length - start), 0);
            array.copy_in_c_order(start / size, copy);
            copy.chunks(PIECE).map(digest).collect::<Vec<_>>()
        };
        let starts = (0..length.div_ceil(part)).into_par_iter().map(|number| number * part);
        let digests: Vec<Vec<Digest>> = starts.map_init(Vec::new, copy_from).collect();
        digests.into_iter().flatten().collect()
    };
    let digests: Vec<u8> = digests.iter().flat_map(Digest::as_bytes).copied().collect();
    digest(&digests)
}

/// The number of pieces of each part, and their digest. The pieces of all parts are made and hashed on all cores.
pub(crate) fn digests_of_parts(parts: &[Box<dyn Part>], algorithm: Algorithm) -> Vec<(usize, Digest)> {
    let pieces: Vec<(&dyn Part, usize)> =
        parts.iter().flat_map(|part| (0..part.pieces()).map(move |number| (part.as_ref(), number))).collect();
    let digest = |buffer: &mut Vec<u8>, (part, number): (&dyn Part, usize)| {
        buffer.clear();
        digest_of(algorithm, part.piece(number, buffer))
    };
    let digests: Vec<Digest> = if pieces.len() > parts.len() {
        pieces.into_par_iter().map_init(Vec::new, digest).collect()
    } else {
        // All are small.
        let mut buffer = Vec::new();
        pieces.into_iter().map(|piece| digest(&mut buffer, piece)).collect()
    };
    let mut rest = &digests[..];
    let mut of_part = |pieces: usize| {
        let (own, others) = rest.split_at(pieces);
        rest = others;
        match own {
            [one] => (1, *one),
            several => {
                let digests: Vec<u8> = several.iter().flat_map(Digest::as_bytes).copied().collect();
                (several.len(), digest_of(algorithm, &digests))
            }
        }
    };
    parts.iter().map(|part| of_part(part.pieces())).collect()
}

fn kept<const ALGORITHM: u8>(buffer: &Buffer, compute: impl FnOnce() -> Digest) -> Digest {
    let Ok((kept, _)) = buffer.derived(|_| Ok::<_, Infallible>(Kept::<ALGORITHM>(compute())));
    kept.0
}

/// A type of its own for each algorithm: what a buffer keeps is found by its type.
struct Kept<const ALGORITHM: u8>(Digest);
