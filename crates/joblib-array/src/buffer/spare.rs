//! Large memory that was freed, kept for the next buffer of the same size: giving pages back to the kernel and getting
//! them again, cleared, takes longer than filling them. As much is kept as glibc's `malloc` keeps of freed memory.

use std::sync::Mutex;

use memmap2::MmapMut;

/// Bytes that are kept, at most; larger mappings are not kept at all.
const MOST: usize = 32 << 20;

/// The oldest first.
static SPARE: Mutex<Vec<MmapMut>> = Mutex::new(Vec::new());

/// Memory of exactly `len` bytes, with whatever was written to it before.
pub(super) fn take(len: usize) -> Option<MmapMut> {
    // Never waited for: a forked child may have inherited the lock from a thread that it has not.
    let mut spare = SPARE.try_lock().ok()?;
    let at = spare.iter().rposition(|map| map.len() == len)?;
    Some(spare.remove(at))
}

/// Keeps the memory, or gives it back to the kernel.
pub(super) fn keep(map: MmapMut) {
    if map.len() > MOST {
        return;
    }
    let Ok(mut spare) = SPARE.try_lock() else { return };
    let mut kept: usize = spare.iter().map(|map| map.len()).sum::<usize>() + map.len();
    spare.push(map);
    let surplus = spare
        .iter()
        .take_while(|map| {
            let over = kept > MOST;
            kept -= map.len();
            over
        })
        .count();
    let surplus: Vec<MmapMut> = spare.drain(..surplus).collect();
    drop(spare);
    drop(surplus);
}
