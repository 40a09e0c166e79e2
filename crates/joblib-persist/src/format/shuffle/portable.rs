//! Transposes a batch of words byte after byte.

/// The planes of a batch of words of `N` bytes, which stand one after another.
pub(super) fn planes_of<const N: usize, const BATCH: usize>(words: &[[u8; BATCH]; N]) -> [[u8; BATCH]; N] {
    let mut planes = [[0; BATCH]; N];
    for (index, word) in words.as_flattened().chunks_exact(N).enumerate() {
        for (plane, &byte) in planes.iter_mut().zip(word) {
            plane[index] = byte;
        }
    }
    planes
}

/// The words whose planes these are.
pub(super) fn words_of<const N: usize, const BATCH: usize>(planes: &[[u8; BATCH]; N]) -> [[u8; BATCH]; N] {
    let mut words = [[0; BATCH]; N];
    for (index, word) in words.as_flattened_mut().chunks_exact_mut(N).enumerate() {
        for (byte, plane) in word.iter_mut().zip(planes) {
            *byte = plane[index];
        }
    }
    words
}
