//! Files of other formats: what they are, and what reads them.

use crate::error::{Error, Kind};

/// As many of a file's first bytes as a format is found out from: a tar archive says so at byte 257.
pub(crate) const FIRST: usize = 512;

const PAGE: &str =
    "an HTML page, perhaps of a server that wanted a login or had no such file: download the file again";
const TORCH: &str =
    "a torch checkpoint: torch.load reads it; save what is in it with joblib.dump or as safetensors";

/// Formats by the bytes that their files start with.
const FORMATS: &[(&[u8], &str)] = &[
    (b"PK\x05\x06", "an empty zip archive"),
    (b"PK\x07\x08", "a part of a zip archive: join the parts first"),
    (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", TORCH),
    #[cfg(not(feature = "python"))]
    (b"\x93NUMPY", "a numpy .npy file, which needs the feature python of this crate"),
    (
        b"\x89HDF\r\n\x1a\n",
        "an HDF5 file, as Keras and h5py save: the crate hdf5, h5py or pandas.read_hdf read it",
    ),
    (b"PAR1", "a Parquet file: the crate parquet, polars or pandas.read_parquet read it"),
    (b"ARROW1", "an Arrow IPC file (Feather): the crate arrow, polars or pandas.read_feather read it"),
    (b"FEA1", "a Feather file of version 1: pandas.read_feather reads it"),
    (b"ORC", "an ORC file: the crate orc-rust or pandas.read_orc read it"),
    (b"Obj\x01", "an Avro file: the crate apache-avro or fastavro read it"),
    (b"version https://git-lfs", "a Git LFS pointer and not the file itself: run `git lfs pull`"),
    (b"MATLAB", "a MATLAB file: scipy.io.loadmat reads it"),
    (b"RDX", "a file of R: the function load of R, or pyreadr, reads it"),
    (b"RDA", "a file of R: the function load of R, or pyreadr, reads it"),
    (b"X\n\0\0\0\x02\0", "a file of R: its function readRDS, or pyreadr, reads it"),
    (b"X\n\0\0\0\x03\0", "a file of R: its function readRDS, or pyreadr, reads it"),
    (b"CDF\x01", "a NetCDF file: xarray.open_dataset reads it"),
    (b"CDF\x02", "a NetCDF file: xarray.open_dataset reads it"),
    (b"CDF\x05", "a NetCDF file: xarray.open_dataset reads it"),
    (b"SIMPLE  =", "a FITS file: astropy reads it"),
    (b"CBM1", "a CatBoost model: CatBoost.load_model reads it"),
    (b"tree\nversion=", "a LightGBM model: lightgbm.Booster(model_file=…) reads it"),
    (b"{L\0\0", "an XGBoost model: xgboost.Booster.load_model reads it"),
    (b"GGUF", "a GGUF model: llama.cpp and candle read it"),
    (b"SQLite format 3\0", "an SQLite database: the crate rusqlite reads it"),
    (b"404: Not Found", "the text of an error that a server sent: download the file again"),
    (b"Not Found", "the text of an error that a server sent: download the file again"),
    (b"Access Denied", "the text of an error that a server sent: download the file again"),
    (b"Forbidden", "the text of an error that a server sent: download the file again"),
    (b"\x7fELF", "a program or a library"),
    (b"MZ\x90\0", "a program or a library for Windows"),
    (b"%PDF", "a PDF document"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
    (b"Rar!", "a RAR archive: unpack it first"),
    (b"\x1f\x9d", "a file that `compress` made: decompress it first, as with `gzip -d`"),
    (b"\xff\x06\0\0sNaPpY", "a Snappy file: decompress it first"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89PNG", "a PNG image"),
    (b"GIF8", "a GIF image"),
    (b"#!", "a script"),
];

/// The error of a file that starts so, which is none of ours.
pub(crate) fn error(first: &[u8]) -> Error {
    let what = match known(first) {
        Some(what) => what.to_owned(),
        None if first.len() > 2 && is_pickle(first) => {
            "a Python pickle, which needs the feature python of this crate".to_owned()
        }
        None => match text(first) {
            Some(text) if is_json(text) => "what may be JSON: the crate serde_json reads it".to_owned(),
            Some(text) => {
                format!("text that starts with {:?}", text.chars().take(40).collect::<String>())
            }
            None => format!("one that starts with the bytes {:02x?}", &first[..first.len().min(16)]),
        },
    };
    Error::new(Kind::Foreign, format!("expected a file of joblib, Rust's or Python's, found {what}"))
}

/// The error of a file that starts so, if its format is known for sure, although a pickle may start with the same byte.
pub(crate) fn certain(first: &[u8]) -> Option<Error> {
    known(first).map(|_| error(first))
}

/// What a file that starts so is.
fn known(first: &[u8]) -> Option<&'static str> {
    if let Some((_, what)) = FORMATS.iter().find(|(magic, _)| first.starts_with(magic)) {
        return Some(what);
    }
    if first.starts_with(b"PK\x03\x04") {
        return zip(first);
    }
    if first.get(257..262) == Some(b"ustar") {
        return Some("a tar archive: unpack it first, and load the file in it");
    }
    if is_safetensors(first) {
        return Some("a safetensors file: the crate safetensors reads it");
    }
    // The length of a message, which is a flatbuffer.
    if matches!(first, [0xff, 0xff, 0xff, 0xff, _, _, 0, 0, 0x10, 0, 0, 0, ..]) {
        return Some("an Arrow IPC stream: the crate arrow, polars or pyarrow.ipc read it");
    }
    if first.get(4..8) == Some(b"TFL3") {
        return Some("a TensorFlow Lite model: its Interpreter reads it");
    }
    markup(first)
}

/// What a zip archive is, by the name of its first entry; `None` for numpy's, which is read.
fn zip(first: &[u8]) -> Option<&'static str> {
    let name_len = first.get(26..28).map_or(0, |len| usize::from(u16::from_le_bytes([len[0], len[1]])));
    let name = first.get(30..).map(|rest| &rest[..rest.len().min(name_len)]).unwrap_or_default();
    let ends = |end: &str| name.ends_with(end.as_bytes());
    Some(if cfg!(feature = "python") && (ends(".npy") || name.is_empty()) {
        return None;
    } else if ends(".npy") {
        "a numpy .npz file, which needs the feature python of this crate"
    } else if ends("data.pkl") || ends("/version") || ends("/.format_version") {
        TORCH
    } else if ends("[Content_Types].xml") {
        "an Office document: the crate calamine or pandas.read_excel read it"
    } else if ends("metadata.json") || ends("config.json") {
        "a Keras model: keras.saving.load_model reads it"
    } else if ends("schema.json") {
        "a file of skops: skops.io.load reads it"
    } else {
        "a zip archive: unpack it first, and load the file in it"
    })
}

/// HTML and XML, after a byte order mark and white space.
fn markup(first: &[u8]) -> Option<&'static str> {
    let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
    let starts =
        |start: &str| text.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start.as_bytes()));
    if ["<!doctype html", "<html", "<head", "<body", "<!--"].into_iter().any(starts) {
        return Some(PAGE);
    }
    let is_tag = matches!(text, [b'<', b'?' | b'!' | b'a'..=b'z' | b'A'..=b'Z', ..]);
    (is_tag && self::text(first).is_some())
        .then_some("an XML document, perhaps the error of a server: download the file again")
}

/// The first bytes as text, if they are.
fn text(first: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(first) {
        Ok(text) => text,
        // The last character may be cut off.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&first[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let is_text = text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace());
    (is_text && text.len() > 1).then_some(text)
}

fn is_json(text: &str) -> bool {
    let text = text.trim_start();
    match text.strip_prefix('{').or_else(|| text.strip_prefix('[')) {
        Some(rest) => matches!(
            rest.trim_start().as_bytes().first(),
            Some(b'"' | b'{' | b'}' | b'[' | b']' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
        ),
        None => false,
    }
}

/// The length of a header of JSON, and its first bytes.
fn is_safetensors(first: &[u8]) -> bool {
    let Some((len, rest)) = first.split_first_chunk::<8>() else { return false };
    rest.starts_with(b"{\"") && u64::from_le_bytes(*len) < 100 << 20
}

#[cfg(not(feature = "python"))]
fn is_pickle(first: &[u8]) -> bool {
    matches!(first, [0x80, 2..=5, ..])
}

#[cfg(feature = "python")]
fn is_pickle(_: &[u8]) -> bool {
    false
}
