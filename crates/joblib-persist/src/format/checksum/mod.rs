//! CRC-64/NVME: found by carry-less multiplication, and parts checked apart can be put together.

#[cfg(target_arch = "x86_64")]
mod wide;

use crc_fast::{CrcAlgorithm, Digest, checksum_combine};

/// Stands in the place of a block's checksum after the block was mapped for writing.
pub(crate) const UNCHECKED: u64 = u64::from_le_bytes(*b"MAPPED+W");

const ALGORITHM: CrcAlgorithm = CrcAlgorithm::Crc64Nvme;

/// What the checksum's register holds at first, and what it is combined with at last.
const ONES: u64 = u64::MAX;

/// The checksum of bytes that come in pieces.
pub(crate) struct Checksum {
    state: u64,
    len: u64,
}

impl Checksum {
    pub(crate) fn new() -> Self {
        Self { state: ONES, len: 0 }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.len += bytes.len() as u64;
        #[cfg(target_arch = "x86_64")]
        if let Some((left, rest)) = wide::fold(self.state, bytes) {
            self.state = after(after(0, &left), rest);
            return;
        }
        self.state = after(self.state, bytes);
    }

    /// Goes on as if the bytes of `next` had been given to `self`.
    pub(crate) fn append(&mut self, next: &Self) {
        self.state = checksum_combine(ALGORITHM, self.state ^ ONES, next.state ^ ONES, next.len) ^ ONES;
        self.len += next.len;
    }

    pub(crate) fn value(&self) -> u64 {
        stored(self.state ^ ONES)
    }
}

/// The register after some bytes.
fn after(state: u64, bytes: &[u8]) -> u64 {
    let mut digest = Digest::new_with_init_state(ALGORITHM, state);
    digest.update(bytes);
    digest.get_state()
}

/// The checksum of bytes that are all there.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    let mut checksum = Checksum::new();
    checksum.update(bytes);
    checksum.value()
}

/// The one value with another meaning is never a checksum.
fn stored(crc: u64) -> u64 {
    if crc == UNCHECKED { !crc } else { crc }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_catalogue_at_any_length_and_in_any_pieces() {
        // The check value of CRC-64/NVME in the catalogue of parametrised CRC algorithms.
        assert_eq!(checksum(b"123456789"), 0xae8b_1486_0a79_9888);
        let bytes: Vec<u8> = (0..70_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for len in [0, 1, 255, 2047, 2048, 2049, 2303, 2304, 4096, 65_535, 65_536, 70_000] {
            for start in [0, 1, 31] {
                let bytes = &bytes[start..len.max(start)];
                assert_eq!(checksum(bytes), crc_fast::crc64_nvme(bytes), "{len} bytes");
                let (mut pieces, mut appended) = (Checksum::new(), Checksum::new());
                for piece in bytes.chunks(2500) {
                    pieces.update(piece);
                    let mut apart = Checksum::new();
                    apart.update(piece);
                    appended.append(&apart);
                }
                assert_eq!(pieces.value(), checksum(bytes));
                assert_eq!(appended.value(), checksum(bytes));
            }
        }
    }
}
