//! What nobody can beat: the plain system calls and the plain read of memory that the rows are compared with.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;

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

/// Opens a file of few bytes, reads it and closes it.
pub(crate) fn read_small(path: &Path) -> Result<usize> {
    let mut bytes = [0; 4096];
    Ok(File::open(path)?.read(&mut bytes)?)
}

/// Opens a file, maps it and touches its first byte.
pub(crate) fn map(path: &Path) -> Result<u8> {
    let file = File::open(path)?;
    // SAFETY: the file is the benchmark's own, and nobody changes it while it is mapped.
    let mapped = unsafe { Mmap::map(&file)? };
    Ok(mapped[0])
}

/// Copies numbers into fresh memory that other processes could map.
pub(crate) fn copy(numbers: &[f64]) -> Result<MmapMut> {
    let mut memory = MmapMut::map_anon(size_of_val(numbers))?;
    for (bytes, number) in memory.chunks_exact_mut(size_of::<f64>()).zip(numbers) {
        bytes.copy_from_slice(&number.to_ne_bytes());
    }
    Ok(memory)
}

/// Somebody at the other end of a socket pair who sends back what comes.
pub(crate) struct Echo(UnixStream);

impl Echo {
    pub(crate) fn start() -> Result<Self> {
        let (near, mut far) = UnixStream::pair()?;
        // It ends when this end is dropped.
        thread::spawn(move || {
            let mut byte = [0];
            while far.read_exact(&mut byte).and_then(|()| far.write_all(&byte)).is_ok() {}
        });
        Ok(Self(near))
    }

    /// One byte there and back.
    pub(crate) fn round_trip(&mut self) -> Result {
        self.0.write_all(&[1])?;
        self.0.read_exact(&mut [0])?;
        Ok(())
    }
}

/// Reads every number once, on all cores.
pub(crate) fn read_memory(numbers: &[f64]) -> u64 {
    let fold = |chunk: &[f64]| chunk.iter().fold(0, |sum, x| sum ^ x.to_bits());
    numbers.par_chunks(1 << 16).map(fold).reduce(|| 0, |a, b| a ^ b)
}
