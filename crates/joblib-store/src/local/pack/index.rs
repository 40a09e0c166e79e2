//! The index of packed results: a hash table in a file. The README beside this file has its bytes.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::key::fnv64;
use crate::local::root::{Access, Root};

const MAGIC: [u8; 8] = *b"\x89jobsm1\n";
const HEADER: u64 = 64;
const SLOT: u64 = 32;
/// Slots that a look-up reads at once.
const CHUNK: usize = 16;
/// Slots that a walk reads at once.
const WALK: u64 = 2048;
/// The smallest table.
const LEAST: u64 = 64;
const REMOVED: u32 = u32::MAX;
/// No log has this number or a larger one.
pub(super) const NO_LOG: u32 = REMOVED - 1;

/// Where a result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) call: [u8; 16],
    /// The log's number.
    pub(super) log: u32,
    pub(super) offset: u32,
    pub(super) length: u16,
    /// When it was last used, in units of 16 µs since 1970.
    pub(super) used: u64,
}

impl Slot {
    pub(super) fn is_live(&self) -> bool {
        self.log != 0 && self.log != REMOVED
    }

    pub(super) fn removed(self) -> Self {
        Self { log: REMOVED, ..self }
    }

    fn encode(&self) -> [u8; SLOT as usize] {
        let mut bytes = [0; SLOT as usize];
        bytes[..16].copy_from_slice(&self.call);
        bytes[16..20].copy_from_slice(&self.log.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.offset.to_le_bytes());
        bytes[24..26].copy_from_slice(&self.length.to_le_bytes());
        bytes[26..].copy_from_slice(&self.used.to_le_bytes()[..6]);
        bytes
    }

    fn decode(bytes: &[u8]) -> Self {
        let mut call = [0; 16];
        call.copy_from_slice(&bytes[..16]);
        let mut used = [0; 8];
        used[..6].copy_from_slice(&bytes[26..32]);
        Self {
            call,
            log: number(&bytes[16..20]) as u32,
            offset: number(&bytes[20..24]) as u32,
            length: number(&bytes[24..26]) as u16,
            used: u64::from_le_bytes(used),
        }
    }
}

/// A little-endian number of at most 8 bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A time as slots have it.
pub(super) fn ticks(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (since.as_micros() as u64 >> 4).min((1 << 48) - 1)
}

/// The time that slots have as `ticks`.
pub(super) fn time(ticks: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(ticks << 4)
}

/// What writers keep count of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counters {
    /// The number of the log that is appended to.
    pub(super) log: u32,
    /// Slots that hold a result or held one that was removed.
    pub(super) slots: u64,
    /// Results.
    pub(super) results: u64,
    /// Bytes of their records.
    pub(super) live: u64,
    /// Bytes of all logs.
    pub(super) logs: u64,
}

/// Where a digest is in the table, or where it could be put.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe {
    pub(super) found: Option<(u64, Slot)>,
    pub(super) free: Option<Free>,
}

/// A slot that a result can be put in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Free {
    pub(super) place: u64,
    /// Whether it held a result that was removed.
    pub(super) reused: bool,
}

/// An open index.
#[derive(Debug)]
pub(super) struct Index {
    file: File,
    capacity: u64,
}

fn damaged(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the index of packed results is damaged: {reason}"))
}

impl Index {
    pub(super) fn name(folder: &str) -> String {
        format!("{folder}/small.index")
    }

