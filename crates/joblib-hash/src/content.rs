//! The digest of a large array's elements, which an array in memory keeps until it is written.

use std::convert::Infallible;

use joblib_array::transfer::RawArray;

use crate::stream::Stream;
use crate::{Algorithm, Digest};

/// The digest of an array's elements in C order.
///
/// Kept with the memory it was made from where nobody else can change that: not of a mapped file, whose content may change
/// without this process writing it.
pub(crate) fn digest(array: &RawArray<'_>, algorithm: Algorithm) -> Digest {
    let compute = || {
        let mut stream = Stream::new(algorithm, Vec::new());
        stream.elements(array);
        stream.finish()
    };
    let buffer = array.buffer;
    let keeps = algorithm == Algorithm::default()
        && array.is_in_c_order()
        && buffer.is_whole()
        && buffer.mmap_mode().is_none();
    if !keeps {
        return compute();
    }
    let Ok((kept, _)) = buffer.derived(|_| Ok::<_, Infallible>(Kept(compute())));
    kept.0
}

/// A type of its own: what a buffer keeps is found by its type.
struct Kept(Digest);
