//! Decompresses one block of lz4 that does not look back at earlier ones.
//!
//! [`lz4_flex`] does so too, and repeats a run byte by byte. Byte-shuffled arrays are mostly runs: with them it spends nine
//! tenths of its time there. Here a run is filled, or its period is doubled until it is long enough.
//!
//! The format: <https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md>.

/// Matches are at least this long, so their lengths are counted from it.
const MIN_MATCH: usize = 4;

/// A length in four bits that is continued in further bytes.
const CONTINUED: usize = 15;

/// Bytes that are copied whatever of them is needed, where there is room for that: one move of a vector register.
const WORD: usize = 16;

/// Decompresses all of `input` to the start of `output`, and gives the length; `None` when the block is damaged or longer
/// than `output`.
pub(super) fn decompress(input: &[u8], output: &mut [u8]) -> Option<usize> {
    let (mut read, mut written) = (0, 0);
    loop {
        let token = usize::from(*input.get(read)?);
        read += 1;

        let literals = length(token >> 4, input, &mut read)?;
        if literals <= WORD
            && let Some(from) = input.get(read..).and_then(<[u8]>::first_chunk::<WORD>)
            && let Some(to) = output.get_mut(written..).and_then(<[u8]>::first_chunk_mut)
        {
            *to = *from;
        } else {
            let from = input.get(read..read.checked_add(literals)?)?;
            output.get_mut(written..written.checked_add(literals)?)?.copy_from_slice(from);
        }
        read += literals;
        written += literals;
        // A block ends with literals.
        if read >= input.len() {
            return (read == input.len() && written <= output.len()).then_some(written);
        }

        let offset = usize::from(u16::from_le_bytes(*input.get(read..)?.first_chunk()?));
        read += 2;
        let len = length(token & 15, input, &mut read)?.checked_add(MIN_MATCH)?;
        let start = written.checked_sub(offset).filter(|_| offset > 0)?;
        repeat(output, start, written, len)?;
        written += len;
    }
}

/// A length of four bits and the bytes that continue it.
fn length(bits: usize, input: &[u8], read: &mut usize) -> Option<usize> {
    let mut length = bits;
    if bits == CONTINUED {
        loop {
            let more = *input.get(*read)?;
            *read += 1;
            length = length.checked_add(more.into())?;
            if more < u8::MAX {
                break;
            }
        }
    }
    Some(length)
}

/// Writes to `at` the `len` bytes from `start` on, of which those that are not written yet are repetitions of the first.
fn repeat(output: &mut [u8], start: usize, at: usize, len: usize) -> Option<()> {
    let end = at.checked_add(len).filter(|end| *end <= output.len())?;
    let offset = at - start;
    if len <= WORD && offset >= WORD && at + WORD <= output.len() {
        output.copy_within(start..start + WORD, at);
    } else if offset >= len {
        output.copy_within(start..start + len, at);
    } else if offset == 1 {
        let byte = output[start];
        output[at..end].fill(byte);
    } else {
        let mut done = at;
        while done < end {
            // What stands from `start` to `done` is whole periods.
            let now = (done - start).min(end - done);
            output.copy_within(start..start + now, done);
            done += now;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decompressed(input: &[u8], room: usize) -> Option<Vec<u8>> {
        let mut output = vec![0xa5; room];
        let len = decompress(input, &mut output)?;
        output.truncate(len);
        Some(output)
    }

    /// Bytes with runs of short periods and repetitions from afar.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            (prop::collection::vec(any::<u8>(), 1..20), 1..300_usize)
                .prop_map(|(run, times)| run.repeat(times)),
            (0..70_000_usize).prop_map(|len| vec![7; len]),
        ];
        prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn what_was_compressed_comes_back_and_needs_no_more_room_than_it_takes(bytes in bytes()) {
            let block = lz4_flex::block::compress(&bytes);
            prop_assert_eq!(decompressed(&block, bytes.len()), Some(bytes.clone()));
            prop_assert_eq!(decompressed(&block, bytes.len() + 100), Some(bytes.clone()));
            if !bytes.is_empty() {
                prop_assert_eq!(decompressed(&block, bytes.len() - 1), None);
            }
        }

        #[test]
        fn damaged_blocks_give_what_lz4_flex_gives_or_nothing(
            bytes in bytes(),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            let mut block = lz4_flex::block::compress(&bytes);
            for (index, byte) in changes {
                let at = index.index(block.len());
                block[at] = byte;
            }
            let ours = decompressed(&block, 100_000);
            if let Some(ours) = ours {
                prop_assert_eq!(lz4_flex::block::decompress(&block, 100_000).ok(), Some(ours));
            }
        }

        #[test]
        fn any_bytes_are_an_error_or_a_block(block in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decompressed(&block, 5000);
        }
    }

    #[test]
    fn a_block_that_looks_back_beyond_its_start_is_damaged() {
        // One literal, then a match from two bytes back.
        assert_eq!(decompressed(&[0x10, b'a', 2, 0, 0x00], 100), None);
        // And one from no distance at all.
        assert_eq!(decompressed(&[0x10, b'a', 0, 0, 0x00], 100), None);
        assert_eq!(decompressed(&[], 100), None, "an empty block is one byte");
        assert_eq!(decompressed(&[0], 0), Some(Vec::new()));
    }
}
