//! Files of other formats: what they are, and what reads them.

use crate::error::{Error, Kind};

/// Formats by the bytes that their files start with.
const FORMATS: &[(&[u8], &str)] = &[
    (
        b"PK\x03\x04",
        "a zip archive, such as a numpy .npz, a torch checkpoint or an Office document: numpy.load or torch.load read the \
         first two; save what is in it with joblib.dump",
    ),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x93NUMPY", "a numpy .npy file: numpy.load reads it; save the array with joblib.dump"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file: h5py or pandas.read_hdf read it"),
    (b"PAR1", "a Parquet file: the crate parquet, polars or pandas.read_parquet read it"),
    (b"ARROW1", "an Arrow IPC file: the crate arrow, polars or pyarrow read it"),
    (b"version https://git-lfs", "a Git LFS pointer and not the file itself: run `git lfs pull`"),
    (b"<!DOCTYPE", "an HTML page, perhaps of a server that wanted a login: download the file again"),
    (b"<!doctype", "an HTML page, perhaps of a server that wanted a login: download the file again"),
    (b"<html", "an HTML page, perhaps of a server that wanted a login: download the file again"),
    (b"<?xml", "an XML document, perhaps the error of a server: download the file again"),
    (b"GGUF", "a GGUF model: llama.cpp and candle read it"),
    (b"SQLite format 3\0", "an SQLite database: the crate rusqlite reads it"),
    (b"\x7fELF", "a program or a library"),
    (b"%PDF", "a PDF document"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
    (b"Rar!", "a RAR archive: unpack it first"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89PNG", "a PNG image"),
    (b"#!", "a script"),
];

/// The error of a file that starts so.
pub(crate) fn error(first: &[u8]) -> Error {
    let what = match FORMATS.iter().find(|(magic, _)| starts_with(first, magic)) {
        Some((_, what)) => format!("found {what}"),
        None if is_safetensors(first) => {
            "found a safetensors file: the crate safetensors reads it".to_owned()
        }
        None if matches!(first, [b'{' | b'[', ..]) && first.is_ascii() => {
            "found what may be JSON: the crate serde_json reads it".to_owned()
        }
        None if first.len() > 2 && is_pickle(first) => {
            "found a Python pickle, which has no checksums: load it to see whether it can be read".to_owned()
        }
        None => format!("found one that starts with the bytes {first:02x?}"),
    };
    Error::new(Kind::Foreign, format!("expected a file of joblib, Rust's or Python's, {what}"))
}

/// Whether a file that starts with `first`, which may be shorter than the magic number, is of that format.
fn starts_with(first: &[u8], magic: &[u8]) -> bool {
    let len = first.len().min(magic.len());
    len > 1 && first[..len] == magic[..len]
}

/// The length of a header of JSON, and its first byte.
fn is_safetensors(first: &[u8]) -> bool {
    let Some((len, rest)) = first.split_first_chunk::<8>() else { return false };
    rest.starts_with(b"{\"") && u64::from_le_bytes(*len) < 100 << 20
}

#[cfg(feature = "python")]
fn is_pickle(first: &[u8]) -> bool {
    joblib_pickle::recognizes(first)
}

#[cfg(not(feature = "python"))]
fn is_pickle(first: &[u8]) -> bool {
    matches!(first, [0x80, 2..=5, ..])
}
