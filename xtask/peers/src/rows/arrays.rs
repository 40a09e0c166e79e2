//! Dump and load of 100 MB of `f64`, in a file that is in the system's cache.

use std::borrow::Cow;
use std::fs::{self, File};
use std::path::Path;
use std::sync::LazyLock;

use joblib::{Array, LoadOptions, MmapMode, dump, load};
use memmap2::Mmap;
use ndarray::Array1;
use ndarray_npy::{read_npy, write_npy};
use safetensors::{Dtype, SafeTensors, View};

use crate::Result;
use crate::measure::{Row, Sides, milliseconds};

/// Of an array of 100 MB.
const NUMBERS: usize = 12_500_000;

/// `wincode` refuses vectors of more than 4 MB by default.
const WINCODE: wincode::config::Configuration<true, { usize::MAX }> = wincode::config::Configuration::new();

type Numbers = Vec<f64>;

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = vec![npy_dump(), npy_load(), safetensors_dump(), safetensors_load(), safetensors_map()];
    rows.extend(vector("rmp-serde", rmp_dump, rmp_load));
    rows.extend(vector("postcard", postcard_dump, postcard_load));
    rows.extend(vector("wincode", wincode_dump, wincode_load));
    rows.extend(vector("bitcode", bitcode_dump, bitcode_load));
    rows
}

static NUMBERS_OF_ALL: LazyLock<Numbers> = LazyLock::new(|| {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // A number below 1 of 53 random bits.
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..NUMBERS).map(|_| next()).collect()
});

fn npy_dump() -> Row {
    Row::new("array.dump.npy", "ms", |folder| {
        let array = Array1::from(NUMBERS_OF_ALL.clone());
        let (ours, theirs, same) = (folder.join("ours"), folder.join("theirs"), array.clone());
        Ok(Sides::new(
            move || milliseconds(|| Ok(dump(&array, &ours)?)),
            move || milliseconds(|| Ok(write_npy(&theirs, &same)?)),
        ))
    })
}

fn npy_load() -> Row {
    Row::new("array.load.npy", "ms", |folder| {
        let array = Array1::from(NUMBERS_OF_ALL.clone());
        let (ours, theirs) = (folder.join("ours"), folder.join("theirs"));
        dump(&array, &ours)?;
        write_npy(&theirs, &array)?;
        Ok(Sides::new(
            move || milliseconds(|| Ok(load::<Array1<f64>>(&ours)?)),
            move || milliseconds(|| Ok(read_npy::<_, Array1<f64>>(&theirs)?)),
        ))
    })
}

/// An array as `safetensors` takes it.
struct Tensor<'a> {
    shape: [usize; 1],
    bytes: &'a [u8],
}

impl View for &Tensor<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F64
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

fn write_safetensors(path: &Path) -> Result {
    let numbers: &[f64] = &NUMBERS_OF_ALL;
    // SAFETY: every byte of a float is initialised, and bytes need no alignment.
    let bytes = unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), size_of_val(numbers)) };
    let tensor = Tensor { shape: [NUMBERS], bytes };
    Ok(safetensors::serialize_to_file([("numbers", &tensor)], None, path)?)
}

fn write_ours(path: &Path) -> Result {
    Ok(dump(&Array::from_slice(&NUMBERS_OF_ALL, &[NUMBERS])?, path)?)
}

fn safetensors_dump() -> Row {
    Row::new("array.dump.safetensors", "ms", |folder| {
        let (ours, theirs) = (folder.join("ours"), folder.join("theirs"));
        let array = Array::from_slice(&NUMBERS_OF_ALL, &[NUMBERS])?;
        Ok(Sides::new(
            move || milliseconds(|| Ok(dump(&array, &ours)?)),
            move || milliseconds(|| write_safetensors(&theirs)),
        ))
    })
}

