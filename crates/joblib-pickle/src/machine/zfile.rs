//! The `ZF` container of joblib before 0.10: `ZF`, the length of the content in hexadecimal, then zlib.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// The first bytes of the container.
pub(crate) const MAGIC: &[u8; 2] = b"ZF";
/// Width of the length, padded with spaces: that of `hex(2**64)`.
const LENGTH: usize = 19;

/// The content of a container, decompressed as it is read, and its length as the container states it.
pub(crate) fn open(mut file: &File) -> io::Result<(impl Read + '_, u64)> {
    file.seek(SeekFrom::Start(0))?;
    read(io::BufReader::new(file))
}

/// As [`open`], for a stream at its start.
pub(crate) fn read<R: io::BufRead>(mut reader: R) -> io::Result<(impl Read, u64)> {
    let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("a ZF container with {what}"));
    let mut header = [0; MAGIC.len() + LENGTH];
    reader.read_exact(&mut header)?;
    if !header.starts_with(MAGIC) {
        return Err(bad("another magic number"));
    }
    let length = std::str::from_utf8(&header[MAGIC.len()..]).ok().map(str::trim);
    // Python 2 wrote the `L` of a long integer behind the digits.
    let length = length
        .and_then(|length| length.strip_prefix("0x"))
        .and_then(|digits| u64::from_str_radix(digits.trim_end_matches('L'), 16).ok())
        .ok_or_else(|| bad("a length that is not a number"))?;
    // joblib 0.8 under Python 2 wrote one more space; zlib's first byte is never one.
    if reader.fill_buf()?.first() == Some(&b' ') {
        reader.consume(1);
    }
    Ok((flate2::bufread::ZlibDecoder::new(reader).take(length), length))
}
