//! The byte shuffle: all first bytes of the words, then all second bytes, and so on. Numbers that are alike have alike
//! high bytes, which compressors then find side by side.

#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable;
#[cfg(target_arch = "x86_64")]
mod sse2;

#[cfg(not(target_arch = "x86_64"))]
use portable::{planes_of, words_of};
#[cfg(target_arch = "x86_64")]
use sse2::{planes_of, words_of};

/// Binary logarithm of the size of the pieces that are shuffled: the larger, the longer the runs of like bytes (zlib makes 5 %
/// less of the flight table with pieces of 256 KiB than of 128), as long as a piece and its shuffle stay in the second cache.
pub(crate) const PIECE_LOG2: u8 = 18;

/// Words that are transposed at a time, small enough to stay in registers.
const BATCH: usize = 16;

/// Shuffles the words of `from` into `to`, which is as long; bytes after the last whole word stay where they are.
pub(crate) fn shuffle(from: &[u8], to: &mut [u8], word: usize) {
    match word {
        2 => shuffle_words::<2>(from, to),
        4 => shuffle_words::<4>(from, to),
        8 => shuffle_words::<8>(from, to),
        _ => to.copy_from_slice(from),
    }
}

/// Undoes [`shuffle`].
pub(crate) fn unshuffle(from: &[u8], to: &mut [u8], word: usize) {
    match word {
        2 => unshuffle_words::<2>(from, to),
        4 => unshuffle_words::<4>(from, to),
        8 => unshuffle_words::<8>(from, to),
        _ => to.copy_from_slice(from),
    }
}

fn shuffle_words<const N: usize>(from: &[u8], to: &mut [u8]) {
    let count = from.len() / N;
    let (words, rest) = from.split_at(count * N);
    let (planes, to_rest) = to.split_at_mut(count * N);
    to_rest.copy_from_slice(rest);
    let (batches, _) = words.as_chunks::<BATCH>().0.as_chunks::<N>();
    for (batch, words) in batches.iter().enumerate() {
        for (plane, bytes) in planes_of(words).iter().enumerate() {
            planes[plane * count + batch * BATCH..][..BATCH].copy_from_slice(bytes);
        }
    }
    for index in batches.len() * BATCH..count {
        for plane in 0..N {
            planes[plane * count + index] = words[index * N + plane];
        }
    }
}

fn unshuffle_words<const N: usize>(from: &[u8], to: &mut [u8]) {
    let count = from.len() / N;
    let (planes, rest) = from.split_at(count * N);
    let (words, to_rest) = to.split_at_mut(count * N);
    to_rest.copy_from_slice(rest);
    let mut done = 0;
    for words in words.as_chunks_mut::<BATCH>().0.as_chunks_mut::<N>().0 {
        let mut rows = [[0; BATCH]; N];
        for (plane, row) in rows.iter_mut().enumerate() {
            row.copy_from_slice(&planes[plane * count + done..][..BATCH]);
        }
        *words = words_of(&rows);
        done += BATCH;
    }
    for index in done..count {
        for plane in 0..N {
            words[index * N + plane] = planes[plane * count + index];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(len: usize) -> Vec<u8> {
        (0..len as u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
    }

    fn check_batch<const N: usize>() {
        let mut words = [[0; BATCH]; N];
        words.as_flattened_mut().copy_from_slice(&bytes(N * BATCH));
        assert_eq!(planes_of(&words), portable::planes_of(&words), "{N}");
        assert_eq!(words_of(&planes_of(&words)), words, "{N}");
        assert_eq!(portable::words_of(&portable::planes_of(&words)), words, "{N}");
    }

    #[test]
    fn a_batch_is_transposed_as_byte_after_byte() {
        check_batch::<2>();
        check_batch::<4>();
        check_batch::<8>();
    }

    #[test]
    fn every_byte_of_a_word_has_its_plane_at_any_length() {
        for word in [1, 2, 4, 8] {
            for len in [0, 1, 7, 8, 127, 128, 129, 1000, 4096, 4099] {
                let from = bytes(len);
                let (mut shuffled, mut back) = (vec![0; len], vec![0; len]);
                shuffle(&from, &mut shuffled, word);
                let count = len / word;
                for (place, &byte) in from.iter().enumerate() {
                    let to = match place / word {
                        index if index < count => place % word * count + index,
                        _ => place,
                    };
                    assert_eq!(shuffled[to], byte, "byte {place} of {len} in words of {word}");
                }
                unshuffle(&shuffled, &mut back, word);
                assert_eq!(back, from, "{len} bytes in words of {word}");
            }
        }
    }
}
