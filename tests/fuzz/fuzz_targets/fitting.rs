//! A way past the checksums, which no mutation finds: a file whose bytes were changed gets the checksums that fit them. The
//! layout is that of docs/format.md.

const MAGIC: &[u8; 8] = b"\x89joblib\n";
const OBJECT_HEADER: usize = 16;
/// Bytes of a section's header before its dimensions.
const SECTION_HEADER: usize = 16;
const CHECKSUM: usize = 8;

/// The format's checksum.
pub fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, bytes).to_le_bytes()
}

/// The same bytes as objects of version 1 whose checksums and section numbers fit, as far as their lengths lead.
pub fn with_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let mut at = 0;
    while let Some(header) = out.get_mut(at..at + OBJECT_HEADER) {
        header[..8].copy_from_slice(MAGIC);
        header[8..12].copy_from_slice(&[1, 0, 0, 0]);
        let check = checksum(&header[..12]);
        header[12..].copy_from_slice(&check[..4]);
        match sections(&mut out, at + OBJECT_HEADER) {
            Some(end) => at = end,
            None => break,
        }
    }
    out
}

/// Corrects the sections from `at` on, and returns where the next object begins.
fn sections(out: &mut [u8], mut at: usize) -> Option<usize> {
    for number in 0_u16.. {
        let header = out.get_mut(at..at + SECTION_HEADER)?;
        header[0] = (header[0].wrapping_sub(1)) % 3 + 1;
        header[6..8].copy_from_slice(&number.to_le_bytes());
        let (kind, ndim, padding) = (header[0], usize::from(header[3]), usize::from(header[5]));
        let payload = usize::try_from(u64::from_le_bytes(header[8..16].try_into().ok()?)).ok()?;
        let end = at + SECTION_HEADER + 8 * ndim;
        let check = checksum(out.get(at..end)?);
        out.get_mut(end..end + CHECKSUM)?.copy_from_slice(&check);
        at = end + CHECKSUM;
        if kind == 3 {
            return Some(at);
        }
        at += padding;
        let end = at.checked_add(payload)?;
        let check = checksum(out.get(at..end)?);
        out.get_mut(end..end.checked_add(CHECKSUM)?)?.copy_from_slice(&check);
        at = end + CHECKSUM;
    }
    None
}