    /// Opens the index in `folder`; an error of the kind `InvalidData` if it is damaged.
    pub(super) fn open(root: &Root, folder: &str) -> io::Result<Self> {
        let name = Self::name(folder);
        let file = match root.plain_file(&name, Access::Write) {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
                ) =>
            {
                root.plain_file(&name, Access::Read)?
            }
            other => other?,
        };
        let mut header = [0; HEADER as usize];
        read(&file, &mut header, 0)?;
        let capacity = number(&header[8..16]);
        if header[..8] != MAGIC || number(&header[16..20]) as u32 != fnv64(&header[..16]) as u32 {
            return Err(damaged("it has another header"));
        }
        if capacity.checked_mul(SLOT).and_then(|size| size.checked_add(HEADER))
            != Some(file.metadata()?.len())
        {
            return Err(damaged("it has another size than its header says"));
        }
        Ok(Self { file, capacity })
    }

    /// Writes a table with room for `results` and half as many again, in place of the one that is there.
    pub(super) fn create(
        root: &Root,
        folder: &str,
        results: u64,
        counters: Counters,
        live: impl Iterator<Item = io::Result<Slot>>,
    ) -> io::Result<Self> {
        let capacity = LEAST.max(results + results * 2 / 3);
        let mut bytes = vec![0; (HEADER + capacity * SLOT) as usize];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..16].copy_from_slice(&capacity.to_le_bytes());
        let check = fnv64(&bytes[..16]) as u32;
        bytes[16..20].copy_from_slice(&check.to_le_bytes());
        let mut counters = Counters { slots: 0, ..counters };
        for slot in live {
            let slot = slot?;
            if counters.slots == capacity {
                return Err(damaged("it has more results than it counted"));
            }
            counters.slots += 1;
            let mut place = home(&slot.call, capacity);
            let at = |place: u64| (HEADER + place * SLOT) as usize;
            while Slot::decode(&bytes[at(place)..][..SLOT as usize]).log != 0 {
                place = (place + 1) % capacity;
            }
            bytes[at(place)..][..SLOT as usize].copy_from_slice(&slot.encode());
        }
        bytes[20..56].copy_from_slice(&counters.encode());
        let name = Self::name(folder);
        let temporary = format!("{name}.tmp");
        let file = root.plain_file(&temporary, Access::Make)?;
        let written = file
            .set_len(0)
            .and_then(|()| file.write_all_at(&bytes, 0))
            .and_then(|()| root.rename(&temporary, &name));
        if let Err(error) = written {
            let _ = root.remove(&temporary);
            return Err(error);
        }
        Ok(Self { file, capacity })
    }

    /// What changes with whatever is written: which file the index is, and its header. `None` without an index.
    pub(super) fn stamp(root: &Root, folder: &str) -> Option<(u64, [u8; HEADER as usize])> {
        let file = root.plain_file(&Self::name(folder), Access::Read).ok()?;
        let mut header = [0; HEADER as usize];
        file.read_exact_at(&mut header, 0).ok()?;
        Some((file.metadata().ok()?.ino(), header))
    }

    pub(super) fn remove(root: &Root, folder: &str) -> io::Result<()> {
        root.remove_whatever(&Self::name(folder))
    }

    pub(super) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Whether this is still the index of its folder.
    pub(super) fn is_linked(&self) -> io::Result<bool> {
        Ok(self.file.metadata()?.nlink() > 0)
    }

    pub(super) fn find(&self, call: &[u8; 16]) -> io::Result<Probe> {
        let mut free = None;
        let mut place = home(call, self.capacity);
        let mut left = self.capacity;
        let mut bytes = [0; CHUNK * SLOT as usize];
        while left > 0 {
            let count = left.min(self.capacity - place).min(CHUNK as u64);
            let chunk = &mut bytes[..(count * SLOT) as usize];
            read(&self.file, chunk, HEADER + place * SLOT)?;
            for (at, slot) in (place..).zip(chunk.chunks_exact(SLOT as usize)) {
                let slot = Slot::decode(slot);
                if slot.log == 0 {
                    return Ok(Probe { found: None, free: free.or(Some(Free { place: at, reused: false })) });
                }
                if !slot.is_live() {
                    free = free.or(Some(Free { place: at, reused: true }));
                } else if slot.call == *call {
                    return Ok(Probe { found: Some((at, slot)), free });
                }
            }
            left -= count;
            place = (place + count) % self.capacity;
        }
        Ok(Probe { found: None, free })
    }

    pub(super) fn write(&self, place: u64, slot: &Slot) -> io::Result<()> {
        self.file.write_all_at(&slot.encode(), HEADER + place * SLOT)
    }

    /// Notes a use. Nobody needs the lock for that: at worst the note is lost.
    pub(super) fn touch(&self, place: u64, used: u64) {
        // A cache that can only be read keeps no times.
        let _ = self.file.write_all_at(&used.to_le_bytes()[..6], HEADER + place * SLOT + 26);
    }

    pub(super) fn counters(&self) -> io::Result<Counters> {
        let mut bytes = [0; 36];
        read(&self.file, &mut bytes, 20)?;
        let counters = Counters {
            log: number(&bytes[..4]) as u32,
            slots: number(&bytes[4..12]),
            results: number(&bytes[12..20]),
            live: number(&bytes[20..28]),
            logs: number(&bytes[28..36]),
        };
        if counters.log == 0 || counters.log >= NO_LOG {
            return Err(damaged("it names no log"));
        }
        Ok(counters)
    }

    pub(super) fn count(&self, counters: Counters) -> io::Result<()> {
        self.file.write_all_at(&counters.encode(), 20)
    }
}

