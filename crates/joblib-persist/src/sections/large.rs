//! Large blocks from a file: read, or mapped, and checked in chunks that stay in the cache, on several cores.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::thread;

use joblib_array::parts;

use crate::format::Checksum;

/// From this size on it is worth a thread. Memory for less is mostly in the program already, freed by another array, and
/// filling it takes about as long as starting a thread and waiting for it.
pub(super) const LARGE: usize = 32 << 20;

/// Bytes that are read at a time: few enough to be still in the cache when they are checked.
const CHUNK: usize = 256 << 10;

/// Fills `target` from `offset` on and returns the checksum of it.
pub(super) fn read(file: &File, offset: u64, target: &mut [u8]) -> io::Result<u64> {
    let read = parts::fill(target, CHUNK, |start, part| read_part(file, offset + start as u64, part))?;
    let mut checksum = Checksum::new();
    for part in &read {
        checksum.append(part);
    }
    Ok(checksum.value())
}

/// The checksum of bytes that are mapped: each core faults in and checks a share of them.
pub(super) fn checksum(bytes: &[u8]) -> io::Result<u64> {
    if bytes.len() < LARGE {
        return Ok(crate::format::checksum(bytes));
    }
    let share = parts::share(bytes.len(), CHUNK);
    thread::scope(|scope| {
        let mut parts = bytes.chunks(share);
        let first = parts.next();
        let spawn = |part| {
            // Where no thread can be started, this one does it when its turn comes.
            thread::Builder::new().spawn_scoped(scope, move || check_part(part)).map_err(|_| part)
        };
        let others: Vec<_> = parts.map(spawn).collect();
        let mut checksum = first.map_or_else(Checksum::new, check_part);
        for other in others {
            let part = match other {
                Ok(other) => {
                    other.join().map_err(|_| io::Error::other("a thread that checks a block panicked"))?
                }
                Err(part) => check_part(part),
            };
            checksum.append(&part);
        }
        Ok(checksum.value())
    })
}

fn check_part(part: &[u8]) -> Checksum {
    let mut checksum = Checksum::new();
    checksum.update(part);
    checksum
}

fn read_part(file: &File, mut offset: u64, part: &mut [u8]) -> io::Result<Checksum> {
    let mut checksum = Checksum::new();
    for chunk in part.chunks_mut(CHUNK) {
        file.read_exact_at(chunk, offset)?;
        checksum.update(chunk);
        offset += chunk.len() as u64;
    }
    Ok(checksum)
}
