//! What nobody can beat: the plain system calls and the plain read of memory that the rows are compared with.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;

use memmap2::{Advice, Mmap, MmapMut};
use rayon::prelude::*;

use crate::Result;

/// Creates a file beside its target, writes the bytes and renames it over the target.
pub(crate) fn replace(target: &Path, bytes: &[u8]) -> Result {
    let beside = target.with_extension("beside");
    let mut file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
    file.write_all(bytes)?;
    drop(file);
    fs::rename(&beside, target)?;
    Ok(())
}

/// Opens a file and reads it whole into fresh memory, backed by huge pages as far as the kernel has them.
pub(crate) fn read(path: &Path, len: usize) -> Result<MmapMut> {
    let mut memory = MmapMut::map_anon(len)?;
    memory.advise(Advice::HugePage)?;
    File::open(path)?.read_exact(&mut memory)?;
    Ok(memory)
}

/// Opens a file, maps it and touches its first byte.
pub(crate) fn map(path: &Path) -> Result<u8> {
    let file = File::open(path)?;
    // SAFETY: the file is the benchmark's own, and nobody changes it while it is mapped.
    let mapped = unsafe { Mmap::map(&file)? };
    Ok(mapped[0])
}

/// Reads every number once, on all cores.
pub(crate) fn read_memory(numbers: &[f64]) -> u64 {
    let fold = |chunk: &[f64]| chunk.iter().fold(0, |sum, x| sum ^ x.to_bits());
    numbers.par_chunks(1 << 16).map(fold).reduce(|| 0, |a, b| a ^ b)
}