impl Counters {
    fn encode(self) -> [u8; 36] {
        let mut bytes = [0; 36];
        bytes[..4].copy_from_slice(&self.log.to_le_bytes());
        bytes[4..12].copy_from_slice(&self.slots.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.results.to_le_bytes());
        bytes[20..28].copy_from_slice(&self.live.to_le_bytes());
        bytes[28..].copy_from_slice(&self.logs.to_le_bytes());
        bytes
    }
}

/// Reads a part of an index. Only a part that is not there says that the index is damaged.
fn read(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    match file.read_exact_at(bytes, at) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(damaged("it ends too soon")),
        other => other,
    }
}

/// The slot in which the search for a digest begins.
fn home(call: &[u8; 16], capacity: u64) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&call[..8]);
    ((u128::from(u64::from_be_bytes(first)) * u128::from(capacity)) >> 64) as u64
}

/// A walk over the results in an index, with the place of each. It ends with an error if a part can't be read: whoever
/// writes a new table or removes logs must not take that part for empty.
#[derive(Debug)]
pub(super) struct Slots<I> {
    index: I,
    place: u64,
    bytes: Vec<u8>,
    at: usize,
}

impl<I: std::ops::Deref<Target = Index>> Slots<I> {
    pub(super) fn new(index: I) -> Self {
        Self { index, place: 0, bytes: Vec::new(), at: 0 }
    }
}

impl<I: std::ops::Deref<Target = Index>> Iterator for Slots<I> {
    type Item = io::Result<(u64, Slot)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.at == self.bytes.len() {
                let count = WALK.min(self.index.capacity - self.place);
                self.bytes.resize((count * SLOT) as usize, 0);
                self.at = 0;
                if count == 0 {
                    return None;
                }
                if let Err(error) = read(&self.index.file, &mut self.bytes, HEADER + self.place * SLOT) {
                    (self.place, self.at) = (self.index.capacity, self.bytes.len());
                    return Some(Err(error));
                }
                self.place += count;
            }
            let slot = Slot::decode(&self.bytes[self.at..][..SLOT as usize]);
            self.at += SLOT as usize;
            if slot.is_live() {
                let after = (self.bytes.len() - self.at) as u64 / SLOT;
                return Some(Ok((self.place - after - 1, slot)));
            }
        }
    }
}

/// An index that several hold.
pub(super) type Shared = Arc<Index>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_reads_back() {
        let slot = Slot { call: *b"0123456789abcdef", log: 7, offset: 1 << 24, length: 4095, used: 1 << 47 };
        assert_eq!(Slot::decode(&slot.encode()), slot);
        assert!(slot.is_live() && !slot.removed().is_live());
    }

    #[test]
    fn times_are_kept_to_sixteen_microseconds() {
        let now = SystemTime::now();
        let kept = time(ticks(now));
        assert!(now.duration_since(kept).unwrap() < Duration::from_micros(17));
        assert_eq!(ticks(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), 0);
    }
}
