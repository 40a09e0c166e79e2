//! A mapped range of a file.

use std::fs::File;
use std::io;

use memmap2::{Mmap, MmapMut, MmapOptions};

use crate::MmapMode;

pub(super) struct Mapped {
    map: Map,
    mode: MmapMode,
    // Kept only where writes reach the file: another process that is to write to the same memory needs it. A
    // descriptor for every read-only mapping would use up the process's limit.
    file: Option<(File, u64)>,
}

enum Map {
    /// The kernel maps no empty range.
    Empty,
    ReadOnly(Mmap),
    Writable(MmapMut),
}

impl Mapped {
    pub(super) fn new(file: &File, offset: u64, len: usize, mode: MmapMode) -> io::Result<Self> {
        let size = file.metadata()?.len();
        if offset.checked_add(len as u64).is_none_or(|end| end > size) {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("{len} bytes at offset {offset} lie outside of the file, which has {size} bytes"),
            ));
        }
        let mut options = MmapOptions::new();
        options.offset(offset).len(len);
        let map = if len == 0 {
            Map::Empty
        } else {
            // SAFETY: the range lies inside of the file as it is now. That nobody cuts the file or changes the bytes
            // while they are mapped is the caller's promise, which `Buffer::map` passes on; the elements are types
            // for which any bytes are a value, so a broken promise changes values, not the validity of the memory.
            unsafe {
                match mode {
                    MmapMode::Read => Map::ReadOnly(options.map(file)?),
                    MmapMode::ReadWrite | MmapMode::Write => Map::Writable(options.map_mut(file)?),
                    MmapMode::CopyOnWrite => Map::Writable(options.map_copy(file)?),
                }
            }
        };
        let file = if mode.writes_to_file() { Some((file.try_clone()?, offset)) } else { None };
        Ok(Self { map, mode, file })
    }

    pub(super) fn mode(&self) -> MmapMode {
        self.mode
    }

    pub(super) fn shared_file(&self) -> Option<(&File, u64)> {
        self.file.as_ref().map(|(file, offset)| (file, *offset))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match &self.map {
            Map::Empty => &[],
            Map::ReadOnly(map) => map,
            Map::Writable(map) => map,
        }
    }

    pub(super) fn as_mut_bytes(&mut self) -> Option<&mut [u8]> {
        match &mut self.map {
            Map::Empty => Some(&mut []),
            Map::ReadOnly(_) => None,
            Map::Writable(map) => Some(map),
        }
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        match &self.map {
            Map::Writable(map) if self.mode.writes_to_file() => map.flush(),
            _ => Ok(()),
        }
    }
}
