//! A way past the checksums, which no mutation finds: arbitrary bytes become objects whose headers and checksums fit. The
//! layout is that of docs/format.md.

const SECTION_LEN: usize = 24;

fn checksum(bytes: &[u8]) -> u64 {
    crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, bytes)
}

fn object_header() -> [u8; 16] {
    let mut header = *b"\x89joblib\n\x01\0\0\0\0\0\0\0";
    let check = checksum(&header[..12]) as u32;
    header[12..].copy_from_slice(&check.to_le_bytes());
    header
}

/// Takes arbitrary bytes for the sections of objects, and returns them with headers, numbers and checksums that fit.
pub fn with_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 16);
    out.extend_from_slice(&object_header());
    let mut rest = bytes;
    let mut number = 0_u16;
    while rest.len() > 16 {
        let mut header = rest[..16].to_vec();
        header[0] = header[0] % 3 + 1;
        header[3] %= 4;
        header[5] %= 64;
        header[6..8].copy_from_slice(&number.to_le_bytes());
        // Lengths above a kilobyte stay what they are, for they must be refused.
        if header[8..16].iter().any(|&byte| byte > 0x80) {
            header[10..16].fill(0);
            header[9] %= 4;
        }
        if header[0] == 3 {
            header[1..6].fill(0);
            header[8..16].fill(0);
        }
        let ndim = usize::from(header[3]);
        let len = u64::from_le_bytes(std::array::from_fn(|i| header[8 + i]));
        let end = (SECTION_LEN - 8 + 8 * ndim).min(rest.len());
        header.extend_from_slice(&rest[16..end.max(16)]);
        header.resize(SECTION_LEN - 8 + 8 * ndim, 0);
        rest = &rest[end.max(16)..];
        let check = checksum(&header);
        out.extend_from_slice(&header);
        out.extend_from_slice(&check.to_le_bytes());
        out.resize(out.len() + usize::from(header[5]), 0);
        number = number.wrapping_add(1);
        if header[0] == 3 {
            out.extend_from_slice(&object_header());
            number = 0;
            continue;
        }
        let (payload, after) = rest.split_at(usize::try_from(len).unwrap_or(usize::MAX).min(rest.len()));
        out.extend_from_slice(payload);
        out.extend_from_slice(&checksum(payload).to_le_bytes());
        rest = after;
    }
    out
}