/// The peer gives bytes, not yet numbers.
fn safetensors_load() -> Row {
    Row::new("array.load.safetensors", "ms", |folder| {
        let (ours, theirs) = (folder.join("ours"), folder.join("theirs"));
        write_ours(&ours)?;
        write_safetensors(&theirs)?;
        Ok(Sides::new(
            move || milliseconds(|| Ok(load::<Array<f64>>(&ours)?)),
            move || {
                milliseconds(|| {
                    let file = fs::read(&theirs)?;
                    let first = SafeTensors::deserialize(&file)?.tensor("numbers")?.data()[0];
                    Ok((file, first))
                })
            },
        ))
    })
}

fn safetensors_map() -> Row {
    Row::new("array.map.safetensors", "ms", |folder| {
        let (ours, theirs) = (folder.join("ours"), folder.join("theirs"));
        write_ours(&ours)?;
        write_safetensors(&theirs)?;
        Ok(Sides::new(
            move || {
                milliseconds(|| Ok(LoadOptions::new().mmap_mode(MmapMode::Read).load::<Array<f64>>(&ours)?))
            },
            move || {
                milliseconds(|| {
                    // SAFETY: the file is the benchmark's own, and nobody changes it while it is mapped.
                    let file = unsafe { Mmap::map(&File::open(&theirs)?)? };
                    let first = SafeTensors::deserialize(&file)?.tensor("numbers")?.data()[0];
                    Ok((file, first))
                })
            },
        ))
    })
}

/// A vector, dumped and loaded, beside a crate that makes bytes of it, which the row writes to a file.
fn vector(
    peer: &'static str,
    write: fn(&Numbers) -> Result<Vec<u8>>,
    read: fn(&[u8]) -> Result<Numbers>,
) -> [Row; 2] {
    let dump_row = Row::new(format!("array.dump.{peer}"), "ms", move |folder| {
        let (ours, theirs) = (folder.join("ours"), folder.join("theirs"));
        Ok(Sides::new(
            move || milliseconds(|| Ok(dump(&*NUMBERS_OF_ALL, &ours)?)),
            move || milliseconds(|| Ok(fs::write(&theirs, write(&NUMBERS_OF_ALL)?)?)),
        ))
    });
    let load_row = Row::new(format!("array.load.{peer}"), "ms", move |folder| {
        let (ours, theirs) = (folder.join("ours"), folder.join("theirs"));
        dump(&*NUMBERS_OF_ALL, &ours)?;
        fs::write(&theirs, write(&NUMBERS_OF_ALL)?)?;
        assert!(read(&fs::read(&theirs)?)? == *NUMBERS_OF_ALL, "{peer} reads what it wrote");
        Ok(Sides::new(
            move || milliseconds(|| Ok(load::<Numbers>(&ours)?)),
            move || milliseconds(|| read(&fs::read(&theirs)?)),
        ))
    });
    [dump_row, load_row]
}

fn rmp_dump(numbers: &Numbers) -> Result<Vec<u8>> {
    Ok(rmp_serde::to_vec(numbers)?)
}

fn rmp_load(bytes: &[u8]) -> Result<Numbers> {
    Ok(rmp_serde::from_slice(bytes)?)
}

fn postcard_dump(numbers: &Numbers) -> Result<Vec<u8>> {
    Ok(postcard::to_stdvec(numbers)?)
}

fn postcard_load(bytes: &[u8]) -> Result<Numbers> {
    Ok(postcard::from_bytes(bytes)?)
}

fn wincode_dump(numbers: &Numbers) -> Result<Vec<u8>> {
    Ok(wincode::config::serialize(numbers, WINCODE)?)
}

fn wincode_load(bytes: &[u8]) -> Result<Numbers> {
    Ok(wincode::config::deserialize(bytes, WINCODE)?)
}

fn bitcode_dump(numbers: &Numbers) -> Result<Vec<u8>> {
    Ok(bitcode::encode(numbers))
}

fn bitcode_load(bytes: &[u8]) -> Result<Numbers> {
    Ok(bitcode::decode(bytes)?)
}
