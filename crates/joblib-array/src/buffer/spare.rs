//! Large memory that was freed, kept for the next buffer of the same size: giving pages back to the kernel and getting
//! them again, cleared, takes longer than filling them. As much is kept as glibc's `malloc` keeps of freed memory at
//! most, and the kernel may take it back when memory runs short.

use std::sync::Mutex;

use memmap2::MmapMut;

/// Bytes that are kept, at most; larger mappings are not kept at all.
const MOST: usize = 64 << 20;

/// The oldest first.
static SPARE: Mutex<Vec<MmapMut>> = Mutex::new(Vec::new());

/// Memory of exactly `len` bytes, with whatever was written to it before.
pub(super) fn take(len: usize) -> Option<MmapMut> {
    let mut map = remove(len)?;
    withdraw(&mut map);
    Some(map)
}

fn remove(len: usize) -> Option<MmapMut> {
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
    offer(&map);
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

/// Tells the kernel that it may free the pages as long as nobody writes to them: [`withdraw`] takes that back.
fn offer(map: &MmapMut) {
    // SAFETY: the memory belongs to this mapping alone, and is not read until `withdraw` has written to each of its pages, from
    // when on no byte changes by itself. By then each page has its old bytes or zeros, and its next owner expects neither.
    // Only advice: where it is not taken the memory stays.
    #[cfg(target_os = "linux")]
    let _ = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::Free) };
    #[cfg(not(target_os = "linux"))]
    let _ = map;
}

/// Writes to each page, so that the kernel no longer frees it: its bytes would become zeros while somebody reads them.
fn withdraw(map: &mut MmapMut) {
    /// The smallest page that a processor has.
    const PAGE: usize = 4096;

    if cfg!(target_os = "linux") {
        for byte in map.iter_mut().step_by(PAGE) {
            let byte = std::ptr::from_mut(byte);
            // SAFETY: a byte that is borrowed for writing. Volatile, so that the write of what was read is done.
            unsafe { byte.write_volatile(byte.read_volatile()) };
        }
    }
}
